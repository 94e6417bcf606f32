//! Description of repeats: their number, the rule that ended them, warm-ups and pairs of variants.

use serde::{Deserialize, Serialize};

use crate::estimates::ContrastIntervals;
use crate::named::NamedValues;
use crate::trust::Reason;

/// Description of repeats in a summary.
#[derive(Clone, Debug, Serialize)]
pub struct RepeatsSummary {
    /// Number of repeats.
    pub count: usize,
    /// Number of repeats that the numbers rest on: all but those that are set aside.
    pub used: usize,
    /// Reason for which there are fewer than were asked for. Omitted if there are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// Repeats that prove nothing, and whether the numbers rest on them too. Omitted if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<DoubtfulReplication>,
    /// Seed of the first; the seed of each later one is larger by 1.
    pub first_seed: u64,
    /// Share of all experiments whose interval contains the true value.
    pub level: f64,
    /// Rule that ended the repeats. Omitted if their number was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Rule>,
    /// Warm-up of each variant, beside the one that its latencies ask for.
    pub warm_up: Vec<WarmUp>,
    /// Each later variant compared with the first.
    pub pairs: Vec<VariantPair>,
}

/// Reason for which fewer repeats were played than were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Partial {
    /// ^C.
    Interrupted,
    /// A repeat could not be played.
    Failed,
}

/// A rule by which the intervals decided the number of repeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Demanded half-width, as a share of the estimate.
    pub relative: f64,
    /// Largest number of repeats.
    pub cap: usize,
    /// Numbers whose intervals decide, as claims name them: `sync.throughput`.
    pub numbers: Vec<String>,
    /// True if all intervals are narrow enough; false if the cap ended the repeats.
    pub met: bool,
}

/// A variant of a repeat that proves nothing.
#[derive(Clone, Debug, Serialize)]
pub struct DoubtfulReplication {
    /// The repeat, from 1.
    pub repeat: usize,
    /// Its seed.
    pub seed: u64,
    /// The variant.
    pub variant: String,
    /// Reasons.
    pub because: Vec<Reason>,
    /// True if the numbers rest on this repeat nonetheless.
    pub used: bool,
}

/// Warm-up of a variant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WarmUp {
    /// The variant.
    pub variant: String,
    /// Length of its warm-up, in seconds.
    pub warmup_s: f64,
    /// Mean instant at which the first request is due that MSER-5 keeps of the mean latency series of all
    /// repeats, in seconds. Null if the series does not say.
    pub needed_s: Option<f64>,
    /// True if the warm-up is shorter.
    pub is_short: bool,
    /// Reason for which the series does not say.
    pub because: Option<String>,
}

/// A variant compared with another one of the same repeats.
#[derive(Clone, Debug, Serialize)]
pub struct VariantPair {
    /// The variant.
    pub variant: String,
    /// The one that it is compared with.
    pub to: String,
    /// The comparison of each number that both have.
    pub numbers: NamedValues<ContrastIntervals>,
}
