//! Canvas: a part of the screen to write on, and the styles of meanings.
//!
//! Positions count from the corner of the part, and text that does not fit is cut off: no view needs the
//! size of the terminal, and none can write outside of it.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::Span;

use super::mark::{Mark, Target};
use crate::number::Number;
use concsim_model::palette::{Colours, Glyphs, Look, Meaning, Rgb, Room, Side};

/// Rectangle of the screen.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    look: Look,
    /// Marks of the cells that have a meaning, if they are collected.
    marks: Option<&'a mut Vec<Mark>>,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(buffer: &'a mut Buffer, area: Rect, look: Look) -> Self {
        let area = area.intersection(buffer.area);
        Self {
            buffer,
            area,
            look,
            marks: None,
        }
    }

    /// Returns the canvas with `marks` as the list in which it marks its cells.
    pub(super) fn marking(mut self, marks: &'a mut Vec<Mark>) -> Self {
        self.marks = Some(marks);
        self
    }

    pub(super) fn width(&self) -> u16 {
        self.area.width
    }

    pub(super) fn height(&self) -> u16 {
        self.area.height
    }

    pub(super) fn look(&self) -> Look {
        self.look
    }

    /// Returns the part of this one at (`x`, `y`), of the given size or as large as there is room.
    pub(super) fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Canvas<'_> {
        let wanted = Rect {
            x: self.area.x.saturating_add(x),
            y: self.area.y.saturating_add(y),
            width,
            height,
        };
        let area = wanted.intersection(self.area);
        // An empty intersection has no position of its own; keep it inside.
        let area = if area.is_empty() {
            Rect::new(self.area.x, self.area.y, 0, 0)
        } else {
            area
        };
        Canvas {
            buffer: self.buffer,
            area,
            look: self.look,
            marks: self.marks.as_deref_mut(),
        }
    }

    /// Returns everything but a margin of `columns` at both sides and `lines` above and below.
    pub(super) fn inside(&mut self, columns: u16, lines: u16) -> Canvas<'_> {
        let width = self.area.width.saturating_sub(2 * columns);
        let height = self.area.height.saturating_sub(2 * lines);
        self.part(columns, lines, width, height)
    }

    /// Writes `text` at (`x`, `y`); returns the column behind it.
    pub(super) fn write(&mut self, x: u16, y: u16, text: &str, style: Style) -> u16 {
        if x >= self.area.width || y >= self.area.height {
            return x.saturating_add(width_of(text));
        }
        let room = usize::from(self.area.width - x);
        let (column, line) = (self.area.x + x, self.area.y + y);
        let (behind, _) = self.buffer.set_stringn(column, line, text, room, style);
        behind - self.area.x
    }

    /// Writes `text` so that it ends just before column `end`.
    pub(super) fn write_before(&mut self, end: u16, y: u16, text: &str, style: Style) {
        self.write(end.saturating_sub(width_of(text)), y, text, style);
    }

    /// Writes a number, as [`Self::write`] does, and marks its cells.
    pub(super) fn number(
        &mut self,
        x: u16,
        y: u16,
        text: &str,
        style: Style,
        number: Number,
    ) -> u16 {
        self.mark((x, y), (width_of(text), 1), Target::Number(number));
        self.write(x, y, text, style)
    }

    /// Writes a number, as [`Self::write_before`] does, and marks its cells.
    pub(super) fn number_before(
        &mut self,
        end: u16,
        y: u16,
        text: &str,
        style: Style,
        number: Number,
    ) {
        self.number(end.saturating_sub(width_of(text)), y, text, style, number);
    }

    /// Marks the cells at (`x`, `y`), of a width in columns and a height in lines.
    pub(super) fn mark(&mut self, (x, y): (u16, u16), (width, height): (u16, u16), target: Target) {
        let area = self.part(x, y, width, height).area;
        if let Some(marks) = self.marks.as_deref_mut().filter(|_| !area.is_empty()) {
            marks.push(Mark { area, target });
        }
    }

    /// Adds a style to the cells already drawn.
    pub(super) fn patch(&mut self, style: Style) {
        self.buffer.set_style(self.area, style);
    }

    /// Returns the text of the first line without the blanks around it.
    pub(super) fn text(&self) -> String {
        let y = self.area.top();
        let cells = (self.area.left()..self.area.right()).map(|x| self.buffer[(x, y)].symbol());
        cells.collect::<String>().trim().to_owned()
    }

    /// Writes `count` glyphs of `meaning`; returns the column behind them.
    pub(super) fn glyphs(&mut self, x: u16, y: u16, meaning: Meaning, count: u64) -> u16 {
        let (glyph, style) = (self.look.glyph(meaning), self.style(meaning));
        let room = self.width().saturating_sub(x);
        let behind = x + count.min(u64::from(room)) as u16;
        // Cell by cell: each glyph is one column wide, and measuring a text takes longer.
        for x in x..behind {
            self.cell(x, y, glyph, style);
        }
        behind
    }

    /// Writes a character that is one column wide.
    pub(super) fn cell(&mut self, x: u16, y: u16, glyph: char, style: Style) {
        if x < self.area.width && y < self.area.height {
            let cell = &mut self.buffer[(self.area.x + x, self.area.y + y)];
            cell.set_char(glyph).set_style(style);
        }
    }

    /// Writes one request in the last line of a row that touches the next row.
    pub(super) fn foot(&mut self, x: u16, y: u16, meaning: Meaning) {
        let (foot, style) = (self.look.foot(meaning), self.style(meaning));
        self.cell(x, y, foot, style);
    }

    /// Writes the mark of a request that ran for a part of one column.
    pub(super) fn partial_column(&mut self, x: u16, y: u16, side: Side) {
        let (sliver, style) = (self.look.partial_column(side), self.style(Meaning::Running));
        self.cell(x, y, sliver, style);
    }

    /// Fills a share of one column in the colour of `meaning`; returns the column behind it.
    pub(super) fn level(&mut self, x: u16, y: u16, meaning: Meaning, share: f64) -> u16 {
        let (level, style) = (self.look.level(share), self.style(meaning));
        self.cell(x, y, level, style);
        x.saturating_add(1)
    }

    /// Clears all cells of the part.
    pub(super) fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                self.buffer[(x, y)].reset();
            }
        }
    }

    /// Returns the style of a meaning, without a background.
    pub(super) fn style(&self, meaning: Meaning) -> Style {
        let weight = match self.look.room {
            Room::Desk => plain(),
            Room::Projector => strong(),
        };
        let colour = meaning.colour(self.look.ground());
        match self.look.colours {
            Colours::Sixteen => weight.fg(Color::Indexed(meaning.ansi())),
            Colours::None | Colours::Many | Colours::All => match on_screen(colour, self.look) {
                Some(colour) => weight.fg(colour),
                None => weight,
            },
        }
    }
}

/// Returns a colour of the palette as this terminal can show it. [`None`] with 16 colours or fewer: a
/// terminal does not report which of its 16 colours is nearest.
pub(super) fn on_screen(colour: Rgb, look: Look) -> Option<Color> {
    match look.colours {
        Colours::None | Colours::Sixteen => None,
        Colours::Many => Some(Color::Indexed(colour.xterm256())),
        Colours::All => Some(Color::Rgb(colour.0, colour.1, colour.2)),
    }
}

/// Returns the style of ordinary text.
pub(super) fn plain() -> Style {
    Style::new()
}

/// Returns the style of the most important text.
pub(super) fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// Returns the style of secondary text.
pub(super) fn quiet() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

/// Returns the width of `text` in columns.
pub(super) fn width_of(text: &str) -> u16 {
    u16::try_from(Span::raw(text).width()).unwrap_or(u16::MAX)
}

/// Returns a bar of `share` of `room` columns, to half a column; it is visible if `share` is above 0.
pub(super) fn bar(share: f64, room: u16, glyphs: Glyphs) -> String {
    let halves = (share * 2.0 * f64::from(room)).ceil() as usize;
    match glyphs {
        Glyphs::Ascii => "=".repeat(halves.div_ceil(2)),
        Glyphs::Unicode => {
            let half = if halves.is_multiple_of(2) { "" } else { "╸" };
            format!("{}{half}", "━".repeat(halves / 2))
        }
    }
}

/// Returns as much of `text` as fits into `width` columns, with `…` if anything is missing.
pub(super) fn cut(text: &str, width: u16) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width_of(&kept) >= width {
            kept.pop();
            break;
        }
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// Cuts a name of more than `width` columns in its middle: names of variants often begin alike.
pub(super) fn cut_in_the_middle(name: &str, width: u16) -> String {
    let letters: Vec<char> = name.chars().collect();
    let left = usize::from(width.saturating_sub(1));
    // Wide letters take two columns.
    let is_narrow = usize::from(width_of(name)) == letters.len();
    if letters.len() <= usize::from(width) || !is_narrow || width < 3 {
        return cut(name, width);
    }
    let begin: String = letters[..left / 2].iter().collect();
    let end: String = letters[letters.len() - left.div_ceil(2)..].iter().collect();
    format!("{begin}…{end}")
}

/// Breaks `text` between words into lines of at most `width` columns; an empty line stays one.
pub(super) fn wrap(text: &str, width: u16) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split("\n\n") {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && width_of(&line) + 1 + width_of(word) > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_text_is_marked() {
        for (width, text) in [
            (0, ""),
            (1, "…"),
            (5, "Wait…"),
            (7, "Waiting"),
            (9, "Waiting"),
        ] {
            assert_eq!(cut("Waiting", width), text);
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one\ntwo\n\nthree", 7), ["one two", "", "three"]);
    }

    #[test]
    fn nothing_is_written_outside_of_a_part() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 2));
        let mut canvas = Canvas::new(&mut buffer, Rect::new(0, 0, 50, 50), Look::default());
        canvas.part(2, 0, 3, 1).write(1, 0, "abcdef", plain());
        canvas.part(5, 7, 9, 9).write(0, 0, "x", plain());
        canvas.part(0, 0, 3, 1).write(0, 1, "y", plain());
        assert_eq!(buffer, Buffer::with_lines(["   ab ", "      "]));
    }

    #[test]
    fn long_names_that_begin_alike_keep_their_ends() {
        for (width, right) in [
            (10, "with_yield"),
            (9, "with…ield"),
            (8, "wit…ield"),
            (2, "w…"),
        ] {
            assert_eq!(cut_in_the_middle("with_yield", width), right);
        }
    }
}
