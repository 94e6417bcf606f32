//! Menu of `concsim` without arguments: the scenarios, a cursor, and the description of the selected one.
//!
//! It knows no files and no engines: the driver fills it in and carries out the choice.

use super::keys::Key;
use concsim_model::palette::Look;

/// Digits that play the first ten entries at once.
const DIGITS: &str = "1234567890";
/// Number of entries in a page.
const PAGE: usize = 8;

/// Scenario in the menu.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Name: `io_bound`.
    pub name: String,
    /// Approximate length: `17 s`. Empty if its file has mistakes.
    pub length: String,
    /// Claim, or the note that its file has mistakes.
    pub title: String,
    /// Description from its file.
    pub about: String,
}

/// Choice made by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Play the scenario at this position with real processes.
    Play(usize),
    /// Simulate the scenario at this position.
    Simulate(usize),
    /// Leave the menu.
    Leave,
}

/// State of the menu.
#[derive(Clone, Debug)]
pub struct Menu {
    entries: Vec<Entry>,
    picked: usize,
    /// True while its keys are explained in place of the description.
    explains: bool,
    /// Appearance.
    pub look: Look,
}

impl Menu {
    /// Creates a menu with the cursor on the first entry.
    #[must_use]
    pub fn of(entries: Vec<Entry>, look: Look) -> Self {
        Self {
            entries,
            picked: 0,
            explains: false,
            look,
        }
    }

    /// Returns the scenarios, in order.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the position of the cursor.
    pub(super) fn picked(&self) -> usize {
        self.picked
    }

    /// True if its keys are to be explained.
    pub(super) fn explains(&self) -> bool {
        self.explains
    }

    /// Moves the cursor, or returns the choice made by `key`.
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

    /// Returns the digit that plays the scenario at this position.
    pub(super) fn digit(place: usize) -> Option<char> {
        DIGITS.chars().nth(place)
    }
}
