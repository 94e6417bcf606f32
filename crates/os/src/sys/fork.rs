//! `fork`: one process becomes two, with the same memory, the same descriptors and the same place in
//! the program.
//!
//! ```text
//!   arbiter ──fork()──┬── goes on, knows the child's pid
//!                     └── child: runs one closure, leaves by _exit
//! ```
//!
//! Only a process with a single thread may do this and then run ordinary code in the child: the child has a
//! copy of every lock and none of the threads that would release them. The child leaves by `_exit`, so that
//! nothing of its parent is destroyed or flushed twice.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{ForkResult, fork as nix_fork};

use super::{ErrorContext, Result};

/// Exit code of a child whose closure panicked, as of every program in Rust.
const PANICKED: i32 = 101;

/// Forks a child that runs `life` with all signals blocked, and exits with the code that `life` returns.
/// Returns its process id. The child unblocks signals once it has its own handlers
/// ([`super::signals::Signals::listen`]), so none is lost or handled by its parent's.
///
/// # Errors
/// Fails if the system has no process or memory left.
///
/// # Panics
/// Panics if this process has more than one thread.
pub fn fork(life: impl FnOnce() -> i32) -> Result<u32> {
    assert_eq!(threads(), 1, "only a process with one thread may fork");
    flush();
    let mut before = SigSet::empty();
    sigprocmask(
        SigmaskHow::SIG_SETMASK,
        Some(&SigSet::all()),
        Some(&mut before),
    )
    .doing("block signals")?;
    // SAFETY: the process has one thread (asserted above), so the child may run ordinary code.
    let forked = unsafe { nix_fork() };
    if let Ok(ForkResult::Child) = forked {
        // A panic must not unwind into the parent's frames, which the child has a copy of.
        leave(catch_unwind(AssertUnwindSafe(life)).unwrap_or(PANICKED));
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None).doing("unblock signals")?;
    match forked.doing("fork a worker")? {
        ForkResult::Parent { child } => Ok(child.as_raw().unsigned_abs()),
        ForkResult::Child => unreachable!("the child has left"),
    }
}

/// Ends this process at once, without the destructors and hooks of a normal exit.
pub fn leave(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions and does not return.
    unsafe { libc::_exit(code) }
}

/// Returns the process id of the parent; another process's, if the parent has ended.
pub fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// Flushes the standard streams: bytes in a buffer at a fork would be written by both processes.
fn flush() {
    // A closed stream needs no bytes.
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
}

#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

/// Returns 1: there is no portable count of threads, and the arbiter starts none.
#[cfg(not(target_os = "linux"))]
fn threads() -> usize {
    1
}

/// End of a child, and the resources that it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Death {
    /// Process id.
    pub pid: u32,
    /// Exit code, or −signal.
    pub status: i32,
    /// Core time of its whole life.
    pub cpu: concsim_model::units::CpuTime,
}

/// Reaps the next child that has ended, if there is one (wait4(2)). Never waits.
pub fn reap() -> Option<Death> {
    let mut status = 0;
    // SAFETY: a C structure of numbers, for which zeroes are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: writes into the two variables, which outlive the call.
    let pid = unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage) };
    let ended = pid > 0 && (libc::WIFEXITED(status) || libc::WIFSIGNALED(status));
    ended.then(|| Death {
        pid: pid.unsigned_abs(),
        status: if libc::WIFEXITED(status) {
            libc::WEXITSTATUS(status)
        } else {
            -libc::WTERMSIG(status)
        },
        cpu: length(usage.ru_utime) + length(usage.ru_stime),
    })
}

fn length(time: libc::timeval) -> concsim_model::units::CpuTime {
    let microseconds = time.tv_sec * 1_000_000 + libc::time_t::from(time.tv_usec);
    concsim_model::units::CpuTime(microseconds.unsigned_abs() * 1_000)
}

/// Resources that this process has used so far, by getrusage(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceUsage {
    /// Core time.
    pub cpu: concsim_model::units::CpuTime,
    /// Number of voluntary switches.
    pub voluntary: u64,
    /// Number of involuntary switches: the system took the core.
    pub involuntary: u64,
}

/// Returns the resources that this process has used so far.
pub fn used() -> ResourceUsage {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process may always ask about itself");
    ResourceUsage {
        cpu: length(*usage.user_time().as_ref()) + length(*usage.system_time().as_ref()),
        voluntary: usage.voluntary_context_switches().unsigned_abs(),
        involuntary: usage.involuntary_context_switches().unsigned_abs(),
    }
}

/// Returns the core time of this process and of all its descendants that have ended and were waited for.
pub fn used_by_family() -> concsim_model::units::CpuTime {
    use nix::sys::resource::{UsageWho, getrusage};
    let children = getrusage(UsageWho::RUSAGE_CHILDREN);
    let children = children.expect("a process may always ask about its children");
    let children =
        length(*children.user_time().as_ref()) + length(*children.system_time().as_ref());
    used().cpu + children
}

/// Redirects standard output to nowhere: text that a library prints from a signal handler must not be taken
/// for messages to the driver.
pub fn silence_stdout() -> Result<()> {
    let nothing = std::fs::File::options()
        .write(true)
        .open("/dev/null")
        .doing("open /dev/null")?;
    rustix::stdio::dup2_stdout(&nothing).doing("point standard output at /dev/null")
}
