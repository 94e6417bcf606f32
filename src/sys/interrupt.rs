//! What a person's signals do to the driver: they set a word, and the loop acts on it.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::{Doing, Result};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_signal: i32) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// From now on ^C, SIGTERM and SIGHUP are noted instead of ending this process, and ^Z is refused:
/// a driver that is stopped would leave its children playing to nobody.
///
/// # Errors
/// When the system refuses a handler.
pub fn listen() -> Result<()> {
    let noted = SigAction::new(
        SigHandler::Handler(note),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    let ignored = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    for (signal, action) in [
        (Signal::SIGINT, noted),
        (Signal::SIGTERM, noted),
        (Signal::SIGHUP, noted),
        (Signal::SIGTSTP, ignored),
    ] {
        // SAFETY: the handler stores one atomic word, which is async-signal-safe.
        unsafe { sigaction(signal, &action) }.doing(format!("listen to {signal}"))?;
    }
    Ok(())
}

/// Whether the run is to end.
pub fn noted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// The run is to end: what a key can say as well as a signal.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}
