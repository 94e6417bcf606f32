//! Sequential stopping: replications are added until the interval is narrow enough.
//!
//! A rule that looks after every replication stops more often where the variance happens to be estimated too
//! low, so that the interval contains the true value less often than its level says (Chow and Robbins, "On
//! the asymptotic theory of fixed-width sequential confidence intervals", *Annals of Mathematical Statistics*
//! 36, 1965; Law, *Simulation Modeling and Analysis*, 5th ed., 9.4.1). So the rule compares the half-width
//! times 1 + 2 ÷ n, and [`corrected`] returns that interval, which is to be stated after a stop. The factor
//! was chosen by measurement. Share of 10 000 experiments whose 95 % interval contains the true mean, for
//! normal values of which `needed` give a half-width of 2 % (`coverage_after_a_stop` in `tests/coverage`
//! prints this table):
//!
//! | needed | uncorrected | corrected | replications, corrected |
//! |---|---|---|---|
//! | 3 | 94.9 % | 97.8 % | 7.4 |
//! | 5 | 94.1 % | 97.0 % | 9.4 |
//! | 8 | 93.1 % | 96.5 % | 12.5 |
//! | 12 | 92.5 % | 96.0 % | 16.5 |
//! | 20 | 92.4 % | 95.3 % | 24.5 |
//! | 40 | 93.2 % | 95.2 % | 44.6 |
//! | 80 | 94.3 % | 95.1 % | 84.8 |
//! | M/M/1, ρ 0.5, mean of 5 000 customers, 1 000 experiments | 94.0 % | 96.4 % | 21.9 |

use crate::Interval;

/// Smallest number of replications at which a run may stop.
pub const FIRST_LOOK: usize = 5;

/// A rule that stops when the half-width is at most a share of the estimate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoppingRule {
    /// Demanded relative error: 0.02 for 2 %. Above 0.
    pub relative: f64,
    /// Number of replications before the first look; [`FIRST_LOOK`] if it is less.
    pub least: usize,
    /// Number of replications at which the run ends in any case.
    pub cap: usize,
}

/// The decision after a replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoppingDecision {
    /// One more replication is needed.
    Continue,
    /// The interval is narrow enough.
    Done,
    /// The interval is not narrow enough, and no more replications are permitted.
    CapReached,
}

impl StoppingRule {
    /// Decides by the interval of all replications so far. `interval.n` is their number.
    #[must_use]
    pub fn decide(&self, interval: &Interval) -> StoppingDecision {
        let n = interval.n;
        let is_narrow = corrected(interval).relative_half_width() <= self.relative;
        if n >= self.least.max(FIRST_LOOK) && is_narrow {
            StoppingDecision::Done
        } else if n >= self.cap {
            StoppingDecision::CapReached
        } else {
            StoppingDecision::Continue
        }
    }
}

/// Returns the interval to be stated after a stop: both ends are 1 + 2 ÷ n times as far from the estimate.
#[must_use]
pub fn corrected(interval: &Interval) -> Interval {
    let factor = 1.0 + 2.0 / interval.n as f64;
    let Interval {
        estimate,
        low,
        high,
        ..
    } = *interval;
    Interval {
        low: estimate - factor * (estimate - low),
        high: estimate + factor * (high - estimate),
        ..*interval
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;

    const TWO_PER_CENT: StoppingRule = StoppingRule {
        relative: 0.02,
        least: 0,
        cap: 100,
    };

    fn of(n: usize, half_width: f64) -> Interval {
        Interval::around(1.0, half_width, 0.95, n)
    }

    #[test]
    fn the_ends_are_moved_out_by_two_nths() {
        let skewed = Interval {
            estimate: 10.0,
            low: 9.0,
            high: 13.0,
            level: 0.95,
            n: 20,
        };
        let found = corrected(&skewed);
        close(found.low, 8.9, 1e-9);
        close(found.high, 13.3, 1e-9);
    }

    #[test]
    fn no_stop_before_five_replications() {
        assert_eq!(TWO_PER_CENT.decide(&of(4, 0.0)), StoppingDecision::Continue);
        assert_eq!(TWO_PER_CENT.decide(&of(5, 0.0)), StoppingDecision::Done);
        let later = StoppingRule {
            least: 12,
            ..TWO_PER_CENT
        };
        assert_eq!(later.decide(&of(11, 0.0)), StoppingDecision::Continue);
        assert_eq!(later.decide(&of(12, 0.0)), StoppingDecision::Done);
    }

    #[test]
    fn the_corrected_width_must_be_narrow_enough() {
        // 1.1 times 0.018 is 0.0198, and 1.1 times 0.0185 is 0.02035.
        assert_eq!(TWO_PER_CENT.decide(&of(20, 0.018)), StoppingDecision::Done);
        assert_eq!(
            TWO_PER_CENT.decide(&of(20, 0.0185)),
            StoppingDecision::Continue
        );
    }

    #[test]
    fn the_cap_ends_what_is_not_narrow() {
        assert_eq!(
            TWO_PER_CENT.decide(&of(99, 0.5)),
            StoppingDecision::Continue
        );
        assert_eq!(
            TWO_PER_CENT.decide(&of(100, 0.5)),
            StoppingDecision::CapReached
        );
        assert_eq!(TWO_PER_CENT.decide(&of(100, 0.01)), StoppingDecision::Done);
        // An estimate of 0 has no relative width.
        let zero = Interval::around(0.0, 0.1, 0.95, 100);
        assert_eq!(TWO_PER_CENT.decide(&zero), StoppingDecision::CapReached);
    }
}
