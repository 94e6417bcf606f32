//! Latency heat map: number of requests by due time and latency. It shows mixed kinds of requests, and
//! moments in which all were slow, which no percentile does.
//!
//! In its table a row is a cell: `x` to `x_to` in seconds after load began, `y` to `y_to` in milliseconds
//! from due, `n` the number of requests. `panel` is the variant. A cell without requests has no row. The
//! label of a cell with failed requests states that they are drawn at their clients' patience.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::canvas::{Canvas, MARGIN, rect, width_of};
use super::cohort::{at_least, cut_off, failures};
use super::lines::{Arrow, path};
use super::run_phases::{self, Course, is_data};
use super::scale::{Scale, milliseconds};
use super::style::SMALL;
use super::svg::{Anchor, Px};
use super::table::Row;
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, Table};
use concsim_model::units::Stamp;
use concsim_model::words::{counted, grouped};
use concsim_record::Recording;

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "heatmap",
    description: "Latency heat map: a stronger cell has more requests",
    of: InputKind::Runs,
    needs: "kept runs: concsim sim mixed --out mixed && concsim figure heatmap mixed",
    rows,
    draw,
};

/// Maximal number of cells side by side.
const COLUMNS: usize = 90;
/// Cells per decade of latency, the finest first.
const BINS: [f64; 6] = [96.0, 64.0, 48.0, 32.0, 16.0, 8.0];
/// Maximal number of cells one above the other.
const ROWS: f64 = 40.0;
/// Name of the series of all cells.
const REQUESTS: &str = "requests";
/// Number of distinguishable strengths.
const LEVELS: u32 = 8;
/// Height of a variant's plot, in user units.
const HEIGHT: f64 = 180.0;
/// Length and height of the colour bar, in user units.
const BAR: (f64, f64) = (200.0, 14.0);

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut taken = Extracted::default();
    let grid = Grid::of(material);
    for (name, recording) in material.recordings() {
        if let Some(run_phases) = Course::of(recording) {
            taken
                .rows
                .extend(cells(recording, &run_phases, &name, &grid));
            taken
                .caveats
                .extend(failures(recording, &run_phases, &name));
            taken.caveats.extend(cut_off(recording, &name));
        }
    }
    if !taken.rows.iter().any(is_data) {
        return Err(Refused::refuse_for_reason(
            "no request ended in the run, or all took 0 s",
        ));
    }
    Ok(taken)
}

/// A request with a latency.
struct Request {
    due: Stamp,
    milliseconds: f64,
    has_failed: bool,
}

/// Returns all requests due during load. One that the end of the run cut off has no latency.
fn requests<'a>(
    recording: &'a Recording,
    run_phases: &'a Course<'_>,
) -> impl Iterator<Item = Request> + 'a {
    let patience = recording.header.scenario.load.patience;
    let due = recording.outcomes.iter();
    let due = due.filter(|outcome| run_phases.contains(outcome.due));
    let due = due.filter(move |outcome| !outcome.was_cut_off(patience));
    due.map(move |outcome| Request {
        due: outcome.due,
        milliseconds: outcome.latency(patience).as_millis_f64(),
        has_failed: outcome.failure.is_some(),
    })
    .filter(|request| request.milliseconds > 0.0)
}

/// Cells of all panels, which share both scales, so that counts of cells are comparable.
struct Grid {
    /// Length of a cell in seconds.
    step: f64,
    /// Cells per decade of latency.
    bins: f64,
}

impl Grid {
    /// Returns a grid with at most [`COLUMNS`] cells over the longest run, and at most [`ROWS`] from the
    /// shortest to the longest latency.
    fn of(material: &Inputs<'_>) -> Self {
        let (mut least, mut most, mut step) = (f64::INFINITY, 0.0_f64, 0.0_f64);
        for (_, recording) in material.recordings() {
            if let Some(run_phases) = Course::of(recording) {
                step = step.max(run_phases.stretch(COLUMNS));
                for Request { milliseconds, .. } in requests(recording, &run_phases) {
                    (least, most) = (least.min(milliseconds), most.max(milliseconds));
                }
            }
        }
        let decades = libm::log10((most / least).max(1.0));
        let fits = |bins: &f64| bins * decades <= ROWS;
        let bins = BINS.into_iter().find(fits).unwrap_or(BINS[BINS.len() - 1]);
        Self { step, bins }
    }
}

/// Numbers of requests and of failed ones in a cell.
#[derive(Default)]
struct Count {
    all: u64,
    failed: u64,
}

fn cells(recording: &Recording, run_phases: &Course<'_>, panel: &str, grid: &Grid) -> Vec<Row> {
    let (header, Grid { step, bins }) = (&recording.header, grid);
    let patience = header.scenario.load.patience;
    let mut counts: BTreeMap<(i32, u32), Count> = BTreeMap::new();
    for request in requests(recording, run_phases) {
        let bin = (libm::log10(request.milliseconds) * bins).floor() as i32;
        let column = (run_phases.since(request.due) / step + 1e-9).floor() as u32;
        let count = counts.entry((bin, column)).or_default();
        count.all += 1;
        count.failed += u64::from(request.has_failed);
    }
    let edge = |bin: i32| libm::pow(10.0, f64::from(bin) / bins);
    let cell = |((bin, column), count): ((i32, u32), Count)| Row {
        panel: panel.to_owned(),
        kind: header.scenario.server.kind.word().into(),
        x_to: Some(f64::from(column + 1) * step),
        y_to: Some(edge(bin + 1)),
        n: Some(count.all),
        label: if count.failed > 0 {
            at_least(patience)
        } else {
            String::new()
        },
        ..Row::at(
            REQUESTS,
            header.origin.into(),
            (f64::from(column) * step, edge(bin)),
        )
    };
    let mut cells: Vec<Row> = counts.into_iter().map(cell).collect();
    let most = cells.iter_mut().max_by_key(|cell| cell.n);
    if let Some(most) = most {
        let (count, from, to) = (most.n.unwrap_or(0), most.y, most.upper());
        let took = format!("{} to {}", milliseconds(from), milliseconds(to));
        let count = counted(count, "request");
        let fullest = format!("{panel}: the fullest cell has {count}");
        most.label = if most.is_at_patience() {
            format!("{}; {fullest}", most.label)
        } else {
            format!("{fullest} that took {took}")
        };
    }
    cells.extend(run_phases.rows(panel));
    cells
}

/// Range of counts with the same look, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Level {
    number: u32,
    least: u64,
    most: u64,
}

/// Returns levels at equal ratios up to the largest count; those without a whole number are omitted.
fn levels(most: u64) -> Vec<Level> {
    let bound = |level: u32| {
        let power = f64::from(level) / f64::from(LEVELS);
        libm::pow(most as f64, power).ceil().max(1.0) as u64
    };
    let level = |number: u32| Level {
        number,
        least: bound(number - 1),
        most: if number == LEVELS {
            most
        } else {
            bound(number).saturating_sub(1)
        },
    };
    (1..=LEVELS)
        .map(level)
        .filter(|level| level.least <= level.most)
        .collect()
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    let cells: Vec<&Row> = table.rows.iter().filter(|row| is_data(row)).collect();
    let levels = levels(cells.iter().filter_map(|row| row.n).max().unwrap_or(1));
    colour_bar(&mut canvas, &levels);
    let left = MARGIN + width_of("10 000", SMALL) + 4.0;
    let across = run_phases::axis(table, (left, canvas.right()));
    let interventions = run_phases::interventions(table);
    for panel in table.panels() {
        let rows: Vec<&Row> = table.of_panel(panel).collect();
        run_phases::heading(&mut canvas, panel, &rows);
        canvas.room_above(!interventions.is_empty());
        let (top, bottom) = (canvas.top, canvas.top + HEIGHT);
        let ends = cells.iter().flat_map(|row| [row.y, row.upper()]);
        let up = Scale::factors(ends, (bottom, top));
        canvas.up(&up, (left, across.to), "latency in ms (logarithmic)");
        canvas.across(&across, (top, bottom), run_phases::SECONDS);
        run_phases::draw_uncounted(&mut canvas, &rows, &across, (top, bottom));
        for level in &levels {
            let way = way_of(&rows, *level, &across, &up);
            if !way.is_empty() {
                let class = format!("heat{} crisp", level.number);
                canvas
                    .svg
                    .with_tooltip(|| level_tooltip(level), |svg| path(svg, &class, &way));
            }
        }
        mark_patience(&mut canvas, &rows, &across, &up);
        run_phases::draw_interrupted(&mut canvas, &rows, &across, (top, bottom), &[]);
        run_phases::draw_interventions(&mut canvas, &rows, &interventions, &across, (top, bottom));
    }
    canvas.legend_of_patience(&table.rows, Arrow::Up);
    run_phases::list_interventions(&mut canvas, &interventions);
    canvas.finish(table, look)
}

/// Marks cells with failed requests by arrows, as far as there is room.
fn mark_patience(canvas: &mut Canvas, rows: &[&Row], across: &Scale, up: &Scale) {
    let reached = rows.iter().filter(|row| row.is_at_patience());
    let middle = |row: &&Row| {
        let (x, y) = (
            f64::midpoint(row.x, row.right()),
            f64::midpoint(row.y, row.upper()),
        );
        (across.at(x), up.at(y))
    };
    Arrow::Up.draw(&mut canvas.svg, reached.map(middle));
}

/// Draws the colour bar; beneath each colour the smallest count that has it, beneath the end the largest
/// count.
fn colour_bar(canvas: &mut Canvas, levels: &[Level]) {
    let (Some(last), (length, height)) = (levels.last(), BAR) else {
        return;
    };
    let words = if last.most == 1 {
        "request in a cell".to_owned()
    } else {
        format!("to {} in a cell", counted(last.most, "request"))
    };
    let length = length.min(canvas.right() - MARGIN - 8.0 - width_of(&words, SMALL));
    let step = length / levels.len() as f64;
    let top = canvas.top + 4.0;
    let mut free = f64::NEG_INFINITY;
    for (place, level) in levels.iter().enumerate() {
        let left = MARGIN + step * place as f64;
        let class = format!("heat{} crisp", level.number);
        canvas.svg.with_tooltip(
            || level_tooltip(level),
            |svg| rect(svg, &class, (left, top), (step, height)),
        );
        let words = grouped(level.least);
        let end = left + width_of(&words, SMALL);
        let is_clear_of_the_last = end + 4.0 < MARGIN + length - step || level == last;
        if left >= free && is_clear_of_the_last {
            let place = (left, top + height + SMALL + 2.0);
            canvas.svg.words(place, "quiet", Anchor::Start, &words);
            free = end + 4.0;
        }
    }
    let place = (MARGIN + length + 8.0, top + height - 2.0);
    canvas.svg.words(place, "quiet", Anchor::Start, &words);
    canvas.top = top + height + SMALL + 10.0;
}

/// Describes the number of requests in a cell of this colour, for a tooltip.
fn level_tooltip(level: &Level) -> String {
    if level.least == level.most {
        return counted(level.least, "request");
    }
    format!(
        "{} to {}",
        grouped(level.least),
        counted(level.most, "request")
    )
}

/// Returns the path of the cells of one strength; adjacent ones are one rectangle.
fn way_of(rows: &[&Row], level: Level, across: &Scale, up: &Scale) -> String {
    let is_of_it = |row: &&&Row| {
        let count = row.n.unwrap_or(0);
        is_data(row) && level.least <= count && count <= level.most
    };
    let mut merged: Vec<(f64, f64, f64, f64)> = Vec::new();
    for row in rows.iter().filter(is_of_it) {
        match merged.last_mut() {
            Some((_, to, y, _)) if (*to - row.x).abs() < 1e-9 && (*y - row.y).abs() < 1e-9 => {
                *to = row.right();
            }
            _ => merged.push((row.x, row.right(), row.y, row.upper())),
        }
    }
    let mut way = String::new();
    for (from, to, y, y_to) in merged {
        let (left, right, below, above) = (across.at(from), across.at(to), up.at(y), up.at(y_to));
        let (left, right, below, above) = (Px(left), Px(right), Px(below), Px(above));
        write!(way, "M{left} {above}H{right}V{below}H{left}z").expect("a String takes all text");
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_one_strength() {
        for most in [1, 2, 3, 7, 100, 12_345] {
            let levels = levels(most);
            for count in 1..=most {
                let of_it = |level: &&Level| level.least <= count && count <= level.most;
                assert_eq!(levels.iter().filter(of_it).count(), 1, "{count} of {most}");
            }
        }
    }
}
