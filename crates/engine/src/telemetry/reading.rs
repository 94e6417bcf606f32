//! Readings of gauges.

use concsim_model::units::Stamp;

/// Reading of a gauge at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reading {
    /// Number of things that were there.
    pub count: u64,
    /// Instant of the last change.
    pub changed_at: Stamp,
    /// Integral of the number over time up to `changed_at`, in thing-nanoseconds.
    pub integral: u64,
}

impl Reading {
    /// Returns the integral up to `now`, in thing-nanoseconds, if the count stays as it is.
    #[must_use]
    pub fn integral_at(&self, now: Stamp) -> i128 {
        let since = i128::from(now.0) - i128::from(self.changed_at.0);
        i128::from(self.integral) + i128::from(self.count) * since
    }
}
