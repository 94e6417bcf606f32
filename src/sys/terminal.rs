//! The terminal's modes, and who puts them back.
//!
//! The driver restores the terminal itself, also when it panics. If it is *killed*, the arbiter does:
//! it holds a duplicate of the terminal and the modes as they were, feels its lifeline end, puts
//! everything back and only then dies.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr,
};
use serde::{Deserialize, Serialize};

use super::{Doing, Result};

/// Undoes what a full-screen program does, in this order: end synchronized output, mouse reporting
/// off, bracketed paste off, attributes off, cursor visible, leave the alternate screen
/// (xterm's control sequences).
pub const LEAVE_FULL_SCREEN: &[u8] =
    b"\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Has the terminal report clicks and the wheel, in its form for screens of any size; movements are
/// of no use here and would be many (xterm's control sequences).
pub const TAKE_THE_MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// Undoes it; [`LEAVE_FULL_SCREEN`] does so too.
pub const GIVE_THE_MOUSE_BACK: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// How a terminal was set before the screen was taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modes {
    input: u32,
    output: u32,
    control: u32,
    local: u32,
}

impl Modes {
    /// The modes of the terminal behind `terminal`.
    ///
    /// # Errors
    /// When it is no terminal.
    pub fn of(terminal: impl AsFd) -> Result<Self> {
        let set = tcgetattr(terminal).doing("read the terminal's modes")?;
        Ok(Self {
            input: set.input_modes.bits(),
            output: set.output_modes.bits(),
            control: set.control_modes.bits(),
            local: set.local_modes.bits(),
        })
    }

    /// Sets the terminal so again.
    ///
    /// # Errors
    /// When it is gone.
    pub fn restore(&self, terminal: impl AsFd) -> Result<()> {
        let mut set = tcgetattr(&terminal).doing("read the terminal's modes")?;
        set.input_modes = InputModes::from_bits_retain(self.input);
        set.output_modes = OutputModes::from_bits_retain(self.output);
        set.control_modes = ControlModes::from_bits_retain(self.control);
        set.local_modes = LocalModes::from_bits_retain(self.local);
        tcsetattr(terminal, OptionalActions::Now, &set).doing("restore the terminal's modes")
    }
}

/// Puts the terminal back on behalf of a driver that was killed. Held by the arbiter.
#[derive(Debug)]
pub struct Keeper {
    terminal: OwnedFd,
    modes: Modes,
}

impl Keeper {
    /// Keeps what is needed to restore `terminal` to `modes`.
    #[must_use]
    pub fn new(terminal: OwnedFd, modes: Modes) -> Self {
        Self { terminal, modes }
    }

    /// Leaves the full screen and restores the modes. A background process that touches its terminal
    /// is stopped by SIGTTOU unless it ignores that signal (tcsetattr(3)), so it is ignored.
    ///
    /// # Errors
    /// When the terminal is gone, and there is nothing left to restore.
    pub fn restore(self) -> Result<()> {
        use nix::sys::signal::{SigHandler, Signal, signal};
        // SAFETY: ignoring a signal runs no code.
        unsafe { signal(Signal::SIGTTOU, SigHandler::SigIgn) }.doing("ignore SIGTTOU")?;
        let mut screen = File::from(self.terminal);
        screen
            .write_all(LEAVE_FULL_SCREEN)
            .doing("leave the full screen")?;
        self.modes.restore(&screen)
    }
}

/// Whether nobody is behind the terminal any more. Its keyboard is then at its end for ever, and its
/// foreground has been told by SIGHUP; the others find out here.
#[must_use]
pub fn is_gone(terminal: BorrowedFd<'_>) -> bool {
    let mut polled = [PollFd::from_borrowed_fd(terminal, PollFlags::empty())];
    let at_once = Timespec::default();
    matches!(poll(&mut polled, Some(&at_once)), Ok(1..))
}

/// The terminal of standard output, if it is one.
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
    fn a_terminal_is_gone_when_nobody_is_behind_it() {
        let pair = nix::pty::openpty(None, None).unwrap();
        assert!(!is_gone(pair.slave.as_fd()));
        drop(pair.master);
        assert!(is_gone(pair.slave.as_fd()));
    }
}
