//! Descriptions of a scenario for readers, and lines that fit on a screen.

use concsim_model::scenario::{Plan, Request, Scenario};
use concsim_model::units::Elapsed;
use concsim_model::words::controls_display;
use concsim_record::comparable::Candidate;
pub(super) use concsim_record::comparable::load;
use concsim_record::summary::Run;

/// Width of a line: that of a projector.
pub(super) const COLUMNS: usize = 80;

/// Sign for a missing number.
pub(super) const NONE: &str = "–";

/// Formats milliseconds with three digits and a suitable unit.
pub(super) fn millis(milliseconds: f64) -> String {
    Elapsed((milliseconds * 1e6).round() as u64).to_string()
}

/// Joins words as `a`, `a and b`, `a, b and c`.
pub(super) fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Returns the scenario of a run's variant.
pub(super) fn scenario_of<'a>(plan: &'a Plan, run: &Run) -> Option<&'a Scenario> {
    let variant = plan.variants.iter().find(|it| it.name == run.variant);
    variant.map(|variant| &variant.scenario)
}

/// Returns a run as one to compare with others.
pub(super) fn candidate(plan: &Plan, run: &Run) -> Candidate {
    Candidate::of(scenario_of(plan, run), run)
}

/// Describes the steps of a request, in the words of a scenario file.
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

/// Breaks a text between words into lines of at most `columns`, each after the first indented by `indent`.
/// Text from files passes here, so control characters of a terminal become spaces.
#[must_use]
pub fn wrap(text: &str, columns: usize, indent: usize) -> String {
    let text: String = text
        .chars()
        .map(|letter| {
            if controls_display(letter) || letter.is_whitespace() {
                ' '
            } else {
                letter
            }
        })
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

/// Width of a line's label.
pub(super) const LABEL: usize = 13;

/// Returns a labelled text, wrapped: the label has a column of its own.
pub(super) fn labelled(label: &str, text: &str) -> String {
    let wrapped = wrap(text, COLUMNS - LABEL, 0).replace('\n', &format!("\n{:LABEL$}", ""));
    format!("{label:<LABEL$}{wrapped}\n")
}

/// Returns the text in characters that every terminal has.
pub(super) fn in_ascii(text: &str) -> String {
    text.replace(" ± ", " +-")
        .chars()
        .map(|letter| match letter {
            '±' => '~',
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

/// Marks of footnotes.
pub(super) const MARKS: &str = "¹²³⁴⁵⁶⁷⁸⁹";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_things_are_named_in_one_sentence() {
        assert_eq!(list(&["a"]), "a");
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
