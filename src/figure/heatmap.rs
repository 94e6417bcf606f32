//! When how many requests took how long: two kinds of requests, or a moment in which all were slow, are
//! seen here and in no percentile.
//!
//! In its table a row is a cell: `x` to `x_to` in seconds after load began, `y` to `y_to` in milliseconds
//! from due, `n` how many requests were due then and took so long. `panel` is the variant. A cell
//! without requests is no row.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::cohort::failures;
use super::course::{self, Course, is_data};
use super::lines::path;
use super::paper::{MARGIN, Paper, rect, width_of};
use super::scale::{Scale, milliseconds};
use super::style::SMALL;
use super::svg::Px;
use super::table::Row;
use super::{Look, Material, Recipe, Refused, Stuff, Table, Taken};
use crate::recording::Recording;
use crate::words::grouped;

pub(super) const RECIPE: Recipe = Recipe {
    name: "heatmap",
    says: "When how many requests took how long: the stronger a cell, the more requests were due then and took so long",
    of: Stuff::Runs,
    needs: "kept runs: concsim sim mixed --out mixed && concsim figure heatmap mixed",
    rows,
    draw,
};

/// Cells side by side, at most.
const COLUMNS: usize = 90;
/// Cells in each decade of latencies.
const BINS: f64 = 8.0;
/// The series of all cells.
const REQUESTS: &str = "requests";
/// So many strengths are told apart.
const LEVELS: u32 = 8;
/// How high the plot of a variant is.
const HEIGHT: f64 = 150.0;

fn rows(material: &Material<'_>) -> Result<Taken, Refused> {
    let mut taken = Taken::default();
    for (name, recording) in material.recordings() {
        if let Some(course) = Course::of(recording) {
            taken.rows.extend(cells(recording, &course, &name));
            taken.caveats.extend(failures(recording, &name));
        }
    }
    if !taken.rows.iter().any(is_data) {
        return Err(Refused::Nothing(
            "no request was sent in it, or none took any time",
        ));
    }
    Ok(taken)
}

fn cells(recording: &Recording, course: &Course<'_>, panel: &str) -> Vec<Row> {
    let header = &recording.header;
    let step = course.stretch(COLUMNS);
    let mut counts: BTreeMap<(i32, u32), u64> = BTreeMap::new();
    for outcome in &recording.outcomes {
        let latency = outcome.latency(header.scenario.load.patience);
        if latency.0 == 0 || !course.contains(outcome.due) {
            continue;
        }
        let bin = (libm::log10(latency.as_millis_f64()) * BINS).floor() as i32;
        let column = (course.since(outcome.due) / step + 1e-9).floor() as u32;
        *counts.entry((bin, column)).or_default() += 1;
    }
    let edge = |bin: i32| libm::pow(10.0, f64::from(bin) / BINS);
    let cell = |((bin, column), count): ((i32, u32), u64)| Row {
        panel: panel.to_owned(),
        kind: header.scenario.server.kind.word().into(),
        x_to: Some(f64::from(column + 1) * step),
        y_to: Some(edge(bin + 1)),
        n: Some(count),
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
        most.label = format!("{panel}: the strongest cell has {count} requests that took {took}");
    }
    cells.extend(course.rows(panel));
    cells
}

/// Counts that look the same: from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Level {
    number: u32,
    least: u64,
    most: u64,
}

/// Equal factors up to the largest count; those without a whole number in them are left out.
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
    let mut paper = Paper::titled(table, look);
    let cells: Vec<&Row> = table.rows.iter().filter(|row| is_data(row)).collect();
    let levels = levels(cells.iter().filter_map(|row| row.n).max().unwrap_or(1));
    let words: Vec<String> = levels.iter().map(said).collect();
    let entries: Vec<(u32, &str)> = levels
        .iter()
        .zip(&words)
        .map(|(level, words)| (level.number, words.as_str()))
        .collect();
    paper.legend(&entries, |svg, level, (left, top)| {
        rect(svg, &format!("heat{level}"), (left, top), (24.0, 14.0));
    });
    let left = MARGIN + width_of("10 000", SMALL) + 4.0;
    let across = course::axis(table, (left, paper.right()));
    let deeds = course::deeds(table);
    for panel in table.panels() {
        let rows: Vec<&Row> = table.of_panel(panel).collect();
        course::heading(&mut paper, panel, &rows);
        paper.room_above(!deeds.is_empty());
        let (top, bottom) = (paper.top, paper.top + HEIGHT);
        let ends = cells.iter().flat_map(|row| [row.y, row.upper()]);
        let up = Scale::factors(ends, (bottom, top));
        paper.up(&up, (left, across.to), "latency in ms (logarithmic)");
        paper.across(&across, (top, bottom), course::SECONDS);
        for level in &levels {
            let way = way_of(&rows, *level, &across, &up);
            if !way.is_empty() {
                let class = format!("heat{} crisp", level.number);
                paper
                    .svg
                    .told(|| said(level), |svg| path(svg, &class, &way));
            }
        }
        course::draw_deeds(&mut paper, &rows, &deeds, &across, (top, bottom));
    }
    course::list_deeds(&mut paper, &deeds);
    paper.finish(table, look)
}

/// `4 to 9`, and what of, for the first.
fn said(level: &Level) -> String {
    let (least, most) = (grouped(level.least), grouped(level.most));
    let range = if level.least == level.most {
        least
    } else {
        format!("{least} to {most}")
    };
    match (level.number, level.most) {
        (1, 1) => format!("{range} request"),
        (1, _) => format!("{range} requests"),
        _ => range,
    }
}

/// The cells of one strength; those side by side are one rectangle.
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
