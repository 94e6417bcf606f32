//! Reasons for which there is no interval.

/// The reason for which a statistic cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// Fewer values than the method needs.
    #[error("{n} values are too few: at least {least} are needed")]
    TooFew {
        /// Number of values given.
        n: usize,
        /// Smallest number of values that the method accepts.
        least: usize,
    },
    /// A value is infinite or not a number.
    #[error("every value must be a finite number")]
    NotFinite,
    /// A level outside (0, 1).
    #[error("the level must be between 0 and 1, not {0}")]
    Level(f64),
    /// A share of a percentile outside (0, 1).
    #[error("the share of a percentile must be between 0 and 1, not {0}")]
    Share(f64),
    /// Two variants with different numbers of values.
    #[error("pairs need as many values of one variant as of the other, not {0} and {1}")]
    NotPaired(usize, usize),
    /// A ratio of values of which one is 0 or negative.
    #[error("a ratio needs values above 0")]
    NotPositive,
    /// Consecutive batches depend on each other.
    #[error("consecutive batch means correlate by {lag_one:.2}: the run is too short")]
    Correlated {
        /// Lag-1 correlation of the batch means, within \[−1, 1\].
        lag_one: f64,
    },
    /// A warm-up that covers more than half of the series.
    #[error(
        "the warm-up ends after {truncated} of {n} values, beyond their half: the run is too short"
    )]
    NotSettled {
        /// Number of values that the rule would discard.
        truncated: usize,
        /// Number of values in the series.
        n: usize,
    },
    /// A bound of a disturbance that is negative or not a number.
    #[error("a bound of a disturbance must be 0 or more, not {0}")]
    Bound(f64),
}

/// Checks a level and the values of a sample.
pub(crate) fn check(values: &[f64], least: usize, level: f64) -> Result<(), StatsError> {
    let n = values.len();
    if !(level > 0.0 && level < 1.0) {
        return Err(StatsError::Level(level));
    }
    if n < least {
        return Err(StatsError::TooFew { n, least });
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(StatsError::NotFinite);
    }
    Ok(())
}

/// Checks the share of a percentile.
pub(crate) fn check_share(share: f64) -> Result<(), StatsError> {
    if share > 0.0 && share < 1.0 {
        Ok(())
    } else {
        Err(StatsError::Share(share))
    }
}
