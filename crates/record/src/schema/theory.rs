//! Theory beside a run: bounds, the closed form, and Little's law.
//!
//! Values called *computed* come from the scenario alone; values called *found* come from the run, measured
//! or simulated according to its origin.

use serde::Serialize;

/// Bounds and the closed form for a scenario, or the reason why no closed form applies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelComparison {
    /// Always `computed`.
    pub origin: &'static str,
    /// Bounds of the throughput of a long run, the tightest first. The tightest, and any as tight, bind if
    /// they are reached.
    pub bounds: Vec<Ceiling>,
    /// Place where requests wait, if no bound binds. Found in the run, not computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<Waits>,
    /// Closed form that applies, if one does.
    pub model: Option<ModelNumbers>,
    /// Reason why no closed form applies.
    pub why_none: Option<String>,
}

/// The numbers of a closed form, each with the run's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelNumbers {
    /// Name in textbooks.
    pub name: String,
    /// MODEL in `concsim theory MODEL --help`, which describes the closed form.
    pub help: &'static str,
    /// Further assumptions of the closed form.
    pub assumes: Vec<String>,
    /// Share of time for which each worker, or core, is occupied.
    pub utilisation: f64,
    /// True if there is a steady state; otherwise the queue grows without bound and no time has a mean.
    pub steady: bool,
    /// Good answers per second.
    pub throughput_per_s: Pair,
    /// The mean latency.
    pub mean_ms: Pair,
    /// Part of the mean latency that is neither computing nor waiting for an answer.
    pub wait_ms: Pair,
    /// Median latency.
    pub p50_ms: Pair,
    /// 90th percentile.
    pub p90_ms: Pair,
    /// 99th percentile.
    pub p99_ms: Pair,
}

/// One number, computed and found. [`None`] where the model or the run does not give it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pair {
    /// Value of the model.
    pub computed: Option<f64>,
    /// Value of the run.
    pub found: Option<f64>,
    /// computed ÷ found − 1.
    pub error: Option<f64>,
}

/// A bound of the throughput, and the share of it that was reached.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ceiling {
    /// Name of the limited resource: `workers`, `threads`, `locks`, `cores`, `connections`, `pool`,
    /// `capacity`, `pool_threads`, `clients`, `arrivals`.
    pub of: &'static str,
    /// Service to which the pool or capacity belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Number of units of the resource.
    pub count: f64,
    /// Time for which each request occupies one unit. [`None`] for arrivals.
    pub each_ms: Option<f64>,
    /// Share of requests that can be answered well. Omitted if all can: the heartbeat kills none, and none
    /// takes longer than the clients' patience.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<f64>,
    /// Good answers per second.
    pub per_s: f64,
    /// True if this is the tightest bound, or within 1 % of it, and at least 90 % of it is reached.
    pub binds: bool,
    /// The run's throughput ÷ the bound. Above 1 only in short windows: a bound holds in the long run.
    pub reached: Option<f64>,
}

/// Place where requests wait longest by the run's own account, or else the other use of their time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Waits {
    /// `door`, `ready`, `core`, `pool`, `pool_threads`, `service`; `failed` if requests wait nowhere and
    /// much of the time goes to failed ones; `unanswered` if all are begun and none was answered; or
    /// `none`.
    pub at: &'static str,
    /// Mean time that a request waits there. [`None`] if too few were answered.
    pub mean_ms: Option<f64>,
    /// Share of a request's time. If no request was answered: share of the requests in the system. For
    /// `failed`: share of the time of all requests.
    pub share: f64,
}

/// Little's law at one place: N and X·R, all found in the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Balance {
    /// Place: `system`, `door`, `workers`.
    pub at: &'static str,
    /// N: mean number of requests present.
    pub present: f64,
    /// X: throughput per second.
    pub throughput_per_s: f64,
    /// R: mean time that each stays there, in milliseconds.
    pub mean_ms: f64,
    /// X·R ÷ N − 1. Far from 0 if requests fail or the run is not steady. [`None`] if N is next to 0.
    pub residual: Option<f64>,
}
