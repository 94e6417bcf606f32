//! Signals of the terminal to the driver: they set a word, and the loop acts on it.

use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::{ErrorContext, Result};

static INTERRUPTED: AtomicU64 = AtomicU64::new(0);

extern "C" fn note(_signal: i32) {
    INTERRUPTED.fetch_add(1, Ordering::Relaxed);
}

/// Counts ^C and SIGTERM from now on, which no longer end this process, and ignores ^Z: the children of a
/// stopped driver would go on playing. SIGHUP still ends it at once: the terminal is gone, there is nothing
/// to restore, and the children end with it.
///
/// # Errors
/// Fails if the system refuses a handler.
pub fn listen() -> Result<()> {
    listen_without_children()?;
    let ignored = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    unsafe { sigaction(Signal::SIGTSTP, &ignored) }.doing("ignore SIGTSTP")?;
    Ok(())
}

/// The same for a process without children, which ^Z may stop.
///
/// # Errors
/// Fails if the system refuses a handler.
pub fn listen_without_children() -> Result<()> {
    count_with(SaFlags::SA_RESTART)
}

/// The same for a process without children that takes long to notice: a second signal ends it at once.
///
/// # Errors
/// Fails if the system refuses a handler.
pub fn listen_once() -> Result<()> {
    count_with(SaFlags::SA_RESTART | SaFlags::SA_RESETHAND)
}

fn count_with(flags: SaFlags) -> Result<()> {
    let noted = SigAction::new(SigHandler::Handler(note), flags, SigSet::empty());
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the handler adds to one atomic word, which is async-signal-safe.
        unsafe { sigaction(signal, &noted) }.doing(format!("handle {signal}"))?;
    }
    Ok(())
}

/// Ends this process from now on when its terminal is gone, even if its parent ignores that, as nohup(1)
/// does: the screen can no longer be seen.
///
/// # Errors
/// Fails if the system refuses.
pub fn leave_with_the_terminal() -> Result<()> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    unsafe { sigaction(Signal::SIGHUP, &default) }.doing("handle SIGHUP")?;
    Ok(())
}

/// True if the run is to end.
pub fn is_requested() -> bool {
    times() > 0
}

/// Number of requests to end the run: a second one asks for a quick end.
pub fn times() -> u64 {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Requests the end of the run, as a signal does: called for a key.
pub fn interrupt() {
    INTERRUPTED.fetch_add(1, Ordering::Relaxed);
}
