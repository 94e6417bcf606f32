//! Tables: a recording as rows, for pandas, DuckDB, R and spreadsheets.
//!
//! ```text
//!   RunView ─▶ rows ─▶ columns ─▶ cells ─▶ CSV or JSONL
//! ```
//!
//! A column is its name, its unit, its description, and the function that reads it off a row. One line of
//! code is a whole column, and a test compares `docs/data.md` with these lines. Instants are nanoseconds of
//! the run's clock, which begins with the run.

mod cores;
mod events;
mod form;
mod requests;
mod runs;
mod samples;
mod switches;
#[cfg(test)]
mod tests;
mod workers;

use std::borrow::Cow;
use std::io::{self, Write};

pub use form::Form;
use form::Sheet;

use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_record::RunView;

/// Table of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Table {
    /// One row for each variant: its plan, its machine, its trust.
    Runs,
    /// One row for each request.
    Requests,
    /// One row for each sample.
    Samples,
    /// One row for each worker in each sample.
    Workers,
    /// One row for each core in each sample.
    Cores,
    /// One row for each interval in which a task had a worker, blocked it or lost its core.
    Switches,
    /// One row for each accepted connection, each process started or ended, and each answer of a service.
    Events,
}

/// Documentation of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnDescription {
    /// Name, as in the header of the file.
    pub name: &'static str,
    /// Unit: `ns`, or empty.
    pub unit: &'static str,
    /// Description.
    pub description: &'static str,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 7] = [
        Self::Runs,
        Self::Requests,
        Self::Samples,
        Self::Workers,
        Self::Cores,
        Self::Switches,
        Self::Events,
    ];

    /// Returns its name, which is also the name of its file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Requests => "requests",
            Self::Samples => "samples",
            Self::Workers => "workers",
            Self::Cores => "cores",
            Self::Switches => "switches",
            Self::Events => "events",
        }
    }

    /// Returns its columns, in order.
    #[must_use]
    pub fn columns(self) -> Vec<ColumnDescription> {
        let described = |own: Vec<ColumnDescription>| [describe(&every_table()), own].concat();
        match self {
            Self::Runs => described(describe(&runs::columns())),
            Self::Requests => described(describe(&requests::columns())),
            Self::Samples => described(describe(&samples::columns())),
            Self::Workers => described(describe(&workers::columns())),
            Self::Cores => described(describe(&cores::columns())),
            Self::Switches => described(describe(&switches::columns())),
            Self::Events => described(describe(&events::columns())),
        }
    }

    /// Writes the rows of these variants and returns their number. Each is written as soon as it is made.
    ///
    /// # Errors
    /// If writing fails.
    pub fn write(self, variants: &[RunView<'_>], form: Form, to: impl Write) -> io::Result<u64> {
        let sheet = Sheet::new(form, to);
        match self {
            Self::Runs => fill(sheet, variants, &runs::columns(), runs::rows),
            Self::Requests => fill(sheet, variants, &requests::columns(), requests::rows),
            Self::Samples => fill(sheet, variants, &samples::columns(), samples::rows),
            Self::Workers => fill(sheet, variants, &workers::columns(), workers::rows),
            Self::Cores => fill(sheet, variants, &cores::columns(), cores::rows),
            Self::Switches => fill(sheet, variants, &switches::columns(), switches::rows),
            Self::Events => fill(sheet, variants, &events::columns(), events::rows),
        }
    }
}

/// Column of a table with this type of row.
struct Column<'a, Row> {
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    cell: fn(&Row) -> Cell<'a>,
}

/// Returns a column without a unit.
fn column<'a, Row>(
    name: &'static str,
    description: &'static str,
    cell: fn(&Row) -> Cell<'a>,
) -> Column<'a, Row> {
    Column {
        name,
        unit: "",
        description,
        cell,
    }
}

/// Returns a column of nanoseconds.
fn ns<'a, Row>(
    name: &'static str,
    description: &'static str,
    cell: fn(&Row) -> Cell<'a>,
) -> Column<'a, Row> {
    Column {
        unit: "ns",
        ..column(name, description, cell)
    }
}

fn describe<Row>(columns: &[Column<'_, Row>]) -> Vec<ColumnDescription> {
    let described = |column: &Column<'_, Row>| ColumnDescription {
        name: column.name,
        unit: column.unit,
        description: column.description,
    };
    columns.iter().map(described).collect()
}

/// Returns the columns with which every row of every table begins: without them a row that proves nothing
/// would look like any other.
fn every_table<'a>() -> [Column<'a, &'a RunView<'a>>; 3] {
    [
        column("variant", "name of the variant", |view| view.name().into()),
        column("origin", "`measured` or `simulated`", |view| {
            view.run().origin.word().into()
        }),
        column("trust", "`ok`, `rough` or `proves-nothing`", |view| {
            view.run().trust.code().into()
        }),
    ]
}

/// Writes all rows of all variants.
fn fill<'a, Row, Rows: Iterator<Item = Row>>(
    mut sheet: Sheet<impl Write>,
    variants: &'a [RunView<'a>],
    columns: &[Column<'a, Row>],
    rows: impl Fn(&'a RunView<'a>) -> Rows,
) -> io::Result<u64> {
    let every = every_table();
    let names = every.iter().map(|column| column.name);
    sheet.begin(names.chain(columns.iter().map(|column| column.name)))?;
    let mut count = 0;
    for view in variants {
        for row in rows(view) {
            for column in &every {
                sheet.cell((column.cell)(&view))?;
            }
            for column in columns {
                sheet.cell((column.cell)(&row))?;
            }
            sheet.end_row()?;
            count += 1;
        }
    }
    sheet.close()?;
    Ok(count)
}

/// Value of a cell.
#[derive(Clone, Debug, PartialEq)]
enum Cell<'a> {
    /// Unknown or absent: an empty field, or `null`.
    Nothing,
    Number(u64),
    Signed(i128),
    Real(f64),
    Yes(bool),
    Words(Cow<'a, str>),
}

impl From<u64> for Cell<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Cell<'_> {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for Cell<'_> {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

impl From<i128> for Cell<'_> {
    fn from(number: i128) -> Self {
        Self::Signed(number)
    }
}

impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<bool> for Cell<'_> {
    fn from(yes: bool) -> Self {
        Self::Yes(yes)
    }
}

impl From<Stamp> for Cell<'_> {
    fn from(at: Stamp) -> Self {
        Self::Number(at.0)
    }
}

impl From<Elapsed> for Cell<'_> {
    fn from(length: Elapsed) -> Self {
        Self::Number(length.0)
    }
}

impl From<CpuTime> for Cell<'_> {
    fn from(length: CpuTime) -> Self {
        Self::Number(length.0)
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(words: &'a str) -> Self {
        Self::Words(words.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(words: String) -> Self {
        Self::Words(words.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell<'_> {
    fn from(perhaps: Option<T>) -> Self {
        perhaps.map_or(Cell::Nothing, Into::into)
    }
}
