//! Numbers and steps as a person says them, and lines that fit on a screen.

use crate::scenario::{Arrivals, Draw, Process, Request, Scenario};
use crate::units::{Elapsed, three_digits};

/// Columns of a line: what a projector shows.
pub(super) const COLUMNS: usize = 80;

/// What stands where there is no number.
pub(super) const NONE: &str = "–";

/// Milliseconds with three digits and the unit that suits them.
pub(super) fn millis(milliseconds: f64) -> String {
    Elapsed((milliseconds * 1e6).round() as u64).to_string()
}

/// A length of time as one would write it: `1 ms`, `1.5 s`; three digits at most.
pub(super) fn brief(nanoseconds: u64) -> String {
    let said = Elapsed(nanoseconds).to_string();
    match said.split_once(' ') {
        Some((number, unit)) => format!("{} {unit}", without_zeros(number)),
        None => said,
    }
}

/// Three digits at most, none of them a zero at the end that says nothing: `20`, `0.71`, `2.5`.
pub(super) fn digits(value: f64) -> String {
    without_zeros(&three_digits(value)).to_owned()
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// A whole number with its thousands apart: `12 000`.
pub(super) fn whole(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            said.push(' ');
        }
        said.push(digit);
    }
    said
}

/// A mean: whole from ten on, with one digit after the point below.
pub(super) fn mean(value: f64) -> String {
    match value {
        value if value >= 9.95 => whole(value.round() as u64),
        value if value >= 0.05 => format!("{value:.1}"),
        _ => "0".into(),
    }
}

/// How many times as much: `× 30`, `÷ 30`, `× 1.2`.
pub(super) fn times(ratio: f64) -> String {
    let (sign, factor) = if ratio < 1.0 {
        ("÷", 1.0 / ratio)
    } else {
        ("×", ratio)
    };
    if factor < 9.95 {
        format!("{sign} {factor:.1}")
    } else {
        format!("{sign} {}", whole(factor.round() as u64))
    }
}

/// `1 worker`, `2 workers`.
pub(super) fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", whole(number as u64))
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Who asks: `60 clients`, `200 requests/s (Poisson)`.
pub(super) fn load(scenario: &Scenario) -> String {
    let asks = match &scenario.load.arrivals {
        Arrivals::Closed { clients, think, .. } => match think {
            Draw::Fixed(0) => count(*clients, "client"),
            think => format!("{} that think {think}", count(*clients, "client")),
        },
        Arrivals::Open { rate, process } => {
            let process = match process {
                Process::Poisson => "at random (Poisson)",
                Process::Constant => "at equal distances",
            };
            format!("{rate} requests/s {process}")
        }
    };
    match scenario.load.requests {
        Some(requests) => format!("{asks}, {}", count(requests as usize, "request")),
        None => asks,
    }
}

/// What a request does, in the words of a scenario file.
pub(super) fn script(scenario: &Scenario, request: &Request) -> String {
    let steps = request.script.iter();
    let steps: Vec<String> = steps
        .map(|step| scenario.sentence(step).to_string())
        .collect();
    match steps.as_slice() {
        [] => "nothing".into(),
        steps => steps.join(", "),
    }
}

/// Breaks a text between words into lines of at most `columns`, each after the first indented by
/// `indent`. What a file says goes through here, so control characters become spaces.
pub(super) fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let text: String = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    let mut lines = String::new();
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > columns {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            used = indent;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
    }
    lines
}

/// Columns that the label of a line takes.
pub(super) const LABEL: usize = 13;

/// A labelled text, wrapped: the label stands alone in its column.
pub(super) fn labelled(label: &str, text: &str) -> String {
    let wrapped = wrap(text, COLUMNS - LABEL, 0).replace('\n', &format!("\n{:LABEL$}", ""));
    format!("{label:<LABEL$}{wrapped}\n")
}

/// The same text in characters that every terminal has.
pub(super) fn in_ascii(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '×' | '✗' => 'x',
            '÷' => '/',
            '✓' => '+',
            '–' => '-',
            'µ' => 'u',
            '…' => '.',
            letter if letter.is_ascii() => letter,
            letter => MARKS
                .chars()
                .position(|mark| mark == letter)
                .map_or('?', |place| {
                    char::from(b'a' + u8::try_from(place).unwrap_or(0))
                }),
        })
        .collect()
}

/// What points from a number to its footnote.
pub(super) const MARKS: &str = "¹²³⁴⁵⁶⁷⁸⁹";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(whole),
            ["0", "999", "1 000", "1 234 567"]
        );
        assert_eq!(
            [30.1, 1.0, 1.0 / 30.0, 0.999].map(times),
            ["× 30", "× 1.0", "÷ 30", "÷ 1.0"]
        );
        assert_eq!([57.9, 2.04, 0.04, 9.96].map(mean), ["58", "2.0", "0", "10"]);
        let lengths = [99_000_000, 1_500_000_000, 250_000, 1_000_000];
        assert_eq!(lengths.map(brief), ["99 ms", "1.5 s", "250 µs", "1 ms"]);
        assert_eq!(
            [100.0, 98.0, 2.5, 0.714].map(digits),
            ["100", "98", "2.5", "0.71"]
        );
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn a_wrapped_text_keeps_its_words_and_its_width() {
        let text = "one two\u{1b}[31m three four";
        assert_eq!(wrap(text, 10, 2), "one two\n  [31m\n  three\n  four");
        assert_eq!(
            wrap("unbreakableunbreakable", 5, 0),
            "unbreakableunbreakable"
        );
    }
}
