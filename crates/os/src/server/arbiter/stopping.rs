//! The end of a server: it closes the door, tells its workers to leave, and kills those that do not.

use std::os::fd::AsFd;

use super::{Arbiter, BOOT_POLL, FORCED_STOP_TIMEOUT, Stop};
use crate::sys::signals::{self, Signal};
use crate::sys::{fork, net};
use concsim_model::units::{Elapsed, Stamp};

impl Arbiter<'_> {
    /// Closes the door, tells all workers to leave, and kills those that take too long.
    pub(super) fn stop_all(&mut self, stop: Stop) {
        self.door = None;
        let graceful_timeout = self.orders.scenario.server.graceful_timeout;
        let (farewell, patience) = match stop {
            Stop::Graceful => (Signal::Terminate, graceful_timeout),
            Stop::Quick => (Signal::Quit, graceful_timeout),
            Stop::Orphaned => (Signal::Kill, Elapsed::ZERO),
        };
        self.signal_all(farewell);
        self.wait_for_all(self.now() + patience);
        while self.reap_and_check() {
            self.is_killing = true;
            self.signal_all(Signal::Kill);
            self.poll_timeout(BOOT_POLL);
        }
        self.end_the_pool();
        while self.has_processes() {
            self.poll_timeout(BOOT_POLL);
            self.reap_and_check();
        }
    }

    /// Waits until all workers have left, until `limit`, or until the driver is gone. A second, quick
    /// request to stop shortens it.
    fn wait_for_all(&mut self, mut limit: Stamp) {
        while self.reap_and_check() && self.now() < limit {
            let driver_is_gone = self.poll_timeout(limit.since(self.now()).min(BOOT_POLL));
            if driver_is_gone {
                return;
            }
            if self.signals.take().into_iter().any(is_quick) {
                self.signal_all(Signal::Quit);
                limit = limit.min(self.now() + FORCED_STOP_TIMEOUT);
            }
        }
    }

    /// Sleeps for `length`, or until a signal comes. Returns true if the driver is gone.
    pub(super) fn poll_timeout(&self, length: Elapsed) -> bool {
        let sources = [self.signals.as_fd(), self.lifeline.as_fd()];
        // On ENOMEM this returns at once; the caller retries.
        net::wait_readable(sources, Some(length)).is_ok_and(|[_, cut]| cut)
    }

    /// Reaps the workers that have ended. Returns true if any worker is left.
    fn reap_and_check(&mut self) -> bool {
        while let Some(death) = fork::reap() {
            // A server that stops does not fail for lack of workers.
            let _ = self.on_exit(death);
        }
        self.table.living().next().is_some()
    }

    pub(super) fn signal_all(&self, signal: Signal) {
        for (_, hand) in self.table.living() {
            signals::send(hand.pid, signal);
        }
    }
}

fn is_quick(signal: Signal) -> bool {
    matches!(signal, Signal::Interrupt | Signal::Quit)
}
