//! Lines through points: a series is a line, and its name is at its end if there is room.
//!
//! The colour is that of the kind of workers. Of several lines of one kind, the first ten have marks of
//! different shapes, and the first thirty differ in shape or in their dashes. More than five lines have
//! letters in addition. Full lines and long dashes are measured, short dashes simulated, dots computed.

use std::fmt::Display;

use super::canvas::{Canvas, MARGIN, fitted, rule, width_of};
use super::mark;
use super::scale::{Scale, spread};
use super::style::{SMALL, class_of_kind};
use super::svg::{Anchor, Px, Svg};
use super::table::{Origin, Row, distinct};
use concsim_model::units::letter;

/// Number of series above which a legend names them.
const MOST_NAMES: usize = 5;
/// Share of the width above which names are in the legend, too.
const MOST_ROOM: f64 = 0.32;
/// Number of points up to which each has a mark; longer lines have marks at some.
const EACH_MARKED: usize = 20;
/// Maximal number of points of a line with tooltips.
const MAX_TOOLTIPS: usize = 120;
/// Half of the width of a whisker's end.
pub(super) const SERIF: f64 = 3.0;
/// Distance between arrows.
const ARROW: f64 = 20.0;
/// Distance between labels.
const GAP: f64 = SMALL + 3.0;

/// Area and scales of a plot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plot {
    pub(super) horizontal: Scale,
    pub(super) up: Scale,
}

impl Plot {
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.horizontal.at(x), self.up.at(y))
    }

    /// Returns the top and the bottom.
    pub(super) fn tall(&self) -> (f64, f64) {
        (self.up.to, self.up.from)
    }

    /// Draws both axes, with these names.
    pub(super) fn axes(&self, canvas: &mut Canvas, across: &str, up: &str) {
        let most = ((self.horizontal.to - self.horizontal.from) / 55.0) as usize;
        let ticks = self.horizontal.ticks(most);
        self.axes_at(canvas, &ticks, across, up);
    }

    /// Draws both axes, with these values labelled on the horizontal one.
    pub(super) fn axes_at(
        &self,
        canvas: &mut Canvas,
        ticks: &[(f64, String)],
        across: &str,
        up: &str,
    ) {
        let wide = (self.horizontal.from, self.horizontal.to);
        canvas.up(&self.up, wide, up);
        canvas.across_at(ticks, &self.horizontal, self.tall(), across);
    }
}

/// A line.
#[derive(Debug)]
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    /// Class of its kind of workers.
    pub(super) kind: &'static str,
    pub(super) origin: Origin,
    /// Number of earlier lines of the same kind and origin.
    nth: usize,
    pub(super) points: Vec<&'a Row>,
    /// Intervals of its points: ranges from `y` to `y_to`.
    intervals: Vec<&'a Row>,
}

/// Groups rows into lines, in order of first appearance.
pub(super) fn series<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<Series<'a>> {
    let mut all: Vec<Series<'a>> = Vec::new();
    let (rows, intervals): (Vec<&Row>, Vec<&Row>) = rows.partition(|row| !row.is_interval());
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
            intervals: Vec::new(),
        });
    }
    for row in intervals {
        let same = |of: &&mut Series<'_>| of.name == row.series && of.origin == row.origin;
        if let Some(of) = all.iter_mut().find(same) {
            of.intervals.push(row);
        }
    }
    all
}

impl Series<'_> {
    /// Returns the classes of its line.
    pub(super) fn class(&self) -> String {
        format!("line {}-s{}", self.kind, rhythm(self.origin, self.nth))
    }

    /// Draws one of its marks at a place.
    pub(super) fn mark(&self, svg: &mut Svg, place: (f64, f64)) {
        if self.origin != Origin::Computed {
            mark::draw_nth(svg, self.kind, self.origin, self.nth, place);
        }
    }

    fn places(&self, plot: &Plot) -> Vec<(f64, f64)> {
        let points = self.points.iter();
        points.map(|row| plot.at((row.x, row.y))).collect()
    }

    /// Draws the line.
    pub(super) fn draw(&self, svg: &mut Svg, plot: &Plot, class: &str) {
        polyline(svg, class, &self.places(plot));
    }

    /// Draws a whisker for each interval.
    fn draw_intervals(&self, svg: &mut Svg, plot: &Plot) {
        let class = format!("line {}-s", self.kind);
        for row in &self.intervals {
            let (x, low) = plot.at((row.x, row.y));
            let high = plot.up.at(row.upper());
            polyline(svg, &class, &[(x, low), (x, high)]);
            for end in [low, high] {
                polyline(svg, &class, &[(x - SERIF, end), (x + SERIF, end)]);
            }
        }
    }

    /// Adds tooltips to its points, or to some of them.
    pub(super) fn add_tooltips(&self, svg: &mut Svg, places: &[(f64, f64)]) {
        let every = places.len().div_ceil(MAX_TOOLTIPS).max(1);
        let labelled = self.points.iter().zip(places).step_by(every);
        for (row, place) in labelled {
            svg.spot(*place, || row.tooltip());
        }
    }

    /// Draws the line, with marks at its points or at some of them.
    fn draw_marked(&self, svg: &mut Svg, plot: &Plot) {
        self.draw(svg, plot, &self.class());
        self.draw_intervals(svg, plot);
        self.mark_points(svg, plot);
        self.add_tooltips(svg, &self.places(plot));
    }

    /// Returns its index among the lines of its kind and origin, from 0.
    pub(super) fn nth(&self) -> usize {
        self.nth
    }

    /// Marks latencies that are the clients' patience by an arrow: the last such point, and others.
    pub(super) fn mark_patience(&self, svg: &mut Svg, plot: &Plot, arrow: Arrow) {
        let reached = self.points.iter().rev().filter(|row| row.is_at_patience());
        arrow.draw(svg, reached.map(|row| plot.at((row.x, row.y))));
    }

    /// Draws marks at its points, or at some of them.
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

/// Arrow from a latency that is the clients' patience towards larger ones: up the axis of latencies, or along
/// it.
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

    /// Draws an arrow at each of these points, except those too close to the previous one.
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

/// Returns the dash class of the n-th line of one kind of workers, with a blank before it.
fn rhythm(origin: Origin, nth: usize) -> &'static str {
    let rhythms = match origin {
        Origin::Measured => ["", " long", " long-short"],
        Origin::Simulated => [" dashed", " dash-dot", " dash-dot-dot"],
        Origin::Computed => [" dotted", " sparse", " dot-dot"],
    };
    rhythms[nth % rhythms.len()]
}

/// Returns the classes of a line about a kind of workers.
pub(super) fn class_of(kind: &str, origin: Origin) -> String {
    format!("line {kind}-s{}", rhythm(origin, 0))
}

/// Draws a line through places.
pub(super) fn polyline(svg: &mut Svg, class: &str, places: &[(f64, f64)]) {
    let points = places.iter().map(|(x, y)| format!("{},{}", Px(*x), Px(*y)));
    let points = points.collect::<Vec<_>>().join(" ");
    let attributes: [(&str, &dyn Display); 2] = [("class", &class), ("points", &points)];
    svg.leaf("polyline", &attributes);
}

/// Draws a path in SVG notation.
pub(super) fn path(svg: &mut Svg, class: &str, way: &str) {
    let attributes: [(&str, &dyn Display); 2] = [("class", &class), ("d", &way)];
    svg.leaf("path", &attributes);
}

/// Naming of lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Names {
    /// Names at the ends of lines, with the room that they need right of the plot.
    AtEnds(f64),
    /// Letters at the ends of lines, explained in a legend.
    Letters,
}

impl Names {
    /// Returns the width that names take from the plot.
    pub(super) fn room(self) -> f64 {
        match self {
            Self::AtEnds(room) => room,
            Self::Letters => 22.0,
        }
    }
}

impl Canvas {
    /// Selects the naming of lines; draws a legend if the ends have no room.
    pub(super) fn names_of(&mut self, all: &[Series<'_>]) -> Names {
        let widths = all.iter().map(|it| width_of(it.name, SMALL) + 12.0);
        let widest = widths.fold(0.0, f64::max);
        if all.len() <= MOST_NAMES && widest <= MOST_ROOM * self.width {
            return Names::AtEnds(widest);
        }
        self.legend_of_lines(all);
        Names::Letters
    }

    /// Draws a legend with a letter for each line.
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

    /// Draws the legend of arrows at the clients' patience, if there are any.
    pub(super) fn legend_of_patience(&mut self, rows: &[Row], arrow: Arrow) {
        if rows.iter().any(Row::is_at_patience) {
            let words = "lower limit: failed requests count with their clients' patience.";
            self.paragraph("small", SMALL, &format!("{} {words}", arrow.sign()));
            self.top += 6.0;
        }
    }

    /// Draws the legend of measured, simulated and computed lines, as far as they occur.
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

    /// Draws all lines with their marks and names.
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

    /// Draws names or letters at the ends of lines.
    pub(super) fn name_ends(&mut self, plot: &Plot, ends: &[(&str, (f64, f64))], names: Names) {
        let mut places: Vec<f64> = ends.iter().map(|(_, end)| end.1).collect();
        spread(&mut places, GAP, plot.up.from);
        for (number, ((name, end), label)) in ends.iter().zip(places).enumerate() {
            let x = plot.horizontal.to + 8.0;
            if x - end.0 > 16.0 || (label - end.1).abs() > 3.0 {
                rule(
                    &mut self.svg,
                    "lead faint",
                    (end.0 + 6.0, end.1),
                    (x - 2.0, label),
                );
            }
            let words = match names {
                Names::AtEnds(room) => fitted(name, room, SMALL),
                Names::Letters => letter(number),
            };
            let place = (x, label + 4.0);
            self.svg.words(place, "small halo", Anchor::Start, &words);
        }
    }

    /// Draws vertical lines through a plot, each with its number above it, for interventions and rules.
    /// Adjacent ones share one place for their numbers.
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

    /// Lists the labels of the vertical lines, with their numbers.
    pub(super) fn list_vertical_labels(&mut self, marks: &[(&Row, usize)], across: &Scale) {
        let mut text = 0;
        for (row, number) in marks {
            if *number <= text {
                continue;
            }
            text = *number;
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

    /// Reserves room for the numbers of vertical lines between a plot and the name of its axis.
    pub(super) fn room_above(&mut self, has_numbers: bool) {
        self.name_above = if has_numbers { 24.0 } else { 10.0 };
        self.top += 8.0 + self.name_above;
    }
}

/// Distance below which numbers share a place.
const NUMBER: f64 = 22.0;

fn is_inside(across: &Scale, row: &Row) -> bool {
    across.low <= row.x && row.x <= across.high
}

/// Returns rows with numbers from 1 on, in the order of their places; equal labels have equal numbers.
pub(super) fn numbered<'a>(rows: &[&'a Row]) -> Vec<(&'a Row, usize)> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| a.x.total_cmp(&b.x));
    // Ordered by place, so that numbers never decrease.
    let labels = distinct(rows.iter().map(|row| row.label.as_str()));
    let number = |row: &Row| labels.iter().position(|label| *label == row.label);
    rows.iter()
        .map(|row| (*row, number(row).map_or(0, |place| place + 1)))
        .collect()
}
