//! Picture in projector mode: the two numbers, the door and the workers, the answers, one sentence.
//!
//! A projector shows 80 × 24 at 24 points. Details that cannot be read from the last row are left out; the
//! rest is as large as the screen allows, and nothing on it is dim.

mod answers;
pub(super) mod compare;
mod large_value;
mod layout;
pub(super) mod requests;
mod rows;
mod shape;
pub(super) mod title;
pub(super) mod views;
pub(super) mod workers;

use super::canvas::{Canvas, strong, width_of};
use super::clauses::in_a_line;
use super::{header, numbers};
use crate::state::State;
use concsim_model::palette::Meaning;
use concsim_model::words::counted;
use concsim_record::trust::Trust;
use layout::Layout;
use rows::Kind;

/// Draws the picture.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    let layout = Layout::of(state, width, height);
    header::draw(&mut canvas.part(0, 0, width, 2), state);
    let mut y = 2 + layout.gap(0);
    let lines = numbers::lines(layout.digits);
    numbers::draw(&mut canvas.part(0, y, width, lines), state, layout.digits);
    y += lines + layout.gap(1);
    let scale = rows::scale(state, width, layout.rows);
    let lines = layout.rows.lines;
    rows::draw(
        &mut canvas.part(0, y, width, lines),
        state,
        layout.rows,
        scale,
    );
    y += lines + layout.gap(2);
    let lines = layout.answers.lines();
    answers::draw(&mut canvas.part(0, y, width, lines), state, layout.answers);
    let from_below = height.saturating_sub(2);
    draw_caption(&mut canvas.part(0, from_below, width, 1), state);
    let mut last = canvas.part(0, from_below + 1, width, 1);
    draw_legend(&mut last, layout.rows.kind, scale);
}

/// Draws the last two lines of a view: its caption, and the glyphs with their words.
pub(super) fn draw_footer(canvas: &mut Canvas<'_>, state: &State) {
    draw_caption(canvas, state);
    let width = canvas.width();
    draw_glyphs(&mut canvas.part(0, 1, width, 1));
}

/// Draws the caption in one line: a doubt about the run comes before everything else.
fn draw_caption(canvas: &mut Canvas<'_>, state: &State) {
    let width = canvas.width().saturating_sub(2);
    canvas.write(1, 0, &in_a_line(&caption(state, width), width), strong());
}

fn caption(state: &State, width: u16) -> String {
    let show = state.shown();
    if let Some(text) = state.key_message() {
        return text;
    }
    if let Some(caption) = &show.intervention_caption {
        return caption.clone();
    }
    if let Some(note) = state.note().filter(|_| show.picture.trust != Trust::Ok) {
        return note;
    }
    let all = show.caption.join(" ");
    if width_of(&all) <= width {
        return all;
    }
    show.caption.first().cloned().unwrap_or_default()
}

/// Draws the glyphs with their words; returns the column behind them.
fn draw_glyphs(canvas: &mut Canvas<'_>) -> u16 {
    let mut x = 1;
    for meaning in Meaning::STATES {
        let behind = canvas.glyphs(x, 0, meaning, 1);
        x = canvas.write(behind + 1, 0, meaning.glyph_word(), strong()) + 2;
    }
    x
}

/// Draws the glyphs with their words, and the number of requests for each glyph.
fn draw_legend(canvas: &mut Canvas<'_>, kind: Kind, scale: rows::Scale) {
    let x = draw_glyphs(canvas);
    let requests = counted(scale.requests, "request");
    let text = match kind {
        Kind::Each => format!("a mark: {requests}"),
        Kind::Strip => "a mark: a process".to_owned(),
    };
    if x + 1 + width_of(&text) < canvas.width() {
        canvas.write_before(canvas.width() - 1, 0, &text, strong());
    }
}
