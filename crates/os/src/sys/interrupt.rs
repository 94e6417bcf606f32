//! Signals of the terminal to the driver: they set a word, and the loop acts on it.
//!
//! A process that is blocked in a write never comes back to its loop: a terminal, or a pipe, whose other
//! end reads nothing holds its writer for ever. So a request to end starts an alarm: a process that after it
//! neither asks for requests nor computes is ended where it is, as by a plain SIGTERM.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use rustix::time::{ClockId, clock_gettime};

use super::{ErrorContext, Result, signals};

static INTERRUPTED: AtomicU64 = AtomicU64::new(0);

/// Number of times that the loop has asked for requests to end.
static ASKED: AtomicU64 = AtomicU64::new(0);
/// Progress at the last alarm: the above, and milliseconds of CPU time.
static PROGRESS: AtomicU64 = AtomicU64::new(0);
/// Alarms in a row without progress.
static STALLED: AtomicU32 = AtomicU32::new(0);
/// Number of alarms, one second apart, without progress after which the process is ended.
const STALLED_AT_MOST: u32 = 2;

extern "C" fn note(_signal: i32) {
    interrupt();
}

extern "C" fn on_alarm(signal: i32) {
    if INTERRUPTED.load(Ordering::Relaxed) == 0 {
        // Another process has sent it.
        signals::give_back_and_die(signal);
        return;
    }
    let progress = ASKED.load(Ordering::Relaxed) + cpu_milliseconds();
    let stalled = if PROGRESS.swap(progress, Ordering::Relaxed) == progress {
        STALLED.fetch_add(1, Ordering::Relaxed) + 1
    } else {
        STALLED.store(0, Ordering::Relaxed);
        0
    };
    if stalled == STALLED_AT_MOST {
        signals::give_back_and_die(libc::SIGTERM);
    }
    set_alarm();
}

/// Lets SIGALRM come in a second.
fn set_alarm() {
    // SAFETY: alarm(2) is async-signal-safe, and nothing else uses it in processes that listen here.
    unsafe { libc::alarm(1) };
}

/// CPU time of this process in whole milliseconds.
fn cpu_milliseconds() -> u64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    u64::try_from(spent.tv_sec * 1_000 + spent.tv_nsec / 1_000_000).unwrap_or(0)
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
    let watched = SigAction::new(
        SigHandler::Handler(on_alarm),
        SaFlags::SA_RESTART,
        SigSet::empty(),
    );
    // SAFETY: the handler makes async-signal-safe calls only (signal-safety(7)).
    unsafe { sigaction(Signal::SIGALRM, &watched) }.doing("handle SIGALRM")?;
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
    ASKED.fetch_add(1, Ordering::Relaxed);
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Requests the end of the run, as a signal does: called for a key.
pub fn interrupt() {
    INTERRUPTED.fetch_add(1, Ordering::Relaxed);
    set_alarm();
}
