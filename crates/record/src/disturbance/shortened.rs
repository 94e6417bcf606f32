//! Percentiles of latencies that are too long by unknown amounts, each with a largest value, and all together
//! with a largest sum.

use super::super::percentile::place_of;

/// A latency and the times by which it may be too long, in ns.
#[derive(Clone, Copy, Debug)]
pub(super) struct UncertainLatency {
    pub(super) latency: u64,
    /// Excess that is known.
    pub(super) known: u64,
    /// Largest core time that it can have lost …
    pub(super) most_lost: u64,
    /// … and the mean.
    pub(super) mean_lost: u64,
}

impl UncertainLatency {
    /// Returns a latency that is exact.
    pub(super) fn by_nothing(latency: u64) -> Self {
        Self {
            latency,
            known: 0,
            most_lost: 0,
            mean_lost: 0,
        }
    }

    /// Returns the latency without the known excess and the mean core time lost.
    pub(super) fn least_on_average(&self) -> u64 {
        let left = self.latency.saturating_sub(self.known);
        left.saturating_sub(self.mean_lost)
    }
}

/// Latencies in ns, and by how much they may be too long.
#[derive(Clone, Debug, Default)]
pub(super) struct ShortenedLatencies {
    /// Latencies less what is known of each, sorted; with the largest core time that each can have lost.
    each: Vec<(u64, u64)>,
    /// Largest sum of the core times lost.
    budget: u64,
}

impl ShortenedLatencies {
    pub(super) fn of(latencies: impl Iterator<Item = UncertainLatency>) -> Self {
        let mut budget = 0;
        let shorten = |it: UncertainLatency| {
            let left = it.latency.saturating_sub(it.known);
            budget += it.mean_lost.min(left);
            (left, it.most_lost.min(left))
        };
        let mut each: Vec<(u64, u64)> = latencies.map(shorten).collect();
        each.sort_unstable();
        Self { each, budget }
    }

    /// Returns the number of latencies.
    pub(super) fn count(&self) -> usize {
        self.each.len()
    }

    /// Returns the least value of a percentile, if `missing` latencies are unknown and may be anything: the
    /// smallest one to which the lost time can lower it.
    pub(super) fn least(&self, per_mille: usize, missing: usize) -> u64 {
        let rank = place_of(per_mille, self.count() + missing) + 1;
        let rank = rank.saturating_sub(missing);
        let Some(place) = rank.checked_sub(1) else {
            return 0;
        };
        let mut reached = self.each[place].0;
        if self.budget == 0 {
            return reached;
        }
        let mut beyond = 0;
        while beyond < reached {
            let middle = u64::midpoint(beyond, reached);
            if self.can_lower(rank, middle) {
                reached = middle;
            } else {
                beyond = middle + 1;
            }
        }
        reached
    }

    /// True if `rank` latencies can be at most `value`: enough of those that are longer have lost so much, and all
    /// together not more than the budget. The shortest of them take the least.
    fn can_lower(&self, rank: usize, value: u64) -> bool {
        let below = self.each.partition_point(|(latency, _)| *latency <= value);
        let (mut lacking, mut left) = (rank.saturating_sub(below), self.budget);
        for (latency, most) in &self.each[below..] {
            let excess = latency - value;
            if lacking == 0 || excess > left {
                break;
            }
            if *most >= excess {
                (lacking, left) = (lacking - 1, left - excess);
            }
        }
        lacking == 0
    }

    /// Returns the largest value of a percentile of the latencies that `missing` others belong to; `None` if
    /// it may be one of those.
    pub(super) fn most(&self, per_mille: usize, missing: usize) -> Option<u64> {
        let place = place_of(per_mille, self.count() + missing);
        self.each.get(place).map(|(latency, _)| *latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns latencies with, for each, the excess that is known, the largest core time lost, and the mean.
    fn of(latencies: &[(u64, [u64; 3])]) -> ShortenedLatencies {
        let uncertain =
            |(latency, [known, most_lost, mean_lost]): (u64, [u64; 3])| UncertainLatency {
                latency,
                known,
                most_lost,
                mean_lost,
            };
        ShortenedLatencies::of(latencies.iter().copied().map(uncertain))
    }

    #[test]
    fn a_known_excess_shortens_each_latency_by_itself() {
        // 10, 20, 30, 40, of which only the largest two are too long: the median is exact, the maximum is not.
        let some = of(&[
            (10, [0; 3]),
            (20, [0; 3]),
            (30, [15, 0, 0]),
            (40, [5, 0, 0]),
        ]);
        assert_eq!([500, 1_000].map(|share| some.least(share, 0)), [15, 35]);
        let none = of(&[(10, [0; 3]), (20, [0; 3]), (30, [0; 3]), (40, [0; 3])]);
        assert_eq!([500, 1_000].map(|share| none.least(share, 0)), [20, 40]);
    }

    #[test]
    fn a_sum_of_lost_time_cannot_shorten_all_latencies() {
        // Each of ten latencies of 100 may have lost 50, but all together lost 60. The median is lower only if five
        // are shorter: 60 ÷ 5 = 12.
        let equal = vec![(100, [0, 50, 6]); 10];
        assert_eq!(of(&equal).least(500, 0), 88);
        // The maximum is lower only if all ten are shorter.
        assert_eq!(of(&equal).least(1_000, 0), 94);
        // A single long one may have lost all of it, but not more than 50.
        let mut one = vec![(10, [0, 0, 0]); 9];
        one.push((100, [0, 50, 60]));
        assert_eq!(of(&one).least(1_000, 0), 50);
    }

    #[test]
    fn the_lost_time_is_in_some_of_the_latencies_only() {
        // Of 10, 20 … 100 the even ones may have lost 25 each. The fifth is 50 or less; for 40 one of the longer ones
        // must have lost enough: 60 has, by 20. For 35 it takes two: 40 and 60, by 5 and 25. For 34 60 has not enough.
        let all: Vec<_> = (1..=10)
            .map(|n| (10 * n, [0, 25 * ((n + 1) % 2), 30]))
            .collect();
        let budget = |budget: u64| {
            let mut all = of(&all);
            all.budget = budget;
            all.least(500, 0)
        };
        assert_eq!([300, 30, 29, 15, 0].map(budget), [35, 35, 36, 45, 50]);
    }

    #[test]
    fn unknown_latencies_shift_the_ranks() {
        let hundred: Vec<_> = (1..=100).map(|value| (value, [0; 3])).collect();
        let hundred = of(&hundred);
        // With ten unknown ones the median of 110 has rank 55: 45 if all of them are short.
        assert_eq!(hundred.least(500, 10), 45);
        assert_eq!(hundred.most(500, 10), Some(55));
        assert_eq!(hundred.most(990, 10), None);
        assert_eq!(hundred.least(50, 10), 0);
    }
}
