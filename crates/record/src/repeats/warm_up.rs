//! The warm-up of the file beside the one that the latencies of all repeats ask for.

use serde::Serialize;

use super::log::RequestLog;
use crate::rounding::rounded;
use concsim_model::scenario::Variant;
use concsim_stats::warm_up::mser5_pooled;

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

impl WarmUp {
    pub(super) fn of(variant: &Variant, warmup_s: f64, logs: &[&RequestLog]) -> Self {
        let series: Vec<&[f64]> = logs.iter().map(|log| log.series()).collect();
        let (needed_s, because) = match mser5_pooled(&series) {
            Ok(0) => (Some(0.0), None),
            Ok(place) => (Some(mean_due(logs, place)), None),
            Err(error) => (None, Some(error.to_string())),
        };
        // Where the file sets the number of requests, all count, the first ones too.
        let is_meant = warmup_s <= 0.0 && variant.scenario.load.requests.is_some();
        Self {
            variant: variant.name.clone(),
            warmup_s,
            needed_s,
            is_short: !is_meant && needed_s.is_some_and(|needed| needed > warmup_s),
            because,
        }
    }
}

/// Returns the mean instant at which the request at a place is due.
fn mean_due(logs: &[&RequestLog], place: usize) -> f64 {
    let sum: f64 = logs.iter().map(|log| log.due_s[place]).sum();
    rounded(sum / logs.len() as f64, 3)
}
