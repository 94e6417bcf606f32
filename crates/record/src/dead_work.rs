//! Work for clients that have left: a client that gives up closes its connection, but the worker that has
//! the connection, or takes it from the listener's queue later, answers all the same.
//!
//! ```text
//!   client   sent ───────────── gives up
//!   worker            accepted ────┼────────── written
//!                                  └ dead work ┘
//! ```
//!
//! The time of a sync worker is from the accept to the last byte of each request; the time of a worker with
//! a loop is its run slices, including unpatched waits. Only requests in the log count: the patience of a
//! foreign client is not known, and a request that was lost with its worker is not in the log.

use std::collections::BTreeMap;

use serde::Serialize;

use super::listener::{Arrival, queue_at};
use super::summary::rounded;
use super::{Past, Recording, Sample, Window, WorkerSample};
use concsim_engine::telemetry::{Event, Failure, NO_REQUEST, Outcome, Phase, Sent};
use concsim_model::scenario::{Accept, Server, WorkerKind};
use concsim_model::units::{Elapsed, Stamp};

/// Work for clients that have left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DeadWork {
    /// Share of the workers' busy and blocked time, 0 to 1, in which the client had already given up.
    /// [`None`] if no worker did anything, or no worker reports its time.
    pub share: Option<f64>,
    /// Requests in the listener's queue at the end of the span whose client had given up.
    pub in_queue: u64,
}

/// Use of one worker's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WorkerTime {
    /// Time computing, blocked, or without a core.
    pub(super) busy: Elapsed,
    /// Part of `busy` in which the client had given up.
    pub(super) dead: Elapsed,
}

impl WorkerTime {
    fn add(&mut self, window: Window, (from, to): (Stamp, Stamp), left: Option<Stamp>) {
        let within = |from: Stamp| to.min(window.end).since(from.max(window.begin));
        self.busy += within(from);
        if let Some(left) = left {
            self.dead += within(from.max(left));
        }
    }

    /// Adds up the times of several workers.
    pub(super) fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        all.fold(Self::default(), |sum, spent| Self {
            busy: sum.busy + spent.busy,
            dead: sum.dead + spent.dead,
        })
    }

    /// Share of dead work in the busy time, 0 to 1; [`None`] without busy time.
    pub(super) fn share(&self) -> Option<f64> {
        (self.busy > Elapsed::ZERO).then(|| self.dead.0 as f64 / self.busy.0 as f64)
    }
}

/// Dead work in an interval, by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) workers: BTreeMap<u16, WorkerTime>,
    pub(super) in_queue: u64,
}

/// Data from which the account is computed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log<'a> {
    server: &'a Server,
    sent: &'a [Sent],
    outcomes: &'a [Outcome],
    events: &'a [(u16, Event)],
    switches: &'a [(u16, Event)],
    newest: &'a Sample,
}

impl<'a> Log<'a> {
    /// Returns the data known at an instant.
    pub(super) fn at(past: &Past<'a>) -> Self {
        Self {
            server: &past.header().scenario.server,
            sent: past.sent(),
            outcomes: past.outcomes(),
            events: past.events(),
            switches: past.switches(),
            newest: past.sample(),
        }
    }

    /// Returns all data of a run; [`None`] if it has no sample.
    pub(super) fn of(recording: &'a Recording) -> Option<Self> {
        Some(Self {
            server: &recording.header.scenario.server,
            sent: &recording.sent,
            outcomes: &recording.outcomes,
            events: &recording.events,
            switches: &recording.switches,
            newest: recording.samples.last()?,
        })
    }
}

impl Account {
    /// Computes the account for `window`.
    pub(super) fn of(log: &Log<'_>, window: Window) -> Self {
        let left = left(log.outcomes);
        Self {
            workers: spent(log, window, &left),
            in_queue: in_queue(log, window.end, &left),
        }
    }

    /// Returns the sum over all workers.
    pub(super) fn all(&self) -> WorkerTime {
        WorkerTime::sum(self.workers.values())
    }

    /// Returns the account in the form of the summary.
    pub(super) fn summary(&self) -> DeadWork {
        DeadWork {
            share: self.all().share().map(|share| rounded(share, 4)),
            in_queue: self.in_queue,
        }
    }
}

/// Times at which clients gave up, by request.
fn left(outcomes: &[Outcome]) -> BTreeMap<u32, Stamp> {
    let gave_up = outcomes
        .iter()
        .filter(|it| it.failure == Some(Failure::Timeout));
    gave_up.map(|it| (it.request, it.done)).collect()
}

fn spent(log: &Log<'_>, window: Window, left: &BTreeMap<u32, Stamp>) -> BTreeMap<u16, WorkerTime> {
    let mut workers: BTreeMap<u16, WorkerTime> = BTreeMap::new();
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
                if let Event::RunSlice(ran) = event {
                    add(*slot, ran.from, ran.to, ran.request);
                }
            }
        }
    }
    // Work in progress has not been published yet.
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

/// Number of requests in the listener's queue at `at` whose client had given up by then.
fn in_queue(log: &Log<'_>, at: Stamp, left: &BTreeMap<u32, Stamp>) -> u64 {
    if left.is_empty() {
        return 0;
    }
    let is_one_queue = log.server.accept != Accept::Reuseport;
    let places = log.server.places_of_all_queues();
    let queue = queue_at(&arrivals(log), (places, is_one_queue), at);
    let has_left = |request: &&u32| left.get(*request).is_some_and(|left| *left <= at);
    queue.iter().filter(has_left).count() as u64
}

/// Connections that clients opened, as far as load has reported them.
fn arrivals(log: &Log<'_>) -> Vec<Arrival> {
    let taken = taken(log);
    let arrival = |request: u32, sent: Stamp, done: Stamp| Arrival {
        request,
        sent,
        done,
        taken: taken.get(&request).copied(),
    };
    let ended = log
        .outcomes
        .iter()
        .filter(|it| it.opened && it.due <= it.sent);
    let ended = ended.map(|it| (it.request, arrival(it.request, it.sent, it.done)));
    let sent = log.sent.iter().filter(|it| it.opened);
    let sent = sent.map(|it| (it.request, arrival(it.request, it.sent, Stamp::NEVER)));
    // An outcome is more exact than a sending.
    let all: BTreeMap<u32, Arrival> = sent.chain(ended).collect();
    all.into_values().collect()
}

/// Times at which workers first had each request, as far as workers have reported request numbers.
fn taken(log: &Log<'_>) -> BTreeMap<u32, Stamp> {
    let served = log.events.iter().filter_map(|(_, event)| match event {
        Event::Served(served) => Some((served.request, served.accepted)),
        _ => None,
    });
    let begun = log.switches.iter().filter_map(|(_, event)| match event {
        Event::RunSlice(ran) => Some((ran.request, ran.ready)),
        Event::BlockedIn { from, request, .. } => Some((*request, *from)),
        _ => None,
    });
    let running = log.newest.workers.iter();
    let running =
        running.filter_map(|worker| Some((worker.running_request?, worker.running_since?)));
    let mut first: BTreeMap<u32, Stamp> = BTreeMap::new();
    for (request, at) in served.chain(begun).chain(running) {
        let known = first.entry(request).or_insert(at);
        *known = at.min(*known);
    }
    first
}
