//! The lock around computing in a process with threads, as `CPython`'s global interpreter lock: one thread
//! computes, and the others wait for the lock.
//!
//! ```text
//!   holder:   computes ─────────────── sees the request ─▶ gives the lock away, waits for it again
//!                                         ▲
//!   waiter:   waits for 5 ms, and then requests the lock ── gets it ─▶ computes …
//! ```
//!
//! A holder that waits for something else gives the lock up by itself. A waiter requests it only after an
//! interval in which no other thread got it, and then the holder lets another thread go first: without that
//! rule it would mostly take the lock again before the waiter is awake. (`Python/ceval_gil.c`, with
//! `FORCE_SWITCHING`; the interval is `sys.getswitchinterval()`.)

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use concsim_engine::policy::SWITCH_INTERVAL;

/// The lock.
#[derive(Debug, Default)]
pub(super) struct ComputeLock {
    state: Mutex<State>,
    /// Notified when the lock is free.
    free: Condvar,
    /// Notified when a thread has taken the lock.
    taken: Condvar,
    /// True if a thread has requested the lock from its holder.
    is_requested: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    is_held: bool,
    /// Thread that took it last.
    last: Option<usize>,
    /// Number of times that another thread took it than the last time.
    switch_count: u64,
    /// Number of threads that wait for it.
    waiter_count: usize,
}

impl ComputeLock {
    /// True if the holder should hand the lock over.
    #[inline]
    pub(super) fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::Relaxed)
    }

    /// Takes the lock for `thread`. Blocks it while another thread has the lock.
    pub(super) fn acquire(&self, thread: usize) {
        let mut state = self.state();
        state.waiter_count += 1;
        while state.is_held {
            state = self.wait_for_an_interval(state);
        }
        state.waiter_count -= 1;
        state.is_held = true;
        if state.last != Some(thread) {
            (state.last, state.switch_count) = (Some(thread), state.switch_count + 1);
        }
        self.is_requested.store(false, Ordering::Relaxed);
        self.taken.notify_all();
    }

    /// Waits until the lock may be free. After an interval in which no thread got the lock, requests it.
    fn wait_for_an_interval<'lock>(
        &self,
        state: MutexGuard<'lock, State>,
    ) -> MutexGuard<'lock, State> {
        let before = state.switch_count;
        let interval = Duration::from_nanos(SWITCH_INTERVAL.0);
        let waited = self.free.wait_timeout(state, interval);
        let (state, wait) = waited.unwrap_or_else(PoisonError::into_inner);
        if wait.timed_out() && state.is_held && state.switch_count == before {
            self.is_requested.store(true, Ordering::Relaxed);
        }
        state
    }

    /// Gives the lock up.
    pub(super) fn release(&self) {
        self.state().is_held = false;
        self.free.notify_one();
    }

    /// Gives the lock to a thread that waits for it, and blocks `thread`, its holder, until it has the lock
    /// again.
    pub(super) fn hand_over(&self, thread: usize) {
        self.release();
        let mut state = self.state();
        while state.last == Some(thread) && state.waiter_count > 0 {
            let waited = self.taken.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.acquire(thread);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No thread panics while it has the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn one_thread_at_a_time_has_the_lock_and_each_gets_it_on_request() {
        const THREADS: usize = 4;
        let (lock, inside) = (ComputeLock::default(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (lock, inside) = (&lock, &inside);
                scope.spawn(move || {
                    lock.acquire(thread);
                    for _ in 0..3 {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                        lock.hand_over(thread);
                    }
                    lock.release();
                });
            }
        });
        assert!(!lock.state().is_held);
    }

    #[test]
    fn a_holder_that_is_asked_lets_the_other_go_first() {
        let lock = ComputeLock::default();
        lock.acquire(0);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                lock.acquire(1);
                lock.release();
            });
            // The other thread requests the lock after an interval; it is given away only here.
            while !lock.is_requested() {
                std::thread::yield_now();
            }
            lock.hand_over(0);
            assert_eq!(lock.state().switch_count, 3, "first 0, then 1, then 0");
            assert!(!lock.is_requested());
            lock.release();
            assert!(other.join().is_ok());
        });
    }

    #[test]
    fn a_lock_that_no_thread_waits_for_comes_back_at_once() {
        let lock = ComputeLock::default();
        lock.acquire(0);
        lock.hand_over(0);
        assert_eq!(lock.state().switch_count, 1);
    }
}
