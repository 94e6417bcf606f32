//! Latencies, remarks and theory in projector mode: the most important numbers in large digits, whole
//! sentences, and no small print. The evidence is shown at a desk.

use ratatui_core::style::Style;

use super::large_value::LargeValue;
use crate::number::Number;
use crate::state::State;
use crate::view::canvas::{Canvas, cut, strong, width_of, wrap};
use crate::view::remarks::second;
use crate::view::theory::waits_so_far;
use concsim_record::comparison::{ModelComparison, per_second};
use concsim_record::trust::Trust;

/// Lines of a large number, with an empty one below it.
pub(in crate::view) const NUMBER_LINES: u16 = 4;
/// Largest number of bounds, the tightest first.
const MOST_BOUNDS: usize = 3;

/// Draws a word and its number in large digits, with the unit behind it; returns the column behind them.
fn draw_number(canvas: &mut Canvas<'_>, x: u16, word: &str, value: &str, number: Number) -> u16 {
    let at = canvas.write(x, 0, word, strong()) + 1;
    LargeValue::of(value).draw(canvas, (at, 0), number)
}

/// Draws the percentiles beside one another, in [`NUMBER_LINES`] lines.
pub(in crate::view) fn draw_percentiles(
    canvas: &mut Canvas<'_>,
    percentiles: &[(&str, String, Number); 3],
) {
    let third = canvas.width() / 3;
    for (place, (name, long, number)) in (0..).zip(percentiles) {
        let mut part = canvas.part(place * third, 0, third, 3);
        draw_number(&mut part, 0, name, long, *number);
    }
}

/// Draws the sentences of as many remarks as there is room for, the most telling first.
pub(in crate::view) fn draw_remarks(canvas: &mut Canvas<'_>, state: &State) {
    let width = canvas.width().saturating_sub(2);
    let behind = canvas.write(1, 0, "REMARKS", strong());
    canvas.write(behind + 2, 0, &second(state), strong());
    let mut y = 2;
    for (place, remark) in state.remarks.iter().enumerate().skip(state.scrolled) {
        let lines = wrap(&remark.sentence(), width.saturating_sub(3));
        if y > 2 && y + lines.len() as u16 > canvas.height() {
            break;
        }
        canvas.write(1, y, &(place + 1).to_string(), strong());
        for line in lines {
            canvas.write(4, y, &line, strong());
            y += 1;
        }
        y += 1;
    }
    if state.remarks.is_empty() {
        canvas.write(1, 2, "No remark.", strong());
    }
}

/// Draws the computed values beside the measured ones, and the tightest bounds.
pub(in crate::view) fn draw_theory(canvas: &mut Canvas<'_>, state: &State) {
    let on = state.shown().variant;
    let Some(beside) = state.comparison(on) else {
        return;
    };
    let show = state.shown();
    let trust = show.rows[on].map_or(show.picture.trust, |row| row.trust);
    let width = canvas.width();
    let behind = canvas.write(1, 0, "ANSWERS/S", strong());
    let word = show.origin.word();
    let base = match show.rows[on] {
        Some(_) => format!("{word}: in the window"),
        None => format!("{word}: {}", show.picture.mean_of.few_words()),
    };
    canvas.write(behind + 2, 0, &base, strong());
    let mut y = 2;
    if let Some(model) = &beside.model {
        let mut part = canvas.part(1, y, width, NUMBER_LINES);
        let rates = model.throughput_per_s;
        let text = |rate: Option<f64>| rate.map_or_else(|| "–".to_owned(), per_second);
        let behind = draw_number(
            &mut part,
            0,
            "computed",
            &text(rates.computed),
            Number::Computed,
        );
        let found = rates.found.filter(|_| trust != Trust::ProvesNothing);
        draw_number(
            &mut part,
            behind + 3,
            word,
            &text(found),
            Number::AnswersPerSecond,
        );
        y += NUMBER_LINES;
    } else {
        let reason = beside.why_none.as_deref();
        let reason = reason.unwrap_or("the run has none on record");
        let sentence = format!("No closed form applies: {reason}.");
        for line in wrap(&sentence, width.saturating_sub(2)) {
            canvas.write(1, y, &line, strong());
            y += 1;
        }
        y += 1;
    }
    let end = draw_waits(canvas, state, &beside);
    for ceiling in beside.bounds.iter().take(MOST_BOUNDS) {
        if y + 2 > end {
            break;
        }
        let per_s = format!("at most {}", per_second(ceiling.per_s));
        let room = width.saturating_sub(width_of(&per_s) + 4);
        canvas.number(
            1,
            y,
            &cut(&ceiling.describe(), room),
            strong(),
            Number::Bound,
        );
        canvas.number_before(width.saturating_sub(1), y, &per_s, strong(), Number::Bound);
        let reached = ceiling.reached.filter(|_| trust != Trust::ProvesNothing);
        draw_reached(
            &mut canvas.part(1, y + 1, width.saturating_sub(2), 1),
            reached,
            strong(),
        );
        y += 3;
    }
}

/// Draws the place where requests wait, in the last lines; returns the first of these lines.
fn draw_waits(canvas: &mut Canvas<'_>, state: &State, beside: &ModelComparison) -> u16 {
    let (width, height) = (canvas.width(), canvas.height());
    let waits = beside.waits.map(|it| it.describe());
    let text = waits.map(|waits| format!("No bound is reached: {waits}."));
    let sentence = text.or_else(|| waits_so_far(state, state.shown().variant, beside));
    let lines = sentence.map_or_else(Vec::new, |label| wrap(&label, width.saturating_sub(2)));
    let first = height.saturating_sub(lines.len() as u16);
    for (y, line) in (first..height).zip(&lines) {
        canvas.write(1, y, line, strong());
    }
    first
}

/// Draws a bar as wide as the screen, and its share of the bound.
fn draw_reached(canvas: &mut Canvas<'_>, reached: Option<f64>, style: Style) {
    let Some(reached) = reached else {
        canvas.number(0, 0, "–", style, Number::Reached);
        return;
    };
    let share = format!("{} %", concsim_model::words::digits(reached * 100.0));
    let room = canvas.width().saturating_sub(width_of(&share) + 1);
    let filled = (reached.min(1.0) * f64::from(room)).ceil() as u16;
    let block = canvas.look().level(1.0);
    for x in 0..filled {
        canvas.cell(x, 0, block, style);
    }
    let end = canvas.width();
    canvas.number_before(end, 0, &share, style, Number::Reached);
}
