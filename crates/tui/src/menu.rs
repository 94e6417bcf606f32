//! The menu of `concsim` alone: the scenarios, a cursor, and the text of the one that the cursor is on.
//!
//! It knows no files and no engines: the driver fills it in, and does what a key chose.

use super::keys::Key;
use concsim_model::palette::Look;

/// Digits that play one of the first ten at once.
const DIGITS: &str = "1234567890";
/// A page of the keys that go by pages.
const PAGE: usize = 8;

/// A scenario that can be played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// `io_bound`
    pub name: String,
    /// About how long it takes: `17 s`. Empty if its file has mistakes.
    pub length: String,
    /// Its claim, or that its file has mistakes.
    pub title: String,
    /// What its file says of it.
    pub about: String,
}

/// What a key chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The scenario at this place is played with real processes …
    Play(usize),
    /// … or simulated.
    Simulate(usize),
    /// None.
    Leave,
}

/// The menu on the screen.
#[derive(Clone, Debug)]
pub struct Menu {
    entries: Vec<Entry>,
    picked: usize,
    /// True while its keys are explained in place of the text.
    explains: bool,
    /// How to draw it.
    pub look: Look,
}

impl Menu {
    /// A menu of these, with the cursor on the first.
    #[must_use]
    pub fn of(entries: Vec<Entry>, look: Look) -> Self {
        Self {
            entries,
            picked: 0,
            explains: false,
            look,
        }
    }

    /// The scenarios, in order.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The place of the cursor.
    pub(super) fn picked(&self) -> usize {
        self.picked
    }

    /// True if its keys are to be explained.
    pub(super) fn explains(&self) -> bool {
        self.explains
    }

    /// Moves the cursor, or answers with what `key` chose.
    pub fn key(&mut self, key: Key) -> Option<Choice> {
        let last = self.entries.len().saturating_sub(1);
        let explained = std::mem::take(&mut self.explains);
        match key {
            Key::Escape if explained => {}
            Key::Char('?') => self.explains = !explained,
            Key::Char('q') | Key::Escape | Key::Interrupt | Key::Control('d') => {
                return Some(Choice::Leave);
            }
            _ if self.entries.is_empty() => {}
            Key::Up | Key::Char('k') => self.picked = self.picked.saturating_sub(1),
            Key::Down | Key::Char('j') => self.picked = (self.picked + 1).min(last),
            Key::PageUp => self.picked = self.picked.saturating_sub(PAGE),
            Key::PageDown => self.picked = (self.picked + PAGE).min(last),
            Key::Home => self.picked = 0,
            Key::End => self.picked = last,
            Key::Enter | Key::Char(' ') => return Some(Choice::Play(self.picked)),
            Key::Char('s') => return Some(Choice::Simulate(self.picked)),
            Key::Char(digit) => {
                let place = DIGITS.chars().position(|it| it == digit);
                return place.filter(|place| *place <= last).map(Choice::Play);
            }
            _ => {}
        }
        None
    }

    /// The digit that plays the scenario at this place.
    pub(super) fn digit(place: usize) -> Option<char> {
        DIGITS.chars().nth(place)
    }
}
