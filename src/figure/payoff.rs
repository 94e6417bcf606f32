//! What coroutines pay: how many times as much as sync workers they answer, by how much a request waits.
//!
//! In its table `x` is the share of a request's own time that it waits (0 to 1, from the scenario), `y` the
//! throughput of the coroutine variant ÷ that of the sync one. The rows of the series `computed …` are
//! points of a line: total ÷ compute, and flat where nobody asks for more.

use std::fmt::Display;

use super::paper::{MARGIN, Paper, fitted, width_of};
use super::scale::{Scale, Steps, spread};
use super::style::SMALL;
use super::svg::{Anchor, Px};
use super::table::{Origin, Row, Table, distinct};
use super::{Look, Material, Recipe, Refused, Stuff, Taken, mark};
use crate::recording::Recording;
use crate::recording::summary::{Run, summarise};
use crate::scenario::{Arrivals, Scenario, WorkerKind};
use crate::theory::demand::{Spent, of_mix};
use crate::words::{counted, mean, times};

/// A computed line has a point at each of these.
const POINTS: u32 = 100;
const PANEL: &str = "coroutine ÷ sync";

pub(super) const RECIPE: Recipe = Recipe {
    name: "payoff",
    says: "What coroutines pay: how many times as many answers as sync workers give, by the share of its time that a request waits",
    of: Stuff::Runs,
    needs: "kept runs of sync and coroutine variants: concsim sim io_bound --out io && concsim figure payoff io",
    rows,
    draw,
};

fn rows(material: &Material<'_>) -> Result<Taken, Refused> {
    let mut rows = Vec::new();
    for play in &material.plays {
        for (sync, coroutine) in pairs(&play.kept.recordings) {
            let runs = (summarise(sync), summarise(coroutine));
            let Some(ratio) = ratio(&runs.0, &runs.1) else {
                continue;
            };
            let scenario = &coroutine.header.scenario;
            let cores = coroutine.header.machine.cores;
            let line = line(scenario, cores);
            let is_new = |row: &Row| !rows.iter().any(|known: &Row| known.series == row.series);
            if line.first().is_some_and(is_new) {
                rows.extend(line);
            }
            rows.push(Row {
                panel: PANEL.into(),
                n: Some(runs.0.due.min(runs.1.due) as u64),
                label: format!("{}: {}", play.name(), times(ratio)),
                ..Row::at(
                    play.name(),
                    runs.1.origin.into(),
                    (share_waiting(scenario), ratio),
                )
            });
        }
    }
    if rows.is_empty() {
        return Err(Refused::Nothing(
            "no sync variant with answers stands beside a coroutine one with the same load, whose requests \
             take time, and whose run nothing changes on the way",
        ));
    }
    Ok(rows.into())
}

/// Each sync variant with the coroutine one that has the same requests, as many workers and the same load.
fn pairs(recordings: &[Recording]) -> Vec<(&Recording, &Recording)> {
    let of = |kind: WorkerKind| {
        recordings
            .iter()
            .filter(move |recording| recording.header.scenario.server.kind == kind)
    };
    let matches = |a: &Scenario, b: &Scenario| {
        a.server.workers == b.server.workers
            && a.timeline.is_empty() // what changes meanwhile has no one line
            && of_mix(a, |_| true).mean > 0.0
            && a.load == b.load
            && share_waiting(a).to_bits() == share_waiting(b).to_bits()
    };
    of(WorkerKind::Sync)
        .filter_map(|sync| {
            let mut others = of(WorkerKind::Coroutine);
            let other = others.find(|other| matches(&sync.header.scenario, &other.header.scenario));
            other.map(|other| (sync, other))
        })
        .collect()
}

fn ratio(sync: &Run, coroutine: &Run) -> Option<f64> {
    let (below, above) = (sync.throughput_per_s?, coroutine.throughput_per_s?);
    (below > 0.0 && above > 0.0).then_some(above / below)
}

/// The share of a request's own time that it waits.
fn share_waiting(scenario: &Scenario) -> f64 {
    let alone = of_mix(scenario, |_| true).mean;
    let computing = of_mix(scenario, |spent| spent == Spent::Computing).mean;
    if alone > 0.0 {
        1.0 - computing / alone
    } else {
        0.0
    }
}

/// The computed ratio for each share of waiting: total ÷ compute while nothing but the workers is scarce,
/// and never more than is asked for.
fn line(scenario: &Scenario, cores: usize) -> Vec<Row> {
    let workers = scenario.server.workers as f64;
    let (most, who) = asked_for(scenario);
    let computing = (cores as f64).min(workers);
    let ratio = |share: f64| {
        let by_computing = computing / (1.0 - share);
        by_computing.min(most) / workers.min(by_computing).min(most)
    };
    let name = format!(
        "computed for {who} and {}",
        counted(workers as u64, "worker")
    );
    // More cores than workers make no difference.
    let name = if cores < scenario.server.workers {
        format!("{name} on {}", counted(cores as u64, "core"))
    } else {
        name
    };
    let at = |share: f64| Row {
        panel: PANEL.into(),
        ..Row::at(name.clone(), Origin::Computed, (share, ratio(share)))
    };
    (0..POINTS)
        .map(|point| at(f64::from(point) / f64::from(POINTS)))
        .chain([at(0.995)])
        .collect()
}

/// How many answers are asked for in a request's own time, and by whom.
fn asked_for(scenario: &Scenario) -> (f64, String) {
    match scenario.load.arrivals {
        Arrivals::Closed { clients, .. } => (clients as f64, counted(clients as u64, "client")),
        Arrivals::Open { rate, .. } => {
            let alone = of_mix(scenario, |_| true).mean;
            (rate * alone, format!("{} requests/s", mean(rate)))
        }
    }
}

fn draw(table: &Table, look: &Look) -> String {
    let mut paper = Paper::titled(table, look);
    paper.top += 22.0;
    let (top, left) = (paper.top, MARGIN + width_of("1 000", SMALL) + 4.0);
    let bottom = top + (paper.width * 0.55).clamp(240.0, 420.0);
    let right = paper.right() - 20.0;
    let across = Scale {
        steps: Steps::Linear,
        low: 0.0,
        high: 100.0,
        from: left,
        to: right,
    };
    let highest = table.rows.iter().map(|row| row.y).fold(1.0, f64::max);
    let lowest = table.rows.iter().map(|row| row.y).fold(1.0, f64::min);
    let up = Scale {
        steps: Steps::Log,
        low: (lowest * 0.8).min(0.5),
        high: highest * 1.5,
        from: bottom,
        to: top,
    };
    paper.up(
        &up,
        (left, right),
        "answers of coroutine ÷ of sync workers (logarithmic)",
    );
    paper.across(
        &across,
        (top, bottom),
        "share of its time that a request waits, in %",
    );
    let computed = table
        .rows
        .iter()
        .filter(|row| row.origin == Origin::Computed);
    for series in distinct(computed.map(|row| row.series.as_str())) {
        draw_line(&mut paper, table, series, (&across, &up));
    }
    draw_dots(&mut paper, table, (&across, &up));
    paper.legend_of_origins(&table.rows);
    paper.finish(table, look)
}

fn draw_line(paper: &mut Paper, table: &Table, series: &str, (across, up): (&Scale, &Scale)) {
    let points: Vec<(f64, f64)> = table
        .rows
        .iter()
        .filter(|row| row.series == series)
        .map(|row| (across.at(row.x * 100.0), up.at(row.y)))
        .collect();
    let path = points.iter().map(|(x, y)| format!("{},{}", Px(*x), Px(*y)));
    let path = path.collect::<Vec<_>>().join(" ");
    let attributes: [(&str, &dyn Display); 2] =
        [("class", &"line neutral-s dotted"), ("points", &path)];
    paper.svg.leaf("polyline", &attributes);
    if let Some((x, y)) = points.last() {
        let words = fitted(series, x - across.from, SMALL);
        paper
            .svg
            .words((*x, y - 8.0), "quiet halo", Anchor::End, &words);
    }
}

fn draw_dots(paper: &mut Paper, table: &Table, (across, up): (&Scale, &Scale)) {
    let rows: Vec<&Row> = table
        .rows
        .iter()
        .filter(|row| row.origin != Origin::Computed)
        .collect();
    let mut places: Vec<f64> = rows.iter().map(|row| up.at(row.y)).collect();
    spread(&mut places, SMALL + 4.0, up.from);
    for (row, label) in rows.iter().zip(places) {
        let dot = (across.at(row.x * 100.0), up.at(row.y));
        let is_left = dot.0 < f64::midpoint(across.from, across.to);
        let (x, anchor) = if is_left {
            (dot.0 + 12.0, Anchor::Start)
        } else {
            (dot.0 - 12.0, Anchor::End)
        };
        let room = if is_left {
            across.to - x
        } else {
            x - across.from
        };
        paper.svg.words(
            (x, label + 4.0),
            "small halo",
            anchor,
            &fitted(&row.label, room, SMALL),
        );
        paper.svg.told(
            || row.label.clone(),
            |svg| mark::draw(svg, "coroutine", row.origin, dot),
        );
    }
}
