//! Jain's index of fairness.

/// Returns (Σx)² ÷ (n·Σx²) for shares that are 0 or more: how evenly something is divided among n.
///
/// Jain, Chiu and Hawe, "A quantitative measure of fairness and discrimination for resource allocation in
/// shared computer systems", DEC-TR-301, 1984. The index is 1 if all have the same, k ÷ n if k have the same
/// and the others nothing, and so at least 1 ÷ n: compare it only for the same n. Without a unit; a common
/// factor does not change it.
///
/// `None` without shares, if all are 0, or if one is negative or not finite.
#[must_use]
pub fn jain(shares: &[f64]) -> Option<f64> {
    let largest = shares.iter().copied().fold(0.0, f64::max);
    let is_share = |share: &f64| *share >= 0.0 && share.is_finite();
    if largest == 0.0 || !shares.iter().all(is_share) {
        return None;
    }
    // Divided by the largest, squares neither overflow nor vanish.
    let sum: f64 = shares.iter().map(|share| share / largest).sum();
    let squares: f64 = shares.iter().map(|share| (share / largest).powi(2)).sum();
    Some(sum * sum / (shares.len() as f64 * squares))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn equal_shares_are_fair_and_one_taker_is_not() {
        let index = |shares: &[f64]| jain(shares).unwrap();
        close(index(&[3.0; 7]), 1.0, 1e-12);
        close(index(&[5.0, 0.0, 0.0, 0.0]), 0.25, 1e-12);
        close(index(&[1.0, 1.0, 0.0, 0.0, 0.0]), 0.4, 1e-12);
        // (1 + 2 + 3)² ÷ (3·14).
        close(index(&[1.0, 2.0, 3.0]), 36.0 / 42.0, 1e-12);
        close(index(&[1e300, 1e300]), 1.0, 1e-12);
    }

    #[test]
    fn no_shares_have_no_index() {
        for shares in [
            &[] as &[f64],
            &[0.0, 0.0],
            &[1.0, -1.0],
            &[1.0, f64::INFINITY],
            &[1.0, f64::NAN],
        ] {
            assert_eq!(jain(shares), None, "{shares:?}");
        }
    }
}
