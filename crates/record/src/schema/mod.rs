//! The schema `concsim.summary/1`: the summary of a scenario's runs as plain data, in the order of its fields.
//!
//! A field's name ends in its unit; shares of a core or of the window have none. Nothing is computed here:
//! `summary.rs` and the files that it uses fill these types in.

pub(crate) mod claims;
pub(crate) mod prediction;
pub(crate) mod remark;
pub(crate) mod repeats;
pub(crate) mod theory;

use std::sync::Arc;

use serde::{Serialize, Serializer};

use self::claims::{Answer, Judgement};
use self::prediction::Prediction;
use self::remark::Remark;
use self::repeats::RepeatsSummary;
use self::theory::{Balance, ModelComparison};
use crate::dead_work::DeadWork;
use crate::disturbance::{Bounds, Disturbance};
use crate::estimates::RepeatNumbers;
use crate::failures::{CensoredPercentiles, Failed};
use crate::interruption::Interruption;
use crate::latency::{Breakdown, KindLatencies, Latencies, Waits};
use crate::memory::ServerMemory;
use crate::named::NamedValues;
use crate::trust::{Generator, LittleDifference, Reason, Trust};
use crate::{Machine, Origin, usage};
use concsim_model::scenario::WorkerKind;

/// Version of the summary's schema.
pub const SCHEMA: &str = "concsim.summary/1";

/// Summary of all variants of a scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Scenario that was played.
    pub scenario: Played,
    /// Machine.
    pub machine: Machine,
    /// Description of the repeats. Omitted if each variant was played once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<RepeatsSummary>,
    /// Runs, one for each variant played, in order. A number of repeats has its interval beside it.
    #[serde(serialize_with = "with_intervals")]
    pub runs: Vec<Run>,
    /// The file's claims, with verdicts.
    pub expect: Vec<Judgement>,
    /// The file's questions, with answers. Omitted if it asks none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<Answer>,
}

/// Scenario that was played.
#[derive(Clone, Debug, Serialize)]
pub struct Played {
    /// Title of the file.
    pub title: String,
    /// Path or name of the file.
    pub file: String,
    /// SHA-256 of its text.
    pub sha256: String,
    /// Seed of all random draws.
    pub seed: u64,
    /// Version of the draws: the same seed and version give the same requests.
    pub draws: u32,
}

/// Writes runs; the numbers of repeats with their intervals.
fn with_intervals<S: Serializer>(runs: &[Run], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(runs.iter().map(SerializedRun))
}

/// A run as the summary has it.
struct SerializedRun<'a>(&'a Run);

impl Serialize for SerializedRun<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.repeated {
            Some(repeated) => RepeatedRun {
                numbers: repeated,
                prediction: self.0.prediction.as_ref(),
            }
            .serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
}

/// The estimates of repeats as the summary has them, and what is known of all repeats beside them.
#[derive(Serialize)]
struct RepeatedRun<'a> {
    #[serde(flatten)]
    numbers: &'a RepeatNumbers,
    #[serde(skip_serializing_if = "Option::is_none")]
    prediction: Option<&'a Prediction>,
}

/// One variant, played once, or the estimates of its repeats.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// The variant's name.
    pub variant: String,
    /// Measured or simulated.
    pub origin: Origin,
    /// Version of its random draws.
    #[serde(skip)]
    pub draws: u32,
    /// The kind of its workers.
    pub kind: WorkerKind,
    /// Grade of its numbers …
    pub trust: Trust,
    /// … and the reasons for it.
    pub because: Vec<Reason>,
    /// Disturbances, each with the numbers that it can have moved. Omitted if there were none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disturbances: Vec<Disturbance>,
    /// Ends between which numbers would lie without all disturbances, by their paths: `latency_ms.p99`. Omitted if
    /// there were none.
    #[serde(skip_serializing_if = "NamedValues::is_empty")]
    pub bounds: NamedValues<Bounds>,
    /// Remarks, each with its evidence.
    pub remarks: Vec<Remark>,
    /// True if the run was cut short by ^C.
    pub interrupted: bool,
    /// Time of the interruption, and planned length. Omitted if the run is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interruption: Option<Interruption>,
    /// Warm-up: from the first request to the beginning of the window, in seconds.
    pub warmup_s: f64,
    /// Length of the counted window, in seconds.
    pub window_s: f64,
    /// Drain: from the window's end to the end of its last request, in seconds.
    pub drain_s: f64,
    /// Number of requests in the cohort: due in the window.
    pub due: usize,
    /// Cohort requests that were answered well.
    pub completed: usize,
    /// Cohort requests that were given up because the run ended, before their patience was over.
    pub unfinished: usize,
    /// Cohort requests that failed.
    pub failed: Failed,
    /// Good answers that arrived in the window, per second.
    pub throughput_per_s: Option<f64>,
    /// Latency from the due time.
    pub latency_ms: Latencies,
    /// Latency from the actual sending.
    pub from_send_ms: Latencies,
    /// Percentiles that are the clients' patience, and were not measured.
    pub at_patience: CensoredPercentiles,
    /// Breakdown of the mean latency of completed requests.
    pub breakdown_ms: Option<Breakdown>,
    /// Breakdown of `parked_or_blocked`; `None` where workers did not report it.
    pub waits_ms: Option<Waits>,
    /// Mean number of requests begun and not finished.
    pub concurrency: Option<f64>,
    /// Maximum concurrency; where the number of workers changed, for the largest number.
    pub concurrency_limit: usize,
    /// Mean number of requests sent that no worker had accepted.
    pub at_the_door: Option<f64>,
    /// Mean number of requests due and not ended.
    pub in_system: Option<f64>,
    /// Mean number of cores that the workers kept busy.
    pub parallelism: Option<f64>,
    /// Maximum number of cores that they can keep busy.
    pub parallelism_limit: usize,
    /// Use of each core, as shares of the window.
    pub cores: Vec<usage::Core>,
    /// Each worker over its whole life.
    #[serde(serialize_with = "usage::with_unknowns")]
    pub workers: Vec<usage::Worker>,
    /// Processes that compute for the workers, over their whole lives. Omitted if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<usage::PoolProcess>,
    /// Memory of the server's processes together. Omitted if it was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<ServerMemory>,
    /// Number of workers at once in the window.
    pub workers_at_once: usage::WorkersAlive,
    /// Jain's index of the connections that each worker accepted: 1 if all accepted the same number. Of a foreign
    /// server that of the answers that its application counts.
    pub accept_jain: Option<f64>,
    /// The cohort, by kind of request.
    pub requests: NamedValues<Kind>,
    /// `count` steps, over all workers.
    pub counters: NamedValues<Counter>,
    /// Services, with the lateness of their answers.
    pub services: NamedValues<usage::Service>,
    /// Load itself.
    pub generator: Generator,
    /// Residuals between two counts of the same quantity.
    pub little: LittleDifference,
    /// Little's law, N = X·R, in the system, at the door and in the workers.
    pub balance: Vec<Balance>,
    /// Work for clients that had left. Omitted where no worker reports its requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_work: Option<DeadWork>,
    /// True if about as many requests were in the system in the window's second half as in the first, and latencies
    /// were about as long.
    pub stationary: Option<bool>,
    /// Number in the system in the second half ÷ in the first.
    pub drift: Option<f64>,
    /// Mean latency of the requests due in the second half ÷ in the first. Only of a closed load with enough
    /// requests: its number in the system is constant, so [`Run::drift`] shows nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_drift: Option<f64>,
    /// Counts of the workers' events.
    pub telemetry: TelemetryCount,
    /// Comparison with numbers computed from the scenario alone.
    pub theory: ModelComparison,
    /// Prediction simulated before the run. Omitted if none was requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Prediction>,
    /// Numbers of the repeats, if there are several: the fields are then estimates. Counts of requests are
    /// those of all repeats together, workers, cores and remarks those of the first.
    #[serde(skip)]
    pub repeated: Option<Arc<RepeatNumbers>>,
}

impl Run {
    /// Returns its numbers as the summary has them; those of repeats with their intervals.
    ///
    /// # Panics
    /// Never: a run is always JSON.
    #[must_use]
    pub fn with_intervals(&self) -> serde_json::Value {
        serde_json::to_value(SerializedRun(self)).expect("a run is always JSON")
    }

    /// `interrupted at 4.91 s of 21 s`; [`None`] if the run is complete.
    #[must_use]
    pub fn interrupted_in_words(&self) -> Option<String> {
        let instant = self.interruption.map(Interruption::describe);
        self.interrupted
            .then(|| instant.unwrap_or_else(|| "interrupted".to_owned()))
    }
}

/// The requests of one name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Kind {
    /// Requests answered well.
    pub completed: usize,
    /// Latency from the due time.
    pub latency_ms: KindLatencies,
}

/// A counter over all worker processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counter {
    /// Number of additions of 1.
    pub additions: u64,
    /// Sum of the processes' counters.
    pub value: u64,
    /// Largest of the processes' counters.
    pub largest: u64,
    /// Updates that were overwritten.
    pub lost: i64,
}

/// Counts of the workers' events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TelemetryCount {
    /// Events and outcomes read.
    pub events: u64,
    /// Events and outcomes lost because a ring was full.
    pub dropped: u64,
    /// Switches are kept of one request in this many …
    pub one_in: u32,
    /// … and this many switches were dropped, with all others of their requests.
    pub thinned: u64,
}
