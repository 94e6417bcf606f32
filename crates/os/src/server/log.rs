//! The log of the server: lines on standard error.

use std::io::{self, Write as _};

/// Writes a line to standard error. A failure is ignored: there is nowhere to report it.
pub(super) fn log(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
