//! Marks of points: the shape shows the kind of workers, the fill shows the origin.

use std::fmt::Display;

use super::canvas::{Canvas, rule};
use super::svg::{Px, Svg};
use super::table::{Origin, Row};

/// Distance from the middle of a mark to its edge.
const MARK_RADIUS: f64 = 5.0;

/// Draws a mark: a square for sync, a disc for coroutine, a triangle for threads, a diamond for the rest.
/// Filled: measured. Hollow: simulated. A cross: computed.
pub(super) fn draw(svg: &mut Svg, kind: &str, origin: Origin, place: (f64, f64)) {
    draw_nth(svg, kind, origin, 0, place);
}

/// Draws the mark of the n-th line of a kind: the first ten have distinct shapes.
pub(super) fn draw_nth(svg: &mut Svg, kind: &str, origin: Origin, nth: usize, (x, y): (f64, f64)) {
    let class = match origin {
        Origin::Measured => format!("{kind} {kind}-s"),
        Origin::Simulated => format!("hollow {kind}-s"),
        Origin::Computed => {
            let class = format!("line {kind}-s");
            rule(
                svg,
                &class,
                (x - MARK_RADIUS, y - MARK_RADIUS),
                (x + MARK_RADIUS, y + MARK_RADIUS),
            );
            rule(
                svg,
                &class,
                (x - MARK_RADIUS, y + MARK_RADIUS),
                (x + MARK_RADIUS, y - MARK_RADIUS),
            );
            return;
        }
    };
    let nth = nth % SHAPES;
    if kind == "coroutine" && nth == 0 {
        let attributes: [(&str, &dyn Display); 4] = [
            ("class", &class),
            ("cx", &Px(x)),
            ("cy", &Px(y)),
            ("r", &Px(MARK_RADIUS)),
        ];
        svg.leaf("circle", &attributes);
        return;
    }
    let corner = |(across, down): &(f64, f64)| {
        let (x, y) = (x + across * MARK_RADIUS, y + down * MARK_RADIUS);
        format!("{},{}", Px(x), Px(y))
    };
    let points: Vec<String> = corners(kind, nth).iter().map(corner).collect();
    let attributes: [(&str, &dyn Display); 2] = [("class", &class), ("points", &points.join(" "))];
    svg.leaf("polygon", &attributes);
}

/// Number of shapes for the lines of a kind.
pub(super) const SHAPES: usize = 10;

/// Returns the corners of a shape relative to its middle, right and down: that of the kind, and those of its
/// further lines.
fn corners(kind: &str, nth: usize) -> &'static [(f64, f64)] {
    match (kind, nth) {
        // A triangle pointing down, an hourglass, and a horizontal hourglass.
        (_, 1) => &[(0.0, 1.2), (1.2, -1.0), (-1.2, -1.0), (0.0, 1.2)],
        (_, 2) => &[(-1.1, -1.1), (1.1, -1.1), (-1.1, 1.1), (1.1, 1.1)],
        (_, 3) => &[(-1.1, -1.1), (-1.1, 1.1), (1.1, -1.1), (1.1, 1.1)],
        // Triangles pointing left and right.
        (_, 4) => &[(-1.2, 0.0), (1.0, -1.2), (1.0, 1.2)],
        (_, 5) => &[(1.2, 0.0), (-1.0, -1.2), (-1.0, 1.2)],
        // A plus.
        (_, 6) => &[
            (-0.4, -1.2),
            (0.4, -1.2),
            (0.4, -0.4),
            (1.2, -0.4),
            (1.2, 0.4),
            (0.4, 0.4),
            (0.4, 1.2),
            (-0.4, 1.2),
            (-0.4, 0.4),
            (-1.2, 0.4),
            (-1.2, -0.4),
            (-0.4, -0.4),
        ],
        // A star of four points.
        (_, 7) => &[
            (0.0, -1.5),
            (0.4, -0.4),
            (1.5, 0.0),
            (0.4, 0.4),
            (0.0, 1.5),
            (-0.4, 0.4),
            (-1.5, 0.0),
            (-0.4, -0.4),
        ],
        // Halves of a square.
        (_, 8) => &[(-1.1, -1.1), (-1.1, 1.1), (1.1, 1.1)],
        (_, 9) => &[(-1.1, -1.1), (1.1, -1.1), (1.1, 1.1)],
        ("sync", _) => &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)],
        ("threads", _) => &[(0.0, -1.2), (1.1, 1.0), (-1.1, 1.0), (0.0, -1.2)],
        _ => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
    }
}

/// Returns the origins that occur in rows, with the words for them.
pub(super) fn origins_of(rows: &[Row]) -> Vec<(Origin, &'static str)> {
    let all = [Origin::Measured, Origin::Simulated, Origin::Computed];
    let there = |origin: &Origin| rows.iter().any(|row| row.origin == *origin);
    let there = all.into_iter().filter(there);
    there.map(|origin| (origin, origin.word())).collect()
}

impl Canvas {
    /// Draws the legend of measured, simulated and computed marks, as far as they occur.
    pub(super) fn legend_of_origins(&mut self, rows: &[Row]) {
        let entries = origins_of(rows);
        self.legend(&entries, |svg, origin, (left, top)| {
            let (from, to, middle) = (left, left + 24.0, top + 7.0);
            match origin {
                Origin::Computed => {
                    rule(svg, "line neutral-s dotted", (from, middle), (to, middle));
                }
                Origin::Measured | Origin::Simulated => {
                    draw(svg, "neutral", origin, (left + 12.0, middle));
                }
            }
        });
    }
}
