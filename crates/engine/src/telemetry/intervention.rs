//! Interventions in a run that goes on, by hand or by its timeline. Each is a marker in the recording.

use std::fmt;

use serde::{Deserialize, Serialize};

use concsim_model::units::{Stamp, three_digits};

/// Intervention at an instant of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Instant of the intervention.
    pub at: Stamp,
    /// The intervention.
    pub deed: Intervention,
    /// Index of the scenario's timeline entry that caused it; [`None`] if it was made by hand.
    pub cue: Option<u16>,
}

/// Intervention in a run, and its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intervention {
    /// One more worker (SIGTTIN to the arbiter).
    AddWorker,
    /// One worker fewer (SIGTTOU to the arbiter).
    RemoveWorker,
    /// SIGKILL to the worker of this slot.
    KillWorker(u16),
    /// SIGSTOP to it.
    StopWorker(u16),
    /// SIGCONT to it.
    ContinueWorker(u16),
    /// New workers in place of all (SIGHUP to the arbiter).
    Reload,
    /// Factor of the load, in thousandths of the scenario's. Only in older recordings: newer ones have the
    /// two kinds below.
    SetLoad(u32),
    /// Rate of arrivals from now on, in requests per million seconds.
    SetRate(u64),
    /// Number of clients from now on.
    SetClients(u32),
    /// Adds one request of this class.
    Send(u16),
}

impl Intervention {
    /// Encodes the intervention as its kind and its target or amount.
    pub(super) fn to_numbers(self) -> (u32, u64) {
        match self {
            Self::AddWorker => (1, 0),
            Self::RemoveWorker => (2, 0),
            Self::KillWorker(slot) => (3, u64::from(slot)),
            Self::StopWorker(slot) => (4, u64::from(slot)),
            Self::ContinueWorker(slot) => (5, u64::from(slot)),
            Self::Reload => (6, 0),
            Self::SetLoad(thousandths) => (7, u64::from(thousandths)),
            Self::SetRate(millionths) => (8, millionths),
            Self::SetClients(clients) => (9, u64::from(clients)),
            Self::Send(class) => (10, u64::from(class)),
        }
    }

    /// Decodes an intervention; `None` if this version does not know its kind.
    pub(super) fn from_numbers(which: u32, on: u64) -> Option<Self> {
        let slot = u16::try_from(on).ok();
        Some(match which {
            1 => Self::AddWorker,
            2 => Self::RemoveWorker,
            3 => Self::KillWorker(slot?),
            4 => Self::StopWorker(slot?),
            5 => Self::ContinueWorker(slot?),
            6 => Self::Reload,
            7 => Self::SetLoad(u32::try_from(on).ok()?),
            8 => Self::SetRate(on),
            9 => Self::SetClients(u32::try_from(on).ok()?),
            10 => Self::Send(slot?),
            _ => return None,
        })
    }
}

/// Caption: `worker B was stopped`.
impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |slot: u16| concsim_model::units::letter(usize::from(slot));
        match *self {
            Self::AddWorker => f.write_str("a worker was added"),
            Self::RemoveWorker => f.write_str("a worker was removed"),
            Self::KillWorker(slot) => write!(f, "worker {} was killed", name(slot)),
            Self::StopWorker(slot) => write!(f, "worker {} was stopped", name(slot)),
            Self::ContinueWorker(slot) => write!(f, "worker {} goes on", name(slot)),
            Self::Reload => f.write_str("all workers are replaced"),
            Self::SetLoad(thousandths) => {
                let times = three_digits(f64::from(thousandths) / 1e3);
                write!(f, "load is {times} times the scenario's")
            }
            Self::SetRate(millionths) => {
                write!(
                    f,
                    "{}/s come from now on",
                    three_digits(millionths as f64 / 1e6)
                )
            }
            Self::SetClients(1) => f.write_str("there is 1 client from now on"),
            Self::SetClients(clients) => write!(f, "there are {clients} clients from now on"),
            Self::Send(_) => f.write_str("a request was sent"),
        }
    }
}
