//! A gauge as it was read at one instant.

use concsim_model::units::Stamp;

/// A gauge at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reading {
    /// How many there were.
    pub count: u64,
    /// Since when.
    pub changed_at: Stamp,
    /// Their number integrated over time up to `changed_at`, in thing-nanoseconds.
    pub integral: u64,
}

impl Reading {
    /// The integral up to `now`, in thing-nanoseconds, if the count stays as it is.
    #[must_use]
    pub fn integral_at(&self, now: Stamp) -> i128 {
        let since = i128::from(now.0) - i128::from(self.changed_at.0);
        i128::from(self.integral) + i128::from(self.count) * since
    }
}
