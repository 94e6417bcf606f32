//! The stages of a run.

use serde::{Deserialize, Serialize};

/// What is being played just now. Written by load (or by the driver, where there is no load).
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
    /// Nothing new is due; stragglers are waited for.
    Draining = 3,
    /// Every request has ended.
    Done = 4,
}
