//! `concsim run --watch FILE`: plays the file again whenever it is saved. A save during a run ends that
//! run; mistakes in the file are shown until the next save.

use std::process::ExitCode;
use std::rc::Rc;

use super::colour::Colour;
use super::run::{self, Args, Played};
use super::talk;
use concsim_driver::watch::WatchedFile;
use concsim_os::sys::interrupt;
use concsim_terminal::keyboard::Keyboard;

/// Plays the file after each save, until the user quits.
///
/// # Errors
/// A system limit that is too low for a run, before it begins.
pub(super) fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let Some(path) = args.chosen().file() else {
        talk::print_message(format_args!(
            "--watch needs a file: {} is built in; `concsim new FILE` writes one",
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
        if interrupt::is_requested() {
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
    talk::print_message(format_args!(
        "waiting for {} to be saved; q or ^C ends",
        watched.path().display()
    ));
    let keyboard = Keyboard::taken()?;
    while !watched.was_saved() {
        if interrupt::is_requested() || keyboard.is_asked_to_stop()? {
            return Ok(false);
        }
    }
    Ok(true)
}
