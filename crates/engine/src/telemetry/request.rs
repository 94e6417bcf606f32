//! What is said of one request: by its client, and by the worker that had it.

use serde::{Deserialize, Serialize};

use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Why a coroutine let go of its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwitchReason {
    /// It ended.
    Ended = 0,
    /// It stays ready.
    Yielded = 1,
    /// It waits for bytes from its client, or for room for bytes to its client.
    Client = 2,
    /// It waits for a service.
    Service = 3,
    /// It waits for a timer.
    Timer = 4,
}

impl SwitchReason {
    pub(super) fn from_raw(word: u64) -> Option<Self> {
        Some(match word {
            0 => Self::Ended,
            1 => Self::Yielded,
            2 => Self::Client,
            3 => Self::Service,
            4 => Self::Timer,
            _ => return None,
        })
    }
}

/// A stretch in which one request had a worker. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSlice {
    /// Since when it could have run: its wait was over, or its worker had taken it.
    pub ready: Stamp,
    /// When it got the worker.
    pub from: Stamp,
    /// When it let go.
    pub to: Stamp,
    /// The task, or the connection.
    pub task: u32,
    /// The request that it was working for when it let go; [`super::NO_REQUEST`] if for none.
    pub request: u32,
    /// Why it let go.
    pub then: SwitchReason,
    /// When the timer that it waits for from then on is due. [`None`] if it waits for none, or if that was
    /// not known yet; in recordings that do not say it, too.
    pub due: Option<Stamp>,
    /// The core on which it let go; [`None`] where the platform cannot tell.
    pub core: Option<u32>,
}

/// A request on its way to the server. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its number in the run, from 0.
    pub request: u32,
    /// Index of what was asked for, into the scenario's requests.
    pub class: u16,
    /// When it should have been sent.
    pub due: Stamp,
    /// When it was sent.
    pub sent: Stamp,
    /// Its connection: the number of its client's end (address and port), or in a simulation a number of its own. `None` in recordings that
    /// do not say it.
    pub connection: Option<u32>,
    /// Whether it was the first request of its connection; only said where that is known.
    pub opened: bool,
}

/// What became of one request inside a worker. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Its number in the run, from `n=`; [`super::NO_REQUEST`] if it had none.
    pub request: u32,
    /// The task that played it.
    pub task: u32,
    /// When its worker took it: the accept, for the first of a connection; the first read, for a
    /// later one.
    pub accepted: Stamp,
    /// When its first byte was read.
    pub first_read: Stamp,
    /// When its last byte was written.
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

/// Why a request failed, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The connection was refused.
    Refused = 1,
    /// The connection was reset, or ended in the middle of the answer.
    Reset = 2,
    /// No whole answer within `patience`.
    Timeout = 3,
    /// A whole answer with a status other than 2xx.
    Status = 4,
}

impl Failure {
    /// The word for it in data.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Status => "status",
        }
    }
}

/// What became of one request, as its client saw it. All instants on the run's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its number in the run, from 0.
    pub request: u32,
    /// Index of what was asked for, into the scenario's requests.
    pub class: u16,
    /// HTTP status; 0 without a whole answer.
    pub status: u16,
    /// `None`: a good answer.
    pub failure: Option<Failure>,
    /// Whether it was the first request of its connection.
    pub opened: bool,
    /// When it should have been sent.
    pub due: Stamp,
    /// When it was sent.
    pub sent: Stamp,
    /// When the first byte of the answer came; zero if none did.
    pub first_byte: Stamp,
    /// When the last byte of the answer came, or when it failed.
    pub done: Stamp,
}

/// The status of an answer that came, or why none did, as an outcome says it: only 200 to 299 is good.
#[must_use]
pub fn status_and_failure(verdict: Result<u16, Failure>) -> (u16, Option<Failure>) {
    match verdict {
        Ok(status @ 200..300) => (status, None),
        Ok(status) => (status, Some(Failure::Status)),
        Err(failure) => (0, Some(failure)),
    }
}

impl Outcome {
    /// From due to its end. A failed one counts as if it had been waited for to the end of patience.
    #[must_use]
    pub fn latency(&self, patience: Elapsed) -> Elapsed {
        let latency = self.done.since(self.due);
        match self.failure {
            Some(_) => latency.max(patience),
            None => latency,
        }
    }

    /// Whether it was given up before its patience was over, since the run had to end: how long it would
    /// have taken, nobody knows.
    #[must_use]
    pub fn was_cut_off(&self, patience: Elapsed) -> bool {
        self.failure == Some(Failure::Timeout) && self.done.since(self.due) < patience
    }

    /// The same from when it was really sent.
    #[must_use]
    pub fn since_sent(&self, patience: Elapsed) -> Elapsed {
        let elapsed = self.done.since(self.sent);
        match self.failure {
            Some(_) => elapsed.max(patience),
            None => elapsed,
        }
    }
}
