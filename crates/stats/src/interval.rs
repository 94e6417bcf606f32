//! An interval, and the decision of a claim by it.

use crate::StatsError;

/// A confidence interval: `low <= estimate <= high`, all in the unit of the values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The best single value.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Share of all experiments whose interval contains the true value, within (0, 1): 0.95 for 95 %. A
    /// method that cannot reach the demanded level states the level that it reaches.
    pub level: f64,
    /// Number of independent observations: replications, pairs or batches.
    pub n: usize,
}

/// A statement about the true value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Claim {
    /// The value is at least this number.
    AtLeast(f64),
    /// The value is at most this number.
    AtMost(f64),
    /// The value differs from `target` by at most `tolerance`, which is 0 or more.
    Within {
        /// The expected number.
        target: f64,
        /// The permitted distance from it, in the unit of the values.
        tolerance: f64,
    },
}

/// The decision of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every value of the interval meets the claim.
    Holds,
    /// No value of the interval meets the claim.
    Fails,
    /// Some values of the interval meet the claim, and some do not.
    Undecided,
}

/// Bounds of a systematic error: the true value may be as far as `below` under the measured one, and as far
/// as `above` over it. Both are 0 or more, in the unit of the values. More replications do not reduce them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disturbance {
    /// Largest possible excess of the measured value over the true one.
    pub below: f64,
    /// Largest possible deficit of the measured value.
    pub above: f64,
}

impl Interval {
    /// Returns the interval of a value without an error: its ends are the value.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self::around(value, 0.0, 1.0, 1)
    }

    /// Returns the interval `estimate` ± `half_width`.
    pub(crate) fn around(estimate: f64, half_width: f64, level: f64, n: usize) -> Self {
        Self {
            estimate,
            low: estimate - half_width,
            high: estimate + half_width,
            level,
            n,
        }
    }

    /// Returns half of the distance between the ends.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Returns the half-width as a share of the estimate's size: 0.02 for ±2 %. Infinite if the estimate is
    /// 0 and the half-width is not.
    #[must_use]
    pub fn relative_half_width(&self) -> f64 {
        if self.half_width() == 0.0 {
            0.0
        } else {
            self.half_width() / self.estimate.abs()
        }
    }

    /// True if `value` lies in the interval; its ends belong to it.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Decides a claim about the true value.
    ///
    /// A false claim is found to hold, or a true one to fail, in at most `1 - level` of all experiments.
    #[must_use]
    pub fn judge(&self, claim: Claim) -> Verdict {
        let (holds, fails) = match claim {
            Claim::AtLeast(value) => (self.low >= value, self.high < value),
            Claim::AtMost(value) => (self.high <= value, self.low > value),
            Claim::Within { target, tolerance } => {
                let (least, most) = (target - tolerance, target + tolerance);
                let is_outside = self.high < least || self.low > most;
                (self.low >= least && self.high <= most, is_outside)
            }
        };
        match (holds, fails) {
            (true, _) => Verdict::Holds,
            (false, true) => Verdict::Fails,
            (false, false) => Verdict::Undecided,
        }
    }

    /// Returns the range of the difference `self - other` of two values that were measured separately; judge
    /// it to compare them: `AtLeast(0.0)`, `AtMost(0.0)`, or `Within` around 0.
    ///
    /// The range is right whatever the dependence of the two, at the level `1 - (1 - a) - (1 - b)`
    /// (Bonferroni): 90 % for two of 95 %. It is wider than that of [`crate::paired::difference`], which is
    /// to be preferred for variants with the same seeds. A level of 0 or less states nothing.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        Self {
            estimate: self.estimate - other.estimate,
            low: self.low - other.high,
            high: self.high - other.low,
            level: self.level + other.level - 1.0,
            n: self.n.min(other.n),
        }
    }

    /// Returns the interval with room for a systematic error: `low - below`, `high + above`. Its level is
    /// kept, if the bounds are certain.
    ///
    /// # Errors
    /// If a bound is negative or not a number.
    pub fn widened(&self, by: Disturbance) -> Result<Self, StatsError> {
        match [by.below, by.above]
            .into_iter()
            .find(|bound| bound.is_nan() || *bound < 0.0)
        {
            Some(bound) => Err(StatsError::Bound(bound)),
            None => Ok(Self {
                low: self.low - by.below,
                high: self.high + by.above,
                ..*self
            }),
        }
    }

    /// Returns the number of further observations after which the claim is expected to be decided; 0 if it
    /// is decided. `None` if no number decides: the estimate, with the disturbance, lies on a limit.
    ///
    /// `self` is the interval before it is widened by `disturbance`. The number assumes that the estimate
    /// stays and that the distance of each end falls as 1 ÷ √n (Law, *Simulation Modeling and Analysis*, 5th
    /// ed., 9.4.1). It is too large for fewer than about ten observations, since the quantile of Student's t
    /// falls too, and it is itself as uncertain as the estimate.
    #[must_use]
    pub fn more_to_decide(&self, claim: Claim, disturbance: Disturbance) -> Option<usize> {
        let Disturbance { below, above } = disturbance;
        let limits = match claim {
            Claim::AtLeast(value) | Claim::AtMost(value) => [value, value],
            Claim::Within { target, tolerance } => [target - tolerance, target + tolerance],
        };
        let inside = |limit: &f64| self.low - below < *limit && *limit < self.high + above;
        let mut needed = 0.0_f64;
        for limit in limits.into_iter().filter(inside) {
            let (arm, margin) = if limit < self.estimate {
                (self.estimate - self.low, self.estimate - below - limit)
            } else {
                (self.high - self.estimate, limit - self.estimate - above)
            };
            if margin <= 0.0 {
                return None;
            }
            needed = needed.max(self.n as f64 * (arm / margin).powi(2));
        }
        let needed = needed.ceil();
        (needed < usize::MAX as f64).then(|| (needed as usize).saturating_sub(self.n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    const TEN: Interval = Interval {
        estimate: 10.0,
        low: 9.0,
        high: 11.0,
        level: 0.95,
        n: 16,
    };

    fn within(target: f64, tolerance: f64) -> Claim {
        Claim::Within { target, tolerance }
    }

    #[test]
    fn widths_are_half_of_the_distance_and_relative_to_the_size() {
        close(TEN.half_width(), 1.0, 1e-12);
        close(TEN.relative_half_width(), 0.1, 1e-12);
        let negative = Interval::around(-10.0, 1.0, 0.95, 16);
        close(negative.relative_half_width(), 0.1, 1e-12);
        let zero = Interval::around(0.0, 1.0, 0.95, 16);
        assert!(zero.relative_half_width().is_infinite());
        let exact = Interval::around(0.0, 0.0, 0.95, 16);
        close(exact.relative_half_width(), 0.0, 1e-12);
    }

    #[test]
    fn the_ends_belong_to_the_interval() {
        assert!(TEN.contains(9.0) && TEN.contains(11.0));
        assert!(!TEN.contains(8.999) && !TEN.contains(11.001));
    }

    #[test]
    fn a_claim_is_decided_by_the_whole_interval() {
        for (claim, verdict) in [
            (Claim::AtLeast(9.0), Verdict::Holds),
            (Claim::AtLeast(10.0), Verdict::Undecided),
            (Claim::AtLeast(11.0), Verdict::Undecided),
            (Claim::AtLeast(11.5), Verdict::Fails),
            (Claim::AtMost(11.0), Verdict::Holds),
            (Claim::AtMost(10.0), Verdict::Undecided),
            (Claim::AtMost(8.5), Verdict::Fails),
            (within(10.5, 2.0), Verdict::Holds),
            (within(10.5, 1.0), Verdict::Undecided),
            (within(14.0, 2.0), Verdict::Fails),
            (within(6.0, 2.0), Verdict::Fails),
        ] {
            assert_eq!(TEN.judge(claim), verdict, "{claim:?}");
        }
    }

    #[test]
    fn two_intervals_are_compared_by_their_difference() {
        let seven = Interval::around(7.0, 1.5, 0.95, 12);
        let difference = TEN.minus(&seven);
        assert_eq!((difference.low, difference.high), (0.5, 5.5));
        close(difference.level, 0.9, 1e-9);
        assert_eq!(difference.n, 12);
        assert_eq!(difference.judge(Claim::AtLeast(0.0)), Verdict::Holds);
        assert_eq!(seven.minus(&TEN).judge(Claim::AtLeast(0.0)), Verdict::Fails);
        assert_eq!(difference.judge(within(0.0, 1.0)), Verdict::Undecided);
    }

    #[test]
    fn half_the_margin_needs_four_times_as_many() {
        let none = Disturbance::default();
        // ±1 of 16 must become ±0.5: 64. Both limits are inside; the nearer one decides.
        assert_eq!(TEN.more_to_decide(Claim::AtLeast(9.5), none), Some(48));
        assert_eq!(TEN.more_to_decide(Claim::AtMost(9.5), none), Some(48));
        assert_eq!(TEN.more_to_decide(within(10.25, 0.75), none), Some(48));
        assert_eq!(TEN.more_to_decide(Claim::AtLeast(8.0), none), Some(0));
        assert_eq!(TEN.more_to_decide(Claim::AtLeast(10.0), none), None);
    }

    #[test]
    fn a_systematic_error_takes_its_part_of_the_margin() {
        let disturbed = |below, above| Disturbance { below, above };
        let claim = Claim::AtLeast(9.0);
        assert_eq!(TEN.more_to_decide(claim, disturbed(0.5, 7.0)), Some(48));
        assert_eq!(TEN.more_to_decide(claim, disturbed(1.0, 0.0)), None);
    }

    #[test]
    fn a_widened_interval_has_room_for_the_disturbance_on_each_side() {
        let by = |below, above| TEN.widened(Disturbance { below, above });
        let wide = by(0.5, 2.0).unwrap();
        assert_eq!((wide.low, wide.estimate, wide.high), (8.5, 10.0, 13.0));
        assert_eq!((wide.level, wide.n), (0.95, 16));
        assert_eq!(by(-1.0, 0.0), Err(StatsError::Bound(-1.0)));
        assert!(by(0.0, f64::NAN).is_err());
    }
}
