//! Size of a request in projector mode: one mark with space around it, so that the marks of a row can be
//! counted.

use crate::view::canvas::Canvas;
use concsim_model::palette::{Glyphs, Meaning};

/// Size of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Four lines high.
    Huge,
    /// Two lines high.
    Large,
    /// Glyph with a column between it and the next; every other line is offset by one column, so that no
    /// glyph touches another.
    Spaced,
    /// Glyph in each cell.
    Dense,
}

impl Shape {
    /// All sizes, the largest first.
    pub(super) const ALL: [Self; 4] = [Self::Huge, Self::Large, Self::Spaced, Self::Dense];

    /// Returns the columns and lines of a mark.
    fn size(self) -> (u16, u16) {
        match self {
            Self::Huge => (6, 4),
            Self::Large => (3, 2),
            Self::Spaced | Self::Dense => (1, 1),
        }
    }

    /// Returns the columns and lines from one mark to the next.
    fn pitch(self) -> (u16, u16) {
        match self {
            Self::Huge => (8, 5),
            Self::Large => (4, 3),
            Self::Spaced => (2, 1),
            Self::Dense => (1, 1),
        }
    }

    /// Returns the number of marks below one another in a number of lines.
    fn rows(self, lines: u16) -> u16 {
        let (gap, pitch) = (self.pitch().1 - self.size().1, self.pitch().1);
        (lines + gap) / pitch
    }

    /// Returns the number of marks that fit into a number of columns and lines.
    pub(super) fn capacity(self, columns: u16, lines: u16) -> u64 {
        let (gap, pitch) = (self.pitch().0 - self.size().0, self.pitch().0);
        let rows = self.rows(lines);
        // Offset lines need one more column.
        let columns = columns.saturating_sub(u16::from(self == Self::Spaced && rows > 1));
        u64::from((columns + gap) / pitch) * u64::from(rows)
    }

    /// Draws the `nth` mark of a row that begins at the corner of `canvas`: from top to bottom first, so
    /// that a longer row is more requests.
    pub(super) fn draw(self, canvas: &mut Canvas<'_>, nth: u64, meaning: Meaning) {
        let rows = u64::from(self.rows(canvas.height()).max(1));
        let (column, row) = (nth / rows, (nth % rows) as u16);
        let set_off = u16::from(self == Self::Spaced && row % 2 == 1);
        let x = u16::try_from(column * u64::from(self.pitch().0)).unwrap_or(u16::MAX);
        let (x, y) = (x.saturating_add(set_off), row * self.pitch().1);
        let style = canvas.style(meaning);
        let lines: &[&str] = match (self, canvas.look().glyphs) {
            (Self::Spaced | Self::Dense, _) => {
                canvas.glyphs(x, y, meaning, 1);
                return;
            }
            (Self::Large | Self::Huge, Glyphs::Ascii) => {
                // Block of the glyph in the legend.
                let (width, height) = self.size();
                for y in y..y + height {
                    canvas.glyphs(x, y, meaning, u64::from(width));
                }
                return;
            }
            (Self::Large, Glyphs::Unicode) => large(meaning),
            (Self::Huge, Glyphs::Unicode) => huge(meaning),
        };
        for (y, line) in (y..).zip(lines) {
            canvas.write(x, y, line, style);
        }
    }
}

fn large(meaning: Meaning) -> &'static [&'static str] {
    match meaning {
        Meaning::Running => &["███", "███"],
        Meaning::Ready => &["▒▒▒", "▒▒▒"],
        Meaning::Parked => &["▗▄▖", "▝▀▘"],
        Meaning::Blocked => &[" █ ", " ▄ "],
        Meaning::AtTheDoor => &["╭─╮", "╰─╯"],
        // Only lanes draw these, and never large.
        Meaning::ForThePool => &["┅┅┅", "┅┅┅"],
        Meaning::InAQueue => &["┇┇┇", "┇┇┇"],
    }
}

fn huge(meaning: Meaning) -> &'static [&'static str] {
    match meaning {
        Meaning::Running => &["██████", "██████", "██████", "██████"],
        Meaning::Ready => &["▒▒▒▒▒▒", "▒▒▒▒▒▒", "▒▒▒▒▒▒", "▒▒▒▒▒▒"],
        Meaning::Parked => &["      ", " ▄██▄ ", " ▀██▀ ", "      "],
        Meaning::Blocked => &["  ██  ", "  ██  ", "  ▀▀  ", "  ██  "],
        Meaning::AtTheDoor => &[" ▄▀▀▄ ", "█    █", "█    █", " ▀▄▄▀ "],
        Meaning::ForThePool => &["┅┅┅┅┅┅", "┅┅┅┅┅┅", "┅┅┅┅┅┅", "┅┅┅┅┅┅"],
        Meaning::InAQueue => &["┇┇┇┇┇┇", "┇┇┇┇┇┇", "┇┇┇┇┇┇", "┇┇┇┇┇┇"],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui_core::buffer::Buffer;
    use ratatui_core::layout::Rect;

    use super::*;
    use concsim_model::palette::{Look, Room};

    /// Counts the marks of a drawing: cells that touch, if only at a corner, belong to one mark.
    fn marks(buffer: &Buffer, shape: Shape) -> usize {
        let (width, height) = (buffer.area.width, buffer.area.height);
        let (columns, lines) = shape.pitch();
        let is_drawn = |x: u16, y: u16| x < width && y < height && buffer[(x, y)].symbol() != " ";
        let mut count = 0;
        for y in (0..height).step_by(usize::from(lines)) {
            let set_off = u16::from(shape == Shape::Spaced && y % 2 == 1);
            for x in (set_off..width).step_by(usize::from(columns)) {
                let (wide, high) = shape.size();
                let mut cells = (0..wide).flat_map(|dx| (0..high).map(move |dy| (x + dx, y + dy)));
                count += usize::from(cells.any(|(x, y)| is_drawn(x, y)));
            }
        }
        count
    }

    proptest! {
        #[test]
        fn as_many_marks_are_drawn_as_there_are_requests_and_none_touches_another(
            shape in prop::sample::select(Shape::ALL.to_vec()),
            (width, height) in (1_u16..120, 1_u16..12),
            share in 0.0_f64..=1.0,
            meaning in prop::sample::select(Meaning::STATES.to_vec()),
            glyphs in prop::sample::select(vec![Glyphs::Unicode, Glyphs::Ascii]),
        ) {
            let most = shape.capacity(width, height);
            let count = (most as f64 * share) as u64;
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            let look = Look { room: Room::Projector, glyphs, ..Look::default() };
            let mut canvas = Canvas::new(&mut buffer, area, look);
            for nth in 0..count {
                shape.draw(&mut canvas, nth, meaning);
            }
            prop_assert_eq!(marks(&buffer, shape) as u64, count);
            let (wide, high) = shape.size();
            let drawn = buffer.content.iter().filter(|cell| cell.symbol() != " ").count() as u64;
            prop_assert!(drawn <= count * u64::from(wide * high), "nothing outside of marks");
            if shape != Shape::Dense {
                // Gaps between columns of marks, and between rows of large ones, are empty.
                let beside = |x: u16, y: u16| {
                    let set_off = u16::from(shape == Shape::Spaced && y % 2 == 1);
                    let (columns, lines) = shape.pitch();
                    x >= set_off && ((x - set_off) % columns >= wide || y % lines >= high)
                };
                for y in 0..height {
                    for x in (0..width).filter(|x| beside(*x, y)) {
                        prop_assert_eq!(buffer[(x, y)].symbol(), " ");
                    }
                }
            }
        }
    }
}
