//! Variants of the same repeats in pairs: each later variant beside the first.

use crate::estimates::{MergedSummary, Pairing, Stop, compare};
use crate::schema::repeats::VariantPair;

/// Numbers that are compared, by their path in the summary.
const NUMBERS: [&str; 11] = [
    "throughput_per_s",
    "latency_ms.mean",
    "latency_ms.p50",
    "latency_ms.p90",
    "latency_ms.p95",
    "latency_ms.p99",
    "latency_ms.p999",
    "concurrency",
    "at_the_door",
    "in_system",
    "parallelism",
];

/// Compares each later variant with the first.
pub(super) fn of(variants: &[(String, MergedSummary)], stop: Stop) -> Vec<VariantPair> {
    let Some(((to, first), later)) = variants.split_first() else {
        return Vec::new();
    };
    let pair = |(name, merged): &(String, MergedSummary)| VariantPair {
        variant: name.clone(),
        to: to.clone(),
        numbers: NUMBERS
            .iter()
            .filter_map(|path| {
                let contrast = compare(
                    &merged.estimate(path)?,
                    &first.estimate(path)?,
                    stop,
                    Pairing::Seeds,
                )?;
                Some(((*path).to_owned(), contrast))
            })
            .collect(),
    };
    later.iter().map(pair).collect()
}
