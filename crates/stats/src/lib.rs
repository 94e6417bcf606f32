//! Statistics of repeated runs and of long runs: numbers in, numbers out.
//!
//! An [`Interval`] is an estimate with the range that contains the true value in a stated share of all
//! experiments, its level. [`mean`], [`percentile`] and [`paired`] compute intervals from independent
//! replications, that is from runs of the same scenario with different seeds; [`unpaired`] compares those of two
//! scenarios without common seeds; [`batch`] computes one from a
//! single long run. [`warm_up`] finds the beginning of a run that must not count, and [`until`] decides when
//! there are enough replications. No unit is assumed: an interval has the unit of the values.
//!
//! `cargo test --release -p concsim-stats coverage -- --ignored --nocapture` measures the share of intervals
//! that contain the true value, on queues whose true values are known.

pub mod batch;
mod binomial;
mod error;
pub mod fairness;
mod interval;
pub mod mean;
pub mod paired;
pub mod percentile;
#[cfg(test)]
mod properties;
mod student;
pub mod unpaired;
pub mod until;
pub mod warm_up;

pub use error::StatsError;
pub use interval::{Claim, Disturbance, Interval, Verdict};

/// Fails unless a number is the expected one within half a unit of the last given `digit`.
#[cfg(test)]
#[track_caller]
fn close(found: f64, expected: f64, digit: f64) {
    // The expected number may itself be rounded from just beside the middle.
    let is_close = (found - expected).abs() <= 0.5005 * digit;
    assert!(is_close, "{found} instead of {expected}");
}
