//! Which lines of the help are on the screen: all, those with some letters, or what is to be said of one
//! number; and the letters while they are typed.

use super::keys::Key;
use super::number::Number;

/// The help while it is on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Help {
    pub(super) only: Only,
    /// So many lines lie above those on the screen.
    pub(super) scrolled: usize,
}

/// Which lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Only {
    #[default]
    All,
    About(Number),
    /// Those with these letters, which are being typed.
    Typed(String),
    /// Those with these letters.
    With(String),
}

impl Help {
    /// All about one number.
    pub(super) fn about(number: Number) -> Self {
        Self {
            only: Only::About(number),
            scrolled: 0,
        }
    }

    /// Lets letters be typed.
    pub(super) fn search(&mut self) {
        self.show(Only::Typed(String::new()));
    }

    /// Takes a key that is a letter of what is searched for, or ends it; whether it was one.
    pub(super) fn takes(&mut self, key: Key) -> bool {
        let Only::Typed(letters) = &self.only else {
            return false;
        };
        let mut letters = letters.clone();
        match key {
            Key::Char(letter) => letters.push(letter),
            Key::Backspace if letters.pop().is_some() => {}
            Key::Enter if !letters.is_empty() => {
                self.only = Only::With(letters);
                return true;
            }
            Key::Enter | Key::Backspace | Key::Escape => {
                self.show(Only::All);
                return true;
            }
            _ => return false,
        }
        self.show(Only::Typed(letters));
        true
    }

    /// Shows all lines again; whether some were hidden.
    pub(super) fn clear(&mut self) -> bool {
        let some_were_hidden = self.only != Only::All;
        self.show(Only::All);
        some_were_hidden
    }

    fn show(&mut self, only: Only) {
        *self = Self { only, scrolled: 0 };
    }

    /// Goes so many lines up or down, of so many of which so many fit.
    pub(super) fn scroll(&mut self, by: isize, lines: usize, room: usize) {
        let most = lines.saturating_sub(room);
        self.scrolled = self.scrolled.saturating_add_signed(by).min(most);
    }

    /// The letters that a line must have to be shown.
    pub(super) fn letters(&self) -> Option<&str> {
        match &self.only {
            Only::All | Only::About(_) => None,
            Only::Typed(letters) | Only::With(letters) => Some(letters),
        }
    }
}
