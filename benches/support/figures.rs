//! Medians with confidence intervals.

use std::fmt;

/// Returns the middle value; the mean of the two middle ones if there are two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

/// Confidence interval of the true median between two of the values.
#[derive(Debug, PartialEq)]
pub(crate) struct Interval {
    low: f64,
    high: f64,
    /// Confidence, from 0 to 1.
    sure: f64,
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, high, sure } = self;
        write!(f, "{low:.3} to {high:.3} with {:.1} %", 100.0 * sure)
    }
}

/// Returns the narrowest interval between order statistics that contains the true median with 95 %, or the
/// whole range if that is not enough.
///
/// Each value is below the true median with probability one half, for any distribution, so the number of such
/// values is binomial.
pub(crate) fn interval_of_median(values: &[f64]) -> Interval {
    let sorted = sorted(values);
    let count = sorted.len();
    let at_most_cut_off = |cut: usize| {
        (0..=cut)
            .map(|below| binomial_half(count, below))
            .sum::<f64>()
    };
    let cut = (0..count / 2)
        .rev()
        .find(|cut| 1.0 - 2.0 * at_most_cut_off(*cut) >= 0.95)
        .unwrap_or(0);
    Interval {
        low: sorted[cut],
        high: sorted[count - 1 - cut],
        sure: (1.0 - 2.0 * at_most_cut_off(cut)).max(0.0),
    }
}

/// Returns the probability of `heads` heads in `tosses` tosses of a coin.
fn binomial_half(tosses: usize, heads: usize) -> f64 {
    (0..heads).fold(0.5_f64.powf(tosses as f64), |product, head| {
        product * (tosses - head) as f64 / (head + 1) as f64
    })
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// Checks twenty values: tables of order statistics give the 6th and the 15th with 95.9 %.
pub(crate) fn holds_on_known_numbers() {
    let values: Vec<f64> = (1..=20).rev().map(f64::from).collect();
    assert!((median(&values) - 10.5).abs() < 1e-12);
    let interval = interval_of_median(&values);
    assert_eq!((interval.low, interval.high), (6.0, 15.0));
    assert!((interval.sure - 0.9586).abs() < 1e-4);
}
