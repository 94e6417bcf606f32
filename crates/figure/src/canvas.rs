//! A sheet: the title at the top, the provenance at the bottom, and the plot between them, one part below the
//! other.

use std::fmt::Display;

use sha2::{Digest as _, Sha256};

use super::scale::Scale;
use super::style::{self, SMALL, TITLE};
use super::svg::{Anchor, Px, Svg};
use super::table::{Row, Table};
use super::{Kind, Look};

/// Distance from the edge to the drawing.
pub(super) const MARGIN: f64 = 16.0;
/// Mean width of a letter, in units of its size: wider than in most fonts, since the reader's font is
/// unknown.
const LETTER: f64 = 0.6;
/// Maximal number of lines of a text; further ones are not drawn.
const MOST_LINES: usize = 4;

/// The sheet under construction, from top to bottom.
#[derive(Debug)]
pub(super) struct Canvas {
    /// Elements drawn so far.
    pub(super) svg: Svg,
    /// Width of the sheet.
    pub(super) width: f64,
    /// First free place from the top.
    pub(super) top: f64,
    /// Distance from the top of a plot to the name of the axis above it.
    pub(super) name_above: f64,
    /// True if axes draw grid lines.
    pub(super) has_grid: bool,
    kind: Kind,
    place: usize,
}

impl Canvas {
    /// Creates a sheet with a title, and with the warnings of the table.
    pub(super) fn titled(table: &Table, look: &Look) -> Self {
        let mut canvas = Self {
            svg: Svg::with_tooltips(look.is_in_page),
            width: f64::from(look.width),
            top: MARGIN,
            name_above: 10.0,
            has_grid: true,
            kind: table.kind,
            place: look.place,
        };
        if !look.is_in_page {
            canvas.paragraph("title", TITLE, &table.title);
            if table.title != table.kind.description() {
                canvas.paragraph("small", SMALL, table.kind.description());
            }
        }
        for caveat in &table.caveats {
            canvas.paragraph("small warning", SMALL, &format!("! {caveat}"));
        }
        // A page shows the notes of all its figures once.
        for note in table.notes.iter().filter(|_| !look.is_in_page) {
            canvas.paragraph("quiet", SMALL, note);
        }
        for note in &look.notes {
            canvas.paragraph("small", SMALL, note);
        }
        canvas.top += 6.0;
        canvas
    }

    /// Creates a sheet of the same size without words, to be laid over or beside the first.
    pub(super) fn untitled(table: &Table, look: &Look, top: f64) -> Self {
        Self {
            svg: Svg::default(),
            width: f64::from(look.width),
            top,
            name_above: 10.0,
            has_grid: true,
            kind: table.kind,
            place: look.place,
        }
    }

    /// Returns the right edge of the drawing.
    pub(super) fn right(&self) -> f64 {
        self.width - MARGIN
    }

    /// Returns an identifier that is unique among all figures of a page, in all widths.
    pub(super) fn id(&self, name: &str) -> String {
        match self.place {
            0 => format!("{}-{}-{name}", self.kind.name(), self.width),
            place => format!("{}-{}-{}-{name}", self.kind.name(), self.width, place + 1),
        }
    }

    /// Draws words over the whole width, in as many lines as needed.
    pub(super) fn paragraph(&mut self, class: &str, size: f64, words: &str) {
        for line in wrapped(words, self.width - 2.0 * MARGIN, size) {
            self.top += size;
            self.svg
                .words((MARGIN, self.top), class, Anchor::Start, &line);
            self.top += (size * 0.4).round();
        }
    }

    /// Draws a legend: samples side by side, each drawn by `sample` at a place of 24 by 14.
    pub(super) fn legend<T: Copy>(
        &mut self,
        entries: &[(T, &str)],
        mut sample: impl FnMut(&mut Svg, T, (f64, f64)),
    ) {
        let mut left = MARGIN;
        for (what, words) in entries {
            let width = 30.0 + width_of(words, SMALL) + 12.0;
            if left > MARGIN && left + width > self.right() {
                left = MARGIN;
                self.top += 20.0;
            }
            sample(&mut self.svg, *what, (left, self.top));
            let place = (left + 30.0, self.top + 11.0);
            self.svg.words(place, "small", Anchor::Start, words);
            left += width;
        }
        self.top += 24.0;
    }

    /// Draws the horizontal axis, with its grid lines through the plot that begins at `from`, and its name
    /// beneath.
    pub(super) fn across(&mut self, scale: &Scale, (from, to): (f64, f64), name: &str) {
        let most = ((scale.to - scale.from) / 55.0) as usize;
        self.across_at(&scale.ticks(most), scale, (from, to), name);
    }

    /// Draws the same axis with these values labelled, as far as there is room.
    pub(super) fn across_at(
        &mut self,
        ticks: &[(f64, String)],
        scale: &Scale,
        (from, to): (f64, f64),
        name: &str,
    ) {
        let mut free = f64::NEG_INFINITY;
        for (value, label) in ticks {
            let (x, half) = (scale.at(*value), width_of(label, SMALL) / 2.0);
            if self.has_grid {
                rule(&mut self.svg, "grid", (x, from), (x, to));
            }
            let middle = x.min(self.width - half - 2.0);
            if middle - half < free {
                continue;
            }
            free = middle + half + 4.0;
            let place = (middle, to + SMALL + 4.0);
            self.svg.words(place, "quiet", Anchor::Middle, label);
        }
        rule(&mut self.svg, "axis", (scale.from, to), (scale.to, to));
        // If the plot is narrower than the name of its axis, the name extends to the edge.
        let end = scale.to.max(MARGIN + width_of(name, SMALL));
        let place = (end.min(self.right()), to + 2.0 * SMALL + 10.0);
        self.svg.words(place, "quiet", Anchor::End, name);
        self.top = place.1 + 8.0;
    }

    /// Draws the vertical axis, with its name above it.
    pub(super) fn up(&mut self, scale: &Scale, (from, to): (f64, f64), name: &str) {
        let most = ((scale.from - scale.to) / 40.0) as usize;
        self.up_at(&scale.ticks(most), scale, (from, to), name);
    }

    /// Draws the same axis with these values labelled.
    pub(super) fn up_at(
        &mut self,
        ticks: &[(f64, String)],
        scale: &Scale,
        (from, to): (f64, f64),
        name: &str,
    ) {
        for (value, label) in ticks {
            let y = scale.at(*value);
            if self.has_grid {
                rule(&mut self.svg, "grid", (from, y), (to, y));
            }
            let place = (from - 6.0, y + 4.0);
            self.svg.words(place, "quiet", Anchor::End, label);
        }
        rule(&mut self.svg, "axis", (from, scale.from), (from, scale.to));
        let place = (MARGIN, scale.to - self.name_above);
        let name = fitted(name, self.width - 2.0 * MARGIN, SMALL);
        if !name.is_empty() {
            self.svg.words(place, "quiet", Anchor::Start, &name);
        }
    }

    /// Draws the provenance at the bottom and returns the document.
    pub(super) fn finish(mut self, table: &Table, look: &Look) -> String {
        for line in &table.provenance {
            self.paragraph("quiet", SMALL, line);
        }
        let (title, description) = (self.id("t"), self.id("d"));
        let height = (self.top + MARGIN - 6.0).ceil();
        let mut svg = Svg::default();
        let view = format!("0 0 {} {}", Px(self.width), Px(height));
        let labelled = format!("{title} {description}");
        let attributes: [(&str, &dyn Display); 6] = [
            ("xmlns", &"http://www.w3.org/2000/svg"),
            ("width", &Px(self.width)),
            ("height", &Px(height)),
            ("viewBox", &view),
            ("role", &"img"),
            ("aria-labelledby", &labelled),
        ];
        svg.open("svg", &attributes);
        let claim = shortened(&table.title, 100);
        svg.element("title", &[("id", &title)], &claim);
        svg.element("desc", &[("id", &description)], &described(table));
        svg.element("metadata", &[], &metadata(table));
        if !look.is_in_page {
            svg.element(
                "style",
                &[],
                &style::sheet(look.theme, |class| self.svg.uses(class)),
            );
        }
        let ground: [(&str, &dyn Display); 3] = [
            ("class", &"ground"),
            ("width", &"100%"),
            ("height", &"100%"),
        ];
        svg.leaf("rect", &ground);
        svg.append(&self.svg);
        svg.close("svg");
        svg.finish()
    }
}

/// Returns the provenance for programs: JSON with the fingerprint of the data.
fn metadata(table: &Table) -> String {
    let data = format!("{:x}", Sha256::digest(table.to_csv()));
    serde_json::json!({
        "figure": table.kind.name(),
        "data_sha256": data,
        "played": table.provenance,
    })
    .to_string()
}

/// Describes the figure for screen readers.
fn described(table: &Table) -> String {
    let says = |row: &&Row| !row.label.is_empty();
    let labels = table.rows.iter().filter(says).map(|row| {
        let is_named = !row.panel.is_empty() || row.label.contains(&row.series);
        if is_named {
            row.label.clone()
        } else {
            row.tooltip()
        }
    });
    let labels: Vec<String> = labels.collect();
    let labels: Vec<&str> = super::table::distinct(labels.iter().map(String::as_str))
        .into_iter()
        .take(8)
        .collect();
    let text = format!("{}. {}", table.kind.description(), labels.join("; "));
    shortened(&text, 400)
}

/// Draws a straight line.
pub(super) fn rule(svg: &mut Svg, class: &str, from: (f64, f64), to: (f64, f64)) {
    let attributes: [(&str, &dyn Display); 5] = [
        ("class", &class),
        ("x1", &Px(from.0)),
        ("y1", &Px(from.1)),
        ("x2", &Px(to.0)),
        ("y2", &Px(to.1)),
    ];
    svg.leaf("line", &attributes);
}

/// Draws a rectangle between two corners.
pub(super) fn rect(
    svg: &mut Svg,
    class: &str,
    (left, top): (f64, f64),
    (width, height): (f64, f64),
) {
    let attributes: [(&str, &dyn Display); 5] = [
        ("class", &class),
        ("x", &Px(left)),
        ("y", &Px(top)),
        ("width", &Px(width)),
        ("height", &Px(height)),
    ];
    svg.leaf("rect", &attributes);
}

/// Returns the approximate width of words, rather too large.
pub(super) fn width_of(words: &str, size: f64) -> f64 {
    words.chars().count() as f64 * size * LETTER
}

/// Cuts words to this width; an ellipsis marks the cut.
pub(super) fn fitted(words: &str, width: f64, size: f64) -> String {
    shortened(words, (width / (size * LETTER)).max(1.0) as usize)
}

fn shortened(words: &str, most: usize) -> String {
    if words.chars().count() <= most {
        return words.to_owned();
    }
    let kept: String = words.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", without_half_a_number(&kept).trim_end())
}

/// Removes a number that was cut, since its rest would be another number.
fn without_half_a_number(kept: &str) -> &str {
    let last = kept.rsplit(' ').next().unwrap_or_default();
    if last.contains(|letter: char| letter.is_ascii_digit()) && last.len() < kept.len() {
        &kept[..kept.len() - last.len()]
    } else {
        kept
    }
}

/// Non-breaking space.
const HOLD: char = '\u{A0}';

/// Joins words that stay on one line: a number and its unit.
pub(super) fn unbroken(words: &str) -> String {
    words.replace(' ', &HOLD.to_string())
}

/// Returns the lines of a text, at most this wide, and at most four.
fn wrapped(words: &str, width: f64, size: f64) -> Vec<String> {
    let most = (width / (size * LETTER)).max(8.0) as usize;
    let mut lines = vec![String::new()];
    let ends = |letter: char| letter.is_whitespace() && letter != HOLD;
    for word in words.split(ends).filter(|word| !word.is_empty()) {
        let word = shortened(&word.replace(HOLD, " "), most);
        let line = lines.last_mut().expect("there is one");
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > most {
            if lines.len() == MOST_LINES {
                let last = lines.pop().expect("there are four");
                lines.push(shortened(&(last + " …"), most));
                return lines;
            }
            lines.push(word);
        } else {
            if length > 0 {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::TEXT;

    #[test]
    fn long_words_are_wrapped_and_what_is_too_much_is_left_out() {
        let lines = wrapped(&"twelve of them ".repeat(900), 360.0, TEXT);
        assert_eq!(lines.len(), MOST_LINES);
        assert!(
            lines.iter().all(|line| width_of(line, TEXT) <= 360.0),
            "{lines:?}"
        );
        assert!(lines[3].ends_with('…'));
        assert_eq!(wrapped(&"x".repeat(10_000), 360.0, TEXT).len(), 1);
    }
}
