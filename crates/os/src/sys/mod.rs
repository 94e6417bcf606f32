//! The room with `unsafe`: everything that asks the operating system directly.
//!
//! Nothing outside this folder names `libc`, `nix`, `rustix` or a raw descriptor's number. What is
//! Linux's own stands beside a portable adapter with the same face.

#![expect(unsafe_code, reason = "this is the room for it; see ARCHITECTURE.md")]

pub mod child;
pub mod clock;
pub mod connect;
pub mod files;
pub mod fork;
pub mod generational_slab;
pub mod interrupt;
pub mod isolated;
pub mod memory;
pub mod net;
pub mod pipe;
pub mod poller;
pub mod processes;
pub mod shared;
pub mod signals;
pub mod terminal;

use std::fmt;

/// An operation that the operating system refused: what we were doing, and what it answered.
///
/// Reads as "failed to {doing}: {source}".
#[derive(Debug, thiserror::Error)]
pub struct Error {
    /// What was tried, fit for "failed to …": `map 64 KiB of shared memory`.
    pub doing: String,
    /// The operating system's answer.
    pub source: std::io::Error,
}

/// What the operations of this room return.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}: {}", self.doing, self.source)
    }
}

/// Names the operation that a bare error of the operating system belongs to.
pub trait Doing<T> {
    /// Adds what was being done, fit for "failed to …".
    fn doing(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error {
            doing: what.into(),
            source: source.into(),
        })
    }
}
