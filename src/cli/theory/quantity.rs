//! Quantities as the command line reads and prints them: times, rates, shares and counts, in the units of a
//! scenario, and beyond its limits.
//!
//! A scenario's times are whole nanoseconds, since a machine has to keep them. Here nothing is played: a
//! service of 1/3 s is allowed.

use std::ops::RangeInclusive;

use concsim_model::scenario::TIME_UNITS;
use concsim_theory::answer::quantity::digits;

/// Permitted times, in seconds: up to about three years.
const TIMES: RangeInclusive<f64> = 1e-9..=1e8;
/// Permitted rates, per second.
const RATES: RangeInclusive<f64> = 1e-9..=1e9;

/// Reads a length of time with its unit, in seconds; above 0.
pub(super) fn time(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text, "a length of time such as 10ms, 1.5s or 2min")?;
    let seconds = number * seconds_of(unit, text)?;
    if TIMES.contains(&seconds) {
        return Ok(seconds);
    }
    Err("a time is from 1ns to 1e8s".to_owned())
}

/// Reads a length of time, or `0`.
pub(super) fn time_or_nothing(text: &str) -> Result<f64, String> {
    match split(text, "a length of time such as 10ms, or 0") {
        Ok((0.0, _)) => Ok(0.0),
        _ => time(text),
    }
}

/// Reads a rate, per second: `13`, `13/s`, `30/h`.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text, "a rate such as 13/s, 30/h or 0.35/min")?;
    let seconds = match unit.strip_prefix('/') {
        Some(unit) => seconds_of(unit.trim(), text)?,
        None if unit.is_empty() => 1.0,
        None => return Err(format!("`{unit}` is not a rate's unit such as /s or /min")),
    };
    let per_s = number / seconds;
    if RATES.contains(&per_s) {
        return Ok(per_s);
    }
    Err("a rate is from 1e-9/s to 1e9/s".to_owned())
}

/// Reads a share of 1: `5%` or `0.05`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text, "a share such as 5% or 0.05")?;
    let share = match unit {
        "" => number,
        "%" => number / 100.0,
        _ => return Err(format!("`{unit}` is not `%`")),
    };
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    Err("a share is from 0 to 1, or from 0% to 100%".to_owned())
}

/// Reads a plain number within bounds.
pub(super) fn number(text: &str, bounds: RangeInclusive<f64>) -> Result<f64, String> {
    let (number, unit) = split(text, "a number")?;
    if !unit.is_empty() {
        return Err(format!("a number without a unit, not with `{unit}`"));
    }
    if bounds.contains(&number) {
        return Ok(number);
    }
    let (least, most) = bounds.into_inner();
    Err(format!("from {} to {}", digits(least), digits(most)))
}

/// Reads a whole number, at least 1.
pub(super) fn count(text: &str, most: usize) -> Result<usize, String> {
    let is_whole = text.trim().chars().all(|digit| digit.is_ascii_digit());
    match text.trim().parse() {
        Ok(count) if is_whole && (1..=most).contains(&count) => Ok(count),
        _ => Err(format!("a whole number from 1 to {most}")),
    }
}

/// Splits a text into a number and the rest.
fn split<'t>(text: &'t str, what: &str) -> Result<(f64, &'t str), String> {
    let text = text.trim();
    let is_exponent = |at: usize| {
        let mut rest = text[at..].chars();
        let e = rest.next().is_some_and(|letter| "eE".contains(letter));
        let digits = rest.as_str().trim_start_matches(['+', '-']);
        e && at > 0 && digits.starts_with(|digit: char| digit.is_ascii_digit())
    };
    let is_number = |at: usize, letter: char| {
        letter.is_ascii_digit() || ".+-".contains(letter) || is_exponent(at)
    };
    let end = text.char_indices().find(|(at, it)| !is_number(*at, *it));
    let (number, unit) = text.split_at(end.map_or(text.len(), |(at, _)| at));
    let number: f64 = number.parse().map_err(|_| format!("not {what}"))?;
    if number.is_sign_negative() {
        return Err("cannot be negative".to_owned());
    }
    Ok((number, unit.trim()))
}

fn seconds_of(unit: &str, text: &str) -> Result<f64, String> {
    if unit.is_empty() {
        let number = text.trim();
        return Err(format!("has no unit: {number}ms, or {number}s?"));
    }
    let known = TIME_UNITS.iter().find(|(name, _)| *name == unit);
    known
        .map(|(_, nanoseconds)| *nanoseconds as f64 / 1e9)
        .ok_or_else(|| format!("`{unit}` is not one of the units h, min, s, ms, us and ns"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_theory::answer::Unit;
    use concsim_theory::answer::quantity::describe;

    fn near(found: Result<f64, String>, expected: f64, text: &str) {
        let found = found.unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
        assert!((found / expected - 1.0).abs() < 1e-12, "{text}: {found}");
    }

    #[test]
    fn times_and_rates_are_read_in_every_unit() {
        for (text, seconds) in [
            ("10ms", 0.01),
            ("1.5s", 1.5),
            ("2min", 120.0),
            ("500us", 5e-4),
            ("500 \u{b5}s", 5e-4),
            (" 3 h ", 10_800.0),
            ("7ns", 7e-9),
            ("1e-3s", 1e-3),
            ("1e+2s", 100.0),
            (".5s", 0.5),
        ] {
            near(time(text), seconds, text);
        }
        for (text, per_s) in [
            ("13", 13.0),
            ("13/s", 13.0),
            ("30/h", 30.0 / 3_600.0),
            ("0.35/min", 0.35 / 60.0),
            ("2 / ms", 2_000.0),
            ("1e3", 1_000.0),
        ] {
            near(rate(text), per_s, text);
        }
        near(share("5%"), 0.05, "5%");
        near(share("0.05"), 0.05, "0.05");
        assert_eq!(time_or_nothing("0"), Ok(0.0));
        assert_eq!(time_or_nothing("0ms"), Ok(0.0));
    }

    #[test]
    fn text_that_is_no_quantity_is_refused_with_a_reason() {
        for text in [
            "", "ms", "10", "-3ms", "0ms", "1e99s", "1.2.3s", "10sec", "nan", "infs", "5e", "0.1ns",
        ] {
            assert!(time(text).is_err(), "{text}");
        }
        for text in ["", "/s", "13/x", "13s", "0/s", "-1", "inf", "1e10", "13/"] {
            assert!(rate(text).is_err(), "{text}");
        }
        for text in ["101%", "1.1", "-1%", "5ms", "nan"] {
            assert!(share(text).is_err(), "{text}");
        }
        for text in [
            "0",
            "-1",
            "+1",
            "1.5",
            "9",
            "99999999999999999999999",
            "x",
            "",
        ] {
            assert!(count(text, 8).is_err(), "{text}");
        }
        assert_eq!(count("8", 8), Ok(8));
        assert_eq!(time("10"), Err("has no unit: 10ms, or 10s?".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_quantity_panic(text in ".{0,20}") {
            let _ = (time(&text), rate(&text), share(&text), count(&text, 10));
            let _ = (time_or_nothing(&text), number(&text, 0.0..=1.0));
        }

        #[test]
        fn a_printed_quantity_can_be_typed(value in 1e-9_f64..1e6) {
            let text = describe(Unit::Time, value);
            proptest::prop_assert!((time(&text).expect("a time") / value - 1.0).abs() < 1e-5);
            let line = describe(Unit::Rate, value);
            proptest::prop_assert!((rate(&line).expect("a rate") / value - 1.0).abs() < 1e-5);
        }
    }
}
