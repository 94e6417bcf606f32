//! One instant of the lanes: the state of every worker and every request.
//!
//! It is computed from the same events as the lanes, so that glyphs and lanes of one instant agree.

use std::cmp::Reverse;

use super::cores::CoreReport;
use super::worker_activity::{BreakKind, Part, WorkerActivity};
use super::{Index, Interval, Lanes, RequestState};
use crate::Recording;
use concsim_engine::telemetry::NO_REQUEST;
use concsim_model::scenario::WorkerKind;
use concsim_model::units::{Elapsed, Stamp};

/// Maximum number of requests that are examined one by one.
const MOST: usize = 20_000;

/// Everything at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instant {
    /// Time.
    pub at: Stamp,
    /// Requests sent that no worker has accepted.
    pub door: u64,
    /// Requests due and not ended.
    pub in_system: u64,
    /// Requests ended, successfully or not.
    pub ended: u64,
    /// Workers, by slot.
    pub workers: Vec<WorkerInstant>,
    /// Cores, or, without core numbers, processes that can run at once, each with the slot of the worker
    /// that has it.
    pub cores: Vec<(Option<u32>, Option<u16>)>,
}

/// One worker at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerInstant {
    /// State of its process; `None` if it does nothing. [`RequestState::Running`], [`RequestState::Blocked`] or
    /// [`RequestState::WantsACore`].
    pub doing: Option<RequestState>,
    /// Time since which it is in that state without interruption.
    pub since: Stamp,
    /// Time since which the same coroutine or request has had the worker.
    pub held_since: Option<Stamp>,
    /// Request that has the worker, if its number is known.
    pub request: Option<u32>,
    /// Number of its requests that are running,
    pub running: u64,
    /// blocked,
    pub blocked: u64,
    /// ready, or without a core with their worker,
    pub ready: u64,
    /// parked.
    pub parked: u64,
    /// Time of the latest end of one of its processes by then, if any had ended.
    pub died: Option<Stamp>,
    /// Latest of its processes that had begun by then.
    pub process: Option<Process>,
}

/// A worker's process at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Pid.
    pub pid: u32,
    /// Time at which it was forked.
    pub forked: Stamp,
    /// True if it has begun a request by then.
    pub has_run: bool,
}

impl WorkerInstant {
    /// Number of requests begun in it.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.running + self.blocked + self.ready + self.parked
    }

    /// Notes that the only request of a worker is ready: its wait is over, and the process is no longer
    /// blocked, though it learns this only when it gets a core.
    fn is_woken(&mut self, kind: WorkerKind) {
        if !kind.has_a_loop() && self.doing == Some(RequestState::Blocked) {
            self.doing = Some(RequestState::WantsACore);
        }
    }
}

impl WorkerInstant {
    /// True if each of `threads` is blocked: requests that are ready wait for a thread.
    fn has_no_free_thread(&self, threads: usize) -> bool {
        self.running == 0 && self.blocked >= threads as u64
    }

    /// Sets the state of a process with `threads` threads to that of its busiest thread.
    fn is_as_busy_as_its_threads(&mut self, threads: usize) {
        self.doing = match self {
            Self { running: 1.., .. } => Some(RequestState::Running),
            _ if self.has_no_free_thread(threads) => Some(RequestState::Blocked),
            Self { ready: 1.., .. } => Some(RequestState::WantsACore),
            Self { blocked: 1.., .. } => Some(RequestState::Blocked),
            // It may be serving a connection whose request is not read yet.
            _ => self.doing,
        };
    }
}

/// Returns the order of a thread among those of its process: one that runs before one that is ready, and that
/// before one that waits.
fn busy(doing: Option<RequestState>) -> Option<u8> {
    match doing? {
        RequestState::Running => Some(2),
        RequestState::Ready | RequestState::WantsACore => Some(1),
        RequestState::Blocked | RequestState::Parked => Some(0),
        RequestState::AtTheDoor => None,
    }
}

impl Instant {
    /// Returns the state at `at`, which is before the newest sample. `None` if events are missing: some
    /// were dropped or lost, or concern requests that were never announced, or if workers report none.
    #[must_use]
    pub fn of(index: &Index, recording: &Recording, at: Stamp) -> Option<Self> {
        let newest = recording.samples.last()?.at;
        let is_whole = recording.one_in == 1 && recording.dropped_events == 0;
        let is_announced = !recording.sent.is_empty() || recording.events.is_empty();
        let is_foreign = recording.header.scenario.server.is_foreign();
        if at >= newest || !is_whole || !is_announced || is_foreign {
            return None;
        }
        let until = at + Elapsed(1);
        let place = recording.samples.partition_point(|it| it.at < until);
        let lanes = Lanes::at(index, recording.snapshot(place)?, until);
        lanes.instant(at)
    }
}

impl Lanes<'_> {
    fn instant(&self, at: Stamp) -> Option<Instant> {
        let now = Interval {
            from: at,
            to: at + Elapsed(1),
        };
        let arrivals = &self.index.arrivals;
        let slots = self.index.workers.len().max(arrivals.slots());
        let mut looked_at = 0;
        let mut workers = Vec::with_capacity(slots);
        for slot in 0..slots {
            let mut worker = self.process_at(slot, at);
            let (mut busiest, mut blocked) = (None, None);
            for request in arrivals.of_worker(slot, now) {
                looked_at += 1;
                if looked_at > MOST {
                    return None;
                }
                let lane = self.request(request, now);
                let doing = lane.spans.first().map(|span| span.doing);
                busiest = busiest.max(busy(doing).zip(Some(Reverse(request))));
                match doing {
                    Some(RequestState::Running) => worker.running += 1,
                    Some(RequestState::Blocked) => {
                        worker.blocked += 1;
                        blocked = blocked.or(Some(request));
                    }
                    Some(RequestState::Ready) => worker.ready += 1,
                    Some(RequestState::WantsACore) => {
                        worker.ready += 1;
                        worker.is_woken(self.kind());
                    }
                    Some(RequestState::Parked) => worker.parked += 1,
                    Some(RequestState::AtTheDoor) | None => {}
                }
            }
            if self.kind().has_threads() {
                let threads = self.recording.header.scenario.server.threads;
                worker.is_as_busy_as_its_threads(threads);
                worker.request = if worker.has_no_free_thread(threads) {
                    blocked
                } else {
                    busiest.map(|(_, Reverse(request))| request)
                };
                let accepted = worker.request.and_then(|it| self.index.accepted(it));
                worker.held_since = accepted.or(worker.held_since);
            }
            worker.request = worker
                .request
                .filter(|request| self.is_at_work(*request, at));
            workers.push(worker);
        }
        let cores = self.cores(now).into_iter().map(|lane| {
            let holder = lane.held.first().map(|held| held.worker);
            (lane.core, holder)
        });
        Some(Instant {
            at,
            door: arrivals.at_the_door(at),
            in_system: arrivals.in_system(at),
            ended: arrivals.ended(at),
            workers,
            cores: cores.collect(),
        })
    }

    /// True if the last byte of a request's answer is not written yet. Afterwards its worker closes the
    /// connection, which is no work of the request.
    fn is_at_work(&self, request: u32, at: Stamp) -> bool {
        self.served(request)
            .is_none_or(|served| at < served.written)
    }

    /// State of a worker's process.
    fn process_at(&self, slot: usize, at: Stamp) -> WorkerInstant {
        let nothing = WorkerActivity::default();
        let workings = self.index.workers.get(slot).unwrap_or(&nothing);
        let deaths = workings.deaths.partition_point(|death| *death <= at);
        let died = deaths.checked_sub(1).map(|last| workings.deaths[last]);
        let begun = workings.slices.partition_point(|it| it.from <= at);
        let last = begun.checked_sub(1).map(|last| &workings.slices[last]);
        let forks = workings.forks.partition_point(|fork| fork.0 <= at);
        let process = forks.checked_sub(1).map(|newest| {
            let (forked, pid) = workings.forks[newest];
            Process {
                pid,
                forked,
                has_run: last.is_some_and(|last| last.from >= forked),
            }
        });
        let idle = WorkerInstant {
            died,
            process,
            ..WorkerInstant::default()
        };
        if let Some(slice) = last.filter(|slice| at < slice.to) {
            let mut found = WorkerInstant {
                held_since: Some(slice.from),
                request: Some(slice.request).filter(|it| *it != NO_REQUEST),
                ..idle
            };
            self.find_part(
                &mut found,
                slot as u16,
                workings.parts(slice),
                slice.from,
                at,
            );
            return found;
        }
        if let Some(pause) = workings.break_at(at) {
            return WorkerInstant {
                doing: Some(match pause.kind {
                    BreakKind::Blocked => RequestState::Blocked,
                    BreakKind::Preempted(_) => RequestState::WantsACore,
                }),
                since: pause.from,
                held_since: Some(pause.from),
                ..idle
            };
        }
        let mut open = self.open.iter();
        let open = open.find(|open| usize::from(open.worker) == slot);
        let Some(open) = open.filter(|open| open.from <= at && at < open.to) else {
            return idle;
        };
        let rest = match (open.blocked, open.wants) {
            (Some(since), _) => Some((RequestState::Blocked, since)),
            (None, Some(since)) => Some((RequestState::WantsACore, since)),
            (None, None) => None,
        };
        let mut found = WorkerInstant {
            held_since: Some(open.from),
            request: open.request,
            ..idle
        };
        if let Some((doing, since)) = rest.filter(|(_, since)| *since <= at) {
            (found.doing, found.since) = (Some(doing), since);
        } else {
            let parts = open.parts.iter().copied();
            self.find_part(&mut found, open.worker, parts, open.from, at);
        }
        found
    }

    /// Part of a run that contains an instant.
    fn find_part(
        &self,
        found: &mut WorkerInstant,
        worker: u16,
        parts: impl Iterator<Item = Part>,
        from: Stamp,
        at: Stamp,
    ) {
        let mut since = from;
        for part in parts {
            match part {
                Part::RunSlice { from, to, core } if from <= at && at < to => {
                    let mine = CoreReport {
                        worker,
                        core,
                        from,
                        to,
                    };
                    let lost = self.lost_at(mine, at);
                    let doing = lost.map_or(RequestState::Running, |_| RequestState::WantsACore);
                    (found.doing, found.since) = (Some(doing), lost.unwrap_or(from));
                    return;
                }
                Part::Broken { to, kind } if at < to => {
                    let doing = match kind {
                        BreakKind::Blocked => RequestState::Blocked,
                        BreakKind::Preempted(_) => RequestState::WantsACore,
                    };
                    (found.doing, found.since) = (Some(doing), since);
                    return;
                }
                Part::RunSlice { to, .. } | Part::Broken { to, .. } => since = to,
            }
        }
    }

    /// Time since which a worker has lost the core that it reports to be on, if it has lost it at `at`.
    fn lost_at(&self, mine: CoreReport, at: Stamp) -> Option<Stamp> {
        let lost = self.lost(mine).into_iter();
        let mut lost = lost.filter(|(from, to)| *from <= at && at < *to);
        lost.next().map(|(from, _)| from)
    }
}
