//! Two samples that were measured separately: their difference and their ratio, without pairs.

use crate::mean::moments;
use crate::{Interval, StatsError, error::check, student};

/// Returns the difference `first - second` of the means of two independent samples with Welch's interval. At least
/// two values in each.
///
/// Welch, "The generalization of 'Student's' problem when several different population variances are involved",
/// *Biometrika* 34, 1947: the variances may differ, and so may the numbers of values. Between whole degrees of
/// freedom the quantile is interpolated over their inverse.
///
/// # Errors
/// If a sample has fewer than two values, a value is not finite, or the level is outside (0, 1).
pub fn difference(first: &[f64], second: &[f64], level: f64) -> Result<Interval, StatsError> {
    check(first, 2, level)?;
    check(second, 2, level)?;
    let [(first_mean, first_part), (second_mean, second_part)] = [first, second].map(|values| {
        let (mean, variance) = moments(values);
        (mean, variance / values.len() as f64)
    });
    let variance = first_part + second_part;
    let n = first.len().min(second.len());
    let estimate = first_mean - second_mean;
    if variance == 0.0 {
        return Ok(Interval::around(estimate, 0.0, level, n));
    }
    let share = |part: f64, values: &[f64]| (part / variance).powi(2) / (values.len() - 1) as f64;
    let inverse = share(first_part, first) + share(second_part, second);
    let half_width = quantile(level, 1.0 / inverse) * variance.sqrt();
    Ok(Interval::around(estimate, half_width, level, n))
}

/// Returns the ratio `first ÷ second` of the geometric means of two independent samples, with Welch's interval of
/// the logarithms; see [`crate::paired::ratio`].
///
/// # Errors
/// If a value is 0 or less, a sample has fewer than two values, a value is not finite, or the level is outside
/// (0, 1).
pub fn ratio(first: &[f64], second: &[f64], level: f64) -> Result<Interval, StatsError> {
    if first.iter().chain(second).any(|value| *value <= 0.0) {
        return Err(StatsError::NotPositive);
    }
    let logarithms =
        |values: &[f64]| -> Vec<f64> { values.iter().map(|value| libm::log(*value)).collect() };
    let interval = difference(&logarithms(first), &logarithms(second), level)?;
    Ok(Interval {
        estimate: libm::exp(interval.estimate),
        low: libm::exp(interval.low),
        high: libm::exp(interval.high),
        ..interval
    })
}

/// Returns Student's quantile for a number of degrees of freedom, at least 1, that need not be whole.
fn quantile(level: f64, freedom: f64) -> f64 {
    let below = freedom.floor().max(1.0);
    let [low, high] = [below, below + 1.0].map(|whole| student::quantile(level, whole as usize));
    // 1 ÷ ν goes from 1 ÷ below to 1 ÷ (below + 1).
    let part = (freedom - below).max(0.0) * (below + 1.0) / freedom;
    low + part * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn extra_sleep_of_two_groups() {
        // Student's data (Cushny and Peebles) as two samples; R 4: t.test(extra ~ group, data = sleep) prints
        // t = -1.8608, df = 17.776, and the interval -3.3654832 to 0.2054832.
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let interval = difference(&first, &second, 0.95).unwrap();
        close(interval.estimate, -1.58, 1e-9);
        close(interval.low, -3.365_483, 1e-4);
        close(interval.high, 0.205_483, 1e-4);
    }

    #[test]
    fn samples_of_equal_size_and_variance_have_the_freedom_of_both() {
        // 1 2 3 and 4 5 6: variance 1 each, 4 degrees of freedom, so ± 2.7764 · √(2 ÷ 3).
        let interval = difference(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0], 0.95).unwrap();
        close(interval.estimate, 3.0, 1e-9);
        close(
            interval.half_width(),
            2.776_445 * (2.0_f64 / 3.0).sqrt(),
            1e-5,
        );
    }

    #[test]
    fn a_ratio_is_the_inverse_of_its_inverse() {
        let (first, second) = ([1.0, 2.0, 4.0, 8.0], [3.0, 5.0, 3.0]);
        let there = ratio(&first, &second, 0.95).unwrap();
        let back = ratio(&second, &first, 0.95).unwrap();
        close(there.estimate, 8.0_f64.sqrt() / 45.0_f64.cbrt(), 1e-9);
        close(there.low * back.high, 1.0, 1e-9);
        close(there.high * back.low, 1.0, 1e-9);
        assert_eq!(
            ratio(&[0.0, 1.0], &second, 0.95),
            Err(StatsError::NotPositive)
        );
    }

    #[test]
    fn constant_samples_have_an_interval_without_width() {
        let interval = difference(&[2.0; 3], &[1.0; 2], 0.95).unwrap();
        assert_eq!((interval.low, interval.high), (1.0, 1.0));
        let too_few = StatsError::TooFew { n: 1, least: 2 };
        assert_eq!(difference(&[1.0], &[1.0, 2.0], 0.95), Err(too_few));
    }
}
