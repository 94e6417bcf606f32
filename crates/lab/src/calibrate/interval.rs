//! A median with its confidence interval.
//!
//! Two of the values are the bounds of the interval. The number of n independent values below the true
//! median is binomial with p = ½, for any distribution of the values. So the j-th smallest and the j-th
//! largest value enclose the median with a probability that depends on n and j alone. j is the largest
//! number for which this probability is at least 95 % (the sign-test interval; Hahn and Meeker, "Statistical
//! Intervals", chapter 5). Fewer than six values have no such interval.

use serde::Serialize;

/// Name of the method, for output.
pub(super) const METHOD: &str =
    "median, with the 95 % interval by order statistics (binomial ranks)";

/// Confidence level of the interval.
const CONFIDENCE: f64 = 0.95;

/// Median of several values, with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Median {
    /// The median.
    pub(super) value: f64,
    /// Its interval of 95 %; `None` if there are fewer than six values.
    pub(super) interval: Option<[f64; 2]>,
    /// Number of values.
    pub(super) values: usize,
}

impl Median {
    /// Returns the median of these values, in any order.
    ///
    /// # Panics
    /// If there are no values.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let sorted = sorted(values);
        let count = sorted.len();
        let rank = rank_below(count);
        Self {
            value: f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]),
            interval: rank.map(|rank| [sorted[rank - 1], sorted[count - rank]]),
            values: count,
        }
    }
}

/// Returns the values in ascending order.
pub(super) fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Returns the quantile of sorted values: the value nearest to this share.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Returns the largest j for which the j-th value from below and from above enclose the median with
/// sufficient confidence.
fn rank_below(count: usize) -> Option<usize> {
    // P(fewer than j values below) is the sum of the first j terms; the upper side has the same.
    let mut term = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let (mut below, mut rank) = (0.0, 0);
    loop {
        below += term;
        if below > (1.0 - CONFIDENCE) / 2.0 || term == 0.0 {
            return Some(rank).filter(|rank| *rank > 0);
        }
        term *= (count - rank) as f64 / (rank + 1) as f64;
        rank += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranks_are_those_of_the_tables() {
        let known = [
            (5, None),
            (6, Some(1)),
            (8, Some(1)),
            (9, Some(2)),
            (10, Some(2)),
            (12, Some(3)),
            (15, Some(4)),
            (20, Some(6)),
            (25, Some(8)),
            (30, Some(10)),
            (50, Some(18)),
            (100, Some(40)),
        ];
        for (count, rank) in known {
            assert_eq!(rank_below(count), rank, "{count} values");
        }
    }

    #[test]
    fn a_median_lies_between_two_of_its_values_whatever_their_order() {
        let ten = Median::of([3.0, 1.0, 2.0, 10.0, 9.0, 4.0, 5.0, 8.0, 7.0, 6.0]);
        assert_eq!((ten.value, ten.interval), (5.5, Some([2.0, 9.0])));
        let three = Median::of([3.0, 1.0, 2.0]);
        assert_eq!((three.value, three.interval, three.values), (2.0, None, 3));
    }

    #[test]
    fn one_wild_value_moves_neither_the_median_nor_its_interval() {
        let calm = (0..20).map(f64::from);
        let wild = (0..19).map(f64::from).chain([1e9]);
        assert_eq!(Median::of(calm), Median::of(wild));
    }
}
