//! Figure of the gain by coroutines: ratio of their throughput to that of sync workers, by share of waiting.
//!
//! In its table `x` is the share of a request's own time that is waiting (0 to 1, from the scenario), `y` the
//! throughput of the coroutine variant ÷ that of the sync one, `y_to` the same as computed. The rows of the
//! series `computed …` are points of a line: total ÷ compute, and flat where the load asks for no more.

use super::canvas::{Canvas, MARGIN, rule, width_of};
use super::cohort::windows;
use super::lines::{Plot, polyline};
use super::place::LabelSpace;
use super::scale::{Scale, Steps};
use super::style::SMALL;
use super::svg::Anchor;
use super::table::{Origin, Row, Table, distinct};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, mark};
use concsim_model::scenario::{Arrivals, Scenario, WorkerKind};
use concsim_model::units::letter;
use concsim_model::words::{counted, digits, mean};
use concsim_record::RunView;
use concsim_record::comparable::Contrast;
use concsim_record::summary::Run;
use concsim_theory::demand::{DemandPart, of_mix};

/// Number of points of a computed line.
const POINTS: u32 = 100;
const PANEL: &str = "coroutine ÷ sync";

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "payoff",
    description: "Gain from coroutine workers: their throughput ÷ that of sync workers, by the share of time that a request waits",
    of: InputKind::Runs,
    needs: "kept runs of sync and coroutine variants: concsim sim io_bound --out io && concsim figure payoff io",
    rows,
    draw,
};

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut rows = Vec::new();
    for play in &material.plays {
        let pairs = pairs(&play.views);
        let is_one = pairs.len() == 1;
        for (sync, coroutine) in pairs {
            let runs = (sync.run(), coroutine.run());
            let Some(ratio) = ratio(runs.0, runs.1) else {
                continue;
            };
            let header = &coroutine.recording.header;
            let scenario = &header.scenario;
            let cores = header.machine.cores;
            let line = line(scenario, cores);
            let computed = computed(scenario, cores, share_waiting(scenario));
            let is_new = |row: &Row| !rows.iter().any(|known: &Row| known.series == row.series);
            if line.first().is_some_and(is_new) {
                rows.extend(line);
            }
            let name = if is_one {
                play.name().to_owned()
            } else {
                format!("{} {}", play.name(), header.variant)
            };
            rows.push(Row {
                panel: PANEL.into(),
                y_to: Some(computed),
                n: Some(runs.0.due.min(runs.1.due) as u64),
                label: format!("{name}: × {}", digits(ratio)),
                ..Row::at(name, runs.1.origin.into(), (share_waiting(scenario), ratio))
            });
        }
    }
    if rows.is_empty() {
        return Err(Refused::refuse_for_reason(
            "no pair found: a sync variant and a coroutine variant with answers, the same load and no timeline, whose requests take time",
        ));
    }
    Ok(Extracted {
        rows,
        counted: windows(material),
        ..Extracted::default()
    })
}

/// Pairs each sync variant with the coroutine one of the same requests, number of workers and load.
fn pairs<'a, 'b>(views: &'b [RunView<'a>]) -> Vec<(&'b RunView<'a>, &'b RunView<'a>)> {
    let scenario = |view: &'b RunView<'a>| &view.recording.header.scenario;
    let of = |kind: WorkerKind| {
        let views = views.iter();
        views.filter(move |view| scenario(view).server.kind == kind)
    };
    let matches = |a: &Scenario, b: &Scenario| {
        a.server.workers == b.server.workers
            && a.timeline.is_empty() // a timeline has no single line
            && of_mix(a, |_| true).mean > 0.0
            && a.load == b.load
            && share_waiting(a).to_bits() == share_waiting(b).to_bits()
    };
    of(WorkerKind::Sync)
        .filter_map(|sync| {
            let mut others = of(WorkerKind::Coroutine);
            let other = others.find(|other| matches(scenario(sync), scenario(other)));
            other.map(|other| (sync, other))
        })
        .collect()
}

fn ratio(sync: &Run, coroutine: &Run) -> Option<f64> {
    let contrast = Contrast::of(sync.throughput_per_s, coroutine.throughput_per_s)?;
    contrast.ratio().filter(|ratio| *ratio > 0.0)
}

/// Returns the share of a request's own time that is waiting.
fn share_waiting(scenario: &Scenario) -> f64 {
    let alone = of_mix(scenario, |_| true).mean;
    let computing = of_mix(scenario, |spent| spent == DemandPart::Computing).mean;
    if alone > 0.0 {
        1.0 - computing / alone
    } else {
        0.0
    }
}

/// Returns the computed ratio for a share of waiting: total ÷ compute while only the workers are scarce, and
/// at most the offered load.
fn computed(scenario: &Scenario, cores: usize, share: f64) -> f64 {
    let workers = scenario.server.workers as f64;
    let (most, _) = asked_for(scenario);
    let by_computing = (cores as f64).min(workers) / (1.0 - share);
    by_computing.min(most) / workers.min(by_computing).min(most)
}

/// Returns the computed ratio for all shares of waiting.
fn line(scenario: &Scenario, cores: usize) -> Vec<Row> {
    let workers = scenario.server.workers as f64;
    let (_, source) = asked_for(scenario);
    let ratio = |share: f64| computed(scenario, cores, share);
    let name = format!(
        "computed for {source} and {}",
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

/// Returns the number of answers requested in a request's own time, and a description of the load.
fn asked_for(scenario: &Scenario) -> (f64, String) {
    match scenario.load.arrivals {
        Arrivals::Closed { clients, .. } => (clients as f64, counted(clients as u64, "client")),
        Arrivals::Scheduled => {
            let jobs = scenario.load.jobs.len() as u64;
            (jobs as f64, counted(jobs, "scheduled request"))
        }
        Arrivals::Open { rate, .. } => {
            let alone = of_mix(scenario, |_| true).mean;
            (rate * alone, format!("{} requests/s", mean(rate)))
        }
    }
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    canvas.top += 22.0;
    let (top, left) = (canvas.top, MARGIN + width_of("1 000", SMALL) + 4.0);
    let bottom = top + (canvas.width * 0.55).clamp(240.0, 420.0);
    let right = canvas.right() - 20.0;
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
    canvas.up(
        &up,
        (left, right),
        "answers, coroutine ÷ sync (logarithmic)",
    );
    canvas.across(
        &across,
        (top, bottom),
        "share of time that a request waits, in %",
    );
    let plot = Plot {
        horizontal: across,
        up,
    };
    let place = |row: &Row| plot.at((row.x * 100.0, row.y));
    let (computed, found): (Vec<&Row>, Vec<&Row>) = table
        .rows
        .iter()
        .partition(|row| row.origin == Origin::Computed);
    let names = distinct(computed.iter().map(|row| row.series.as_str()));
    let line = |name: &str| -> Vec<(f64, f64)> {
        let of_it = computed.iter().filter(|row| row.series == name);
        of_it.map(|row| place(row)).collect()
    };
    let lines: Vec<Line<'_>> = names.into_iter().map(|name| (name, line(name))).collect();
    let marks: Vec<Mark<'_>> = found.into_iter().map(|row| (row, place(row))).collect();
    for (_, way) in &lines {
        draw_line(&mut canvas, way);
    }
    for (row, dot) in &marks {
        canvas.svg.with_tooltip(
            || mark_tooltip(row),
            |svg| mark::draw(svg, "coroutine", row.origin, *dot),
        );
    }
    let free = LabelSpace::within((left, top), (canvas.right(), bottom));
    name_all(&mut canvas, (&lines, &marks), free);
    canvas.legend_of_origins(&table.rows);
    canvas.finish(table, look)
}

fn draw_line(canvas: &mut Canvas, places: &[(f64, f64)]) {
    polyline(&mut canvas.svg, "line neutral-s dotted", places);
}

/// A line: its name, and the points of its path.
type Line<'a> = (&'a str, Vec<(f64, f64)>);
/// A mark: its row, and its place.
type Mark<'a> = (&'a Row, (f64, f64));

/// Names lines and marks, each at a place without overlap. Those without room have a letter, and their name
/// beneath.
fn name_all(
    canvas: &mut Canvas,
    (lines, marks): (&[Line<'_>], &[Mark<'_>]),
    mut places: LabelSpace,
) {
    for (_, way) in lines {
        places.way(way);
    }
    for (_, dot) in marks {
        places.mark(*dot);
    }
    let mut beneath: Vec<String> = Vec::new();
    for (row, dot) in marks {
        let words = mark_tooltip(row);
        let (place, words) = if let Some(place) = places.place_label(*dot, &words) {
            (Some(place), words)
        } else {
            beneath.push(words);
            let short = letter(beneath.len() - 1);
            (places.place_label(*dot, &short), short)
        };
        let Some(place) = place else { continue };
        if let Some(end) = place.lead {
            rule(&mut canvas.svg, "lead", *dot, end);
        }
        let svg = &mut canvas.svg;
        svg.words(place.at, "small halo", Anchor::Start, &words);
    }
    for (name, way) in lines {
        let along = |words: &str| {
            let width = width_of(words, SMALL);
            let ends = way.iter().rev().step_by(2);
            let around = ends.flat_map(move |(x, y)| {
                [
                    (x + 8.0, y + 4.0),
                    (x - width, y - 7.0),
                    (x - width, y + SMALL + 5.0),
                ]
            });
            around.collect::<Vec<_>>().into_iter()
        };
        // If several lines coincide for most of their length, a name beside one could be read as that of
        // another.
        let whole = (lines.len() == 1).then(|| places.first_of(along(name), name));
        let (place, words) = if let Some(place) = whole.flatten() {
            (Some(place), (*name).to_owned())
        } else {
            beneath.push((*name).to_owned());
            let short = letter(beneath.len() - 1);
            (places.first_of(along(&short), &short), short)
        };
        if let Some(place) = place {
            canvas.svg.words(place, "quiet halo", Anchor::Start, &words);
        }
    }
    for (place, words) in beneath.iter().enumerate() {
        canvas.paragraph("small", SMALL, &format!("{}: {words}", letter(place)));
    }
}

/// Describes a mark: `io_bound: × 29.9, computed × 30`.
fn mark_tooltip(row: &Row) -> String {
    let computed = row
        .y_to
        .map(|ratio| format!(", computed × {}", digits(ratio)));
    format!("{}{}", row.label, computed.unwrap_or_default())
}
