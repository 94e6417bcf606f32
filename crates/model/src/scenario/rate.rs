//! Rates as a file writes them: `200/s`, `0.2/min`, `30/h`; read as a number per second.

use super::problem::Mistake;
use super::quantity::{UNITS, plain_number};
use super::words::Word;

/// Rates that can be played, per second: from 1 in 10 hours.
const RATES: std::ops::RangeInclusive<f64> = 1.0 / 36_000.0..=1e6;

/// Form of a rate, for hints.
pub(super) const RATE: &str = "a rate such as `200/s`, `12/min` or `0.5/h`";

/// Reads a rate, per second: `200/s`, `0.2/min`, `30/h`.
pub(super) fn read(word: &Word<'_>) -> Result<f64, Mistake> {
    let bad = |message: String| word.mistake(message).hint(RATE.to_owned());
    let Some((number, unit)) = word.text.split_once('/') else {
        return Err(bad(format!("`{}` is not a rate", word.text)));
    };
    let unit = unit.trim();
    let Some((_, nanoseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(bad(format!("`/{unit}` is not `/s`, `/min` or `/h`")));
    };
    let number = plain_number(&Word::only(number), 0.0..=f64::MAX)
        .map_err(|_| bad(format!("`{}` is not a number", number.trim())))?;
    // Divided by whole seconds if possible, so that 12/min is 0.2/s to the last digit.
    let per_s = match nanoseconds {
        whole if *whole >= SECOND => number / (*whole / SECOND) as f64,
        part => number * (SECOND / *part) as f64,
    };
    if RATES.contains(&per_s) {
        return Ok(per_s);
    }
    Err(bad(format!(
        "`{}` is out of range: 0.1/h to 1000000/s",
        word.text
    )))
}

/// One second in nanoseconds.
const SECOND: u64 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_in_every_unit_of_time() {
        for (text, per_s) in [
            ("200/s", 200.0),
            ("0.5 / s", 0.5),
            ("0.2/min", 0.2 / 60.0),
            ("12/min", 0.2),
            ("30/h", 30.0 / 3_600.0),
            ("0.1/h", 0.1 / 3_600.0),
            ("0.003333333/s", 0.003_333_333),
            ("2/ms", 2_000.0),
        ] {
            assert_eq!(read(&Word::only(text)), Ok(per_s), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_rate_as_a_hint() {
        for text in [
            "200", "x/s", "5/day", "/s", "0/s", "0.01/h", "1001/us", "-1/s", "1e3/s",
        ] {
            let mistake = read(&Word::only(text)).expect_err(text);
            assert_eq!(mistake.hint.as_deref(), Some(RATE), "{text}");
        }
    }
}
