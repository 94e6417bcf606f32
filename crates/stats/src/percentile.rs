//! Percentiles: of replications, and of one sample of independent values.
//!
//! Share of 1 000 experiments whose 95 % interval contains the true percentile of the time in system of
//! M/M/1, from 20 replications of 5 000 customers (`coverage_of_percentiles` in `tests/coverage` prints this
//! table):
//!
//! | method | p50, ρ 0.5 | p99, ρ 0.5 | p50, ρ 0.8 | p99, ρ 0.8 |
//! |---|---|---|---|---|
//! | [`of_replications`] | 94.8 % | 95.3 % | 95.7 % | 93.1 % |
//! | [`mean::interval`] of the replications' percentiles | 94.5 % | 94.8 % | 95.3 % | 81.2 % |
//! | [`median`] of the replications' percentiles | 94.8 % | 93.4 % | 96.0 % | 69.6 % |
//! | [`of_independent`], all values together | 71.6 % | 50.9 % | 32.2 % | 17.0 % |
//!
//! The percentile of a short run is too low in most runs: at ρ 0.8 the median of the replications' p99 is 7.8
//! % below the true one, and no interval around it repairs that. So [`of_replications`] is the method where
//! all values are at hand; the others serve for a percentile within the runs, or where only the runs'
//! percentiles are known.

use crate::binomial::{at_most, ranks};
use crate::error::{check, check_share};
use crate::{Interval, StatsError, mean};

/// Returns the smallest value such that at least the share `share` of all values do not exceed it: 0.99 for
/// p99. The values need no order.
///
/// # Errors
/// If there are no values, a value is not finite, or the share is outside (0, 1).
pub fn quantile(values: &[f64], share: f64) -> Result<f64, StatsError> {
    check_share(share)?;
    check(values, 1, 0.5)?;
    let mut values = values.to_vec();
    let place = (values.len() as f64 * share).ceil() as usize - 1;
    Ok(*values.select_nth_unstable_by(place, f64::total_cmp).1)
}

/// Returns the percentile of all replications' values together, with Woodruff's interval. At least two
/// replications; each is the sample of one run.
///
/// The share of values up to the percentile differs between replications, and gives the error of the common
/// share by Student's t; the ends are the percentiles at the share minus and plus this error: Woodruff,
/// "Confidence intervals for medians and other position measures", *Journal of the American Statistical
/// Association* 47, 1952. The values of one replication may depend on each other. An end beyond all values is
/// infinite: the sample then says nothing about that side.
///
/// # Errors
/// If there are fewer than two replications, one is empty, a value is not finite, or the share or the level
/// is outside (0, 1).
pub fn of_replications(
    replications: &[impl AsRef<[f64]>],
    share: f64,
    level: f64,
) -> Result<Interval, StatsError> {
    Pooled::of(replications, share, level).map(|pooled| pooled.interval)
}

/// The percentile of all replications together, with the excess of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    /// Interval of [`of_replications`].
    pub interval: Interval,
    /// Excess of each replication's number of values up to the percentile, as a share of the mean length.
    excesses: Vec<f64>,
    /// Error of the common share.
    error: f64,
}

impl Pooled {
    /// Returns the percentile of replications, as [`of_replications`] does.
    ///
    /// # Errors
    /// As [`of_replications`].
    pub fn of(
        replications: &[impl AsRef<[f64]>],
        share: f64,
        level: f64,
    ) -> Result<Self, StatsError> {
        let replications: Vec<&[f64]> = replications.iter().map(AsRef::as_ref).collect();
        pool(&replications, share, level)
    }

    /// Returns one value for each replication: the percentile of all together, moved by that replication's part
    /// of its error.
    ///
    /// The mean of the values is the percentile, and their Student t interval has the half-width of
    /// [`of_replications`]: each replication's excess of values up to the percentile is translated into the
    /// unit of the values by the slope between the ends of that interval. So percentiles can be used where
    /// values of replications are paired, multiplied or subtracted: the replications' own percentiles are too
    /// low in short runs.
    ///
    /// # Errors
    /// If an end of the interval is infinite.
    pub fn linearised(&self) -> Result<Vec<f64>, StatsError> {
        let half_width = self.interval.half_width();
        if !half_width.is_finite() {
            return Err(StatsError::NotFinite);
        }
        let slope = if self.error > 0.0 {
            half_width / self.error
        } else {
            0.0
        };
        let value = |excess: &f64| self.interval.estimate - slope * excess;
        Ok(self.excesses.iter().map(value).collect())
    }
}

/// Computes Woodruff's interval.
fn pool(replications: &[&[f64]], share: f64, level: f64) -> Result<Pooled, StatsError> {
    let mut all = replications.concat();
    let estimate = quantile(&all, share)?;
    let n = replications.len();
    if n < 2 || replications.iter().any(|values| values.is_empty()) {
        return Err(StatsError::TooFew { n, least: 2 });
    }
    let length = all.len() as f64 / n as f64;
    // Values equal to the estimate count in part, so that all together are the share: they may be many.
    let below = |values: &[f64]| values.iter().filter(|value| **value < estimate).count() as f64;
    let equal = |values: &[f64]| {
        values.iter().filter(|value| **value <= estimate).count() as f64 - below(values)
    };
    let part = (share * all.len() as f64 - below(&all)) / equal(&all);
    // Excess of each replication's number of values up to the percentile, as a share of the mean length.
    let excess = |values: &&[f64]| {
        (below(values) + part * equal(values) - share * values.len() as f64) / length
    };
    let excesses: Vec<f64> = replications.iter().map(excess).collect();
    let around = mean::interval(&excesses, level)?;
    let count = all.len() as f64;
    // The value at a share, or `beyond` if no value has its rank.
    let mut at = |share: f64, beyond: f64| {
        let rank = (share * count).ceil();
        if 1.0 <= rank && rank <= count {
            *all.select_nth_unstable_by(rank as usize - 1, f64::total_cmp)
                .1
        } else {
            beyond
        }
    };
    let interval = Interval {
        estimate,
        low: at(share - around.half_width(), f64::NEG_INFINITY),
        high: at(share + around.half_width(), f64::INFINITY),
        level,
        n,
    };
    Ok(Pooled {
        interval,
        excesses,
        error: around.half_width(),
    })
}

/// Returns the median of the replications' own percentiles, with the interpolated sign interval: for
/// replications of which only the percentile is known. At least two replications. Its true value is the
/// median over all runs of this length, which is below the percentile of a long run if the tail is rarely
/// seen in one run.
///
/// Hettmansperger and Sheather, "Confidence intervals based on interpolated order statistics", *Statistics
/// and Probability Letters* 4, 1986. No law of the values is assumed. Fewer than six values do not reach 95
/// %: the interval is then from the smallest to the largest, and its level is 1 − 2¹⁻ⁿ.
///
/// # Errors
/// If there are fewer than two values, a value is not finite, or the level is outside (0, 1).
pub fn median(percentiles: &[f64], level: f64) -> Result<Interval, StatsError> {
    check(percentiles, 2, level)?;
    let n = percentiles.len();
    let mut sorted = percentiles.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let estimate = f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]);
    // Level of the interval from the value of rank `depth` to that of the same rank from above.
    let level_at = |depth: usize| 1.0 - 2.0 * at_most(depth - 1, n, 0.5);
    let is_reached = |depth: &usize| level_at(*depth) >= level;
    let Some(depth) = (1..=n / 2).rev().find(is_reached) else {
        let (low, high, level) = (sorted[0], sorted[n - 1], level_at(1));
        return Ok(Interval {
            estimate,
            low,
            high,
            level,
            n,
        });
    };
    let weight = inward(
        depth,
        n,
        (level_at(depth) - level) / (level_at(depth) - level_at(depth + 1)),
    );
    let between = |outer: usize, inner: usize| {
        let (outer, inner) = (sorted[outer - 1], sorted[inner - 1]);
        outer + weight * (inner - outer)
    };
    Ok(Interval {
        estimate,
        low: between(depth, depth + 1).min(estimate),
        high: between(n + 1 - depth, n - depth).max(estimate),
        level,
        n,
    })
}

/// Returns the weight of the inner one of two consecutive ranks: λ = (n − d)·I ÷ (d + (n − 2d)·I), where I is
/// the share of the way between the levels of both.
fn inward(depth: usize, n: usize, way: f64) -> f64 {
    let (depth, n) = (depth as f64, n as f64);
    (n - depth) * way / (depth + (n - 2.0 * depth) * way)
}

/// Returns a percentile of one sample of independent values, with the interval between two of them, by the
/// binomial law of their ranks. At least two values.
///
/// David and Nagaraja, *Order Statistics*, 3rd ed., 7.1. No law of the values is assumed, but their
/// independence is: the latencies of consecutive requests of one run depend on each other, and this interval
/// is far too narrow for them. If the values are too few for the level, an end is the smallest or the largest
/// value, and the level is the one that is reached: 18 % for p99 of twenty values.
///
/// # Errors
/// If there are fewer than two values, a value is not finite, or the share or the level is outside (0, 1).
pub fn of_independent(values: &[f64], share: f64, level: f64) -> Result<Interval, StatsError> {
    check_share(share)?;
    check(values, 2, level)?;
    let estimate = quantile(values, share)?;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    let ranks = ranks(n, share, level);
    Ok(Interval {
        estimate,
        low: sorted[ranks.low - 1].min(estimate),
        high: sorted[ranks.high - 1].max(estimate),
        level: ranks.level,
        n,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    fn up_to(n: usize) -> Vec<f64> {
        (1..=n).map(|value| value as f64).collect()
    }

    #[test]
    fn a_quantile_is_the_value_of_its_rank() {
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), Ok(2.0));
        assert_eq!(quantile(&up_to(100), 0.99), Ok(99.0));
        assert_eq!(quantile(&up_to(101), 0.99), Ok(100.0));
        assert_eq!(quantile(&[7.0], 0.01), Ok(7.0));
        assert_eq!(quantile(&[7.0], 1.0), Err(StatsError::Share(1.0)));
        let none = StatsError::TooFew { n: 0, least: 1 };
        assert_eq!(quantile(&[], 0.5), Err(none));
    }

    #[test]
    fn the_interpolated_interval_of_the_median_of_ten() {
        // Ranks 2 and 9 have the level 1 − 2·11 ÷ 1024 = 0.978516, ranks 3 and 8 have 1 − 2·56 ÷ 1024 =
        // 0.890625; I = 0.028516 ÷ 0.087891 = 0.324444, λ = 8·I ÷ (2 + 6·I) = 0.657658.
        let interval = median(&up_to(10), 0.95).unwrap();
        close(interval.low, 2.657_658, 1e-6);
        close(interval.high, 8.342_342, 1e-6);
        close(interval.estimate, 5.5, 1e-12);
        close(interval.level, 0.95, 1e-12);
    }

    #[test]
    fn fewer_than_six_state_the_level_that_they_reach() {
        for (n, level) in [(2, 0.5), (3, 0.75), (4, 0.875), (5, 0.9375), (6, 0.95)] {
            let interval = median(&up_to(n), 0.95).unwrap();
            close(interval.level, level, 1e-9);
            assert_eq!(interval.low > 1.0, n == 6, "{n}");
        }
        assert!(median(&[1.0], 0.95).is_err());
    }

    #[test]
    fn the_percentile_of_an_independent_sample_lies_between_two_of_its_values() {
        let median = of_independent(&up_to(20), 0.5, 0.95).unwrap();
        assert_eq!(
            (median.low, median.estimate, median.high),
            (6.0, 10.0, 15.0)
        );
        let p99 = of_independent(&up_to(20), 0.99, 0.95).unwrap();
        assert!(p99.high >= 20.0 && p99.level < 0.2, "{p99:?}");
    }

    #[test]
    fn replications_spread_around_the_common_share() {
        // The median of 1 to 40 is 20. Up to it are 6, 5, 5 and 4 of ten: shares differ by 0.1, 0, 0, −0.1,
        // so s² = 0.02 ÷ 3, and t(3) = 3.1824 gives 0.5 ± 0.1299: ranks ⌈14.80⌉ and ⌈25.20⌉.
        let mut replications: Vec<Vec<f64>> = vec![Vec::new(); 4];
        for (count, own) in [6, 5, 5, 4].into_iter().zip(&mut replications) {
            own.extend(vec![1.0; count]);
        }
        let (mut low, mut high) = ((1..=20).map(f64::from), (21..=40).map(f64::from));
        for own in &mut replications {
            *own = low.by_ref().take(own.len()).collect();
            own.extend(high.by_ref().take(10 - own.len()));
        }
        let interval = of_replications(&replications, 0.5, 0.95).unwrap();
        assert_eq!(
            (interval.low, interval.estimate, interval.high),
            (15.0, 20.0, 26.0)
        );
        assert_eq!(interval.n, 4);
    }

    #[test]
    fn linearised_values_have_the_percentile_as_mean_and_the_half_width_of_its_interval() {
        // The replications of the test above: shares 0.6, 0.5, 0.5, 0.4 and the interval 20 (15 to 26), whose
        // half-width is 5.5. Excesses are 0.1, 0, 0, −0.1, and their half-width is 3.1824·√(0.02 ÷ 12).
        let mut replications: Vec<Vec<f64>> = vec![Vec::new(); 4];
        let (mut low, mut high) = ((1..=20).map(f64::from), (21..=40).map(f64::from));
        for (count, own) in [6, 5, 5, 4].into_iter().zip(&mut replications) {
            *own = low.by_ref().take(count).collect();
            own.extend(high.by_ref().take(10 - count));
        }
        let linearised = |replications: &[Vec<f64>], share| {
            Pooled::of(replications, share, 0.95).and_then(|pooled| pooled.linearised())
        };
        let values = linearised(&replications, 0.5).unwrap();
        let step = 0.1 * 5.5 / (3.182_446 * (0.02_f64 / 12.0).sqrt());
        for (value, expected) in values.iter().zip([20.0 - step, 20.0, 20.0, 20.0 + step]) {
            close(*value, expected, 1e-4);
        }
        let interval = mean::interval(&values, 0.95).unwrap();
        close(interval.half_width(), 5.5, 1e-9);
        let beyond = [up_to(100), (101..=200).map(f64::from).collect()];
        assert_eq!(linearised(&beyond, 0.9), Err(StatsError::NotFinite));
        assert_eq!(linearised(&vec![vec![3.0; 4]; 3], 0.5), Ok(vec![3.0; 3]));
    }

    #[test]
    fn many_equal_values_hide_no_spread_of_the_replications() {
        // Below 7 are 4 and 0 of ten, and 16 are equal: of these, 6 ÷ 16 belong to the lower half. Shares are
        // 0.625 and 0.375, so that the error is 12.7·0.125.
        let replications = [[vec![1.0; 4], vec![7.0; 6]].concat(), vec![7.0; 10]];
        let interval = of_replications(&replications, 0.5, 0.95).unwrap();
        assert!(
            interval.low.is_infinite() && interval.contains(7.0),
            "{interval:?}"
        );
    }

    #[test]
    fn an_end_beyond_all_values_is_infinite() {
        let replications = [up_to(100), (101..=200).map(f64::from).collect()];
        let interval = of_replications(&replications, 0.9, 0.95).unwrap();
        assert!(
            interval.low.is_infinite() && interval.high.is_infinite(),
            "{interval:?}"
        );
        assert!(of_replications(&[[1.0]], 0.5, 0.95).is_err());
        assert!(of_replications(&[vec![1.0], vec![]], 0.5, 0.95).is_err());
    }
}
