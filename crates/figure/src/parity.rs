//! Figure of the simulation's error: the relative error of each number that was both simulated and measured,
//! beside its limit.
//!
//! In its table `x` is measured and `y` simulated; of repeats `y` is `x` times the mean ratio of pairs, and a row with
//! `y_to` is its interval. `panel` is the unit, `series` the name of the number, `label` the scenario and the variant,
//! with the error. A row of the origin `simulated` has both numbers: the simulated one is the point's claim.

use super::canvas::{Canvas, MARGIN, fitted, rect, rule, unbroken, width_of};
use super::lines::SERIF;
use super::mark;
use super::predictions::StoredPredictions;
use super::scale::{Scale, Steps};
use super::style::{SMALL, class_of_kind};
use super::svg::{Anchor, Svg};
use super::table::{Origin, Row, distinct};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::words::digits;
use concsim_record::Origin as Of;
use concsim_record::comparison::percent;
use concsim_record::prediction::{Figure, LIMITS};
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
        rows.extend(points(&name, kind, &numbers));
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
            let repeated = simulated.repeated.as_ref().zip(measured.repeated.as_ref());
            let both = |path: &str, number: fn(&Run) -> Option<f64>| match repeated {
                Some((simulated, measured)) => Figure::of_repeats(path, simulated, measured),
                None => Figure::of(number(simulated), number(measured)),
            };
            let numbers = [
                both("throughput_per_s", |run| run.throughput_per_s),
                both("latency_ms.mean", |run| run.latency_ms.mean),
                both("latency_ms.p50", |run| run.latency_ms.p50),
                both("latency_ms.p99", |run| run.latency_ms.p99),
            ];
            rows.extend(points(name, measured.kind.word(), &numbers));
        }
    }
    rows
}

/// Returns points for throughput, mean, median and p99, as far as they exist, each followed by its interval.
fn points(name: &str, kind: &str, numbers: &[Figure; 4]) -> Vec<Row> {
    let panels = [PER_SECOND, LATENCY, LATENCY, LATENCY];
    let series = ["answers/s", "mean", "p50", "p99"];
    let named = panels.into_iter().zip(series).zip(numbers);
    let point = |((panel, series), both): ((&str, &str), &Figure)| {
        let (measured, predicted) = (both.measured?, both.predicted?);
        if measured <= 0.0 || predicted <= 0.0 {
            return None;
        }
        let repeated = both.interval.zip(both.error);
        let simulated = repeated.map_or(predicted, |(_, error)| measured * (1.0 + error));
        let error = 100.0 * (simulated / measured - 1.0);
        let interval =
            repeated.map(|(interval, _)| [interval.low, interval.high].map(percent).join(" to "));
        let interval = interval.map_or_else(String::new, |ends| format!(" ({ends})"));
        let point = Row {
            panel: panel.to_owned(),
            kind: kind.to_owned(),
            label: format!("{name}: {series} {error:+.1} %{interval}"),
            ..Row::at(series, Origin::Simulated, (measured, simulated))
        };
        let whisker = repeated.map(|(interval, _)| Row {
            y: measured * (1.0 + interval.low),
            y_to: Some(measured * (1.0 + interval.high)),
            ..point.clone()
        });
        Some([Some(point), whisker])
    };
    let rows = named.filter_map(point).flatten().flatten();
    rows.collect()
}

/// Numbers of the figure: name of the series, and limit as a share.
const NUMBERS: [(&str, f64); 4] = [
    ("answers/s", LIMITS.throughput),
    ("mean", LIMITS.mean),
    ("p50", LIMITS.p50),
    ("p99", LIMITS.p99),
];

/// An error, with its interval if it is one of repeats.
#[derive(Clone, Copy, Debug)]
struct PointError<'a> {
    row: &'a Row,
    /// simulated ÷ measured − 1
    error: f64,
    interval: Option<(f64, f64)>,
}

/// Returns the error of each point.
fn errors(table: &Table) -> Vec<PointError<'_>> {
    let mut errors: Vec<PointError<'_>> = Vec::new();
    for row in &table.rows {
        let error = row.y / row.x - 1.0;
        match (row.y_to, errors.last_mut()) {
            (Some(high), Some(point)) => point.interval = Some((error, high / row.x - 1.0)),
            (Some(_), None) => {}
            (None, _) => errors.push(PointError {
                row,
                error,
                interval: None,
            }),
        }
    }
    errors
}

impl PointError<'_> {
    /// Returns the limit of its number, as a share.
    fn limit(&self) -> f64 {
        let found = NUMBERS
            .iter()
            .find(|(series, _)| *series == self.row.series);
        found.map_or(LIMITS.p99, |(_, limit)| *limit)
    }

    /// True if it is within its limit, or its interval contains 0.
    fn agrees(&self) -> bool {
        let may_be_0 = |(low, high): (f64, f64)| low <= 0.0 && 0.0 <= high;
        self.error.abs() <= self.limit() + 1e-9 || self.interval.is_some_and(may_be_0)
    }

    /// Returns its run: its label without the number and the error.
    fn run(&self) -> &str {
        self.row
            .label
            .rsplit_once(": ")
            .map_or("", |(name, _)| name)
    }

    /// Draws its interval at a height: a line with serifs, which ends at the edge of the scale.
    fn draw_whisker(&self, svg: &mut Svg, class: &str, across: &Scale, y: f64) {
        let Some((low, high)) = self.interval else {
            return;
        };
        let ends = [low, high].map(|end| across.at(end));
        rule(svg, class, (ends[0], y), (ends[1], y));
        for (x, end) in ends.into_iter().zip([low, high]) {
            if across.low <= end && end <= across.high {
                rule(svg, class, (x, y - SERIF), (x, y + SERIF));
            }
        }
    }
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
    let errors = errors(table);
    let names = distinct(errors.iter().map(PointError::run));
    let there = |(series, _): &(&str, f64)| errors.iter().any(|it| it.row.series == *series);
    let numbers: Vec<(&str, f64)> = NUMBERS.into_iter().filter(there).collect();
    let grid = Grid::on(&canvas, numbers.len(), &names);
    let head = canvas.top + SMALL;
    let top = head + SMALL + 12.0;
    let bottom = top + grid.pitch * names.len() as f64 + 6.0;
    for (place, (series, limit)) in numbers.iter().enumerate() {
        let left = grid.left + grid.column.1 * place as f64;
        let points = errors.iter().filter(|it| it.row.series == *series);
        let points: Vec<&PointError<'_>> = points.collect();
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
        for point in points {
            let line = names.iter().position(|name| *name == point.run());
            let middle = grid.middle(top, line.unwrap_or(0));
            let (row, kind) = (point.row, class_of_kind(&point.row.kind));
            let svg = &mut canvas.svg;
            point.draw_whisker(svg, &format!("line {kind}-s"), &across, middle);
            let place = (across.at(point.error), middle);
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
    let has_intervals = errors.iter().any(|it| it.interval.is_some());
    let of_repeats = if has_intervals {
        "; whiskers: intervals of 95 % of repeats"
    } else {
        ""
    };
    canvas.paragraph("quiet", SMALL, &format!("{words}{of_repeats}"));
    say_errors(&mut canvas, &errors, &numbers);
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
fn scale_of(points: &[&PointError<'_>], limit: f64, (from, to): (f64, f64)) -> Scale {
    let largest = points.iter().map(|it| it.error.abs());
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

/// Writes the number of points that agree, and the names of the others.
fn say_errors(canvas: &mut Canvas, errors: &[PointError<'_>], numbers: &[(&str, f64)]) {
    let has_intervals = errors.iter().any(|it| it.interval.is_some());
    let all = errors.len();
    let agree = errors.iter().filter(|it| it.agrees()).count();
    let each = numbers.iter().map(|(series, _)| {
        let of_it = errors.iter().filter(|it| it.row.series == *series);
        let agree = of_it.clone().filter(|it| it.agrees()).count();
        unbroken(&format!("{series} {agree} of {}", of_it.count()))
    });
    let each = each.collect::<Vec<_>>().join(", ");
    let (verb, beyond) = if has_intervals {
        (
            "are within their limits or have 0 in their interval",
            "Beyond its limit, with 0 outside of its interval:",
        )
    } else {
        ("are within their limits", "Beyond its limit:")
    };
    canvas.paragraph(
        "small",
        SMALL,
        &format!("{agree} of {all} numbers {verb}: {each}."),
    );
    let mut far: Vec<&PointError<'_>> = errors.iter().filter(|it| !it.agrees()).collect();
    let excess = |it: &PointError<'_>| it.error.abs() / it.limit();
    far.sort_by(|a, b| excess(b).total_cmp(&excess(a)));
    if !far.is_empty() {
        canvas.paragraph("small", SMALL, beyond);
    }
    for point in far.iter().take(MOST_NAMED) {
        canvas.paragraph("small", SMALL, &point.row.label);
    }
    let more = far.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        canvas.paragraph("small", SMALL, &format!("… and {more} more, in the data"));
    }
    canvas.top += 6.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::look;
    use crate::{Kind, table};
    use concsim_model::palette::Theme;

    fn of_repeats() -> Table {
        let number = |measured: f64, error: f64, (low, high): (f64, f64)| {
            serde_json::json!({
                "measured": measured, "predicted": measured, "error": error,
                "interval": { "low": low, "high": high },
            })
        };
        let none = serde_json::json!({});
        let row = serde_json::json!({
            "scenario": "mixed", "variant": "sync", "trust": "ok", "repeats": 5,
            "prediction": {
                "throughput_per_s": number(100.0, 0.04, (-0.03, 0.12)),
                "mean_ms": number(40.0, 0.1, (0.05, 0.3)),
                "p50_ms": none, "p99_ms": none,
            },
        });
        let text = serde_json::json!({ "schema": "concsim.parity/1", "rows": [row] });
        let material = Inputs {
            predictions: vec![StoredPredictions::read(&text.to_string()).unwrap()],
            ..Inputs::default()
        };
        table(Kind::Parity, &material).unwrap()
    }

    #[test]
    fn each_error_of_repeats_has_the_ends_of_its_interval_in_the_data() {
        let rows = of_repeats().rows;
        let places = rows.iter().map(|row| (row.x, row.y.round(), row.y_to));
        let expected = [
            (100.0, 104.0, None),
            (100.0, 97.0, Some(112.0)),
            (40.0, 44.0, None),
            (40.0, 42.0, Some(52.0)),
        ];
        for (found, right) in places.zip(expected) {
            assert_eq!((found.0, found.1), (right.0, right.1));
            let is_near = found
                .2
                .zip(right.2)
                .is_some_and(|(a, b)| (a - b).abs() < 1e-9);
            assert!(is_near || found.2 == right.2, "{found:?}");
        }
        assert_eq!(rows.len(), 4);
        let label = "mixed sync: answers/s +4.0 % (-3.0 % to +12.0 %)";
        assert_eq!(rows[0].label, label);
    }

    #[test]
    fn a_whisker_ends_at_the_edge_of_its_column_and_0_inside_of_it_agrees() {
        let svg = draw(&of_repeats(), &look(800, Theme::Dark));
        let lines_of = |class: &str| -> Vec<[f64; 4]> {
            let begin = format!("<line class=\"{class}\" ");
            let lines = svg
                .lines()
                .filter_map(|line| line.trim().strip_prefix(&begin));
            let number = |line: &str, name: &str| -> f64 {
                let from = line.split_once(&format!("{name}=\"")).unwrap().1;
                from.split_once('"').unwrap().0.parse().unwrap()
            };
            lines
                .map(|line| ["x1", "y1", "x2", "y2"].map(|name| number(line, name)))
                .collect()
        };
        let (limits, drawn) = (lines_of("lead dotted"), lines_of("line sync-s"));
        let (whiskers, ends): (Vec<_>, Vec<_>) = drawn
            .into_iter()
            .partition(|it| (it[1] - it[3]).abs() < 0.01);
        // −3 % is the lower limit of the throughput; 12 % and 30 % are beyond the edges.
        assert_eq!((whiskers.len(), ends.len()), (2, 2));
        let left = |line: &[f64; 4]| line[0];
        assert!((left(&whiskers[0]) - left(&limits[0])).abs() < 0.01);
        assert!(whiskers[0][2] > left(&limits[1]));
        // +5 % is the upper limit of the mean.
        assert!((left(&whiskers[1]) - left(&limits[3])).abs() < 0.01);
        let words = svg.replace('\u{a0}', " ");
        assert!(words.contains("answers/s 1 of 1"), "{words}");
        assert!(words.contains("mean 0 of 1"), "{words}");
    }
}
