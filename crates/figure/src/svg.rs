//! An SVG document, written element by element: the same bytes every time.
//!
//! One element a line, attributes in the order in which they were given, numbers with two decimals at
//! most, and no identifier that is not derived from the figure's own name.

use std::fmt::{self, Write as _};

use concsim_model::svg::escaped;

/// A length or a place in user units. Two decimals at most, and no negative zero.
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

/// Where a text has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// At its beginning.
    Start,
    /// In its middle.
    Middle,
    /// At its end.
    End,
}

/// What has been drawn so far.
#[derive(Debug, Default)]
pub(super) struct Svg {
    text: String,
    /// Whether elements tell what they stand for.
    tells: bool,
    /// What they stand for just now.
    told: Option<String>,
}

impl Svg {
    /// An empty one. Where it `tells`, a browser shows what an element stands for.
    pub(super) fn telling(tells: bool) -> Self {
        Self {
            tells,
            ..Self::default()
        }
    }

    /// What the elements stand for that `draws` draws.
    pub(super) fn told(&mut self, words: impl FnOnce() -> String, draws: impl FnOnce(&mut Self)) {
        self.told = self.tells.then(words);
        draws(self);
        self.told = None;
    }

    /// A place of a line that tells what it stands for; nothing is to be seen of it.
    pub(super) fn spot(&mut self, (x, y): (f64, f64), words: impl FnOnce() -> String) {
        if self.tells {
            self.told(words, |svg| {
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

    /// An element without content.
    pub(super) fn leaf(&mut self, name: &str, attributes: &[(&str, &dyn fmt::Display)]) {
        self.begin(name, attributes);
        match &self.told {
            Some(words) => {
                let words = escaped(words);
                writeln!(self.text, "><title>{words}</title></{name}>")
                    .expect("a String takes all text");
            }
            None => self.text.push_str("/>\n"),
        }
    }

    /// Words at a place. The class says how they look.
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

    /// Words that have nothing to do with a place: a title, a style.
    pub(super) fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, &dyn fmt::Display)],
        content: &str,
    ) {
        self.begin(name, attributes);
        writeln!(self.text, ">{}</{name}>", escaped(content)).expect("a String takes all text");
    }

    /// A group begins.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &dyn fmt::Display)]) {
        self.begin(name, attributes);
        self.text.push_str(">\n");
    }

    /// The group ends.
    pub(super) fn close(&mut self, name: &str) {
        writeln!(self.text, "</{name}>").expect("a String takes all text");
    }

    /// Everything that another one drew.
    pub(super) fn append(&mut self, other: &Self) {
        self.text.push_str(&other.text);
    }

    /// The text of it.
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
        for (number, said) in [
            (1.0, "1"),
            (1.005, "1"),
            (2.346, "2.35"),
            (-0.001, "0"),
            (-3.5, "-3.5"),
        ] {
            assert_eq!(Px(number).to_string(), said);
        }
    }
}
