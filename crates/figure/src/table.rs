//! The data of a figure, complete: a figure drawn again from its file is the same figure.
//!
//! The file is CSV (RFC 4180) with a header. Lines that begin with `#` are comments with its origin:
//! `pandas.read_csv(file, comment="#")`, `duckdb.sql("from read_csv('file', comment='#')")`.

use std::fmt::Write as _;
use std::io;

use serde::{Deserialize, Serialize};

use super::Kind;
use concsim_model::units::three_digits;
use concsim_model::words::{mark_as_text, one_line, without_apostrophe};

/// The first characters of a figure's CSV.
pub const CSV_BEGINS: &str = "# figure: ";

/// Origin of a number; drawn differently in every figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Measured with real processes.
    Measured,
    /// Simulated in virtual time.
    Simulated,
    /// Computed by a formula.
    Computed,
}

impl Origin {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Measured => concsim_record::Origin::Measured.word(),
            Self::Simulated => concsim_record::Origin::Simulated.word(),
            Self::Computed => "computed",
        }
    }
}

impl From<concsim_record::Origin> for Origin {
    fn from(origin: concsim_record::Origin) -> Self {
        match origin {
            concsim_record::Origin::Measured => Self::Measured,
            concsim_record::Origin::Simulated => Self::Simulated,
        }
    }
}

/// A drawn element: a point, or a range from (x, y) to (`x_to`, `y_to`). Each kind of figure defines the
/// columns and their units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Part of the figure, usually a variant.
    pub panel: String,
    /// Series of the element.
    pub series: String,
    /// Word for the kind of its workers; empty if it is about no kind or about all.
    #[serde(default)] // data of an earlier version do not say it
    pub kind: String,
    /// Origin of its numbers.
    pub origin: Origin,
    /// Horizontal position.
    pub x: f64,
    /// Vertical position, or the number of its row.
    pub y: f64,
    /// Horizontal end of a range.
    pub x_to: Option<f64>,
    /// Vertical end of a range.
    pub y_to: Option<f64>,
    /// Number of samples behind it.
    pub n: Option<u64>,
    /// Label beside it.
    pub label: String,
}

/// Names of a row's columns.
pub const COLUMNS: [&str; 10] = [
    "panel", "series", "kind", "origin", "x", "y", "x_to", "y_to", "n", "label",
];

/// Beginning of the label of a latency that is the clients' patience.
pub(super) const AT_LEAST: &str = "\u{2265} ";

impl Row {
    /// Returns the content of its columns.
    #[must_use]
    pub fn cells(&self) -> [String; 10] {
        let number = |value: f64| format!("{}", (value * 1e6).round() / 1e6);
        let or_empty = |value: Option<f64>| value.map_or_else(String::new, number);
        [
            self.panel.clone(),
            self.series.clone(),
            self.kind.clone(),
            self.origin.word().to_owned(),
            number(self.x),
            number(self.y),
            or_empty(self.x_to),
            or_empty(self.y_to),
            self.n.map_or_else(String::new, |n| n.to_string()),
            self.label.clone(),
        ]
    }

    /// Creates a point; all other fields are empty.
    #[must_use]
    pub fn at(series: impl Into<String>, origin: Origin, (x, y): (f64, f64)) -> Self {
        Self {
            panel: String::new(),
            series: series.into(),
            kind: String::new(),
            origin,
            x,
            y,
            x_to: None,
            y_to: None,
            n: None,
            label: String::new(),
        }
    }

    /// Returns the text of its tooltip: its label, or else its place.
    #[must_use]
    pub fn tooltip(&self) -> String {
        let what = if self.label.is_empty() {
            format!("{} at {}", three_digits(self.y), three_digits(self.x))
        } else {
            self.label.clone()
        };
        format!("{}: {what}", self.series)
    }

    /// True if the latency is the clients' patience: a lower limit, which was not measured.
    pub(super) fn is_at_patience(&self) -> bool {
        self.label.starts_with(AT_LEAST)
    }

    /// Creates the interval of a point, of the same series: a range from `low` to `high`, drawn as a whisker.
    pub(super) fn interval_of(point: &Self, (low, high): (f64, f64)) -> Self {
        Self {
            y: low,
            y_to: Some(high),
            label: String::new(),
            ..point.clone()
        }
    }

    /// True if it is the interval of a point of a line.
    pub(super) fn is_interval(&self) -> bool {
        self.y_to.is_some() && self.x_to.is_none()
    }

    /// Returns the right end, which is the place of a point.
    #[must_use]
    pub fn right(&self) -> f64 {
        self.x_to.unwrap_or(self.x)
    }

    /// Returns the upper end, which is the place of a point.
    #[must_use]
    pub fn upper(&self) -> f64 {
        self.y_to.unwrap_or(self.y)
    }
}

/// All data of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Kind of figure.
    pub kind: Kind,
    /// Claim of the figure.
    pub title: String,
    /// Scenario, machine and version of the runs.
    pub provenance: Vec<String>,
    /// Reasons to doubt the data.
    pub caveats: Vec<String>,
    /// Facts that are no reason for doubt: a run that is small by design.
    pub notes: Vec<String>,
    /// Drawn elements.
    pub rows: Vec<Row>,
}

/// Reason why a file is not the data of a figure.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// The kind of figure is missing.
    #[error("not the data of a figure: the line `# figure: KIND` is missing")]
    NoKind,
    /// The file has no rows.
    #[error("it has no rows")]
    NoRows,
    /// This version does not know the kind of figure.
    #[error("`{0}` is not a kind of figure; `concsim figure list` lists them")]
    UnknownKind(String),
    /// A line is malformed.
    #[error("line {line}: {description}")]
    Line {
        /// Line number, from 1.
        line: u64,
        /// Description of the error.
        description: String,
    },
    /// A number is outside the range of every axis.
    #[error("row {row}: a number is not finite")]
    Infinite {
        /// Row number, from 1.
        row: usize,
    },
}

impl Table {
    /// Returns the panels, in their order.
    #[must_use]
    pub fn panels(&self) -> Vec<&str> {
        distinct(self.rows.iter().map(|row| row.panel.as_str()))
    }

    /// Returns the rows of a panel.
    pub fn of_panel<'a>(&'a self, panel: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.panel == panel)
    }

    /// Writes the table as CSV.
    ///
    /// # Panics
    /// Never panics: writing to memory accepts all text.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = format!(
            "{CSV_BEGINS}{}\n# title: {}\n",
            self.kind.name(),
            one_line(&self.title)
        );
        for (key, values) in [
            ("provenance", &self.provenance),
            ("caveat", &self.caveats),
            ("note", &self.notes),
        ] {
            for value in values {
                writeln!(text, "# {key}: {}", one_line(value)).expect("a String takes all text");
            }
        }
        let mut writer = csv::WriterBuilder::new()
            .quote_style(csv::QuoteStyle::NonNumeric) // a quoted `#` begins no comment
            .from_writer(Vec::new());
        for row in &self.rows {
            let row = Row {
                panel: mark_as_text(&row.panel),
                series: mark_as_text(&row.series),
                kind: mark_as_text(&row.kind),
                label: mark_as_text(&row.label),
                ..row.clone()
            };
            writer.serialize(row).expect("memory takes all text");
        }
        let rows = writer.into_inner().expect("memory takes all text");
        text.push_str(&String::from_utf8(rows).expect("what was text is text"));
        text
    }

    /// Reads the table from CSV.
    ///
    /// # Errors
    /// Fails if the text is not the data of a figure.
    pub fn from_csv(text: &str) -> Result<Self, Malformed> {
        let text = text.trim_start_matches('\u{FEFF}'); // byte order mark
        let sentence = |key: &str| -> Vec<String> {
            let start = format!("# {key}: ");
            let lines = text.lines().take_while(|line| line.starts_with('#'));
            lines
                .filter_map(|line| line.strip_prefix(&start))
                .map(str::to_owned)
                .collect()
        };
        let name = sentence("figure").pop().ok_or(Malformed::NoKind)?;
        let kind = Kind::named(&name);
        let kind = kind.ok_or(Malformed::UnknownKind(name))?;
        let rows = rows_of(text)?;
        if rows.is_empty() {
            return Err(Malformed::NoRows);
        }
        Ok(Self {
            kind,
            title: sentence("title").pop().unwrap_or_default(),
            provenance: sentence("provenance"),
            caveats: sentence("caveat"),
            notes: sentence("note"),
            rows,
        })
    }
}

fn rows_of(text: &str) -> Result<Vec<Row>, Malformed> {
    let body: String = text
        .lines()
        .skip_while(|line| line.starts_with('#'))
        .map(|line| line.to_owned() + "\n")
        .collect();
    let before = text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .count() as u64;
    let mut reader = csv::ReaderBuilder::new().from_reader(io::Cursor::new(body));
    let mut rows = Vec::new();
    for row in reader.deserialize::<Row>() {
        let row = row.map_err(|error| Malformed::Line {
            line: before + error.position().map_or(1, csv::Position::line),
            description: match error.kind() {
                csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
                _ => error.to_string(),
            },
        })?;
        let numbers = [Some(row.x), Some(row.y), row.x_to, row.y_to];
        if !numbers.into_iter().flatten().all(f64::is_finite) {
            return Err(Malformed::Infinite {
                row: rows.len() + 1,
            });
        }
        rows.push(Row {
            panel: without_apostrophe(row.panel),
            series: without_apostrophe(row.series),
            kind: without_apostrophe(row.kind),
            label: without_apostrophe(row.label),
            ..row
        });
    }
    Ok(rows)
}

/// Returns each word once, in order of first appearance.
pub(super) fn distinct<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen: Vec<&str> = Vec::new();
    for word in words {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(words: &str, number: f64) -> Table {
        Table {
            kind: Kind::Boxes,
            title: one_line(words),
            provenance: vec!["concsim".into()],
            caveats: vec![one_line(words)],
            notes: vec![one_line(words)],
            rows: vec![Row {
                panel: one_line(words),
                kind: one_line(words),
                y_to: Some(number),
                n: Some(3),
                label: one_line(words),
                ..Row::at(one_line(words), Origin::Simulated, (number, -number))
            }],
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(words in "\\PC*", number in -1e12..1e12_f64) {
            let written = table(&words, number);
            prop_assert_eq!(Table::from_csv(&written.to_csv()).unwrap(), written);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(# figure: boxes\n)?(\\PC|\n|,|\"){0,200}") {
            let _ = Table::from_csv(&text);
        }
    }

    #[test]
    fn text_that_a_spreadsheet_would_compute_is_marked_as_text() {
        let csv = table("=1+2", 1.0).to_csv();
        assert!(
            csv.contains("\n\"'=1+2\",\"'=1+2\",\"'=1+2\",\"simulated\","),
            "{csv}"
        );
    }

    #[test]
    fn a_mistake_in_a_file_is_reported_with_its_line() {
        let csv = table("a", 1.0)
            .to_csv()
            .replace("\"simulated\",1", "\"simulated\",one");
        let text = Table::from_csv(&csv).unwrap_err().to_string();
        assert!(text.starts_with("line 7: "), "{text}");
    }
}
