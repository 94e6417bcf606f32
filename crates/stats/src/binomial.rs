//! The binomial law: ranks of the sorted values between which a percentile lies.

/// Two ranks of sorted values, counted from 1, and the probability that the percentile lies between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranks {
    pub(crate) low: usize,
    pub(crate) high: usize,
    pub(crate) level: f64,
}

/// Returns the probability of at most `k` successes in `n` trials, each with probability `p` within (0, 1).
pub(crate) fn at_most(k: usize, n: usize, p: f64) -> f64 {
    let sum: f64 = (start(n, p)..=k).map(|k| exactly(k, n, p)).sum();
    sum.min(1.0)
}

/// Returns the narrowest ranks with equal tails that reach the level, or the first and the last rank with
/// their lower level if none do.
pub(crate) fn ranks(n: usize, p: f64, level: f64) -> Ranks {
    let tail = (1.0 - level) / 2.0;
    let (mut low, mut high, mut sum) = (start(n, p), n, 0.0);
    for k in start(n, p)..n {
        sum += exactly(k, n, p);
        if sum <= tail {
            low = k + 1;
        }
        if sum >= 1.0 - tail {
            high = k + 1;
            break;
        }
    }
    let low = low.max(1);
    let level = at_most(high - 1, n, p) - at_most(low - 1, n, p);
    Ranks { low, high, level }
}

/// Returns a number of successes below which the probability vanishes: ten standard deviations, and ten
/// more, under the mean.
fn start(n: usize, p: f64) -> usize {
    let mean = n as f64 * p;
    (mean - 10.0 * (mean * (1.0 - p)).sqrt() - 10.0).max(0.0) as usize
}

/// Returns the probability of exactly `k` successes in `n` trials.
fn exactly(k: usize, n: usize, p: f64) -> f64 {
    let (k, n) = (k as f64, n as f64);
    let paths = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
    libm::exp(paths + k * libm::log(p) + (n - k) * libm::log1p(-p))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn sums_are_those_of_pascals_triangle() {
        close(at_most(0, 5, 0.5), 1.0 / 32.0, 1e-12);
        close(at_most(3, 12, 0.5), 299.0 / 4096.0, 1e-12);
        close(at_most(5, 20, 0.5), 21_700.0 / 1_048_576.0, 1e-12);
        close(at_most(20, 20, 0.5), 1.0, 1e-12);
        close(at_most(1, 3, 0.9), 0.028, 1e-12);
    }

    #[test]
    fn a_median_of_twenty_lies_between_the_sixth_and_the_fifteenth() {
        // Conover, *Practical Nonparametric Statistics*, table of the sign test: 95.9 %.
        let ranks = ranks(20, 0.5, 0.95);
        assert_eq!((ranks.low, ranks.high), (6, 15));
        close(ranks.level, 0.958_6, 1e-4);
    }

    #[test]
    fn many_values_have_the_ranks_of_the_normal_law() {
        // n·p ± 1.96·√(n·p·(1 − p)) = 990 000 ± 195.0.
        let ranks = ranks(1_000_000, 0.99, 0.95);
        assert!(ranks.low.abs_diff(989_805) <= 2, "{ranks:?}");
        assert!(ranks.high.abs_diff(990_196) <= 2, "{ranks:?}");
        assert!((0.95..0.9512).contains(&ranks.level), "{ranks:?}");
    }

    #[test]
    fn too_few_values_reach_a_lower_level() {
        // All five below or above the median: 2 ÷ 32.
        let five = ranks(5, 0.5, 0.95);
        assert_eq!((five.low, five.high), (1, 5));
        close(five.level, 0.937_5, 1e-12);
        // A 99th percentile above twenty values: 0.99 to the power of 20.
        let twenty = ranks(20, 0.99, 0.95);
        assert_eq!((twenty.low, twenty.high), (19, 20));
    }
}
