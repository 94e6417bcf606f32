//! The stages of a run.

use serde::{Deserialize, Serialize};

/// Stage that is being played. Written by load (or by the driver, if there is no load).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Processes are being started.
    #[default]
    Preparing = 0,
    /// Played, not counted.
    WarmUp = 1,
    /// The counted window.
    Counting = 2,
    /// No new request is due; the run waits for the last answers.
    Draining = 3,
    /// Every request has ended.
    Done = 4,
}
