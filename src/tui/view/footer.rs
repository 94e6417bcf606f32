//! The last lines: the caption, what the glyphs mean, what the keys do.

use super::canvas::{Canvas, cut, plain, quiet, strong, width_of, wrap};
use crate::palette::Meaning;
use crate::tui::keys::{BINDINGS, Binding};
use crate::tui::pane::Pane;
use crate::tui::state::State;

/// What there is to see, in one or two sentences. What has to be known besides gets the last line.
pub(super) fn draw_caption(canvas: &mut Canvas<'_>, state: &State) {
    let width = canvas.width().saturating_sub(2);
    let note = state.note();
    let room = usize::from(canvas.height()).saturating_sub(usize::from(note.is_some()));
    let lines = fold(state.caption(), room, width)
        .into_iter()
        .map(|line| (line, strong()));
    let note = note.map(|note| (cut(&note, width), plain()));
    for (y, (line, style)) in (0..canvas.height()).zip(lines.chain(note)) {
        canvas.write(1, y, &line, style);
    }
}

/// Sentences in at most `room` lines: a line for each, or all in one, or as many as fit.
fn fold(sentences: &[String], room: usize, width: u16) -> Vec<String> {
    let is_short = |sentence: &String| width_of(sentence) <= width;
    let joined = sentences.join(" ");
    let one_line_each = sentences.len() <= room || !is_short(&joined);
    let mut lines = if one_line_each && sentences.iter().all(is_short) {
        sentences.to_vec()
    } else {
        wrap(&joined, width)
    };
    lines.truncate(room.max(1));
    lines
}

/// The glyphs, each with its word.
pub(super) fn draw_legend(canvas: &mut Canvas<'_>) {
    let mut x = 1;
    for meaning in Meaning::ALL {
        let behind = canvas.glyphs(x, 0, meaning, 1);
        x = canvas.write(behind + 1, 0, meaning.word(), quiet()) + 2;
    }
    let cores = "[A] core with worker A";
    if x + width_of(cores) < canvas.width() {
        canvas.write(x, 0, cores, quiet());
    }
}

/// The keys of play.
pub(super) fn draw_keys(canvas: &mut Canvas<'_>, state: &State) {
    let keys = BINDINGS.iter().map(|binding| match binding.key {
        "space" if state.is_paused() => Binding {
            short: "go on",
            ..*binding
        },
        // One line holds no more keys.
        "← →" if state.pane == Pane::Lanes => Binding {
            key: "z x",
            short: "zoom",
            ..*binding
        },
        _ => *binding,
    });
    let keys = keys.filter(|binding| !binding.short.is_empty());
    let back = state.has_card().then_some(("Esc", "result"));
    let pairs = keys.map(|binding| (binding.key, binding.short));
    let pairs: Vec<(&str, &str)> = back.into_iter().chain(pairs).collect();
    draw_pairs(canvas, &pairs);
}

/// Any keys, with what they do.
pub(super) fn draw_pairs(canvas: &mut Canvas<'_>, keys: &[(&str, &str)]) {
    let mut x = 1;
    for (key, short) in keys {
        x = canvas.write(x, 0, &cut(key, canvas.width()), strong());
        x = canvas.write(x + 1, 0, short, quiet()) + 3;
    }
}
