//! Hold: in projector mode each variant after the first waits for a key, so that the presenter can explain
//! the change.

use super::frame_state::Screen;
use super::keys::Key;
use super::setting::announcement;
use super::state::State;
use concsim_model::palette::Room;
use concsim_record::feed::Feed;

impl State {
    /// True if the title card stays until a key is pressed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.is_before_a_hall() && self.show.screen == Screen::Title && self.show.variant > 0
    }

    /// True in projector mode, in which questions and variants wait for a key.
    #[must_use]
    pub fn is_before_a_hall(&self) -> bool {
        self.look.room == Room::Projector
    }

    /// True if `key` begins the variant of the title card. A held card accepts only the keys that go on,
    /// those of a presenter's remote control included, not a key hit by accident.
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

    /// Describes the change in a sentence; `None` for the first variant.
    pub(super) fn announcement(&self) -> Option<String> {
        let variants = self.variants();
        let on = self.show.variant;
        let before = &variants[on.checked_sub(1)?].scenario;
        Some(announcement(before, &variants[on].scenario))
    }

    /// True once the cursor has reached the end of a variant that ended while an earlier instant was shown.
    /// From there on the cursor follows the run again.
    pub fn has_caught_up(&mut self, feed: &Feed<'_>) -> bool {
        if !self.is_live() && self.cursor.is_at_the_end(feed) {
            self.cursor.catch_up();
        }
        self.is_live()
    }
}
