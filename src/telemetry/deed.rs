//! What somebody did to a run while it went on. Each deed is a marker in the recording.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::units::three_digits;

/// A deed, and on whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
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
    /// So much load from now on, in thousandths of what the scenario says.
    SetLoad(u32),
}

impl Deed {
    /// The deed as two numbers: which, and on whom or how much.
    pub(super) fn to_numbers(self) -> (u32, u32) {
        match self {
            Self::AddWorker => (1, 0),
            Self::RemoveWorker => (2, 0),
            Self::KillWorker(slot) => (3, u32::from(slot)),
            Self::StopWorker(slot) => (4, u32::from(slot)),
            Self::ContinueWorker(slot) => (5, u32::from(slot)),
            Self::Reload => (6, 0),
            Self::SetLoad(thousandths) => (7, thousandths),
        }
    }

    /// The deed that these numbers are, if this version knows it.
    pub(super) fn from_numbers(which: u32, on: u32) -> Option<Self> {
        let slot = u16::try_from(on).ok();
        Some(match which {
            1 => Self::AddWorker,
            2 => Self::RemoveWorker,
            3 => Self::KillWorker(slot?),
            4 => Self::StopWorker(slot?),
            5 => Self::ContinueWorker(slot?),
            6 => Self::Reload,
            7 => Self::SetLoad(on),
            _ => return None,
        })
    }
}

/// As a caption: `worker B was stopped`.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |slot: u16| crate::units::letter(usize::from(slot));
        match *self {
            Self::AddWorker => f.write_str("a worker was added"),
            Self::RemoveWorker => f.write_str("a worker was sent home"),
            Self::KillWorker(slot) => write!(f, "worker {} was killed", name(slot)),
            Self::StopWorker(slot) => write!(f, "worker {} was stopped", name(slot)),
            Self::ContinueWorker(slot) => write!(f, "worker {} goes on", name(slot)),
            Self::Reload => f.write_str("all workers are replaced"),
            Self::SetLoad(thousandths) => {
                let times = three_digits(f64::from(thousandths) / 1e3);
                write!(f, "load is {times} times the scenario's")
            }
        }
    }
}
