//! Intervals of the numbers of repeated runs, and of their differences and ratios.

use serde::Serialize;

use super::{Number, Unit};
use crate::words::NONE;
use concsim_model::scenario::expectation::Dimension;
use concsim_record::repeats::{LEVEL, Pairing, Range, Stop, compare, times, with_error};
use concsim_record::summary::Run;
use concsim_stats::Interval;

/// Intervals of one number; null where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Intervals {
    a: Option<Range>,
    b: Option<Range>,
    difference: Option<Range>,
    ratio: Option<Range>,
}

/// Returns how the repeats of two runs are compared; [`None`] if one of them was played once. Runs with the same seeds
/// have the same draws, so that their repeats are pairs.
pub(super) fn pairing([a, b]: [Option<&Run>; 2]) -> Option<Pairing> {
    let (a, b) = a.zip(b)?;
    let seeds = a.repeated.as_ref().zip(b.repeated.as_ref());
    seeds.map(|(first, second)| {
        if first.seeds() == second.seeds() && a.draws == b.draws {
            Pairing::Seeds
        } else {
            Pairing::Samples
        }
    })
}

impl Intervals {
    /// Returns the intervals of a number of two runs; difference and ratio if they are compared.
    pub(super) fn of(
        [a, b]: [Option<&Run>; 2],
        path: &'static str,
        pairing: Option<Pairing>,
    ) -> Self {
        let estimate = |run: Option<&Run>| run?.repeated.as_ref()?.estimate(path);
        let (first, second) = (estimate(a), estimate(b));
        let stop = [a, b].into_iter().flatten();
        let mut stop = stop.filter_map(|run| run.repeated.as_ref().map(|it| it.stop()));
        let stop = stop.find(|stop| *stop == Stop::ByWidth);
        let stop = stop.unwrap_or_default();
        let contrast = first.as_ref().zip(second.as_ref()).zip(pairing);
        let contrast =
            contrast.and_then(|((first, second), pairing)| compare(second, first, stop, pairing));
        Self {
            a: first.map(|it| Range::of(it.interval)),
            b: second.map(|it| Range::of(it.interval)),
            difference: contrast.as_ref().map(|it| it.difference),
            ratio: contrast.and_then(|it| it.ratio),
        }
    }

    /// True if there is none.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the estimate of the difference.
    pub(super) fn difference(&self) -> Option<f64> {
        self.difference.map(|it| it.estimate)
    }

    /// Returns the estimate of the ratio.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.ratio.map(|it| it.estimate)
    }

    /// Returns the cells of a number: both values, difference and ratio, each with its error if it has one.
    pub(super) fn cells(&self, number: &Number) -> [String; 4] {
        let unit = number.unit;
        let value =
            |range: Option<Range>, value: Option<f64>, is_patience: bool| match (range, value) {
                (_, Some(value)) if is_patience => format!("≥ {}", unit.format(value)),
                (Some(range), _) => unit.with_error(range),
                (None, Some(value)) => unit.format(value),
                (None, None) => NONE.to_owned(),
            };
        let difference = self.difference.map(|range| {
            let sign = if range.estimate > 0.0 { "+" } else { "" };
            format!("{sign}{}", unit.with_error(range))
        });
        let is_plain = self.a.is_none() || self.b.is_none();
        let plain = number.difference.filter(|_| is_plain);
        let plain = plain.map(|difference| unit.signed(difference));
        let ratio = self.ratio.map(|range| times(&interval(range, 1.0)));
        [
            value(self.a, number.a, number.at_patience[0]),
            value(self.b, number.b, number.at_patience[1]),
            difference.or(plain).unwrap_or_default(),
            ratio.unwrap_or_default(),
        ]
    }
}

impl Unit {
    /// Returns a number with its error: `10.1 ± 0.9 ms`.
    fn with_error(self, range: Range) -> String {
        let (dimension, scale) = match self {
            Self::Milliseconds => (Dimension::TIME, 1e-3),
            Self::Rate => (Dimension::RATE, 1.0),
            Self::Plain | Self::Cores | Self::Count => (Dimension::PLAIN, 1.0),
        };
        with_error(&interval(range, scale), dimension)
    }
}

fn interval(range: Range, scale: f64) -> Interval {
    Interval {
        estimate: range.estimate * scale,
        low: range.low * scale,
        high: range.high * scale,
        level: LEVEL,
        n: 0,
    }
}

/// Returns a line of a table with errors; a long name has a line of its own.
pub(super) fn line(name: &str, [a, b, difference, ratio]: [String; 4]) -> String {
    let (above, name) = match name.chars().count() {
        0..=16 => (String::new(), name),
        _ => (format!("{name}\n"), ""),
    };
    let line = format!("{name:<16} {a:>15} {b:>15} {difference:>17} {ratio:>13}");
    format!("{above}{}\n", line.trim_end())
}

/// Explains the errors.
pub(super) fn note(pairing: Pairing) -> String {
    let how = match pairing {
        Pairing::Seeds => "in pairs of repeats with the same seed",
        Pairing::Samples => "of two samples, by Welch, since the seeds differ",
    };
    format!("Errors are the longer arms of intervals of 95 %; differences and ratios {how}.")
}
