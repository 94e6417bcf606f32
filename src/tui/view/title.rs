//! The card before each variant: what comes, what changes, where to look.

use super::canvas::{Canvas, plain, quiet, strong, wrap};
use super::{footer, header, variants};
use crate::tui::command::Command;
use crate::tui::state::State;

const WIDTH: u16 = 77;
/// Where the values of a setting begin.
const VALUES_AT: u16 = 14;

/// Draws the card, in the upper middle of the screen.
pub(super) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    let x = if width > WIDTH + 4 {
        (width - WIDTH) / 2
    } else {
        1
    };
    let room = WIDTH.min(width.saturating_sub(2));
    let top = match height {
        0..12 => 0,
        12..20 => 1,
        _ => height / 8,
    };
    let mut card = canvas.part(x, top, room, height.saturating_sub(top + 2));
    let below = top + draw_card(&mut card, state) + 2;
    let played = state.shown().rows.iter().any(Option::is_some);
    let lines = 1 + state.variants().len() as u16;
    if played && below + lines + 1 < height {
        // The table has a margin of its own.
        let mut table = canvas.part(x - 1, below, room + 3, lines);
        variants::draw(&mut table, state);
    }
    let mut last = canvas.part(0, height.saturating_sub(1), width, 1);
    let behind = last.write(1, 0, "any key", strong());
    let behind = last.write(behind + 1, 0, "begins", quiet());
    let commands = [(Command::Help, "help"), (Command::Quit, "quit")];
    let mut rest = last.part(behind + 2, 0, width, 1);
    footer::draw_commands(&mut rest, state, &commands);
}

/// Answers with the line behind the last one.
fn draw_card(canvas: &mut Canvas<'_>, state: &State) -> u16 {
    let width = canvas.width();
    let mut y = 0;
    for line in wrap(state.title(), width) {
        canvas.write(0, y, &line, strong());
        y += 1;
    }
    y += 1;
    let about = state
        .about()
        .filter(|_| state.shown().variant == 0 && canvas.height() > 12);
    if let Some(about) = about {
        for line in wrap(about.trim(), width) {
            canvas.write(0, y, &line, plain());
            y += 1;
        }
        y += 1;
    }
    canvas.write(0, y, &header::place(state), strong());
    y = match state.changes() {
        None => draw_setting(canvas, state, y + 2),
        Some(changes) => draw_changes(canvas, &changes, y + 2),
    };
    y += 1;
    let behind = canvas.write(0, y, "Watch ", strong());
    for line in wrap(&format!("{}.", state.watch()), width.saturating_sub(behind)) {
        canvas.write(behind, y, &line, plain());
        y += 1;
    }
    y
}

fn draw_setting(canvas: &mut Canvas<'_>, state: &State, y: u16) -> u16 {
    // The rest of a setting is for those who ask `concsim check --expand`.
    const MOST: usize = 8;
    let mut y = y;
    let facts = state.facts();
    let told = facts
        .iter()
        .filter(|fact| !["timeout", "backlog", "keepalive"].contains(&fact.name.as_str()));
    for fact in told.take(MOST) {
        y = draw_fact(canvas, y, &fact.name, &fact.value);
    }
    y
}

fn draw_changes(canvas: &mut Canvas<'_>, changes: &[(String, String, String)], y: u16) -> u16 {
    let mut y = y;
    for (what, from, to) in changes {
        y = draw_fact(canvas, y, what, &format!("{from} → {to}"));
    }
    let rest = if changes.is_empty() {
        "Nothing that shows changes."
    } else {
        "Everything else stays as it was."
    };
    canvas.write(0, y, rest, quiet());
    y + 1
}

fn draw_fact(canvas: &mut Canvas<'_>, y: u16, name: &str, value: &str) -> u16 {
    let behind = canvas.write(0, y, name, quiet());
    let x = VALUES_AT.max(behind + 1);
    let lines = wrap(value, canvas.width().saturating_sub(x));
    for (y, line) in (y..).zip(&lines) {
        canvas.write(x, y, line, plain());
    }
    y + lines.len() as u16
}
