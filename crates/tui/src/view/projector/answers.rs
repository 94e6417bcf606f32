//! Answers per second in projector mode, and their ratio to the variant before.

use super::rows::glyphs_at;
use crate::state::State;
use crate::view::canvas::{Canvas, cut, strong, width_of};
use crate::view::digits::{self, Size};
use crate::view::variant_row::{are_comparable, row_at};
use concsim_engine::telemetry::Stage;
use concsim_model::words::{mean_rate, times};
use concsim_record::comparable::Contrast;
use concsim_record::trust::Trust;

/// Label before the number.
const NAME: &str = "ANSWERS/S";
/// Columns between the numbers.
const GAP: u16 = 3;
/// Least length of a name that is cut.
const SHORTEST_NAME: u16 = 4;

/// Draws the answers in the lines that their digits take.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State, size: Size) {
    let rate = match state.shown().picture.stage {
        Stage::Preparing => "–".to_owned(),
        Stage::WarmUp | Stage::Counting | Stage::Draining | Stage::Done => rate_now(state),
    };
    let ratio = ratio(state);
    let behind = canvas.write(1, 0, NAME, strong());
    let base = match state.shown().rows[state.shown().variant] {
        Some(_) => "window".to_owned(),
        None => state.shown().picture.mean_of.few_words(),
    };
    match size {
        Size::Plain => {
            let behind = canvas.write(behind + 2, 0, &rate, strong());
            let behind = canvas.write(behind + 1, 0, &base, strong());
            if let Some(PreviousVariant {
                name,
                base,
                rate,
                times,
            }) = ratio
            {
                let text = format!("{times}   {name} {base}: {rate}");
                canvas.write(behind + 4, 0, &text, strong());
            }
        }
        Size::Big | Size::Huge(_) => {
            let at = glyphs_at(canvas.width());
            canvas.write(1, 1, &base, strong());
            draw_large(canvas, at, &rate, size);
            if let Some(compared) = ratio {
                let behind = at + digits::columns(&rate, size) as u16;
                draw_compared(canvas, behind, &compared, size);
            }
        }
    }
}

/// Draws the number compared with, in digits of the same size, and the ratio. If both do not fit, the ratio
/// is a word below the name.
fn draw_compared(canvas: &mut Canvas<'_>, from: u16, compared: &PreviousVariant, size: Size) {
    let end = canvas.width().saturating_sub(1);
    let [before, times] =
        [&compared.rate, &compared.times].map(|it| digits::columns(it, size) as u16);
    let name_at = from + GAP;
    let room = end.saturating_sub(name_at + 1 + before + GAP + times);
    let (name, fits) = match room {
        0..SHORTEST_NAME => {
            let room = end.saturating_sub(name_at + 1 + before);
            (cut(&compared.name, room), false)
        }
        room => (cut(&compared.name, room), true),
    };
    let below = size.lines().saturating_sub(1);
    let base_end = canvas.write(name_at, 1, compared.base, strong());
    let name_end = canvas.write(name_at, 0, &name, strong()).max(base_end);
    let words = if fits { 0 } else { width_of(&compared.times) };
    draw_large(
        canvas,
        name_end.max(name_at + words) + 1,
        &compared.rate,
        size,
    );
    if fits {
        draw_large(canvas, end - times, &compared.times, size);
    } else {
        canvas.write(name_at, below, &compared.times, strong());
    }
}

fn draw_large(canvas: &mut Canvas<'_>, x: u16, number: &str, size: Size) {
    let glyphs = canvas.look().glyphs;
    for (y, line) in (0..).zip(digits::lines(number, size, glyphs)) {
        canvas.write(x, y, &line, strong());
    }
}

/// Returns the answers per second of the last second, or of the whole window after its end.
fn rate_now(state: &State) -> String {
    let show = state.shown();
    let played = show.rows[show.variant].and_then(|row| row.throughput_per_s);
    mean_rate(played.unwrap_or(show.picture.mean.throughput))
}

/// Variant before, to compare with.
struct PreviousVariant {
    name: String,
    /// Time base: its window, or the same second of it.
    base: &'static str,
    /// Answers per second.
    rate: String,
    /// Ratio of the current number to it, `× 30`.
    times: String,
}

/// Compares numbers of the same time base: both windows or, while this variant goes on, the same second of
/// both. `None` if there is no number to compare with, or it proves nothing.
fn ratio(state: &State) -> Option<PreviousVariant> {
    let variant = state.shown().variant;
    let before = variant.checked_sub(1)?;
    let rows = &state.shown().rows;
    if !are_comparable(state, rows, [before, variant]) {
        return None;
    }
    let rate = |variant| {
        let rate = row_at(state, variant)?.throughput_per_s;
        rate.filter(|rate| *rate > 0.0)
    };
    let is_doubted = state.shown().picture.trust == Trust::ProvesNothing;
    let now = rate(variant).filter(|_| !is_doubted)?;
    let then = rate(before)?;
    let is_over = state.shown().rows[variant].is_some();
    let then_there = state.shown().rates_then.get(before).copied().flatten();
    let same_second = then_there.filter(|rate| *rate > 0.0);
    let then = if is_over { then } else { same_second? };
    let name = &state.variants()[before].name;
    Some(PreviousVariant {
        name: name.clone(),
        base: if is_over { "window" } else { "then" },
        rate: mean_rate(then),
        times: times(Contrast::of(Some(then), Some(now))?.ratio()?),
    })
}
