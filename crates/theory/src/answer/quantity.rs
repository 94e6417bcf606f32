//! Numbers in the unit that suits them.

use super::Unit;

/// Returns a number in the unit that suits, in a form that the command line accepts.
#[must_use]
pub fn describe(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Time => {
            let (unit, seconds) = time_unit(value);
            format!("{} {unit}", digits(value / seconds))
        }
        Unit::Rate => {
            let (unit, seconds) = rate_unit(value);
            format!("{}/{unit}", digits(value * seconds))
        }
        Unit::Share => format!("{} %", digits(value * 100.0)),
        Unit::Plain => digits(value),
        Unit::Count => format!("{value:.0}"),
    }
}

/// Returns minutes from two on, and hours from two on.
fn time_unit(seconds: f64) -> (&'static str, f64) {
    match seconds {
        0.0 => ("s", 1.0),
        it if it < 1e-6 => ("ns", 1e-9),
        it if it < 1e-3 => ("us", 1e-6),
        it if it < 1.0 => ("ms", 1e-3),
        it if it < 120.0 => ("s", 1.0),
        it if it < 7_200.0 => ("min", 60.0),
        _ => ("h", 3_600.0),
    }
}

/// Returns the unit of a rate: per minute or per hour if it is below 0.1 of the smaller unit.
fn rate_unit(per_s: f64) -> (&'static str, f64) {
    match per_s {
        it if it == 0.0 || it >= 0.1 => ("s", 1.0),
        it if it * 60.0 >= 0.1 => ("min", 60.0),
        _ => ("h", 3_600.0),
    }
}

/// Returns six significant digits, without trailing zeros.
#[must_use]
pub fn digits(value: f64) -> String {
    const DIGITS: i32 = 6;
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = libm::log10(value.abs()).floor() as i32;
    if !(-4..15).contains(&magnitude) {
        return without_zeros(&format!("{value:.5e}"));
    }
    let places = (DIGITS - 1 - magnitude).max(0) as usize;
    without_zeros(&format!("{value:.places$}"))
}

/// Turns `1.500` into `1.5`, and `2.00000e-9` into `2e-9`.
fn without_zeros(number: &str) -> String {
    let (number, exponent) = number.split_at(number.find('e').unwrap_or(number.len()));
    let number = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    format!("{number}{exponent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_printed_with_six_digits_in_the_unit_that_suits() {
        for (unit, value, text) in [
            (Unit::Time, 0.104_921_367, "104.921 ms"),
            (Unit::Time, 1_485.43, "24.7572 min"),
            (Unit::Time, 40.98, "40.98 s"),
            (Unit::Time, 0.0, "0 s"),
            (Unit::Time, 2.5e-7, "250 ns"),
            (Unit::Time, 1e8, "27777.8 h"),
            (Unit::Rate, 13.0, "13/s"),
            (Unit::Rate, 0.35 / 60.0, "0.35/min"),
            (Unit::Rate, 1e-9, "3.6e-6/h"),
            (Unit::Share, 5.869_1e-5, "0.0058691 %"),
            (Unit::Plain, 1_234_567.0, "1234567"),
            (Unit::Plain, 1e-7, "1e-7"),
            (Unit::Count, 5.0, "5"),
        ] {
            assert_eq!(describe(unit, value), text);
        }
    }
}
