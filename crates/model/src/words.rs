//! Numbers and lengths of time in words, the same on every screen and page.

use crate::units::{Elapsed, three_digits};

/// Returns a whole number in groups of three: `2 000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Returns `1 worker`, `2 workers`, `2 processes`.
pub fn counted(number: u64, thing: &str) -> String {
    let plural = match number {
        1 => "",
        _ if thing.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {thing}{plural}", grouped(number))
}

/// Returns `The core`, `Both cores`, `All 4 cores`.
pub fn all_of(number: usize, thing: &str) -> String {
    match number {
        1 => format!("The {thing}"),
        2 => format!("Both {thing}s"),
        _ => format!("All {number} {thing}s"),
    }
}

/// Returns `is` or `are`.
pub fn is_or_are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

/// Returns a mean, or a rate: whole from 10 on, with one decimal below.
pub fn mean(number: f64) -> String {
    match number {
        number if number >= 9.95 => grouped(number.round() as u64),
        number if number >= 0.05 => format!("{number:.1}"),
        _ => "0".into(),
    }
}

/// Returns a number per second: as a mean, but below 1 with two digits: `0.71`, `0.042`.
pub fn mean_rate(per_s: f64) -> String {
    if (1e-6..0.995).contains(&per_s) {
        let digits = (1.0 - per_s.log10().floor()) as usize;
        format!("{per_s:.digits$}")
    } else {
        mean(per_s)
    }
}

/// Returns a factor: `× 30`, `÷ 30`, `× 1.2`.
pub fn times(ratio: f64) -> String {
    // A factor that shows as 1.0 is not called less.
    let (sign, factor) = if ratio < 0.95 {
        ("÷", 1.0 / ratio)
    } else {
        ("×", ratio)
    };
    format!(
        "{sign} {}",
        if factor < 9.95 {
            format!("{factor:.1}")
        } else {
            mean(factor)
        }
    )
}

/// Returns a rate in the usual form: `200/s`, `0.2/min`, `0.5/h`. Per second from 0.1/s on.
pub fn rate(per_s: f64) -> String {
    let (number, unit) = rate_in_units(per_s);
    match number {
        number if number >= 999.5 => format!("{}/{unit}", grouped(number.round() as u64)),
        number => format!("{}/{unit}", digits(number)),
    }
}

/// Returns a rate and its unit of time: the first of second, minute and hour with at least 0.1.
pub fn rate_in_units(per_s: f64) -> (f64, &'static str) {
    match per_s {
        per_s if per_s >= 0.099_95 || per_s <= 0.0 => (per_s, "s"),
        per_s if per_s * 60.0 >= 0.099_95 => (per_s * 60.0, "min"),
        per_s => (per_s * 3_600.0, "h"),
    }
}

/// Returns a length of time without trailing zeros: `99 ms`, `1.5 s`.
pub fn length(elapsed: Elapsed) -> String {
    let text = elapsed.to_string();
    match text.split_once(' ') {
        Some((number, unit)) => format!("{} {unit}", without_zeros(number)),
        None => text,
    }
}

/// Returns a latency; `≥ 30 s` if it is the clients' patience, which counts for a request that failed. (A
/// length from a histogram may be off by 0.1 %.)
pub fn latency(long: Elapsed, patience: Elapsed) -> String {
    let is_patience = long.0.saturating_add(long.0 / 1_000) >= patience.0;
    if is_patience {
        format!("≥ {}", length(patience))
    } else {
        long.to_string()
    }
}

/// Returns a size, given in KiB, in MB (1 000 000 bytes): whole from 100 on, with one decimal below.
pub fn megabytes(kib: u64) -> String {
    let mb = kib as f64 * 1_024.0 / 1e6;
    if mb >= 100.0 {
        format!("{} MB", grouped(mb.round() as u64))
    } else {
        format!("{mb:.1} MB")
    }
}

/// Returns at most three digits, without trailing zeros: `20`, `0.71`, `2.5`.
pub fn digits(value: f64) -> String {
    without_zeros(&three_digits(value)).to_owned()
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// Returns the number of a request or of a task in all output: it counts from 1. The wire and recordings count
/// from 0.
#[must_use]
pub fn number_of(index: u32) -> u64 {
    u64::from(index) + 1
}

/// Returns `A B C` in at most `most` letters: of a longer list the first ones, and `…`.
pub fn cut_list(words: impl Iterator<Item = String>, most: usize) -> String {
    let mut text = String::new();
    for word in words {
        let blank = if text.is_empty() { "" } else { " " };
        if text.chars().count() + blank.len() + word.chars().count() > most {
            return text + blank + "…";
        }
        text = text + blank + &word;
    }
    text
}

/// Returns words on one line: a character that would break it, or move a cursor, becomes a blank.
pub fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

/// Returns text without characters that change how other text is shown: control characters, but for ends of
/// lines and tabs, and those that turn the direction of the text around them (UAX #9: embeddings, overrides,
/// isolates). Lines that end in CR LF end in LF then.
pub fn printable(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|letter| {
            if controls_display(letter) {
                '\u{FFFD}'
            } else {
                letter
            }
        })
        .collect()
}

/// True if a character changes how a terminal or a page shows the text around it.
pub fn controls_display(letter: char) -> bool {
    let is_control = letter.is_control() && !matches!(letter, '\n' | '\t');
    is_control || matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// First characters of a formula in a spreadsheet.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];
/// Characters that a spreadsheet skips before one.
const BEFORE: [char; 2] = ['\'', ' '];

/// Returns words that a spreadsheet takes for text: an apostrophe marks them.
pub fn mark_as_text(words: &str) -> String {
    let words = one_line(words);
    if words.trim_start_matches(BEFORE).starts_with(FORMULA) {
        format!("'{words}")
    } else {
        words
    }
}

/// Removes that apostrophe.
pub fn without_apostrophe(words: String) -> String {
    match words.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches(BEFORE).starts_with(FORMULA) => rest.to_owned(),
        _ => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_keeps_its_lines_and_nothing_that_acts_on_a_terminal() {
        assert_eq!(printable("one\r\ntwo\n\tthree é"), "one\ntwo\n\tthree é");
        assert_eq!(printable("a\rb\u{1b}[31m\u{202e}c\u{9b}"), "a�b�[31m�c�");
    }

    #[test]
    fn low_rates_are_given_per_minute_or_per_hour() {
        for (per_s, text) in [
            (200.0, "200/s"),
            (0.71, "0.71/s"),
            (0.2 / 60.0, "0.2/min"),
            (2.0 / 3_600.0, "2/h"),
            (1_500.0, "1 500/s"),
            (0.0, "0/s"),
        ] {
            assert_eq!(rate(per_s), text);
        }
    }

    #[test]
    fn words_that_a_spreadsheet_would_compute_are_marked_and_read_again() {
        for (words, marked) in [
            ("=1+2", "'=1+2"),
            (" @A1", "' @A1"),
            ("\t-3", "' -3"),
            ("'=1", "''=1"),
            ("'tis", "'tis"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(mark_as_text(words), marked);
            assert_eq!(without_apostrophe(marked.to_owned()), one_line(words));
        }
    }

    #[test]
    fn a_mean_rate_below_one_has_two_digits() {
        for (per_s, text) in [
            (0.0, "0"),
            (0.003_33, "0.0033"),
            (0.041_2, "0.041"),
            (0.714, "0.71"),
            (0.994, "0.99"),
            (0.996, "1.0"),
            (2.14, "2.1"),
            (9.96, "10"),
            (2_000.4, "2 000"),
        ] {
            assert_eq!(mean_rate(per_s), text);
        }
    }

    #[test]
    fn whole_numbers_come_in_groups_of_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (2_000, "2 000"),
            (1_234_567, "1 234 567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn numbers_are_written_as_people_say_them() {
        assert_eq!(
            [30.1, 1.0, 1.0 / 30.0, 0.999].map(times),
            ["× 30", "× 1.0", "÷ 30", "× 1.0"]
        );
        assert_eq!([57.9, 2.04, 0.04, 9.96].map(mean), ["58", "2.0", "0", "10"]);
        assert_eq!(
            [100.0, 98.0, 2.5, 0.714].map(digits),
            ["100", "98", "2.5", "0.71"]
        );
    }

    #[test]
    fn a_latency_that_is_the_patience_is_marked_and_one_below_it_is_not() {
        let patience = Elapsed::from_secs(30);
        assert_eq!(latency(patience, patience), "≥ 30 s");
        assert_eq!(latency(Elapsed(29_990_000_000), patience), "≥ 30 s");
        assert_eq!(latency(Elapsed::from_secs(29), patience), "29.0 s");
    }

    #[test]
    fn lengths_of_time_have_no_zeros_that_say_nothing() {
        for (milliseconds, text) in [
            (99, "99 ms"),
            (1, "1 ms"),
            (1_500, "1.5 s"),
            (100, "100 ms"),
        ] {
            assert_eq!(length(Elapsed::from_millis(milliseconds)), text);
        }
    }
}
