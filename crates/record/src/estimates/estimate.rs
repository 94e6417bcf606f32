//! A number of repeats: its estimate, its interval, and its value in each repeat.

use serde_json::{Value, json};

use crate::rounding::rounded;
use concsim_stats::percentile::Pooled;
use concsim_stats::{Disturbance, Interval, StatsError, mean, until};

/// Share of all experiments whose interval contains the true value.
pub const LEVEL: f64 = 0.95;

/// A rule for the ends of intervals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stop {
    /// The number of repeats was given.
    #[default]
    Given,
    /// The intervals themselves decided when to stop, so that they are stated wider.
    ByWidth,
}

impl Stop {
    /// Returns the interval to be stated.
    pub(crate) fn stated(self, interval: Interval) -> Interval {
        match self {
            Self::Given => interval,
            Self::ByWidth => until::corrected(&interval),
        }
    }
}

/// A number of repeats.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Its interval, in the unit of the summary, with room for the disturbances.
    pub interval: Interval,
    /// Room for the disturbances of the repeats: more of them do not make it less.
    pub moved: Disturbance,
    /// Its value in each repeat; of a percentile, the part that each repeat has in it (see
    /// [`Pooled::linearised`]). Empty for a percentile of which an end is unknown.
    pub each: Vec<f64>,
}

impl Estimate {
    /// Returns the mean of the repeats' values. At least two.
    pub(crate) fn mean(each: Vec<f64>, stop: Stop) -> Result<Self, StatsError> {
        let interval = mean::interval(&each, LEVEL)?;
        Ok(Self::stated(stop.stated(interval), each))
    }

    /// Returns a percentile of the requests of all repeats together.
    pub(crate) fn percentile(
        repeats: &[impl AsRef<[f64]>],
        share: f64,
        stop: Stop,
    ) -> Result<Self, StatsError> {
        let pooled = Pooled::of(repeats, share, LEVEL)?;
        let each = pooled.linearised().unwrap_or_default();
        Ok(Self::stated(stop.stated(pooled.interval), each))
    }

    /// Rounds as the summary does.
    fn stated(interval: Interval, each: Vec<f64>) -> Self {
        Self {
            interval: Interval {
                estimate: in_summary(interval.estimate),
                low: in_summary(interval.low),
                high: in_summary(interval.high),
                ..interval
            },
            moved: Disturbance::default(),
            each,
        }
    }

    /// Returns it with room for the disturbances of the repeats.
    pub(crate) fn widened(self, moved: Disturbance) -> Self {
        let interval = self.interval.widened(moved).unwrap_or(self.interval);
        let stated = Self::stated(interval, self.each);
        Self { moved, ..stated }
    }

    /// Returns the interval without the room for disturbances, if that room has an end.
    pub(crate) fn undisturbed(&self) -> Option<Interval> {
        let Disturbance { below, above } = self.moved;
        let is_known = below.is_finite() && above.is_finite();
        is_known.then_some(Interval {
            low: self.interval.low + below,
            high: self.interval.high - above,
            ..self.interval
        })
    }

    /// Returns it as a leaf of a tree of numbers; [`Estimate::from_json`] reads it. An infinite end is null.
    pub(crate) fn to_json(&self) -> Value {
        let Interval {
            estimate,
            low,
            high,
            n,
            ..
        } = self.interval;
        let Disturbance { below, above } = self.moved;
        json!({
            "estimate": estimate, "low": low, "high": high, "n": n, "each": self.each,
            "below": below, "above": above,
        })
    }

    /// Reads it from a leaf; a plain number is the same in each of the repeats.
    pub(crate) fn from_json(leaf: &Value, scale: f64) -> Option<Self> {
        let number = |name: &str| Some(leaf.get(name)?.as_f64()? * scale);
        if let Some(constant) = leaf.as_f64() {
            return Some(Self::constant(constant * scale));
        }
        let each = leaf.get("each")?.as_array()?.iter();
        Some(Self {
            interval: Interval {
                estimate: number("estimate")?,
                low: number("low").unwrap_or(f64::NEG_INFINITY),
                high: number("high").unwrap_or(f64::INFINITY),
                level: LEVEL,
                n: leaf.get("n")?.as_u64()? as usize,
            },
            moved: Disturbance {
                below: number("below").unwrap_or(f64::INFINITY),
                above: number("above").unwrap_or(f64::INFINITY),
            },
            each: each
                .filter_map(|value| Some(value.as_f64()? * scale))
                .collect(),
        })
    }

    /// Returns a number that is the same in each repeat.
    fn constant(value: f64) -> Self {
        Self {
            interval: Interval {
                estimate: value,
                low: value,
                high: value,
                level: LEVEL,
                n: usize::MAX,
            },
            moved: Disturbance::default(),
            each: vec![value],
        }
    }

    /// Returns the value in a repeat; [`None`] for a percentile of which an end is unknown.
    pub(crate) fn in_repeat(&self, place: usize) -> Option<f64> {
        match self.each.as_slice() {
            [same] => Some(*same),
            each => each.get(place).copied(),
        }
    }
}

/// Rounds a number as the summary does: to six digits after the point, and a small one to nine.
fn in_summary(value: f64) -> f64 {
    if value.is_finite() {
        rounded(value, if value.abs() < 1.0 { 9 } else { 6 })
    } else {
        value
    }
}
