//! Display on a terminal: appearance, frame rate, and output of frames.

use std::os::fd::BorrowedFd;

use concsim_model::palette::Look;
use concsim_model::units::Elapsed;
use concsim_os::sys::terminal;

/// Output of frames to the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Between two marks, so that a terminal that supports them shows a frame at once (synchronized output,
    /// mode 2026); others ignore them.
    AtOnce,
    /// Unmarked: the console of Linux prints unknown sequences.
    AsWritten,
}

/// Resolved display options.
#[derive(Clone, Copy, Debug)]
pub struct DisplayOptions {
    /// Appearance.
    pub look: Look,
    /// Time between two frames.
    pub frame_every: Elapsed,
    /// Output of frames.
    pub delivery: Delivery,
}

/// Returns the output of frames that suits a terminal of this type.
#[must_use]
pub fn delivery(term: Option<&str>) -> Delivery {
    match term {
        Some("linux" | "dumb") => Delivery::AsWritten,
        Some(_) | None => Delivery::AtOnce,
    }
}

/// Returns the terminal of standard output, if it can be drawn on: a terminal of type dumb can only print
/// lines.
#[must_use]
pub fn canvas() -> Option<BorrowedFd<'static>> {
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    terminal::of_standard_output().filter(|_| !is_dumb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_that_prints_what_it_does_not_know_is_not_told_of_frames() {
        assert_eq!(delivery(Some("linux")), Delivery::AsWritten);
        assert_eq!(delivery(Some("dumb")), Delivery::AsWritten);
        assert_eq!(delivery(Some("xterm-256color")), Delivery::AtOnce);
        assert_eq!(delivery(None), Delivery::AtOnce);
    }
}
