//! The Poisson law: the number of random events in a time.

/// Numbers of events with a non-negligible probability, from the first on, and the probability of each.
/// Omitted numbers have less than 1e-30 of the most probable one.
#[derive(Clone, Debug)]
pub(super) struct Events {
    /// Least number.
    pub(super) first: usize,
    /// Probability of each number from `first` on; they add up to 1.
    pub(super) shares: Vec<f64>,
}

/// Limit below which a probability is omitted, relative to the most probable number.
const NEGLIGIBLE: f64 = 1e-30;

impl Events {
    /// Returns the law with this mean.
    ///
    /// Probabilities are multiplied outwards from the most probable number and then scaled, since `mean^n ÷
    /// n!` and `e^-mean` alone exceed the range of an `f64` in cases in which their product does not.
    pub(super) fn of(mean: f64) -> Self {
        let mode = mean.floor() as usize;
        let (mut below, mut above) = (Vec::new(), vec![1.0]);
        let mut share = 1.0;
        for number in (1..=mode).rev() {
            share *= number as f64 / mean;
            if share < NEGLIGIBLE {
                break;
            }
            below.push(share);
        }
        share = 1.0;
        for number in mode + 1.. {
            share *= mean / number as f64;
            if share < NEGLIGIBLE {
                break;
            }
            above.push(share);
        }
        let first = mode - below.len();
        let mut shares: Vec<f64> = below.into_iter().rev().chain(above).collect();
        let total: f64 = shares.iter().sum();
        for share in &mut shares {
            *share /= total;
        }
        Self { first, shares }
    }

    /// Returns each number with its probability.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, f64)> {
        (self.first..).zip(self.shares.iter().copied())
    }

    /// Returns the probability of at most `most` events.
    pub(super) fn at_most(&self, most: usize) -> f64 {
        let counted = self.iter().take_while(|(number, _)| *number <= most);
        counted.map(|(_, share)| share).sum()
    }

    /// Returns the probability of more than n events for each n from 0 to `last`.
    pub(super) fn more_than_each(&self, last: usize) -> Vec<f64> {
        let mut more = vec![0.0; last + 1];
        let mut beyond = 0.0;
        let end = self.first + self.shares.len();
        for number in (0..end.max(last + 1)).rev() {
            if number <= last {
                more[number] = beyond;
            }
            let place = number.checked_sub(self.first);
            beyond += place.and_then(|it| self.shares.get(it)).unwrap_or(&0.0);
        }
        more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_means_follow_the_formula() {
        for mean in [0.0, 1e-12, 0.3, 1.0, 7.5] {
            let mut expected = libm::exp(-mean);
            let events = Events::of(mean);
            for number in 0..20 {
                let found = events
                    .iter()
                    .find(|(it, _)| *it == number)
                    .map_or(0.0, |it| it.1);
                assert!((found - expected).abs() < 1e-15, "{mean} {number}: {found}");
                expected *= mean / (number + 1) as f64;
            }
        }
    }

    #[test]
    fn large_means_have_the_right_mean_and_variance() {
        for mean in [1e3, 123_456.7, 1e6] {
            let events = Events::of(mean);
            let average: f64 = events.iter().map(|(n, share)| n as f64 * share).sum();
            let square = |n: usize| (n as f64 - mean) * (n as f64 - mean);
            let variance: f64 = events.iter().map(|(n, share)| square(n) * share).sum();
            assert!((average / mean - 1.0).abs() < 1e-12, "{average}");
            assert!((variance / mean - 1.0).abs() < 1e-9, "{variance}");
        }
    }

    #[test]
    fn more_than_and_at_most_make_one() {
        let events = Events::of(30.0);
        for (number, more) in events.more_than_each(90).into_iter().enumerate() {
            assert!((more + events.at_most(number) - 1.0).abs() < 1e-14);
        }
    }
}
