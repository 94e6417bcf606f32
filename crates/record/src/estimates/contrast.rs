//! A number in two variants of the same repeats, or in two experiments: ratio and difference, with intervals.

use serde::Serialize;

use super::{Estimate, LEVEL, Stop};
use crate::rounding::rounded;
use concsim_stats::{Interval, paired, unpaired};

/// The comparison of one number.
#[derive(Clone, Debug, Serialize)]
pub struct ContrastIntervals {
    /// The variant's number ÷ that of the other; null if a value is 0 or less.
    pub ratio: Option<Range>,
    /// The variant's number less that of the other.
    pub difference: Range,
}

/// An estimate and the ends of its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    /// The best single value.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Method of a comparison of two numbers of repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pairing {
    /// In pairs of repeats with the same seed.
    Seeds,
    /// As two samples, by Welch.
    Samples,
}

impl Range {
    /// Returns an interval, rounded as the summary does.
    #[must_use]
    pub fn of(interval: Interval) -> Self {
        let round = |value: f64| rounded(value, if value.abs() < 1.0 { 9 } else { 6 });
        Self {
            estimate: round(interval.estimate),
            low: round(interval.low),
            high: round(interval.high),
        }
    }
}

/// Compares a number of two experiments: the difference of `number` less `other`, and their ratio. [`None`] if a
/// value is not known.
#[must_use]
pub fn compare(
    number: &Estimate,
    other: &Estimate,
    stop: Stop,
    pairing: Pairing,
) -> Option<ContrastIntervals> {
    let (difference, ratio) = match pairing {
        Pairing::Seeds => {
            let (number, other) = same_length(number, other)?;
            let difference = paired::difference(&number, &other, LEVEL);
            (difference, paired::ratio(&number, &other, LEVEL))
        }
        Pairing::Samples => {
            let [number, other] = [number, other].map(|it| values(it, it.each.len()));
            let (number, other) = number.zip(other)?;
            let difference = unpaired::difference(&number, &other, LEVEL);
            (difference, unpaired::ratio(&number, &other, LEVEL))
        }
    };
    Some(ContrastIntervals {
        ratio: ratio.ok().map(|ratio| Range::of(stop.stated(ratio))),
        difference: Range::of(stop.stated(difference.ok()?)),
    })
}

/// Returns the ratio of two numbers of the same repeats; [`None`] if a value is 0 or less, or not known.
#[must_use]
pub fn ratio(number: &Estimate, other: &Estimate, stop: Stop) -> Option<Interval> {
    let (number, other) = same_length(number, other)?;
    let ratio = paired::ratio(&number, &other, LEVEL).ok()?;
    Some(stop.stated(ratio))
}

/// Returns the values of both in each repeat; [`None`] if one is not known.
fn same_length(one: &Estimate, other: &Estimate) -> Option<(Vec<f64>, Vec<f64>)> {
    let count = one.each.len().max(other.each.len());
    Some((values(one, count)?, values(other, count)?))
}

/// Returns the values of a number in `count` repeats; [`None`] if one is not known. A number that is the same in all
/// repeats has at least two values, enough for an interval of width 0.
fn values(number: &Estimate, count: usize) -> Option<Vec<f64>> {
    let places = 0..count.max(2);
    places.map(|place| number.in_repeat(place)).collect()
}
