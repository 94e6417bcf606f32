//! Reports about one request: by its client, and by the worker that served it.

use serde::{Deserialize, Serialize};

use super::coded::coded;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

coded! {
    /// Reason for a coroutine to let go of its worker.
    pub enum SwitchReason {
        /// It ended.
        Ended = 0, "ended";
        /// It stays ready.
        Yielded = 1, "yielded";
        /// It waits for bytes from its client, or for room for bytes to its client.
        Client = 2, "client";
        /// It waits for a service.
        Service = 3, "service";
        /// It waits for a timer.
        Timer = 4, "timer";
    }
}

/// Interval in which one request had a worker. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSlice {
    /// Instant since which it could have run: the end of its wait, or its accept.
    pub ready: Stamp,
    /// Instant at which it got the worker.
    pub from: Stamp,
    /// Instant at which it let go.
    pub to: Stamp,
    /// Number of the task, or of the connection.
    pub task: u32,
    /// Request that it worked for when it let go; [`super::NO_REQUEST`] for none.
    pub request: u32,
    /// Reason to let go.
    pub then: SwitchReason,
    /// Instant of the timer that it waits for from then on. [`None`] if it waits for none, if the instant
    /// was not known yet, or in recordings that lack it.
    pub due: Option<Stamp>,
    /// Core on which it let go; [`None`] if the platform does not report it.
    pub core: Option<u32>,
}

/// Request on its way to the server. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentRequest {
    /// Number in the run, from 0.
    pub request: u32,
    /// Index of its class, into the scenario's requests.
    pub class: u16,
    /// Instant at which it was due.
    pub due: Stamp,
    /// Instant at which it was sent.
    pub sent: Stamp,
    /// Number of its connection: of its client's end (address and port), in a simulation a number of its
    /// own. `None` in recordings that lack it.
    pub connection: Option<u32>,
    /// True if it is known to be the first request of its connection.
    pub opened: bool,
}

/// Outcome of one request in a worker. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Number in the run, from `n=`; [`super::NO_REQUEST`] if it had none.
    pub request: u32,
    /// Task that served it.
    pub task: u32,
    /// Instant at which its worker took it: the accept for the first one of a connection, the first read
    /// for a later one.
    pub accepted: Stamp,
    /// Instant at which its first byte was read.
    pub first_read: Stamp,
    /// Instant at which its last byte was written.
    pub written: Stamp,
    /// Sum over its waits of (over − begun): parked, or blocked.
    pub waited: Elapsed,
    /// Sum over its waits of (resumed − over): ready, while its worker ran another.
    pub ready: Elapsed,
    /// Wall time of its compute steps that was not core time.
    pub core_wait: Elapsed,
    /// Core time of its compute steps.
    pub cpu: CpuTime,
}

coded! {
    /// Reason why a request failed, as its client saw it.
    pub enum Failure {
        /// The connection was refused.
        Refused = 1, "refused";
        /// The connection was reset, or ended in the middle of the answer.
        Reset = 2, "reset";
        /// No whole answer within `load.patience`.
        Timeout = 3, "timeout";
        /// A whole answer with a status other than 2xx.
        Status = 4, "status";
    }
}

/// Outcome of one request, as its client saw it. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Number in the run, from 0.
    pub request: u32,
    /// Index of its class, into the scenario's requests.
    pub class: u16,
    /// HTTP status; 0 without a whole answer.
    pub status: u16,
    /// Reason of the failure; `None` for a good answer.
    pub failure: Option<Failure>,
    /// True if it was the first request of its connection.
    pub opened: bool,
    /// Instant at which it was due.
    pub due: Stamp,
    /// Instant at which it was sent.
    pub sent: Stamp,
    /// Instant at which the first byte of the answer came; zero if none did.
    pub first_byte: Stamp,
    /// Instant at which the last byte of the answer was read, or at which the request failed.
    pub done: Stamp,
    /// Time for which that byte had lain unread, by the system's stamp of its arrival; `None` without a stamp.
    #[serde(default)]
    pub unread: Option<Elapsed>,
}

/// Returns status and failure of an outcome, from the status of a whole answer or the failure: only 200 to
/// 299 is good.
fn status_and_failure(verdict: Result<u16, Failure>) -> (u16, Option<Failure>) {
    match verdict {
        Ok(status @ 200..300) => (status, None),
        Ok(status) => (status, Some(Failure::Status)),
        Err(failure) => (0, Some(failure)),
    }
}

impl Outcome {
    /// Returns the outcome of a request at `done`. `verdict` has the status of a whole answer.
    #[must_use]
    pub fn of(
        sent: SentRequest,
        first_byte: Stamp,
        verdict: Result<u16, Failure>,
        done: Stamp,
    ) -> Self {
        let (status, failure) = status_and_failure(verdict);
        Self {
            request: sent.request,
            class: sent.class,
            status,
            failure,
            opened: sent.opened,
            due: sent.due,
            sent: sent.sent,
            first_byte,
            done,
            unread: None,
        }
    }

    /// Time from due to end. A failed request counts at least its whole patience.
    #[must_use]
    pub fn latency(&self, patience: Elapsed) -> Elapsed {
        let latency = self.done.since(self.due);
        match self.failure {
            Some(_) => latency.max(patience),
            None => latency,
        }
    }

    /// True if the end of the run cut it off before its patience was over: the time that it would have
    /// taken is unknown.
    #[must_use]
    pub fn was_cut_off(&self, patience: Elapsed) -> bool {
        self.failure == Some(Failure::Timeout) && self.done.since(self.due) < patience
    }

    /// Time from the actual send to the end. A failed request counts at least its whole patience.
    #[must_use]
    pub fn since_sent(&self, patience: Elapsed) -> Elapsed {
        let elapsed = self.done.since(self.sent);
        match self.failure {
            Some(_) => elapsed.max(patience),
            None => elapsed,
        }
    }
}
