//! Scales: from values to places on paper, and the labelled values of an axis.

use concsim_model::units::Elapsed;
use concsim_model::words::length;

/// An axis: values from `low` to `high` lie between `from` and `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Linear or logarithmic.
    pub(super) steps: Steps,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Limit above all numbers of a figure.
const LARGEST: f64 = 1e15;

/// Quantity that is constant per distance on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    /// Equal differences.
    Linear,
    /// Equal ratios.
    Log,
}

impl Scale {
    /// Returns a linear scale from 0 to slightly more than the largest of these.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Self {
        let most = values.fold(0.0, f64::max);
        Self {
            steps: Steps::Linear,
            low: 0.0,
            high: if most > 0.0 { most * 1.06 } else { 1.0 },
            from,
            to,
        }
    }

    /// Returns a logarithmic scale over all positive values, extended to 1, 2 or 5 times a power of ten
    /// beyond them.
    pub(super) fn factors(values: impl Iterator<Item = f64>, (from, to): (f64, f64)) -> Self {
        let positive = values.filter(|value| *value > 0.0);
        let none = (f64::INFINITY, 0.0_f64);
        let (least, most) = positive.fold(none, |(least, most), value| {
            (least.min(value), most.max(value))
        });
        let (least, most) = if most > 0.0 {
            (least, most)
        } else {
            (1.0, 1.0)
        };
        Self {
            steps: Steps::Log,
            low: 1.0 / nice(1.001 / least),
            high: nice(most * 1.001),
            from,
            to,
        }
    }

    /// Returns the place of a value. A value beyond an end is placed at that end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = match self.steps {
            Steps::Linear => (value - self.low) / (self.high - self.low),
            Steps::Log => (value / self.low).ln() / (self.high / self.low).ln(),
        };
        let share = if share.is_nan() { 0.0 } else { share };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Returns the labelled values of the axis, at most `most`, each with its label.
    pub(super) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let length = self.high - self.low;
        match self.steps {
            Steps::Linear if length.is_normal() && length < LARGEST => self.even(most.max(3)),
            Steps::Log if length.is_normal() && self.low > 0.0 => self.powers(most.max(2)),
            // Such ends leave nothing to label.
            Steps::Linear | Steps::Log => Vec::new(),
        }
    }

    fn even(&self, most: usize) -> Vec<(f64, String)> {
        let step = nice((self.high - self.low) / most as f64);
        let decimals = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last)
            .map(|count| count as f64 * step)
            .map(|value| match decimals {
                0 if value >= 1_000.0 => (value, plain(value)),
                _ => (value, format!("{value:.decimals$}")),
            })
            .collect()
    }

    fn powers(&self, most: usize) -> Vec<(f64, String)> {
        let first = (self.low.log10() - 1e-9).ceil() as i32;
        let last = (self.high.log10() + 1e-9).floor() as i32;
        let every = (last - first) as usize / most + 1;
        let mut ticks: Vec<f64> = (first..=last)
            .step_by(every)
            .map(|power| 10_f64.powi(power))
            .collect();
        if ticks.len() <= 2 {
            let between = |power: i32| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power));
            ticks = (first - 1..=last).flat_map(between).collect();
            ticks.retain(|value| (self.low..=self.high * (1.0 + 1e-9)).contains(value));
        }
        ticks
            .into_iter()
            .map(|value| (value, plain(value)))
            .collect()
    }
}

/// Returns the labels of an axis of doubling values: all values if they are few, else 1, 2, 4, 8 and so on up
/// to the largest.
pub(super) fn doublings(values: impl Iterator<Item = f64>) -> Vec<(f64, String)> {
    let mut values: Vec<f64> = values.filter(|value| *value > 0.0).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let (Some(least), Some(most)) = (values.first(), values.last()) else {
        return Vec::new();
    };
    if values.len() > ALL_LABELLED {
        return powers_of_two(*least, *most);
    }
    values
        .into_iter()
        .map(|value| (value, plain(value)))
        .collect()
}

/// Returns all powers of two between these, each with its label.
pub(super) fn powers_of_two(least: f64, most: f64) -> Vec<(f64, String)> {
    let between = least * (1.0 - 1e-9)..=most * (1.0 + 1e-9);
    let powers = (-40..=40).map(|power| 2_f64.powi(power));
    let powers = powers.filter(|value| between.contains(value));
    powers.map(|value| (value, plain(value))).collect()
}

/// Number of values up to which each has its label.
const ALL_LABELLED: usize = 8;

/// Formats milliseconds for a reader: `99 ms`, `1.5 s`.
pub(super) fn milliseconds(number: f64) -> String {
    length(Elapsed((number.max(0.0) * 1e6).round() as u64))
}

/// Returns the next larger of 1, 2 and 5 times a power of ten.
pub(super) fn nice(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let digit = step / power;
    let larger = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|nice| digit <= nice * (1.0 + 1e-9));
    larger.unwrap_or(10.0) * power
}

/// Formats a power of ten, or a few of them, without an exponent while that is readable.
fn plain(value: f64) -> String {
    match value {
        value if value >= 1e6 => format!("{value:.0e}"),
        value if value >= 1_000.0 => concsim_model::words::grouped(value.round() as u64),
        value if value >= 1.0 => format!("{value:.0}"),
        value => format!("{}", (value * 1e9).round() / 1e9),
    }
}

/// Moves places apart until each is `gap` or more below the previous one, in the same order.
pub(super) fn spread(places: &mut [f64], gap: f64, lowest: f64) {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| places[*a].total_cmp(&places[*b]));
    for pair in order.windows(2) {
        places[pair[1]] = places[pair[1]].max(places[pair[0]] + gap);
    }
    let mut limit = lowest;
    for place in order.into_iter().rev() {
        places[place] = places[place].min(limit);
        limit = places[place] - gap;
    }
}

/// Formats an instant in seconds, in hundredths or with two significant digits: `4.20 s`, `0.0033 s`.
pub(super) fn instant(seconds: f64) -> String {
    let digits = if seconds > 0.0 {
        (1.0 - libm::log10(seconds).floor()).clamp(2.0, 9.0) as usize
    } else {
        2
    };
    format!("{seconds:.digits$} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(steps: Steps, low: f64, high: f64) -> Scale {
        Scale {
            steps,
            low,
            high,
            from: 0.0,
            to: 100.0,
        }
    }

    fn labels(scale: Scale, most: usize) -> Vec<String> {
        scale
            .ticks(most)
            .into_iter()
            .map(|(_, label)| label)
            .collect()
    }

    #[test]
    fn an_even_axis_names_round_values_with_as_many_digits_as_they_need() {
        assert_eq!(
            labels(axis(Steps::Linear, 0.0, 4.2), 5),
            ["0", "1", "2", "3", "4"]
        );
        assert_eq!(
            labels(axis(Steps::Linear, 0.0, 0.42), 5),
            ["0.0", "0.1", "0.2", "0.3", "0.4"]
        );
    }

    #[test]
    fn a_logarithmic_axis_names_powers_of_ten_or_what_lies_between_few() {
        assert_eq!(
            labels(axis(Steps::Log, 0.1, 1e4), 8),
            ["0.1", "1", "10", "100", "1 000", "10 000"]
        );
        assert_eq!(
            labels(axis(Steps::Log, 1.0, 50.0), 8),
            ["1", "2", "5", "10", "20", "50"]
        );
    }

    #[test]
    fn equal_factors_are_as_far_apart_everywhere() {
        let scale = axis(Steps::Log, 1.0, 100.0);
        assert!((scale.at(10.0) - 50.0).abs() < 1e-9);
        assert!((scale.at(1e9) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn labels_are_moved_apart_and_keep_their_order() {
        let mut places = [50.0, 52.0, 98.0, 99.0];
        spread(&mut places, 10.0, 100.0);
        assert_eq!(places.map(|place| place as i64), [50, 60, 90, 100]);
    }

    #[test]
    fn an_axis_of_doublings_names_all_values_if_they_are_few() {
        let named = |values: &[f64]| -> Vec<f64> {
            let ticks = doublings(values.iter().copied());
            ticks.into_iter().map(|(value, _)| value).collect()
        };
        assert_eq!(named(&[3.0, 1.0, 2.0, 2.0]), [1.0, 2.0, 3.0]);
        let many: Vec<f64> = (1..=16).map(f64::from).collect();
        assert_eq!(named(&many), [1.0, 2.0, 4.0, 8.0, 16.0]);
    }

    #[test]
    fn a_short_time_is_never_said_to_be_none() {
        let text = [0.0, 4.2, 1.004, 0.1, 0.024, 0.0033, 0.000_05].map(instant);
        assert_eq!(
            text,
            [
                "0.00 s",
                "4.20 s",
                "1.00 s",
                "0.10 s",
                "0.024 s",
                "0.0033 s",
                "0.000050 s"
            ]
        );
    }
}
