//! Direct access to the operating system, with the `unsafe` code that it needs.
//!
//! Nothing outside this folder names `libc`, `nix`, `rustix` or a raw descriptor's number. Code for Linux
//! has a portable counterpart with the same interface beside it.

#![expect(unsafe_code, reason = "this is the room for it; see ARCHITECTURE.md")]

pub mod child;
pub mod clock;
pub mod connect;
mod control_sequences;
pub mod files;
pub mod foreign;
pub mod fork;
pub mod generational_slab;
pub mod interrupt;
pub mod isolated;
pub mod listeners;
pub mod memory;
pub mod net;
pub mod pipe;
pub mod poller;
pub mod processes;
pub mod receive;
pub mod shared;
pub mod signals;
#[cfg(target_os = "linux")]
mod socket_diagnosis;
pub mod terminal;

use std::fmt;

/// Error of an operation that the operating system refused.
///
/// Its text is "failed to {doing}: {source}".
#[derive(Debug, thiserror::Error)]
pub struct Error {
    /// The operation, fit for "failed to …": `map 64 KiB of shared memory`.
    pub doing: String,
    /// Error of the operating system.
    pub source: std::io::Error,
}

/// Result of the operations of this module.
pub type Result<T> = std::result::Result<T, Error>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}: {}", self.doing, self.source)
    }
}

/// Adds the operation to a bare error of the operating system.
pub trait ErrorContext<T> {
    /// Adds the operation, fit for "failed to …".
    fn doing(self, what: impl Into<String>) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> ErrorContext<T> for std::result::Result<T, E> {
    fn doing(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| Error {
            doing: what.into(),
            source: source.into(),
        })
    }
}
