//! What it is all good for: the answers, and how many times as many as the variant before gave.

use super::rows::glyphs_at;
use crate::recording::trust::Trust;
use crate::telemetry::Stage;
use crate::tui::row::Row;
use crate::tui::state::State;
use crate::tui::view::canvas::{Canvas, cut, strong};
use crate::tui::view::digits::{self, Size};
use crate::tui::view::variants::row_at;
use crate::words::{mean, times};

/// What stands before the number.
const NAME: &str = "ANSWERS/S";

/// Draws them in the lines that their digits take.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, size: Size) {
    let rate = match state.shown().picture.stage {
        Stage::Preparing => "–".to_owned(),
        Stage::WarmUp | Stage::Counting | Stage::Draining | Stage::Done => rate_now(state),
    };
    let ratio = ratio(state);
    let behind = canvas.write(1, 0, NAME, strong());
    match size {
        Size::Plain => {
            let behind = canvas.write(behind + 2, 0, &rate, strong());
            if let Some((times, before)) = ratio {
                canvas.write(behind + 4, 0, &format!("{times}   {before}"), strong());
            }
        }
        Size::Big | Size::Huge(_) => {
            let at = glyphs_at(canvas.width());
            draw_large(canvas, at, &rate, size);
            if let Some((times, before)) = ratio {
                let from = canvas.width() / 2 + 5;
                draw_large(canvas, from, &times, size);
                let below = size.lines().saturating_sub(1);
                canvas.write(1, below, &cut(&before, at.saturating_sub(2)), strong());
            }
        }
    }
}

fn draw_large(canvas: &mut Canvas<'_>, x: u16, number: &str, size: Size) {
    let glyphs = canvas.look().glyphs;
    for (y, line) in (0..).zip(digits::lines(number, size, glyphs)) {
        canvas.write(x, y, &line, strong());
    }
}

/// Of the last second, or of the whole window once it is over.
fn rate_now(state: &State) -> String {
    let show = state.shown();
    let played = show.rows[show.variant].and_then(|row| row.throughput_per_s);
    mean(played.unwrap_or(show.picture.mean.throughput))
}

/// `× 30`, and of whom; `None` where there is nothing to compare, or nothing that may be.
fn ratio(state: &State) -> Option<(String, String)> {
    let variant = state.shown().variant;
    let before = variant.checked_sub(1)?;
    let may_be_told = |row: &Row| row.trust != Trust::ProvesNothing;
    let rate = |variant| {
        let row = row_at(state, variant).filter(may_be_told)?;
        row.throughput_per_s.filter(|rate| *rate > 0.0)
    };
    let is_doubted = state.shown().picture.trust == Trust::ProvesNothing;
    let now = rate(variant).filter(|_| !is_doubted)?;
    let then = rate(before)?;
    let name = &state.variants()[before].name;
    Some((times(now / then), format!("{name}: {}", mean(then))))
}
