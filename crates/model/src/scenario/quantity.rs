//! Quantities as a file writes them: `98ms`, `~99ms`, `16KiB`; read, and written back.
//!
//! Reading never rounds, and a written quantity reads as the same value. This module has the form of
//! quantities, not their purpose.

use std::fmt;

use super::Draw;
use super::draw::LONGEST;
use super::problem::{Mistake, did_you_mean, one_of};
use super::words::{Cursor, Word};

/// Units of time, the largest first, with their length in nanoseconds.
pub const UNITS: [(&str, u64); 7] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// Units of size, the largest first.
const SIZES: [(&str, u64); 6] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

/// Form of a size, for hints.
pub(super) const SIZE: &str = "a size such as `2B`, `16KiB` or `20MB`";

/// Maximum size, in bytes.
pub(super) const LARGEST: u64 = 1 << 30;

/// Form of a length of time, for hints.
pub(super) const LENGTHS: &str = "a length of time such as `250us`, `98ms` or `1.5s`";

/// All forms of a draw, for hints.
pub(super) const DRAWS: &str = "a length of time: `98ms`, `90ms..110ms` (uniform), `~99ms` \
     (exponential), `lognormal(50ms, p99 400ms)` or `pareto(5ms, shape 1.5, max 2s)`";

/// Reads a length of time, or a distribution of it.
pub(super) fn draw(cursor: &mut Cursor<'_>) -> Result<Draw, Mistake> {
    let Some(word) = cursor.word() else {
        return Err(cursor.missing("a length of time").hint(DRAWS.to_owned()));
    };
    if cursor.eat('(') {
        return function(&word, cursor);
    }
    if let Some(mean) = word.text.strip_prefix('~') {
        let mean = word.part(word.text.len() - mean.len(), word.text.len());
        return Ok(Draw::Exponential {
            mean: more_than_nothing(&mean)?,
        });
    }
    if let Some(dots) = word.text.find("..") {
        return uniform(&word, dots);
    }
    step_length(&word).map(Draw::Fixed).map_err(|mistake| {
        if word.text.starts_with(|first: char| first.is_ascii_digit()) {
            return mistake;
        }
        let known = ["lognormal", "pareto"];
        mistake.hint(did_you_mean(word.text, known).or(Some(DRAWS.to_owned())))
    })
}

fn uniform(word: &Word<'_>, dots: usize) -> Result<Draw, Mistake> {
    let low = step_length(&word.part(0, dots))?;
    let high = step_length(&word.part(dots + 2, word.text.len()))?;
    if low <= high {
        return Ok(Draw::Uniform { low, high });
    }
    let (low, high) = (Time(low), Time(high));
    Err(word
        .mistake(format!("`{}` ends before it begins", word.text))
        .hint(format!("`{high}..{low}`")))
}

/// Reads `lognormal(…)` or `pareto(…)`, from behind the parenthesis.
fn function(name: &Word<'_>, cursor: &mut Cursor<'_>) -> Result<Draw, Mistake> {
    let read = match name.text {
        "lognormal" => lognormal(cursor),
        "pareto" => pareto(cursor),
        other => {
            return Err(name
                .mistake(format!("unknown distribution `{other}`"))
                .hint(did_you_mean(other, ["lognormal", "pareto"]).or(Some(DRAWS.to_owned()))));
        }
    }?;
    if cursor.eat(')') {
        return Ok(read);
    }
    Err(cursor.missing("`)`"))
}

fn lognormal(cursor: &mut Cursor<'_>) -> Result<Draw, Mistake> {
    const FORM: &str = "`lognormal(50ms, p99 400ms)`: the median and the 99th percentile";
    let median = argument(cursor, "the median", FORM)?;
    let median = more_than_nothing(&median)?;
    labelled(cursor, "p99", FORM)?;
    let limit = argument(cursor, "the 99th percentile", FORM)?;
    let p99 = step_length(&limit)?;
    if p99 >= median {
        return Ok(Draw::Lognormal { median, p99 });
    }
    Err(limit
        .mistake("the 99th percentile is below the median")
        .hint(FORM.to_owned()))
}

fn pareto(cursor: &mut Cursor<'_>) -> Result<Draw, Mistake> {
    const FORM: &str =
        "`pareto(5ms, shape 1.5, max 2s)`: the minimum, the shape of the tail, the maximum";
    let least = argument(cursor, "the minimum", FORM)?;
    let least = more_than_nothing(&least)?;
    labelled(cursor, "shape", FORM)?;
    let tail = argument(cursor, "the shape", FORM)?;
    let shape = plain_number(&tail, 0.01..=100.0).map_err(|mistake| {
        mistake.hint("a number from 0.01 to 100; below 2 the tail is heavy".to_owned())
    })?;
    labelled(cursor, "max", FORM)?;
    let limit = argument(cursor, "the maximum", FORM)?;
    let most = step_length(&limit)?;
    if most >= least {
        return Ok(Draw::Pareto { least, shape, most });
    }
    Err(limit
        .mistake("the maximum is below the minimum")
        .hint(FORM.to_owned()))
}

fn argument<'t>(cursor: &mut Cursor<'t>, what: &str, form: &str) -> Result<Word<'t>, Mistake> {
    cursor
        .word()
        .ok_or_else(|| cursor.missing(what).hint(form.to_owned()))
}

/// Skips `, label`.
fn labelled(cursor: &mut Cursor<'_>, label: &str, form: &str) -> Result<(), Mistake> {
    if !cursor.eat(',') {
        return Err(cursor.missing("`,`").hint(form.to_owned()));
    }
    let word = argument(cursor, &format!("`{label}`"), form)?;
    if word.text == label {
        return Ok(());
    }
    Err(word
        .mistake(format!("`{}` is not `{label}`", word.text))
        .hint(form.to_owned()))
}

/// Reads the length of a step, in nanoseconds: at most an hour.
pub(super) fn step_length(word: &Word<'_>) -> Result<u64, Mistake> {
    let length = length(word)?;
    if length <= LONGEST {
        return Ok(length);
    }
    Err(word
        .mistake(format!("`{}` is longer than an hour", word.text))
        .hint("a step takes at most `1h`".to_owned()))
}

fn more_than_nothing(word: &Word<'_>) -> Result<u64, Mistake> {
    match step_length(word)? {
        0 => Err(word.mistake(format!("`{}` must be above 0", word.text))),
        length => Ok(length),
    }
}

/// Reads a length of time in nanoseconds.
pub(super) fn length(word: &Word<'_>) -> Result<u64, Mistake> {
    measured(word, "length of time", LENGTHS, &UNITS)
}

/// Reads a size in bytes, as `write` takes it.
pub(super) fn size(word: &Word<'_>) -> Result<u64, Mistake> {
    let bytes = measured(word, "size", SIZE, &SIZES)?;
    if bytes <= LARGEST {
        return Ok(bytes);
    }
    Err(word
        .mistake(format!("`{}` is too large", word.text))
        .hint("a size is at most `1GiB`".to_owned()))
}

/// Reads a decimal number without sign or exponent, within bounds.
pub(super) fn plain_number(
    word: &Word<'_>,
    bounds: std::ops::RangeInclusive<f64>,
) -> Result<f64, Mistake> {
    let digits = |character: char| character.is_ascii_digit() || character == '.';
    let number = word
        .text
        .chars()
        .all(digits)
        .then(|| word.text.parse().ok());
    match number.flatten() {
        Some(number) if bounds.contains(&number) => Ok(number),
        Some(_) => Err(word.mistake(format!("`{}` is out of bounds", word.text))),
        None => Err(word.mistake(format!("`{}` is not a number", word.text))),
    }
}

/// Reads a number and its unit, in the smallest of `units`; exact.
fn measured(
    word: &Word<'_>,
    what: &str,
    form: &str,
    units: &[(&str, u64)],
) -> Result<u64, Mistake> {
    let text = word.text;
    let bad = |message: String| word.mistake(message).hint(form.to_owned());
    if text.starts_with(['-', '−']) {
        return Err(bad(format!("`{text}`: a {what} cannot be negative")));
    }
    let digits = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(bad(format!("`{text}` is not a {what}")));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit.trim_start()) else {
        return Err(unknown_unit(word, digits, what, units));
    };
    exactly(number, *factor).map_err(|why| bad(format!("`{text}` {why}")))
}

fn unknown_unit(word: &Word<'_>, digits: usize, what: &str, units: &[(&str, u64)]) -> Mistake {
    let number = &word.text[..digits];
    let unit = word.text[digits..].trim_start();
    let names = units.iter().map(|(name, _)| *name);
    let names = names.filter(|name| *name != "µs");
    if unit.is_empty() {
        let example = if what == "size" { "KiB" } else { "ms" };
        return word
            .mistake(format!("`{number}` has no unit"))
            .hint(format!(
                "write `{number}{example}`; the units are {}",
                one_of(names)
            ));
    }
    let written = unit.to_lowercase();
    let meant = ALIASES
        .iter()
        .find(|(alias, name)| *alias == written && names.clone().any(|known| known == *name))
        .map(|(_, name)| format!("did you mean `{number}{name}`?"));
    let part = word.part(word.text.len() - unit.len(), word.text.len());
    part.mistake(format!("`{unit}` is not a unit of {}", unit_of(what)))
        .hint(meant.or(Some(format!("the units are {}", one_of(names)))))
}

fn unit_of(what: &str) -> &str {
    what.strip_prefix("length of ").unwrap_or(what)
}

/// Common spellings of units, with the unit meant.
const ALIASES: [(&str, &str); 20] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
    ("usec", "us"),
    ("micros", "us"),
    ("nsec", "ns"),
    ("m", "min"),
    ("minutes", "min"),
    ("hours", "h"),
    ("k", "KiB"),
    ("kb", "kB"),
    ("kib", "KiB"),
    ("m", "MiB"),
    ("mib", "MiB"),
    ("b", "B"),
    ("bytes", "B"),
];

/// Returns `number` times `factor`, if that is whole and fits.
fn exactly(number: &str, factor: u64) -> Result<u64, &'static str> {
    const TOO_MUCH: &str = "is too large";
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || part.is_empty() || part.contains('.') {
        return Err("is not a number with a unit");
    }
    let part = part.trim_end_matches('0');
    if whole.len() > 18 || part.len() > 18 {
        return Err(TOO_MUCH);
    }
    let digits: u128 = format!("{whole}{part}").parse().map_err(|_| TOO_MUCH)?;
    let scaled = digits.checked_mul(u128::from(factor)).ok_or(TOO_MUCH)?;
    let divisor = 10_u128.pow(part.len() as u32);
    if !scaled.is_multiple_of(divisor) {
        return Err("is finer than 1 ns");
    }
    u64::try_from(scaled / divisor).map_err(|_| TOO_MUCH)
}

/// Nanoseconds as a file writes them, in the largest unit that suits.
pub(super) struct Time(pub(super) u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hours and minutes only if there are whole ones: 1.5min is hard to read.
        let suits = |(name, length): &&(&str, u64)| match *name {
            "h" | "min" => self.0 > 0 && self.0.is_multiple_of(*length),
            "ms" => self.0 >= *length || self.0 == 0,
            _ => self.0 >= *length,
        };
        let (unit, length) = UNITS.iter().find(suits).unwrap_or(&("ns", 1));
        write!(f, "{}", self.0 / length)?;
        let part = self.0 % length;
        if part > 0 {
            let places = length.ilog10() as usize;
            let digits = format!("{part:0places$}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str(unit)
    }
}

/// Bytes as a file writes them: in the largest unit that divides them.
pub(super) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |(_, size): &&(&str, u64)| self.0 >= *size && self.0.is_multiple_of(*size);
        let (unit, size) = SIZES.iter().find(fits).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl fmt::Display for Draw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Fixed(length) => write!(f, "{}", Time(length)),
            Self::Uniform { low, high } => write!(f, "{}..{}", Time(low), Time(high)),
            Self::Exponential { mean } => write!(f, "~{}", Time(mean)),
            Self::Lognormal { median, p99 } => {
                write!(f, "lognormal({}, p99 {})", Time(median), Time(p99))
            }
            Self::Pareto { least, shape, most } => {
                write!(
                    f,
                    "pareto({}, shape {shape}, max {})",
                    Time(least),
                    Time(most)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Draw, Mistake> {
        let mut cursor = Cursor::new(text);
        let read = draw(&mut cursor)?;
        cursor.end()?;
        Ok(read)
    }

    #[test]
    fn every_form_of_a_duration_reads_and_writes_back() {
        for text in [
            "250us",
            "98ms",
            "1.5s",
            "0ms",
            "7ns",
            "90ms..110ms",
            "~99ms",
            "lognormal(50ms, p99 400ms)",
            "pareto(5ms, shape 1.5, max 2s)",
            "1.000000001s",
            "1h",
            "2min",
            "90s",
        ] {
            assert_eq!(read(text).map(|draw| draw.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(read("1h"), Ok(Draw::Fixed(LONGEST)));
        assert_eq!(read(" 3µs "), Ok(Draw::Fixed(3_000)));
        assert_eq!(read("2min"), Ok(Draw::Fixed(120_000_000_000)));
        assert_eq!(
            read("lognormal( 1ms ,p99  2ms )"),
            read("lognormal(1ms, p99 2ms)")
        );
    }

    #[test]
    fn a_mistake_in_a_duration_points_at_its_word() {
        for (text, pointed, message) in [
            ("", "", "a length of time is missing at the end"),
            ("99", "99", "`99` has no unit"),
            ("99sec", "sec", "`sec` is not a unit of time"),
            ("99 ms", "99", "`99` has no unit"),
            (
                "-5ms",
                "-5ms",
                "`-5ms`: a length of time cannot be negative",
            ),
            ("soon", "soon", "`soon` is not a length of time"),
            ("2h", "2h", "`2h` is longer than an hour"),
            ("1.5ns", "1.5ns", "`1.5ns` is finer than 1 ns"),
            (
                "9999999999999999999999s",
                "9999999999999999999999s",
                "`9999999999999999999999s` is too large",
            ),
            ("1..2.3ms", "1", "`1` has no unit"),
            ("9ms..3ms", "9ms..3ms", "`9ms..3ms` ends before it begins"),
            ("~0ms", "0ms", "`0ms` must be above 0"),
            ("gauss(5ms)", "gauss", "unknown distribution `gauss`"),
            ("lognormal(50ms)", ")", "`,` is missing before `)`"),
            ("lognormal(50ms, p98 1s)", "p98", "`p98` is not `p99`"),
            (
                "lognormal(50ms, p99 1ms)",
                "1ms",
                "the 99th percentile is below the median",
            ),
            ("pareto(5ms, shape 0, max 2s)", "0", "`0` is out of bounds"),
            ("pareto(5ms, shape x, max 2s)", "x", "`x` is not a number"),
            (
                "pareto(5ms, shape 2, max 2s",
                "2s",
                "`)` is missing at the end",
            ),
        ] {
            let mistake = read(text).expect_err(text);
            assert_eq!(
                (&text[mistake.range], mistake.message.as_str()),
                (pointed, message)
            );
        }
    }

    #[test]
    fn sizes_read_and_write_back() {
        for text in ["2B", "16KiB", "1MiB", "1GiB", "3kB", "0B"] {
            assert_eq!(
                size(&Word::only(text))
                    .map(|bytes| Size(bytes).to_string())
                    .as_deref(),
                Ok(text)
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_length_of_time_reads_back_exactly(nanoseconds in 0_u64..=LONGEST) {
            let text = Time(nanoseconds).to_string();
            proptest::prop_assert_eq!(length(&Word::only(&text)), Ok(nanoseconds));
        }

        #[test]
        fn any_size_reads_back_exactly(bytes in 0..=LARGEST) {
            let text = Size(bytes).to_string();
            proptest::prop_assert_eq!(size(&Word::only(&text)), Ok(bytes));
        }

        #[test]
        fn no_text_makes_a_duration_panic(text in ".{0,40}") {
            let _ = read(&text);
        }
    }
}
