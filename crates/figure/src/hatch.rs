//! Areas that are told apart without colours: each meaning has a pattern of its own.

use std::fmt::Display;

use super::canvas::{Canvas, rect};
use super::svg::{Px, Svg};

/// What an area is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// All of it.
    Solid,
    /// Stripes that lean.
    Leaning,
    /// Stripes that stand.
    Standing,
    /// Stripes that lie.
    Lying,
    /// Dots.
    Dots,
    /// Stripes that lean the other way, close together.
    Falling,
    /// Nothing: an outline.
    Hollow,
}

/// What an area is about: a colour's class, and a pattern.
pub(super) type Fill = (&'static str, Pattern);

fn id_of(canvas: &Canvas, (class, pattern): Fill) -> String {
    canvas.id(&format!(
        "{class}-{}",
        format!("{pattern:?}").to_lowercase()
    ))
}

/// Defines the patterns of these fills, and says how each is asked for.
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
    // Each tile: its size, how it is turned, and what of it is filled.
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

/// The patterns of a sheet.
#[derive(Debug, Default)]
pub(super) struct Hatches {
    known: Vec<(Fill, String)>,
}

impl Hatches {
    /// The class and the fill of an area.
    fn look(&self, fill: Fill) -> (String, &str) {
        let (class, pattern) = fill;
        let url = self.known.iter().find(|(known, _)| *known == fill);
        match (pattern, url) {
            (Pattern::Solid, _) | (_, None) => (class.to_owned(), ""),
            (Pattern::Hollow, _) => (format!("hollow {class}-s"), ""),
            (_, Some((_, url))) => (format!("edge {class}-s"), url),
        }
    }

    /// A rectangle between two corners.
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

    /// An area along a path.
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
