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
//! foreign client is not known. A request that its worker died with is not in the log: it
//! counts up to the death, from the start that the last sample before shows.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use serde::Serialize;

use super::cut_short::CutShort;
use super::listener::{Arrival, queue_at};
use super::rounding::rounded;
use super::{Recording, Sample, Snapshot, Window, WorkerSample};
use concsim_engine::telemetry::{Event, Failure, NO_REQUEST, Outcome, Phase, SentRequest};
use concsim_model::scenario::{Accept, RequestCapacity, Server};
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
    sent: &'a [SentRequest],
    outcomes: &'a [Outcome],
    events: &'a [(u16, Event)],
    switches: &'a [(u16, Event)],
    /// Samples, at least one.
    samples: &'a [Sample],
}

impl<'a> Log<'a> {
    /// Returns the data known at an instant.
    pub(super) fn at(snapshot: &Snapshot<'a>) -> Self {
        Self {
            server: &snapshot.header().scenario.server,
            sent: snapshot.sent(),
            outcomes: snapshot.outcomes(),
            events: snapshot.events(),
            switches: snapshot.switches(),
            samples: snapshot.samples(),
        }
    }

    /// Returns all data of a run; [`None`] if it has no sample.
    pub(super) fn of(recording: &'a Recording) -> Option<Self> {
        (!recording.samples.is_empty()).then_some(Self {
            server: &recording.header.scenario.server,
            sent: &recording.sent,
            outcomes: &recording.outcomes,
            events: &recording.events,
            switches: &recording.switches,
            samples: &recording.samples,
        })
    }

    /// Returns the workers of the newest sample.
    fn newest_workers(&self) -> (Stamp, &'a [WorkerSample]) {
        let newest = self.samples.last().expect("at least one sample");
        (newest.at, &newest.workers)
    }

    /// Returns the time that each request had its worker, as workers reported it: slot, start, end, request.
    fn reported(&self) -> Vec<WorkInterval> {
        let of_requests = self.events.iter().filter_map(|(slot, event)| match event {
            Event::Served(served) => Some((*slot, served.accepted, served.written, served.request)),
            _ => None,
        });
        let of_threads = self.events.iter().filter_map(|(slot, event)| match event {
            Event::Served(served) => {
                Some((*slot, served.first_read, served.written, served.request))
            }
            _ => None,
        });
        let of_slices = self
            .switches
            .iter()
            .filter_map(|(slot, event)| match event {
                Event::RunSlice(ran) => Some((*slot, ran.from, ran.to, ran.request)),
                _ => None,
            });
        match self.server.kind.begins() {
            RequestCapacity::One => of_requests.collect(),
            // From its first read on it has a thread.
            RequestCapacity::OneForEachThread => of_threads.collect(),
            RequestCapacity::OneForEachConnection => of_slices.collect(),
        }
    }

    /// Returns the work that ended with the process of its worker.
    fn cut_short(&self, reported: &[WorkInterval]) -> Vec<WorkInterval> {
        let deaths = self.events.iter().filter_map(|(slot, event)| match event {
            Event::Died { at, pid, .. } => Some((*slot, *at, *pid)),
            _ => None,
        });
        let deaths: Vec<(u16, Stamp, u32)> = deaths.collect();
        let last = last_before(&deaths, reported);
        let cut = deaths.iter().filter_map(|(slot, death, pid)| {
            let cut = CutShort::last_run_before(self.samples, *death, *slot, *pid)?;
            let begin = cut.begin(last[&(*slot, *death)])?;
            Some((*slot, begin, *death, cut.request))
        });
        cut.collect()
    }

    /// Returns the work in progress, which is not reported yet.
    fn in_progress(&self) -> Vec<WorkInterval> {
        let (at, workers) = self.newest_workers();
        let busy = workers.iter().filter(|it| is_busy(it));
        let busy = busy.filter_map(|worker| {
            let request = worker.running_request.unwrap_or(NO_REQUEST);
            Some((worker.index as u16, worker.running_since?, at, request))
        });
        busy.collect()
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

/// Worker, start, end and request of an interval of work.
type WorkInterval = (u16, Stamp, Stamp, u32);

/// Returns the end of the last work that a worker reported before each of its deaths; zero if there is none. One
/// pass over the work, since there may be millions of intervals and thousands of deaths.
fn last_before(
    deaths: &[(u16, Stamp, u32)],
    reported: &[WorkInterval],
) -> BTreeMap<(u16, Stamp), Stamp> {
    let keys = deaths
        .iter()
        .map(|(slot, death, _)| ((*slot, *death), Stamp::ZERO));
    let mut last: BTreeMap<(u16, Stamp), Stamp> = keys.collect();
    if last.is_empty() {
        return last;
    }
    for (slot, from, to, _) in reported {
        // The first death after the start of this work.
        let later = (Excluded((*slot, *from)), Included((*slot, Stamp::NEVER)));
        if let Some((_, end)) = last.range_mut(later).next() {
            *end = (*end).max(*to);
        }
    }
    let mut before = (0, Stamp::ZERO);
    for ((slot, _), end) in &mut last {
        if before.0 == *slot {
            *end = (*end).max(before.1);
        }
        before = (*slot, *end);
    }
    last
}

fn spent(log: &Log<'_>, window: Window, left: &BTreeMap<u32, Stamp>) -> BTreeMap<u16, WorkerTime> {
    let mut workers: BTreeMap<u16, WorkerTime> = BTreeMap::new();
    let reported = log.reported();
    let unreported = log
        .cut_short(&reported)
        .into_iter()
        .chain(log.in_progress());
    for (slot, from, to, request) in reported.iter().copied().chain(unreported) {
        let left = left.get(&request).copied();
        let time = workers.entry(slot).or_default();
        time.add(window, (from, to), left);
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
        accepted: taken.get(&request).copied(),
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
    let running = log.newest_workers().1.iter();
    let running =
        running.filter_map(|worker| Some((worker.running_request?, worker.running_since?)));
    let mut first: BTreeMap<u32, Stamp> = BTreeMap::new();
    for (request, at) in served.chain(begun).chain(running) {
        let known = first.entry(request).or_insert(at);
        *known = at.min(*known);
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::summarise;
    use crate::synthetic::{MS, RequestLife, S, Synthetic};
    use concsim_model::scenario::WorkerKind;

    /// One worker has request 0 from 2.0 s until it is killed at 3.8 s; the client left at 3.0 s. Request 1 is
    /// answered within 200 ms by the next process.
    fn killed(kind: WorkerKind) -> Recording {
        let mut run = Synthetic::idle(kind, 1);
        let left = RequestLife {
            due: 2 * S,
            tail: S,
            failure: Some(Failure::Timeout),
            ..RequestLife::default()
        };
        let answered = RequestLife {
            due: 5 * S,
            cpu: 200 * MS,
            ..RequestLife::default()
        };
        run.lives = vec![left, answered];
        let mut recording = run.recording();
        let death = Stamp(3_800 * MS);
        for sample in &mut recording.samples {
            let worker = &mut sample.workers[0];
            if sample.at >= Stamp(2 * S) && sample.at < death {
                worker.phase = Phase::Running;
                worker.running_since = Some(Stamp(2 * S));
                worker.running_request = Some(0);
            } else if sample.at >= death {
                worker.pid += 1;
            }
        }
        let died = Event::Died {
            at: death,
            worker: 0,
            pid: recording.samples[0].workers[0].pid,
            status: -9,
            cause: None,
        };
        recording.events.insert(0, (0, died));
        recording
    }

    #[test]
    fn work_that_ended_with_its_worker_counts_up_to_the_death() {
        for kind in [WorkerKind::Sync, WorkerKind::Coroutine] {
            // 0.8 s of 1.8 s + 0.2 s.
            let work = summarise(&killed(kind)).dead_work.expect("dead work");
            assert_eq!(work.share, Some(0.4), "{kind:?}");
        }
    }

    #[test]
    fn a_run_that_was_reported_after_the_last_sample_is_not_cut_short() {
        let mut recording = killed(WorkerKind::Coroutine);
        let mut ran = recording.switches.iter().find_map(|(_, it)| match it {
            Event::RunSlice(ran) => Some(*ran),
            _ => None,
        });
        let ran = ran.as_mut().expect("a run slice");
        // The last sample before the death is at 3.5 s.
        (ran.request, ran.ready, ran.from, ran.to) =
            (0, Stamp(2 * S), Stamp(2 * S), Stamp(3_600 * MS));
        recording.switches.insert(0, (0, Event::RunSlice(*ran)));
        // 0.6 s of 1.6 s + 0.2 s.
        let work = summarise(&recording).dead_work.expect("dead work");
        assert_eq!(work.share, Some(0.3333));
    }
}
