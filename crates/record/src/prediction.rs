//! Comparison of a simulation made before a run with the measurement.

use serde::Serialize;

use super::Recording;
use super::rounding::rounded;
use super::schema::Run;
pub use super::schema::prediction::{ErrorInterval, Figure, Prediction, RequestComparison};
use super::usage::Worker;
use concsim_engine::telemetry::{Event, NO_REQUEST};

impl ErrorInterval {
    /// True if 0 is inside: the error may then be chance.
    #[must_use]
    pub fn contains_0(self) -> bool {
        self.low <= 0.0 && 0.0 <= self.high
    }
}

impl Figure {
    /// True if the error is within a limit, or 0 is inside its interval: the difference may then be chance.
    #[must_use]
    pub fn agrees(&self, limit: f64) -> bool {
        let is_within = self.error.is_none_or(|error| error.abs() <= limit);
        is_within || self.interval.is_some_and(ErrorInterval::contains_0)
    }

    /// Adds up the values of several.
    pub(super) fn sum(all: &[Self]) -> Self {
        let of = |value: fn(&Self) -> Option<f64>| all.iter().map(value).sum();
        Self::of(of(|it| it.predicted), of(|it| it.measured))
    }

    /// Pairs two values and computes the relative error.
    #[must_use]
    pub fn of(predicted: Option<f64>, measured: Option<f64>) -> Self {
        let error = predicted.zip(measured).and_then(|(predicted, measured)| {
            let by = predicted - measured;
            // 0 predicted and 0 measured is no error; a relative error over 0 is undefined.
            let share = if by == 0.0 { 0.0 } else { by / measured };
            share.is_finite().then(|| rounded(share, 6))
        });
        Self {
            predicted,
            measured,
            error,
            interval: None,
        }
    }
}

/// Largest error allowed for a prediction, as a share.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// Limit for answers per second.
    pub throughput: f64,
    /// Limit for the mean latency.
    pub mean: f64,
    /// Limit for the median.
    pub p50: f64,
    /// Limit for the 99th percentile.
    pub p99: f64,
}

/// Limits that predictions are held to.
pub const LIMITS: Limits = Limits {
    throughput: 0.03,
    mean: 0.05,
    p50: 0.05,
    p99: 0.15,
};

/// Coroutine switches of a recording, by request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwitchesByRequest {
    /// Switches by request number; [`None`] for a request that was not answered well or whose switches were
    /// not all kept.
    each: Vec<Option<u32>>,
    connections: u64,
}

impl SwitchesByRequest {
    /// Counts the switches of a recording: two for each run slice.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let good = recording.outcomes.iter();
        let good = good.filter(|outcome| outcome.failure.is_none());
        let good = good.filter(|outcome| outcome.request % recording.one_in.max(1) == 0);
        let mut switched = Self::default();
        for outcome in good {
            let place = outcome.request as usize;
            if switched.each.len() <= place {
                switched.each.resize(place + 1, None);
            }
            switched.each[place] = Some(0);
        }
        for (_, event) in &recording.switches {
            let Event::RunSlice(ran) = event else {
                continue;
            };
            match switched.each.get_mut(ran.request as usize) {
                Some(Some(count)) => *count += 2,
                _ if ran.request == NO_REQUEST => switched.connections += 2,
                _ => {}
            }
        }
        switched
    }

    /// Compares each request with itself in the other run.
    #[must_use]
    pub fn compare_with(&self, other: &Self) -> RequestComparison {
        let both = self.each.iter().zip(&other.each);
        let both = both.filter_map(|(one, other)| one.zip(*other));
        both.fold(RequestComparison::default(), |compared, (one, other)| {
            RequestComparison {
                requests: compared.requests + 1,
                same: compared.same + usize::from(one == other),
            }
        })
    }
}

impl Prediction {
    /// Compares a simulated run with the measured one, each with its switches.
    #[must_use]
    pub fn of(
        machine: &str,
        simulated: (&Run, &SwitchesByRequest),
        measured: (&Run, &SwitchesByRequest),
    ) -> Self {
        let each = simulated.1.compare_with(measured.1);
        let connections = [simulated.1, measured.1].map(|it| Some(it.connections as f64));
        let (simulated, measured) = (simulated.0, measured.0);
        let figure =
            |number: fn(&Run) -> Option<f64>| Figure::of(number(simulated), number(measured));
        let has_coroutines = all_switches(measured) > 0.0;
        Self {
            origin: simulated.origin,
            machine: machine.to_owned(),
            throughput_per_s: figure(|run| run.throughput_per_s),
            mean_ms: figure(|run| run.latency_ms.mean),
            p50_ms: figure(|run| run.latency_ms.p50),
            p99_ms: figure(|run| run.latency_ms.p99),
            coroutine_switches: has_coroutines.then(|| figure(|run| Some(all_switches(run)))),
            coroutine_switches_per_request: has_coroutines.then(|| figure(switches_each)),
            coroutine_switches_of_each: has_coroutines.then_some(each),
            coroutine_switches_of_connections: has_coroutines
                .then(|| Figure::of(connections[0], connections[1])),
            concurrency: figure(|run| run.concurrency),
            parallelism: figure(|run| run.parallelism),
            connections: figure(|run| {
                let is_known = run.workers.iter().all(|worker| !worker.is_foreign);
                is_known.then(|| sum(run, |worker| worker.accepted))
            }),
            resets: figure(|run| Some(run.failed.reset as f64)),
            respawns: figure(|run| Some(sum(run, |worker| worker.respawns))),
        }
    }
}

/// Sum of a counter over all workers.
fn sum(run: &Run, count: fn(&Worker) -> u64) -> f64 {
    run.workers.iter().map(count).sum::<u64>() as f64
}

/// Coroutine switches of all workers.
fn all_switches(run: &Run) -> f64 {
    sum(run, |worker| worker.coroutine_switches)
}

/// Coroutine switches per request that a worker answered.
fn switches_each(run: &Run) -> Option<f64> {
    let requests: u64 = run.workers.iter().map(|worker| worker.requests).sum();
    (requests > 0).then(|| rounded(all_switches(run) / requests as f64, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_relative_to_what_was_measured() {
        let cases = [
            ((Some(103.0), Some(100.0)), Some(0.03)),
            ((Some(95.0), Some(100.0)), Some(-0.05)),
            ((Some(0.0), Some(0.0)), Some(0.0)),
            ((Some(1.0), Some(0.0)), None),
            ((None, Some(1.0)), None),
        ];
        for ((predicted, measured), error) in cases {
            assert_eq!(Figure::of(predicted, measured).error, error);
        }
    }

    #[test]
    fn requests_are_compared_one_by_one_and_only_where_both_are_known() {
        let switched = |each: &[Option<u32>]| SwitchesByRequest {
            each: each.to_vec(),
            connections: 0,
        };
        let one = switched(&[Some(2), Some(4), None, Some(6), Some(2)]);
        let other = switched(&[Some(2), Some(6), Some(2), Some(6)]);
        let expected = RequestComparison {
            requests: 3,
            same: 2,
        };
        assert_eq!(one.compare_with(&other), expected);
        assert_eq!(other.compare_with(&one), expected);
    }
}
