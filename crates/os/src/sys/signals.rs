//! Signals as bytes to read: a handler writes one byte into a pipe, and the process reads the pipe in its
//! loop, where no operation is half done.
//!
//! There are two exceptions. A worker that is silent for too long does not return to its loop: its handler
//! of the arbiter's abort stores one word and ends the process, wherever it is. And a signal that ends the
//! driver while it has taken over the terminal first gives the terminal back.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, IntoRawFd, RawFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU64, Ordering};

use nix::sys::signal::{
    self as system, SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, sigaction, sigprocmask,
};

use concsim_engine::policy::ABORTED;
use rustix::io::Errno;
use rustix::process::{Pid, getppid, kill_process, test_kill_process};

use super::clock::Clock;
use super::{ErrorContext, Result, pipe};

/// Signals to the processes of the server, with gunicorn's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Finish what was begun, then end.
    Terminate,
    /// End quickly (^C).
    Interrupt,
    /// End quickly.
    Quit,
    /// A child has ended.
    ChildEnded,
    /// One more worker.
    More,
    /// One worker fewer.
    Fewer,
    /// New workers in place of all that there are.
    HangUp,
    /// Open log files again (SIGUSR1).
    Reopen,
    /// End now: sent to a worker that was silent for too long.
    Abort,
    /// End now; cannot be handled.
    Kill,
    /// Stop; cannot be handled.
    Stop,
    /// Continue.
    Continue,
}

impl Signal {
    const ALL: [Self; 12] = [
        Self::Terminate,
        Self::Interrupt,
        Self::Quit,
        Self::ChildEnded,
        Self::More,
        Self::Fewer,
        Self::HangUp,
        Self::Reopen,
        Self::Abort,
        Self::Kill,
        Self::Stop,
        Self::Continue,
    ];

    fn number(self) -> system::Signal {
        match self {
            Self::Terminate => system::Signal::SIGTERM,
            Self::Interrupt => system::Signal::SIGINT,
            Self::Quit => system::Signal::SIGQUIT,
            Self::ChildEnded => system::Signal::SIGCHLD,
            Self::More => system::Signal::SIGTTIN,
            Self::Fewer => system::Signal::SIGTTOU,
            Self::HangUp => system::Signal::SIGHUP,
            Self::Reopen => system::Signal::SIGUSR1,
            Self::Abort => system::Signal::SIGABRT,
            Self::Kill => system::Signal::SIGKILL,
            Self::Stop => system::Signal::SIGSTOP,
            Self::Continue => system::Signal::SIGCONT,
        }
    }

    pub(super) fn to_send(self) -> rustix::process::Signal {
        rustix::process::Signal::from_named_raw(self.number() as i32).expect("it has a name")
    }

    fn from_number(number: u8) -> Option<Self> {
        let named = |signal: &Self| signal.number() as i32 == i32::from(number);
        Self::ALL.into_iter().find(named)
    }
}

/// True if there is a process with this id, of any user.
#[must_use]
pub fn is_there(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM))
}

/// Sends `signal` to a child of this process that has not been waited for. If it has ended, the signal has
/// no effect, and its id is not another process's: a dead child keeps it until its parent waits for it
/// (wait(2), "NOTES"), which only this process can do.
pub fn send(pid: u32, signal: Signal) {
    let Ok(pid) = i32::try_from(pid) else { return };
    let pid = Pid::from_raw(pid).expect("a signal is for one process, never for a group");
    let _ = kill_process(pid, signal.to_send());
}

/// Sends `signal` to a child of `parent`, which may wait for it at any time, so that another process may
/// get its id. A descriptor of a process always refers to that process (`pidfd_open(2)`). If the process
/// with this id is a child of `parent` afterwards, the descriptor is that child's, or that of a process
/// that is gone.
#[cfg(target_os = "linux")]
pub fn send_to_child_of(parent: u32, pid: u32, signal: Signal) {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let Some(process) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    // The process is gone; or there is no descriptor left, and no signal is sent.
    let Ok(descriptor) = pidfd_open(process, PidfdFlags::empty()) else {
        return;
    };
    if super::processes::parent_of(pid) == Some(parent) {
        let _ = pidfd_send_signal(descriptor, signal.to_send());
    }
}

/// The same without descriptors of processes: by id, just after it was checked to be `parent`'s child.
#[cfg(not(target_os = "linux"))]
pub fn send_to_child_of(_parent: u32, pid: u32, signal: Signal) {
    send(pid, signal);
}

/// Makes sure that children of this process can be waited for. If SIGCHLD is ignored, which is inherited
/// from the parent, the system reaps them at once and keeps no exit status (wait(2), "NOTES"). Called
/// before a child is started.
pub fn stop_ignoring_children() {
    // SAFETY: the default runs no code.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// Writing end of this process's pipe; -1 if there is none. A child makes a new one.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Signals that have arrived at this process and were not taken yet.
#[derive(Debug)]
pub struct Signals {
    pipe: File,
}

impl Signals {
    /// Collects `wanted` from now on, leaves all others to the system's default, and unblocks all.
    ///
    /// System calls that such a signal interrupts are restarted, except waits for readiness, which end
    /// early.
    ///
    /// # Errors
    /// Fails if the system has no pipe left.
    pub fn listen(wanted: &[Signal]) -> Result<Self> {
        let (pipe, write) = pipe::nonblocking()?;
        // The writing end of the parent's pipe, inherited by a fork, must not be used.
        let inherited = PIPE.swap(write.into_raw_fd(), Ordering::Relaxed);
        if inherited >= 0 {
            // SAFETY: the number was put there by `into_raw_fd` and is not used elsewhere.
            unsafe { libc::close(inherited) };
        }
        for signal in Signal::ALL {
            let handler = if wanted.contains(&signal) {
                SigHandler::Handler(enqueue)
            } else {
                SigHandler::SigDfl
            };
            if !matches!(signal, Signal::Kill | Signal::Stop) {
                handle(signal, handler, SaFlags::SA_RESTART)?;
            }
        }
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
            .doing("unblock signals")?;
        Ok(Self { pipe })
    }

    /// Takes the signals that have arrived, in order. Never waits.
    pub fn take(&mut self) -> Vec<Signal> {
        let mut bytes = [0; 64];
        // The pipe is usually empty; there is nothing to take then.
        let count = self.pipe.read(&mut bytes).unwrap_or(0);
        let known = bytes[..count].iter().copied();
        known.filter_map(Signal::from_number).collect()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

/// Calls `start` with all collected signals blocked: threads that it starts inherit that, and leave the
/// signals to the calling thread.
///
/// # Errors
/// Fails if the system refuses the mask, or if `start` fails.
pub fn start_threads_without<T>(start: impl FnOnce() -> Result<T>) -> Result<T> {
    // A thread's own fault and abort are its own: blocked, they would end the process in another way.
    let own = [Signal::Abort, Signal::Kill, Signal::Stop];
    let left = Signal::ALL.into_iter().filter(|it| !own.contains(it));
    let blocked: SigSet = left.map(Signal::number).collect();
    let before = blocked
        .thread_swap_mask(SigmaskHow::SIG_BLOCK)
        .doing("block signals")?;
    let started = start();
    before.thread_set_mask().doing("unblock signals")?;
    started
}

fn handle(signal: Signal, handler: SigHandler, flags: SaFlags) -> Result<()> {
    let action = SigAction::new(handler, flags, SigSet::empty());
    // SAFETY: the handlers of this file make async-signal-safe calls only (signal-safety(7)).
    unsafe { sigaction(signal.number(), &action) }
        .map(drop)
        .doing(format!("handle {}", signal.number()))
}

extern "C" fn enqueue(number: i32) {
    let byte = [number.to_le_bytes()[0]];
    // A full pipe holds 65536 signals that were not taken: another one adds nothing.
    // SAFETY: write(2) is async-signal-safe; the buffer is one byte long.
    unsafe { libc::write(PIPE.load(Ordering::Relaxed), byte.as_ptr().cast(), 1) };
}

/// Makes an interrupt or a quit end this process at once, wherever it is: open requests are lost, which is
/// the meaning of these two.
///
/// # Errors
/// Fails if the system refuses the handler.
pub fn leave_when_asked_to_be_quick() -> Result<()> {
    extern "C" fn leave(_: i32) {
        super::fork::leave(0)
    }
    for signal in [Signal::Interrupt, Signal::Quit] {
        handle(signal, SigHandler::Handler(leave), SaFlags::empty())?;
    }
    Ok(())
}

/// State of the abort handler: word to write, clock to read, and sender to obey.
struct AbortHandler {
    word: &'static AtomicU64,
    clock: Clock,
    parent: i32,
}

static ABORT_HANDLER: OnceLock<AbortHandler> = OnceLock::new();

/// Makes an abort by the parent store its instant into `word` and end this process, wherever it is. The
/// handler has a stack of its own, since the one in use may be full or half switched.
///
/// An abort by any other process has the system's default effect.
///
/// # Errors
/// Fails if the system refuses the handler.
pub fn abort_into(word: &'static AtomicU64, clock: Clock) -> Result<()> {
    give_handlers_a_stack()?;
    let parent = Pid::as_raw(getppid());
    let first = ABORT_HANDLER.set(AbortHandler {
        word,
        clock,
        parent,
    });
    assert!(first.is_ok(), "a process says once where its abort goes");
    handle(
        Signal::Abort,
        SigHandler::SigAction(on_abort),
        SaFlags::SA_ONSTACK | SaFlags::SA_SIGINFO,
    )
}

extern "C" fn on_abort(_: i32, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the system gives a valid pointer to a handler that asked for it by SA_SIGINFO.
    let info = unsafe { &*info };
    // SAFETY: a signal that a process sent carries its sender.
    let sender = unsafe { info.si_pid() };
    let Some(handler) = ABORT_HANDLER.get().filter(|known| known.parent == sender) else {
        // SAFETY: async-signal-safe.
        unsafe { libc::signal(libc::SIGABRT, libc::SIG_DFL) };
        // SAFETY: async-signal-safe; delivered, with the default effect, when this handler returns.
        unsafe { libc::raise(libc::SIGABRT) };
        return;
    };
    handler.word.store(handler.clock.now().0, Ordering::Release);
    super::fork::leave(ABORTED)
}

/// Allocates and installs the stack of handlers that ask for one. It lives as long as the process.
fn give_handlers_a_stack() -> Result<()> {
    const BYTES: usize = 64 * 1024;
    let stack = libc::stack_t {
        ss_sp: Box::leak(vec![0_u8; BYTES].into_boxed_slice())
            .as_mut_ptr()
            .cast(),
        ss_flags: 0,
        ss_size: BYTES,
    };
    // SAFETY: the memory is leaked on purpose, so it outlives every handler.
    let answer = unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) };
    match answer {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()).doing("give signal handlers a stack"),
    }
}

/// Terminal state for the handler of fatal signals: the modes, and the keeper's pipe.
struct RestoreState {
    modes: libc::termios,
    keeper: Option<RawFd>,
}

/// Terminal that is taken over; null if there is none.
static TERMINAL_STATE: AtomicPtr<RestoreState> = AtomicPtr::new(std::ptr::null_mut());

/// Signals that end a process by default, and that are sent on purpose.
const FATAL: [system::Signal; 11] = [
    system::Signal::SIGHUP,
    system::Signal::SIGINT,
    system::Signal::SIGQUIT,
    system::Signal::SIGTERM,
    system::Signal::SIGALRM,
    system::Signal::SIGUSR1,
    system::Signal::SIGUSR2,
    system::Signal::SIGVTALRM,
    system::Signal::SIGPROF,
    system::Signal::SIGXCPU,
    system::Signal::SIGXFSZ,
];

/// Makes a fatal signal leave the full screen on standard output, and restore its present modes, before it
/// ends this process. Signals that are handled or ignored already stay so. `keeper` is the pipe to notify
/// the keeper.
///
/// # Errors
/// Fails if standard output is not a terminal, or if the system refuses a handler.
pub fn give_back_on_death(keeper: Option<RawFd>) -> Result<()> {
    // SAFETY: a termios is plain numbers; all zero is a value of it.
    let mut modes: libc::termios = unsafe { std::mem::zeroed() };
    // SAFETY: `modes` is valid for the call.
    if unsafe { libc::tcgetattr(libc::STDOUT_FILENO, &raw mut modes) } != 0 {
        return Err(std::io::Error::last_os_error()).doing("read the terminal's modes");
    }
    // Leaked: a handler may run at any time.
    let taken = Box::leak(Box::new(RestoreState { modes, keeper }));
    TERMINAL_STATE.store(taken, Ordering::Release);
    for fatal in FATAL {
        let is_default = |handler| matches!(handler, SigHandler::SigDfl);
        change(fatal, is_default, SigHandler::Handler(give_back_and_die))?;
    }
    Ok(())
}

/// Undoes [`give_back_on_death`]: the terminal has been given back.
pub fn die_plainly() {
    TERMINAL_STATE.store(std::ptr::null_mut(), Ordering::Release);
    for fatal in FATAL {
        let ours: extern "C" fn(libc::c_int) = give_back_and_die;
        let is_ours =
            |handler| matches!(handler, SigHandler::Handler(it) if std::ptr::fn_addr_eq(it, ours));
        // A handler that could be set can be set back.
        let _ = change(fatal, is_ours, SigHandler::SigDfl);
    }
}

/// Sets another handler, if the present one is of that kind.
fn change(
    signal: system::Signal,
    is_matching: impl Fn(SigHandler) -> bool,
    to: SigHandler,
) -> Result<()> {
    let wanted = SigAction::new(to, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handlers of this file make async-signal-safe calls only (signal-safety(7)).
    let before = unsafe { sigaction(signal, &wanted) }.doing(format!("handle {signal}"))?;
    if !is_matching(before.handler()) {
        // SAFETY: it was the handler before.
        unsafe { sigaction(signal, &before) }.doing(format!("handle {signal}"))?;
    }
    Ok(())
}

/// Gives the terminal back, if it is taken, and ends this process by `signal`. Async-signal-safe.
pub(super) extern "C" fn give_back_and_die(signal: libc::c_int) {
    let taken = TERMINAL_STATE.swap(std::ptr::null_mut(), Ordering::AcqRel);
    // SAFETY: null, or leaked by `give_back_on_death`.
    if let Some(taken) = unsafe { taken.as_ref() } {
        super::control_sequences::leave_full_screen();
        // SAFETY: async-signal-safe; the modes were read before.
        unsafe { libc::tcsetattr(libc::STDOUT_FILENO, libc::TCSANOW, &raw const taken.modes) };
        if let Some(keeper) = taken.keeper {
            // SAFETY: async-signal-safe; the buffer is one byte long.
            unsafe { libc::write(keeper, b"b".as_ptr().cast(), 1) };
        }
    }
    // SAFETY: async-signal-safe; restores the default effect.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    // SAFETY: async-signal-safe. The signal is blocked here, and takes its default effect on return.
    unsafe { libc::raise(signal) };
}

/// Makes a write beyond the limit of a file's size (`ulimit -f`) return an error, in this process and in
/// those that it starts, instead of ending it by SIGXFSZ.
pub fn size_limit_is_an_error() {
    // SAFETY: ignoring a signal runs no code, and the signal is one that may be ignored.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_that_is_no_child_of_the_parent_gets_no_signal() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        send_to_child_of(1, child.id(), Signal::Kill);
        send_to_child_of(std::process::id(), child.id(), Signal::Terminate);
        assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGTERM));
    }
}
