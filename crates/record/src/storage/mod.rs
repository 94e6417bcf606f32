//! A recording on disk: written while it grows, so that a crash loses a moment and not the run.
//!
//! ```text
//!   FOLDER/plan.json          what was played: the plan, with the scenario's text and fingerprint
//!   FOLDER/1-sync.rec         one file for each variant that was played, in order
//!   FOLDER/2-coroutine.rec
//!   FOLDER/summary.json       the summary as `--json` prints it, once the run is over
//! ```
//!
//! A reader that meets a version, a chunk or an event that it does not know says so by name, and gives
//! what it read up to there.

mod bounds;
mod chunk;
mod encoder;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use chunk::Corruption;
pub use reader::{StoredRun, Unreadable, open, read};
pub use writer::RecordingWriter;

use std::path::Path;

use concsim_model::scenario::Plan;
use serde::{Deserialize, Serialize};

/// The version of this form: of the plan's file, and of each recording's (in its first line).
const FORMAT: u32 = 1;
/// The file with what was played.
pub const PLAN: &str = "plan.json";
/// The file with the result.
pub const SUMMARY: &str = "summary.json";
/// The ending of the file of a variant.
pub const EXTENSION: &str = "rec";

/// Whether a run that is kept in this folder was played to its end.
#[must_use]
pub fn has_result(folder: &Path) -> bool {
    folder.join(SUMMARY).is_file()
}

/// What the plan's file holds: the plan, and who wrote it.
#[derive(Debug, Serialize, Deserialize)]
struct Written<Plan> {
    /// [`FORMAT`] of whoever wrote it.
    #[serde(default = "first")]
    format: u32,
    /// Its version. Empty: it did not say so yet.
    #[serde(default)]
    concsim: String,
    #[serde(flatten)]
    plan: Plan,
}

/// The form of a plan's file that does not say which it has.
fn first() -> u32 {
    1
}

/// The content of the file with what was played.
///
/// # Panics
/// Never: a plan is always JSON.
#[must_use]
pub fn plan_file(plan: &Plan) -> Vec<u8> {
    let written = Written {
        format: FORMAT,
        concsim: env!("CARGO_PKG_VERSION").into(),
        plan,
    };
    serde_json::to_vec_pretty(&written).expect("a plan is always JSON")
}
