//! Figure of the simulation's error: the relative error of each number that was both simulated and measured,
//! beside its limit.
//!
//! In its table `x` is measured and `y` simulated. `panel` is the unit, `series` the name of the number,
//! `label` the scenario and the variant, with the error. A row of the origin `simulated` has both numbers:
//! the simulated one is the point's claim.

use super::canvas::{Canvas, MARGIN, fitted, rect, rule, unbroken, width_of};
use super::mark;
use super::predictions::{ComparedNumber, StoredPredictions};
use super::scale::{Scale, Steps};
use super::style::{SMALL, class_of_kind};
use super::svg::Anchor;
use super::table::{Origin, Row, distinct};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::words::digits;
use concsim_record::Origin as Of;
use concsim_record::prediction::LIMITS;
use concsim_record::summary::Run;

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "parity",
    description: "Relative error of the simulation: each number and its limit",
    of: InputKind::Predictions,
    needs: "predictions beside measurements: concsim parity --json > p.json && concsim figure parity p.json, or a run that was played with --predict, or the folders of a run and of a simulation of the same scenario",
    rows,
    draw,
};

const PER_SECOND: &str = "answers per second";
const LATENCY: &str = "latency in ms";
/// Maximal number of named errors beyond their limits.
const MOST_NAMED: usize = 8;

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut taken = Extracted::default();
    for file in &material.predictions {
        taken.rows.extend(of_file(file));
        taken.caveats.extend(doubts(file));
    }
    taken.rows.extend(of_runs(material));
    if taken.rows.is_empty() {
        return Err(Refused::Needs {
            kind: RECIPE.name,
            needs: RECIPE.needs,
        });
    }
    Ok(taken)
}

/// Lists the measurements that prove nothing.
fn doubts(file: &StoredPredictions) -> Option<String> {
    let doubted = file.runs.iter().filter(|run| run.trust == "proves-nothing");
    let names: Vec<String> = doubted
        .map(|run| format!("{} {}", run.scenario, run.variant))
        .collect();
    let (count, all) = (names.len(), file.runs.len());
    let names = names.join("; ");
    (count > 0).then(|| format!("{count} of {all} measurements prove nothing: {names}"))
}

fn of_file(file: &StoredPredictions) -> Vec<Row> {
    let mut rows = Vec::new();
    for run in &file.runs {
        let Some(it) = run.prediction else {
            continue;
        };
        let kind = if run.kind.is_empty() {
            &run.variant
        } else {
            &run.kind
        };
        let numbers = [it.throughput_per_s, it.mean_ms, it.p50_ms, it.p99_ms];
        let name = format!("{} {}", run.scenario, run.variant);
        rows.extend(points(&name, kind, numbers));
    }
    rows
}

/// Returns a row for each variant that was both measured and simulated.
fn of_runs(material: &Inputs<'_>) -> Vec<Row> {
    let runs: Vec<(String, &Run)> = material
        .plays
        .iter()
        .flat_map(|play| {
            let name = play.kept.plan.name();
            let views = play.views.iter();
            views.map(move |view| (format!("{name} {}", view.name()), view.run()))
        })
        .collect();
    let of = |origin: Of| runs.iter().filter(move |(_, run)| run.origin == origin);
    let mut rows = Vec::new();
    for (name, measured) in of(Of::Measured) {
        for (_, simulated) in of(Of::Simulated).filter(|(other, _)| other == name) {
            let both = |number: fn(&Run) -> Option<f64>| ComparedNumber {
                predicted: number(simulated),
                measured: number(measured),
            };
            let numbers = [
                both(|run| run.throughput_per_s),
                both(|run| run.latency_ms.mean),
                both(|run| run.latency_ms.p50),
                both(|run| run.latency_ms.p99),
            ];
            rows.extend(points(name, measured.kind.word(), numbers));
        }
    }
    rows
}

/// Returns points for throughput, mean, median and p99, as far as they exist.
fn points(name: &str, kind: &str, numbers: [ComparedNumber; 4]) -> Vec<Row> {
    let panels = [PER_SECOND, LATENCY, LATENCY, LATENCY];
    let series = ["answers/s", "mean", "p50", "p99"];
    let named = panels.into_iter().zip(series).zip(numbers);
    let point = |((panel, series), both): ((&str, &str), ComparedNumber)| {
        let (measured, predicted) = (both.measured?, both.predicted?);
        if measured <= 0.0 || predicted <= 0.0 {
            return None;
        }
        let error = 100.0 * (predicted / measured - 1.0);
        Some(Row {
            panel: panel.to_owned(),
            kind: kind.to_owned(),
            label: format!("{name}: {series} {error:+.1} %"),
            ..Row::at(series, Origin::Simulated, (measured, predicted))
        })
    };
    named.filter_map(point).collect()
}

/// Numbers of the figure: name of the series, and limit as a share.
const NUMBERS: [(&str, f64); 4] = [
    ("answers/s", LIMITS.throughput),
    ("mean", LIMITS.mean),
    ("p50", LIMITS.p50),
    ("p99", LIMITS.p99),
];

/// Returns the relative error of a point: simulated ÷ measured − 1.
fn error(row: &Row) -> f64 {
    row.y / row.x - 1.0
}

/// Returns the limit of a point's number, as a share.
fn limit(row: &Row) -> f64 {
    let found = NUMBERS.iter().find(|(series, _)| *series == row.series);
    found.map_or(LIMITS.p99, |(_, limit)| *limit)
}

fn is_within(row: &Row) -> bool {
    error(row).abs() <= limit(row) + 1e-9
}

/// Returns the run of a point: its label without the number and the error.
fn run_of(row: &Row) -> &str {
    row.label.rsplit_once(": ").map_or("", |(name, _)| name)
}

/// Layout of the plot: a row for each run, a column for each number.
#[derive(Clone, Copy, Debug)]
struct Grid {
    /// Left edge of the first column.
    left: f64,
    /// Width of a column, and distance between columns.
    column: (f64, f64),
    /// Distance between rows.
    pitch: f64,
    /// True if the name of a run is above its row, for sheets too narrow for names beside it.
    is_named_above: bool,
}

impl Grid {
    fn on(canvas: &Canvas, columns: usize, names: &[&str]) -> Self {
        let is_named_above = canvas.width < 600.0;
        let wide = canvas.right() - MARGIN;
        let widest = names.iter().map(|it| width_of(it, SMALL));
        let widest = widest.fold(0.0, f64::max) + 12.0;
        let (left, pitch) = if is_named_above {
            (MARGIN, 2.0 * SMALL + 8.0)
        } else {
            (MARGIN + widest.min(wide * 0.4), SMALL + 8.0)
        };
        let step = (canvas.right() - left + GAP) / columns.max(1) as f64;
        Self {
            left,
            column: (step - GAP, step),
            pitch,
            is_named_above,
        }
    }
}

/// Gap between two columns.
const GAP: f64 = 14.0;

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let kinds = distinct(table.rows.iter().map(|row| class_of_kind(&row.kind)));
    let entries: Vec<(&str, &str)> = kinds
        .iter()
        .map(|kind| (*kind, if *kind == "neutral" { "other" } else { *kind }))
        .collect();
    canvas.legend(&entries, |svg, kind, (left, top)| {
        mark::draw(svg, kind, Origin::Simulated, (left + 12.0, top + 7.0));
    });
    let names = distinct(table.rows.iter().map(run_of));
    let there = |(series, _): &(&str, f64)| table.rows.iter().any(|row| row.series == *series);
    let numbers: Vec<(&str, f64)> = NUMBERS.into_iter().filter(there).collect();
    let grid = Grid::on(&canvas, numbers.len(), &names);
    let head = canvas.top + SMALL;
    let top = head + SMALL + 12.0;
    let bottom = top + grid.pitch * names.len() as f64 + 6.0;
    for (place, (series, limit)) in numbers.iter().enumerate() {
        let left = grid.left + grid.column.1 * place as f64;
        let points: Vec<&Row> = table
            .rows
            .iter()
            .filter(|row| row.series == *series)
            .collect();
        let across = scale_of(&points, *limit, (left, left + grid.column.0));
        let limit_in_words = format!("±{} %", digits(limit * 100.0));
        let svg = &mut canvas.svg;
        svg.words((left, head), "head", Anchor::Start, series);
        svg.words(
            (left, head + SMALL + 3.0),
            "quiet",
            Anchor::Start,
            &limit_in_words,
        );
        draw_limits(
            &mut canvas,
            &across,
            *limit,
            &grid.stretches((top, bottom), names.len()),
        );
        for row in points {
            let line = names
                .iter()
                .position(|name| *name == run_of(row))
                .unwrap_or(0);
            let place = (across.at(error(row)), grid.middle(top, line));
            let kind = class_of_kind(&row.kind);
            let svg = &mut canvas.svg;
            svg.with_tooltip(
                || row.tooltip(),
                |svg| mark::draw(svg, kind, row.origin, place),
            );
        }
    }
    for (line, name) in names.iter().enumerate() {
        grid.name(&mut canvas, name, grid.middle(top, line));
    }
    canvas.top = bottom + 2.0 * SMALL + 4.0;
    let words = "error in %: simulated ÷ measured − 1; grey: within the limit";
    canvas.paragraph("quiet", SMALL, words);
    say_errors(&mut canvas, table, &numbers);
    canvas.finish(table, look)
}

impl Grid {
    /// Returns the middle of the marks of a row.
    fn middle(&self, top: f64, line: usize) -> f64 {
        let above = if self.is_named_above {
            SMALL / 2.0
        } else {
            0.0
        };
        top + self.pitch * (line as f64 + 0.5) + above
    }

    /// Returns the ranges of a column's limits: one over all rows or, if names are between the rows, one per
    /// row.
    fn stretches(&self, (top, bottom): (f64, f64), lines: usize) -> Vec<(f64, f64)> {
        if !self.is_named_above {
            return vec![(top, bottom)];
        }
        let around = |line| {
            let middle = self.middle(top, line);
            (middle - 8.0, middle + 8.0)
        };
        (0..lines).map(around).collect()
    }

    fn name(&self, canvas: &mut Canvas, name: &str, middle: f64) {
        let (room, up) = if self.is_named_above {
            (canvas.right() - MARGIN, -SMALL + 2.0)
        } else {
            (self.left - MARGIN - 8.0, 4.0)
        };
        let words = fitted(name, room, SMALL);
        let place = (MARGIN, middle + up);
        canvas.svg.words(place, "small halo", Anchor::Start, &words);
    }
}

/// Returns a scale symmetric about 0, up to the largest error and the limit with a margin, and at most three
/// times the limit. Points beyond are at the edge, and are named beneath.
fn scale_of(points: &[&Row], limit: f64, (from, to): (f64, f64)) -> Scale {
    let largest = points.iter().map(|row| error(row).abs());
    let largest = largest.fold(0.0, f64::max);
    let reach = (largest * 1.1).clamp(limit * 1.5, limit * 3.0);
    Scale {
        steps: Steps::Linear,
        low: -reach,
        high: reach,
        from: from + 6.0,
        to: to - 6.0,
    }
}

fn draw_limits(canvas: &mut Canvas, across: &Scale, limit: f64, stretches: &[(f64, f64)]) {
    let (low, zero, high) = (across.at(-limit), across.at(0.0), across.at(limit));
    let mut bottom = 0.0;
    for (top, end) in stretches {
        bottom = *end;
        let size = (high - low, bottom - top);
        rect(&mut canvas.svg, "neutral beyond", (low, *top), size);
        rule(&mut canvas.svg, "grid", (zero, *top), (zero, bottom));
        for x in [low, high] {
            rule(&mut canvas.svg, "lead dotted", (x, *top), (x, bottom));
        }
    }
    let ends = (across.from - 6.0, across.to + 6.0);
    rule(&mut canvas.svg, "axis", (ends.0, bottom), (ends.1, bottom));
    let limit = digits(limit * 100.0);
    let ends = [(low, format!("−{limit}")), (high, format!("+{limit}"))];
    // 0 is in the middle of the limits, and is labelled if there is room between them.
    let room = high - low - width_of(&ends[0].1, SMALL);
    let needs = width_of("0", SMALL) + 12.0;
    let has_zero = room > needs || room < 4.0;
    let zero = has_zero.then(|| (zero, "0".to_owned()));
    // Limits without room for labels are in the heading.
    let ends = ends.into_iter().filter(|_| room >= 4.0);
    for (x, words) in ends.chain(zero) {
        let place = (x, bottom + SMALL + 4.0);
        canvas.svg.words(place, "quiet", Anchor::Middle, &words);
    }
}

/// Draws the number of points within their limits, and the names of the others.
fn say_errors(canvas: &mut Canvas, table: &Table, numbers: &[(&str, f64)]) {
    let (all, within) = (
        table.rows.len(),
        table.rows.iter().filter(|row| is_within(row)),
    );
    let each = numbers.iter().map(|(series, _)| {
        let of_it = table.rows.iter().filter(|row| row.series == *series);
        let within = of_it.clone().filter(|row| is_within(row)).count();
        unbroken(&format!("{series} {within} of {}", of_it.count()))
    });
    let each = each.collect::<Vec<_>>().join(", ");
    let words = format!(
        "{} of {all} numbers are within their limits: {each}.",
        within.count()
    );
    canvas.paragraph("small", SMALL, &words);
    let mut far: Vec<&Row> = table.rows.iter().filter(|row| !is_within(row)).collect();
    let excess = |row: &Row| error(row).abs() / limit(row);
    far.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
    if !far.is_empty() {
        canvas.paragraph("small", SMALL, "Beyond its limit:");
    }
    for row in far.iter().take(MOST_NAMED) {
        canvas.paragraph("small", SMALL, &row.label);
    }
    let more = far.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        canvas.paragraph("small", SMALL, &format!("… and {more} more, in the data"));
    }
    canvas.top += 6.0;
}
