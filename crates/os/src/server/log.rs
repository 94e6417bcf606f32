//! The log of the server: lines on standard error.

use std::io::{self, Write as _};

use concsim_model::units::Elapsed;

use crate::sys::net;

/// Writes a line to standard error. A failure is ignored: there is nowhere to report it. A line for which
/// there is no room is dropped, because a pipe that is not read would stop the process.
pub(super) fn log(text: &str) {
    let error = io::stderr();
    if net::wait_writable(&error, Some(Elapsed::ZERO)).is_ok_and(|has_room| has_room) {
        let _ = writeln!(&mut &error, "{text}");
    }
}
