//! One request from both sides: the client's outcome, and the worker's report.

use concsim_engine::telemetry::{Failure, Outcome, Served, WaitParts};
use concsim_model::units::{Elapsed, Stamp};

/// One request from both sides.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    /// Outcome for its client.
    pub(super) outcome: &'a Outcome,
    /// Worker's report, if there is one.
    pub(super) served: Option<&'a Served>,
    /// Parts of its waits, if it waited and its worker reported them.
    pub(super) waited: Option<&'a WaitParts>,
    /// First instant at which a worker is known to have had it, for a request without `served`: one in
    /// progress when its worker or the run ended.
    pub(super) begun: Option<Stamp>,
}

impl Request<'_> {
    /// True if it was answered well.
    pub(super) fn completed(&self) -> bool {
        self.outcome.failure.is_none()
    }

    /// Returns the time from due to its end. A failed request counts as if its client had waited until the
    /// end of its patience.
    pub(super) fn latency(&self, patience: Elapsed) -> Elapsed {
        self.outcome.latency(patience)
    }

    /// Returns the time from its actual sending to its end; failed requests as in [`Request::latency`].
    pub(super) fn since_sent(&self, patience: Elapsed) -> Elapsed {
        self.outcome.since_sent(patience)
    }

    /// Returns the time for which the end of its answer lay unread: since its worker wrote it, or else, as of a
    /// server of another program, since the system's stamp of its arrival.
    pub(super) fn unread(&self) -> Option<Elapsed> {
        let written = self.served.map(|served| served.written);
        let since_written = written.map(|written| self.outcome.done.since(written));
        let unread = since_written.or(self.outcome.unread);
        unread.filter(|_| self.completed())
    }

    /// True if it was given up before its patience was over, because the run ended.
    pub(super) fn cut_short(&self, patience: Elapsed) -> bool {
        self.outcome.was_cut_off(patience)
    }

    /// True if load never sent it. A refused request counts as sent.
    pub(super) fn unsent(&self) -> bool {
        self.outcome.sent < self.outcome.due && self.outcome.failure != Some(Failure::Refused)
    }

    /// Returns the interval for which it was at the door: sent, and not accepted by a worker.
    ///
    /// A later request of a keep-alive connection is never at the door: its worker has the connection
    /// already. A request that no worker reports was there until the first sign of a worker that had it, or
    /// until its end if it was refused or ran out of patience. A connection that was reset had been
    /// accepted by a worker, which then died: without a sign of the accept, its time at the door is 0.
    pub(super) fn at_the_door(&self) -> Option<(Stamp, Stamp)> {
        let outcome = self.outcome;
        let until = match (self.served, outcome.failure) {
            (Some(served), _) => served.accepted.min(outcome.done),
            (None, Some(Failure::Timeout | Failure::Refused)) => {
                self.begun.unwrap_or(outcome.done).min(outcome.done)
            }
            (None, Some(Failure::Reset)) => self.begun?.min(outcome.done),
            (None, _) => return None,
        };
        (outcome.opened && outcome.sent < until).then_some((outcome.sent, until))
    }
}
