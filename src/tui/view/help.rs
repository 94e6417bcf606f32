//! The help: keys, and the words and glyphs of the screen.

use super::canvas::{Canvas, cut, plain, quiet, strong};
use crate::palette::Meaning;
use crate::tui::keys::BINDINGS;

const WIDTH: u16 = 70;

/// What the words mean, as the manual has them.
const WORDS: [(&str, &str); 3] = [
    ("CONCURRENCY", "requests begun and not finished"),
    ("PARALLELISM", "requests computing at the same instant"),
    (
        "wants a core",
        "a process that could run, but all cores are taken",
    ),
];

fn in_words(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Running => "on a core",
        Meaning::Ready => "could run while another one does",
        Meaning::Parked => "a coroutine that waits while its process goes on",
        Meaning::Blocked => "a process asleep in one call, able to do nothing",
        Meaning::AtTheDoor => "sent, but no worker has taken it yet",
    }
}

/// Draws the help over whatever is there.
pub(super) fn draw(canvas: &mut Canvas<'_>) {
    let lines = (BINDINGS.len() + Meaning::ALL.len() + WORDS.len()) as u16 + 8;
    let (width, height) = (WIDTH.min(canvas.width()), lines.min(canvas.height()));
    let x = (canvas.width() - width) / 2;
    let y = (canvas.height() - height) / 2;
    let mut sheet = canvas.part(x, y, width, height);
    sheet.clear();
    draw_frame(&mut sheet);
    draw_words(&mut sheet.inside(3, 1));
}

fn draw_frame(canvas: &mut Canvas<'_>) {
    let (right, bottom) = (
        canvas.width().saturating_sub(1),
        canvas.height().saturating_sub(1),
    );
    let line = "─".repeat(usize::from(canvas.width()));
    for y in [0, bottom] {
        canvas.write(0, y, &line, quiet());
    }
    for y in 0..=bottom {
        canvas.write(0, y, "│", quiet());
        canvas.write(right, y, "│", quiet());
    }
    for (x, y, corner) in [
        (0, 0, "┌"),
        (right, 0, "┐"),
        (0, bottom, "└"),
        (right, bottom, "┘"),
    ] {
        canvas.write(x, y, corner, quiet());
    }
    canvas.write(3, 0, " help ", strong());
}

fn draw_words(canvas: &mut Canvas<'_>) {
    let look = canvas.look();
    let mut y = 0;
    for binding in &BINDINGS {
        y = draw_line(canvas, y, binding.key, binding.long);
    }
    y += 1;
    for meaning in Meaning::ALL {
        canvas.write(
            0,
            y,
            &look.glyph(meaning).to_string(),
            canvas.style(meaning),
        );
        canvas.write(2, y, meaning.word(), strong());
        canvas.write(15, y, in_words(meaning), plain());
        y += 1;
    }
    y += 1;
    for (word, meaning) in WORDS {
        y = draw_line(canvas, y, word, meaning);
    }
    y += 1;
    let width = canvas.width();
    let said = "Glyphs are what is now. Digits are the mean of the last second.";
    canvas.write(0, y, &cut(said, width), plain());
    let said = "Latency counts from the instant at which a request is due.";
    canvas.write(0, y + 1, &cut(said, width), plain());
}

fn draw_line(canvas: &mut Canvas<'_>, y: u16, word: &str, meaning: &str) -> u16 {
    canvas.write(0, y, word, strong());
    canvas.write(15, y, meaning, plain());
    y + 1
}
