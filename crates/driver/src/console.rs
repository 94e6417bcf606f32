//! Standard output and standard error, as all subcommands write to them: data to the first, messages to the
//! second.
//!
//! Either may be closed or full at any time (`concsim … | head -1`), and neither is a reason to panic. A
//! message that cannot be written is dropped. Data that cannot be written end the command, with an error
//! unless the pipe is closed: its reader has read enough.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, StdoutLock, Write};

use concsim_model::words::printable;

/// Writes `concsim: WORDS` as a line on standard error. Words may quote file names and messages of the
/// system: control characters in them do not reach the terminal.
pub fn print_message(words: impl Display) {
    raw(format_args!("concsim: {}\n", printable(&words.to_string())));
}

/// Writes text that draws (a table, a line of progress) on standard error, as it is.
pub fn raw(text: impl Display) {
    // A failure of standard error cannot be reported.
    let _ = write!(io::stderr(), "{text}");
}

/// True if standard error is a terminal, on which a line can be redrawn.
pub fn is_on_a_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Writes a result on standard output, and flushes it. A closed pipe is no error. A terminal gets no
/// control characters of it.
///
/// # Errors
/// Standard output that cannot be written to, as when the disk is full.
pub fn print(text: &str) -> io::Result<()> {
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

/// Returns standard output for data in pieces. The caller flushes it at the end.
pub fn data() -> BufWriter<StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

/// Returns an error and its causes, each once: the text of some errors ends with that of their cause.
#[must_use]
pub fn chain(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        match text.as_str() {
            "" => cause,
            _ if text.ends_with(&cause) => text,
            _ => format!("{text}: {cause}"),
        }
    })
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

    #[test]
    fn a_cause_that_its_error_says_already_is_not_said_again() {
        let cause = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = anyhow::Error::new(cause).context("failed to read x: no such file");
        assert_eq!(chain(&error), "failed to read x: no such file");
        let error = error.context("cannot play");
        assert_eq!(chain(&error), "cannot play: failed to read x: no such file");
    }
}
