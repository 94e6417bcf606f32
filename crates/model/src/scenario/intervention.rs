//! Interventions in a run, by hand or by its timeline. Scenarios, keys, both engines and recordings have this one
//! type; the worker that an intervention hits is known only when it is made, and is part of its marker.

use serde::{Deserialize, Serialize};

/// Intervention in a run: an action on its server or on its load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// Adds a worker (SIGTTIN to the arbiter).
    AddWorker,
    /// Retires the oldest worker (SIGTTOU to the arbiter).
    RemoveWorker,
    /// Kills a worker (SIGKILL); another takes its place.
    KillWorker,
    /// Stops a worker (SIGSTOP), without notice.
    StopWorker,
    /// Continues a stopped worker (SIGCONT).
    ContinueWorker,
    /// Replaces all workers by new ones (SIGHUP to the arbiter).
    Reload,
    /// Open load: new rate, per second.
    SetRate(f64),
    /// Closed load: new number of clients.
    SetClients(usize),
    /// Sends one extra request of this class: an index into [`super::Scenario::requests`].
    Send(usize),
    /// Factor of the load, in thousandths of the scenario's. Only in older recordings: newer ones have
    /// [`Self::SetRate`] and [`Self::SetClients`].
    #[serde(skip)]
    SetLoad(u32),
}

impl Intervention {
    /// Returns the class of the request that it sends, as an index into the scenario's requests.
    #[must_use]
    pub fn class(self) -> Option<usize> {
        match self {
            Self::Send(class) => Some(class),
            Self::AddWorker
            | Self::RemoveWorker
            | Self::KillWorker
            | Self::StopWorker
            | Self::ContinueWorker
            | Self::Reload
            | Self::SetLoad(_)
            | Self::SetRate(_)
            | Self::SetClients(_) => None,
        }
    }

    /// True if its target is one of the workers that are present.
    #[must_use]
    pub fn needs_a_worker(self) -> bool {
        self.can_target(true) || self.can_target(false)
    }

    /// True if a worker that is present, and stopped or not, can be its target. The target is the first such worker.
    #[must_use]
    pub fn can_target(self, is_stopped: bool) -> bool {
        match self {
            Self::KillWorker => true,
            Self::StopWorker => !is_stopped,
            Self::ContinueWorker => is_stopped,
            Self::AddWorker
            | Self::RemoveWorker
            | Self::Reload
            | Self::SetRate(_)
            | Self::SetClients(_)
            | Self::Send(_)
            | Self::SetLoad(_) => false,
        }
    }

    /// True if it changes the load, which carries it out by itself if the timeline has it.
    #[must_use]
    pub fn is_in_the_load(self) -> bool {
        match self {
            Self::SetRate(_) | Self::SetClients(_) | Self::Send(_) | Self::SetLoad(_) => true,
            Self::AddWorker
            | Self::RemoveWorker
            | Self::KillWorker
            | Self::StopWorker
            | Self::ContinueWorker
            | Self::Reload => false,
        }
    }
}

/// Change of a live run by its user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Steer {
    /// This intervention.
    Intervene(Intervention),
    /// More clients, or a higher rate.
    MoreLoad,
    /// Fewer clients, or a lower rate.
    LessLoad,
}
