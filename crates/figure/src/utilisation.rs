//! Figure of core usage over time: by workers, load, services, and other programs on the machine.
//!
//! In its table a row is an interval: `x` to `x_to` in seconds after load began, `y` to `y_to` the stacked
//! share of a core's time, 0 to 1. `panel` is the variant, `series` the user of the core, `label` the core.
//! The series `parallelism` is the number of cores that the workers kept busy, as `y`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::canvas::{Canvas, MARGIN, fitted, rule, width_of};
use super::hatch::{self, Fill, Hatches, Pattern};
use super::lines::{self, polyline};
use super::run_phases::{self, Course, is_data};
use super::scale::Scale;
use super::style::{SMALL, class_of_kind};
use super::svg::{Anchor, Px};
use super::table::{Row, distinct};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::palette::Meaning;
use concsim_model::svg::class_of;
use concsim_model::units::CpuTime;
use concsim_record::{CoreSample, Recording, Sample};

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "utilisation",
    description: "Use of each core over time: a full lane is a busy core",
    of: InputKind::Runs,
    needs: "kept runs: concsim sim cpu_bound --out cpu && concsim figure utilisation cpu",
    rows,
    draw,
};

/// Maximal number of intervals of a lane.
const STRETCHES: usize = 60;
/// Name of the series of the mean number of busy cores.
const PARALLELISM: &str = "parallelism";
/// Users of a core, from the bottom of a lane up.
const USERS: [(&str, Pattern); 4] = [
    ("workers", Pattern::Solid),
    ("load", Pattern::Leaning),
    ("services", Pattern::Lying),
    ("other programs", Pattern::Dots),
];
/// Difference of shares below which they look the same.
const EQUAL_SHARES: f64 = 2e-3;
/// Height of the plot of the parallelism, in user units.
const HEIGHT: f64 = 70.0;

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut rows = Vec::new();
    for (name, recording) in material.recordings() {
        if let Some(run_phases) = Course::of(recording) {
            rows.extend(lanes(recording, &run_phases, &name));
            rows.extend(run_phases.rows(&name));
        }
    }
    if !rows.iter().any(is_data) {
        return Err(Refused::refuse_for_reason(
            "fewer than two samples of cores",
        ));
    }
    Ok(rows.into())
}

fn lanes(recording: &Recording, run_phases: &Course<'_>, panel: &str) -> Vec<Row> {
    let header = &recording.header;
    let (mut rows, mut parallelism) = (Vec::new(), Vec::new());
    for [from, to] in run_phases.stretches(STRETCHES) {
        let row = |series: &str, y: f64| Row {
            panel: panel.to_owned(),
            kind: header.scenario.server.kind.word().into(),
            x_to: Some(run_phases.since(to.at)),
            ..Row::at(series, header.origin.into(), (run_phases.since(from.at), y))
        };
        for core in &to.cores {
            let Some(before) = from.cores.iter().find(|before| before.core == core.core) else {
                continue;
            };
            let length = to.at.since(from.at).0 as f64;
            let mut below = 0.0;
            for ((user, _), share) in USERS.iter().zip(shares(before, core, length)) {
                let above = below + share;
                rows.push(Row {
                    y_to: Some(above),
                    label: format!("core {}", core.core),
                    ..row(user, below)
                });
                below = above;
            }
        }
        parallelism.push(row(PARALLELISM, busy(from, to)));
    }
    leave_out_absent(&mut rows);
    rows.extend(parallelism);
    rows
}

/// Removes users that never have a core from its lane, except workers, so that each core keeps a row.
fn leave_out_absent(rows: &mut Vec<Row>) {
    let there = rows.iter().filter(|row| row.upper() > row.y);
    let there: BTreeSet<(String, String)> = there
        .map(|row| (row.series.clone(), row.label.clone()))
        .collect();
    let (workers, _) = USERS[0];
    rows.retain(|row| {
        row.series == workers || there.contains(&(row.series.clone(), row.label.clone()))
    });
}

/// Returns the shares of workers, load, services and other programs.
fn shares(before: &CoreSample, now: &CoreSample, length: f64) -> [f64; 4] {
    let share = |of: fn(&CoreSample) -> CpuTime| {
        let used = of(now).0.saturating_sub(of(before).0) as f64 / length;
        (used * 1e4).round() / 1e4
    };
    let ours = [
        share(|core| core.workers),
        share(|core| core.load),
        share(|core| core.services),
    ];
    let other = share(|core| core.busy) - ours.iter().sum::<f64>();
    let [workers, load, services] = ours;
    [
        workers,
        load,
        services,
        (other.max(0.0) * 1e4).round() / 1e4,
    ]
}

/// Returns the number of cores that the workers kept busy.
fn busy(from: &Sample, to: &Sample) -> f64 {
    let used = |sample: &Sample| sample.workers.iter().map(|it| it.cpu.0).sum::<u64>();
    let used = used(to).saturating_sub(used(from)) as f64 / to.at.since(from.at).0 as f64;
    (used * 1e4).round() / 1e4
}

fn fill_of(user: &str) -> Fill {
    let found = USERS.iter().find(|(name, _)| *name == user);
    match found {
        Some((_, Pattern::Solid)) | None => (class_of(Meaning::Running), Pattern::Solid),
        Some((_, pattern)) => ("neutral", *pattern),
    }
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let fills: Vec<Fill> = USERS.iter().map(|(user, _)| fill_of(user)).collect();
    let hatches = hatch::define(&mut canvas, &fills);
    let there = |user: &str| {
        let mut rows = table.rows.iter();
        rows.any(|row| row.series == user && row.upper() > row.y)
    };
    let entries: Vec<(Fill, &str)> = USERS
        .iter()
        .filter(|(user, _)| there(user))
        .map(|(user, _)| (fill_of(user), *user))
        .collect();
    canvas.legend(&entries, |svg, fill, (left, top)| {
        hatches.rect(svg, fill, (left, top), (24.0, 14.0));
    });
    let left = MARGIN + width_of("core 00", SMALL) + 8.0;
    let across = run_phases::axis(table, (left, canvas.right()));
    let interventions = run_phases::interventions(table);
    for panel in table.panels() {
        let rows: Vec<&Row> = table.of_panel(panel).collect();
        run_phases::heading(&mut canvas, panel, &rows);
        draw_lanes(&mut canvas, &hatches, &rows, &across);
        draw_parallelism(&mut canvas, table, &rows, &interventions, &across);
    }
    run_phases::list_interventions(&mut canvas, &interventions);
    canvas.finish(table, look)
}

/// Returns the height of a lane: many cores have low ones.
fn height_of(lanes: usize) -> f64 {
    match lanes {
        0..=4 => 40.0,
        5..=8 => 28.0,
        9..=16 => 18.0,
        _ => 9.0,
    }
}

fn draw_lanes(canvas: &mut Canvas, hatches: &Hatches, rows: &[&Row], across: &Scale) {
    let of_cores = rows
        .iter()
        .filter(|row| is_data(row) && row.series != PARALLELISM);
    let of_cores: Vec<&Row> = of_cores.copied().collect();
    let lanes = distinct(of_cores.iter().map(|row| row.label.as_str()));
    let height = height_of(lanes.len());
    let mut free = f64::NEG_INFINITY;
    canvas.top += 8.0;
    for lane in lanes {
        let (top, bottom) = (canvas.top, canvas.top + height);
        if bottom >= free {
            let name = fitted(lane, across.from - MARGIN - 6.0, SMALL);
            let place = (across.from - 6.0, f64::midpoint(top, bottom) + 4.0);
            canvas.svg.words(place, "small", Anchor::End, &name);
            free = bottom + SMALL + 2.0;
        }
        let up = Scale {
            high: 1.0,
            ..Scale::from_zero(std::iter::once(1.0), (bottom, top))
        };
        let of_lane: Vec<&Row> = of_cores
            .iter()
            .filter(|row| row.label == lane)
            .copied()
            .collect();
        for (user, _) in USERS {
            let of_user: Vec<&Row> = of_lane
                .iter()
                .filter(|row| row.series == user)
                .copied()
                .collect();
            if of_user.iter().any(|row| row.upper() > row.y) {
                let way = area(&of_user, across, &up);
                let text = || format!("{lane}: {user}");
                canvas
                    .svg
                    .with_tooltip(text, |svg| hatches.path(svg, fill_of(user), &way));
            }
        }
        run_phases::draw_unplayed(canvas, rows, across, (top, bottom));
        rule(
            &mut canvas.svg,
            "grid",
            (across.from, top),
            (across.to, top),
        );
        rule(
            &mut canvas.svg,
            "axis",
            (across.from, bottom),
            (across.to, bottom),
        );
        canvas.top = bottom + if height > 12.0 { 6.0 } else { 1.0 };
    }
}

/// Returns the path of the area between the lower and the upper ends of consecutive intervals.
fn area(rows: &[&Row], across: &Scale, up: &Scale) -> String {
    let mut way = String::new();
    let mut go = |text: String| way.write_str(&text).expect("a String takes all text");
    // Equal consecutive intervals are merged.
    let is_alike = |a: &&Row, b: &&Row| {
        let alike = |a: f64, b: f64| (a - b).abs() < EQUAL_SHARES;
        alike(a.y, b.y) && alike(a.upper(), b.upper())
    };
    let stretches: Vec<&[&Row]> = rows.chunk_by(is_alike).collect();
    let ends = |stretch: &[&Row]| Some((stretch.first()?.x, stretch.last()?.right()));
    for (place, stretch) in stretches.iter().enumerate() {
        let Some((from, to)) = ends(stretch) else {
            continue;
        };
        let above = up.at(stretch[0].upper());
        if place == 0 {
            go(format!("M{} {}", Px(across.at(from)), Px(above)));
        }
        go(format!("V{}H{}", Px(above), Px(across.at(to))));
    }
    for stretch in stretches.iter().rev() {
        let (below, from) = (up.at(stretch[0].y), across.at(stretch[0].x));
        go(format!("V{}H{}", Px(below), Px(from)));
    }
    way + "z"
}

fn draw_parallelism(
    canvas: &mut Canvas,
    table: &Table,
    rows: &[&Row],
    interventions: &[&Row],
    across: &Scale,
) {
    canvas.top += 6.0;
    canvas.room_above(!interventions.is_empty());
    let (top, bottom) = (canvas.top, canvas.top + HEIGHT);
    let all = table.rows.iter().filter(|row| row.series == PARALLELISM);
    let up = Scale::from_zero(all.map(|row| row.y).chain([1.0]), (bottom, top));
    canvas.up(
        &up,
        (across.from, across.to),
        "cores kept busy by the workers (mean)",
    );
    canvas.across(across, (top, bottom), run_phases::SECONDS);
    run_phases::draw_uncounted(canvas, rows, across, (top, bottom));
    let of_it: Vec<&&Row> = rows
        .iter()
        .filter(|row| row.series == PARALLELISM)
        .collect();
    let middle = |row: &&&Row| (across.at(f64::midpoint(row.x, row.right())), up.at(row.y));
    let places: Vec<(f64, f64)> = of_it.iter().map(middle).collect();
    if let Some(first) = of_it.first() {
        let class = lines::class_of(class_of_kind(&first.kind), first.origin);
        polyline(&mut canvas.svg, &class, &places);
    }
    run_phases::draw_interrupted(canvas, rows, across, (top, bottom), &[]);
    run_phases::draw_interventions(canvas, rows, interventions, across, (top, bottom));
}
