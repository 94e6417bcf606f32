//! Messages of an engine's process to the driver: one line of JSON each on its standard output.
//!
//! Numbers go through shared memory; messages are for the few things that happen once.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Message of a child of the driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildMessage {
    /// The child is ready; the server at its one address, the services at one each.
    Ready {
        /// Addresses that it listens on.
        addresses: Vec<SocketAddr>,
    },
    /// The child cannot go on.
    Failed {
        /// Reason: a fragment fit for "failed to …".
        reason: String,
    },
    /// An answer redirects: the first one with this status.
    Redirected {
        /// Status, 300 to 399.
        status: u16,
        /// Its `Location`.
        location: String,
    },
    /// A note: "worker 1 (pid 4242) was killed by signal 9, respawned".
    Note {
        /// One sentence.
        text: String,
    },
}

impl ChildMessage {
    /// Writes the message and flushes.
    ///
    /// # Errors
    /// Fails if the reading end is closed.
    pub fn write_line(&self, output: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_string(self).expect("words are always JSON");
        line.push('\n');
        output.write_all(line.as_bytes())?;
        output.flush()
    }

    /// Parses a line. A line that is not JSON (such as a panic's message) is a note.
    #[must_use]
    pub fn from_line(line: &str) -> Self {
        serde_json::from_slice(line.as_bytes()).unwrap_or_else(|_| Self::Note {
            text: line.trim_end().to_owned(),
        })
    }
}
