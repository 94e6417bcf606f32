//! Batch means: the interval of a mean from one long run.
//!
//! The run, without its warm-up, is cut into batches of equal length. If the batches are long enough, their
//! means are nearly independent and nearly normal, and Student's t applies to them: Law, *Simulation Modeling
//! and Analysis*, 5th ed., 9.5.3; Schmeiser, "Batch size effects in the analysis of simulation output",
//! *Operations Research* 30, 1982 (10 to 30 batches are enough).
//!
//! Share of 1 000 runs of 100 000 customers, after MSER-5, whose 95 % interval by [`of_series`] contains the
//! true mean time in system, of those that are not refused (`coverage_of_batch_means` in `tests/coverage`
//! prints this table):
//!
//! | queue | ρ 0.5 | ρ 0.8 | refused, ρ 0.5 | ρ 0.8 |
//! |---|---|---|---|---|
//! | M/M/1 | 95.8 % | 94.5 % | 10.2 % | 12.9 % |
//! | M/D/1 | 94.5 % | 93.5 % | 10.3 % | 8.6 % |
//! | M/G/1, hyperexponential, cv 2 | 94.8 % | 91.4 % | 9.0 % | 15.9 % |
//! | M/M/4 | 94.4 % | 94.5 % | 11.0 % | 12.3 % |

use crate::error::check;
use crate::mean::moments;
use crate::{Interval, StatsError, mean};

/// Number of batches of the interval.
const BATCHES: usize = 16;
/// Number of parts that each batch is cut into to test the independence.
const PARTS: usize = 4;
/// Number beyond which von Neumann's ratio rejects independence: a one-sided test at 10 %.
const CRITICAL: f64 = 1.2816;

/// Returns the mean of a long run with its interval by 16 batches: Student's t, corrected for skewness
/// ([`mean::skewed`]). At least 64 values; their order is that of time. Up to 63 first values are left out,
/// so that the rest has 64 equal parts.
///
/// Independence is tested on 64 parts, of which four make a batch, by von Neumann's ratio: a correlation that
/// is not found between parts is about four times smaller between batches. One of ten runs with independent
/// batches is refused, too.
///
/// # Errors
/// [`StatsError::Correlated`] if the parts depend on each other: a longer run is needed. Also if there are
/// fewer than 64 values, one is not finite, or the level is outside (0, 1).
pub fn of_series(series: &[f64], level: f64) -> Result<Interval, StatsError> {
    check(series, BATCHES * PARTS, level)?;
    check_independence(&means(series, BATCHES * PARTS))?;
    mean::skewed(&means(series, BATCHES), level)
}

/// Returns the mean of batch means with its Student t interval, after von Neumann's test of their
/// independence. At least three batches; a test of fewer than about 20 finds little.
///
/// # Errors
/// [`StatsError::Correlated`] if consecutive means are too similar. Also if there are fewer than three, one
/// is not finite, or the level is outside (0, 1).
pub fn of_batches(means: &[f64], level: f64) -> Result<Interval, StatsError> {
    check(means, 3, level)?;
    check_independence(means)?;
    mean::interval(means, level)
}

/// Fails if consecutive values are more alike than independent ones are.
fn check_independence(values: &[f64]) -> Result<(), StatsError> {
    if von_neumann(values) > CRITICAL {
        let lag_one = lag_one(values);
        return Err(StatsError::Correlated { lag_one });
    }
    Ok(())
}

/// Returns von Neumann's ratio, as the standard normal number that it nearly is for independent values; it is
/// positive if neighbours are alike, and 0 for constant values.
///
/// C = 1 − Σ(zᵢ − zᵢ₊₁)² ÷ (2·Σ(zᵢ − z̄)²), times √((k² − 1) ÷ (k − 2)) for k values: von Neumann,
/// "Distribution of the ratio of the mean square successive difference to the variance", *Annals of
/// Mathematical Statistics* 12, 1941; Fishman, "Grouping observations in digital simulation", *Management
/// Science* 24, 1978.
fn von_neumann(values: &[f64]) -> f64 {
    let k = values.len() as f64;
    let squares = moments(values).1 * (k - 1.0);
    if squares == 0.0 {
        return 0.0;
    }
    let steps: f64 = values.windows(2).map(|two| (two[0] - two[1]).powi(2)).sum();
    (1.0 - steps / (2.0 * squares)) * ((k * k - 1.0) / (k - 2.0)).sqrt()
}

/// Returns the lag-1 correlation of values that are not all equal.
fn lag_one(values: &[f64]) -> f64 {
    let (mean, variance) = moments(values);
    let products = values
        .windows(2)
        .map(|two| (two[0] - mean) * (two[1] - mean));
    products.sum::<f64>() / (variance * (values.len() as f64 - 1.0))
}

/// Returns the means of `count` equal batches at the end of a series.
fn means(series: &[f64], count: usize) -> Vec<f64> {
    let length = series.len() / (BATCHES * PARTS) * (BATCHES * PARTS) / count;
    series[series.len() - count * length..]
        .chunks_exact(length)
        .map(|batch| moments(batch).0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn batches_of_a_textbook() {
        // Independent batch means are treated as replications: Law, table 9.1, 2.03 ± 0.32 at 90 %.
        let means = [1.53, 1.66, 1.24, 2.34, 2.00, 1.69, 2.69, 2.86, 1.70, 2.60];
        let interval = of_batches(&means, 0.9).unwrap();
        close(interval.half_width(), 0.32, 0.01);
    }

    #[test]
    fn von_neumanns_ratio_of_a_ramp_and_of_a_zigzag() {
        // 1 to 5: steps sum to 4, squares to 10; C = 1 − 4 ÷ 20 = 0.8, times √(24 ÷ 3).
        close(
            von_neumann(&[1.0, 2.0, 3.0, 4.0, 5.0]),
            0.8 * 8.0_f64.sqrt(),
            1e-9,
        );
        // 0 1 0 1 0: steps sum to 4, squares to 1.2.
        let zigzag = (1.0 - 4.0 / 2.4) * 8.0_f64.sqrt();
        close(von_neumann(&[0.0, 1.0, 0.0, 1.0, 0.0]), zigzag, 1e-9);
        close(von_neumann(&[2.0; 5]), 0.0, 1e-12);
        // Products of neighbours around 3: 2 + 0 + 0 + 2, of 10.
        close(lag_one(&[1.0, 2.0, 3.0, 4.0, 5.0]), 0.4, 1e-9);
    }

    #[test]
    fn batches_that_depend_on_each_other_give_no_interval_but_the_reason() {
        let ramp: Vec<f64> = (0..640).map(f64::from).collect();
        let error = of_series(&ramp, 0.95).unwrap_err();
        assert!(matches!(error, StatsError::Correlated { lag_one } if lag_one > 0.9));
        assert!(error.to_string().contains("the run is too short"));
        assert!(of_series(&ramp[..63], 0.95).is_err());
    }

    #[test]
    fn the_interval_is_that_of_sixteen_batches() {
        // Parts alternate, so that each batch of four has the mean of its number, ± nothing else.
        let values: Vec<f64> = (0..128)
            .map(|place| f64::from(place / 2 % 2) * 100.0 + f64::from(place / 8 % 2))
            .collect();
        let interval = of_series(&values, 0.95).unwrap();
        // Batch means 50 and 51, eight times each: s² = 16 ÷ 4 ÷ 15, and t(15) = 2.1314.
        close(interval.estimate, 50.5, 1e-9);
        close(
            interval.half_width(),
            2.131_4 * (4.0_f64 / 15.0 / 16.0).sqrt(),
            1e-4,
        );
        assert_eq!(interval.n, 16);
        // First values are left out, up to 63.
        let mut longer = vec![1e9; 3];
        longer.extend(&values);
        assert_eq!(of_series(&longer, 0.95), Ok(interval));
    }
}
