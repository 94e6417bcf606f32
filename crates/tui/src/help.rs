//! State of the help: the lines on the screen (all, those that match a search, or those about one number),
//! and the search.

use super::keys::Key;
use super::number::Number;

/// Open help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Help {
    pub(super) only: HelpFilter,
    /// Number of lines above the first one on the screen.
    pub(super) scrolled: usize,
}

/// Selection of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum HelpFilter {
    #[default]
    All,
    About(Number),
    /// Lines with these letters, while they are being typed.
    Typed(String),
    /// Lines with these letters.
    With(String),
}

impl Help {
    /// Opens the help about one number.
    pub(super) fn about(number: Number) -> Self {
        Self {
            only: HelpFilter::About(number),
            scrolled: 0,
        }
    }

    /// Begins a search.
    pub(super) fn search(&mut self) {
        self.show(HelpFilter::Typed(String::new()));
    }

    /// Takes a key as a letter of the search, or as its end; true if it was one.
    pub(super) fn takes(&mut self, key: Key) -> bool {
        let HelpFilter::Typed(letters) = &self.only else {
            return false;
        };
        let mut letters = letters.clone();
        match key {
            Key::Char(letter) => letters.push(letter),
            Key::Backspace if letters.pop().is_some() => {}
            Key::Enter if !letters.is_empty() => {
                self.only = HelpFilter::With(letters);
                return true;
            }
            Key::Enter | Key::Backspace | Key::Escape => {
                self.show(HelpFilter::All);
                return true;
            }
            _ => return false,
        }
        self.show(HelpFilter::Typed(letters));
        true
    }

    /// Shows all lines again; true if some were hidden.
    pub(super) fn clear(&mut self) -> bool {
        let some_were_hidden = self.only != HelpFilter::All;
        self.show(HelpFilter::All);
        some_were_hidden
    }

    fn show(&mut self, only: HelpFilter) {
        *self = Self { only, scrolled: 0 };
    }

    /// Scrolls by a number of lines; `lines` is their total, `room` the number that fits.
    pub(super) fn scroll(&mut self, by: isize, lines: usize, room: usize) {
        let most = lines.saturating_sub(room);
        self.scrolled = self.scrolled.saturating_add_signed(by).min(most);
    }

    /// Returns the letters that a line must have to be shown.
    pub(super) fn letters(&self) -> Option<&str> {
        match &self.only {
            HelpFilter::All | HelpFilter::About(_) => None,
            HelpFilter::Typed(letters) | HelpFilter::With(letters) => Some(letters),
        }
    }
}
