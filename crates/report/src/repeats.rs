//! Errors of repeats on the card: a table of numbers with their intervals, and what is to be said of the repeats.

use super::table;
use super::words::{COLUMNS, NONE, labelled, wrap};
use concsim_model::scenario::Plan;
use concsim_model::scenario::expectation::Dimension;
use concsim_model::units::three_digits;
use concsim_model::words::counted;
use concsim_record::repeats::{Partial, RepeatsSummary, ratio, times, with_error};
use concsim_record::summary::{Run, Summary};
use concsim_stats::Interval;

/// Width of the variant's name.
const NAME: usize = 12;
/// Width of a number with its error.
const CELL: usize = 16;

/// A column: its heading, the number's path in the summary and in `at_patience`, and its dimension.
type Column = (&'static str, &'static str, &'static str, Dimension);

const COLUMNS_OF_NUMBERS: [Column; 4] = [
    (
        "answers/s",
        "throughput_per_s",
        "throughput",
        Dimension::RATE,
    ),
    ("mean", "latency_ms.mean", "latency.mean", Dimension::TIME),
    ("p50", "latency_ms.p50", "latency.p50", Dimension::TIME),
    ("p99", "latency_ms.p99", "latency.p99", Dimension::TIME),
];

/// Returns the table of the numbers of repeats with their errors, and a line on the repeats; beneath each later
/// variant its ratios to the first, in pairs. Empty if each variant was played once.
pub(super) fn errors(plan: &Plan, summary: &Summary) -> String {
    let Some(repeats) = &summary.repeats else {
        return String::new();
    };
    let heads = COLUMNS_OF_NUMBERS.map(|(head, ..)| head.to_owned());
    let has_errors = summary.runs.iter().any(|run| run.repeated.is_some());
    let mut lines = if has_errors {
        row("with errors", &heads)
    } else {
        String::new()
    };
    for run in summary.runs.iter().filter(|_| has_errors) {
        lines += &row(
            &run.variant,
            &COLUMNS_OF_NUMBERS.map(|column| cell(run, column)),
        );
        let first = &summary.runs[0];
        if table::ratios(plan, first, run).is_some() {
            let ratios = COLUMNS_OF_NUMBERS.map(|column| quotient(first, run, column));
            lines += &row(&format!("  ÷ {}", first.variant), &ratios);
        }
    }
    let text = [described(repeats)].into_iter().chain(doubts(repeats));
    let text = text.map(|text| wrap(&text, COLUMNS, 2) + "\n");
    format!("\n{lines}{}", text.collect::<String>())
}

/// Returns a sentence on the repeats that prove nothing; [`None`] if there are none.
pub(super) fn doubts(repeats: &RepeatsSummary) -> Option<String> {
    let first = repeats.doubted.first()?;
    let mut places: Vec<usize> = repeats.doubted.iter().map(|it| it.repeat).collect();
    places.dedup();
    let count = counted(places.len() as u64, "repeat");
    let verb = if places.len() == 1 { "proves" } else { "prove" };
    let use_of = if first.used {
        "used nonetheless, since too few others are left"
    } else {
        "set aside, with all variants"
    };
    let reason = first.because.first();
    let reason = reason.map_or("", |reason| reason.sentence.as_str());
    Some(format!(
        "{count} {verb} nothing, {use_of}: repeat {}, {}: {reason}{}",
        first.repeat,
        first.variant,
        if repeats.doubted.len() > 1 {
            "; …"
        } else {
            ""
        },
    ))
}

/// Returns the heads of the table of errors.
pub(super) fn heads() -> [&'static str; 4] {
    COLUMNS_OF_NUMBERS.map(|(head, ..)| head)
}

/// Returns the numbers of a variant with their errors.
pub(super) fn cells(run: &Run) -> [String; 4] {
    COLUMNS_OF_NUMBERS.map(|column| cell(run, column))
}

/// Returns a note on each variant whose warm-up is too short for its latencies.
pub(super) fn warm_ups(summary: &Summary) -> String {
    let all = summary.repeats.iter().flat_map(|repeats| &repeats.warm_up);
    let short = all.filter(|it| it.is_short).filter_map(|it| {
        let seconds = |seconds: f64| format!("{} s", three_digits(seconds));
        let (needed, given) = (seconds(it.needed_s?), seconds(it.warmup_s));
        let text = format!(
            "latencies of {} settle after {needed}, but its warm-up is {given}: set a longer `warmup`",
            it.variant
        );
        Some(labelled("note", &text))
    });
    short.collect()
}

/// Describes the repeats: `20 repeats, seeds 7 to 26`.
pub(super) fn described(repeats: &RepeatsSummary) -> String {
    let partial = repeats.partial.map_or("", |reason| match reason {
        Partial::Interrupted => "; interrupted before the others",
        Partial::Failed => "; the next could not be played",
    });
    let count = counted(repeats.count as u64, "repeat");
    if repeats.count < 2 {
        return format!("{count}, no interval{partial}");
    }
    let last = repeats.first_seed.wrapping_add(repeats.count as u64 - 1);
    let ended = repeats.until.as_ref().map_or_else(String::new, |rule| {
        let width = three_digits(100.0 * rule.relative);
        let numbers = rule.numbers.join(", ");
        if rule.met {
            format!("; ended at an error of {width} % of {numbers}")
        } else {
            format!("; ended by the cap, before an error of {width} % of {numbers}")
        }
    });
    format!(
        "{count}, seeds {} to {last}; an error is the longer arm of the interval of 95 %{ended}{partial}",
        repeats.first_seed
    )
}

/// Returns a row; a long name has a line of its own.
fn row(name: &str, cells: &[String]) -> String {
    let cells = cells
        .iter()
        .map(|cell| format!(" {cell:>CELL$}"))
        .collect::<Vec<_>>()
        .concat();
    if name.chars().count() > NAME {
        format!("{name}\n{:NAME$}{cells}\n", "")
    } else {
        format!("{name:<NAME$}{cells}\n")
    }
}

fn cell(run: &Run, (_, path, claimed, dimension): Column) -> String {
    let estimate = run.repeated.as_ref().and_then(|it| it.estimate(path));
    let Some(estimate) = estimate else {
        return NONE.to_owned();
    };
    let Interval {
        estimate: value, ..
    } = estimate.interval;
    if run.at_patience.is_of(claimed) {
        return run.at_patience.describe(value);
    }
    let scale = if dimension == Dimension::TIME {
        1e-3
    } else {
        1.0
    };
    let Interval { low, high, .. } = estimate.interval;
    let interval = Interval {
        estimate: value * scale,
        low: low * scale,
        high: high * scale,
        ..estimate.interval
    };
    with_error(&interval, dimension)
}

/// Returns the ratio of a number of two variants; empty if there is none.
fn quotient(first: &Run, run: &Run, (_, path, claimed, _): Column) -> String {
    if [first, run].iter().any(|it| it.at_patience.is_of(claimed)) {
        return String::new();
    }
    let ratio = || {
        let (repeated, others) = (run.repeated.as_ref()?, first.repeated.as_ref()?);
        let (number, other) = (repeated.estimate(path)?, others.estimate(path)?);
        ratio(&number, &other, repeated.stop())
    };
    ratio().map_or_else(String::new, |ratio| times(&ratio))
}
