//! Figure of concurrency and parallelism in one plane: each configuration's limits as a box, and its result
//! as a mark inside. Both axes are linear and begin at 0, so that heights and areas are to scale. A box
//! higher than the plot is open at its top; boxes that are low beside the others are enlarged.
//!
//! In its table `x` is the parallelism (cores that the workers kept busy), `y` the concurrency (requests
//! begun and not finished), both means over the window; `x_to` and `y_to` are their limits. `series` is the
//! variant, `n` the requests of the cohort.

use super::canvas::{Canvas, MARGIN, fitted, rect, rule, width_of};
use super::cohort::{EVERYTHING, windows_of};
use super::lines::{Plot, polyline};
use super::place::LabelSpace;
use super::scale::{Scale, Steps, nice};
use super::style::{SMALL, class_of_kind};
use super::svg::{Anchor, Svg};
use super::table::{Origin, Row, Table};
use super::{Extracted, FigureSpec, InputKind, Inputs, Look, Refused, mark};
use concsim_model::scenario::expectation::Dimension;
use concsim_model::words::{digits, grouped, mean};
use concsim_record::repeats::with_error;
use concsim_record::summary::Run;

/// Number of configurations above which the plane has numbers, explained by a key beneath it.
const MOST_WITH_WORDS: usize = 2;
/// Number of boxes above which they are outlines.
const MOST_FILLED: usize = 3;
/// Width of a sheet below which the enlarged part is placed beneath.
const SIDE_BY_SIDE_WIDTH: f64 = 480.0;
/// Distance below which marks share one number.
const SHARED_NUMBER_DISTANCE: f64 = 14.0;

pub(super) const RECIPE: FigureSpec = FigureSpec {
    name: "boxes",
    description: "Concurrency and parallelism: a box is the limit, a mark is the mean reached",
    of: InputKind::Runs,
    needs: "kept runs: concsim sim io_bound --out io && concsim figure boxes io",
    rows,
    draw,
};

fn rows(material: &Inputs<'_>) -> Result<Extracted, Refused> {
    let mut rows = Vec::new();
    let mut caveats = Vec::new();
    for (name, view) in material.views() {
        let run = view.run();
        let (Some(parallelism), Some(concurrency)) = (run.parallelism, run.concurrency) else {
            caveats.push(format!("{name} is not drawn: it has no counted window"));
            continue;
        };
        rows.push(Row {
            kind: run.kind.word().into(),
            x_to: Some(run.parallelism_limit as f64),
            y_to: Some(run.concurrency_limit as f64),
            n: Some(run.due as u64),
            label: throughput_text(run),
            ..Row::at(name, run.origin.into(), (parallelism, concurrency))
        });
    }
    if rows.is_empty() {
        return Err(Refused::refuse_for_reason(
            "no variant has a counted window",
        ));
    }
    Ok(Extracted {
        rows,
        caveats,
        counted: windows_of(EVERYTHING, material.recordings()),
        ..Extracted::default()
    })
}

/// Returns the throughput; of repeats with its error.
fn throughput_text(run: &Run) -> String {
    let estimate = run.repeated.as_ref();
    let estimate = estimate.and_then(|it| it.estimate("throughput_per_s"));
    if let Some(estimate) = estimate {
        return with_error(&estimate.interval, Dimension::RATE);
    }
    let per_s = run.throughput_per_s;
    per_s.map_or_else(String::new, |per_s| format!("{}/s", mean(per_s)))
}

fn draw(table: &Table, look: &Look) -> String {
    let mut canvas = Canvas::titled(table, look);
    canvas.has_grid = false;
    let rows = &table.rows;
    let plane = Plane::of(rows);
    let is_wide = canvas.width >= SIDE_BY_SIDE_WIDTH;
    let has_words = rows.len() <= MOST_WITH_WORDS;
    let height = (canvas.width * 0.5).clamp(230.0, 380.0);
    let tall = plane.high;
    let enlarged = plane.enlarged(rows, height);
    let (begin, left) = (canvas.top, MARGIN);
    let right = match enlarged {
        Some(_) if is_wide => left + (canvas.right() - left) * 0.62,
        _ => canvas.right(),
    };
    let most = "requests begun and not finished";
    let main = Part {
        wide: (left, right),
        tall,
        height,
        heading: most.into(),
        is_enlarged: false,
    };
    draw_part(&mut canvas, &plane, rows, &main, has_words);
    if let Some(tall) = enlarged {
        let wide = if is_wide {
            canvas.top = begin;
            (right + 24.0, canvas.right())
        } else {
            (left, right)
        };
        let part = Part {
            wide,
            // Keeps the name of the highest value clear of the heading.
            tall: tall * 1.08,
            height: if is_wide { height } else { height * 0.6 },
            heading: format!("enlarged: 0 to {}", digits(tall)),
            is_enlarged: true,
        };
        draw_part(&mut canvas, &plane, rows, &part, has_words);
    }
    let words = "Means of the counted window. A box is the limit; an open box continues to its ↑.";
    canvas.paragraph("quiet", SMALL, words);
    canvas.top += 6.0;
    key(&mut canvas, rows, has_words);
    canvas.legend_of_origins(rows);
    canvas.finish(table, look)
}

/// Upper limits of the axes of a plane.
#[derive(Clone, Copy, Debug)]
struct Plane {
    /// Number of cores.
    wide: f64,
    /// Number of requests.
    high: f64,
}

/// Largest ratio of a ceiling to the largest mark for a ceiling on the axis; a higher one is named at the
/// top.
const MAX_CEILING_RATIO: f64 = 2.5;
/// Height below which a box is enlarged, in user units.
const LOW: f64 = 26.0;

impl Plane {
    fn of(rows: &[Row]) -> Self {
        let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let marks = most(&mut rows.iter().map(|row| row.y));
        let ceilings = rows.iter().filter_map(|row| row.y_to);
        let lowest = ceilings.clone().fold(f64::INFINITY, f64::min);
        let in_sight =
            most(&mut ceilings.filter(|most| *most <= MAX_CEILING_RATIO * marks.max(lowest)));
        let high = (marks * 1.25).max(in_sight * 1.15);
        let wide = most(&mut rows.iter().map(|row| row.x.max(row.x_to.unwrap_or(0.0))));
        let or_one = |length: f64| if length > 0.0 { length } else { 1.0 };
        Self {
            wide: or_one(wide * 1.08),
            high: or_one(high),
        }
    }

    /// Returns the upper end of an axis on which the lowest box is high enough; `None` if it is already.
    fn enlarged(&self, rows: &[Row], height: f64) -> Option<f64> {
        let low = |most: &f64| *most > 0.0 && most / self.high * height < LOW;
        let highest = rows.iter().filter_map(|row| row.y_to).filter(low);
        let highest = highest.fold(0.0, f64::max);
        (highest > 0.0).then(|| nice(highest * 1.3))
    }
}

/// A plot: the plane, or the lowest part of it.
#[derive(Debug)]
struct Part {
    /// Left and right end of the plot.
    wide: (f64, f64),
    /// Number of requests at the top.
    tall: f64,
    height: f64,
    heading: String,
    /// True for the enlarged part; open boxes are named in the plane only.
    is_enlarged: bool,
}

fn draw_part(canvas: &mut Canvas, plane: &Plane, rows: &[Row], part: &Part, has_words: bool) {
    canvas.top += SMALL + 4.0;
    let heading = fitted(&part.heading, part.wide.1 - part.wide.0, SMALL);
    let begin = (part.wide.0, canvas.top);
    canvas.svg.words(begin, "quiet", Anchor::Start, &heading);
    canvas.top += 8.0;
    let (top, bottom) = (canvas.top, canvas.top + part.height);
    let left = part.wide.0 + width_of("10 000", SMALL) + 4.0;
    let axis = |high, from, to| Scale {
        steps: Steps::Linear,
        low: 0.0,
        high,
        from,
        to,
    };
    let across = axis(plane.wide, left, part.wide.1);
    let up = axis(part.tall, bottom, top);
    canvas.up(&up, (left, part.wide.1), "");
    canvas.across(&across, (top, bottom), "cores kept busy");
    let plot = Plot {
        horizontal: across,
        up,
    };
    let mut places = LabelSpace::within((left, top), (part.wide.1, bottom));
    // The axes are lines as well.
    places.way(&[(left, top), (left, bottom), (part.wide.1, bottom)]);
    let ceilings = ceilings(rows);
    // The colours of many overlapping boxes would mix to other colours.
    let is_filled = ceilings.len() <= MOST_FILLED;
    for (_, _, of) in &ceilings {
        draw_box(canvas, (&rows[of[0]], is_filled), &plot, &mut places);
    }
    let is_inside = |row: &&Row| row.y <= part.tall;
    let inside: Vec<&Row> = rows.iter().filter(is_inside).collect();
    for row in &inside {
        let dot = plot.at((row.x, row.y));
        places.mark(dot);
        draw_dot(&mut canvas.svg, row, dot);
    }
    let named = ceilings.into_iter();
    let named = named.filter(|(_, most, _)| !part.is_enlarged || *most <= part.tall);
    for ceiling in named {
        name_box(canvas, rows, &plot, &mut places, (&ceiling, has_words));
    }
    name_dots(canvas, rows, &plot, &mut places, has_words);
}

/// Draws the limits of a configuration. A box higher than the plot is open at the top.
fn draw_box(
    canvas: &mut Canvas,
    (row, is_filled): (&Row, bool),
    plot: &Plot,
    places: &mut LabelSpace,
) {
    let (Some(x), Some(y)) = (row.x_to, row.y_to) else {
        return;
    };
    let kind = class_of_kind(&row.kind);
    let dashes = if row.origin == Origin::Measured {
        ""
    } else {
        " dashed"
    };
    let (left, bottom) = plot.at((0.0, 0.0));
    let (right, top) = plot.at((x, y));
    let is_open = y > plot.up.high;
    let size = (right - left, bottom - top);
    if is_filled {
        rect(&mut canvas.svg, &format!("box {kind}"), (left, top), size);
    }
    let class = format!("line {kind}-s{dashes}");
    let edge: &[(f64, f64)] = if is_open {
        &[(right, top), (right, bottom)]
    } else {
        &[(left, top), (right, top), (right, bottom)]
    };
    polyline(&mut canvas.svg, &class, edge);
    places.way(edge);
}

/// Returns the distinct ceilings, each with the indices of its configurations.
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

/// Draws the name of a box inside it: under its top or, if the box is open, at the top of the plot.
fn name_box(
    canvas: &mut Canvas,
    rows: &[Row],
    plot: &Plot,
    places: &mut LabelSpace,
    ((x, y, of), has_words): (&(f64, f64, Vec<usize>), bool),
) {
    let is_open = *y > plot.up.high;
    let most = grouped(*y as u64);
    let arrow = if is_open { " ↑" } else { "" };
    let names: Vec<&str> = of.iter().map(|it| rows[*it].series.as_str()).collect();
    let short = format!("up to {most}{arrow}");
    let wordings = if has_words {
        [format!("{}: {short}", names.join(", ")), short]
    } else {
        [format!("{}: {most}{arrow}", numbers(of)), short]
    };
    let under = plot.up.at(*y) + SMALL + 4.0;
    // In an open box every height is equally good. In a closed one the name is under its top, or above it.
    let lines: Vec<f64> = if is_open {
        (0..8)
            .map(|line| under + f64::from(line) * (SMALL + 5.0))
            .collect()
    } else {
        vec![under, plot.up.at(*y) - 6.0]
    };
    for words in wordings {
        let left = plot.horizontal.at(*x) - width_of(&words, SMALL) - 8.0;
        let candidates = lines.iter().map(|base| (left, *base));
        if let Some(place) = places.first_of(candidates, &words) {
            canvas.svg.words(place, "quiet", Anchor::Start, &words);
            return;
        }
    }
}

/// Formats configurations as in the key: `1, 3–6`.
fn numbers(places: &[usize]) -> String {
    let runs = places.chunk_by(|one, next| one + 1 == *next);
    let runs = runs.map(|run| match (run[0] + 1, run[run.len() - 1] + 1) {
        (only, last) if only == last => only.to_string(),
        (first, last) if first + 1 == last => format!("{first}, {last}"),
        (first, last) => format!("{first}–{last}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// Names marks beside them, or by the numbers of the key; adjacent marks share one place. Marks without room
/// are in the key only.
fn name_dots(
    canvas: &mut Canvas,
    rows: &[Row],
    plot: &Plot,
    places: &mut LabelSpace,
    has_words: bool,
) {
    let mut groups: Vec<((f64, f64), Vec<usize>)> = Vec::new();
    for (place, row) in rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.y <= plot.up.high)
    {
        let dot = plot.at((row.x, row.y));
        let near = groups.iter_mut().find(|((x, y), _)| {
            !has_words
                && (x - dot.0).abs() < SHARED_NUMBER_DISTANCE
                && (y - dot.1).abs() < SHARED_NUMBER_DISTANCE
        });
        match near {
            Some((_, places)) => places.push(place),
            None => groups.push((dot, vec![place])),
        }
    }
    for (dot, of) in groups {
        let row = &rows[of[0]];
        let wordings = if has_words {
            [
                format!("{}: {} begun", row.series, mean(row.y)),
                format!("{} begun", mean(row.y)),
            ]
        } else {
            [numbers(&of), format!("{}, …", of[0] + 1)]
        };
        let found = wordings.into_iter();
        let mut found = found.filter_map(|words| Some((places.place_label(dot, &words)?, words)));
        let Some((place, words)) = found.next() else {
            continue;
        };
        if let Some(end) = place.lead {
            rule(&mut canvas.svg, "lead", dot, end);
        }
        canvas
            .svg
            .words(place.at, "small halo", Anchor::Start, &words);
    }
}

/// Describes a mark: `sync: 2.0 begun, 0.02 cores, 20/s`.
fn mark_tooltip(row: &Row) -> String {
    format!(
        "{}: {} begun, {:.2} cores, {}",
        row.series,
        mean(row.y),
        row.x,
        row.label
    )
}

/// Draws the key: one line for each configuration, with its ceilings.
fn key(canvas: &mut Canvas, rows: &[Row], has_words: bool) {
    for (place, row) in rows.iter().enumerate() {
        let of = |most: Option<f64>| {
            most.map_or_else(String::new, |most| format!(" of {}", grouped(most as u64)))
        };
        let number = if has_words {
            String::new()
        } else {
            format!("{}  ", place + 1)
        };
        let words = format!(
            "{number}{}: {}{} begun, {:.2}{} {}, {}",
            row.series,
            mean(row.y),
            of(row.y_to),
            row.x,
            of(row.x_to),
            if row.x_to == Some(1.0) {
                "core"
            } else {
                "cores"
            },
            row.label
        );
        canvas.paragraph("small", SMALL, &words);
    }
    canvas.top += 8.0;
}

fn draw_dot(svg: &mut Svg, row: &Row, place: (f64, f64)) {
    svg.with_tooltip(
        || mark_tooltip(row),
        |svg| mark::draw(svg, class_of_kind(&row.kind), row.origin, place),
    );
}
