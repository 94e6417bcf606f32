//! The causes for the end of a worker's process, as far as its arbiter knows.

use serde::{Deserialize, Serialize};

/// Action of the arbiter to end a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminationCause {
    /// Its heartbeat was older than `server.timeout`: aborted, and killed if it did not obey.
    Silent = 1,
    /// It was told to finish: by one worker fewer, a reload, `server.max_requests`, or the server's end.
    Retired = 2,
    /// It was told to finish, and had not within `server.graceful_timeout`: killed.
    Overdue = 3,
}

impl TerminationCause {
    /// Returns its word in data.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Retired => "retired",
            Self::Overdue => "overdue",
        }
    }

    /// Decodes a cause that another process wrote; `None` if it is none.
    pub(super) fn from_raw(word: u64) -> Option<Self> {
        Some(match word {
            1 => Self::Silent,
            2 => Self::Retired,
            3 => Self::Overdue,
            _ => return None,
        })
    }
}
