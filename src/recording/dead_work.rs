//! Work for clients that have left: a client that gives up closes its connection, and a worker that has
//! it, or takes it from the listener's queue later, answers it all the same.
//!
//! ```text
//!   client   sent ───────────── gives up
//!   worker            accepted ────┼────────── written
//!                                  └ dead work ┘
//! ```
//!
//! A sync worker's time is from the accept to the last byte of each request; that of a worker with a loop
//! is its run slices, in which its unpatched waits are. Only what is in the log of requests counts: a
//! foreign client's patience is not known.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::summary::rounded;
use super::{Past, Recording, Sample, Window, WorkerSample};
use crate::scenario::{Server, WorkerKind};
use crate::telemetry::{Event, Failure, NO_REQUEST, Outcome, Phase};
use crate::units::{Elapsed, Stamp};

/// Work for clients that have left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DeadWork {
    /// Share of the workers' busy and blocked time, 0 to 1, in which the client had already given up.
    /// [`None`] if no worker did anything, or none told of it.
    pub share: Option<f64>,
    /// Requests in the listener's queue at the end of the span whose client had given up.
    pub in_queue: u64,
}

/// What one worker's time went into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    /// Computing, blocked, or kept off its core.
    pub(super) busy: Elapsed,
    /// The part of it in which the client had given up.
    pub(super) dead: Elapsed,
}

impl Spent {
    fn add(&mut self, window: Window, (from, to): (Stamp, Stamp), left: Option<Stamp>) {
        let within = |from: Stamp| to.min(window.end).since(from.max(window.begin));
        self.busy += within(from);
        if let Some(left) = left {
            self.dead += within(from.max(left));
        }
    }

    /// All of these together.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        all.fold(Self::default(), |sum, spent| Self {
            busy: sum.busy + spent.busy,
            dead: sum.dead + spent.dead,
        })
    }

    /// The dead part of it, 0 to 1.
    pub(super) fn share(&self) -> Option<f64> {
        (self.busy > Elapsed::ZERO).then(|| self.dead.0 as f64 / self.busy.0 as f64)
    }
}

/// The dead work of a stretch of time, by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) workers: BTreeMap<u16, Spent>,
    pub(super) in_queue: u64,
}

/// What the account rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log<'a> {
    server: &'a Server,
    outcomes: &'a [Outcome],
    events: &'a [(u16, Event)],
    switches: &'a [(u16, Event)],
    newest: &'a Sample,
}

impl<'a> Log<'a> {
    /// What was known at an instant.
    pub(super) fn at(past: &Past<'a>) -> Self {
        Self {
            server: &past.header().scenario.server,
            outcomes: past.outcomes(),
            events: past.events(),
            switches: past.switches(),
            newest: past.sample(),
        }
    }

    /// All that is known of a run; [`None`] if it has no sample.
    pub(super) fn of(recording: &'a Recording) -> Option<Self> {
        Some(Self {
            server: &recording.header.scenario.server,
            outcomes: &recording.outcomes,
            events: &recording.events,
            switches: &recording.switches,
            newest: recording.samples.last()?,
        })
    }
}

impl Account {
    /// The account of the time in `window`.
    pub(super) fn of(log: &Log<'_>, window: Window) -> Self {
        let left = left(log.outcomes);
        Self {
            workers: spent(log, window, &left),
            in_queue: in_queue(log, window.end, &left),
        }
    }

    /// All workers together.
    pub(super) fn all(&self) -> Spent {
        Spent::sum(self.workers.values())
    }

    /// As it stands in the summary.
    pub(super) fn summary(&self) -> DeadWork {
        DeadWork {
            share: self.all().share().map(|share| rounded(share, 4)),
            in_queue: self.in_queue,
        }
    }
}

/// When clients gave up, by request.
fn left(outcomes: &[Outcome]) -> BTreeMap<u32, Stamp> {
    let gave_up = outcomes
        .iter()
        .filter(|it| it.failure == Some(Failure::Timeout));
    gave_up.map(|it| (it.request, it.done)).collect()
}

fn spent(log: &Log<'_>, window: Window, left: &BTreeMap<u32, Stamp>) -> BTreeMap<u16, Spent> {
    let mut workers: BTreeMap<u16, Spent> = BTreeMap::new();
    let mut add = |slot: u16, from: Stamp, to: Stamp, request: u32| {
        let left = left.get(&request).copied();
        workers
            .entry(slot)
            .or_default()
            .add(window, (from, to), left);
    };
    match log.server.kind {
        WorkerKind::Sync | WorkerKind::Threads => {
            for (slot, event) in log.events {
                if let Event::Served(served) = event {
                    add(*slot, served.accepted, served.written, served.request);
                }
            }
        }
        WorkerKind::Coroutine | WorkerKind::Callback => {
            for (slot, event) in log.switches {
                if let Event::Ran(ran) = event {
                    add(*slot, ran.from, ran.to, ran.request);
                }
            }
        }
    }
    // What goes on has not been published yet.
    let sample = log.newest;
    for worker in sample.workers.iter().filter(|it| is_busy(it)) {
        if let Some(since) = worker.running_since {
            let request = worker.running_request.unwrap_or(NO_REQUEST);
            add(worker.index as u16, since, sample.at, request);
        }
    }
    workers
}

fn is_busy(worker: &WorkerSample) -> bool {
    matches!(worker.phase, Phase::Running | Phase::Blocked)
}

/// Requests that are in the listener's queue at `at` and whose client had given up by then: sent on a
/// connection of their own, and taken by no worker yet. No more than the queue has places.
fn in_queue(log: &Log<'_>, at: Stamp, left: &BTreeMap<u32, Stamp>) -> u64 {
    if left.is_empty() {
        return 0;
    }
    let taken = taken_by(log, at);
    let stands = |outcome: &&Outcome| {
        outcome.failure == Some(Failure::Timeout)
            && outcome.opened
            && outcome.due <= outcome.sent
            && outcome.done <= at
            && !taken.contains(&outcome.request)
    };
    let dead = log.outcomes.iter().filter(stands).count();
    dead.min(log.server.places_of_all_queues()) as u64
}

/// Requests that a worker had taken by `at`, as far as it has said their numbers.
fn taken_by(log: &Log<'_>, at: Stamp) -> BTreeSet<u32> {
    let served = log.events.iter().filter_map(|(_, event)| match event {
        Event::Served(served) if served.accepted <= at => Some(served.request),
        _ => None,
    });
    let begun = log.switches.iter().filter_map(|(_, event)| match event {
        Event::Ran(ran) if ran.from <= at => Some(ran.request),
        Event::BlockedIn { from, request, .. } if *from <= at => Some(*request),
        _ => None,
    });
    let running = log.newest.workers.iter();
    let running = running.filter_map(|worker| {
        let since = worker.running_since?;
        (since <= at).then_some(worker.running_request?)
    });
    served.chain(begun).chain(running).collect()
}
