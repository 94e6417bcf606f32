//! A thread of a simulated worker, and what `process.rs` and `hub.rs` share: it continues a script until that
//! needs time, and reports its runs. A worker with a loop has one thread, which runs all of its tasks.

use super::Simulation;
use super::connection::{Connection, ConnectionId};
use super::event::EntityId;
use super::observer::Observer;
use super::script::{self, Need};
use concsim_engine::policy::OVERFLOWED;
use concsim_engine::telemetry::{Event, RunSlice, SwitchReason};
use concsim_model::units::Stamp;
use concsim_record::RecordSource;

/// State of a thread of a worker without a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThreadState {
    /// Asleep at the listener.
    Sleeping,
    /// Looking for a connection, after waking or serving.
    Looking { woken: bool },
    /// Reading from an accepted connection.
    Taking(ConnectionId),
    /// Computing for a connection.
    Serving(ConnectionId),
    /// Sleeping in a wait of a connection.
    Waiting(ConnectionId),
    /// Gone.
    Gone,
}

/// A thread of a process: a sync worker and a worker with a loop have one.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) entity: EntityId,
    pub(super) doing: ThreadState,
    /// Number of the present sleep.
    pub(super) turn: u32,
    /// Task of its connection.
    pub(super) task: u32,
    /// Times since which that has had the thread without a wait, and was ready.
    pub(super) from: u64,
    pub(super) ready: u64,
    /// Start and length of its present computation.
    computes_from: u64,
    pub(super) computes: u64,
    /// Time since which it waits for the lock of its process, if it does.
    pub(super) wants_lock_since: Option<u64>,
    /// Time for which it has waited for the lock in its present computation.
    lock_wait: u64,
}

impl Thread {
    /// Returns a thread that looks for its first connection.
    pub(super) fn new(entity: EntityId) -> Self {
        Self {
            entity,
            doing: ThreadState::Looking { woken: false },
            turn: 0,
            task: 0,
            from: 0,
            ready: 0,
            computes_from: 0,
            computes: 0,
            wants_lock_since: None,
            lock_wait: 0,
        }
    }

    /// Begins a run of a task now; it could have begun at `ready`.
    #[inline]
    pub(super) fn begin_run(&mut self, task: u32, ready: u64, now: u64) {
        (self.task, self.from, self.ready) = (task, now, ready.min(now));
    }

    /// Connection that it serves, if it does.
    pub(super) fn connection(&self) -> Option<ConnectionId> {
        match self.doing {
            ThreadState::Taking(id) | ThreadState::Serving(id) | ThreadState::Waiting(id) => {
                Some(id)
            }
            ThreadState::Sleeping | ThreadState::Looking { .. } | ThreadState::Gone => None,
        }
    }

    /// Ends a wait for the lock: the run of its task goes on.
    pub(super) fn gets_lock(&mut self, now: u64) {
        let Some(since) = self.wants_lock_since.take() else {
            return;
        };
        match self.doing {
            ThreadState::Serving(_) => self.lock_wait += now - since,
            ThreadState::Taking(_) => {}
            // The run begins when the thread has the lock.
            ThreadState::Sleeping
            | ThreadState::Looking { .. }
            | ThreadState::Waiting(_)
            | ThreadState::Gone => return,
        }
        // A run that was to begin when the wait did is ready since before.
        let ready = if self.from == since {
            self.ready
        } else {
            since
        };
        self.begin_run(self.task, ready, now);
    }

    /// Ends the present computation, if there is one: the connection has had its core time.
    #[inline]
    fn end_computation(&mut self, connection: &mut Connection, now: u64) {
        let computed = std::mem::take(&mut self.computes);
        let lock_wait = std::mem::take(&mut self.lock_wait);
        if computed > 0 {
            let waited = (now - self.computes_from).saturating_sub(computed);
            connection.cpu += computed;
            connection.core_wait += waited.saturating_sub(lock_wait);
            connection.ready += lock_wait;
        }
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// Continues a connection's script on a thread that has had its core time. Returns its next need.
    /// Core time is requested here, and an overflow ends the worker.
    #[inline]
    pub(super) fn play_on(&mut self, worker: usize, thread: usize, id: ConnectionId) -> Need {
        let now = self.now;
        let found = &mut self.workers[worker];
        let state = &mut found.threads[thread];
        let connection = &mut self.connections[id as usize];
        state.end_computation(connection, now);
        let own = (&mut found.counts.counters[..], &mut found.cache);
        let need = script::play(connection, self.scenario, &mut self.draws, own);
        match need {
            Need::Compute(cpu) => {
                (state.computes_from, state.computes) = (now, cpu);
                self.work(worker, thread, cpu);
            }
            Need::Overflow => self.dies(worker, OVERFLOWED),
            Need::LetGo
            | Need::Sleep { .. }
            | Need::Call { .. }
            | Need::Offload(_)
            | Need::Done => {}
        }
        need
    }

    /// Reports the end of a run, in which a connection had its thread without a wait.
    #[inline]
    pub(super) fn report_run(
        &mut self,
        worker: usize,
        thread: usize,
        id: ConnectionId,
        then: SwitchReason,
    ) {
        if O::WANTS_SWITCHES {
            let state = &self.workers[worker].threads[thread];
            let connection = &self.connections[id as usize];
            let ran = RunSlice {
                ready: Stamp(state.ready),
                from: Stamp(state.from),
                to: Stamp(self.now),
                task: state.task,
                request: connection.works_for(),
                then,
                due: connection.due_of(then),
                core: self.machine.core_of(state.entity),
            };
            let source = RecordSource::Worker(worker as u16);
            self.observer.event(source, &Event::RunSlice(ran));
        }
    }
}
