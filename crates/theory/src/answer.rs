//! The answer of a model: numbers with their names and units, each once, so that the table and the JSON
//! cannot differ.

pub mod amdahl;
pub mod bounds;
pub mod classes;
pub mod closed;
pub mod json;
pub mod little;
pub mod md1;
pub mod mg1;
pub mod mmc;
pub mod mmck;
pub mod ps;
pub mod quantity;
pub mod stations;
pub mod table;
pub mod tokens;
pub mod usl;

use crate::open::{Laws, Means, PERCENTILES};

/// A number, or the reason for its absence.
pub type NumberOrReason = Result<f64, String>;

/// The inputs of a model, and its results.
#[derive(Debug)]
pub struct Answer {
    /// Word of the command line: `mmc`.
    pub model: &'static str,
    /// Name of the model: `M/M/5`.
    pub name: String,
    /// Description of the model, in one line.
    pub about: &'static str,
    /// Inputs.
    pub given: Section,
    /// Results.
    pub results: Section,
}

/// Figures, followed by tables.
#[derive(Debug, Default)]
pub struct Section {
    /// Single quantities.
    pub figures: Vec<Figure>,
    /// Tables, a row for each item.
    pub tables: Vec<Table>,
}

/// One quantity, with its value or the reason for its absence.
#[derive(Debug)]
pub struct Figure {
    /// Name for programs, without its unit: `response_mean`.
    pub key: String,
    /// Name in the table: `response, mean`.
    pub label: String,
    /// Its value.
    pub value: Value,
}

/// Value of a quantity.
#[derive(Debug)]
pub enum Value {
    /// A number, in base units.
    Number(Unit, NumberOrReason),
    /// Time that each share of [`PERCENTILES`] stays below, in seconds.
    Percentiles([NumberOrReason; 4]),
    /// A sentence.
    Text(String),
    /// True or false.
    Flag(bool),
}

/// Unit of a number; all in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
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
pub struct Table {
    /// `stations`
    pub key: &'static str,
    /// Kind of a row: `station`.
    pub label: &'static str,
    /// Columns.
    pub columns: Vec<Column>,
    /// Name of each row, empty if it has none, and a number for each column.
    pub rows: Vec<(String, Vec<NumberOrReason>)>,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name for programs.
    pub key: &'static str,
    /// Name in the table.
    pub label: &'static str,
    /// Unit of its numbers.
    pub unit: Unit,
}

impl Unit {
    /// Returns the suffix of a key for programs.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Time => "_s",
            Self::Rate => "_per_s",
            Self::Share | Self::Plain | Self::Count => "",
        }
    }
}

impl Answer {
    /// An answer without numbers.
    pub fn new(model: &'static str, name: impl Into<String>, about: &'static str) -> Self {
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
    pub fn number(&mut self, key: &str, label: &str, unit: Unit, number: f64) {
        self.known(key, label, unit, Ok(number));
    }

    /// Adds a number, or the reason for its absence.
    pub fn known(&mut self, key: &str, label: &str, unit: Unit, known: NumberOrReason) {
        self.add(key, label, Value::Number(unit, sound(known)));
    }

    /// Adds a quantity.
    pub fn add(&mut self, key: &str, label: &str, value: Value) {
        self.figures.push(Figure {
            key: key.to_owned(),
            label: label.to_owned(),
            value,
        });
    }

    /// Adds a table.
    pub fn table(
        &mut self,
        key: &'static str,
        label: &'static str,
        columns: &[Column],
        rows: Vec<(String, Vec<NumberOrReason>)>,
    ) {
        let sound_row = |(name, row): (String, Vec<NumberOrReason>)| {
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
    pub fn load(&mut self, rate: f64, capacity: f64) {
        self.number("utilisation", "utilisation", Unit::Share, rate / capacity);
        self.number("capacity", "capacity", Unit::Rate, capacity);
        self.number("throughput", "throughput", Unit::Rate, rate.min(capacity));
    }

    /// Adds the four means of a queue.
    pub fn means<S>(&mut self, steady: &Result<S, String>, means: impl Fn(&S) -> Means) {
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

    /// Adds the arrivals per second, and the mean service time in seconds.
    pub fn arrivals(&mut self, rate: f64, service: f64) {
        self.number("arrival_rate", "arrival rate", Unit::Rate, rate);
        self.number("service_time", "service time", Unit::Time, service);
    }

    /// Adds the time to stay below, in seconds, if one was given.
    pub fn limit(&mut self, within: Option<f64>) {
        if let Some(within) = within {
            self.number("within", "within", Unit::Time, within);
        }
    }

    /// Adds the percentiles of wait and response, and the shares within a time, if one was given.
    pub fn laws<S: Laws>(&mut self, steady: &Result<S, String>, within: Option<f64>) {
        let at = |law: fn(&S, f64) -> f64| move |at| of(steady, |steady| law(steady, at));
        self.percentiles("wait", at(S::wait_percentile));
        self.percentiles("response", at(S::response_percentile));
        self.within(within, at(S::wait_tail), at(S::response_tail));
    }

    /// Adds the percentiles of a time, by share.
    pub fn percentiles(&mut self, of: &str, time_within: impl Fn(f64) -> NumberOrReason) {
        let times = PERCENTILES.map(|share| sound(time_within(share)));
        self.add(of, of, Value::Percentiles(times));
    }

    /// Adds the shares of requests that wait, and that take, no longer than a time, if one was given.
    pub fn within(
        &mut self,
        time: Option<f64>,
        longer_wait: impl Fn(f64) -> NumberOrReason,
        longer_response: impl Fn(f64) -> NumberOrReason,
    ) {
        let Some(time) = time else { return };
        let text = quantity::describe(Unit::Time, time);
        let shorter = |longer: NumberOrReason| longer.map(|longer| 1.0 - longer);
        let label = format!("wait {text} at most");
        self.known(
            "wait_within",
            &label,
            Unit::Share,
            shorter(longer_wait(time)),
        );
        let label = format!("take {text} at most");
        self.known(
            "response_within",
            &label,
            Unit::Share,
            shorter(longer_response(time)),
        );
    }
}

/// Names of [`PERCENTILES`].
pub const PERCENTILE_NAMES: [&str; 4] = ["50", "90", "99", "99.9"];

/// Turns an infinite number, or NaN, into a reason.
fn sound(known: NumberOrReason) -> NumberOrReason {
    known.and_then(|number| {
        if number.is_finite() {
            Ok(number)
        } else {
            Err("beyond what a machine number holds".to_owned())
        }
    })
}

/// Returns the reason for which a queue has no mean: arrivals exceed the capacity; both per second.
#[must_use]
pub fn grows(rate: f64, capacity: f64) -> String {
    let rate = quantity::describe(Unit::Rate, rate);
    let capacity = quantity::describe(Unit::Rate, capacity);
    format!("the queue grows for ever: {rate} come, and they have to stay below {capacity}")
}

/// Returns a number of a steady state, or the reason for its absence.
pub fn of<S>(steady: &Result<S, String>, number: impl Fn(&S) -> f64) -> NumberOrReason {
    steady.as_ref().map(number).map_err(Clone::clone)
}
