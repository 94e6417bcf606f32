//! Quantities with their units in the type.
//!
//! A length of time on the wall ([`Elapsed`]) and a length of time on a core ([`CpuTime`]) are different types,
//! because confusing them is the mistake that this program exists to show: two processes that each spin until
//! the same wall-clock deadline look parallel even on one core. All types count whole nanoseconds. This module
//! reads no clocks; they are in `sys`.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// An instant: nanoseconds of the monotonic clock since the run began.
///
/// One clock for server, load and services, so stamps of different processes may be subtracted.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Stamp(pub u64);

/// A length of time on the wall, in nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Elapsed(pub u64);

/// A length of time on a core, in nanoseconds: never passes while a process waits or is kept off
/// its core, and passes twice as fast for two processes computing at the same instant.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CpuTime(pub u64);

impl Stamp {
    /// Beginning of the run.
    pub const ZERO: Self = Self(0);
    /// An instant that never comes.
    pub const NEVER: Self = Self(u64::MAX);

    /// Time from `earlier` to `self`; zero if `earlier` is the later one.
    #[must_use]
    pub fn since(self, earlier: Self) -> Elapsed {
        Elapsed(self.0.saturating_sub(earlier.0))
    }
}

impl Elapsed {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// True if it has no length.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// Returns `milliseconds` as a length of time.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(milliseconds * 1_000_000)
    }

    /// Returns `seconds` as a length of time.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1_000_000_000)
    }

    /// Returns milliseconds.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Returns seconds.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl CpuTime {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Returns seconds of one core.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add<Elapsed> for Stamp {
    type Output = Self;
    fn add(self, length: Elapsed) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Add for Elapsed {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Elapsed {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Elapsed {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for CpuTime {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for CpuTime {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for CpuTime {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&describe(self.0))
    }
}

impl fmt::Display for CpuTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&describe(self.0))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&describe(self.0))
    }
}

/// First number of the processes that compute for the workers; lower ones are workers.
const FIRST_OF_THE_POOL: usize = 256;

/// Returns the letters of a worker: A to Z, then AA, AB, …; `p1`, `p2`, … of a process that computes for workers.
#[must_use]
pub fn letter(worker: usize) -> String {
    if worker >= FIRST_OF_THE_POOL {
        return format!("p{}", worker - FIRST_OF_THE_POOL + 1);
    }
    let last = char::from(b'A' + (worker % 26) as u8);
    match worker / 26 {
        0 => last.to_string(),
        before => letter(before - 1) + last.encode_utf8(&mut [0]),
    }
}

/// Returns three digits and the unit that suits them: `850 ns`, `3.20 ms`, `104 ms`, `1.50 s`.
fn describe(nanoseconds: u64) -> String {
    let (value, unit) = match nanoseconds {
        0 => return "0 ms".into(),
        1..1_000 => return format!("{nanoseconds} ns"),
        1_000..999_500 => (nanoseconds as f64 / 1e3, "µs"),
        999_500..999_500_000 => (nanoseconds as f64 / 1e6, "ms"),
        _ => (nanoseconds as f64 / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

/// Returns a number with about three significant digits, never in exponent form: `0.02`, `3.20`, `20.0`, `598`.
/// A number above zero is never `0.00`: `0.0033`.
#[must_use]
pub fn three_digits(value: f64) -> String {
    match value.abs() {
        size if size >= 99.95 => format!("{value:.0}"),
        size if size >= 9.995 => format!("{value:.1}"),
        // Rounding noise of a sum counts as zero.
        size if !(1e-6..0.0095).contains(&size) => format!("{value:.2}"),
        size => {
            let digits = (1.0 - size.log10().floor()) as usize;
            format!("{value:.digits$}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_nothing_is_not_said_to_be_nothing() {
        for (value, text) in [
            (0.0, "0.00"),
            (1e-12, "0.00"),
            (0.003_333, "0.0033"),
            (0.000_05, "0.000050"),
            (0.009_6, "0.01"),
            (0.02, "0.02"),
            (-0.004, "-0.0040"),
            (3.2, "3.20"),
        ] {
            assert_eq!(three_digits(value), text);
        }
    }

    #[test]
    fn lengths_of_time_are_written_with_three_digits_and_a_unit() {
        for (nanoseconds, text) in [
            (0, "0 ms"),
            (850, "850 ns"),
            (1_500, "1.50 µs"),
            (3_200_000, "3.20 ms"),
            (98_700_000, "98.7 ms"),
            (104_400_000, "104 ms"),
            (999_600_000, "1.00 s"),
            (4_203_000_000, "4.20 s"),
        ] {
            assert_eq!(Elapsed(nanoseconds).to_string(), text);
        }
    }
}
