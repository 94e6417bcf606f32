//! What a person's signals do to the driver: they set a word, and the loop acts on it.

use std::sync::atomic::{AtomicU64, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::{Doing, Result};

static INTERRUPTED: AtomicU64 = AtomicU64::new(0);

extern "C" fn note(_signal: i32) {
    INTERRUPTED.fetch_add(1, Ordering::Relaxed);
}

/// From now on ^C and SIGTERM are noted instead of ending this process, and ^Z is refused: a driver
/// that is stopped would leave its children playing to nobody. SIGHUP still ends it at once: the
/// terminal is gone, there is nothing to restore and nobody to tell, and the children go with it.
///
/// # Errors
/// When the system refuses a handler.
pub fn listen() -> Result<()> {
    listen_without_children()?;
    let ignored = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    unsafe { sigaction(Signal::SIGTSTP, &ignored) }.doing("refuse to be stopped")?;
    Ok(())
}

/// The same for a process that plays alone: ^Z may stop it, since nobody would go on meanwhile.
///
/// # Errors
/// When the system refuses a handler.
pub fn listen_without_children() -> Result<()> {
    let noted = SigAction::new(
        SigHandler::Handler(note),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        // SAFETY: the handler adds to one atomic word, which is async-signal-safe.
        unsafe { sigaction(signal, &noted) }.doing(format!("listen to {signal}"))?;
    }
    Ok(())
}

/// From now on this process ends when its terminal is gone, even if whoever started it ignores that, as
/// nohup(1) does: nobody is left to look at a screen.
///
/// # Errors
/// When the system refuses.
pub fn leave_with_the_terminal() -> Result<()> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    unsafe { sigaction(Signal::SIGHUP, &default) }.doing("listen to SIGHUP")?;
    Ok(())
}

/// Whether the run is to end.
pub fn noted() -> bool {
    times() > 0
}

/// How often it was asked to: who asks again is in a hurry.
pub fn times() -> u64 {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// The run is to end: what a key can say as well as a signal.
pub fn interrupt() {
    INTERRUPTED.fetch_add(1, Ordering::Relaxed);
}
