//! Percentiles of durations: exact, from all samples, and only if there are enough.

use serde::Serialize;

use concsim_model::units::Elapsed;

/// Minimum number of samples for a median.
pub const MEDIAN_NEEDS: usize = 20;
/// Minimum number of samples for a 95th percentile: ten in its tail.
pub(super) const P95_NEEDS: usize = 200;
/// Minimum number of samples for a 99th percentile: ten in its tail.
pub const P99_NEEDS: usize = 1_000;
/// Minimum number of samples for a 99.9th percentile: ten in its tail.
pub const P999_NEEDS: usize = 10_000;

/// Percentiles of the summary: name, thousandths, and smallest number of samples.
pub(super) const PERCENTILES: [(&str, usize, usize); 5] = [
    ("p50", 500, MEDIAN_NEEDS),
    ("p90", 900, MEDIAN_NEEDS),
    ("p95", 950, P95_NEEDS),
    ("p99", 990, P99_NEEDS),
    ("p999", 999, P999_NEEDS),
];

/// Latencies in milliseconds; `None` where there are too few samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latencies {
    /// Mean of the completed requests.
    pub mean: Option<f64>,
    /// Median. Failed requests count with at least the patience.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile, the highest that 200 samples allow. Not in the first version of the summary.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p999: Option<f64>,
    /// Maximum.
    pub max: Option<f64>,
}

/// Durations in ascending order.
#[derive(Clone, Debug, Default)]
pub(super) struct Sorted(Vec<Elapsed>);

impl Sorted {
    pub(super) fn of(samples: impl Iterator<Item = Elapsed>) -> Self {
        let mut samples: Vec<Elapsed> = samples.collect();
        samples.sort_unstable();
        Self(samples)
    }

    /// Returns the smallest sample such that at least `per_mille` thousandths of the samples do not exceed
    /// it; `None` without samples.
    pub(super) fn quantile(&self, per_mille: usize) -> Option<Elapsed> {
        self.0.get(place_of(per_mille, self.0.len())).copied()
    }

    fn quantile_ms(&self, per_mille: usize, needs: usize) -> Option<f64> {
        (self.0.len() >= needs)
            .then(|| self.quantile(per_mille))
            .flatten()
            .map(Elapsed::as_millis_f64)
    }
}

/// Index of that sample among `samples` sorted ones.
pub(super) fn place_of(per_mille: usize, samples: usize) -> usize {
    let rank = (samples * per_mille).div_ceil(1_000);
    rank.max(1) - 1
}

/// Computes a single quantile of unsorted samples, without sorting them.
pub(super) fn quantile(
    samples: impl Iterator<Item = Elapsed>,
    per_mille: usize,
) -> Option<Elapsed> {
    let mut samples: Vec<Elapsed> = samples.collect();
    let place = place_of(per_mille, samples.len());
    (place < samples.len()).then(|| *samples.select_nth_unstable(place).1)
}

impl Latencies {
    /// Returns the percentiles of `all`, with the mean of the completed requests.
    pub(super) fn new(all: &Sorted, mean: Option<u64>) -> Self {
        Self {
            mean: mean.map(|mean| Elapsed(mean).as_millis_f64()),
            p50: all.quantile_ms(500, MEDIAN_NEEDS),
            p90: all.quantile_ms(900, MEDIAN_NEEDS),
            p95: all.quantile_ms(950, P95_NEEDS),
            p99: all.quantile_ms(990, P99_NEEDS),
            p999: all.quantile_ms(999, P999_NEEDS),
            max: all.0.last().copied().map(Elapsed::as_millis_f64),
        }
    }

    /// Returns the numbers with their names in the summary.
    pub(super) fn named(&self) -> [(&'static str, Option<f64>); 7] {
        [
            ("mean", self.mean),
            ("p50", self.p50),
            ("p90", self.p90),
            ("p95", self.p95),
            ("p99", self.p99),
            ("p999", self.p999),
            ("max", self.max),
        ]
    }
}

/// Latencies of one kind of request, in milliseconds; `None` where there are too few samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct KindLatencies {
    /// Mean of the completed requests.
    pub mean: Option<f64>,
    /// The median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// Maximum.
    pub max: Option<f64>,
}

impl From<Latencies> for KindLatencies {
    fn from(all: Latencies) -> Self {
        Self {
            mean: all.mean,
            p50: all.p50,
            p90: all.p90,
            p95: all.p95,
            p99: all.p99,
            max: all.max,
        }
    }
}

impl From<KindLatencies> for Latencies {
    fn from(kind: KindLatencies) -> Self {
        Self {
            mean: kind.mean,
            p50: kind.p50,
            p90: kind.p90,
            p95: kind.p95,
            p99: kind.p99,
            p999: None,
            max: kind.max,
        }
    }
}

impl KindLatencies {
    /// Returns the 99th percentile with its name; with too few samples, the highest percentile that they
    /// allow, or below 20 samples the maximum. `None` without samples.
    #[must_use]
    pub fn tail(&self) -> Option<(&'static str, f64)> {
        [
            ("p99", self.p99),
            ("p95", self.p95),
            ("p90", self.p90),
            ("max", self.max),
        ]
        .into_iter()
        .find_map(|(name, value)| Some((name, value?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(count: u64) -> Sorted {
        Sorted::of((1..=count).rev().map(Elapsed::from_millis))
    }

    #[test]
    fn a_percentile_is_the_smallest_sample_that_enough_do_not_exceed() {
        let hundred = sorted(100);
        for (per_mille, value) in [(500, 50), (900, 90), (990, 99), (999, 100), (1, 1)] {
            assert_eq!(
                hundred.quantile(per_mille),
                Some(Elapsed::from_millis(value))
            );
        }
        assert_eq!(sorted(0).quantile(500), None);
    }

    #[test]
    fn a_percentile_of_too_few_samples_is_not_given() {
        let given = |count| {
            let latencies = Latencies::new(&sorted(count), None);
            [
                latencies.p50.is_some(),
                latencies.p90.is_some(),
                latencies.p95.is_some(),
                latencies.p99.is_some(),
                latencies.p999.is_some(),
                latencies.max.is_some(),
            ]
        };
        assert_eq!(given(0), [false; 6]);
        assert_eq!(given(19), [false, false, false, false, false, true]);
        assert_eq!(given(20), [true, true, false, false, false, true]);
        assert_eq!(given(199), [true, true, false, false, false, true]);
        assert_eq!(given(200), [true, true, true, false, false, true]);
        assert_eq!(given(999), [true, true, true, false, false, true]);
        assert_eq!(given(1_000), [true, true, true, true, false, true]);
        assert_eq!(given(9_999), [true, true, true, true, false, true]);
        assert_eq!(given(10_000), [true; 6]);
    }

    #[test]
    fn in_place_of_a_p99_stands_the_highest_percentile_that_the_samples_allow() {
        let tail = |count| KindLatencies::from(Latencies::new(&sorted(count), None)).tail();
        assert_eq!(tail(0), None);
        assert_eq!(tail(3), Some(("max", 3.0)));
        assert_eq!(tail(118), Some(("p90", 107.0))); // the 107th: 90 % of 118 is 106.2
        assert_eq!(tail(400), Some(("p95", 380.0)));
        assert_eq!(tail(1_000), Some(("p99", 990.0)));
    }
}
