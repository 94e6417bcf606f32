//! Menu: a line for each scenario, below it the description of the selected one, and the keys.

use ratatui_core::buffer::Buffer;

use super::canvas::{Canvas, cut, plain, quiet, strong, width_of, wrap};
use super::{ascii, ground};
use crate::menu::Menu;
use concsim_model::palette::Glyphs;

const TITLE: &str = "concsim: what is concurrent, and what is parallel?";
/// Least number of lines of the list, however long the text is.
const LEAST_LISTED: u16 = 3;
/// Largest width of the text: longer lines are hard to read.
const WIDEST_TEXT: u16 = 100;
/// Keys of the bottom line, and their actions.
const KEYS: [(&str, &str); 5] = [
    ("↑ ↓", "choose"),
    ("Enter", "play"),
    ("s", "simulate"),
    ("?", "help"),
    ("q", "quit"),
];
/// All keys, and their actions.
const HELP: [(&str, &str); 7] = [
    ("↑ ↓, k j", "choose; PgUp, PgDn, Home and End go further"),
    (
        "Enter, space",
        "play it with real processes, and watch them",
    ),
    ("s", "simulate it: the same in virtual time, on any machine"),
    ("1 to 9, 0", "play the scenario with this digit at once"),
    (
        "?",
        "open or close this help; during a run, the help lists all of its keys",
    ),
    ("q, Esc", "quit"),
    (
        "",
        "concsim --help lists the commands, concsim new writes a scenario to start from",
    ),
];
/// Column of the actions in the help.
const DOES_AT: usize = 14;

/// Draws into a buffer of any size.
pub fn draw_menu(buffer: &mut Buffer, menu: &Menu) {
    let area = buffer.area;
    draw(&mut Canvas::new(buffer, area, menu.look), menu);
    if menu.look.glyphs == Glyphs::Ascii {
        ascii::translate(buffer);
    }
    ground::paint(buffer, menu.look);
}

fn draw(canvas: &mut Canvas<'_>, menu: &Menu) {
    let (width, height) = (canvas.width(), canvas.height());
    let has_title = height > 10;
    if has_title {
        canvas.write(1, 0, &cut(TITLE, width.saturating_sub(2)), strong());
    }
    // Of 24 lines none is to spare below the title: the list has more than fit beside a text.
    let top = match (has_title, height > 24) {
        (false, _) => 0,
        (true, is_large) => 1 + u16::from(is_large),
    };
    let room = height.saturating_sub(top + 1);
    let text = text(menu, width.saturating_sub(2).min(WIDEST_TEXT));
    let listed = (menu.entries().len() as u16)
        .min(room.saturating_sub(text.len() as u16 + 1).max(LEAST_LISTED));
    draw_list(&mut canvas.part(0, top, width, listed), menu);
    let below = top + listed + 1;
    let lines = height.saturating_sub(below + 1);
    draw_text(
        &mut canvas.part(1, below, width.saturating_sub(2), lines),
        &text,
    );
    draw_keys(&mut canvas.part(0, height.saturating_sub(1), width, 1));
}

/// Draws as many lines as there is room for, the cursor's among them.
fn draw_list(canvas: &mut Canvas<'_>, menu: &Menu) {
    let (entries, room) = (menu.entries(), usize::from(canvas.height()));
    let last = entries.len().saturating_sub(room);
    let first = menu.picked().saturating_sub(room / 2).min(last);
    let name = entries
        .iter()
        .map(|it| width_of(&it.name))
        .max()
        .unwrap_or(0);
    let name = name.min(canvas.width() / 2);
    // If there is no room for a claim, there is none for a length either.
    let length_end = 4 + name + 7;
    let title_at = length_end + 2;
    for (y, (place, entry)) in (0..).zip(entries.iter().enumerate().skip(first).take(room)) {
        let is_picked = place == menu.picked();
        let style = if is_picked { strong() } else { plain() };
        canvas.write(0, y, if is_picked { "▸" } else { " " }, strong());
        if let Some(digit) = Menu::digit(place) {
            canvas.write(2, y, &digit.to_string(), quiet());
        }
        canvas.write(4, y, &cut(&entry.name, name), style);
        canvas.write_before(length_end, y, &entry.length, quiet());
        let room = canvas.width().saturating_sub(title_at + 1);
        canvas.write(title_at, y, &cut(&entry.title, room), style);
    }
}

/// Returns the claim of the selected scenario, which may be cut in the list, and the description from its
/// file.
fn text(menu: &Menu, width: u16) -> Vec<String> {
    if menu.explains() {
        return help(width);
    }
    let Some(entry) = menu.entries().get(menu.picked()) else {
        return Vec::new();
    };
    let mut text = wrap(&entry.title, width);
    if !entry.about.trim().is_empty() {
        text.extend(wrap(entry.about.trim(), width));
    }
    text
}

/// Returns a line for each key, and below it the text that does not fit beside it.
fn help(width: u16) -> Vec<String> {
    let room = width.saturating_sub(DOES_AT as u16).max(1);
    let lines = HELP.iter().flat_map(|(key, does)| {
        let heads = std::iter::once(*key).chain(std::iter::repeat(""));
        let lines = heads.zip(wrap(does, room));
        lines.map(|(head, line)| format!("{head:DOES_AT$}{line}"))
    });
    lines.collect()
}

/// Draws a text; an ellipsis in the last line marks that it is longer.
fn draw_text(canvas: &mut Canvas<'_>, text: &[String]) {
    let (width, room) = (canvas.width(), usize::from(canvas.height()));
    for (y, line) in (0..).zip(text.iter().take(room)) {
        let is_cut = usize::from(y) + 1 == room && text.len() > room;
        let line = match is_cut {
            true if width_of(line) + 2 > width => cut(line, width.saturating_sub(1)),
            true => format!("{line} …"),
            false => line.clone(),
        };
        canvas.write(0, y, &line, if y == 0 { strong() } else { plain() });
    }
}

fn draw_keys(canvas: &mut Canvas<'_>) {
    let mut x = 1;
    for (key, does) in KEYS {
        if x + width_of(key) + 1 + width_of(does) > canvas.width() {
            break;
        }
        x = canvas.write(x, 0, key, strong()) + 1;
        x = canvas.write(x, 0, does, quiet()) + 3;
    }
}
