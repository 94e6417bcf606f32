//! Foreign programs: started in a process group of their own, and ended with everything that they have started.
//!
//! ```text
//!   driver ── observer ── program ── its workers, and theirs …
//!                └─ on Linux the parent of each whose own parent has ended (PR_SET_CHILD_SUBREAPER, prctl(2))
//! ```
//!
//! So the observer ends them all: first the group, then whatever has become its child.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, kill_process_group};

use super::child::{self, ChildOutput};
use super::signals::Signal;
use super::{ErrorContext as _, Result, processes};

/// Number of the newest lines of output that are kept.
const KEPT_LINES: usize = 6;

/// A foreign program.
#[derive(Debug)]
pub struct ForeignProgram {
    pid: u32,
    output: ChildOutput,
    newest: VecDeque<String>,
}

impl ForeignProgram {
    /// Starts a program with these arguments, the program first, and with more variables in its environment. Its
    /// standard input is empty. The kernel kills it when this process dies, on Linux.
    ///
    /// # Errors
    /// Fails if the program cannot be found or started.
    pub fn start(arguments: &[String], environment: &[(&str, String)], nice: u8) -> Result<Self> {
        let doing = || format!("start `{}`", arguments.join(" "));
        let (program, rest) = arguments
            .split_first()
            .ok_or_else(|| std::io::Error::other("the command is empty"))
            .doing("start a server")?;
        let mut command = Command::new(program);
        command
            .args(rest)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let parent = rustix::process::getpid();
        let prepare = move || {
            processes::become_nice(nice);
            child::die_with(parent)
        };
        // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock.
        unsafe { command.pre_exec(prepare) };
        let mut process = command.spawn().doing(doing())?;
        Ok(Self {
            pid: process.id(),
            output: ChildOutput::of(&mut process)?,
            newest: VecDeque::new(),
        })
    }

    /// Returns its process id, which is that of its process group too.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns the two ends at which its output arrives.
    pub fn outputs(&self) -> [BorrowedFd<'_>; 2] {
        self.output.ends().map(AsFd::as_fd)
    }

    /// Reads what it has written, so that it never waits for a reader. Never waits.
    pub fn read_output(&mut self) {
        self.newest.extend(self.output.lines());
        let too_many = self.newest.len().saturating_sub(KEPT_LINES);
        self.newest.drain(..too_many);
    }

    /// Returns the newest lines that it has written.
    pub fn newest_lines(&self) -> impl Iterator<Item = &str> {
        self.newest.iter().map(String::as_str)
    }
}

/// Sends a signal to all processes of a group; without effect if there is none.
pub fn signal_group(group: u32, signal: Signal) {
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal.to_send());
    }
}

/// Prepares this process to end foreign programs. It lives until its lifeline ends, even if its parent dies first,
/// and descendants whose parents have ended become its children.
///
/// # Errors
/// Fails on systems other than Linux, which show neither the listeners nor the children of other processes.
pub fn become_their_keeper() -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(None).doing("outlive the driver")?;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
            .doing("become the parent of orphans")
    }
    #[cfg(not(target_os = "linux"))]
    Err(std::io::Error::other(
        "only Linux shows its listeners and children",
    ))
    .doing("observe a foreign server")
}
