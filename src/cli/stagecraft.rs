//! What has to be put back if the driver is killed, and who is told.

use std::os::fd::BorrowedFd;

use serde::Serialize;

use crate::server::arbiter;
use crate::sys::terminal::Modes;

/// The terminal that is being drawn on, for the arbiter to restore if the driver is killed.
#[derive(Clone, Copy, Debug)]
pub struct Stagecraft {
    /// The terminal.
    pub terminal: BorrowedFd<'static>,
    /// Its modes before the screen was taken over.
    pub modes: Modes,
}

/// What the arbiter's process is told: the server to run, and the terminal it may have to restore.
#[derive(Debug, Serialize, serde::Deserialize)]
pub struct ArbiterOrders {
    /// The server to run.
    pub server: arbiter::Orders,
    /// How the terminal was, if there is one to keep.
    pub modes: Option<Modes>,
}
