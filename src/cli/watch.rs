//! `concsim run --watch FILE`: plays the file again whenever it is saved. A save during a run ends that
//! run; mistakes in the file are shown until the next save.

use super::terminal_event;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use crossterm::event;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::colour::Colour;
use super::run::{self, Args, Played};
use super::talk;
use concsim_driver::watch::WatchedFile;
use concsim_model::units::Elapsed;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::interrupt;
use concsim_tui::Key;

/// Interval between two looks at the file.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(200);

/// Plays the file after each save, until the user quits.
///
/// # Errors
/// A system limit that is too low for a run, before it begins.
pub(super) fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let Some(path) = args.chosen().file() else {
        talk::say(format_args!(
            "--watch needs a file that can be saved: {} is none; `concsim new FILE` writes one",
            args.chosen().name()
        ));
        return Ok(ExitCode::from(2));
    };
    interrupt::listen()?;
    let watched = Rc::new(WatchedFile::new(&path));
    loop {
        watched.take();
        let played = run::once(args, colour, Some(&watched))?;
        let was_left = match played {
            // The card on a screen was left by the user, unless a save ended it.
            Played::OnScreen(_) => !watched.is_known_to_be_saved(),
            Played::Headless(_) | Played::Wrong => !wait_for_a_save(&watched)?,
        };
        if interrupt::noted() {
            return Ok(ExitCode::from(130));
        }
        if was_left {
            return Ok(played.status());
        }
    }
}

/// Waits until the file is saved; `false` if the user quits.
fn wait_for_a_save(watched: &WatchedFile) -> anyhow::Result<bool> {
    if watched.was_saved() {
        return Ok(true);
    }
    talk::say(format_args!(
        "waiting for {} to be saved; q or ^C ends",
        watched.path().display()
    ));
    let keyboard = Keyboard::taken()?;
    while !watched.was_saved() {
        if interrupt::noted() || keyboard.says_to_leave()? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The terminal's input, if there is one; restored on drop.
struct Keyboard {
    is_there: bool,
    clock: Clock,
}

impl Keyboard {
    fn taken() -> anyhow::Result<Self> {
        let is_there = io::stdin().is_terminal();
        if is_there {
            enable_raw_mode()?;
        }
        let clock = Clock::starting_now();
        Ok(Self { is_there, clock })
    }

    /// Waits a moment for a key; true if it means quit.
    fn says_to_leave(&self) -> anyhow::Result<bool> {
        if !self.is_there {
            self.clock.sleep_until(self.clock.now() + LOOK_EVERY);
            return Ok(false);
        }
        if !event::poll(Duration::from_nanos(LOOK_EVERY.0))? {
            return Ok(false);
        }
        let key = event::read()?
            .as_key_event()
            .and_then(|key| terminal_event::key(&key));
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
