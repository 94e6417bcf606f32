//! The answer of a model: numbers with their names and units, each once, so that the table and the JSON
//! cannot differ.

use super::quantity;
use concsim_theory::open::{Means, PERCENTILES};

/// A number, or the reason for its absence.
pub(super) type Known = Result<f64, String>;

/// The inputs of a model, and its results.
#[derive(Debug)]
pub(super) struct Answer {
    /// Word of the command line: `mmc`.
    pub(super) model: &'static str,
    /// Name of the model: `M/M/5`.
    pub(super) name: String,
    /// Description of the model, in one line.
    pub(super) about: &'static str,
    pub(super) given: Section,
    pub(super) results: Section,
}

/// Figures, followed by tables.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) figures: Vec<Figure>,
    pub(super) tables: Vec<Table>,
}

/// One quantity, with its value or the reason for its absence.
#[derive(Debug)]
pub(super) struct Figure {
    /// Name for programs, without its unit: `response_mean`.
    pub(super) key: String,
    /// Name in the table: `response, mean`.
    pub(super) label: String,
    pub(super) value: Value,
}

/// Value of a quantity.
#[derive(Debug)]
pub(super) enum Value {
    Number(Unit, Known),
    /// Time that each share of [`PERCENTILES`] stays below, in seconds.
    Percentiles([Known; 4]),
    Text(String),
    Flag(bool),
}

/// Unit of a number; all in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds.
    Time,
    /// Per second.
    Rate,
    /// A share of 1.
    Share,
    /// Without a unit, or in the unit of the data.
    Plain,
    /// A whole number.
    Count,
}

/// Several items of one kind, a row for each.
#[derive(Debug)]
pub(super) struct Table {
    /// `stations`
    pub(super) key: &'static str,
    /// Kind of a row: `station`.
    pub(super) label: &'static str,
    pub(super) columns: Vec<Column>,
    /// Name of each row, empty if it has none, and a number for each column.
    pub(super) rows: Vec<(String, Vec<Known>)>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) unit: Unit,
}

impl Unit {
    /// Returns the suffix of a key for programs.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Time => "_s",
            Self::Rate => "_per_s",
            Self::Share | Self::Plain | Self::Count => "",
        }
    }
}

impl Answer {
    pub(super) fn new(model: &'static str, name: impl Into<String>, about: &'static str) -> Self {
        Self {
            model,
            name: name.into(),
            about,
            given: Section::default(),
            results: Section::default(),
        }
    }
}

impl Section {
    /// Adds a known number.
    pub(super) fn number(&mut self, key: &str, label: &str, unit: Unit, number: f64) {
        self.known(key, label, unit, Ok(number));
    }

    /// Adds a number, or the reason for its absence.
    pub(super) fn known(&mut self, key: &str, label: &str, unit: Unit, known: Known) {
        self.add(key, label, Value::Number(unit, sound(known)));
    }

    pub(super) fn add(&mut self, key: &str, label: &str, value: Value) {
        self.figures.push(Figure {
            key: key.to_owned(),
            label: label.to_owned(),
            value,
        });
    }

    pub(super) fn table(
        &mut self,
        key: &'static str,
        label: &'static str,
        columns: &[Column],
        rows: Vec<(String, Vec<Known>)>,
    ) {
        let sound_row = |(name, row): (String, Vec<Known>)| {
            let row = row.into_iter().map(sound).collect();
            (name, row)
        };
        self.tables.push(Table {
            key,
            label,
            columns: columns.to_vec(),
            rows: rows.into_iter().map(sound_row).collect(),
        });
    }

    /// Adds the load as a share of the capacity; both per second.
    pub(super) fn load(&mut self, rate: f64, capacity: f64) {
        self.number("utilisation", "utilisation", Unit::Share, rate / capacity);
        self.number("capacity", "capacity", Unit::Rate, capacity);
        self.number("throughput", "throughput", Unit::Rate, rate.min(capacity));
    }

    /// Adds the four means of a queue.
    pub(super) fn means<S>(&mut self, steady: &Result<S, String>, means: impl Fn(&S) -> Means) {
        let known = |one: fn(Means) -> f64| of(steady, |steady| one(means(steady)));
        let (time, plain) = (Unit::Time, Unit::Plain);
        for (key, label, unit, known) in [
            ("wait_mean", "wait, mean", time, known(|it| it.wait)),
            (
                "response_mean",
                "response, mean",
                time,
                known(|it| it.response),
            ),
            (
                "waiting_mean",
                "requests that wait, mean",
                plain,
                known(|it| it.waiting),
            ),
            (
                "present_mean",
                "requests that are there, mean",
                plain,
                known(|it| it.present),
            ),
        ] {
            self.known(key, label, unit, known);
        }
    }

    /// Adds the percentiles of a time, by share.
    pub(super) fn percentiles(&mut self, of: &str, time_within: impl Fn(f64) -> Known) {
        let times = PERCENTILES.map(|share| sound(time_within(share)));
        self.add(of, of, Value::Percentiles(times));
    }

    /// Adds the shares of requests that wait, and that take, no longer than a time, if one was given.
    pub(super) fn within(
        &mut self,
        time: Option<f64>,
        longer_wait: impl Fn(f64) -> Known,
        longer_response: impl Fn(f64) -> Known,
    ) {
        let Some(time) = time else { return };
        let said = quantity::describe(Unit::Time, time);
        let shorter = |longer: Known| longer.map(|longer| 1.0 - longer);
        let label = format!("wait {said} at most");
        self.known(
            "wait_within",
            &label,
            Unit::Share,
            shorter(longer_wait(time)),
        );
        let label = format!("take {said} at most");
        self.known(
            "response_within",
            &label,
            Unit::Share,
            shorter(longer_response(time)),
        );
    }
}

/// Names of [`PERCENTILES`].
pub(super) const PERCENTILE_NAMES: [&str; 4] = ["50", "90", "99", "99.9"];

/// Turns an infinite number, or NaN, into a reason.
fn sound(known: Known) -> Known {
    known.and_then(|number| {
        if number.is_finite() {
            Ok(number)
        } else {
            Err("beyond what a machine number holds".to_owned())
        }
    })
}

/// Returns the reason for which a queue has no mean: arrivals exceed the capacity; both per second.
pub(super) fn grows(rate: f64, capacity: f64) -> String {
    let rate = quantity::describe(Unit::Rate, rate);
    let capacity = quantity::describe(Unit::Rate, capacity);
    format!("the queue grows for ever: {rate} come, and they have to stay below {capacity}")
}

/// Returns a number of a steady state, or the reason for its absence.
pub(super) fn of<S>(steady: &Result<S, String>, number: impl Fn(&S) -> f64) -> Known {
    steady.as_ref().map(number).map_err(Clone::clone)
}
