//! Floating-point numbers with an extended exponent.
//!
//! The normalising constant of a thousand clients is far outside the range of an `f64`. The ratio of two such
//! constants, the only result needed, is an ordinary number. Logarithms would also work, but they lose digits
//! as they grow and cost an exponential per sum; a separate exponent does not.

use std::ops::{Add, Mul};

/// `part` times 2^(256 · `exponent`), with `part` zero or between 2^−128 and 2^128.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ExtendedFloat {
    part: f64,
    exponent: i64,
}

/// 2^256, its square root, and the roots of its inverse.
const STEP: f64 = f64::from_bits((1_023 + 256) << 52);
const MOST: f64 = f64::from_bits((1_023 + 128) << 52);
const LEAST: f64 = f64::from_bits((1_023 - 128) << 52);

impl ExtendedFloat {
    pub(super) const ZERO: Self = Self {
        part: 0.0,
        exponent: 0,
    };
    pub(super) const ONE: Self = Self {
        part: 1.0,
        exponent: 0,
    };

    /// Normalises; `part` may be any finite non-negative number.
    fn scaled(mut part: f64, mut exponent: i64) -> Self {
        if part == 0.0 {
            return Self::ZERO;
        }
        while part >= MOST {
            part /= STEP;
            exponent += 1;
        }
        while part < LEAST {
            part *= STEP;
            exponent -= 1;
        }
        Self { part, exponent }
    }

    /// Returns `self` ÷ `other` as an ordinary number.
    pub(super) fn over(self, other: Self) -> f64 {
        let apart = self.exponent - other.exponent;
        let by = if apart < 0 { 1.0 / STEP } else { STEP };
        // Nine steps exceed the range of an `f64`. A smaller limit could lose a product that is in range.
        let steps = apart.unsigned_abs().min(9);
        (0..steps).fold(self.part / other.part, |ratio, _| ratio * by)
    }
}

impl Mul<f64> for ExtendedFloat {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::scaled(self.part * factor, self.exponent)
    }
}

impl Mul for ExtendedFloat {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::scaled(self.part * other.part, self.exponent + other.exponent)
    }
}

impl Add for ExtendedFloat {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        if self.part == 0.0 {
            return other;
        }
        if other.part == 0.0 {
            return self;
        }
        let (large, small) = if self.exponent >= other.exponent {
            (self, other)
        } else {
            (other, self)
        };
        match large.exponent - small.exponent {
            0 => Self::scaled(large.part + small.part, large.exponent),
            1 => Self::scaled(large.part + small.part / STEP, large.exponent),
            // Below the last digit.
            _ => large,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    fn wide(value: f64) -> ExtendedFloat {
        ExtendedFloat::ONE * value
    }

    #[test]
    fn sums_and_products_are_those_of_ordinary_numbers() {
        for one in [0.0, 1e-200, 3e-40, 1.0, 7.25, 2e38, 5e140] {
            for other in [0.0, 1e-100, 1.0, 1e39, 1e120] {
                let (sum, product) = (wide(one) + wide(other), wide(one) * wide(other));
                close(
                    sum.over(ExtendedFloat::ONE),
                    one + other,
                    1e-15 * (one + other),
                );
                close(
                    product.over(ExtendedFloat::ONE),
                    one * other,
                    1e-15 * one * other,
                );
                assert_eq!(product, wide(one) * other);
            }
        }
    }

    #[test]
    fn a_factorial_of_ten_thousand_has_the_right_ratio_to_the_one_before() {
        let factorial =
            |n: u32| (1..=n).fold(ExtendedFloat::ONE, |product, n| product * f64::from(n));
        let ratio = factorial(10_000).over(factorial(9_999));
        close(ratio, 1e4, 1e-7);
        assert!(factorial(10_000).over(ExtendedFloat::ONE).is_infinite());
        close(ExtendedFloat::ONE.over(factorial(10_000)), 0.0, 1e-300);
    }
}
