//! The hold: before a hall the tool waits with each variant after the first until somebody has said
//! what is different now.

use super::keys::Key;
use super::setting::announcement;
use super::show::Screen;
use super::state::State;
use concsim_model::palette::Room;
use concsim_record::feed::Feed;

impl State {
    /// Whether the title card that is on stays until a key is pressed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.is_before_a_hall() && self.show.screen == Screen::Title && self.show.variant > 0
    }

    /// Whether questions wait for an answer, and variants for a word.
    #[must_use]
    pub fn is_before_a_hall(&self) -> bool {
        self.look.room == Room::Projector
    }

    /// Whether `key` begins what the title card announces. One that is held begins with the keys that
    /// go on, those of a presenter's remote control among them, and not with any that was hit by chance.
    pub(super) fn begins(&self, key: Key) -> bool {
        if !self.holds() {
            return key != Key::Tab;
        }
        match key {
            Key::Char(' ') | Key::Enter | Key::PageDown | Key::Right => true,
            Key::Char(_)
            | Key::Control(_)
            | Key::Function(_)
            | Key::Backspace
            | Key::Escape
            | Key::Tab
            | Key::BackTab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::FarLeft
            | Key::FarRight
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::Interrupt => false,
        }
    }

    /// What is different now, in a sentence; `None` for the first variant.
    pub(super) fn announcement(&self) -> Option<String> {
        let variants = self.variants();
        let on = self.show.variant;
        let before = &variants[on.checked_sub(1)?].scenario;
        Some(announcement(before, &variants[on].scenario))
    }

    /// Whether somebody who looked back while a variant came to its end has come to that end too. From
    /// there on they are with the run again.
    pub fn has_caught_up(&mut self, feed: &Feed<'_>) -> bool {
        if !self.is_live() && self.cursor.is_at_the_end(feed) {
            self.cursor.catch_up();
        }
        self.is_live()
    }
}
