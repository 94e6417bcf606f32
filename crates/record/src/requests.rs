//! Every request from both sides: the client's outcome, joined by number with the worker's report.

use std::collections::BTreeMap;

use super::lanes::Index;
use super::{Recording, Window};
use concsim_engine::telemetry::{Event, Failure, NO_REQUEST, Outcome, RunSlice, Served, WaitParts};
use concsim_model::units::{Elapsed, Stamp};

/// One request from both sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    /// Outcome for its client.
    pub(super) outcome: &'a Outcome,
    /// Worker's report, if there is one.
    pub(super) served: Option<&'a Served>,
    /// Parts of its waits, if it waited and its worker reported them.
    pub(super) waited: Option<&'a WaitParts>,
    /// First instant at which a worker is known to have had it, for a request without `served`: one in
    /// progress when its worker or the run ended.
    pub(super) begun: Option<Stamp>,
}

/// All requests of a recording.
#[derive(Debug)]
pub(super) struct Requests<'a> {
    all: Vec<Request<'a>>,
    window: Option<Window>,
}

impl<'a> Requests<'a> {
    /// Joins a recording's outcomes with its workers' reports.
    pub(super) fn of(recording: &'a Recording) -> Self {
        let highest = recording.outcomes.iter().map(|outcome| outcome.request);
        let places = highest.max().map_or(0, |request| request as usize + 1);
        let mut recorded: Vec<(Option<&Served>, Option<&WaitParts>)> = vec![(None, None); places];
        for (_, event) in &recording.events {
            match event {
                Event::Served(served) if served.request != NO_REQUEST => {
                    if let Some(place) = recorded.get_mut(served.request as usize) {
                        place.0 = Some(served);
                    }
                }
                Event::Waited(parts) if parts.request != NO_REQUEST => {
                    if let Some(place) = recorded.get_mut(parts.request as usize) {
                        place.1 = Some(parts);
                    }
                }
                _ => {}
            }
        }
        let never_served = |outcome: &Outcome| recorded[outcome.request as usize].0.is_none();
        let begun = if recording.outcomes.iter().any(never_served) {
            first_signs(recording)
        } else {
            BTreeMap::new()
        };
        let join = |outcome: &'a Outcome| {
            let (served, waited) = recorded[outcome.request as usize];
            Request {
                outcome,
                served,
                waited,
                begun: begun.get(&outcome.request).copied(),
            }
        };
        Self {
            all: recording.outcomes.iter().map(join).collect(),
            window: recording.header.window,
        }
    }

    /// Returns all requests, warm-up included, in the order in which they ended.
    pub(super) fn all(&self) -> &[Request<'a>] {
        &self.all
    }

    /// Returns the cohort: requests due in the window.
    pub(super) fn cohort(&self) -> impl Iterator<Item = &Request<'a>> {
        let window = self.window;
        self.all.iter().filter(move |request| {
            window.is_some_and(|window| window.contains(request.outcome.due))
        })
    }

    /// Number of good answers that arrived in the window, including those to requests due before it.
    pub(super) fn answered_in_the_window(&self) -> usize {
        let Some(window) = self.window else {
            return 0;
        };
        // The window of a run with a fixed number of requests ends with the last answer, which belongs to
        // it.
        let arrived = |done: Stamp| window.begin < done && done <= window.end;
        self.all
            .iter()
            .filter(|request| request.completed() && arrived(request.outcome.done))
            .count()
    }
}

impl Request<'_> {
    /// True if it was answered well.
    pub(super) fn completed(&self) -> bool {
        self.outcome.failure.is_none()
    }

    /// Returns the time from due to its end. A failed request counts as if its client had waited until the
    /// end of its patience.
    pub(super) fn latency(&self, patience: Elapsed) -> Elapsed {
        self.outcome.latency(patience)
    }

    /// Returns the time from its actual sending to its end; failed requests as in [`Request::latency`].
    pub(super) fn since_sent(&self, patience: Elapsed) -> Elapsed {
        self.outcome.since_sent(patience)
    }

    /// Returns the time from the last byte written to the last byte read.
    pub(super) fn unread(&self) -> Option<Elapsed> {
        let served = self.served.filter(|_| self.completed())?;
        Some(self.outcome.done.since(served.written))
    }

    /// True if it was given up before its patience was over, because the run ended.
    pub(super) fn cut_short(&self, patience: Elapsed) -> bool {
        self.outcome.was_cut_off(patience)
    }

    /// True if load never sent it. A refused request counts as sent.
    pub(super) fn unsent(&self) -> bool {
        self.outcome.sent < self.outcome.due && self.outcome.failure != Some(Failure::Refused)
    }

    /// Returns the interval for which it was at the door: sent, and not accepted by a worker.
    ///
    /// A later request of a keep-alive connection is never at the door: its worker has the connection
    /// already. A request that no worker reports was there until the first sign of a worker that had it, or
    /// until its end if it was refused or ran out of patience. A connection that was reset had been
    /// accepted by a worker, which then died: without a sign of the accept, its time at the door is 0.
    pub(super) fn at_the_door(&self) -> Option<(Stamp, Stamp)> {
        let outcome = self.outcome;
        let until = match (self.served, outcome.failure) {
            (Some(served), _) => served.accepted.min(outcome.done),
            (None, Some(Failure::Timeout | Failure::Refused)) => {
                self.begun.unwrap_or(outcome.done).min(outcome.done)
            }
            (None, Some(Failure::Reset)) => self.begun?.min(outcome.done),
            (None, _) => return None,
        };
        (outcome.opened && outcome.sent < until).then_some((outcome.sent, until))
    }
}

/// The earliest instant at which each request is known to have been with a worker.
fn first_signs(recording: &Recording) -> BTreeMap<u32, Stamp> {
    let recorded = recording.switches.iter();
    let recorded = recorded.filter_map(|(_, event)| match event {
        Event::RunSlice(RunSlice { request, ready, .. }) => Some((*request, *ready)),
        Event::Preempted { request, from, .. } | Event::BlockedIn { request, from, .. } => {
            Some((*request, *from))
        }
        _ => None,
    });
    let mut index = Index::default();
    index.extend(recording);
    let sent = recording.sent.iter();
    let accepted = sent.filter_map(|it| Some((it.request, index.accepted(it.request)?)));
    let seen = recording.samples.iter().flat_map(|sample| {
        let running = sample.workers.iter();
        running.filter_map(|worker| Some((worker.running_request?, sample.at)))
    });
    let mut first: BTreeMap<u32, Stamp> = BTreeMap::new();
    for (request, at) in recorded.chain(accepted).chain(seen) {
        let known = first.entry(request).or_insert(at);
        *known = at.min(*known);
    }
    first
}
