//! Birth-death chains: the steady-state share of each state, if states change by one.

/// Returns the share of time in each state from 0 to `last`, if in the long run state n + 1 is `ratio(n)`
/// times as frequent as state n. The shares add up to 1.
///
/// The ratios must not increase, so that there is one most frequent state. Shares are multiplied outwards
/// from there; shares too small for an `f64` are 0.
#[must_use]
pub(super) fn shares(last: usize, ratio: impl Fn(usize) -> f64) -> Vec<f64> {
    let mode = first_that(last, |state| ratio(state) < 1.0);
    let mut shares = vec![0.0; last + 1];
    shares[mode] = 1.0;
    for state in (0..mode).rev() {
        shares[state] = shares[state + 1] / ratio(state);
    }
    for state in mode..last {
        shares[state + 1] = shares[state] * ratio(state);
    }
    let total: f64 = shares.iter().sum();
    for share in &mut shares {
        *share /= total;
    }
    shares
}

/// Returns the first number of 0 … `last` − 1 that meets a condition, else `last`. The condition must hold
/// for all numbers after the first.
fn first_that(last: usize, is_so: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_so(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_the_ratios_and_add_up() {
        let ratio = |state: usize| 7.3 / (state + 1) as f64;
        let shares = shares(40, ratio);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        for state in 0..40 {
            let found = shares[state + 1] / shares[state];
            assert!((found / ratio(state) - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_symmetric_walk_is_everywhere_alike() {
        assert_eq!(shares(3, |_| 1.0), [0.25; 4]);
        assert_eq!(shares(0, |_| 5.0), [1.0]);
    }

    #[test]
    fn a_mode_far_out_neither_overflows_nor_vanishes() {
        let up = shares(100_000, |_| 2.0);
        assert!((up[100_000] - 0.5).abs() < 1e-12 && up[0] == 0.0);
        let down = shares(100_000, |_| 0.5);
        assert!((down[0] - 0.5).abs() < 1e-12 && down[100_000] == 0.0);
    }
}
