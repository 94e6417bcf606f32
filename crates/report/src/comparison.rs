//! Comparison of two runs: the numbers of each variant, their difference and ratio, and the differences of
//! the scenarios. Ratios are given only for trusted runs.

mod difference;
mod intervals;
#[cfg(test)]
mod tests;

use serde::Serialize;

use self::difference::Difference;
use self::intervals::Intervals;
use super::table::quotient;
use super::words::{COLUMNS, NONE, candidate, labelled, millis, wrap};
use concsim_model::scenario::Plan;
use concsim_model::units::three_digits;
use concsim_model::words::{counted, grouped, mean, mean_rate};
use concsim_record::Origin;
use concsim_record::comparable::{Candidate, Contrast};
use concsim_record::repeats::Pairing;
use concsim_record::summary::{Run, Summary};
use concsim_record::trust::Trust;

/// A run to compare.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Name on the command line.
    pub name: &'a str,
    /// Plan of the run.
    pub plan: &'a Plan,
    /// Results of the run.
    pub summary: &'a Summary,
}

/// Comparison of two runs.
#[derive(Debug, Serialize)]
pub struct Comparison {
    schema: &'static str,
    runs: [Played; 2],
    /// Differences of the scenarios.
    differences: Vec<Difference>,
    variants: Vec<Pair>,
}

/// Scenario and machine of one run.
#[derive(Debug, Serialize)]
struct Played {
    name: String,
    scenario: String,
    title: String,
    sha256: String,
    origin: Origin,
    cores: usize,
    /// Number of repeats. Omitted if it was played once.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<usize>,
}

/// A variant of both runs, or of one only.
#[derive(Debug, Serialize)]
struct Pair {
    /// Names of the variant in both runs; null in a run without it.
    names: [Option<String>; 2],
    trust: [Option<Trust>; 2],
    /// Reason why the two are not compared; null if they are.
    why_not: Option<String>,
    /// Method by which the repeats of both are compared. Omitted if one of them was played once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pairing: Option<Pairing>,
    numbers: Vec<Number>,
}

/// A number of both runs.
#[derive(Debug, Serialize)]
struct Number {
    #[serde(rename = "number")]
    name: &'static str,
    #[serde(skip)]
    label: &'static str,
    #[serde(skip)]
    unit: Unit,
    a: Option<f64>,
    b: Option<f64>,
    /// `b` − `a`; null if the two are not compared, or one of them is a patience.
    difference: Option<f64>,
    /// `b` ÷ `a`; null if the two are not compared, one of them is a patience, or `a` is 0.
    ratio: Option<f64>,
    /// True if `a` or `b` is the patience of clients whose requests failed: a lower limit, not a measurement.
    at_patience: [bool; 2],
    /// Intervals of 95 %. Omitted if both were played once.
    #[serde(skip_serializing_if = "Intervals::is_empty")]
    interval: Intervals,
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    Plain,
    /// Rate per second.
    Rate,
    Cores,
    Count,
    Milliseconds,
}

/// Compares two runs.
#[must_use]
pub fn compare(a: Side<'_>, b: Side<'_>) -> Comparison {
    Comparison {
        schema: "concsim.comparison/1",
        runs: [played(a), played(b)],
        differences: difference::of(a, b),
        variants: pairs(a, b),
    }
}

fn played(side: Side<'_>) -> Played {
    let runs = &side.summary.runs;
    Played {
        name: side.name.to_owned(),
        scenario: side.plan.name().to_owned(),
        title: side.plan.title.clone(),
        sha256: side.plan.sha256.clone(),
        origin: super::sentences::origin(runs),
        cores: side.summary.machine.cores,
        repeats: side.summary.repeats.as_ref().map(|repeats| repeats.count),
    }
}

/// Pairs variants of the same name; two runs of one variant each are a pair with any names.
fn pairs(a: Side<'_>, b: Side<'_>) -> Vec<Pair> {
    let (a, b) = (variants(a), variants(b));
    if let ([a], [b]) = (a.as_slice(), b.as_slice()) {
        return vec![Pair::of(Some(a), Some(b))];
    }
    let named = |all: &[Variant<'_>], name: &str| all.iter().position(|it| it.run.variant == name);
    let first = a.iter().map(|it| {
        let other = named(&b, &it.run.variant).map(|place| &b[place]);
        Pair::of(Some(it), other)
    });
    let alone = b.iter().filter(|it| named(&a, &it.run.variant).is_none());
    first
        .chain(alone.map(|it| Pair::of(None, Some(it))))
        .collect()
}

/// A played variant, as one to compare.
struct Variant<'a> {
    run: &'a Run,
    candidate: Candidate,
}

fn variants(side: Side<'_>) -> Vec<Variant<'_>> {
    let runs = side.summary.runs.iter();
    let variant = |run| Variant {
        run,
        candidate: candidate(side.plan, run),
    };
    runs.map(variant).collect()
}

impl Pair {
    fn of(a: Option<&Variant<'_>>, b: Option<&Variant<'_>>) -> Self {
        let why_not = match (a, b) {
            (Some(a), Some(b)) => a.candidate.why_not(&b.candidate, ["A", "B"]),
            (Some(_), None) => Some("only in A".to_owned()),
            (None, _) => Some("only in B".to_owned()),
        };
        let both = [a, b].map(|variant| variant.map(|it| it.run));
        let compared = why_not.is_none();
        let pairing = intervals::pairing(both);
        let [first, second] = both.map(|run| run.map(numbers).unwrap_or_default());
        let numbers = NUMBERS.iter().enumerate();
        let numbers = numbers.map(|(place, &(name, label, unit, path))| {
            let value = |numbers: &[Option<f64>]| numbers.get(place).copied().flatten();
            let (a, b) = (value(&first), value(&second));
            let reached = |run: Option<&Run>, value: Option<f64>| {
                let patience = run.map(|run| &run.at_patience);
                let of = patience.zip(value).filter(|_| is_percentile(name));
                of.is_some_and(|(patience, value)| patience.is_reached(value))
            };
            let at_patience = [reached(both[0], a), reached(both[1], b)];
            let is_compared = compared && at_patience == [false; 2];
            let contrast = Contrast::of(a, b).filter(|_| is_compared);
            let interval = Intervals::of(both, path, pairing.filter(|_| is_compared));
            Number {
                name,
                label,
                unit,
                a,
                b,
                difference: interval.difference().or(contrast.map(Contrast::difference)),
                ratio: interval.ratio().or(contrast.and_then(Contrast::ratio)),
                at_patience,
                interval,
            }
        });
        let numbers = numbers.filter(|it| it.a.is_some() || it.b.is_some());
        Self {
            names: both.map(|run| run.map(|run| run.variant.clone())),
            trust: both.map(|run| run.map(|run| run.trust)),
            why_not,
            pairing,
            numbers: numbers.collect(),
        }
    }
}

/// True if a number is a percentile of latency, or the maximum.
fn is_percentile(name: &str) -> bool {
    matches!(name, "p50_ms" | "p90_ms" | "p95_ms" | "p99_ms" | "max_ms")
}

/// Compared numbers: name in the JSON, label, unit, and path in the summary; the path is empty for a number that
/// repeats have not.
const NUMBERS: [(&str, &str, Unit, &str); 14] = [
    ("due", "requests", Unit::Count, "due"),
    ("failed", "failed", Unit::Count, ""),
    (
        "throughput_per_s",
        "answers/s",
        Unit::Rate,
        "throughput_per_s",
    ),
    ("at_the_door", "at the door", Unit::Plain, "at_the_door"),
    ("concurrency", "concurrency", Unit::Plain, "concurrency"),
    ("parallelism", "parallelism", Unit::Cores, "parallelism"),
    (
        "mean_ms",
        "mean latency",
        Unit::Milliseconds,
        "latency_ms.mean",
    ),
    ("p50_ms", "p50", Unit::Milliseconds, "latency_ms.p50"),
    ("p90_ms", "p90", Unit::Milliseconds, "latency_ms.p90"),
    ("p95_ms", "p95", Unit::Milliseconds, "latency_ms.p95"),
    ("p99_ms", "p99", Unit::Milliseconds, "latency_ms.p99"),
    ("max_ms", "max", Unit::Milliseconds, "latency_ms.max"),
    (
        "coroutine_switches_per_request",
        "coroutine switches each",
        Unit::Cores,
        "",
    ),
    (
        "process_switches_per_request",
        "process switches each",
        Unit::Cores,
        "",
    ),
];

/// Returns the compared numbers of a run, in the order of [`NUMBERS`].
fn numbers(run: &Run) -> Vec<Option<f64>> {
    if let Some(repeated) = &run.repeated {
        let estimate = |path| Some(repeated.estimate(path)?.interval.estimate);
        return NUMBERS.iter().map(|(.., path)| estimate(path)).collect();
    }
    let latency = run.latency_ms;
    let answers = run.workers.iter().map(|it| it.requests).sum::<u64>();
    let each = |sum: u64| (answers > 0).then(|| sum as f64 / answers as f64);
    let process = run.workers.iter().map(|it| {
        let switches = it.process_switches;
        switches.voluntary + switches.involuntary
    });
    let coroutine = run.workers.iter().map(|it| it.coroutine_switches).sum();
    vec![
        Some(run.due as f64),
        Some(run.failed.all() as f64),
        run.throughput_per_s,
        run.at_the_door,
        run.concurrency,
        run.parallelism,
        latency.mean,
        latency.p50,
        latency.p90,
        latency.p95,
        latency.p99,
        latency.max,
        each(coroutine).filter(|it| *it > 0.0),
        each(process.sum()),
    ]
}

impl Unit {
    fn format(self, value: f64) -> String {
        match self {
            Self::Plain => mean(value),
            Self::Rate => mean_rate(value),
            Self::Cores => format!("{value:.2}"),
            Self::Count => grouped(value.round() as u64),
            Self::Milliseconds => millis(value),
        }
    }

    /// Formats a difference as `+3.2 ms`; 0 if the shown digits are equal.
    fn signed(self, difference: f64) -> String {
        let size = match self {
            Self::Plain | Self::Rate => three_digits(difference.abs()),
            _ => self.format(difference.abs()),
        };
        if size.chars().all(|it| !('1'..='9').contains(&it)) {
            return "0".to_owned();
        }
        let sign = if difference < 0.0 { '-' } else { '+' };
        format!("{sign}{size}")
    }
}

impl Comparison {
    /// Returns indented JSON, with a newline at its end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a comparison is always JSON");
        text + "\n"
    }

    /// Returns text in at most 80 columns.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (letter, run) in ["A", "B"].iter().zip(&self.runs) {
            let cores = counted(run.cores as u64, "core");
            let repeats = run.repeats.map(|count| counted(count as u64, "repeat"));
            let what = format!(
                "{}: {}, {} on {cores}{}",
                run.name,
                run.scenario,
                run.origin.word(),
                repeats.map_or_else(String::new, |repeats| format!(", {repeats}")),
            );
            text += &labelled(letter, &what);
        }
        if self.differences.is_empty() {
            text += &labelled("differences", "none in what was played");
        }
        for (place, difference) in self.differences.iter().enumerate() {
            let label = if place == 0 { "differences" } else { "" };
            text += &labelled(label, &difference.sentence());
        }
        for pair in &self.variants {
            text += &pair.to_text();
        }
        if let Some(note) = self.note() {
            text.push('\n');
            text += &wrap(&note, COLUMNS, 0);
            text.push('\n');
        }
        text
    }

    /// Returns a note on how far a difference may be believed.
    fn note(&self) -> Option<String> {
        match self.variants.iter().find_map(|pair| pair.pairing) {
            Some(pairing) => Some(intervals::note(pairing)),
            None if self.runs.iter().any(|run| run.origin == Origin::Measured) => {
                Some("One run of each: repeat both before trusting a small difference.".into())
            }
            None => None,
        }
    }
}

impl Pair {
    fn to_text(&self) -> String {
        let name = match &self.names {
            [Some(a), Some(b)] if a != b => format!("{a} | {b}"),
            [Some(name), _] | [None, Some(name)] => name.clone(),
            [None, None] => String::new(),
        };
        let has_intervals = self.numbers.iter().any(|it| !it.interval.is_empty());
        let line = if has_intervals { intervals::line } else { line };
        let head = line(&name, ["A", "B", "B - A", "B ÷ A"].map(str::to_owned));
        let rows = self.numbers.iter().map(|it| {
            if has_intervals {
                return line(&format!("  {}", it.label), it.interval.cells(it));
            }
            let text = |value: Option<f64>, is_patience: bool| {
                let line = value.map_or_else(|| NONE.to_owned(), |v| it.unit.format(v));
                if is_patience {
                    format!("≥ {line}")
                } else {
                    line
                }
            };
            let difference = it
                .difference
                .map_or_else(String::new, |v| it.unit.signed(v));
            // A ratio to a value that is shown as 0 has no meaning.
            let is_some =
                it.a.is_some_and(|a| it.unit.format(a) != it.unit.format(0.0));
            let ratio = it.ratio.filter(|ratio| *ratio > 0.0 && is_some);
            let said_ratio = |ratio: f64| match ratio {
                ratio if (0.0995..9.95).contains(&ratio) => format!("{ratio:.2}"),
                ratio => quotient(ratio),
            };
            let ratio = ratio.map_or_else(String::new, said_ratio);
            line(
                &format!("  {}", it.label),
                [
                    text(it.a, it.at_patience[0]),
                    text(it.b, it.at_patience[1]),
                    difference,
                    ratio,
                ],
            )
        });
        let trust = self
            .trust
            .map(|trust| trust.map_or(NONE, Trust::words).to_owned());
        let [a, b] = trust;
        let trust = line("  trust", [a, b, String::new(), String::new()]);
        let why_not = self.why_not.as_ref();
        let why_not = why_not.map_or_else(String::new, |why| {
            let sentence = wrap(&format!("not compared: {why}"), COLUMNS - 2, 2);
            format!("  {sentence}\n")
        });
        format!("\n{head}{}{trust}{why_not}", rows.collect::<String>())
    }
}

fn line(name: &str, [a, b, difference, ratio]: [String; 4]) -> String {
    let line = format!("{name:<28}{a:>14}{b:>14}{difference:>14}{ratio:>9}");
    format!("{}\n", line.trim_end())
}
