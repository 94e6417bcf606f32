//! Asciicast, version 2 (<https://docs.asciinema.org/manual/asciicast/v2/>) of a sequence of screens: lines
//! of JSON, a header and then one event for each write to the terminal. Only the cells that differ from the
//! screen before are written.

use std::fmt::Write as _;

use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::style::{Color, Modifier};
use serde_json::{Value, json};

/// Hides the cursor and clears the screen.
const BEGIN: &str = "\x1b[?25l\x1b[0m\x1b[2J";

/// Terminal recording for an asciicast player.
#[derive(Debug)]
pub(super) struct Asciicast {
    text: String,
    shown: Option<Buffer>,
}

impl Asciicast {
    /// Begins a recording of screens of this size, in cells.
    #[must_use]
    pub(super) fn new(width: u16, height: u16, title: &str) -> Self {
        let head = json!({ "version": 2, "width": width, "height": height, "title": title });
        Self {
            text: format!("{head}\n"),
            shown: None,
        }
    }

    /// Shows a screen at `at` seconds from the beginning.
    pub(super) fn show(&mut self, at: f64, screen: &Buffer) {
        let written = written(self.shown.as_ref(), screen);
        if !written.is_empty() {
            self.event(at, "o", &written);
        }
        self.shown = Some(screen.clone());
    }

    /// Adds a marker, at which players can halt.
    pub(super) fn mark(&mut self, at: f64, label: &str) {
        self.event(at, "m", label);
    }

    /// Returns the whole file.
    #[must_use]
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn event(&mut self, at: f64, code: &str, data: &str) {
        // Milliseconds: the bytes do not depend on the last bits of a float.
        let at = (at * 1e3).round() / 1e3;
        let event = Value::from(vec![json!(at), json!(code), json!(data)]);
        writeln!(self.text, "{event}").expect("a String takes all text");
    }
}

/// Returns the bytes that turn one screen into another on a terminal.
fn written(before: Option<&Buffer>, screen: &Buffer) -> String {
    let mut out = String::new();
    if before.is_none() {
        out.push_str(BEGIN);
    }
    let empty = Buffer::empty(screen.area);
    let before = before.unwrap_or(&empty);
    let mut style = None;
    let mut pen = None;
    for y in 0..screen.area.height {
        for x in 0..screen.area.width {
            let cell = &screen[(x, y)];
            if *cell == before[(x, y)] {
                continue;
            }
            if pen != Some((x, y)) {
                write!(out, "\x1b[{};{}H", y + 1, x + 1).expect("a String takes all text");
            }
            if style != Some((cell.fg, cell.bg, cell.modifier)) {
                style = Some((cell.fg, cell.bg, cell.modifier));
                out.push_str(&rendition(cell));
            }
            out.push_str(cell.symbol());
            pen = Some((x + 1, y));
        }
    }
    out
}

/// Returns the sequence that selects a cell's rendition (SGR; ECMA-48, 8.3.117) from the default.
fn rendition(cell: &Cell) -> String {
    let mut codes = String::from("\x1b[0");
    for (modifier, code) in [
        (Modifier::BOLD, ";1"),
        (Modifier::DIM, ";2"),
        (Modifier::REVERSED, ";7"),
    ] {
        if cell.modifier.contains(modifier) {
            codes.push_str(code);
        }
    }
    for (colour, code) in [(cell.fg, 38), (cell.bg, 48)] {
        if let Color::Rgb(red, green, blue) = colour {
            write!(codes, ";{code};2;{red};{green};{blue}").expect("a String takes all text");
        }
    }
    codes.push('m');
    codes
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use ratatui_core::layout::Rect;
    use ratatui_core::style::Style;

    use super::*;

    fn screen(lines: [&str; 3]) -> Buffer {
        let mut screen = Buffer::empty(Rect::new(0, 0, 20, 3));
        for (y, line) in (0..).zip(lines) {
            let style = Style::new().fg(Color::Rgb(y as u8, 158, 115));
            screen.set_string(0, y, line, style);
        }
        screen
    }

    #[test]
    fn a_player_sees_every_screen_as_it_was() {
        let screens = [
            screen(["one ██", "", "three"]),
            screen(["one █·", "two", ""]),
            screen(["", "two", "\u{25CB}"]),
        ];
        let mut cast = Asciicast::new(20, 3, "a \"claim\"");
        for (at, screen) in screens.iter().enumerate() {
            cast.show(at as f64, screen);
        }
        cast.mark(2.5, "the end");
        let text = cast.finish();
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        assert_eq!(lines.next().unwrap()["version"], 2);
        let size = |number| NonZero::new(number).unwrap();
        let mut player = vt100::Parser::new(size(3), size(20), 0);
        for (screen, event) in screens.iter().zip(lines) {
            player.process(event[2].as_str().unwrap().as_bytes());
            for (y, line) in player.screen().rows(0, 20).enumerate() {
                let drawn: String = (0..20).map(|x| screen[(x, y as u16)].symbol()).collect();
                assert_eq!(line.trim_end(), drawn.trim_end());
            }
        }
    }

    #[test]
    fn a_screen_that_stays_the_same_writes_nothing() {
        let still = screen(["a", "b", "c"]);
        let mut cast = Asciicast::new(20, 3, "");
        cast.show(0.0, &still);
        cast.show(0.1, &still);
        assert_eq!(cast.finish().lines().count(), 2);
    }
}
