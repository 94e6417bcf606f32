//! Tables of the card: one row for each variant, and one for each kind of request.

use super::words::{MARKS, NONE, candidate, millis};
use concsim_model::scenario::Plan;
use concsim_model::units::three_digits;
use concsim_model::words::{grouped, mean};
use concsim_record::comparable::{Contrast, ExclusionReason};
use concsim_record::latency::{KindLatencies, MEDIAN_NEEDS};
use concsim_record::summary::{CensoredPercentiles, Kind, Run};
use concsim_theory::forecast::{self, Forecast, Model};

/// Notes under a table, each with its mark.
#[derive(Debug, Default)]
pub(super) struct Footnotes(Vec<String>);

impl Footnotes {
    /// Returns the mark of a note; equal notes share one. Beyond nine the last mark is shared.
    fn mark(&mut self, note: String) -> char {
        let last = MARKS.chars().count() - 1;
        let known = self.0.iter().position(|known| *known == note);
        let place = known.unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        });
        MARKS.chars().nth(place.min(last)).unwrap_or('*')
    }

    /// Returns each note with its mark.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let notes = MARKS.chars().zip(&self.0);
        notes.map(|(mark, note)| format!("{mark} {note}"))
    }
}

/// Headings of the variants' table.
pub(super) const HEADS: [&str; 6] = [
    "door",
    "concurrency",
    "parallelism",
    "answers/s",
    "p50",
    "p99",
];

/// Width of the variant's name; a longer one gets a line of its own.
const NAME: usize = 12;
/// Width of the number at the door.
const DOOR: usize = 5;

/// Width of the highest percentile.
const TAIL: usize = 11;

/// Returns a row of the variants' table.
fn row(name: &str, cells: [&str; 6], marks: [Option<char>; 3]) -> String {
    let [door, concurrency, parallelism, answers, p50, tail] = cells;
    let [name_mark, p50_mark, tail_mark] = marks.map(|mark| mark.unwrap_or(' '));
    let name = match name_mark {
        ' ' => name.to_owned(),
        mark => format!("{name} {mark}"),
    };
    // A label of ratios also uses the column of the door, which has no ratio.
    let room = if door.is_empty() { NAME + DOOR } else { NAME };
    let door_width = NAME + DOOR - room;
    let (above, name) = if name.chars().count() > room {
        (format!("{name}\n"), String::new())
    } else {
        (String::new(), name)
    };
    // A number too long for its column moves the rest of the row to the right.
    let concurrency = format!(" {concurrency}");
    // A percentile that is the clients' patience is long: `p90 ≥ 300 ms`. Marks are then closer, with a blank
    // before each number all the same.
    let (p50_length, tail_length) = (p50.chars().count(), tail.chars().count());
    let is_close = p50_mark != ' ' && tail_length >= TAIL;
    let (p50_width, p50_gap) = match p50_length {
        ..8 if is_close => (8, " "),
        8.. if is_close => (p50_length + 1, ""),
        _ => ((p50_length + 1).max(9), " "),
    };
    let answers_width = 11 - p50_width.saturating_sub(9);
    let tail_width = tail_length.max(TAIL) + usize::from(is_close);
    let tail_gap = if tail_length > TAIL { "" } else { " " };
    let line = format!(
        "{name:<room$}{door:>door_width$}{concurrency:>14}{parallelism:>13}\
         {answers:>answers_width$}{p50:>p50_width$}{p50_gap}{p50_mark}{tail:>tail_width$}\
         {tail_gap}{tail_mark}"
    );
    format!("{above}{}\n", line.trim_end())
}

/// Returns the table of concurrency, parallelism, throughput and latency for each variant; beneath each later
/// one, its ratios to the first.
pub(super) fn variants(plan: &Plan, runs: &[Run], notes: &mut Footnotes) -> String {
    let mut table = row("", HEADS, [None; 3]);
    for run in runs {
        table += &variant(plan, run, notes);
        let ratios = runs.first().and_then(|first| ratios(plan, first, run));
        if let Some((label, ratios)) = ratios {
            table += &row(&label, ratios.each_ref().map(String::as_str), [None; 3]);
        }
    }
    table
}

fn variant(plan: &Plan, run: &Run, notes: &mut Footnotes) -> String {
    let cells = cells(run);
    let latency = KindLatencies::from(run.latency_ms);
    let doubt = doubt(run).map(|doubt| notes.mark(doubt));
    let few = latency.p50.is_none().then(|| {
        let due = grouped(run.due as u64);
        notes.mark(format!("{due} requests; a p50 needs {MEDIAN_NEEDS}"))
    });
    let patience = patience(plan, run);
    let mut of_patience = |value: Option<f64>| {
        let patience = patience.filter(|patience| value.is_some_and(|value| value >= *patience))?;
        let patience = millis(patience);
        Some(notes.mark(format!(
            "of failed requests: each counts with its client's patience, {patience}"
        )))
    };
    let p50 = few.or_else(|| of_patience(latency.p50));
    let tail = of_patience(latency.tail().map(|(_, value)| value));
    row(
        &run.variant,
        cells.each_ref().map(String::as_str),
        [doubt, p50, tail],
    )
}

/// Returns the patience of a variant's clients in milliseconds, if one of their requests failed.
fn patience(plan: &Plan, run: &Run) -> Option<f64> {
    let variant = plan.variants.iter().find(|it| it.name == run.variant);
    let has_failed = run.failed.all() > 0;
    let variant = variant.filter(|_| has_failed)?;
    Some(variant.scenario.load.patience.as_millis_f64())
}

/// Returns the numbers of a row, in the order of [`HEADS`]. If there are too few requests for a p99, the
/// highest percentile that they allow replaces it, with its name.
pub(super) fn cells(run: &Run) -> [String; 6] {
    let or_none =
        |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| NONE.to_owned(), text);
    // For a foreign server both the value and its limit are unknown.
    let of = |line: String, limit: usize| {
        if line == NONE {
            line
        } else {
            format!("{line} of {limit}")
        }
    };
    let concurrency = or_none(run.concurrency, mean);
    let parallelism = or_none(run.parallelism, |value| format!("{value:.2}"));
    [
        or_none(run.at_the_door, mean),
        of(concurrency, run.concurrency_limit),
        of(parallelism, run.parallelism_limit),
        or_none(run.throughput_per_s, answers),
        median(run.latency_ms.p50, &run.at_patience),
        tail(&run.latency_ms.into(), &run.at_patience),
    ]
}

/// Returns `102 ms`, or `≥ 30 s` if it is the clients' patience.
fn median(p50: Option<f64>, patience: &CensoredPercentiles) -> String {
    p50.map_or_else(|| NONE.to_owned(), |value| patience.describe(value))
}

/// Returns `102 ms`, or `p90 3.02 s` if there are too few requests for a p99.
fn tail(latency: &KindLatencies, patience: &CensoredPercentiles) -> String {
    match latency.tail() {
        Some(("p99", value)) => patience.describe(value),
        Some((name, value)) => format!("{name} {}", patience.describe(value)),
        None => NONE.to_owned(),
    }
}

/// Returns the caveat of a row.
pub(super) fn doubt(run: &Run) -> Option<String> {
    match ExclusionReason::of(run)? {
        ExclusionReason::Interrupted => {
            let interrupted = run.interrupted_in_words()?;
            Some(format!("{interrupted}: the part that was played"))
        }
        unfit @ ExclusionReason::ProvesNothing => Some(format!("{}: see trust", unfit.words())),
        ExclusionReason::Steered => None,
    }
}

fn answers(per_s: f64) -> String {
    if per_s >= 9.95 {
        grouped(per_s.round() as u64)
    } else {
        three_digits(per_s)
    }
}

/// Returns the ratios of a later run to the first, with their label, in the columns of its row. `None` if the
/// two are not comparable, or had different loads. A median that is the clients' patience has no ratio.
pub(super) fn ratios(plan: &Plan, first: &Run, run: &Run) -> Option<(String, [String; 6])> {
    let [before, now] = [first, run].map(|run| candidate(plan, run));
    if first.variant == run.variant || !before.is_comparable_with(&now) {
        return None;
    }
    let ratio = |of: fn(&Run) -> Option<f64>| -> String {
        let contrast = Contrast::of(of(first), of(run));
        let ratio = contrast.and_then(Contrast::ratio).filter(|it| *it > 0.0);
        ratio.map_or_else(String::new, quotient)
    };
    let mut cells = [const { String::new() }; 6];
    cells[1] = ratio(|run| run.concurrency);
    cells[3] = ratio(|run| run.throughput_per_s);
    if ![first, run]
        .iter()
        .any(|it| it.at_patience.is_of("latency.p50"))
    {
        cells[4] = ratio(|run| run.latency_ms.p50);
    }
    let label = format!("{} ÷ {}", run.variant, first.variant);
    let is_told = cells.iter().any(|text| !text.is_empty());
    is_told.then_some((label, cells))
}

/// Formats a ratio as `30`, `1.2`, `0.50`, and below a tenth as `1/30`.
pub(super) fn quotient(ratio: f64) -> String {
    match ratio {
        ratio if ratio >= 9.95 => grouped(ratio.round() as u64),
        ratio if ratio >= 0.995 => format!("{ratio:.1}"),
        ratio if ratio >= 0.0995 => format!("{ratio:.2}"),
        ratio => format!("1/{}", grouped((1.0 / ratio).round() as u64)),
    }
}

/// Returns latencies by kind of request, if a scenario has several; with the computed mean, if a formula
/// applies.
pub(super) fn kinds(plan: &Plan, cores: usize, runs: &[Run], notes: &mut Footnotes) -> String {
    lay_out(&kind_rows(plan, cores, runs, notes))
}

/// Returns the same without the computed mean.
pub(super) fn measured_kinds(plan: &Plan, cores: usize, runs: &[Run]) -> String {
    let mut rows = kind_rows(plan, cores, runs, &mut Footnotes::default());
    for row in &mut rows {
        row.cells[3].clear();
    }
    lay_out(&rows)
}

/// Returns the rows of that table.
pub(super) fn kind_rows(
    plan: &Plan,
    cores: usize,
    runs: &[Run],
    notes: &mut Footnotes,
) -> Vec<KindRow> {
    let several = runs.iter().filter(|run| run.requests.iter().count() > 1);
    let mut rows = Vec::new();
    for run in several {
        let variant = plan.variants.iter().find(|v| v.name == run.variant);
        let forecast = variant.and_then(|v| forecast::of(&v.scenario, cores).ok());
        for (name, kind) in run.requests.iter() {
            let place = variant.and_then(|variant| {
                let requests = &variant.scenario.requests;
                requests.iter().position(|request| request.name == name)
            });
            let computed = forecast.as_ref().zip(place);
            let computed = computed.and_then(|(it, place)| describe(it, place, notes));
            rows.push(KindRow::new(run, name, *kind, computed));
        }
    }
    rows
}

/// A kind of request of a variant.
pub(super) struct KindRow {
    pub(super) variant: String,
    pub(super) name: String,
    /// Mean, p50, p99 (or the highest available percentile) and the computed mean.
    pub(super) cells: [String; 4],
}

impl KindRow {
    fn new(run: &Run, name: &str, kind: Kind, computed: Option<String>) -> Self {
        let latency = kind.latency_ms;
        let text = |value: Option<f64>| value.map_or_else(|| NONE.to_owned(), millis);
        Self {
            variant: cut(&run.variant),
            name: cut(name),
            cells: [
                text(latency.mean),
                median(latency.p50, &run.at_patience),
                tail(&latency, &run.at_patience),
                computed.unwrap_or_default(),
            ],
        }
    }
}

/// Length of the longest name that fits beside four numbers.
const LONGEST: usize = 18;

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn lay_out(rows: &[KindRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let widest = |of: fn(&KindRow) -> &str| rows.iter().map(|row| of(row).chars().count()).max();
    let variants = widest(|row| &row.variant).unwrap_or(0).max(NAME - 1);
    let names = widest(|row| &row.name).unwrap_or(0);
    let is_computed = rows.iter().any(|row| !row.cells[3].is_empty());
    let head = if is_computed { "computed" } else { "" };
    let line = |variant: &str, name: &str, [mean, p50, p99, computed]: [&str; 4]| {
        let line = format!(
            "{variant:<variants$} {name:<names$}{mean:>10}{p50:>10}{p99:>13}  {computed:>10}"
        );
        format!("{}\n", line.trim_end())
    };
    let mut table = line("latency", "", ["mean", "p50", "p99", head]);
    let mut before = "";
    for row in rows {
        let variant = if row.variant == before {
            ""
        } else {
            &row.variant
        };
        table += &line(variant, &row.name, row.cells.each_ref().map(String::as_str));
        before = &row.variant;
    }
    table
}

/// Returns the computed mean of the kind at this index, with a note of the model; [`None`] if the formula has
/// none for single kinds.
fn describe(forecast: &Forecast, place: usize, notes: &mut Footnotes) -> Option<String> {
    let by = match forecast.model {
        Model::Mmc(1) | Model::Md1 | Model::General => "one worker serves all in turn",
        Model::Mmc(_)
        | Model::ManyGeneral(_)
        | Model::Mmck(..)
        | Model::Tokens(_)
        | Model::Returning(_) => "workers serve all in turn",
        Model::Shared => "all share one worker",
        Model::Unhindered | Model::Closed => "no request waits for another",
    };
    let text = match &forecast.times {
        Some(times) => millis(times.by_kind.as_ref()?.get(place)? * 1e3),
        None => "grows".to_owned(),
    };
    let name = forecast.model.name();
    let busy = three_digits(forecast.utilisation * 100.0);
    let mark = notes.mark(format!("mean if {by}: {name}, busy {busy} %"));
    Some(format!("{text} {mark}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::scenario::WorkerKind::Sync;
    use concsim_record::summary::summarise;
    use concsim_record::synthetic::Synthetic;

    #[test]
    fn a_blank_is_before_each_number_of_a_row_and_no_row_is_wider_than_the_card() {
        for p50 in ["–", "102 ms", "≥ 300 ms", "≥ 12.5 ms"] {
            for tail in [
                "–",
                "1.02 s",
                "p95 ≥ 1.5 s",
                "p90 ≥ 300 ms",
                "max ≥ 12.5 ms",
            ] {
                for marks in [
                    [None; 3],
                    [None, Some('¹'), Some('²')],
                    [None, None, Some('¹')],
                ] {
                    let cells = ["58", "2.0 of 2", "0.02 of 2", "12 345", p50, tail];
                    let row = row("coroutine", cells, marks);
                    let is_apart = cells.iter().all(|cell| row.contains(&format!(" {cell}")));
                    assert!(is_apart, "{row}");
                    assert!(row.trim_end().chars().count() <= 80, "{row}");
                }
            }
        }
    }

    #[test]
    fn an_unknown_number_of_a_server_has_no_limit() {
        let known = summarise(&Synthetic::io_bound(Sync).recording());
        let [_, concurrency, parallelism, ..] = cells(&known);
        assert!(concurrency.ends_with(" of 2") && parallelism.ends_with(" of 2"));
        let unknown = Run {
            concurrency: None,
            parallelism: None,
            ..known
        };
        let [_, concurrency, parallelism, ..] = cells(&unknown);
        assert_eq!([concurrency, parallelism], [NONE; 2]);
    }
}
