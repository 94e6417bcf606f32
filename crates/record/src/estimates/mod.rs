//! Numbers of repeats: each is an estimate with an interval, in place of a number of one run.

mod contrast;
mod estimate;
mod merged;
mod tree;
mod words;

use serde::{Serialize, Serializer};
use serde_json::Value;

pub use self::contrast::{ContrastIntervals, Pairing, Range, compare, ratio};
pub use self::estimate::{Estimate, LEVEL, Stop};
pub(crate) use self::merged::MergedSummary;
pub(crate) use self::tree::Tree;
pub use self::words::{times, with_error};

/// All numbers of a variant's repeats, behind its summary.
#[derive(Clone, Debug)]
pub struct RepeatNumbers {
    summary: Tree,
    numbers: Value,
    merged: MergedSummary,
    stop: Stop,
    seeds: Vec<u64>,
}

impl RepeatNumbers {
    /// Returns the numbers of the repeats with these seeds.
    pub(crate) fn new(merged: MergedSummary, stop: Stop, seeds: Vec<u64>) -> Self {
        Self {
            summary: merged.summary(),
            numbers: merged.numbers(),
            merged,
            stop,
            seeds,
        }
    }

    /// Returns the estimate at a path of the summary: `latency_ms.p50`.
    #[must_use]
    pub fn estimate(&self, path: &str) -> Option<Estimate> {
        self.merged.estimate(path)
    }

    /// Returns every number as claims find it.
    pub(crate) fn numbers(&self) -> &Value {
        &self.numbers
    }

    /// Returns the number of repeats that the numbers rest on.
    #[must_use]
    pub fn count(&self) -> usize {
        self.seeds.len()
    }

    /// Returns the seeds of these repeats.
    #[must_use]
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// Returns the rule for the ends of intervals.
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop
    }
}

impl Serialize for RepeatNumbers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.summary.serialize(serializer)
    }
}
