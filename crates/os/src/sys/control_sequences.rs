//! Control sequences of terminals, and the end of a full screen that writes them.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::write;
use rustix::termios::{QueueSelector, tcflush};

/// Control sequences (xterm's) that undo a full-screen program, in this order: end synchronized output,
/// mouse reporting off, bracketed paste off, attributes off, cursor visible, leave the alternate screen.
const LEAVE_FULL_SCREEN: &[u8] =
    b"\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Control sequences (xterm's) that make the terminal report clicks and the wheel, in its form for screens
/// of any size. Movements are not reported: they have no use here and would be many.
pub const TAKE_THE_MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// Control sequences that undo it; those at the end of a full screen do so too.
pub const GIVE_THE_MOUSE_BACK: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Time for a terminal to read what was written to it, before the rest of that is discarded.
const READS_WITHIN: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// Leaves the full screen on standard output. Async-signal-safe, and never blocks: output that the terminal
/// has not read within a second is discarded, for a terminal that is read no more would hold the process.
pub(super) fn leave_full_screen() {
    let output = rustix::stdio::stdout();
    let Ok(flags) = fcntl_getfl(output) else {
        return;
    };
    let _ = fcntl_setfl(output, flags | OFlags::NONBLOCK);
    if !write_all_at_once(output) {
        let _ = poll(
            &mut [PollFd::from_borrowed_fd(output, PollFlags::OUT)],
            Some(&READS_WITHIN),
        );
        if !write_all_at_once(output) {
            let _ = tcflush(output, QueueSelector::OFlush);
            write_all_at_once(output);
        }
    }
    // The open file is shared with the shell, which expects it to block.
    let _ = fcntl_setfl(output, flags);
}

/// Writes the sequences that leave the full screen; false if the terminal has no room for all of them. A
/// sequence that is cut is void at the escape that begins the next one.
fn write_all_at_once(output: BorrowedFd<'_>) -> bool {
    write(output, LEAVE_FULL_SCREEN).is_ok_and(|written| written == LEAVE_FULL_SCREEN.len())
}
