//! `concsim run --watch FILE`: plays, and plays again whenever the file is saved. A save while it is played
//! ends that playing; a file with mistakes shows them and waits for the next save.

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

/// How often the file is looked at.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(200);

/// What can be told of a file without reading it; `None` where there is none just now.
type Print = Option<(SystemTime, u64)>;

/// A file that may be saved while it is played.
#[derive(Debug)]
pub(super) struct Watched {
    path: PathBuf,
    clock: Clock,
    /// As it was when it was taken to be played.
    taken: Cell<Print>,
    /// As it was when it was looked at last.
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

    /// From now on the file as it is now is what is played.
    fn take(&self) {
        let print = print_of(&self.path);
        self.taken.set(print);
        self.seen.set(print);
        self.saved.set(false);
    }

    /// Whether the file was saved since it was taken. One that is being written, or is gone for a moment
    /// because an editor puts another in its place, has not been saved yet: it has to look the same twice.
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

/// Plays the file as often as it is saved, until somebody has had enough.
///
/// # Errors
/// When the machine refuses what a run needs before anything is played.
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
            // Whoever leaves the card on a screen has had enough, unless it was the save that took it.
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

/// Waits until the file is saved; `false` if somebody has had enough.
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

/// Where a person types, if there is one; given back when it is dropped.
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

    /// Waits a moment for a key.
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
            // A terminal that is gone needs no restoring.
            let _ = disable_raw_mode();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks, as if it were time to.
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
