//! Title card before each variant: its setting, the change, and a hint at what to watch.

use ratatui_core::style::Style;

use super::canvas::{Canvas, plain, quiet, strong, width_of, wrap};
use super::{footer, header, variants};
use crate::command::Command;
use crate::state::State;

const WIDTH: u16 = 77;
/// Column at which the values of a setting begin.
const VALUES_AT: u16 = 14;
/// Column at which the hint begins.
const WATCHED_AT: u16 = 6;

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
    let lines = card(state, room, height.saturating_sub(top + 2));
    let mut part = canvas.part(x, top, room, height.saturating_sub(top + 1));
    for (y, line) in (0..).zip(&lines) {
        part.write(0, y, &line.label.0, line.label.1);
        part.write(line.x, y, &line.text, line.style);
    }
    let below = top + lines.len() as u16 + 2;
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

/// Line of the card.
struct Line {
    /// Label before its text, and its style.
    label: (String, Style),
    /// Column at which its text begins.
    x: u16,
    text: String,
    style: Style,
}

/// Amount of content that is shown.
#[derive(Clone, Copy)]
struct Share {
    /// Number of sentences of the file's text.
    sentences: usize,
    /// Number of settings, or changes.
    facts: usize,
    /// True if empty lines separate the parts.
    has_blank_lines: bool,
}

/// Returns the card for this size: as much as fits, and nothing of it cut. The claim, the variant and the
/// hint are always included; the file's text loses its last sentences first, then the setting its last
/// lines.
fn card(state: &State, width: u16, height: u16) -> Vec<Line> {
    let about = state.introduction().filter(|_| state.shown().variant == 0);
    let sentences = sentences(about.unwrap_or_default());
    let facts = facts(state);
    let with_text = (0..=sentences.len())
        .rev()
        .map(|sentences| (sentences, facts.len()));
    let without = (0..facts.len()).rev().map(|facts| (0, facts));
    let shares = with_text.chain(without).flat_map(|(sentences, facts)| {
        [true, false].map(|has_air| Share {
            sentences,
            facts,
            has_blank_lines: has_air,
        })
    });
    let mut cards = shares.map(|share| lines_of(state, width, (&sentences, &facts), share));
    let fitting = cards.find(|card| card.len() <= usize::from(height));
    fitting.unwrap_or_else(|| {
        let least = Share {
            sentences: 0,
            facts: 0,
            has_blank_lines: false,
        };
        lines_of(state, width, (&sentences, &facts), least)
    })
}

/// Splits a text into sentences.
fn sentences(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let sentences = words.split_inclusive(|word| word.ends_with(['.', '?', '!']));
    sentences.map(|words| words.join(" ")).collect()
}

fn lines_of(
    state: &State,
    width: u16,
    (sentences, facts): (&[String], &[(String, String)]),
    share: Share,
) -> Vec<Line> {
    let mut card = Card {
        width,
        has_air: share.has_blank_lines,
        lines: Vec::new(),
    };
    let none = ("", plain());
    card.add(none, 0, state.title(), strong());
    card.add_blank_line();
    if share.sentences > 0 {
        card.add(none, 0, &sentences[..share.sentences].join(" "), plain());
        card.add_blank_line();
    }
    card.add(none, 0, &header::place(state), strong());
    card.add_blank_line();
    for (name, value) in &facts[..share.facts] {
        let at = VALUES_AT.max(width_of(name) + 1);
        card.add((name, quiet()), at, value, plain());
    }
    if state.changes().is_some() {
        card.add(none, 0, rest(state, share.facts), quiet());
    }
    card.add_blank_line();
    let watched = format!("{}.", state.watch_hint());
    card.add(("Watch", strong()), WATCHED_AT, &watched, plain());
    card.lines
}

/// Card being written.
struct Card {
    width: u16,
    has_air: bool,
    lines: Vec<Line>,
}

impl Card {
    /// Adds a text behind a label, in as many lines as it takes.
    fn add(&mut self, label: (&str, Style), x: u16, text: &str, style: Style) {
        let mut label = (label.0.to_owned(), label.1);
        for text in wrap(text, self.width.saturating_sub(x)) {
            self.lines.push(Line {
                label: std::mem::take(&mut label),
                x,
                text,
                style,
            });
        }
    }

    /// Adds an empty line, if there is room for any.
    fn add_blank_line(&mut self) {
        if self.has_air {
            self.add(("", plain()), 0, "", plain());
        }
    }
}

/// Returns the note about changes that are left out, or that nothing changes.
fn rest(state: &State, shown: usize) -> &'static str {
    match state.changes().map_or(0, |changes| changes.len()) {
        0 => "No visible setting changes.",
        all if shown < all => "More settings differ: concsim check --expand lists all.",
        _ => "All other settings stay the same.",
    }
}

/// Returns the setting of the first variant, or the changes of a later one.
fn facts(state: &State) -> Vec<(String, String)> {
    // `concsim check --expand` prints the rest of a setting.
    const MOST: usize = 8;
    const LEFT_OUT: [&str; 3] = ["timeout", "backlog", "keepalive"];
    if let Some(changes) = state.changes() {
        let changes = changes.into_iter();
        return changes
            .map(|(what, from, to)| (what, format!("{from} → {to}")))
            .collect();
    }
    let facts = state.facts().into_iter();
    let shown = facts.filter(|fact| !LEFT_OUT.contains(&fact.name.as_str()));
    let shown = shown.take(MOST).map(|fact| (fact.name, fact.value));
    shown.collect()
}
