//! What an engine's process says to the driver in words: one line of JSON on its standard output.
//!
//! Numbers go through shared memory; words are for the few things that happen once.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// One line from a child of the driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildMessage {
    /// It is ready; the server at its one address, the services at one each.
    Ready {
        /// Where it listens.
        addresses: Vec<SocketAddr>,
    },
    /// It cannot go on, and why: a fragment fit for "failed to …".
    Failed {
        /// The reason.
        reason: String,
    },
    /// An answer points elsewhere: the first with this status.
    Redirected {
        /// 300 to 399.
        status: u16,
        /// Its `Location`.
        location: String,
    },
    /// Something worth telling: "worker 1 (pid 4242) was killed by signal 9, respawned".
    Note {
        /// A sentence.
        text: String,
    },
}

impl ChildMessage {
    /// Says it, at once.
    ///
    /// # Errors
    /// When nobody listens any more.
    pub fn say(&self, voice: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_string(self).expect("words are always JSON");
        line.push('\n');
        voice.write_all(line.as_bytes())?;
        voice.flush()
    }

    /// What a line says. A line that is no JSON (a panic's message, say) is a note.
    #[must_use]
    pub fn from_line(line: &str) -> Self {
        serde_json::from_str(line).unwrap_or_else(|_| Self::Note {
            text: line.trim_end().to_owned(),
        })
    }
}
