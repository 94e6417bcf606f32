//! Figure of queues over time: requests at the door, begun, and ready among those begun.
//!
//! In its table a row is an interval: `x` to `x_to` in seconds after load began, `y` the mean number of
//! requests. `panel` is the variant, `series` the place of the requests. Those at the door are counted one by
//! one; those begun are differences of integrals; those ready are the mean of samples.

use super::canvas::{Canvas, MARGIN, width_of};
use super::lines::{Names, Plot, class_of, polyline, series};
use super::run_phases::{self, Course, is_data};
use super::scale::{Scale, milliseconds};
use super::style::SMALL;
use super::table::Row;
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table, mark};
use concsim_model::words;
use concsim_record::lanes::{Index, Interval};
use concsim_record::{Recording, Sample};

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "queues",
    description: "Requests over time: at the door, begun, and ready while their worker runs another",
    of: InputKind::Runs,
    needs: "kept runs: concsim sim surge --out surge && concsim figure queues surge",
    rows,
    draw,
};

/// Maximal number of intervals of a line.
const STRETCHES: usize = 120;
const DOOR: &str = "at the door";
const BEGUN: &str = "begun";
const READY: &str = "ready";
/// Height of a variant's plot, in user units.
const HEIGHT: f64 = 150.0;

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let (mut rows, mut done) = (Vec::new(), Vec::new());
    for (name, recording) in material.recordings() {
        if let Some(run_phases) = Course::of(recording) {
            rows.extend(queues(recording, &run_phases, &name));
            done.extend(run_phases.rows(&name));
        }
    }
    rows.extend(done);
    if !rows.iter().any(is_data) {
        return Err(Refused::refuse_for_reason(
            "the run has fewer than two samples",
        ));
    }
    Ok(rows.into())
}

fn queues(recording: &Recording, run_phases: &Course<'_>, panel: &str) -> Vec<Row> {
    let header = &recording.header;
    let kind = header.scenario.server.kind;
    let stretches = run_phases.stretches(STRETCHES);
    let line = |series: &str, mean: &dyn Fn(&Sample, &Sample) -> f64| {
        let row = |[from, to]: &[&Sample; 2]| Row {
            panel: panel.to_owned(),
            kind: kind.word().into(),
            x_to: Some(run_phases.since(to.at)),
            ..Row::at(
                series,
                header.origin.into(),
                (
                    run_phases.since(from.at),
                    (mean(from, to) * 1e3).round() / 1e3,
                ),
            )
        };
        let mut line: Vec<Row> = stretches.iter().map(row).collect();
        if let Some(most) = line.iter_mut().max_by(|a, b| a.y.total_cmp(&b.y)) {
            most.label = format!("{panel}: {} {series} at most", words::mean(most.y));
        }
        line
    };
    let mut index = Index::default();
    index.extend(recording);
    let at_the_door = |from: &Sample, to: &Sample| {
        let interval = Interval {
            from: from.at,
            to: to.at,
        };
        let counted = index.mean_at_the_door(recording, interval);
        counted.unwrap_or_else(|| (in_system(from, to) - begun(from, to)).max(0.0))
    };
    let mut rows = line(DOOR, &at_the_door);
    rows.extend(line(BEGUN, &begun));
    if kind.has_a_loop() {
        let ready = |from: &Sample, to: &Sample| ready(&recording.samples, from, to);
        rows.extend(line(READY, &ready));
    }
    rows
}

fn mean(integral: i128, from: &Sample, to: &Sample) -> f64 {
    integral.max(0) as f64 / to.at.since(from.at).0.max(1) as f64
}

fn in_system(from: &Sample, to: &Sample) -> f64 {
    let until = |sample: &Sample| sample.load.in_system.integral_at(sample.at);
    mean(until(to) - until(from), from, to)
}

fn begun(from: &Sample, to: &Sample) -> f64 {
    let until = |sample: &Sample| -> i128 {
        let workers = sample.workers.iter();
        workers.map(|it| it.begun.integral_at(sample.at)).sum()
    };
    mean(until(to) - until(from), from, to)
}

/// Returns the mean of the samples after one sample, up to the other.
fn ready(samples: &[Sample], from: &Sample, to: &Sample) -> f64 {
    let first = samples.partition_point(|sample| sample.at <= from.at);
    let last = samples.partition_point(|sample| sample.at <= to.at);
    let seen = &samples[first..last.max(first)];
    let ready = seen.iter().flat_map(|sample| &sample.workers);
    let ready: u64 = ready.map(|worker| worker.ready).sum();
    ready as f64 / seen.len().max(1) as f64
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let (left, room) = (
        MARGIN + width_of("10 000", SMALL) + 4.0,
        width_of(DOOR, SMALL) + 12.0,
    );
    let across = run_phases::axis(table, (left, canvas.right() - room));
    let interventions = run_phases::interventions(table);
    let counts = || {
        table
            .rows
            .iter()
            .filter(|row| is_data(row))
            .map(|row| row.y)
    };
    for panel in table.panels() {
        let rows: Vec<&Row> = table.of_panel(panel).collect();
        run_phases::heading(&mut canvas, panel, &rows);
        canvas.room_above(!interventions.is_empty());
        let (top, bottom) = (canvas.top, canvas.top + HEIGHT);
        let up = Scale::from_zero(counts().chain([1.0]), (bottom, top));
        let plot = Plot {
            horizontal: across,
            up,
        };
        let length = rows.iter().find(|row| is_data(row));
        let length = length.map_or(0.0, |row| milliseconds_of(row));
        let name = format!("requests, means of about {}", milliseconds(length));
        plot.axes(&mut canvas, run_phases::SECONDS, &name);
        run_phases::draw_uncounted(&mut canvas, &rows, &across, (top, bottom));
        let all = series(rows.iter().copied().filter(|row| is_data(row)));
        let mut ends = Vec::new();
        for of in &all {
            // A mean is drawn at the middle of its interval.
            let middle = |row: &&Row| plot.at((f64::midpoint(row.x, row.right()), row.y));
            let places: Vec<(f64, f64)> = of.points.iter().map(middle).collect();
            let class = class_of(class_of_line(of.name, of.kind), of.origin);
            polyline(&mut canvas.svg, &class, &places);
            of.add_tooltips(&mut canvas.svg, &places);
            // Overlapping lines have their marks at different places.
            let first = MARKED / 4 + nth_of(of.name) * MARKED / 3;
            for place in places.iter().skip(first).step_by(MARKED) {
                mark::draw_nth(
                    &mut canvas.svg,
                    class_of_line(of.name, of.kind),
                    of.origin,
                    nth_of(of.name),
                    *place,
                );
            }
            ends.extend(places.last().map(|last| (of.name, *last)));
        }
        canvas.name_ends(&plot, &ends, Names::AtEnds(room));
        let leads: Vec<f64> = ends.iter().map(|(_, end)| end.1).collect();
        run_phases::draw_interrupted(&mut canvas, &rows, &across, (top, bottom), &leads);
        run_phases::draw_interventions(&mut canvas, &rows, &interventions, &across, (top, bottom));
    }
    run_phases::list_interventions(&mut canvas, &interventions);
    canvas.finish(table, look)
}

/// Returns the length of an interval in milliseconds.
fn milliseconds_of(row: &Row) -> f64 {
    (row.right() - row.x) * 1e3
}

/// Returns the class of a line: each has its own colour …
fn class_of_line(series: &str, kind: &'static str) -> &'static str {
    match series {
        DOOR => "door",
        READY => "ready",
        _ => kind,
    }
}

/// … and marks of its own shape.
fn nth_of(series: &str) -> usize {
    match series {
        DOOR => 1,
        READY => 2,
        _ => 0,
    }
}

/// Distance between the marks of a line, in points.
const MARKED: usize = 12;
