//! A menu on the whole terminal.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crossterm::event;
use crossterm::terminal::{EnterAlternateScreen, enable_raw_mode};
use crossterm::{cursor, execute, style};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::screen::restore_when_panicking;
use concsim_model::palette::Colours;
use concsim_model::units::Elapsed;
use concsim_os::sys::net;
use concsim_os::sys::terminal::{self, FullScreen};
use concsim_tui::{Choice, Key, Menu, view};

/// Maximum time until a new size of the terminal is noticed.
const AT_MOST: Elapsed = Elapsed::from_millis(500);

/// Shows the menu until the user chooses.
///
/// # Errors
/// A terminal that is gone.
pub fn choose(terminal: BorrowedFd<'static>, menu: &mut Menu) -> anyhow::Result<Choice> {
    let full_screen = FullScreen::take(terminal)?;
    style::force_color_output(menu.look.colours != Colours::None);
    restore_when_panicking(full_screen.modes());
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
    let mut drawn = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    loop {
        let size = drawn.size()?;
        if size.width > 0 && size.height > 0 {
            drawn.draw(|frame| view::draw_menu(frame.buffer_mut(), menu))?;
        }
        let key = wait_for_a_key(terminal)?;
        if let Some(choice) = key.and_then(|key| menu.key(key)) {
            return Ok(choice);
        }
    }
}

/// Returns the next key; `None` for any other event after which the menu is redrawn.
fn wait_for_a_key(terminal: BorrowedFd<'static>) -> anyhow::Result<Option<Key>> {
    while !event::poll(Duration::ZERO)? {
        let is_gone = terminal::is_gone(terminal);
        anyhow::ensure!(!is_gone, "the terminal was closed");
        net::wait_readable([terminal], Some(AT_MOST))?;
    }
    let key = event::read()?.as_key_event();
    Ok(key.and_then(|key| crate::event::key(&key)))
}
