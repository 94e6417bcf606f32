//! Lines through points: a series is a line, and its name stands at its end where there is room.
//!
//! The colour is that of the kind of workers; of several lines of one kind each of the first ten has marks of
//! another shape, and each of the first thirty has another shape or another rhythm of dashes. More than five
//! lines have letters besides. Full lines and long dashes are measured, short dashes
//! simulated, dots computed.

use std::fmt::Display;

use super::canvas::{Canvas, MARGIN, fitted, rule, width_of};
use super::mark;
use super::scale::{Scale, spread};
use super::style::{SMALL, class_of_kind};
use super::svg::{Anchor, Px, Svg};
use super::table::{Origin, Row, distinct};
use concsim_model::units::letter;

/// More series than these are named in a legend.
const MOST_NAMES: usize = 5;
/// Names that take more of the width than this are, too.
const MOST_ROOM: f64 = 0.32;
/// A line of so many points has a mark at each, a longer one at some.
const EACH_MARKED: usize = 20;
/// Points of a line that say what they are.
const MOST_TOLD: usize = 120;
/// From one arrow to the next.
const ARROW: f64 = 20.0;
/// From one label to the next.
const GAP: f64 = SMALL + 3.0;

/// Where points lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) across: Scale,
    pub(super) up: Scale,
}

impl Plot {
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.across.at(x), self.up.at(y))
    }

    /// From the top to the bottom.
    pub(super) fn tall(&self) -> (f64, f64) {
        (self.up.to, self.up.from)
    }

    /// Both axes, with these names.
    pub(super) fn axes(&self, canvas: &mut Canvas, across: &str, up: &str) {
        let most = ((self.across.to - self.across.from) / 55.0) as usize;
        let ticks = self.across.ticks(most);
        self.axes_at(canvas, &ticks, across, up);
    }

    /// The same with these values named across.
    pub(super) fn axes_at(
        &self,
        canvas: &mut Canvas,
        ticks: &[(f64, String)],
        across: &str,
        up: &str,
    ) {
        let wide = (self.across.from, self.across.to);
        canvas.up(&self.up, wide, up);
        canvas.across_at(ticks, &self.across, self.tall(), across);
    }
}

/// One line.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    /// The class of its kind of workers.
    pub(super) kind: &'static str,
    pub(super) origin: Origin,
    /// How many of the same kind and origin come before it.
    nth: usize,
    pub(super) points: Vec<&'a Row>,
}

/// The lines of some rows, in the order in which they begin.
pub(super) fn series<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Series<'a>> {
    let mut all: Vec<Series<'a>> = Vec::new();
    for row in rows {
        let (kind, origin) = (class_of_kind(&row.kind), row.origin);
        let same = |of: &&mut Series<'_>| of.name == row.series && of.origin == origin;
        if let Some(of) = all.iter_mut().find(same) {
            of.points.push(row);
            continue;
        }
        let nth = all
            .iter()
            .filter(|it| (it.kind, it.origin) == (kind, origin));
        all.push(Series {
            name: &row.series,
            kind,
            origin,
            nth: nth.count(),
            points: vec![row],
        });
    }
    all
}

impl Series<'_> {
    /// How its line looks.
    pub(super) fn class(&self) -> String {
        format!("line {}-s{}", self.kind, rhythm(self.origin, self.nth))
    }

    /// One of its marks at a place.
    pub(super) fn mark(&self, svg: &mut Svg, place: (f64, f64)) {
        if self.origin != Origin::Computed {
            mark::draw_nth(svg, self.kind, self.origin, self.nth, place);
        }
    }

    fn places(&self, plot: &Plot) -> Vec<(f64, f64)> {
        let points = self.points.iter();
        points.map(|row| plot.at((row.x, row.y))).collect()
    }

    /// Its line.
    pub(super) fn draw(&self, svg: &mut Svg, plot: &Plot, class: &str) {
        polyline(svg, class, &self.places(plot));
    }

    /// Says what its points are, or some of them, to whoever points at them.
    pub(super) fn tell(&self, svg: &mut Svg, places: &[(f64, f64)]) {
        let every = places.len().div_ceil(MOST_TOLD).max(1);
        let told = self.points.iter().zip(places).step_by(every);
        for (row, place) in told {
            svg.spot(*place, || row.said());
        }
    }

    /// Its line, and marks where its points are, or some of them.
    fn draw_marked(&self, svg: &mut Svg, plot: &Plot) {
        self.draw(svg, plot, &self.class());
        self.mark_points(svg, plot);
        self.tell(svg, &self.places(plot));
    }

    /// Its n-th place among the lines of its kind and origin, from 0.
    pub(super) fn nth(&self) -> usize {
        self.nth
    }

    /// Marks with an arrow what is the clients' patience: the last of such points, and others.
    pub(super) fn mark_patience(&self, svg: &mut Svg, plot: &Plot, arrow: Arrow) {
        let reached = self.points.iter().rev().filter(|row| row.is_at_patience());
        arrow.draw(svg, reached.map(|row| plot.at((row.x, row.y))));
    }

    /// Marks where its points are, or some of them.
    fn mark_points(&self, svg: &mut Svg, plot: &Plot) {
        let places = self.places(plot);
        let every = if places.len() <= EACH_MARKED {
            1
        } else {
            places.len().div_ceil(8)
        };
        for place in places.iter().rev().step_by(every) {
            self.mark(svg, *place);
        }
    }
}

/// Points from a latency that is the clients' patience to those that it may have been: up the axis of
/// latencies, or along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrow {
    Up,
    Right,
}

impl Arrow {
    fn sign(self) -> &'static str {
        match self {
            Self::Up => "\u{2191}",
            Self::Right => "\u{2192}",
        }
    }

    /// One at each of these points, as far as they are not too near to each other.
    pub(super) fn draw(self, svg: &mut Svg, points: impl Iterator<Item = (f64, f64)>) {
        let mut marked: Vec<(f64, f64)> = Vec::new();
        for (x, y) in points {
            let is_near = |other: &(f64, f64)| (other.0 - x).hypot(other.1 - y) < ARROW;
            if marked.iter().any(is_near) {
                continue;
            }
            marked.push((x, y));
            let (place, anchor) = match self {
                Self::Up => ((x, y - 7.0), Anchor::Middle),
                Self::Right => ((x + 7.0, y + 4.0), Anchor::Start),
            };
            svg.words(place, "small halo", anchor, self.sign());
        }
    }
}

/// The class of the dashes of the n-th line of one kind of workers, with a blank before it.
fn rhythm(origin: Origin, nth: usize) -> &'static str {
    let rhythms = match origin {
        Origin::Measured => ["", " long", " long-short"],
        Origin::Simulated => [" dashed", " dash-dot", " dash-dot-dot"],
        Origin::Computed => [" dotted", " sparse", " dot-dot"],
    };
    rhythms[nth % rhythms.len()]
}

/// The look of a line about a kind of workers.
pub(super) fn class_of(kind: &str, origin: Origin) -> String {
    format!("line {kind}-s{}", rhythm(origin, 0))
}

/// A line through places.
pub(super) fn polyline(svg: &mut Svg, class: &str, places: &[(f64, f64)]) {
    let points = places.iter().map(|(x, y)| format!("{},{}", Px(*x), Px(*y)));
    let points = points.collect::<Vec<_>>().join(" ");
    let attributes: [(&str, &dyn Display); 2] = [("class", &class), ("points", &points)];
    svg.leaf("polyline", &attributes);
}

/// A path, as SVG writes it.
pub(super) fn path(svg: &mut Svg, class: &str, way: &str) {
    let attributes: [(&str, &dyn Display); 2] = [("class", &class), ("d", &way)];
    svg.leaf("path", &attributes);
}

/// How lines are named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Names {
    /// At their ends, which leaves so much room right of the plot.
    ModelComparison(f64),
    /// Letters are; the legend has said what they stand for.
    Letters,
}

impl Names {
    /// How much narrower the plot is for them.
    pub(super) fn room(self) -> f64 {
        match self {
            Self::ModelComparison(room) => room,
            Self::Letters => 22.0,
        }
    }
}

impl Canvas {
    /// Decides how lines are named; draws a legend where they cannot be named at their ends.
    pub(super) fn names_of(&mut self, all: &[Series<'_>]) -> Names {
        let widths = all.iter().map(|it| width_of(it.name, SMALL) + 12.0);
        let widest = widths.fold(0.0, f64::max);
        if all.len() <= MOST_NAMES && widest <= MOST_ROOM * self.width {
            return Names::ModelComparison(widest);
        }
        self.legend_of_lines(all);
        Names::Letters
    }

    /// A legend with a letter for each line.
    pub(super) fn legend_of_lines(&mut self, all: &[Series<'_>]) {
        let room = self.right() - MARGIN - 42.0;
        let name = |(place, it): (usize, &Series<'_>)| {
            fitted(&format!("{}: {}", letter(place), it.name), room, SMALL)
        };
        let names: Vec<String> = all.iter().enumerate().map(name).collect();
        let entries: Vec<(&Series<'_>, &str)> =
            all.iter().zip(names.iter().map(String::as_str)).collect();
        self.legend(&entries, |svg, of, (left, top)| {
            let middle = top + 7.0;
            rule(svg, &of.class(), (left, middle), (left + 24.0, middle));
            of.mark(svg, (left + 12.0, middle));
        });
    }

    /// Explains the arrow of latencies that are the clients' patience, if there are any.
    pub(super) fn legend_of_patience(&mut self, rows: &[Row], arrow: Arrow) {
        if rows.iter().any(Row::is_at_patience) {
            let words =
                "at least so long: requests that failed count with their clients' patience.";
            self.paragraph("small", SMALL, &format!("{} {words}", arrow.sign()));
            self.top += 6.0;
        }
    }

    /// How lines of what is measured, simulated and computed are told apart, of those that there are.
    pub(super) fn legend_of_ways(&mut self, rows: &[Row]) {
        let entries = mark::origins_of(rows);
        self.legend(&entries, |svg, origin, (left, top)| {
            let (middle, class) = (top + 7.0, class_of("neutral", origin));
            rule(svg, &class, (left, middle), (left + 24.0, middle));
            if origin != Origin::Computed {
                mark::draw(svg, "neutral", origin, (left + 12.0, middle));
            }
        });
    }

    /// All lines with their marks, and what they are called.
    pub(super) fn lines(&mut self, plot: &Plot, all: &[Series<'_>], names: Names) {
        for of in all {
            of.draw_marked(&mut self.svg, plot);
            of.mark_patience(&mut self.svg, plot, Arrow::Up);
        }
        let ends: Vec<(&str, (f64, f64))> = all
            .iter()
            .filter_map(|of| Some((of.name, plot.at(of.points.last().map(|it| (it.x, it.y))?))))
            .collect();
        self.name_ends(plot, &ends, names);
    }

    /// What stands at the ends of lines.
    pub(super) fn name_ends(&mut self, plot: &Plot, ends: &[(&str, (f64, f64))], names: Names) {
        let mut places: Vec<f64> = ends.iter().map(|(_, end)| end.1).collect();
        spread(&mut places, GAP, plot.up.from);
        for (number, ((name, end), label)) in ends.iter().zip(places).enumerate() {
            let x = plot.across.to + 8.0;
            if x - end.0 > 16.0 || (label - end.1).abs() > 3.0 {
                rule(
                    &mut self.svg,
                    "lead faint",
                    (end.0 + 6.0, end.1),
                    (x - 2.0, label),
                );
            }
            let words = match names {
                Names::ModelComparison(room) => fitted(name, room, SMALL),
                Names::Letters => letter(number),
            };
            let place = (x, label + 4.0);
            self.svg.words(place, "small halo", Anchor::Start, &words);
        }
    }

    /// Lines that stand across a plot, each with its number above it: where something was done, or
    /// something is said. Those close together share one place for their numbers.
    pub(super) fn standing(
        &mut self,
        marks: &[(&Row, usize)],
        across: &Scale,
        (top, bottom): (f64, f64),
    ) {
        let mut numbers: Vec<(f64, Vec<String>)> = Vec::new();
        for (row, number) in marks.iter().filter(|(row, _)| is_inside(across, row)) {
            let (x, number) = (across.at(row.x), number.to_string());
            rule(&mut self.svg, "lead dotted", (x, top), (x, bottom));
            match numbers.last_mut() {
                Some((before, shared)) if (x - *before).abs() < NUMBER => {
                    if !shared.contains(&number) {
                        shared.push(number);
                    }
                }
                _ => numbers.push((x, vec![number])),
            }
        }
        for (x, shared) in numbers {
            let words = shared.join(", ");
            let place = (x, top - 3.0);
            self.svg.words(place, "quiet", Anchor::Middle, &words);
        }
    }

    /// What is said of the lines that stand, with their numbers.
    pub(super) fn said_of_standing(&mut self, marks: &[(&Row, usize)], across: &Scale) {
        let mut said = 0;
        for (row, number) in marks {
            if *number <= said {
                continue;
            }
            said = *number;
            let beyond = if is_inside(across, row) {
                ""
            } else {
                " (beyond this axis)"
            };
            let words = format!("{number}: {}{beyond}", row.label);
            self.paragraph("small", SMALL, &words);
        }
        self.top += 6.0;
    }

    /// Leaves room for the numbers of standing lines between a plot and the name of its axis.
    pub(super) fn room_above(&mut self, has_numbers: bool) {
        self.name_above = if has_numbers { 24.0 } else { 10.0 };
        self.top += 8.0 + self.name_above;
    }
}

/// Numbers closer together than this share a place.
const NUMBER: f64 = 22.0;

fn is_inside(across: &Scale, row: &Row) -> bool {
    across.low <= row.x && row.x <= across.high
}

/// Rows with their numbers from 1 on, in the order of their places; those that say the same have the same.
pub(super) fn numbered<'a>(rows: &[&'a Row]) -> Vec<(&'a Row, usize)> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| a.x.total_cmp(&b.x));
    // In the order of their places, so that numbers never fall.
    let labels = distinct(rows.iter().map(|row| row.label.as_str()));
    let number = |row: &Row| labels.iter().position(|label| *label == row.label);
    rows.iter()
        .map(|row| (*row, number(row).map_or(0, |place| place + 1)))
        .collect()
}
