//! Common arguments of models. The reader reads all arguments before it fails, so that all mistakes are
//! reported at once.

use std::fmt;

use super::quantity;

/// Reads arguments, and collects their mistakes.
#[derive(Debug, Default)]
pub(super) struct Reader {
    mistakes: Vec<String>,
}

/// All mistakes of a command line; at least one.
#[derive(Debug)]
pub(super) struct Mistakes(Vec<String>);

/// Reads all arguments of a model. `found` must read every argument before it returns.
pub(super) fn read<T>(found: impl FnOnce(&mut Reader) -> Option<T>) -> Result<T, Mistakes> {
    let mut reader = Reader::default();
    let found = found(&mut reader);
    match found {
        Some(found) if reader.mistakes.is_empty() => Ok(found),
        _ => Err(Mistakes(reader.mistakes)),
    }
}

impl Reader {
    /// Adds a mistake.
    pub(super) fn wrong(&mut self, what: impl Into<String>) {
        self.mistakes.push(what.into());
    }

    /// Returns the value of `name`, if it was given and can be read.
    pub(super) fn optional<T>(
        &mut self,
        name: &str,
        text: Option<&String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let text = text?;
        parse(text)
            .map_err(|why| self.wrong(format!("{name} {}: {why}", shown(text))))
            .ok()
    }

    /// Returns the value of `name`; its absence is a mistake, which names it by `what`.
    pub(super) fn required<T>(
        &mut self,
        name: &str,
        text: Option<&String>,
        parse: impl Fn(&str) -> Result<T, String>,
        what: &str,
    ) -> Option<T> {
        if text.is_none() {
            self.wrong(format!("{name} is missing: {what}"));
        }
        self.optional(name, text, parse)
    }

    /// Returns the values of a repeatable argument.
    pub(super) fn each<T>(
        &mut self,
        name: &str,
        texts: &[String],
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let read = texts
            .iter()
            .filter_map(|text| self.optional(name, Some(text), &parse));
        read.collect()
    }

    /// Reports arguments that exclude `other`.
    pub(super) fn not_beside(&mut self, other: &str, given: &[(&str, bool)]) {
        for (name, is_given) in given {
            if *is_given {
                self.wrong(format!("{name} cannot be combined with {other}"));
            }
        }
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

impl Mistakes {
    /// Returns the message to the user.
    pub(super) fn of_model<'m>(&'m self, model: &'m str) -> impl fmt::Display + 'm {
        fmt::from_fn(move |f| {
            let count = self.0.len();
            let things = if count == 1 { "mistake" } else { "mistakes" };
            writeln!(f, "concsim theory {model}: {count} {things}")?;
            for mistake in &self.0 {
                writeln!(f, "  {mistake}")?;
            }
            write!(f, "see: concsim theory {model} --help")
        })
    }
}

/// Arrivals from outside.
#[derive(Debug, clap::Args)]
pub(super) struct Arrivals {
    /// Arrival rate of requests: 13/s, 0.35/min, 30/h; a plain number is per second
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    arrival_rate: Option<String>,
}

impl Arrivals {
    /// Returns the rate, per second.
    pub(super) fn read(&self, reader: &mut Reader) -> Option<f64> {
        let what = "arrival rate of requests, such as 13/s";
        let text = self.arrival_rate.as_ref();
        reader.required("--arrival-rate", text, quantity::rate, what)
    }
}

/// Service of a request.
#[derive(Debug, clap::Args)]
pub(super) struct Service {
    /// Mean service time of a request: 10ms
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    service_time: Option<String>,
    /// Service rate of a busy server, instead of a service time: 100/s
    #[arg(long, value_name = "RATE", allow_hyphen_values = true)]
    service_rate: Option<String>,
}

impl Service {
    /// Returns the mean service time, in seconds.
    pub(super) fn read(&self, reader: &mut Reader) -> Option<f64> {
        let (time, rate) = (self.service_time.as_ref(), self.service_rate.as_ref());
        if time.is_none() && rate.is_none() {
            reader.wrong(
                "--service-time or --service-rate is missing: time of a server for a request",
            );
        }
        if time.is_some() && rate.is_some() {
            reader.wrong("--service-time cannot be combined with --service-rate");
        }
        let time = reader.optional("--service-time", time, quantity::time);
        let rate = reader.optional("--service-rate", rate, quantity::rate);
        time.or(rate.map(|per_s| 1.0 / per_s))
    }

    /// True if either was given.
    pub(super) fn is_given(&self) -> bool {
        self.service_time.is_some() || self.service_rate.is_some()
    }
}

/// Limit of a time.
#[derive(Debug, clap::Args)]
pub(super) struct Within {
    /// Also compute the share of requests that wait, and take, at most this long: 20ms
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    within: Option<String>,
}

impl Within {
    /// Returns the limit, in seconds.
    pub(super) fn read(&self, reader: &mut Reader) -> Option<f64> {
        let text = self.within.as_ref();
        reader.optional("--within", text, quantity::time_or_nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let service = Service {
            service_time: Some("10".into()),
            service_rate: Some("-1".into()),
        };
        let arrivals = Arrivals { arrival_rate: None };
        let wrong = read(|reader| {
            let rate = arrivals.read(reader);
            let service = service.read(reader);
            Some((rate?, service?))
        })
        .expect_err("it is all wrong");
        insta::assert_snapshot!(wrong.of_model("mm1").to_string(), @r"
        concsim theory mm1: 4 mistakes
          --arrival-rate is missing: arrival rate of requests, such as 13/s
          --service-time cannot be combined with --service-rate
          --service-time 10: has no unit: 10ms, or 10s?
          --service-rate -1: cannot be negative
        see: concsim theory mm1 --help
        ");
    }
}
