//! Title card in projector mode. Before every variant but the first it stays, with one sentence about the
//! change, until a key is pressed, so that the lecturer can explain it.

use ratatui_core::style::Style;

use crate::command::Command;
use crate::state::State;
use crate::view::canvas::{Canvas, plain, quiet, strong, width_of, wrap};
use crate::view::{footer, header};
use concsim_model::words::counted;

/// Lines and their style.
type Block = (Vec<String>, Style);

const RULE: &str = "━";
/// Largest width: longer lines are hard to read.
const WIDEST: u16 = 100;

/// Draws the card, in the middle of the screen.
pub(in crate::view) fn draw(canvas: &mut Canvas<'_>, state: &State) {
    let (width, height) = (canvas.width(), canvas.height());
    let room = WIDEST.min(width.saturating_sub(4));
    let x = width.saturating_sub(room) / 2;
    let keys = height.saturating_sub(1);
    let blocks = blocks(state, room, usize::from(keys));
    let top = usize::from(keys).saturating_sub(lines(&blocks)) / 2;
    let mut card = canvas.part(x, top as u16, room, keys.saturating_sub(top as u16));
    let mut y = 0;
    for (lines, style) in blocks {
        for line in lines {
            let indent = room.saturating_sub(width_of(&line)) / 2;
            card.write(indent, y, &line, style);
            y += 1;
        }
        y += 1;
    }
    let begins = if state.holds() { "space" } else { "any key" };
    let mut last = canvas.part(0, keys, width, 1);
    let behind = last.write(1, 0, begins, strong());
    let behind = last.write(behind + 1, 0, "begins", quiet());
    let commands = [
        (Command::Projector, "desk"),
        (Command::Help, "help"),
        (Command::Quit, "quit"),
    ];
    let mut rest = last.part(behind + 2, 0, width, 1);
    footer::draw_commands(&mut rest, state, &commands);
}

/// Returns the number of lines, with an empty one between each two blocks.
fn lines(blocks: &[Block]) -> usize {
    let lines: usize = blocks.iter().map(|(lines, _)| lines.len() + 1).sum();
    lines.saturating_sub(1)
}

/// Returns the parts of the card, each in its own lines: all of them with rules around the change, or as
/// many as fit, the change first. None is cut.
fn blocks(state: &State, room: u16, height: usize) -> Vec<Block> {
    let text = state.announcement();
    let line = balanced(&text.unwrap_or_else(|| first_setting(state)), room);
    let watch = format!("Watch {}.", state.watch_hint());
    let rest = [
        (balanced(state.title(), room), strong()),
        (vec![header::place(state)], strong()),
        (balanced(&watch, room), plain()),
    ];
    let rule = || vec![RULE.repeat(usize::from(room))];
    let [title, place, watch] = rest.clone();
    let framed = [rule(), line.clone(), rule()].map(|lines| (lines, strong()));
    let all: Vec<Block> = std::iter::once(title.clone())
        .chain(framed)
        .chain([place, watch.clone()])
        .collect();
    let sentence = (line, strong());
    let fewer = [
        std::iter::once(sentence.clone()).chain(rest).collect(),
        vec![sentence.clone(), title, watch.clone()],
        vec![sentence.clone(), watch],
        vec![sentence],
    ];
    let mut cards = std::iter::once(all).chain(fewer);
    let fitting = cards.find(|card| lines(card) <= height);
    fitting.unwrap_or_default()
}

/// Describes the workers and the load of the first variant: the rest of the file takes longer to read than
/// the card stays.
fn first_setting(state: &State) -> String {
    let server = &state.scenario().server;
    let worker = format!("{} worker", server.kind.word());
    let workers = counted(server.workers as u64, &worker);
    let load = state.facts().into_iter().find(|fact| fact.name == "load");
    match load {
        Some(load) => format!("{}; {workers}", load.value),
        None => workers,
    }
}

/// Breaks a text into as few lines of `room` columns as possible, all about as long.
fn balanced(text: &str, room: u16) -> Vec<String> {
    let fewest = wrap(text, room).len();
    let is_enough = |width: &u16| wrap(text, *width).len() == fewest;
    let narrowest = (room / 2..=room).find(is_enough);
    wrap(text, narrowest.unwrap_or(room))
}
