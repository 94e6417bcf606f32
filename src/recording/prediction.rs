//! What a simulation said of a run before it was played, beside what was then measured.

use serde::Serialize;

use super::Origin;
use super::summary::{Run, rounded};

/// One number, foretold and found. `None` where there are too few requests for it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// As it was simulated.
    pub predicted: Option<f64>,
    /// As it was measured.
    pub measured: Option<f64>,
    /// predicted ÷ measured − 1.
    pub error: Option<f64>,
}

impl Figure {
    /// These two, and how far apart they are.
    #[must_use]
    pub fn of(predicted: Option<f64>, measured: Option<f64>) -> Self {
        let error = predicted.zip(measured).and_then(|(predicted, measured)| {
            let by = predicted - measured;
            // Nothing that was said to be nothing is no error; of nothing, anything is none that can be said.
            let share = if by == 0.0 { 0.0 } else { by / measured };
            share.is_finite().then(|| rounded(share, 4))
        });
        Self {
            predicted,
            measured,
            error,
        }
    }
}

/// A blind prediction: simulated before the run, with the same seed, so with the same arrivals and demands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Whose number `predicted` is: the simulation's.
    pub origin: Origin,
    /// Whose costs it was simulated with: a file, or `calibrated`.
    pub machine: String,
    /// Good answers per second.
    pub throughput_per_s: Figure,
    /// Of all latencies.
    pub mean_ms: Figure,
    /// The median.
    pub p50_ms: Figure,
    /// 99 of 100 took no longer.
    pub p99_ms: Figure,
    /// Of all workers over their lives. [`None`] for workers without coroutines.
    pub coroutine_switches: Option<Figure>,
    /// The same for each request. Clients who wait for their answers ask less often where these come
    /// later, so that of theirs only this can be the same.
    pub coroutine_switches_per_request: Option<Figure>,
    /// Requests begun and not finished.
    pub concurrency: Figure,
    /// Requests computing at the same instant.
    pub parallelism: Figure,
}

impl Prediction {
    /// A simulated run beside the measured one.
    #[must_use]
    pub fn of(machine: &str, simulated: &Run, measured: &Run) -> Self {
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
            concurrency: figure(|run| run.concurrency),
            parallelism: figure(|run| run.parallelism),
        }
    }
}

/// Coroutine switches of all workers.
fn all_switches(run: &Run) -> f64 {
    let workers = run.workers.iter();
    workers.map(|worker| worker.coroutine_switches as f64).sum()
}

/// The same, for each request that a worker answered.
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
}
