//! Failed requests: kind of failure, status of the answer, and redirect location.

use std::collections::BTreeMap;

use serde::Serialize;

use super::latency::{Latencies, Sorted};
use super::request::Request;
use concsim_engine::telemetry::{Failure, Outcome};
use concsim_model::units::Elapsed;
use concsim_model::words::{grouped, length, one_line};

/// Failed requests of the cohort.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Failed {
    /// Connection refused: nothing listened.
    pub refused: usize,
    /// The connection broke.
    pub reset: usize,
    /// No complete answer within the patience.
    pub timeout: usize,
    /// A complete answer with a status other than 2xx.
    pub status: usize,
    /// Requests counted in `status`, by status code.
    pub by_status: BTreeMap<u16, usize>,
    /// The `Location` of the first answer with each status from 300 to 399 that had one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub location: BTreeMap<u16, String>,
    /// Median time from due to the complete answer of the requests in `status`, in milliseconds. In the
    /// percentiles they count with the clients' patience.
    pub status_p50_ms: Option<f64>,
}

impl Failed {
    /// Counts the failures of a cohort; `locations` are the redirect locations that load has read.
    pub(super) fn of(cohort: &[Request<'_>], locations: &BTreeMap<u16, String>) -> Self {
        let mut failed = Self::default();
        for request in cohort {
            failed.note(request.outcome);
        }
        let answered = cohort.iter().map(|request| request.outcome);
        let answered = answered.filter(|it| it.failure == Some(Failure::Status));
        let took = Sorted::of(answered.map(|it| it.done.since(it.due)));
        failed.status_p50_ms = took.quantile(500).map(Elapsed::as_millis_f64);
        let seen = |status: &u16| failed.by_status.contains_key(status);
        let locations = locations.iter().filter(|(status, _)| seen(status));
        failed.location = locations
            .map(|(status, to)| (*status, to.clone()))
            .collect();
        failed
    }

    /// Counts a request that has ended, if it has failed.
    pub(super) fn note(&mut self, outcome: &Outcome) {
        match outcome.failure {
            Some(Failure::Refused) => self.refused += 1,
            Some(Failure::Reset) => self.reset += 1,
            Some(Failure::Timeout) => self.timeout += 1,
            Some(Failure::Status) => {
                self.status += 1;
                *self.by_status.entry(outcome.status).or_default() += 1;
            }
            None => {}
        }
    }

    /// Number of all failed requests.
    #[must_use]
    pub fn all(&self) -> usize {
        self.refused + self.reset + self.timeout + self.status
    }

    /// Describes the answered ones, by status: `283 answered 302 (Location: /login)`.
    #[must_use]
    pub fn answered_in_words(&self) -> Vec<String> {
        let answered = self.by_status.iter().map(|(status, count)| {
            let location = self.location.get(status);
            let location = location.map_or_else(String::new, |location| {
                format!(" (Location: {})", one_line(location))
            });
            format!("{} answered {status}{location}", grouped(*count as u64))
        });
        answered.collect()
    }
}

/// Percentiles equal to the clients' patience: lower bounds, not measurements.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CensoredPercentiles {
    /// Time that a client waits for an answer, in milliseconds.
    pub patience_ms: f64,
    /// Fields of `latency_ms` whose value comes from failed requests.
    pub latency: Vec<&'static str>,
    /// Fields of `from_send_ms` whose value comes from failed requests.
    pub from_send: Vec<&'static str>,
    #[serde(skip)]
    has_failed: bool,
}

impl CensoredPercentiles {
    /// True if the number at this path of a run's summary (`latency.p50`) is the clients' patience.
    #[must_use]
    pub fn is_of(&self, path: &str) -> bool {
        match path.split_once('.') {
            Some(("latency", percentile)) => self.latency.contains(&percentile),
            Some(("from_send", percentile)) => self.from_send.contains(&percentile),
            _ => false,
        }
    }

    /// Finds the fields in both sets of percentiles; `failed` is the number of failed requests.
    pub(super) fn of(patience: Elapsed, failed: usize, latencies: [&Latencies; 2]) -> Self {
        let (patience_ms, has_failed) = (patience.as_millis_f64(), failed > 0);
        let [latency, from_send] = latencies.map(|latencies| {
            let named = [
                ("p50", latencies.p50),
                ("p90", latencies.p90),
                ("p95", latencies.p95),
                ("p99", latencies.p99),
                ("p999", latencies.p999),
                ("max", latencies.max),
            ];
            let reached = named
                .into_iter()
                .filter(|(_, value)| has_failed && value.is_some_and(|value| value >= patience_ms));
            reached.map(|(name, _)| name).collect()
        });
        Self {
            patience_ms,
            latency,
            from_send,
            has_failed,
        }
    }

    /// True if a percentile of `milliseconds` is the clients' patience.
    #[must_use]
    pub fn is_reached(&self, milliseconds: f64) -> bool {
        self.has_failed && milliseconds >= self.patience_ms
    }

    /// A percentile in words: `1.20 s`, or `≥ 30 s` if it is the patience.
    #[must_use]
    pub fn describe(&self, milliseconds: f64) -> String {
        let length_of = |milliseconds: f64| Elapsed((milliseconds * 1e6).round() as u64);
        if self.is_reached(milliseconds) {
            format!("≥ {}", length(length_of(self.patience_ms)))
        } else {
            length_of(milliseconds).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use concsim_model::units::Stamp;

    fn answered(status: u16, took: u64) -> Outcome {
        Outcome {
            request: 0,
            class: 0,
            status,
            failure: (status != 200).then_some(Failure::Status),
            opened: true,
            due: Stamp(0),
            sent: Stamp(0),
            first_byte: Stamp(took),
            done: Stamp(took),
            unread: None,
        }
    }

    #[test]
    fn redirects_are_reported_by_status_with_their_location_and_how_long_they_really_took() {
        let outcomes = [
            answered(302, 300_000),
            answered(200, 900_000),
            answered(302, 100_000),
            answered(503, 200_000),
        ];
        let cohort: Vec<Request<'_>> = outcomes
            .iter()
            .map(|outcome| Request {
                outcome,
                served: None,
                waited: None,
                begun: None,
            })
            .collect();
        let locations = BTreeMap::from([(302, "/login".to_owned()), (301, "/old".to_owned())]);
        let failed = Failed::of(&cohort, &locations);
        assert_eq!(failed.by_status, BTreeMap::from([(302, 2), (503, 1)]));
        let text = ["2 answered 302 (Location: /login)", "1 answered 503"];
        assert_eq!(failed.answered_in_words(), text);
        assert_eq!(failed.status_p50_ms, Some(0.2));
        assert_eq!(failed.all(), 3);
    }

    #[test]
    fn a_percentile_is_marked_where_it_is_the_patience_and_not_where_it_was_measured() {
        let latencies = Latencies {
            p50: Some(12.0),
            p90: Some(30_000.0),
            max: Some(30_000.2),
            ..Latencies::default()
        };
        let patience = Elapsed::from_secs(30);
        let marked = CensoredPercentiles::of(patience, 5, [&latencies, &latencies]);
        assert_eq!(marked.latency, ["p90", "max"]);
        assert_eq!(marked.describe(30_000.0), "≥ 30 s");
        assert_eq!(marked.describe(12.0), "12.0 ms");
        let none = CensoredPercentiles::of(patience, 0, [&latencies, &latencies]);
        assert_eq!(none.latency, Vec::<&str>::new());
        assert_eq!(none.describe(30_000.0), "30.0 s");
    }
}
