//! A worker: one slot of the server, and the process that has it now. What it counts, it counts over all
//! processes that have had the slot, as its words on the board of a real run do.

use std::collections::VecDeque;

use super::accept_queue::Wakers;
use super::connection::ConnectionId;
use super::hub::Hub;
use super::lock::Lock;
use super::machine::EntityId;
use concsim_engine::telemetry::{Phase, Reading};
use concsim_model::scenario::{Scenario, Server, draw};
use concsim_model::units::Stamp;

/// A number of things that are there at once, with its integral over time.
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

/// What a thread of a worker without a loop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// Asleep at the door.
    Sleeping,
    /// It has been woken, or has served somebody: it looks whether somebody is there.
    Looking { woken: bool },
    /// It has taken somebody in, and reads.
    Taking(ConnectionId),
    /// It computes for somebody.
    Serving(ConnectionId),
    /// It sleeps in a wait of somebody.
    Waiting(ConnectionId),
    /// It is gone.
    Gone,
}

/// The numbers of threads of a process that work, and that wait in a request.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Activity {
    working: usize,
    waiting: usize,
}

impl Activity {
    fn count(&mut self, doing: Doing, change: isize) {
        let counted = match doing {
            Doing::Looking { .. } | Doing::Taking(_) | Doing::Serving(_) => &mut self.working,
            Doing::Waiting(_) => &mut self.waiting,
            Doing::Sleeping | Doing::Gone => return,
        };
        *counted = counted.wrapping_add_signed(change);
    }

    /// The phase of the process: what the busiest of its threads does.
    pub(super) fn phase(self) -> Phase {
        match self {
            Self { working: 1.., .. } => Phase::Running,
            Self { waiting: 1.., .. } => Phase::Blocked,
            Self { .. } => Phase::Idle,
        }
    }
}

/// A thread of a process: a sync worker and a worker with a loop have one.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) entity: EntityId,
    pub(super) doing: Doing,
    /// Valid for one sleep alone.
    pub(super) turn: u32,
    /// Since when it has had its connection without a wait, and could have had it.
    pub(super) from: u64,
    pub(super) ready: u64,
    /// From when it computes, and for how long.
    pub(super) computes_from: u64,
    pub(super) computes: u64,
    /// The task of its connection.
    pub(super) task: u32,
    /// It is one of those that wait for the lock of its process.
    pub(super) wants_lock: bool,
}

/// Connections that a process has to one service.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    pub(super) in_use: usize,
    /// Connections that wait for one, and how long their call will take.
    pub(super) queue: VecDeque<(ConnectionId, u32, u64)>,
}

/// The pool of threads to which a loop hands what would block it.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pub(super) in_use: usize,
    pub(super) queue: VecDeque<ConnectionId>,
}

/// A slot of the server.
#[derive(Debug)]
pub(super) struct Worker {
    /// How many processes have had it.
    pub(super) lives: u64,
    pub(super) pid: u32,
    pub(super) is_alive: bool,
    /// It finishes what it began, and takes nothing new.
    pub(super) stopping: bool,
    pub(super) frozen: bool,
    pub(super) phase: Phase,
    pub(super) phase_since: u64,
    pub(super) heartbeat: u64,
    /// Their `doing` is changed by [`Worker::set_doing`] alone.
    pub(super) threads: Vec<Thread>,
    pub(super) activity: Activity,
    pub(super) hub: Option<Hub>,
    pub(super) lock: Lock,
    pub(super) links: Vec<Links>,
    pub(super) pool: Pool,
    /// Who stands at its own door.
    pub(super) door: VecDeque<ConnectionId>,
    /// Connections of which the next request has come.
    pub(super) inbox: VecDeque<ConnectionId>,
    pub(super) wakers: Wakers,
    /// Requests after which this process is replaced, and those it has answered.
    pub(super) limit: u64,
    pub(super) served: u64,
    /// Whom it has taken in.
    pub(super) connections: Vec<ConnectionId>,
    pub(super) next_task: u32,
    pub(super) counts: Counts,
}

/// What is counted over all processes of a slot.
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
    pub(super) lost: u64,
    pub(super) peak: u64,
    pub(super) longest_run: u64,
    pub(super) counters: Vec<(u64, u64)>,
    /// Of the processes that have ended.
    pub(super) cpu: u64,
    pub(super) voluntary: u64,
    pub(super) involuntary: u64,
}

impl Worker {
    /// A slot that no process has had yet.
    pub(super) fn vacant(scenario: &Scenario) -> Self {
        Self {
            lives: 0,
            pid: 0,
            is_alive: false,
            stopping: false,
            frozen: false,
            phase: Phase::Gone,
            phase_since: 0,
            heartbeat: 0,
            threads: Vec::new(),
            activity: Activity::default(),
            hub: None,
            lock: Lock::default(),
            links: vec![Links::default(); scenario.services.len()],
            pool: Pool::default(),
            door: VecDeque::new(),
            inbox: VecDeque::new(),
            wakers: Wakers::default(),
            limit: u64::MAX,
            served: 0,
            connections: Vec::new(),
            next_task: 0,
            counts: Counts {
                counters: vec![(0, 0); scenario.counters.len()],
                ..Counts::default()
            },
        }
    }

    /// Requests after which the `n`-th process of the server is replaced.
    pub(super) fn limit_of(server: &Server, seed: u64, n: u64) -> u64 {
        server.max_requests.map_or(u64::MAX, |most| {
            most.saturating_add(draw::jitter(seed, n, server.max_requests_jitter))
        })
    }

    /// The process gets new threads.
    pub(super) fn set_threads(&mut self, threads: Vec<Thread>) {
        self.activity = Activity::default();
        for thread in &threads {
            self.activity.count(thread.doing, 1);
        }
        self.threads = threads;
    }

    /// A thread does something else from now on.
    #[inline]
    pub(super) fn set_doing(&mut self, thread: usize, doing: Doing) {
        let before = std::mem::replace(&mut self.threads[thread].doing, doing);
        self.activity.count(before, -1);
        self.activity.count(doing, 1);
    }

    pub(super) fn enter(&mut self, phase: Phase, now: u64) {
        if self.phase != phase {
            (self.phase, self.phase_since) = (phase, now);
        }
    }
}
