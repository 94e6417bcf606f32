//! The two forms of a table: CSV (RFC 4180) with a head, and JSON Lines, an object for each row.
//!
//! In CSV what is not known is an empty field, and words are harmless to whatever reads them: on one line,
//! quoted where a comma, a quote or a `#` is in them, and marked with an apostrophe where a spreadsheet
//! would take them for a formula. In JSON words are exactly what they were.

use std::io::{self, Write};

use super::Cell;
use concsim_model::words::harmless;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Commas between the fields.
    Csv,
    /// A line of JSON for each row.
    Jsonl,
}

impl Form {
    /// What its files are called.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// A table that is being written, cell by cell.
pub(super) enum Sheet<W: Write> {
    Csv {
        to: Box<csv::Writer<W>>,
        field: Vec<u8>,
    },
    Jsonl {
        to: W,
        names: Vec<&'static str>,
        place: usize,
    },
}

impl<W: Write> Sheet<W> {
    pub(super) fn new(form: Form, to: W) -> Self {
        match form {
            Form::Csv => Self::Csv {
                // Whoever reads it with `#` as the sign of comments reads the same.
                to: Box::new(
                    csv::WriterBuilder::new()
                        .comment(Some(b'#'))
                        .from_writer(to),
                ),
                field: Vec::new(),
            },
            Form::Jsonl => Self::Jsonl {
                to,
                names: Vec::new(),
                place: 0,
            },
        }
    }

    /// The head: what the columns are called.
    pub(super) fn begin(&mut self, all: impl Iterator<Item = &'static str>) -> io::Result<()> {
        match self {
            Self::Csv { to, .. } => to.write_record(all.map(str::as_bytes)).map_err(io_error),
            Self::Jsonl { names, .. } => {
                names.extend(all);
                Ok(())
            }
        }
    }

    /// The next cell of the row.
    pub(super) fn cell(&mut self, cell: Cell<'_>) -> io::Result<()> {
        match self {
            Self::Csv { to, field } => {
                field.clear();
                match cell {
                    Cell::Nothing => {}
                    Cell::Words(words) => field.extend_from_slice(harmless(&words).as_bytes()),
                    number => write_plain(field, &number, "")?,
                }
                to.write_field(&field).map_err(io_error)
            }
            Self::Jsonl { to, names, place } => {
                let before = if *place == 0 { '{' } else { ',' };
                write!(to, "{before}\"{}\":", names[*place])?;
                *place += 1;
                match cell {
                    Cell::Words(words) => Ok(serde_json::to_writer(to, &words)?),
                    other => write_plain(to, &other, "null"),
                }
            }
        }
    }

    pub(super) fn end_row(&mut self) -> io::Result<()> {
        match self {
            Self::Csv { to, .. } => to.write_record(None::<&[u8]>).map_err(io_error),
            Self::Jsonl { to, place, .. } => {
                *place = 0;
                to.write_all(b"}\n")
            }
        }
    }

    pub(super) fn close(self) -> io::Result<()> {
        match self {
            Self::Csv { mut to, .. } => to.flush(),
            Self::Jsonl { mut to, .. } => to.flush(),
        }
    }
}

/// What was in the way, as whoever wrote said it: a pipe that nobody reads is still one.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// What has no words in it, in the same way in both forms.
fn write_plain(to: &mut impl Write, cell: &Cell<'_>, nothing: &str) -> io::Result<()> {
    match cell {
        Cell::Number(number) => write!(to, "{number}"),
        Cell::Signed(number) => write!(to, "{number}"),
        Cell::Real(number) if number.is_finite() => write!(to, "{number}"),
        Cell::Yes(yes) => write!(to, "{yes}"),
        Cell::Nothing | Cell::Real(_) | Cell::Words(_) => write!(to, "{nothing}"),
    }
}
