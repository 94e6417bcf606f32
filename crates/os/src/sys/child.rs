//! Parents and children: starts the other processes of a run, and makes sure that none outlives it.
//!
//! A child is this same program, started by `exec` with a hidden subcommand. It reads its orders from
//! standard input, writes messages to the driver as lines on standard output, and inherits the scoreboard
//! and the read end of its own *lifeline*: a pipe of which the driver alone holds the write end. When the
//! driver is gone, for any reason, the pipe ends and so does the child. A stopped process does not notice
//! that; on Linux the kernel also kills such a child when its parent dies (`PR_SET_PDEATHSIG`, prctl(2)).
//!
//! Every child leads a process group of its own: ^C on the terminal reaches the driver only, and the driver
//! decides how the run ends.

use std::fs::File;
use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};

use super::clock::Clock;
use super::signals::{self, Signal};
use super::{ErrorContext, Result, net};
use concsim_model::units::{Elapsed, Stamp};

/// Time between two looks at a child that ends.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(5);

/// Resources that a child inherits.
#[derive(Debug)]
pub struct ChildEnv<'a> {
    /// Shared memory.
    pub scoreboard: BorrowedFd<'a>,
    /// Text for its standard input.
    pub orders: &'a str,
}

/// Child of the driver. Killed and reaped when dropped.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    output: ChildOutput,
    /// Held, never written to: its end is the signal.
    lifeline: Option<PipeWriter>,
    /// Time that it gets to end by itself when its lifeline ends, before it is killed.
    patience: Elapsed,
}

/// Returns the path of this program, which every child process runs.
///
/// # Errors
/// Fails if the system does not report it, as Linux without `/proc`.
pub fn own_file() -> Result<PathBuf> {
    std::env::current_exe().doing("find the file of this program")
}

impl Child {
    /// Starts this program again as `role` (`__arbiter`).
    ///
    /// # Errors
    /// Fails if the system has no process, pipe or memory left.
    pub fn start(role: &str, environment: &ChildEnv<'_>) -> Result<Self> {
        let (lifeline, kept_end) = io::pipe().doing("make the lifeline of a child")?;
        let executable = own_file()?;
        let inherited = [environment.scoreboard.as_raw_fd(), lifeline.as_raw_fd()];
        let names = inherited.iter().map(ToString::to_string);
        let mut command = Command::new(executable);
        command
            .arg(role)
            .args(names)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        before_exec(&mut command, inherited);
        let mut process = command.spawn().doing(format!("start {role}"))?;
        match give_orders(&mut process, role, environment.orders) {
            Ok(out) => Ok(Self {
                process,
                output: out,
                lifeline: Some(kept_end),
                patience: Elapsed::ZERO,
            }),
            Err(error) => {
                end(&mut process);
                Err(error)
            }
        }
    }

    /// Gives it this long to end by itself when it is dropped: a child with processes of its own ends these first.
    #[must_use]
    pub fn with_patience(mut self, patience: Elapsed) -> Self {
        self.patience = patience;
        self
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Returns the lines that it has written since the last call. Never waits.
    pub fn lines(&mut self) -> Vec<String> {
        self.output.lines()
    }

    /// Returns its exit status, if it has ended: `exit status: 0`, `signal: 9`.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Tells it to stop (SIGTERM).
    pub fn terminate(&mut self) {
        self.signal(Signal::Terminate);
    }

    /// Tells it to stop quickly (SIGINT).
    pub fn interrupt(&mut self) {
        self.signal(Signal::Interrupt);
    }

    /// Sends a signal, unless it has ended and was waited for: its id may then be another process's.
    fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            signals::send(self.pid(), signal);
        }
    }

    /// Kills it (SIGKILL) and reaps it.
    pub fn kill(&mut self) {
        end(&mut self.process);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let clock = Clock::starting_now();
        while self.patience > Elapsed::ZERO
            && self.ended().is_none()
            && clock.now() < Stamp::ZERO + self.patience
        {
            self.output.lines();
            // Its output ends when it ends.
            let _ = net::wait_readable(self.output.ends().map(AsFd::as_fd), Some(LOOK_EVERY));
        }
        self.kill();
    }
}

/// Kills a process and reaps it.
fn end(process: &mut std::process::Child) {
    // Either it has ended already, or it ends now.
    let _ = process.kill();
    let _ = process.wait();
}

/// Sends a new child its orders, and begins to read its output.
fn give_orders(process: &mut std::process::Child, role: &str, orders: &str) -> Result<ChildOutput> {
    let input = process.stdin.take().expect("standard input is a pipe");
    hand_over(orders, input).doing(format!("send {role} its orders"))?;
    ChildOutput::of(process)
}

/// Writes a child's orders in a thread of its own: a child that is stopped does not read them, and the
/// driver must not wait for it. If the child has ended, its exit status tells more than a broken pipe.
fn hand_over(orders: &str, mut input: std::process::ChildStdin) -> io::Result<()> {
    let orders = orders.to_owned();
    let thread = std::thread::Builder::new();
    thread.spawn(move || input.write_all(orders.as_bytes()))?;
    Ok(())
}

/// First descriptor beyond the standard streams.
const FIRST_BEYOND: RawFd = 3;

fn before_exec(command: &mut Command, inherited: [RawFd; 2]) {
    let parent = rustix::process::getpid();
    let prepare = move || {
        die_with(parent)?;
        for descriptor in &inherited {
            // SAFETY: the driver keeps these descriptors open until the child has been started.
            let descriptor = unsafe { BorrowedFd::borrow_raw(*descriptor) };
            fcntl_setfd(descriptor, FdFlags::empty())?;
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock.
    unsafe { command.pre_exec(prepare) };
}

/// Asks the kernel to kill this process when `parent`, which forked it, dies.
///
/// # Errors
/// Fails if the parent is gone already.
pub fn die_with_parent(parent: u32) -> Result<()> {
    let parent = rustix::process::Pid::from_raw(parent.cast_signed());
    let parent = parent.expect("every process that forks has a process id");
    die_with(parent).doing("check the parent process")
}

/// Asks the kernel to kill this process when its parent dies, and checks that the parent has not died in
/// between.
///
/// # Errors
/// Fails if the parent is gone already.
pub fn die_with(parent: rustix::process::Pid) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    if rustix::process::getppid() == Some(parent) {
        Ok(())
    } else {
        // No allocation: this runs between fork and exec.
        Err(rustix::io::Errno::SRCH.into())
    }
}

/// Output of a child: its standard output and standard error, as lines.
#[derive(Debug)]
pub(super) struct ChildOutput {
    pipes: [(File, Vec<u8>); 2],
}

impl ChildOutput {
    pub(super) fn of(process: &mut std::process::Child) -> Result<Self> {
        let output = OwnedFd::from(process.stdout.take().expect("standard output is a pipe"));
        let errors = OwnedFd::from(process.stderr.take().expect("standard error is a pipe"));
        for pipe in [&output, &errors] {
            rustix::io::ioctl_fionbio(pipe, true).doing("make the pipe of a child non-blocking")?;
        }
        let pipes = [output, errors].map(|pipe| (File::from(pipe), Vec::new()));
        Ok(Self { pipes })
    }

    /// Returns the reading ends of the two.
    pub(super) fn ends(&self) -> [&File; 2] {
        let [output, errors] = &self.pipes;
        [&output.0, &errors.0]
    }

    pub(super) fn lines(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        for (pipe, partial) in &mut self.pipes {
            // WouldBlock ends the reading; all bytes that were there are in `partial`.
            let _ = pipe.read_to_end(partial);
            while let Some(end) = partial.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = partial.drain(..=end).collect();
                lines.push(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
        }
        lines
    }
}

/// Resources that a child has inherited: its side of [`ChildEnv`].
#[derive(Debug)]
pub struct Inherited {
    /// Shared memory.
    pub scoreboard: OwnedFd,
    /// Pipe that ends when the driver is gone.
    pub lifeline: OwnedFd,
    /// Orders of the driver.
    pub orders: String,
}

impl Inherited {
    /// Takes over the descriptors whose numbers the driver put on the command line, and reads the orders.
    /// Called once, first of all.
    ///
    /// # Errors
    /// Fails if the numbers are not those of open descriptors: the subcommand was typed by hand.
    pub fn take(numbers: &[RawFd]) -> Result<Self> {
        let &[scoreboard, lifeline] = <&[RawFd; 2]>::try_from(numbers)
            .ok()
            .ok_or_else(|| io::Error::other("this subcommand is internal to concsim"))
            .doing("find the descriptors of the driver")?;
        let is_taken = |(place, number): (usize, &RawFd)| {
            *number < FIRST_BEYOND || numbers[..place].contains(number)
        };
        if numbers.iter().enumerate().any(is_taken) {
            let error = io::Error::other("these are not the driver's descriptors");
            return Err(error).doing("find the descriptors of the driver");
        }
        let mut orders = String::new();
        let scoreboard = adopt(scoreboard)?;
        let lifeline = adopt(lifeline)?;
        io::stdin()
            .read_to_string(&mut orders)
            .doing("read the driver's orders")?;
        Ok(Self {
            scoreboard,
            lifeline,
            orders,
        })
    }
}

fn adopt(number: RawFd) -> Result<OwnedFd> {
    // SAFETY: changes a flag only; a number that is not open is an error.
    let is_open = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } == 0;
    if !is_open {
        return Err(io::Error::last_os_error()).doing("find the descriptors of the driver");
    }
    // SAFETY: open, as was just checked; none of the standard streams, and named once, as `take` has
    // checked: nothing else in this process owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// True if the lifeline has ended: the driver is gone.
pub fn is_cut(lifeline: impl AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut polled = [PollFd::new(&lifeline, PollFlags::IN)];
    let at_once = Timespec::default();
    matches!(poll(&mut polled, Some(&at_once)), Ok(1..))
}

/// Ends this process with `_exit` as soon as the lifeline is cut, whatever it is doing, by a SIGIO handler
/// (fcntl(2), `O_ASYNC`). For processes that may compute for a long time, on kernels without
/// `PR_SET_PDEATHSIG`.
///
/// # Errors
/// Fails if the system refuses the handler.
pub fn die_when_cut(lifeline: impl AsFd) -> Result<()> {
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    extern "C" fn leave(_: i32) {
        // SAFETY: `_exit` may be called from a signal handler (signal-safety(7)).
        unsafe { libc::_exit(1) }
    }
    let action = SigAction::new(
        SigHandler::Handler(leave),
        SaFlags::empty(),
        SigSet::empty(),
    );
    // SAFETY: the handler makes one async-signal-safe call.
    unsafe { sigaction(Signal::SIGIO, &action) }.doing("handle the lifeline's end")?;
    let me = rustix::process::getpid().as_raw_pid();
    // SAFETY: sets the receiver of the signal; the descriptor is open.
    let result = unsafe { libc::fcntl(lifeline.as_fd().as_raw_fd(), libc::F_SETOWN, me) };
    if result == -1 {
        return Err(io::Error::last_os_error()).doing("watch the lifeline");
    }
    let flags = fcntl_getfl(&lifeline).doing("watch the lifeline")?;
    fcntl_setfl(
        &lifeline,
        flags | OFlags::from_bits_retain(libc::O_ASYNC as _),
    )
    .doing("watch the lifeline")?;
    if is_cut(&lifeline) {
        leave(0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_child_that_ends_before_it_has_read_its_orders_has_an_exit_status() {
        // The program here is the test program, which prints its help and reads nothing.
        let orders = "x".repeat(1 << 20);
        let board = File::open("/dev/null").unwrap();
        let environment = ChildEnv {
            scoreboard: board.as_fd(),
            orders: &orders,
        };
        let mut child = Child::start("--help", &environment).unwrap();
        let status = loop {
            if let Some(status) = child.ended() {
                break status;
            }
            std::thread::yield_now();
        };
        assert!(status.success(), "{status}");
    }
}
