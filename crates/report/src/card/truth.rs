//! Tests that each number of a full card is in the JSON summary, or follows from numbers there.
//!
//! The unit of a number in the summary is the suffix of its name, or of its parent's name. Lines that repeat
//! words of the scenario (its title, load and claims) are not compared.

use serde_json::Value;

use super::{Extent, Glyphs, card};
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_record::summary::{Summary, summarise};
use concsim_record::synthetic::{Synthetic, machine, plan};

/// Unit of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Milliseconds,
    Seconds,
    PerSecond,
    None,
}

impl Unit {
    /// Returns the unit in a name, if it has one.
    fn of(name: &str) -> Option<Self> {
        let ends = [
            ("per_s", Self::PerSecond),
            ("_ms", Self::Milliseconds),
            ("_s", Self::Seconds),
        ];
        let found = ends.into_iter().find(|(end, _)| name.ends_with(end));
        found.map(|(_, unit)| unit)
    }
}

/// Collects all numbers of a summary.
fn numbers(value: &Value, unit: Unit, into: &mut Vec<(f64, Unit)>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                numbers(field, Unit::of(name).unwrap_or(unit), into);
            }
        }
        Value::Array(all) => all.iter().for_each(|it| numbers(it, unit, into)),
        Value::Number(number) => into.extend(number.as_f64().map(|number| (number, unit))),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Returns numbers that the card computes from them: ratios to the first variant, and switches per answer.
fn derived(summary: &Value) -> Vec<(f64, Unit)> {
    let runs = summary["runs"].as_array().expect("runs");
    let number = |run: &Value, path: &str| run.pointer(path).and_then(Value::as_f64);
    let mut all = Vec::new();
    for run in runs {
        for path in [
            "/at_the_door",
            "/concurrency",
            "/throughput_per_s",
            "/latency_ms/p50",
            "/latency_ms/p99",
        ] {
            let both = number(run, path).zip(number(&runs[0], path));
            // A ratio below one is also written as `1/30`.
            all.extend(
                both.into_iter()
                    .flat_map(|(it, first)| [(it / first, Unit::None), (first / it, Unit::None)]),
            );
        }
        let workers = run["workers"].as_array().expect("workers");
        let sum = |paths: &[&str]| -> f64 {
            let each = |worker: &Value| -> f64 {
                paths.iter().filter_map(|path| number(worker, path)).sum()
            };
            workers.iter().map(each).sum()
        };
        let requests = sum(&["/requests"]);
        let switches = [
            "/process_switches/voluntary",
            "/process_switches/involuntary",
        ];
        all.push((sum(&switches) / requests, Unit::None));
        all.push((sum(&["/coroutine_switches"]) / requests, Unit::None));
    }
    all
}

/// A printed number, and the text behind it.
type Token<'a> = (String, &'a str);

/// Returns the numbers of a line: `1 345` is one. Digits inside a word, as in `p99`, are not numbers.
fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = line;
    while let Some(begin) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let is_in_a_word = rest[..begin].ends_with(|it: char| it.is_alphanumeric() || it == '_');
        let mut end = begin;
        let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).count();
        end += digits(&rest[end..]);
        while rest[end..].starts_with(' ') && digits(&rest[end + 1..]) == 3 && end - begin <= 7 {
            end += 4;
        }
        if rest[end..].starts_with('.') && digits(&rest[end + 1..]) > 0 {
            end += 1 + digits(&rest[end + 1..]);
        }
        if !is_in_a_word {
            tokens.push((rest[begin..end].replace(' ', ""), &rest[end..]));
        }
        rest = &rest[end..];
    }
    tokens
}

/// True if a number of the summary is printed in this form.
fn is_printed_so((token, behind): &Token<'_>, (number, unit): (f64, Unit)) -> bool {
    let behind = behind.strip_prefix(' ').unwrap_or(behind);
    let word: String = behind
        .chars()
        .take_while(|it| !" ,;:.)".contains(*it))
        .collect();
    let number = number.abs();
    let candidates: &[f64] = match (word.as_str(), unit) {
        ("ms", Unit::Milliseconds) | ("/s", Unit::PerSecond) | ("s", Unit::Seconds) => &[number],
        ("s", Unit::Milliseconds) => &[number / 1e3],
        ("µs", Unit::Milliseconds) => &[number * 1e3],
        ("%", Unit::None | Unit::PerSecond | Unit::Milliseconds) => &[number * 100.0],
        ("ms" | "/s" | "s" | "µs" | "%", _) => &[],
        _ => &[number],
    };
    let decimals = token.split('.').nth(1).unwrap_or_default();
    let printed: f64 = token.parse().expect("digits");
    let half = decimals.chars().fold(0.5, |half, _| half / 10.0) + 1e-9;
    candidates.iter().any(|it| (it - printed).abs() <= half)
}

/// Returns the numbers of a full card, from its first table on, that are not among these.
fn unfounded(card: &str, numbers: &[(f64, Unit)]) -> Vec<String> {
    let words_of_the_file = ["✓", "✗", "–", "asked", "assuming", "¹", "²"];
    let mut lines = card
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("door"));
    let mut is_compared = true;
    let mut found = Vec::new();
    lines.by_ref().for_each(|line| {
        if !line.starts_with(' ') {
            let is_of_the_file = words_of_the_file.iter().any(|it| line.starts_with(it));
            // The difference of counts is rounded up.
            is_compared = !is_of_the_file && !line.starts_with("trust");
        }
        if is_compared {
            let is_founded = |token: &Token<'_>| numbers.iter().any(|it| is_printed_so(token, *it));
            let unfounded = tokens(line).into_iter().filter(|token| !is_founded(token));
            found.extend(unfounded.map(|(token, _)| format!("{token} of `{line}`")));
        }
    });
    found
}

/// Returns the full card of these runs, and all numbers that it may contain.
fn card_and_numbers(runs: &[&Synthetic]) -> (String, Vec<(f64, Unit)>) {
    let plan = plan("A title", runs, &[]);
    let summaries = runs.iter().map(|run| summarise(&run.recording()));
    let summary = Summary::of(&plan, machine(2), summaries.collect());
    let printed = card(&plan, &summary, Glyphs::Unicode, Extent::Full);
    let json = serde_json::to_value(&summary).expect("a summary is always JSON");
    let mut all = derived(&json);
    numbers(&json, Unit::None, &mut all);
    (printed, all)
}

#[test]
fn each_number_of_a_card_is_in_the_summary_or_follows_from_it() {
    for of in [Synthetic::three_requests, Synthetic::io_bound] {
        let (printed, numbers) = card_and_numbers(&[&of(Sync), &of(Coroutine)]);
        assert_eq!(unfounded(&printed, &numbers), Vec::<String>::new());
    }
}

/// The means by kind of request are computed: M/G/1 adds the mean wait to a request's own time, and processor
/// sharing divides that time by the idle share.
#[test]
fn computed_means_of_kinds_follow_from_the_mean_wait_and_the_utilisation() {
    let (printed, mut numbers) = card_and_numbers(&[&Synthetic::hog(Sync)]);
    let wait = summarise(&Synthetic::hog(Sync).recording());
    let wait = wait
        .theory
        .model
        .as_ref()
        .and_then(|it| it.wait_ms.computed);
    let wait = wait.expect("M/G/1 applies");
    numbers.extend([1.0, 100.0].map(|need| (wait + need, Unit::Milliseconds)));
    assert_eq!(unfounded(&printed, &numbers), Vec::<String>::new());
}

#[test]
fn a_number_that_the_summary_does_not_have_is_found() {
    let runs = [&Synthetic::io_bound(Sync), &Synthetic::io_bound(Coroutine)];
    let (printed, numbers) = card_and_numbers(&runs);
    let spoilt = printed.replacen("3.00 s", "3.07 s", 1);
    assert_ne!(spoilt, printed);
    let found = unfounded(&spoilt, &numbers);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("3.07 of `sync "), "{found:?}");
}
