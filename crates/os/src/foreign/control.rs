//! Signals to the observer, and its lifeline: the reasons to stop.

use std::os::fd::{AsFd as _, OwnedFd};

use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, net};
use concsim_model::units::Elapsed;

/// Reasons to end the observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The server finishes what it has begun.
    Graceful,
    /// The server ends at once.
    Quick,
}

/// Signals and the lifeline of the observer.
pub(super) struct Control<'a> {
    signals: Signals,
    lifeline: &'a OwnedFd,
}

impl<'a> Control<'a> {
    pub(super) fn listen(lifeline: &'a OwnedFd) -> sys::Result<Self> {
        let signals = Signals::listen(&[
            Signal::Terminate,
            Signal::Interrupt,
            Signal::Quit,
            Signal::ChildEnded,
            Signal::More,
            Signal::Fewer,
            Signal::HangUp,
            Signal::Reopen,
        ])?;
        Ok(Self { signals, lifeline })
    }

    /// Waits for `length`, or until a signal comes or the lifeline ends. Returns the reason to stop, if there is one.
    pub(super) fn wait(&mut self, length: Elapsed) -> Option<Stop> {
        let sources = [self.signals.as_fd(), self.lifeline.as_fd()];
        // On ENOMEM this returns at once; the caller retries.
        let is_cut = net::wait_readable(sources, Some(length)).is_ok_and(|[_, cut]| cut);
        let signals = self.signals.take();
        let is_quick = |signal: &Signal| matches!(signal, Signal::Interrupt | Signal::Quit);
        if is_cut || signals.iter().any(is_quick) {
            return Some(Stop::Quick);
        }
        signals
            .contains(&Signal::Terminate)
            .then_some(Stop::Graceful)
    }
}
