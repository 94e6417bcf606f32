//! A prediction beside the measurement.

use serde::{Deserialize, Serialize};

use crate::Origin;

/// One number, predicted and measured. `None` if there are too few requests for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Simulated value.
    pub predicted: Option<f64>,
    /// Measured value.
    pub measured: Option<f64>,
    /// predicted ÷ measured − 1.
    pub error: Option<f64>,
    /// Interval of the error of repeats. Omitted if both were played once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<ErrorInterval>,
}

/// Interval of 95 % of an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorInterval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Number of requests with the same course in both runs: each is the same request with the same demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestComparison {
    /// Requests answered well in both runs, with all switches kept.
    pub requests: usize,
    /// Requests among these with the same number of switches in both runs.
    pub same: usize,
}

/// A blind prediction: simulated before the run, with the same seed, so with the same arrivals and demands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Origin of the `predicted` values: the simulation.
    pub origin: Origin,
    /// Source of the costs in the simulation: a file, or `calibrated`.
    pub machine: String,
    /// Good answers per second.
    pub throughput_per_s: Figure,
    /// Mean latency.
    pub mean_ms: Figure,
    /// Median latency.
    pub p50_ms: Figure,
    /// 99th percentile of the latency.
    pub p99_ms: Figure,
    /// Coroutine switches of all workers over their lives. [`None`] for workers without coroutines.
    pub coroutine_switches: Option<Figure>,
    /// Coroutine switches per request.
    pub coroutine_switches_per_request: Option<Figure>,
    /// Coroutine switches, compared request by request. In a closed load later answers make fewer requests,
    /// so sums over a run are not comparable there.
    pub coroutine_switches_of_each: Option<RequestComparison>,
    /// Coroutine switches of connections outside their requests: in waits for first bytes and for the close.
    /// A connection has a first wait if it is accepted before its bytes have come; the system can prevent that (`TCP_DEFER_ACCEPT`).
    pub coroutine_switches_of_connections: Option<Figure>,
    /// Requests begun and not finished.
    pub concurrency: Figure,
    /// Requests computing at the same instant.
    pub parallelism: Figure,
    /// Connections that workers accepted, over their lives.
    #[serde(default)]
    pub connections: Figure,
    /// Requests of the window whose connection broke.
    #[serde(default)]
    pub resets: Figure,
    /// Processes that replaced others.
    #[serde(default)]
    pub respawns: Figure,
}
