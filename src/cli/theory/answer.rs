//! What a model answers: numbers with their names and units, each once, so that the table for people and
//! the JSON for programs cannot differ.

use super::quantity;
use concsim_theory::open::{Means, PERCENTILES};

/// A number, or why there is none.
pub(super) type Known = Result<f64, String>;

/// What was given, and what follows from it by this model.
#[derive(Debug)]
pub(super) struct Answer {
    /// The word of the command line: `mmc`.
    pub(super) model: &'static str,
    /// The model's own name: `M/M/5`.
    pub(super) name: String,
    /// What it is of, in one line.
    pub(super) about: &'static str,
    pub(super) given: Section,
    pub(super) results: Section,
}

/// Figures, and then tables.
#[derive(Debug, Default)]
pub(super) struct Section {
    pub(super) figures: Vec<Figure>,
    pub(super) tables: Vec<Table>,
}

/// One thing that is known, or not.
#[derive(Debug)]
pub(super) struct Figure {
    /// The name for programs, without its unit: `response_mean`.
    pub(super) key: String,
    /// The name for people: `response, mean`.
    pub(super) label: String,
    pub(super) value: Value,
}

/// What is said of a thing.
#[derive(Debug)]
pub(super) enum Value {
    Number(Unit, Known),
    /// The longest time of each share of [`PERCENTILES`], in seconds.
    Percentiles([Known; 4]),
    Text(String),
    Flag(bool),
}

/// What a number counts; all in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Seconds.
    Time,
    /// Per second.
    Rate,
    /// A part of 1.
    Share,
    /// Without a unit, or in that of the data.
    Plain,
    /// Whole things.
    Count,
}

/// Several things of the same kind, a row for each.
#[derive(Debug)]
pub(super) struct Table {
    /// `stations`
    pub(super) key: &'static str,
    /// What a row is: `station`.
    pub(super) label: &'static str,
    pub(super) columns: Vec<Column>,
    /// The name of each, empty if it has none, and a number for each column.
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
    /// What a key ends in for programs.
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
    /// Adds a number that is known.
    pub(super) fn number(&mut self, key: &str, label: &str, unit: Unit, number: f64) {
        self.known(key, label, unit, Ok(number));
    }

    /// Adds a number, or why there is none.
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

    /// How much of what can be answered is asked for; all of it per second.
    pub(super) fn load(&mut self, rate: f64, capacity: f64) {
        self.number("utilisation", "utilisation", Unit::Share, rate / capacity);
        self.number("capacity", "capacity", Unit::Rate, capacity);
        self.number("throughput", "throughput", Unit::Rate, rate.min(capacity));
    }

    /// The four means of a queue.
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

    /// The longest time of each share of requests, by the share.
    pub(super) fn percentiles(&mut self, of: &str, time_within: impl Fn(f64) -> Known) {
        let times = PERCENTILES.map(|share| sound(time_within(share)));
        self.add(of, of, Value::Percentiles(times));
    }

    /// The shares of requests that wait, and that take, no longer than a time, if one was asked for.
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

/// The names of [`PERCENTILES`].
pub(super) const PERCENTILE_NAMES: [&str; 4] = ["50", "90", "99", "99.9"];

/// No answer is infinite, or no number at all.
fn sound(known: Known) -> Known {
    known.and_then(|number| {
        if number.is_finite() {
            Ok(number)
        } else {
            Err("beyond what a machine number holds".to_owned())
        }
    })
}

/// Why a queue has no mean: more comes than can be answered, all of it per second.
pub(super) fn grows(rate: f64, capacity: f64) -> String {
    let rate = quantity::describe(Unit::Rate, rate);
    let capacity = quantity::describe(Unit::Rate, capacity);
    format!("the queue grows for ever: {rate} come, and they have to stay below {capacity}")
}

/// What a steady state says, or why there is none.
pub(super) fn of<S>(steady: &Result<S, String>, number: impl Fn(&S) -> f64) -> Known {
    steady.as_ref().map(number).map_err(Clone::clone)
}
