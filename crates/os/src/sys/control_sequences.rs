//! Control sequences of terminals.

/// Control sequences (xterm's) that undo a full-screen program, in this order: end synchronized output,
/// mouse reporting off, bracketed paste off, attributes off, cursor visible, leave the alternate screen.
pub const LEAVE_FULL_SCREEN: &[u8] =
    b"\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";

/// Control sequences (xterm's) that make the terminal report clicks and the wheel, in its form for screens
/// of any size. Movements are not reported: they have no use here and would be many.
pub const TAKE_THE_MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// Control sequences that undo it; [`LEAVE_FULL_SCREEN`] does so too.
pub const GIVE_THE_MOUSE_BACK: &[u8] = b"\x1b[?1006l\x1b[?1000l";
