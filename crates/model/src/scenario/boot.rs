//! Boot of a worker process: between its fork and its first accept it loads the application, which uses a core.

use serde::{Deserialize, Serialize};

use super::Server;
use super::problem::Problem;
use super::tree::Node;
use crate::units::{CpuTime, Elapsed};

/// Word for an application that cannot be loaded.
pub(super) const FAILS: &str = "fails";

/// Loading of the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Boot {
    /// It takes this much CPU time.
    Takes(CpuTime),
    /// It cannot be loaded: the first worker exits with status 4, and the server ends.
    Fails,
}

impl Default for Boot {
    fn default() -> Self {
        Self::Takes(CpuTime::ZERO)
    }
}

impl Boot {
    /// True if it takes no time, as in recordings of the time before it.
    pub(super) fn is_immediate(&self) -> bool {
        *self == Self::default()
    }

    /// CPU time that it takes; 0 if it fails.
    #[must_use]
    pub fn cpu(self) -> CpuTime {
        match self {
            Self::Takes(cpu) => cpu,
            Self::Fails => CpuTime::ZERO,
        }
    }
}

impl Server {
    /// Returns the CPU time that each worker process needs before it can accept: none if the master process loads
    /// the application before it forks.
    #[must_use]
    pub fn boot_of_a_worker(&self) -> CpuTime {
        if self.preload {
            CpuTime::ZERO
        } else {
            self.boot.cpu()
        }
    }

    /// Returns the problem of workers that are killed before they can accept.
    pub(super) fn mistake_of_boot(&self, node: &Node) -> Option<Problem> {
        let boot = Elapsed(self.boot_of_a_worker().0);
        let timeout = self.timeout.filter(|timeout| *timeout <= boot)?;
        let message = format!("a worker that boots for {boot} is killed before it serves");
        Some(
            Problem::new(&node.place, message)
                .legal(format!("less than `server.timeout`, which is {timeout}"))
                .hint("or load the application once, before the forks: preload = true".to_owned())
                .of_the_whole(),
        )
    }
}
