//! How far off the simulation is: each number as it was simulated, over the same as it was measured. What
//! is on the diagonal is right.
//!
//! In its table `x` is measured and `y` simulated. `panel` is the unit, `series` which number it is, `label`
//! the scenario and the variant, with the error. A row of the origin `simulated` is one of both: what is
//! simulated is what the point claims.

use super::foretold::{Both, Foretold};
use super::lines::{Plot, path, polyline};
use super::mark;
use super::paper::{MARGIN, Paper, fitted, unbroken, width_of};
use super::scale::{Scale, Steps};
use super::style::{SMALL, class_of_kind};
use super::svg::{Anchor, Px};
use super::table::{Origin, Row, distinct};
use super::{Look, Material, Recipe, Refused, Stuff, Table, Taken};
use crate::recording::Origin as Of;
use crate::recording::summary::{Run, summarise};

pub(super) const RECIPE: Recipe = Recipe {
    name: "parity",
    says: "How far off the simulation is: on the diagonal it is right; dark band ±5 %, light band ±15 %",
    of: Stuff::Predictions,
    needs: "predictions beside measurements: concsim parity --json > p.json && concsim figure parity p.json, or a run that was played with --predict, or the folders of a run and of a simulation of the same scenario",
    rows,
    draw,
};

const PER_SECOND: &str = "answers per second";
const LATENCY: &str = "latency in ms";
/// Errors beyond this are named.
const NAMED: f64 = 0.05;
/// So many are named at most.
const MOST_NAMED: usize = 8;
/// The two bands.
const BANDS: [f64; 2] = [0.15, 0.05];

fn rows(material: &Material<'_>) -> Result<Taken, Refused> {
    let mut taken = Taken::default();
    for foretold in &material.foretold {
        taken.rows.extend(of_file(foretold));
        taken.caveats.extend(doubts(foretold));
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

/// Which measurements prove nothing.
fn doubts(foretold: &Foretold) -> Option<String> {
    let doubted = foretold
        .runs
        .iter()
        .filter(|run| run.trust == "proves-nothing");
    let names: Vec<String> = doubted
        .map(|run| format!("{} {}", run.scenario, run.variant))
        .collect();
    let (count, all) = (names.len(), foretold.runs.len());
    let names = names.join("; ");
    (count > 0).then(|| format!("{count} of {all} measurements prove nothing: {names}"))
}

fn of_file(foretold: &Foretold) -> Vec<Row> {
    let mut rows = Vec::new();
    for run in &foretold.runs {
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

/// Each variant that was both measured and simulated.
fn of_runs(material: &Material<'_>) -> Vec<Row> {
    let runs: Vec<(String, Run)> = material
        .plays
        .iter()
        .flat_map(|play| {
            let name = play.kept.plan.name();
            let runs = play.kept.recordings.iter().map(summarise);
            runs.map(move |run| (format!("{name} {}", run.variant), run))
        })
        .collect();
    let of = |origin: Of| runs.iter().filter(move |(_, run)| run.origin == origin);
    let mut rows = Vec::new();
    for (name, measured) in of(Of::Measured) {
        for (_, simulated) in of(Of::Simulated).filter(|(other, _)| other == name) {
            let both = |number: fn(&Run) -> Option<f64>| Both {
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

/// Throughput, mean, median and p99, those of them that there are.
fn points(name: &str, kind: &str, numbers: [Both; 4]) -> Vec<Row> {
    let panels = [PER_SECOND, LATENCY, LATENCY, LATENCY];
    let series = ["answers/s", "mean", "p50", "p99"];
    let named = panels.into_iter().zip(series).zip(numbers);
    let point = |((panel, series), both): ((&str, &str), Both)| {
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

fn draw(table: &Table, look: &Look) -> String {
    let mut paper = Paper::titled(table, look);
    let kinds = distinct(table.rows.iter().map(|row| class_of_kind(&row.kind)));
    let entries: Vec<(&str, &str)> = kinds
        .iter()
        .map(|kind| (*kind, if *kind == "neutral" { "other" } else { *kind }))
        .collect();
    paper.legend(&entries, |svg, kind, (left, top)| {
        mark::draw(svg, kind, Origin::Simulated, (left + 12.0, top + 7.0));
    });
    let panels = table.panels();
    // Side by side where there is room.
    let are_beside = paper.width >= 600.0 && panels.len() == 2;
    let wide = paper.right() - MARGIN;
    let width = if are_beside {
        (wide - 24.0) / 2.0
    } else {
        wide
    };
    let begin = paper.top;
    let mut lowest = begin;
    for (place, panel) in panels.iter().enumerate() {
        let left = if are_beside {
            paper.top = begin;
            MARGIN + (width + 24.0) * place as f64
        } else {
            MARGIN
        };
        let rows: Vec<&Row> = table.of_panel(panel).collect();
        draw_panel(&mut paper, panel, &rows, (left, left + width));
        lowest = lowest.max(paper.top);
    }
    paper.top = lowest;
    say_errors(&mut paper, table);
    paper.finish(table, look)
}

fn draw_panel(paper: &mut Paper, panel: &str, rows: &[&Row], (left, right): (f64, f64)) {
    paper.top += 16.0;
    let heading = fitted(panel, right - left, SMALL);
    paper
        .svg
        .words((left, paper.top), "head", Anchor::Start, &heading);
    paper.top += 22.0;
    let from = left + width_of("10 000", SMALL) + 4.0;
    let (top, side) = (paper.top, (right - from).min(320.0));
    let ends = rows.iter().flat_map(|row| [row.x, row.y]);
    let across = Scale::factors(ends, (from, from + side));
    let up = Scale {
        from: top + side,
        to: top,
        ..across
    };
    let plot = Plot { across, up };
    for (share, class) in BANDS.into_iter().zip(["neutral beyond", "neutral beyond"]) {
        path(&mut paper.svg, class, &band(&plot, share));
    }
    let most = (side / 55.0) as usize;
    let ticks = across.ticks(most);
    let place = (from, top - 8.0);
    paper
        .svg
        .words(place, "quiet", Anchor::Start, "simulated (logarithmic)");
    paper.up_at(&ticks, &up, (from, from + side), "");
    paper.across_at(&ticks, &across, plot.tall(), "measured (logarithmic)");
    let corners = [
        plot.at((across.low, across.low)),
        plot.at((across.high, across.high)),
    ];
    polyline(&mut paper.svg, "line neutral-s thin", &corners);
    for row in rows {
        let kind = class_of_kind(&row.kind);
        let place = plot.at((row.x, row.y));
        paper.svg.told(
            || row.said(),
            |svg| mark::draw(svg, kind, Origin::Simulated, place),
        );
    }
}

/// What is no further off than this share, above and below.
fn band(plot: &Plot, share: f64) -> String {
    let Scale {
        low, high, steps, ..
    } = plot.across;
    debug_assert_eq!(steps, Steps::Log);
    let corners = [
        (low, low * (1.0 + share)),
        (high / (1.0 + share), high),
        (high, high),
        (high, high * (1.0 - share)),
        (low / (1.0 - share), low),
        (low, low),
    ];
    let places = corners.map(|corner| plot.at(corner));
    let places = places.map(|(x, y)| format!("{} {}", Px(x), Px(y)));
    format!("M{}z", places.join("L"))
}

/// How many are within the bands, and which are furthest off.
fn say_errors(paper: &mut Paper, table: &Table) {
    let error = |row: &Row| (row.y / row.x - 1.0).abs();
    let within = |share: f64| {
        let rows = table.rows.iter();
        rows.filter(|row| error(row) <= share + 1e-9).count()
    };
    let (all, five, fifteen) = (table.rows.len(), within(0.05), within(0.15));
    let [near, far] = ["5 %", "15 %."].map(unbroken);
    let words = format!("{five} of {all} numbers are within {near}, {fifteen} within {far}");
    paper.paragraph("small", SMALL, &words);
    let mut far: Vec<&Row> = table.rows.iter().filter(|row| error(row) > NAMED).collect();
    far.sort_by(|a, b| error(b).total_cmp(&error(a)));
    if !far.is_empty() {
        paper.paragraph("small", SMALL, "Furthest off:");
    }
    for row in far.iter().take(MOST_NAMED) {
        let words = fitted(&row.label, paper.right() - MARGIN, SMALL);
        paper.paragraph("small", SMALL, &words);
    }
    paper.top += 6.0;
}
