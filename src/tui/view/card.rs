//! The result of all variants: the lines that are printed on standard output too.

use super::canvas::{Canvas, plain, quiet, strong};
use super::footer;
use crate::tui::state::State;

/// Draws the card from the line scrolled to.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, lines: &[String]) {
    let (width, height) = (canvas.width(), canvas.height());
    let room = height.saturating_sub(3);
    let last_first = lines.len().saturating_sub(usize::from(room));
    let first = state.scrolled.min(last_first);
    // Its lines are up to 80 columns long: where there are no more, there is no margin.
    let margin = u16::from(width > 80);
    let mut page = canvas.part(margin, 1, width - margin, room);
    for (y, line) in (0..room).zip(lines.iter().skip(first)) {
        let is_title = y == 0 && first == 0;
        page.write(0, y, line, if is_title { strong() } else { plain() });
    }
    let mut bottom = canvas.part(0, height.saturating_sub(1), width, 1);
    if last_first > 0 {
        footer::draw_pairs(
            &mut bottom,
            &[
                ("up down", "scroll"),
                ("←", "look back"),
                ("?", "help"),
                ("q", "quit"),
            ],
        );
        let left = lines.len().saturating_sub(first + usize::from(room));
        let said = format!("{left} more below");
        if left > 0 {
            bottom.write_before(width.saturating_sub(1), 0, &said, quiet());
        }
    } else {
        footer::draw_pairs(
            &mut bottom,
            &[
                ("q", "quit; this card is printed too"),
                ("←", "look back"),
                ("?", "help"),
            ],
        );
    }
}
