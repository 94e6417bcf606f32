//! Formats of a table: CSV (RFC 4180) with a header, and JSON Lines, an object for each row.
//!
//! In CSV an unknown value is an empty field. Text is made safe for its readers: on one line, quoted if it
//! holds a comma, a quote or a `#`, and prefixed with an apostrophe if a spreadsheet would take it for a
//! formula. In JSON text is unchanged.

use std::io::{self, Write};

use super::Cell;
use concsim_model::words::mark_as_text;

/// Format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Commas between the fields.
    Csv,
    /// A line of JSON for each row.
    Jsonl,
}

impl Form {
    /// Returns the extension of its files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}

/// Table being written, cell by cell.
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
                // A reader that takes `#` for the start of a comment reads the same.
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

    /// Writes the header: the names of the columns.
    pub(super) fn begin(&mut self, all: impl Iterator<Item = &'static str>) -> io::Result<()> {
        match self {
            Self::Csv { to, .. } => to.write_record(all.map(str::as_bytes)).map_err(io_error),
            Self::Jsonl { names, .. } => {
                names.extend(all);
                Ok(())
            }
        }
    }

    /// Writes the next cell of the row.
    pub(super) fn cell(&mut self, cell: Cell<'_>) -> io::Result<()> {
        match self {
            Self::Csv { to, field } => {
                field.clear();
                match cell {
                    Cell::Nothing => {}
                    Cell::Words(words) => field.extend_from_slice(mark_as_text(&words).as_bytes()),
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

/// Returns the writer's own error, so that a broken pipe keeps its kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Writes a cell without text, which is the same in both formats.
fn write_plain(to: &mut impl Write, cell: &Cell<'_>, nothing: &str) -> io::Result<()> {
    match cell {
        Cell::Number(number) => write!(to, "{number}"),
        Cell::Signed(number) => write!(to, "{number}"),
        Cell::Real(number) if number.is_finite() => write!(to, "{number}"),
        Cell::Yes(yes) => write!(to, "{yes}"),
        Cell::Nothing | Cell::Real(_) | Cell::Words(_) => write!(to, "{nothing}"),
    }
}
