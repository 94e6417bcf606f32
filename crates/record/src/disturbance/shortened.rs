//! Percentiles of latencies that are too long by unknown amounts, each with a largest value, and all together
//! with a largest sum.

use super::super::percentile::place_of;

/// Latencies in ns, and by how much they may be too long.
#[derive(Clone, Debug, Default)]
pub(super) struct Shortened {
    /// Latencies less what is known of each, sorted.
    known: Vec<u64>,
    /// The same, less the largest core time that each can have lost, sorted.
    least: Vec<u64>,
    /// Largest sum of the core times lost.
    budget: u64,
}

impl Shortened {
    /// Creates it of latencies with, for each, the excess that is known, the largest core time lost, and the mean.
    pub(super) fn of(latencies: impl Iterator<Item = (u64, [u64; 3])>) -> Self {
        let mut shortened = Self::default();
        let mut is_lost = false;
        for (latency, [known, most, mean]) in latencies {
            let left = latency.saturating_sub(known);
            shortened.known.push(left);
            shortened.least.push(left.saturating_sub(most));
            shortened.budget += mean.min(left);
            is_lost |= most > 0;
        }
        shortened.known.sort_unstable();
        if is_lost {
            shortened.least.sort_unstable();
        } else {
            shortened.least.clone_from(&shortened.known);
        }
        shortened
    }

    /// Returns the number of latencies.
    pub(super) fn count(&self) -> usize {
        self.known.len()
    }

    /// Returns the least value of a percentile, if `missing` latencies are unknown and may be anything.
    ///
    /// It is not below the percentile of the least latencies. Nor can the percentile of rank r fall to v unless
    /// all of the r smallest latencies that exceed v are shortened to v, and this must not take more than the
    /// sum of all lost time.
    pub(super) fn least(&self, per_mille: usize, missing: usize) -> u64 {
        let rank = place_of(per_mille, self.count() + missing) + 1;
        match rank.checked_sub(missing) {
            None | Some(0) => 0,
            Some(rank) => self.least[rank - 1].max(self.level(rank)),
        }
    }

    /// Returns the largest value of a percentile of the latencies that `missing` others belong to; `None` if
    /// it may be one of those.
    pub(super) fn most(&self, per_mille: usize, missing: usize) -> Option<u64> {
        let place = place_of(per_mille, self.count() + missing);
        self.known.get(place).copied()
    }

    /// Returns the level to which the budget lowers the largest of the first `rank` latencies.
    fn level(&self, rank: usize) -> u64 {
        let (mut sum, mut count) = (0_u128, 0_u128);
        for place in (0..rank).rev() {
            sum += u128::from(self.known[place]);
            count += 1;
            let level = sum.saturating_sub(u128::from(self.budget)) / count;
            let next = place.checked_sub(1).map_or(0, |next| self.known[next]);
            if level >= u128::from(next) {
                return level as u64;
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(latencies: &[(u64, [u64; 3])]) -> Shortened {
        Shortened::of(latencies.iter().copied())
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
