//! The terminal's modes, and their restoration at every end of a full screen.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use libc::tcflag_t; // 32 bits on Linux, 64 on macOS
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr,
};
use serde::{Deserialize, Serialize};

pub use super::control_sequences::{GIVE_THE_MOUSE_BACK, TAKE_THE_MOUSE};
use super::{ErrorContext, Result, control_sequences, signals};

/// Settings of a terminal before the screen was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modes {
    input: tcflag_t,
    output: tcflag_t,
    control: tcflag_t,
    local: tcflag_t,
}

impl Modes {
    /// Returns the modes of the terminal behind `terminal`.
    ///
    /// # Errors
    /// Fails if it is not a terminal.
    pub fn of(terminal: impl AsFd) -> Result<Self> {
        let set = tcgetattr(terminal).doing("read the terminal's modes")?;
        Ok(Self {
            input: set.input_modes.bits(),
            output: set.output_modes.bits(),
            control: set.control_modes.bits(),
            local: set.local_modes.bits(),
        })
    }

    /// Restores these modes.
    ///
    /// # Errors
    /// Fails if the terminal is gone.
    pub fn restore(&self, terminal: impl AsFd) -> Result<()> {
        let mut set = tcgetattr(&terminal).doing("read the terminal's modes")?;
        set.input_modes = InputModes::from_bits_retain(self.input);
        set.output_modes = OutputModes::from_bits_retain(self.output);
        set.control_modes = ControlModes::from_bits_retain(self.control);
        set.local_modes = LocalModes::from_bits_retain(self.local);
        tcsetattr(terminal, OptionalActions::Now, &set).doing("restore the terminal's modes")
    }

    /// Leaves the full screen on standard output and restores these modes. A terminal that is gone needs
    /// neither.
    pub fn leave_full_screen(&self) {
        let _ = io::stdout().flush();
        control_sequences::leave_full_screen();
        let _ = self.restore(io::stdout());
    }
}

/// Terminal taken over for a full screen. Dropping it gives the terminal back.
///
/// There are three ends, and each gives it back by its own means: a return or a panic here; a signal that
/// ends the process by its handler, before the shell writes its next prompt; a kill (SIGKILL, SIGSEGV) by
/// another process, the keeper, at the end of a pipe that the kernel closes with this process.
#[derive(Debug)]
pub struct FullScreen {
    terminal: BorrowedFd<'static>,
    modes: Modes,
    /// `None` if the system has no process left for it.
    keeper: Option<Child>,
    is_given_back: bool,
}

/// Hidden subcommand of the keeper.
pub const KEEPER: &str = "__keeper";
/// Byte that tells the keeper that the terminal has been given back.
const GIVEN_BACK: &[u8] = b"b";

impl FullScreen {
    /// Takes over `terminal`, which is standard output. The caller enters raw mode and the alternate screen
    /// afterwards.
    ///
    /// # Errors
    /// Fails if it is not a terminal, or is gone.
    pub fn take(terminal: BorrowedFd<'static>) -> Result<Self> {
        let modes = Modes::of(terminal)?;
        let keeper = start_keeper(modes).ok();
        let pipe = keeper.as_ref().and_then(|keeper| keeper.stdin.as_ref());
        signals::give_back_on_death(pipe.map(AsRawFd::as_raw_fd))?;
        Ok(Self {
            terminal,
            modes,
            keeper,
            is_given_back: false,
        })
    }

    /// Returns the terminal.
    #[must_use]
    pub fn terminal(&self) -> BorrowedFd<'static> {
        self.terminal
    }

    /// Returns its modes before it was taken over.
    #[must_use]
    pub fn modes(&self) -> Modes {
        self.modes
    }
}

impl FullScreen {
    /// Gives the terminal back, once.
    pub fn give_back(&mut self) {
        if std::mem::replace(&mut self.is_given_back, true) {
            return;
        }
        // A panic's hook has given it back before the message was printed; leaving the full screen again
        // would put the cursor back above the message.
        if !std::thread::panicking() {
            // The library sets raw mode once: without this the next screen of this program gets no keys.
            let _ = crossterm::terminal::disable_raw_mode();
            self.modes.leave_full_screen();
        }
        signals::die_plainly();
        if let Some(mut keeper) = self.keeper.take() {
            // If the keeper is gone, it needs no notice; with the notice it ends at once.
            let _ = keeper
                .stdin
                .take()
                .map(|mut pipe| pipe.write_all(GIVEN_BACK));
            let _ = keeper.wait();
        }
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        self.give_back();
    }
}

fn start_keeper(modes: Modes) -> io::Result<Child> {
    let modes = serde_json::to_string(&modes).map_err(io::Error::other)?;
    Command::new(std::env::current_exe()?)
        .args([KEEPER, &modes])
        .stdin(Stdio::piped())
        .stdout(Stdio::inherit())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

/// Runs the keeper: waits until the driver has given the terminal back, or has ended without doing so.
/// Signals that a terminal sends to all its processes do not end it, nor does SIGHUP, which the kernel
/// sends to a stopped process whose parent has died, before it continues it.
///
/// # Errors
/// Fails if the terminal is gone, and there is nothing left to restore.
pub fn run_keeper(modes: Modes) -> Result<()> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // A background process that sets modes is stopped by SIGTTOU unless it ignores it (tcsetattr(3)).
    let ignored = [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGTTOU,
    ];
    for it in ignored {
        // SAFETY: ignoring a signal runs no code.
        unsafe { signal(it, SigHandler::SigIgn) }.doing(format!("ignore {it}"))?;
    }
    let mut word = Vec::new();
    io::stdin()
        .read_to_end(&mut word)
        .doing("wait for the driver's end")?;
    if word.is_empty() {
        modes.leave_full_screen();
    }
    Ok(())
}

/// True if the other end of the terminal is closed. Its keyboard is at its end for ever then. The
/// foreground processes get SIGHUP; others find out here.
#[must_use]
pub fn is_gone(terminal: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(terminal, PollFlags::empty())];
    let at_once = Timespec::default();
    matches!(poll(&mut polled, Some(&at_once)), Ok(1..))
}

/// Returns the terminal of standard output, if it is one.
#[must_use]
pub fn of_standard_output() -> Option<BorrowedFd<'static>> {
    let output = rustix::stdio::stdout();
    rustix::termios::isatty(output).then_some(output)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::is_gone;

    #[test]
    fn a_terminal_is_gone_when_its_other_end_is_closed() {
        let pair = nix::pty::openpty(None, None).unwrap();
        assert!(!is_gone(pair.slave.as_fd()));
        drop(pair.master);
        assert!(is_gone(pair.slave.as_fd()));
    }
}
