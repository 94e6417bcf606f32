//! The last lines: the caption, what the glyphs mean, what the keys do.

use super::canvas::{Canvas, cut, plain, quiet, strong, width_of, wrap};
use crate::palette::Meaning;
use crate::tui::keys::{BINDINGS, Binding};
use crate::tui::state::State;

/// What there is to see, in one or two sentences; a doubt about the run comes before the second.
pub(super) fn draw_caption(canvas: &mut Canvas<'_>, state: &State) {
    let picture = &state.shown().picture;
    let mut sentences = state.caption();
    if let Some(doubt) = &picture.doubt {
        sentences.truncate(1);
        sentences.push(format!("{}: {doubt}", picture.trust));
    }
    let width = canvas.width().saturating_sub(2);
    let lines: Vec<String> = if sentences.iter().all(|sentence| width_of(sentence) <= width) {
        sentences
    } else {
        wrap(&sentences.join(" "), width)
    };
    for (y, line) in (0..canvas.height()).zip(lines) {
        canvas.write(1, y, &line, if y == 0 { strong() } else { plain() });
    }
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
        "space" if state.is_frozen() => Binding {
            short: "go on",
            ..*binding
        },
        _ => *binding,
    });
    let pairs: Vec<(&str, &str)> = keys.map(|binding| (binding.key, binding.short)).collect();
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
