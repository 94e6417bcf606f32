//! A worker: one slot of the server, and its present process. Counters run over all processes of the slot,
//! like the scoreboard's words of a real run.

use std::collections::VecDeque;

use super::accept_queue::Wakers;
use super::connection::ConnectionId;
use super::hub::Hub;
use super::lock::Lock;
use super::thread::{Thread, ThreadState};
use concsim_engine::Places;
use concsim_engine::telemetry::{Phase, Reading};
use concsim_model::scenario::{Scenario, Service, WorkerKind};
use concsim_model::units::Stamp;

/// A time-weighted gauge: a number and its integral over time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeWeighted {
    pub(super) count: u64,
    changed_at: u64,
    integral: u64,
}

impl TimeWeighted {
    #[inline]
    pub(super) fn step(&mut self, now: u64, change: i64) {
        self.integral += self.count * (now - self.changed_at);
        self.changed_at = now;
        self.count = self.count.wrapping_add_signed(change);
    }

    pub(super) fn reading(&self) -> Reading {
        Reading {
            count: self.count,
            changed_at: Stamp(self.changed_at),
            integral: self.integral,
        }
    }
}

/// The numbers of threads of a process that work, and that wait in a request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Activity {
    working: usize,
    waiting: usize,
}

impl Activity {
    #[inline]
    fn count(&mut self, doing: ThreadState, change: isize) {
        let counted = match doing {
            ThreadState::Looking { .. } | ThreadState::Taking(_) | ThreadState::Serving(_) => {
                &mut self.working
            }
            ThreadState::Waiting(_) => &mut self.waiting,
            ThreadState::Sleeping | ThreadState::Gone => return,
        };
        *counted = counted.wrapping_add_signed(change);
    }

    /// Returns the phase of the process: that of its busiest thread.
    pub(super) fn phase(self) -> Phase {
        match self {
            Self { working: 1.., .. } => Phase::Running,
            Self { waiting: 1.., .. } => Phase::Blocked,
            Self { .. } => Phase::Idle,
        }
    }
}

/// Connections that a process has to one service.
#[derive(Clone, Debug)]
pub(super) struct Links {
    /// Places for them, and those that wait for one, each with the number of its wait.
    pub(super) places: Places<(ConnectionId, u32)>,
    /// Number of those that are set up and not in use.
    pub(super) idle: usize,
}

impl Links {
    /// Returns the connections of a new process, none of which is set up yet: to each service those of its tasks,
    /// then to each those of its pool of threads, which cannot share the others.
    pub(super) fn of(scenario: &Scenario) -> Vec<Self> {
        let of = |service: &Service| Self {
            places: Places::new(service.pool),
            idle: 0,
        };
        let services = scenario.services.iter();
        services.clone().chain(services).map(of).collect()
    }
}

/// The pool of threads for a loop's blocking waits.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pub(super) in_use: usize,
    pub(super) queue: VecDeque<ConnectionId>,
}

/// Boot of a process that computes before it serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Boot {
    /// It will need this much core time, in nanoseconds.
    Ahead(u64),
    /// Its first thread computes.
    Computes,
    /// It serves.
    Over,
}

impl Boot {
    /// Begins it. Returns the core time that it needs; 0 if there is nothing to begin.
    pub(super) fn begin(&mut self) -> u64 {
        let Self::Ahead(cpu) = *self else { return 0 };
        *self = Self::Computes;
        cpu
    }
}

/// A slot of the server.
#[derive(Debug)]
pub(super) struct Worker {
    /// Number of processes that have had it.
    pub(super) lives: u64,
    pub(super) pid: u32,
    pub(super) is_alive: bool,
    /// True if it finishes its requests and accepts no more.
    pub(super) stopping: bool,
    pub(super) boot: Boot,
    pub(super) frozen: bool,
    pub(super) phase: Phase,
    pub(super) phase_since: u64,
    pub(super) heartbeat: u64,
    /// Threads; their `doing` is changed by [`Worker::set_doing`] only.
    pub(super) threads: Vec<Thread>,
    pub(super) activity: Activity,
    pub(super) hub: Option<Hub>,
    pub(super) lock: Lock,
    pub(super) links: Vec<Links>,
    pub(super) pool: Pool,
    /// Connections in its own queue.
    pub(super) door: VecDeque<ConnectionId>,
    /// Connections that wait for a thread: accepted ones, and those whose next request has arrived.
    pub(super) next_requests: VecDeque<ConnectionId>,
    /// Number of connections that a process with threads has.
    pub(super) open: usize,
    pub(super) wakers: Wakers,
    /// Number of requests after which this process is replaced, and number begun.
    pub(super) limit: u64,
    pub(super) begun: u64,
    /// Number of idle connections, of a worker with threads.
    pub(super) idle: usize,
    /// Size of the cache that its requests have filled, in bytes.
    pub(super) cache: u64,
    pub(super) next_task: u32,
    pub(super) counts: Counts,
}

/// Counters over all processes of a slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) begun: TimeWeighted,
    pub(super) accepted: u64,
    pub(super) found_nothing: u64,
    pub(super) requests: u64,
    pub(super) tasks: u64,
    pub(super) waits: u64,
    pub(super) switches: u64,
    pub(super) half_done: u64,
    pub(super) lost_tasks: u64,
    pub(super) peak: u64,
    pub(super) longest_run: u64,
    pub(super) counters: Vec<(u64, u64)>,
    /// CPU time of the processes that have ended, in nanoseconds.
    pub(super) cpu: u64,
    pub(super) voluntary: u64,
    pub(super) involuntary: u64,
}

impl Worker {
    /// True if connections still come into a queue of its own. A sync worker that is told to stop closes it when
    /// it has finished its request and leaves, the other kinds at once.
    pub(super) fn listens(&self, kind: WorkerKind) -> bool {
        self.is_alive && (!self.stopping || kind == WorkerKind::Sync)
    }

    /// Returns a slot that no process has had yet.
    pub(super) fn vacant(scenario: &Scenario) -> Self {
        Self {
            lives: 0,
            pid: 0,
            is_alive: false,
            stopping: false,
            boot: Boot::Over,
            frozen: false,
            phase: Phase::Gone,
            phase_since: 0,
            heartbeat: 0,
            threads: Vec::new(),
            activity: Activity::default(),
            hub: None,
            lock: Lock::default(),
            links: Links::of(scenario),
            pool: Pool::default(),
            door: VecDeque::new(),
            next_requests: VecDeque::new(),
            open: 0,
            wakers: Wakers::default(),
            limit: u64::MAX,
            begun: 0,
            idle: 0,
            cache: 0,
            next_task: 0,
            counts: Counts {
                counters: vec![(0, 0); scenario.counters.len()],
                ..Counts::default()
            },
        }
    }

    /// Gives the process new threads.
    pub(super) fn set_threads(&mut self, threads: Vec<Thread>) {
        self.activity = Activity::default();
        for thread in &threads {
            self.activity.count(thread.doing, 1);
        }
        self.threads = threads;
    }

    /// Changes the state of a thread.
    #[inline]
    pub(super) fn set_doing(&mut self, thread: usize, doing: ThreadState) {
        let before = std::mem::replace(&mut self.threads[thread].doing, doing);
        self.activity.count(before, -1);
        self.activity.count(doing, 1);
    }

    #[inline]
    pub(super) fn enter(&mut self, phase: Phase, now: u64) {
        if self.phase != phase {
            (self.phase, self.phase_since) = (phase, now);
        }
    }
}
