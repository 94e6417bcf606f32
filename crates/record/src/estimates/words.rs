//! Numbers with their errors, as a reader sees them: `10.1 ± 0.9 ms`.

use concsim_model::scenario::expectation::{Dimension, Quantity};
use concsim_model::units::three_digits;
use concsim_stats::Interval;

/// Returns an estimate and its error in words: `10.1 ± 0.9 ms`. Lengths of time are in seconds. Of an
/// interval with arms of different lengths the longer one is given; if an end is unknown, the estimate alone.
#[must_use]
pub fn with_error(interval: &Interval, dimension: Dimension) -> String {
    let (scale, unit) = match dimension {
        Dimension::TIME => match interval.estimate.abs() {
            size if size >= 0.9995 => (1.0, " s"),
            size if size >= 0.000_999_5 => (1e3, " ms"),
            size if size > 0.0 => (1e6, " µs"),
            _ => (1e3, " ms"),
        },
        Dimension::RATE => (1.0, "/s"),
        _ => (1.0, ""),
    };
    let [estimate, low, high] =
        [interval.estimate, interval.low, interval.high].map(|value| value * scale);
    let error = (estimate - low).max(high - estimate);
    if !error.is_finite() {
        let quantity = Quantity {
            value: interval.estimate,
            dimension,
        };
        return format!("{quantity} ± ?");
    }
    let (estimate, error) = to_the_digits_of(estimate, error);
    format!("{estimate} ± {error}{unit}")
}

/// Returns a ratio and its error: `29.9 ± 0.4`.
#[must_use]
pub fn times(interval: &Interval) -> String {
    with_error(interval, Dimension::PLAIN)
}

/// Rounds an error to its first digit, or to two if the first is 1, and the estimate to the same place.
fn to_the_digits_of(estimate: f64, error: f64) -> (String, String) {
    if error < 1e-9 {
        let size = estimate.abs();
        let digits = match size {
            _ if !(1e-9..0.0995).contains(&size) => return (three_digits(estimate), "0".into()),
            _ => (2.0 - libm::log10(size).floor()) as usize,
        };
        return (format!("{estimate:.digits$}"), "0".into());
    }
    let place = libm::log10(error).floor();
    let leading = error / libm::pow(10.0, place);
    let place = if leading < 1.95 { place - 1.0 } else { place };
    let digits = (-place).clamp(0.0, 9.0) as usize;
    let whole = libm::pow(10.0, place.max(0.0));
    let round = |value: f64| (value / whole).round() * whole;
    (
        format!("{:.digits$}", round_if(estimate, place, round)),
        format!("{:.digits$}", round_if(error, place, round)),
    )
}

/// Rounds a value if its last digit is before the point.
fn round_if(value: f64, place: f64, round: impl Fn(f64) -> f64) -> f64 {
    if place > 0.0 { round(value) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval_text(estimate: f64, low: f64, high: f64, dimension: Dimension) -> String {
        let interval = Interval {
            estimate,
            low,
            high,
            level: 0.95,
            n: 20,
        };
        with_error(&interval, dimension)
    }

    #[test]
    fn an_estimate_has_the_digits_of_its_error() {
        let time = Dimension::TIME;
        assert_eq!(interval_text(0.0101, 0.0092, 0.0110, time), "10.1 ± 0.9 ms");
        assert_eq!(interval_text(1.5, 1.374, 1.626, time), "1.50 ± 0.13 s");
        assert_eq!(
            interval_text(597.3, 594.0, 600.6, Dimension::RATE),
            "597 ± 3/s"
        );
        assert_eq!(
            interval_text(12_345.0, 12_001.0, 12_689.0, Dimension::RATE),
            "12300 ± 300/s"
        );
        assert_eq!(
            interval_text(29.94, 29.5, 30.38, Dimension::PLAIN),
            "29.9 ± 0.4"
        );
        assert_eq!(
            interval_text(20.0, 20.0, 20.0, Dimension::RATE),
            "20.0 ± 0/s"
        );
        assert_eq!(
            interval_text(1.0 / 30.0, 1.0 / 30.0, 1.0 / 30.0, Dimension::PLAIN),
            "0.0333 ± 0"
        );
        assert_eq!(
            interval_text(0.000_02, 0.000_019, 0.000_021, time),
            "20.0 ± 1.0 µs"
        );
    }

    #[test]
    fn the_longer_arm_is_given_and_an_unknown_end_is_marked() {
        let time = Dimension::TIME;
        assert_eq!(interval_text(0.010, 0.0095, 0.013, time), "10 ± 3 ms");
        assert_eq!(
            interval_text(0.010, 0.0095, f64::INFINITY, time),
            "10.0 ms ± ?"
        );
    }
}
