//! An SVG document, written element by element: the same bytes every time.
//!
//! One element per line, attributes in the given order, numbers with two decimals at most, and all
//! identifiers derived from the figure's own name.

use std::fmt::{self, Write as _};

use concsim_model::svg::escaped;

/// A length or place in user units, written with two decimals at most and without negative zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0 * 100.0).round();
        let rounded = if hundredths == 0.0 {
            0.0
        } else {
            hundredths / 100.0
        };
        write!(to, "{rounded}")
    }
}

/// Reference point of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// The document under construction.
#[derive(Debug, Default)]
pub(super) struct Svg {
    text: String,
    /// True if elements have tooltips.
    has_tooltips: bool,
    /// Current tooltip.
    tooltip: Option<String>,
}

impl Svg {
    /// Creates an empty document. If `has_tooltips`, a browser shows tooltips of elements.
    pub(super) fn with_tooltips(has_tooltips: bool) -> Self {
        Self {
            has_tooltips,
            ..Self::default()
        }
    }

    /// Gives a tooltip to the elements that `draws` draws.
    pub(super) fn with_tooltip(
        &mut self,
        words: impl FnOnce() -> String,
        draws: impl FnOnce(&mut Self),
    ) {
        self.tooltip = self.has_tooltips.then(words);
        draws(self);
        self.tooltip = None;
    }

    /// Draws an invisible spot with a tooltip, for a place on a line.
    pub(super) fn spot(&mut self, (x, y): (f64, f64), words: impl FnOnce() -> String) {
        if self.has_tooltips {
            self.with_tooltip(words, |svg| {
                let place: [(&str, &dyn fmt::Display); 4] = [
                    ("class", &"spot"),
                    ("cx", &Px(x)),
                    ("cy", &Px(y)),
                    ("r", &6),
                ];
                svg.leaf("circle", &place);
            });
        }
    }

    /// Writes an element without content.
    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, &dyn fmt::Display)]) {
        self.begin(name, attributes);
        match &self.tooltip {
            Some(words) => {
                let words = escaped(words);
                writeln!(self.text, "><title>{words}</title></{name}>")
                    .expect("a String takes all text");
            }
            None => self.text.push_str("/>\n"),
        }
    }

    /// Writes words at a place, styled by a class.
    pub(super) fn words(&mut self, (x, y): (f64, f64), class: &str, anchor: Anchor, words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let place: [(&str, &dyn fmt::Display); 4] = [
            ("class", &class),
            ("x", &Px(x)),
            ("y", &Px(y)),
            ("text-anchor", &anchor),
        ];
        self.begin("text", &place);
        writeln!(self.text, ">{}</text>", escaped(words)).expect("a String takes all text");
    }

    /// Writes words without a place: a title, a style.
    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &dyn fmt::Display)],
        content: &str,
    ) {
        self.begin(name, attributes);
        writeln!(self.text, ">{}</{name}>", escaped(content)).expect("a String takes all text");
    }

    /// Begins a group.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &dyn fmt::Display)]) {
        self.begin(name, attributes);
        self.text.push_str(">\n");
    }

    /// Ends the group.
    pub(super) fn close(&mut self, name: &str) {
        writeln!(self.text, "</{name}>").expect("a String takes all text");
    }

    /// Appends the elements of another document.
    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    /// True if an element has a colour of `class`, for its area or for its lines.
    pub(super) fn uses(&self, class: &str) -> bool {
        let values = self.text.split(" class=\"").skip(1);
        let classes =
            values.flat_map(|value| value.split('"').next().unwrap_or_default().split(' '));
        let mut names = classes.map(|name| name.strip_suffix("-s").unwrap_or(name));
        names.any(|name| name == class)
    }

    /// Returns the text of the document.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &dyn fmt::Display)]) {
        write!(self.text, "<{name}").expect("a String takes all text");
        for (attribute, value) in attributes {
            let value = escaped(&value.to_string());
            write!(self.text, " {attribute}=\"{value}\"").expect("a String takes all text");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_decimals_at_most_and_no_negative_zero() {
        for (number, text) in [
            (1.0, "1"),
            (1.005, "1"),
            (2.346, "2.35"),
            (-0.001, "0"),
            (-3.5, "-3.5"),
        ] {
            assert_eq!(Px(number).to_string(), text);
        }
    }

    #[test]
    fn a_class_is_used_by_an_element_and_not_by_words() {
        let mut svg = Svg::default();
        svg.leaf("path", &[("class", &"line sync-s")]);
        svg.leaf("rect", &[("class", &"ready"), ("x", &1)]);
        svg.words((0.0, 0.0), "small", Anchor::Start, " class=\"threads\"");
        for (class, is_used) in [
            ("sync", true),
            ("ready", true),
            ("threads", false),
            ("read", false),
            ("rect", false),
        ] {
            assert_eq!(svg.uses(class), is_used, "{class}");
        }
    }
}
