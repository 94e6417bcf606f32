//! Every request from both sides: the client's outcome, joined by number with the worker's report.

use std::collections::BTreeMap;

use super::lanes::Index;
use super::request::Request;
use super::{Recording, Window};
use concsim_engine::telemetry::{Event, NO_REQUEST, Outcome, RunSlice, Served, WaitParts};
use concsim_model::units::Stamp;

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
