//! Fills of areas that are distinguishable without colours: each meaning has its own pattern.

use std::fmt::Display;

use super::canvas::{Canvas, rect};
use super::svg::{Px, Svg};

/// Pattern of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Completely filled.
    Solid,
    /// Slanted stripes.
    Leaning,
    /// Vertical stripes.
    Standing,
    /// Horizontal stripes.
    Lying,
    /// Dots.
    Dots,
    /// Stripes slanted the other way, close together.
    Falling,
    /// An outline.
    Hollow,
}

/// Look of an area: a colour class and a pattern.
pub(super) type Fill = (&'static str, Pattern);

fn id_of(canvas: &Canvas, (class, pattern): Fill) -> String {
    canvas.id(&format!(
        "{class}-{}",
        format!("{pattern:?}").to_lowercase()
    ))
}

/// Defines the patterns of these fills and returns their references.
pub(super) fn define(canvas: &mut Canvas, fills: &[Fill]) -> Hatches {
    canvas.svg.open("defs", &[]);
    let mut hatches = Hatches::default();
    for fill in fills {
        let id = id_of(canvas, *fill);
        if !hatches.known.iter().any(|(known, _)| known == fill) {
            tile(&mut canvas.svg, &id, *fill);
            hatches.known.push((*fill, format!("url(#{id})")));
        }
    }
    canvas.svg.close("defs");
    hatches
}

fn tile(svg: &mut Svg, id: &str, (class, pattern): Fill) {
    // Each tile: its size, its rotation, and the filled part.
    let (size, turned, stripe) = match pattern {
        Pattern::Solid | Pattern::Hollow => return,
        Pattern::Leaning => (5.0, 45, (2.5, 5.0)),
        Pattern::Standing => (5.0, 0, (2.5, 5.0)),
        Pattern::Lying => (5.0, 0, (5.0, 2.0)),
        Pattern::Dots => (5.0, 0, (2.0, 2.0)),
        Pattern::Falling => (3.0, -45, (1.5, 3.0)),
    };
    let turn = format!("rotate({turned})");
    let attributes: [(&str, &dyn Display); 5] = [
        ("id", &id),
        ("width", &Px(size)),
        ("height", &Px(size)),
        ("patternUnits", &"userSpaceOnUse"),
        ("patternTransform", &turn),
    ];
    svg.open("pattern", &attributes);
    rect(svg, class, (0.0, 0.0), stripe);
    svg.close("pattern");
}

/// Patterns of a sheet.
#[derive(Debug, Default)]
pub(super) struct Hatches {
    known: Vec<(Fill, String)>,
}

impl Hatches {
    /// Returns the class and the fill of an area.
    fn look(&self, fill: Fill) -> (String, &str) {
        let (class, pattern) = fill;
        let url = self.known.iter().find(|(known, _)| *known == fill);
        match (pattern, url) {
            (Pattern::Solid, _) | (_, None) => (class.to_owned(), ""),
            (Pattern::Hollow, _) => (format!("hollow {class}-s"), ""),
            (_, Some((_, url))) => (format!("edge {class}-s"), url),
        }
    }

    /// Draws a rectangle between two corners.
    pub(super) fn rect(
        &self,
        svg: &mut Svg,
        fill: Fill,
        (left, top): (f64, f64),
        (width, height): (f64, f64),
    ) {
        let (class, url) = self.look(fill);
        if url.is_empty() {
            rect(svg, &class, (left, top), (width, height));
            return;
        }
        let attributes: [(&str, &dyn Display); 6] = [
            ("class", &class),
            ("fill", &url),
            ("x", &Px(left)),
            ("y", &Px(top)),
            ("width", &Px(width)),
            ("height", &Px(height)),
        ];
        svg.leaf("rect", &attributes);
    }

    /// Draws an area along a path.
    pub(super) fn path(&self, svg: &mut Svg, fill: Fill, way: &str) {
        let (class, url) = self.look(fill);
        let look: (&str, &dyn Display) = if url.is_empty() {
            ("class", &class)
        } else {
            ("fill", &url)
        };
        svg.leaf("path", &[look, ("d", &way)]);
    }
}
