//! Recordings on disk: written during the run, so that a crash loses a moment and not the run.
//!
//! ```text
//!   FOLDER/plan.json          what was played: the plan, with the scenario's text and fingerprint
//!   FOLDER/1-sync.rec         one file for each variant that was played, in order
//!   FOLDER/2-coroutine.rec
//!   FOLDER/summary.json       the summary as `--json` prints it, once the run is over
//!   FOLDER/repeats/2/…        the same of the second repeat, if there are several; FOLDER itself has the first
//! ```
//!
//! A reader that meets an unknown version, chunk or event reports it by name, and returns what it read up
//! to there.

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

use std::path::{Path, PathBuf};

use concsim_model::scenario::Plan;
use serde::{Deserialize, Serialize};

/// Version of this format: of the plan's file, and of each recording's (in its first line).
const FORMAT: u32 = 1;
/// File with the plan.
pub const PLAN: &str = "plan.json";
/// File with the summary.
pub const SUMMARY: &str = "summary.json";
/// Extension of a variant's file.
pub const EXTENSION: &str = "rec";

/// Folder of all repeats but the first.
const REPEATS: &str = "repeats";
/// Largest number of repeats of a run.
const MOST_REPEATS: usize = 100_000;

/// Returns the folder of a repeat, counted from 1, of the run stored in `folder`, which is that of the first.
#[must_use]
pub fn repeat_folder(folder: &Path, repeat: usize) -> PathBuf {
    if repeat <= 1 {
        folder.to_owned()
    } else {
        folder.join(REPEATS).join(repeat.to_string())
    }
}

/// Returns the number of repeats stored in a folder.
#[must_use]
pub fn repeat_count(folder: &Path) -> usize {
    let is_there = |repeat: &usize| repeat_folder(folder, *repeat).join(PLAN).is_file();
    1 + (2..=MOST_REPEATS).take_while(is_there).count()
}

/// True if the run stored in this folder was played to its end.
#[must_use]
pub fn has_result(folder: &Path) -> bool {
    folder.join(SUMMARY).is_file()
}

/// Content of the plan's file: the plan, and the version of its writer.
#[derive(Debug, Serialize, Deserialize)]
struct PlanFile<Plan> {
    /// [`FORMAT`] of its writer.
    #[serde(default = "first")]
    format: u32,
    /// Version of the program that wrote it. Empty in files from before this field.
    #[serde(default)]
    concsim: String,
    #[serde(flatten)]
    plan: Plan,
}

/// Format of a plan's file without a format field.
fn first() -> u32 {
    1
}

/// Returns the content of the plan's file.
///
/// # Panics
/// Never: a plan is always JSON.
#[must_use]
pub fn plan_file(plan: &Plan) -> Vec<u8> {
    let written = PlanFile {
        format: FORMAT,
        concsim: env!("CARGO_PKG_VERSION").into(),
        plan,
    };
    serde_json::to_vec_pretty(&written).expect("a plan is always JSON")
}
