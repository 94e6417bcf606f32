//! Orders of the driver to the observer, and the reasons for which it cannot go on.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::sys::clock::Clock;
use concsim_model::scenario::Scenario;

/// Orders of the driver to the observer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Clock of the run.
    pub clock: Clock,
    /// Scenario, with the command of the server.
    pub scenario: Scenario,
    /// Addresses of the services, in the scenario's order.
    pub services: Vec<SocketAddr>,
    /// Server that runs already; [`None`] to start one.
    pub running: Option<RunningServer>,
}

/// Server that runs already: it is neither started nor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningServer {
    /// Its first process: a master, or the only worker.
    pub pid: u32,
    /// Address at which it listens.
    pub address: SocketAddr,
    /// Number of its workers.
    pub workers: usize,
    /// True if no load is played, so that its connections are counted.
    pub is_alone: bool,
}

/// Reasons why the observer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system refused an operation.
    #[error(transparent)]
    System(#[from] crate::sys::Error),
    /// The server ended by itself.
    #[error("go on: `{command}` ended with {how}{output}")]
    Ended {
        /// Its command.
        command: String,
        /// Description of its end.
        how: String,
        /// Last lines of its output, each after a line break.
        output: String,
    },
    /// The server that ran already ended by itself.
    #[error("go on: process {0} has ended")]
    Vanished(u32),
}
