//! Standard output and standard error, as all subcommands write to them: data to the one, talk to the other.
//!
//! Either may be closed or full at any time (`concsim … | head -1`), and neither is a reason to panic. Talk
//! that cannot be written is dropped. Data that cannot be written end the command, with an error unless
//! the reader has left: it has read enough.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, StdoutLock, Write};

use super::colour::Colour;
use concsim_model::scenario::Problems;
use concsim_model::words::printable;

/// Writes `concsim: WORDS` as a line on standard error. Words may quote file names and messages of the
/// system: control characters in them do not reach the terminal.
pub fn say(words: impl Display) {
    raw(format_args!("concsim: {}\n", printable(&words.to_string())));
}

/// Writes all mistakes of a file or of the command line on standard error, each under its line.
pub(super) fn say_mistakes(problems: &Problems, colour: Colour) {
    raw(format_args!("{}\n", problems.render(colour.in_messages())));
}

/// Writes text that draws (a table, a line of progress) on standard error, as it is.
pub(super) fn raw(text: impl Display) {
    // No other place is left to report a failure of standard error.
    let _ = write!(io::stderr(), "{text}");
}

/// Whether standard error is a terminal, on which a line may be drawn over.
pub(super) fn is_on_a_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Writes a result on standard output, and flushes it. A reader that has left is no error. A terminal gets
/// no control characters of it.
///
/// # Errors
/// When standard output cannot be written to, as when the disk is full.
pub(super) fn print(text: &str) -> io::Result<()> {
    let text = if io::stdout().is_terminal() {
        Cow::Owned(printable(text))
    } else {
        Cow::Borrowed(text)
    };
    let mut output = data();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(io::Error::new(
            error.kind(),
            format!("standard output: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Standard output for data that are written piece by piece. It has to be flushed at the end.
pub(super) fn data() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_a_file_name_do_not_reach_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\u{7}\nc"),
            "a\u{FFFD}[31mb\u{FFFD}\nc"
        );
    }
}
