//! Telemetry of a worker with several threads: all of them write behind one lock.
//!
//! Each word of shared memory and each ring has one writer, a process. Its threads take turns: a thread
//! holds the lock for one step of a counter, or one record. It never waits for a reader, and for another
//! thread at most that long.
//!
//! A slot has words for one phase and one run, so the process has those of its busiest thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Phase, Writer};
use concsim_model::units::Stamp;

/// Activity of a thread, from the least to the busiest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Activity {
    /// It has no connection.
    #[default]
    Idle,
    /// It sleeps in a wait of its connection.
    Blocked,
    /// It could compute, and waits for the lock of the process.
    WantsTheLock,
    /// It works for its connection.
    Working,
}

/// Present state of one thread.
#[derive(Clone, Copy, Debug, Default)]
struct ThreadState {
    activity: Activity,
    /// Instant since which it has its connection; 0 if it has none.
    since: u64,
    /// Word for the number of its request.
    request: u64,
}

/// Words of the slot that depend on all threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProcessState {
    /// Phase of the process.
    pub(super) phase: Phase,
    /// Instant since which the shown thread has its connection.
    pub(super) running_since: u64,
    /// Word for the number of the shown thread's request.
    pub(super) running_request: u64,
}

/// State that the threads of a worker share.
#[derive(Debug)]
pub(super) struct Threads(Mutex<Turn>);

/// State of the thread whose turn it is: it alone writes.
#[derive(Debug)]
pub(super) struct Turn {
    /// Ring of the process; `None` if events are switched off.
    pub(super) ring: Option<Writer<'static>>,
    threads: Vec<ThreadState>,
    /// Phase of the process while no thread has a connection.
    own_phase: Phase,
}

impl Threads {
    /// Returns the state of `count` idle threads that write to `ring`.
    pub(super) fn new(ring: Option<Writer<'static>>, count: usize) -> Self {
        Self(Mutex::new(Turn {
            ring,
            threads: vec![ThreadState::default(); count],
            own_phase: Phase::Booting,
        }))
    }

    /// Waits for the turn of the calling thread.
    pub(super) fn turn(&self) -> MutexGuard<'_, Turn> {
        // A thread that panics in its turn leaves whole words and records.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Notes the phase of a thread; `None` is the thread that serves no connection.
    pub(super) fn set_phase(&mut self, thread: Option<usize>, phase: Phase) {
        let Some(thread) = thread else {
            self.own_phase = phase;
            return;
        };
        self.threads[thread].activity = match phase {
            Phase::Blocked => Activity::Blocked,
            Phase::Running => Activity::Working,
            Phase::Booting | Phase::Idle | Phase::Draining | Phase::Gone | Phase::Asleep => {
                Activity::Idle
            }
        };
    }

    /// Notes that a thread could compute, and waits for the lock of the process.
    pub(super) fn wants_the_lock(&mut self, thread: Option<usize>) {
        if let Some(thread) = thread {
            self.threads[thread].activity = Activity::WantsTheLock;
        }
    }

    /// Notes that a thread has a connection since `at`, and works for it.
    pub(super) fn has_connection_since(&mut self, thread: Option<usize>, at: Stamp) {
        if let Some(thread) = thread {
            self.threads[thread] = ThreadState {
                activity: Activity::Working,
                since: at.0,
                request: 0,
            };
        }
    }

    /// Notes the word for the number of a thread's request.
    pub(super) fn has_request(&mut self, thread: Option<usize>, request: u64) {
        if let Some(thread) = thread {
            self.threads[thread].request = request;
        }
    }

    /// Notes that a thread has no connection any more.
    pub(super) fn has_no_connection(&mut self, thread: Option<usize>) {
        if let Some(thread) = thread {
            self.threads[thread] = ThreadState::default();
        }
    }

    /// Returns the state of the process: that of its busiest thread, and of equal ones that of the first.
    pub(super) fn state(&self) -> ProcessState {
        let threads = self.threads.iter().rev();
        let busiest = threads.max_by_key(|thread| thread.activity).copied();
        let busiest = busiest.unwrap_or_default();
        ProcessState {
            phase: match busiest.activity {
                Activity::Idle => self.own_phase,
                Activity::Blocked => Phase::Blocked,
                Activity::WantsTheLock | Activity::Working => Phase::Running,
            },
            running_since: busiest.since,
            running_request: busiest.request,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Phase::{Blocked, Idle, Running};
    use super::*;

    /// Returns the state of three threads with these phases; thread n has had request n + 10 since n + 1.
    fn state_of(phases: [Phase; 3]) -> ProcessState {
        let threads = Threads::new(None, phases.len());
        let mut turn = threads.turn();
        turn.set_phase(None, Phase::Idle);
        for (thread, phase) in phases.into_iter().enumerate() {
            if phase != Phase::Idle {
                turn.has_connection_since(Some(thread), Stamp(thread as u64 + 1));
                turn.has_request(Some(thread), thread as u64 + 10);
                turn.set_phase(Some(thread), phase);
            }
        }
        turn.state()
    }

    #[test]
    fn a_process_is_in_the_phase_of_its_busiest_thread() {
        let state = |phase, since, request| ProcessState {
            phase,
            running_since: since,
            running_request: request,
        };
        assert_eq!(state_of([Idle, Idle, Idle]), state(Idle, 0, 0));
        assert_eq!(state_of([Idle, Blocked, Blocked]), state(Blocked, 2, 11));
        assert_eq!(state_of([Blocked, Idle, Running]), state(Running, 3, 12));
        assert_eq!(state_of([Running, Blocked, Running]), state(Running, 1, 10));
    }

    #[test]
    fn a_thread_with_the_lock_is_shown_before_one_that_waits_for_it() {
        let threads = Threads::new(None, 2);
        let mut turn = threads.turn();
        for thread in [0, 1] {
            turn.has_connection_since(Some(thread), Stamp(thread as u64 + 1));
            turn.wants_the_lock(Some(thread));
        }
        assert_eq!(
            (turn.state().phase, turn.state().running_since),
            (Phase::Running, 1)
        );
        turn.set_phase(Some(1), Phase::Running);
        assert_eq!(
            (turn.state().phase, turn.state().running_since),
            (Phase::Running, 2)
        );
    }
}
