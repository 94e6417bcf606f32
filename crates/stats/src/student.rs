//! Student's t: the half-width of an interval in standard errors.
//!
//! Computed here and not by a library, so that it has the same bits on every machine, and because `statrs`
//! 0.19 is off by 1.2·10⁻⁴ for a million degrees of freedom.

use std::f64::consts::{FRAC_PI_2, SQRT_2};

/// Number of degrees of freedom beyond which the expansion has all digits of a double.
const MANY: usize = 1_000;

/// Returns the number t such that a variable of Student's law with `freedom` degrees of freedom, at least 1,
/// lies within ±t with the probability `level`, within (0, 1).
pub(crate) fn quantile(level: f64, freedom: usize) -> f64 {
    if freedom > MANY {
        return expansion(level, freedom as f64);
    }
    let angle = root(FRAC_PI_2, |angle| within(angle, freedom) < level);
    (freedom as f64).sqrt() * libm::tan(angle)
}

/// Returns the probability within ±t, where t = √ν·tan(angle): the finite sums of Abramowitz and Stegun,
/// 26.7.3 and 26.7.4. All terms are positive, so that no digits cancel.
fn within(angle: f64, freedom: usize) -> f64 {
    let (sine, cosine) = libm::sincos(angle);
    let is_odd = freedom % 2 == 1;
    let mut term = if is_odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    let first = usize::from(is_odd);
    for power in (first..freedom - first).step_by(2) {
        sum += term;
        term *= cosine * cosine * (power + 1) as f64 / (power + 2) as f64;
    }
    if is_odd {
        (angle + sine * sum) / FRAC_PI_2
    } else {
        sine * sum
    }
}

/// Returns the quantile for many degrees of freedom from that of the normal law: Abramowitz and Stegun,
/// 26.7.5.
fn expansion(level: f64, freedom: f64) -> f64 {
    let x = root(40.0, |x| libm::erf(x / SQRT_2) < level);
    let terms = [
        (x.powi(3) + x) / 4.0,
        (5.0 * x.powi(5) + 16.0 * x.powi(3) + 3.0 * x) / 96.0,
        (3.0 * x.powi(7) + 19.0 * x.powi(5) + 17.0 * x.powi(3) - 15.0 * x) / 384.0,
    ];
    let sum = terms
        .iter()
        .rev()
        .fold(0.0, |sum, term| (sum + term) / freedom);
    x + sum
}

/// Returns the place in (0, `end`) up to which a condition is true, by bisection.
fn root(end: f64, is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, end);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    #[test]
    fn quantiles_are_those_of_the_printed_table() {
        // Law, table T.1; Abramowitz and Stegun, table 26.10.
        for (freedom, level, expected) in [
            (1, 0.95, 12.706),
            (2, 0.95, 4.303),
            (3, 0.95, 3.182),
            (4, 0.9, 2.132),
            (4, 0.95, 2.776),
            (5, 0.99, 4.032),
            (9, 0.9, 1.833),
            (9, 0.95, 2.262),
            (9, 0.99, 3.250),
            (19, 0.95, 2.093),
            (29, 0.95, 2.045),
            (29, 0.99, 2.756),
            (60, 0.95, 2.000),
            (120, 0.99, 2.617),
        ] {
            close(quantile(level, freedom), expected, 1e-3);
        }
        close(quantile(0.95, 1_000_000_000), 1.959_964, 1e-6);
    }

    #[test]
    fn quantiles_with_a_closed_form_have_all_their_digits() {
        for level in [0.01, 0.5, 0.9, 0.95, 0.999] {
            close(quantile(level, 1), (FRAC_PI_2 * level).tan(), 1e-9);
            let two = level * (2.0 / (1.0 - level * level)).sqrt();
            close(quantile(level, 2), two, 1e-9);
        }
    }

    #[test]
    fn sum_and_expansion_meet() {
        for level in [0.5, 0.95, 0.999] {
            close(quantile(level, MANY), expansion(level, MANY as f64), 1e-8);
        }
    }
}
