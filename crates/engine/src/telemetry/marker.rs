//! Marker of an intervention in the recording of a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use concsim_model::scenario::Intervention;
use concsim_model::units::{Stamp, letter, three_digits};

/// Intervention at an instant of a run, by hand or by its timeline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    /// Instant of the intervention.
    pub at: Stamp,
    /// The intervention.
    pub intervention: Intervention,
    /// Slot of the worker that it hit; [`None`] if it is on no single worker.
    pub worker: Option<u16>,
    /// Index of the scenario's timeline event that caused it; [`None`] if it was made by hand.
    pub timeline_event: Option<u16>,
}

impl Marker {
    /// Encodes the intervention as its kind and its target or amount.
    pub(super) fn to_numbers(self) -> (u32, u64) {
        let slot = u64::from(self.worker.unwrap_or(0));
        match self.intervention {
            Intervention::AddWorker => (1, 0),
            Intervention::RemoveWorker => (2, 0),
            Intervention::KillWorker => (3, slot),
            Intervention::StopWorker => (4, slot),
            Intervention::ContinueWorker => (5, slot),
            Intervention::Reload => (6, 0),
            Intervention::SetLoad(thousandths) => (7, u64::from(thousandths)),
            Intervention::SetRate(rate) => (8, millionths(rate)),
            Intervention::SetClients(clients) => (9, clients as u64),
            Intervention::Send(class) => (10, class as u64),
        }
    }

    /// Decodes an intervention and the worker that it hit; `None` if this version does not know its kind.
    pub(super) fn from_numbers(which: u32, on: u64) -> Option<(Intervention, Option<u16>)> {
        let small = u16::try_from(on).ok();
        let intervention = match which {
            1 => Intervention::AddWorker,
            2 => Intervention::RemoveWorker,
            3 => return Some((Intervention::KillWorker, Some(small?))),
            4 => return Some((Intervention::StopWorker, Some(small?))),
            5 => return Some((Intervention::ContinueWorker, Some(small?))),
            6 => Intervention::Reload,
            7 => Intervention::SetLoad(u32::try_from(on).ok()?),
            8 => Intervention::SetRate(on as f64 / 1e6),
            9 => Intervention::SetClients(u32::try_from(on).ok()? as usize),
            10 => Intervention::Send(usize::from(small?)),
            _ => return None,
        };
        Some((intervention, None))
    }
}

/// Returns a rate in requests per million seconds: the form in which it crosses processes and is recorded.
#[must_use]
pub fn millionths(rate: f64) -> u64 {
    (rate * 1e6).round() as u64
}

/// Caption: `worker B was stopped`.
impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worker = self.worker.map_or_else(
            || "a worker".to_owned(),
            |slot| format!("worker {}", letter(usize::from(slot))),
        );
        match self.intervention {
            Intervention::AddWorker => f.write_str("a worker was added"),
            Intervention::RemoveWorker => f.write_str("a worker was removed"),
            Intervention::KillWorker => write!(f, "{worker} was killed"),
            Intervention::StopWorker => write!(f, "{worker} was stopped"),
            Intervention::ContinueWorker => write!(f, "{worker} goes on"),
            Intervention::Reload => f.write_str("all workers are replaced"),
            Intervention::SetLoad(thousandths) => {
                let times = three_digits(f64::from(thousandths) / 1e3);
                write!(f, "load is {times} times the scenario's")
            }
            Intervention::SetRate(rate) => {
                write!(f, "{}/s come from now on", three_digits(rate))
            }
            Intervention::SetClients(1) => f.write_str("there is 1 client from now on"),
            Intervention::SetClients(clients) => {
                write!(f, "there are {clients} clients from now on")
            }
            Intervention::Send(_) => f.write_str("a request was sent"),
        }
    }
}
