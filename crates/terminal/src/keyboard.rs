//! The keyboard of a terminal without a screen.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use crossterm::event;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use concsim_model::units::Elapsed;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::interrupt;
use concsim_tui::Key;

/// Maximum time until a key is noticed.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(200);

/// The terminal's input, if there is one; restored on drop.
#[derive(Debug)]
pub struct Keyboard {
    is_there: bool,
    clock: Clock,
}

impl Keyboard {
    /// Takes the keyboard.
    ///
    /// # Errors
    /// A terminal that is gone.
    pub fn taken() -> anyhow::Result<Self> {
        let is_there = io::stdin().is_terminal();
        if is_there {
            enable_raw_mode()?;
        }
        let clock = Clock::starting_now();
        Ok(Self { is_there, clock })
    }

    /// Waits a moment for a key; true if it means quit.
    ///
    /// # Errors
    /// A terminal that is gone.
    pub fn is_asked_to_stop(&self) -> anyhow::Result<bool> {
        if !self.is_there {
            self.clock.sleep_until(self.clock.now() + LOOK_EVERY);
            return Ok(false);
        }
        if !event::poll(Duration::from_nanos(LOOK_EVERY.0))? {
            return Ok(false);
        }
        let key = event::read()?
            .as_key_event()
            .and_then(|key| crate::event::key(&key));
        if key == Some(Key::Interrupt) {
            interrupt::interrupt();
        }
        Ok(matches!(key, Some(Key::Interrupt | Key::Char('q'))))
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if self.is_there {
            // The terminal may be gone; then there is nothing to restore.
            let _ = disable_raw_mode();
        }
    }
}
