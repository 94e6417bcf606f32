//! `concsim run --watch FILE`: plays the file again whenever it is saved. A save during a run ends that
//! run; mistakes in the file are shown until the next save.

use super::terminal_event;
use std::cell::Cell;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use crossterm::event;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};

use super::colour::Colour;
use super::run::{self, Args, Played};
use super::talk;
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::clock::Clock;
use concsim_os::sys::interrupt;
use concsim_tui::Key;

/// Time between two checks of the file.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(200);

/// Metadata that changes with a save; `None` where there is no file just now.
type Print = Option<(SystemTime, u64)>;

/// A file that may be saved while it is played.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    clock: Clock,
    /// Fingerprint at the beginning of the run.
    taken: Cell<Print>,
    /// Fingerprint at the last check.
    seen: Cell<Print>,
    next_look: Cell<Stamp>,
    saved: Cell<bool>,
}

impl Watched {
    fn new(path: &Path) -> Self {
        let watched = Self {
            path: path.to_owned(),
            clock: Clock::starting_now(),
            taken: Cell::default(),
            seen: Cell::default(),
            next_look: Cell::new(Stamp::ZERO),
            saved: Cell::default(),
        };
        watched.take();
        watched
    }

    /// Takes the current version of the file as the played one.
    fn take(&self) {
        let print = print_of(&self.path);
        self.taken.set(print);
        self.seen.set(print);
        self.saved.set(false);
    }

    /// True if the file was saved since the run began. A file that is being written, or is absent for a
    /// moment because an editor replaces it, has not been saved yet: two checks in a row have to agree.
    pub(super) fn was_saved(&self) -> bool {
        let now = self.clock.now();
        if !self.saved.get() && now >= self.next_look.get() {
            self.next_look.set(now + LOOK_EVERY);
            let print = print_of(&self.path);
            let is_whole = print.is_some() && self.seen.replace(print) == print;
            self.saved.set(is_whole && print != self.taken.get());
        }
        self.saved.get()
    }
}

fn print_of(path: &Path) -> Print {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

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
    let watched = Rc::new(Watched::new(&path));
    loop {
        watched.take();
        let played = run::once(args, colour, Some(&watched))?;
        let was_left = match played {
            // The card on a screen was left by the user, unless a save ended it.
            Played::OnScreen(_) => !watched.saved.get(),
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
fn wait_for_a_save(watched: &Watched) -> anyhow::Result<bool> {
    if watched.was_saved() {
        return Ok(true);
    }
    talk::say(format_args!(
        "waiting for {} to be saved; q or ^C ends",
        watched.path.display()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the file at once.
    fn look(watched: &Watched) -> bool {
        watched.next_look.set(Stamp::ZERO);
        watched.was_saved()
    }

    #[test]
    fn a_file_is_saved_when_it_is_another_and_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        fs::write(&path, "one").unwrap();
        let watched = Watched::new(&path);
        assert!(!look(&watched));
        fs::write(&path, "three").unwrap();
        assert!(!look(&watched), "it may be half written");
        assert!(look(&watched));
        watched.take();
        assert!(!look(&watched));
    }

    #[test]
    fn a_file_that_is_gone_for_a_moment_is_not_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        fs::write(&path, "one").unwrap();
        let watched = Watched::new(&path);
        fs::remove_file(&path).unwrap();
        assert!(!look(&watched) && !look(&watched));
        fs::write(&path, "another").unwrap();
        assert!(!look(&watched));
        assert!(look(&watched));
    }
}
