//! Concurrency and parallelism in one plane: each configuration's ceilings as a box, and in it what came out.
//!
//! In its table `x` is the parallelism (cores that the workers kept busy), `y` the concurrency (requests
//! begun and not finished), both means over the window; `x_to` and `y_to` are the most that can be.
//! `series` is the variant, `n` the requests of the cohort.

use super::paper::{MARGIN, Paper, fitted, rect, rule, width_of};
use super::scale::{Scale, Steps, spread};
use super::style::{SMALL, class_of_kind};
use super::svg::{Anchor, Svg};
use super::table::{Origin, Row, Table};
use super::{Look, Material, Recipe, Refused, Stuff, Taken, mark};
use crate::recording::summary::summarise;
use crate::words::{counted, grouped, mean};

/// Less than this much concurrency is drawn as this much.
const LEAST: f64 = 0.1;
/// More configurations than these have numbers in the plane, and a key beneath it.
const MOST_WITH_WORDS: usize = 2;
/// So do those on a narrower sheet, where words would be cut.
const LEAST_WITH_WORDS: f64 = 480.0;
/// Marks that are closer than this share one number.
const NEAR: f64 = 14.0;

pub(super) const RECIPE: Recipe = Recipe {
    name: "boxes",
    says: "Coroutines make the box taller, processes make it wider; the mark is what came out",
    of: Stuff::Runs,
    needs: "kept runs: concsim sim io_bound --out io && concsim figure boxes io",
    rows,
    draw,
};

fn rows(material: &Material<'_>) -> Result<Taken, Refused> {
    let mut rows = Vec::new();
    let mut caveats = Vec::new();
    for (name, recording) in material.recordings() {
        let run = summarise(recording);
        let (Some(parallelism), Some(concurrency)) = (run.parallelism, run.concurrency) else {
            caveats.push(format!("{name} is not drawn: it has no counted window"));
            continue;
        };
        rows.push(Row {
            kind: run.kind.word().into(),
            x_to: Some(run.parallelism_limit as f64),
            y_to: Some(run.concurrency_limit as f64),
            n: Some(run.due as u64),
            label: said(run.throughput_per_s),
            ..Row::at(name, run.origin.into(), (parallelism, concurrency))
        });
    }
    if rows.is_empty() {
        return Err(Refused::Nothing("no variant has a counted window"));
    }
    Ok(Taken {
        rows,
        caveats,
        ..Taken::default()
    })
}

fn said(throughput: Option<f64>) -> String {
    throughput.map_or_else(String::new, |per_s| format!("{}/s", mean(per_s)))
}

fn draw(table: &Table, look: &Look) -> String {
    let mut paper = Paper::titled(table, look);
    let rows = &table.rows;
    let most = |value: fn(&Row) -> f64| rows.iter().map(value).fold(0.0, f64::max);
    let highest = most(|row| row.y.max(row.y_to.unwrap_or(0.0)));
    let widest = most(|row| row.x.max(row.x_to.unwrap_or(0.0)));
    paper.top += 22.0;
    let (top, left) = (paper.top, MARGIN + width_of("10 000", SMALL) + 4.0);
    let bottom = top + (paper.width * 0.6).clamp(260.0, 460.0);
    let across = Scale {
        steps: Steps::Linear,
        low: 0.0,
        high: widest * 1.08,
        from: left,
        to: paper.right(),
    };
    let lowest = rows.iter().map(|row| row.y).fold(1.0, f64::min).max(LEAST);
    // Room for the words beneath the lowest ceiling.
    let low = 10_f64.powf((lowest / 3.0).log10().floor());
    let up = Scale {
        steps: Steps::Log,
        low,
        high: (highest * 2.0).max(10.0 * low),
        from: bottom,
        to: top,
    };
    paper.up(
        &up,
        (left, paper.right()),
        "requests begun and not finished (logarithmic)",
    );
    paper.across(&across, (top, bottom), "cores kept busy");
    for row in rows {
        draw_box(&mut paper, row, &across, &up);
    }
    if rows.len() <= MOST_WITH_WORDS && paper.width >= LEAST_WITH_WORDS {
        label_boxes(&mut paper, rows, &across, &up);
        label_dots(&mut paper, rows, &across, &up);
    } else {
        number_boxes(&mut paper, rows, &across, &up);
        number_dots(&mut paper, rows, &across, &up);
        key(&mut paper, rows);
    }
    paper.legend_of_origins(rows);
    paper.finish(table, look)
}

/// What a configuration can have at most.
fn draw_box(paper: &mut Paper, row: &Row, across: &Scale, up: &Scale) {
    let (Some(x), Some(y)) = (row.x_to, row.y_to) else {
        return;
    };
    let kind = class_of_kind(&row.kind);
    let dashes = if row.origin == Origin::Measured {
        ""
    } else {
        " dashed"
    };
    let class = format!("box {kind} {kind}-s{dashes}");
    let corner = (across.at(0.0), up.at(y));
    rect(
        &mut paper.svg,
        &class,
        corner,
        (across.at(x) - corner.0, up.at(up.low) - corner.1),
    );
}

/// The configurations that have the same ceilings, by place, with the ceilings.
fn ceilings(rows: &[Row]) -> Vec<(f64, f64, Vec<usize>)> {
    let mut ceilings: Vec<(f64, f64, Vec<usize>)> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let (Some(x), Some(y)) = (row.x_to, row.y_to) else {
            continue;
        };
        let same = ceilings
            .iter_mut()
            .find(|(other_x, other_y, _)| (*other_x, *other_y) == (x, y));
        match same {
            Some((_, _, places)) => places.push(place),
            None => ceilings.push((x, y, vec![place])),
        }
    }
    ceilings
}

/// The words of a ceiling stand right under it.
fn label_boxes(paper: &mut Paper, rows: &[Row], across: &Scale, up: &Scale) {
    for (x, y, places) in ceilings(rows) {
        let (most, cores) = (grouped(y as u64), counted(x as u64, "core"));
        let names: Vec<&str> = places.iter().map(|it| rows[*it].series.as_str()).collect();
        let words = format!("{}: {most} at most, {cores}", names.join(", "));
        let words = fitted(&words, across.to - across.from - 12.0, SMALL);
        let place = (across.from + 6.0, up.at(y) + SMALL + 3.0);
        paper.svg.words(place, "small halo", Anchor::Start, &words);
    }
}

/// `1, 3–6`: configurations as the key has them.
fn numbers(places: &[usize]) -> String {
    let runs = places.chunk_by(|one, next| one + 1 == *next);
    let runs = runs.map(|run| match (run[0] + 1, run[run.len() - 1] + 1) {
        (only, last) if only == last => only.to_string(),
        (first, last) if first + 1 == last => format!("{first}, {last}"),
        (first, last) => format!("{first}–{last}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// The numbers of a box stand in the corner that no other box of the same width or height has.
fn number_boxes(paper: &mut Paper, rows: &[Row], across: &Scale, up: &Scale) {
    let ceilings = ceilings(rows);
    let under = |(_, y, _): &(f64, f64, Vec<usize>)| up.at(*y) + SMALL + 2.0;
    let mut places: Vec<f64> = ceilings.iter().map(under).collect();
    spread(&mut places, SMALL + 1.0, up.from - 2.0);
    for ((x, _, of), y) in ceilings.iter().zip(places) {
        let corner = (across.at(*x) - 5.0, y);
        let words = numbers(of);
        paper.svg.words(corner, "quiet halo", Anchor::End, &words);
    }
}

fn number_dots(paper: &mut Paper, rows: &[Row], across: &Scale, up: &Scale) {
    let mut groups: Vec<((f64, f64), Vec<usize>)> = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let dot = (across.at(row.x), up.at(row.y.max(up.low)));
        draw_dot(&mut paper.svg, row, dot);
        let near = groups
            .iter_mut()
            .find(|((x, y), _)| (x - dot.0).abs() < NEAR && (y - dot.1).abs() < NEAR);
        match near {
            Some((_, places)) => places.push(place),
            None => groups.push((dot, vec![place])),
        }
    }
    for ((x, y), places) in groups {
        let words = numbers(&places);
        let place = (x + 9.0, y + 4.0);
        paper.svg.words(place, "small halo", Anchor::Start, &words);
    }
}

/// What the numbers mean: one line for each configuration.
fn key(paper: &mut Paper, rows: &[Row]) {
    for (place, row) in rows.iter().enumerate() {
        let of = |most: Option<f64>| {
            most.map_or_else(String::new, |most| format!(" of {}", grouped(most as u64)))
        };
        let words = format!(
            "{}  {}: {}{} begun, {:.2}{} cores, {}",
            place + 1,
            row.series,
            mean(row.y),
            of(row.y_to),
            row.x,
            of(row.x_to),
            row.label
        );
        paper.paragraph("small", SMALL, &words);
    }
    paper.top += 8.0;
}

fn label_dots(paper: &mut Paper, rows: &[Row], across: &Scale, up: &Scale) {
    let dots: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| (across.at(row.x), up.at(row.y.max(up.low))))
        .collect();
    // Clear of the words under each ceiling.
    let clear = |(row, dot): (&Row, &(f64, f64))| {
        let ceiling = row.y_to.map_or(0.0, |limit| up.at(limit));
        dot.1.max(ceiling + 2.0 * SMALL + 8.0)
    };
    let mut places: Vec<f64> = rows.iter().zip(&dots).map(clear).collect();
    spread(&mut places, SMALL + 5.0, up.from - 6.0);
    for ((row, dot), label) in rows.iter().zip(dots).zip(places) {
        let words = format!(
            "{}: {} begun, {:.2} cores, {}",
            row.series,
            mean(row.y),
            row.x,
            row.label
        );
        let words = fitted(&words, across.to - across.from - 12.0, SMALL);
        let width = width_of(&words, SMALL);
        // Beside the mark where there is room, else beneath it.
        let beside = dot.0 + 12.0;
        let fits = beside + width <= across.to;
        let x = if fits {
            beside
        } else {
            (across.to - width).max(across.from + 6.0)
        };
        let y = if fits {
            label + 4.0
        } else {
            label + SMALL + 8.0
        };
        if fits && (label - dot.1).abs() > 3.0 {
            rule(&mut paper.svg, "lead", dot, (x, label));
        }
        paper.svg.words((x, y), "small halo", Anchor::Start, &words);
        draw_dot(&mut paper.svg, row, dot);
    }
}

fn draw_dot(svg: &mut Svg, row: &Row, place: (f64, f64)) {
    let said = || format!("{}: {}", row.series, row.label);
    svg.told(said, |svg| {
        mark::draw(svg, class_of_kind(&row.kind), row.origin, place);
    });
}
