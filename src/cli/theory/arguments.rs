//! Reading of a model's arguments. The reader reads all of them before it fails, so that all mistakes are
//! reported at once.

use std::fmt;
use std::path::PathBuf;

use clap::ArgMatches;

use super::parameter::{Argument, Parameter};
use super::quantity;

/// Arrivals from outside.
pub(super) const ARRIVAL_RATE: Parameter<f64> = Parameter::new(
    "arrival-rate",
    "RATE",
    "Arrival rate of requests: 13/s, 0.35/min, 30/h; a plain number is per second",
    quantity::rate,
)
.required("arrival rate of requests, such as 13/s");

/// Service of a request; one of the two is given.
pub(super) const SERVICE_TIME: Parameter<f64> = Parameter::new(
    "service-time",
    "TIME",
    "Mean service time of a request: 10ms",
    quantity::time,
);
pub(super) const SERVICE_RATE: Parameter<f64> = Parameter::new(
    "service-rate",
    "RATE",
    "Service rate of a busy server, instead of a service time: 100/s",
    quantity::rate,
);

/// Limit of a time.
pub(super) const WITHIN: Parameter<f64> = Parameter::new(
    "within",
    "TIME",
    "Also compute the share of requests that wait, and take, at most this long: 20ms",
    quantity::time_or_nothing,
);

/// Demands of a request on a worker.
pub(super) const COMPUTE: Parameter<f64> = Parameter::new(
    "compute",
    "TIME",
    "Computing time of a request",
    quantity::time_or_nothing,
)
.required("computing time of a request");
pub(super) const WAIT: Parameter<f64> = Parameter::new(
    "wait",
    "TIME",
    "Time that a request waits for other systems",
    quantity::time_or_nothing,
)
.required("time that a request waits for other systems");

/// Reads arguments, and collects their mistakes.
pub(super) struct Reader<'m> {
    given: &'m ArgMatches,
    mistakes: Vec<String>,
}

/// All mistakes of a command line; at least one.
#[derive(Debug)]
pub(super) struct Mistakes {
    model: &'static str,
    mistakes: Vec<String>,
}

/// Open load on one queue.
pub(super) struct Load {
    /// Arrivals per second.
    pub(super) rate: f64,
    /// Mean service time, in seconds.
    pub(super) service: f64,
}

/// Reads all arguments of the model with this name.
pub(super) fn read<T>(
    model: &'static str,
    given: &ArgMatches,
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<T, Mistakes> {
    let mut reader = Reader {
        given,
        mistakes: Vec::new(),
    };
    let found = read(&mut reader);
    match found {
        Some(found) if reader.mistakes.is_empty() => Ok(found),
        _ => Err(Mistakes {
            model,
            mistakes: reader.mistakes,
        }),
    }
}

impl Reader<'_> {
    /// Adds a mistake.
    pub(super) fn wrong(&mut self, what: impl Into<String>) {
        self.mistakes.push(what.into());
    }

    /// True if `argument` was given.
    pub(super) fn has(&self, argument: &dyn Argument) -> bool {
        self.given.contains_id(argument.name())
    }

    /// Number of values of `argument`.
    pub(super) fn count(&self, argument: &dyn Argument) -> usize {
        let values = self.given.get_raw(argument.name());
        values.map_or(0, |values| values.len())
    }

    /// Returns the value of `parameter`, if it was given and can be read.
    pub(super) fn optional<T>(&mut self, parameter: &Parameter<T>) -> Option<T> {
        self.each(parameter).pop()
    }

    /// Returns the value of `parameter`; its absence is a mistake.
    pub(super) fn required<T>(&mut self, parameter: &Parameter<T>) -> Option<T> {
        self.each_required(parameter).pop()
    }

    /// Returns the values of `parameter` that can be read; its absence is a mistake.
    pub(super) fn each_required<T>(&mut self, parameter: &Parameter<T>) -> Vec<T> {
        if !self.has(parameter) {
            let Parameter { name, what, .. } = parameter;
            self.wrong(format!("--{name} is missing: {what}"));
        }
        self.each(parameter)
    }

    /// Returns the values of `parameter` that can be read.
    pub(super) fn each<T>(&mut self, parameter: &Parameter<T>) -> Vec<T> {
        let name = parameter.name;
        let texts = self.given.get_many::<String>(name).unwrap_or_default();
        let read = texts.filter_map(|text| {
            let value = (parameter.parse)(text);
            value
                .map_err(|why| {
                    self.mistakes
                        .push(format!("--{name} {}: {why}", shown(text)));
                })
                .ok()
        });
        read.collect()
    }

    /// Returns the path that `argument` gives.
    pub(super) fn path(&self, argument: &dyn Argument) -> Option<PathBuf> {
        self.given.get_one::<PathBuf>(argument.name()).cloned()
    }

    /// Reports arguments that exclude `other`.
    pub(super) fn not_beside(&mut self, other: &dyn Argument, excluded: &[&dyn Argument]) {
        for argument in excluded {
            if self.has(*argument) {
                let (name, other) = (argument.name(), other.name());
                self.wrong(format!("--{name} cannot be combined with --{other}"));
            }
        }
    }

    /// Returns the arrival rate, per second, and the mean service time.
    pub(super) fn load(&mut self) -> Option<Load> {
        let rate = self.required(&ARRIVAL_RATE);
        let service = self.service();
        Some(Load {
            rate: rate?,
            service: service?,
        })
    }

    /// Returns the mean service time, in seconds.
    pub(super) fn service(&mut self) -> Option<f64> {
        match (self.has(&SERVICE_TIME), self.has(&SERVICE_RATE)) {
            (false, false) => self.wrong(
                "--service-time or --service-rate is missing: time of a server for a request",
            ),
            (true, true) => self.wrong("--service-time cannot be combined with --service-rate"),
            (true, false) | (false, true) => {}
        }
        let time = self.optional(&SERVICE_TIME);
        let rate = self.optional(&SERVICE_RATE);
        time.or(rate.map(|per_s| 1.0 / per_s))
    }

    /// Returns computing time and waiting time, in seconds. Without both, `consequence` follows.
    pub(super) fn demand(&mut self, consequence: &str) -> (Option<f64>, Option<f64>) {
        let demand = (self.required(&COMPUTE), self.required(&WAIT));
        if demand == (Some(0.0), Some(0.0)) {
            self.wrong(format!(
                "--compute and --wait are both 0: {consequence}; give one of them a length"
            ));
        }
        demand
    }
}

/// Removes characters that could confuse a terminal.
fn shown(text: &str) -> String {
    if text.is_empty() {
        return "``".to_owned();
    }
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, mistakes } = self;
        let count = mistakes.len();
        let things = if count == 1 { "mistake" } else { "mistakes" };
        writeln!(f, "concsim theory {model}: {count} {things}")?;
        for mistake in mistakes {
            writeln!(f, "  {mistake}")?;
        }
        write!(f, "see: concsim theory {model} --help")
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn everything_that_is_wrong_is_reported_at_once() {
        let parameters = [ARRIVAL_RATE, SERVICE_TIME, SERVICE_RATE].map(|it| it.arg());
        let command = Command::new("mm1").args(parameters);
        let words = ["mm1", "--service-time", "10", "--service-rate", "-1"];
        let given = command.get_matches_from(words);
        let wrong = read("mm1", &given, |given| Some(given.load()?.rate));
        insta::assert_snapshot!(wrong.expect_err("it is all wrong"), @r"
        concsim theory mm1: 4 mistakes
          --arrival-rate is missing: arrival rate of requests, such as 13/s
          --service-time cannot be combined with --service-rate
          --service-time 10: has no unit: 10ms, or 10s?
          --service-rate -1: cannot be negative
        see: concsim theory mm1 --help
        ");
    }
}
