//! Figure of throughput against number of workers, with its limits and the recommended numbers.
//!
//! In its table `x` is the number of workers and `y` the throughput, in answers per second; `series` is the
//! variant with the values of other axes, `n` the number of requests behind it. A row of a line with `y_to` is the interval
//! of a repeated point, `y` to `y_to`. The rows `computed` of a
//! series are its bounds (Denning and Buzen, 1978). Those of the panel `rules` are recommended numbers of
//! workers: a knee, or gunicorn's rule.

use super::canvas::{Canvas, MARGIN, width_of};
use super::claim;
use super::lines::{Plot, Series, numbered, series};
use super::scale::{Scale, Steps, doublings};
use super::style::SMALL;
use super::sweep::{self, PlacedPoint};
use super::table::{Origin, Row};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::words::{counted, digits, grouped, mean};

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "workers",
    description: "Throughput by number of workers, with its bounds",
    of: InputKind::Points,
    needs: "runs with several numbers of workers: concsim sweep io_bound --over server.workers=1..16 --out w && concsim figure workers w",
    rows,
    draw,
};

const KEY: &str = "server.workers";
/// Name of the panel of rules.
const RULES: &str = "rules";

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let points = sweep::several(material, KEY, &RECIPE)?;
    let row = |point: &PlacedPoint, series: String, origin, y| Row {
        kind: point.kind().to_owned(),
        ..Row::at(series, origin, (point.x, y))
    };
    let (mut rows, mut intervals, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    for point in &points {
        let found = point.number("throughput_per_s").map(|per_s| Row {
            n: point.count(),
            ..row(point, point.series.clone(), point.origin, per_s)
        });
        let whisker = |found: &Row| point.whisker("throughput_per_s", found, 1.0);
        intervals.extend(found.as_ref().and_then(whisker));
        rows.extend(found);
        let tightest = point
            .bounds()
            .iter()
            .map(|bound| bound.per_s)
            .reduce(f64::min);
        // Measured and simulated points have separate bounds: those of their machines.
        let series = format!("{} ({})", point.series, point.origin.word());
        bounds.extend(tightest.map(|per_s| row(point, series, Origin::Computed, per_s)));
    }
    say_the_most(&mut rows);
    rows.extend(intervals);
    rows.extend(bounds);
    if !rows.iter().any(|row| row.origin != Origin::Computed) {
        return Err(Refused::refuse_for_reason("no point has a counted window"));
    }
    rows.extend(rules(&points));
    Ok(Extracted {
        rows,
        claim: claim::stops(&points, "Throughput", "worker").unwrap_or_default(),
        counted: sweep::window(&points, "for each number of workers"),
        ..Extracted::default()
    })
}

/// Labels the maximum of each line.
fn say_the_most(found: &mut [Row]) {
    let same = |a: &Row, b: &Row| a.series == b.series && a.origin == b.origin;
    for line in found.chunk_by_mut(same) {
        if let Some(row) = line.iter_mut().max_by(|a, b| a.y.total_cmp(&b.y)) {
            let (per_s, workers) = (mean(row.y), counted(row.x as u64, "worker"));
            row.label = format!("{}: at most {per_s}/s, with {workers}", row.series);
        }
    }
}

/// Returns the recommended numbers of workers, each once.
fn rules(points: &[PlacedPoint]) -> Vec<Row> {
    let mut rules: Vec<Row> = Vec::new();
    let mut add = |name: &str, workers: f64, label: String| {
        let row = Row {
            panel: RULES.into(),
            label,
            ..Row::at(name, Origin::Computed, (workers, 0.0))
        };
        if !rules.iter().any(|known| known.label == row.label) {
            rules.push(row);
        }
    };
    for point in points {
        let bounds = point.bounds();
        let find = |of: &str| bounds.iter().find(|bound| bound.of == of);
        let Some((cores, compute)) = find("cores").and_then(|it| Some((it.count, it.each?))) else {
            continue;
        };
        // A coroutine's wait does not occupy its worker: this is then the number of cores. A worker with
        // threads has several requests at once.
        let (at_once, held) = find("workers").map_or((point.x, compute), |it| {
            (it.count, it.each.unwrap_or(compute))
        });
        let knee = cores * held / compute * point.x / at_once;
        let kind = point.kind();
        let many = digits(knee);
        add(
            "knee",
            knee,
            format!(
                "n* = {many}: {kind} workers that keep {} busy",
                cores_in_words(cores)
            ),
        );
        let rule = 2.0 * cores + 1.0;
        let rule_in_words = grouped(rule as u64);
        add(
            "rule",
            rule,
            format!("gunicorn's rule, 2 × cores + 1 = {rule_in_words}"),
        );
    }
    rules
}

fn cores_in_words(cores: f64) -> String {
    counted(cores as u64, "core")
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let is_rule = |row: &&Row| row.panel == RULES;
    let points = || table.rows.iter().filter(|row| !is_rule(row));
    let all: Vec<Series<'_>> = series(points().filter(|row| row.origin != Origin::Computed));
    let bounds = series(points().filter(|row| row.origin == Origin::Computed));
    let names = canvas.names_of(&all);
    let rules: Vec<&Row> = table.rows.iter().filter(is_rule).collect();
    let rules = numbered(&rules);
    canvas.room_above(!rules.is_empty());
    let (top, left) = (canvas.top, MARGIN + width_of("10 000", SMALL) + 4.0);
    let bottom = top + (canvas.width * 0.5).clamp(220.0, 360.0);
    let most = points().map(|row| row.x).fold(1.0, f64::max);
    let least = points().map(|row| row.x).fold(most, f64::min);
    let across = Scale {
        steps: Steps::Log,
        low: least.min(most / 2.0) / 1.08,
        high: most * 1.08,
        from: left,
        to: canvas.right() - names.room(),
    };
    // A bound far above all points does not extend the axis.
    let found = points().filter(|row| row.origin != Origin::Computed);
    let found = found.map(Row::upper);
    let up = Scale::from_zero(found, (bottom, top));
    let up = Scale {
        high: up.high * 1.15,
        ..up
    };
    let plot = Plot {
        horizontal: across,
        up,
    };
    let ticks = doublings(points().map(|row| row.x));
    plot.axes_at(
        &mut canvas,
        &ticks,
        "workers (logarithmic)",
        "answers per second in the counted window",
    );
    canvas.standing(&rules, &across, plot.tall());
    for bound in distinct_lines(&bounds) {
        let class = format!("line {}-s dotted", bound.kind);
        bound.draw(&mut canvas.svg, &plot, &class);
    }
    canvas.lines(&plot, &all, names);
    canvas.paragraph("quiet", SMALL, claim::STOPPED);
    canvas.list_vertical_labels(&rules, &across);
    canvas.legend_of_ways(&table.rows);
    canvas.finish(table, look)
}

/// Returns the bounds, without duplicates of several series.
fn distinct_lines<'a, 'b>(bounds: &'b [Series<'a>]) -> Vec<&'b Series<'a>> {
    let way = |of: &Series<'_>| -> Vec<(u64, u64)> {
        let points = of.points.iter();
        points
            .map(|row| (row.x.to_bits(), row.y.to_bits()))
            .collect()
    };
    let mut lines: Vec<&Series<'_>> = Vec::new();
    for bound in bounds {
        let known = lines
            .iter()
            .any(|it| it.kind == bound.kind && way(it) == way(bound));
        if !known {
            lines.push(bound);
        }
    }
    lines
}
