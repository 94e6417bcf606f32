//! The summary of a run: all numbers are computed from a [`Recording`], and from nothing else.
//!
//! The fields and their order are the schema `concsim.summary/1`. A field's name ends in its unit; shares
//! of a core or of the window have none. Numbers are rounded here, so that a claim is judged by the
//! displayed number.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::accounting::{self, Edges};
use super::comparison::{self, Balance, ModelComparison, Observation, Theory};
use super::dead_work::{Account, DeadWork, Log};
use super::disturbance::{Bounds, Disturbance, Disturbances, Numbers};
use super::evaluate::{Answer, Judgement};
pub use super::failures::{CensoredPercentiles, Failed};
use super::interruption::Interruption;
use super::latency::{Breakdown, KindLatencies, Latencies, Sorted, TimeParts, Waits};
use super::named::NamedValues;
use super::prediction::Prediction;
use super::remark;
use super::repeats::{RepeatNumbers, RepeatsSummary};
use super::request::Request;
use super::requests::Requests;
use super::rounding::{rounded, rounded_rate};
use super::trust::{self, Evidence, Reason, Trust};
pub use super::trust::{Generator, LittleDifference};
use super::{Machine, Origin, Recording, WorkerSample, latency, usage};
use concsim_model::scenario::{Plan, WorkerKind, draw};
use concsim_model::units::Elapsed;

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

impl Summary {
    /// Combines the runs of a plan and evaluates its claims.
    #[must_use]
    pub fn of(plan: &Plan, machine: Machine, runs: Vec<Run>) -> Self {
        let first = plan.variants.first();
        Self {
            schema: SCHEMA,
            scenario: Played {
                title: plan.title.clone(),
                file: plan.file.clone(),
                sha256: plan.sha256.clone(),
                seed: first.map_or(1, |variant| variant.scenario.seed),
                draws: runs.first().map_or(draw::VERSION, |run| run.draws),
            },
            expect: super::evaluate::judge(plan, machine.cores, &runs),
            ask: super::evaluate::answer(plan, machine.cores, &runs),
            machine,
            repeats: None,
            runs,
        }
    }

    /// Adds the votes: for each question, the number for each choice.
    #[must_use]
    pub fn with_votes(mut self, votes: &[Vec<u64>]) -> Self {
        for (answer, votes) in self.ask.iter_mut().zip(votes) {
            answer.votes.clone_from(votes);
        }
        self
    }
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
            Some(repeated) => repeated.serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
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
    pub remarks: Vec<remark::Remark>,
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
    pub workers: Vec<usage::Worker>,
    /// Number of workers at once in the window.
    pub workers_at_once: usage::WorkersAlive,
    /// Jain's index of the connections that each worker accepted: 1 if all accepted the same number.
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
    /// True if about as many requests were in the system in the window's second half as in the first.
    pub stationary: Option<bool>,
    /// Number in the system in the second half ÷ in the first.
    pub drift: Option<f64>,
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

impl Run {
    /// Returns the numbers for which there are bounds. The length of the window is one if the requests set it.
    fn numbers(&self, is_counted_out: bool) -> Numbers {
        let mut numbers = Numbers::default();
        numbers.add("throughput_per_s", self.throughput_per_s);
        numbers.add_latencies("latency_ms", &self.latency_ms);
        numbers.add_latencies("from_send_ms", &self.from_send_ms);
        numbers.add("concurrency", self.concurrency);
        numbers.add("at_the_door", self.at_the_door);
        numbers.add("in_system", self.in_system);
        numbers.add("parallelism", self.parallelism);
        numbers.add("window_s", is_counted_out.then_some(self.window_s));
        for (name, kind) in self.requests.iter() {
            let latencies = Latencies::from(kind.latency_ms);
            numbers.add_latencies(&format!("requests.{name}.latency_ms"), &latencies);
        }
        numbers
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

impl TelemetryCount {
    fn of(recording: &Recording) -> Self {
        Self {
            events: recording.event_count,
            dropped: recording.dropped_events + recording.dropped_outcomes,
            one_in: recording.one_in,
            thinned: recording.thinned_switches,
        }
    }
}

/// Computes all numbers of a run.
#[must_use]
pub fn summarise(recording: &Recording) -> Run {
    let requests = Requests::of(recording);
    let cohort: Vec<Request<'_>> = requests.cohort().copied().collect();
    let edges = Edges::of(&recording.samples, recording.header.window);
    let evidence = Evidence::of(recording, &requests, &cohort, edges.as_ref());
    let averages = Averages::of(recording, &requests, edges.as_ref());
    let (header, scenario) = (&recording.header, &recording.header.scenario);
    let patience = scenario.load.patience;
    let seconds = |length: Option<Elapsed>| rounded(length.map_or(0.0, Elapsed::as_secs_f64), 6);
    let (window, spent) = (header.window, TimeParts::by(cohort.iter()));
    let (workers, at_once) = (workers(recording), usage::WorkersAlive::of(recording));
    let most_workers = at_once.most.max(scenario.server.workers);
    let parallelism_limit = scenario.server.parallelism_limit_of(most_workers);
    let failed = Failed::of(&cohort, &header.locations);
    let latency_ms = latencies(&cohort, |request| request.latency(patience));
    let from_send_ms = latencies(&cohort, |request| request.since_sent(patience));
    let at_patience = CensoredPercentiles::of(patience, failed.all(), [&latency_ms, &from_send_ms]);
    let mut run = Run {
        variant: header.variant.clone(),
        origin: header.origin,
        draws: header.draws,
        kind: scenario.server.kind,
        trust: Trust::Ok,
        because: Vec::new(),
        disturbances: Vec::new(),
        bounds: NamedValues::default(),
        remarks: Vec::new(),
        interrupted: header.interrupted,
        interruption: Interruption::of(recording),
        warmup_s: seconds(window.map(|window| window.begin.since(header.began))),
        window_s: seconds(window.map(|window| window.length())),
        drain_s: seconds(window.map(|window| header.drained.since(window.end))),
        due: cohort.len(),
        completed: completed(&cohort).count(),
        unfinished: cohort.iter().filter(|r| r.cut_short(patience)).count(),
        failed,
        throughput_per_s: throughput(recording, &requests),
        latency_ms,
        from_send_ms,
        at_patience,
        breakdown_ms: spent.map(|spent| spent.breakdown),
        waits_ms: spent.and_then(|spent| spent.breakdown.waits),
        concurrency: averages.concurrency,
        concurrency_limit: scenario.server.concurrency_limit_of(most_workers),
        at_the_door: averages.at_the_door,
        in_system: averages.in_system,
        parallelism: averages.parallelism,
        parallelism_limit: parallelism_limit.min(header.machine.cores),
        cores: edges.map_or_else(Vec::new, |edges| usage::cores(&edges)),
        workers: usage::Worker::all(workers, header.origin),
        workers_at_once: at_once,
        accept_jain: accept_jain(workers),
        requests: kinds(recording, &cohort, patience),
        counters: counters(recording, workers),
        services: usage::services(recording, edges.as_ref()),
        generator: evidence.generator(),
        little: evidence.littles_law(),
        balance: Vec::new(),
        dead_work: dead_work(recording),
        stationary: averages.stationary,
        drift: averages.drift,
        telemetry: TelemetryCount::of(recording),
        theory: Theory::none("").compare_with(&Observation::default()),
        prediction: None,
        repeated: None,
    };
    grade(&mut run, recording, &requests, &evidence);
    run.remarks = remark::of_the_run(recording, &run);
    run.balance = comparison::balances(&run);
    run.theory = ModelComparison::of_run(scenario, header.machine.cores, &run);
    run
}

/// Adds the disturbances of a run, the bounds of its numbers, and its grade.
fn grade(run: &mut Run, recording: &Recording, requests: &Requests<'_>, evidence: &Evidence) {
    let numbers = run.numbers(recording.header.scenario.load.requests.is_some());
    let edges = Edges::of(&recording.samples, recording.header.window);
    let disturbances = Disturbances::of(recording, requests, edges.as_ref(), &numbers, |cause| {
        evidence.of_cause(cause)
    });
    (run.trust, run.because) = trust::grade(evidence, &numbers, &disturbances);
    (run.disturbances, run.bounds) = (disturbances.each, disturbances.bounds);
}

/// Work for clients that had left, in the window.
fn dead_work(recording: &Recording) -> Option<DeadWork> {
    let (window, log) = (recording.header.window?, Log::of(recording)?);
    (recording.event_count > 0).then(|| Account::of(&log, window).summary())
}

/// Jain's index of the workers' connections, rounded.
fn accept_jain(workers: &[WorkerSample]) -> Option<f64> {
    let jain = accounting::jain(workers.iter().map(|worker| worker.accepted));
    jain.map(|jain| rounded(jain, 4))
}

/// The workers at the end of their lives.
fn workers(recording: &Recording) -> &[WorkerSample] {
    recording.samples.last().map_or(&[], |last| &last.workers)
}

/// Averages over the window; none without a window.
#[derive(Clone, Copy, Debug, Default)]
struct Averages {
    concurrency: Option<f64>,
    at_the_door: Option<f64>,
    in_system: Option<f64>,
    parallelism: Option<f64>,
    stationary: Option<bool>,
    drift: Option<f64>,
}

impl Averages {
    fn of(recording: &Recording, requests: &Requests<'_>, edges: Option<&Edges<'_>>) -> Self {
        let Some(edges) = edges else {
            return Self::default();
        };
        // A foreign server's workers are not visible, and a server without telemetry reports no accepts.
        let sees_workers = !workers(recording).is_empty();
        let hears_workers = recording.event_count > 0;
        let mean = |sum: f64| rounded(sum / edges.length(), 4);
        let [first, second] = accounting::halves(edges, requests);
        Self {
            concurrency: sees_workers.then(|| mean(edges.begun())),
            at_the_door: hears_workers
                .then(|| rounded(accounting::at_the_door(edges, requests), 4)),
            in_system: Some(mean(accounting::in_system(edges, requests))),
            parallelism: sees_workers.then(|| mean(edges.workers_cpu())),
            stationary: Some(is_stationary(first, second)),
            drift: (first > 0.0).then(|| rounded(second / first, 3)),
        }
    }
}

/// A run is called stationary if the halves differ by no more than this share of their mean …
const STATIONARY_SHARE: f64 = 0.25;
/// … or by less than this many requests.
const STATIONARY_REQUESTS: f64 = 1.0;

/// True if the mean numbers of requests in the two halves of a window are about the same.
fn is_stationary(first: f64, second: f64) -> bool {
    let allowed = (STATIONARY_SHARE * f64::midpoint(first, second)).max(STATIONARY_REQUESTS);
    (second - first).abs() < allowed
}

/// Good answers that arrived in the window, per second.
fn throughput(recording: &Recording, requests: &Requests<'_>) -> Option<f64> {
    let seconds = recording.header.window?.length().as_secs_f64();
    let answers = requests.answered_in_the_window() as f64;
    (seconds > 0.0).then(|| rounded_rate(answers / seconds))
}

/// Latencies of a cohort, each computed by `count`; the mean is of the completed requests.
fn latencies(cohort: &[Request<'_>], count: impl Fn(&Request<'_>) -> Elapsed) -> Latencies {
    let mean = latency::mean(completed(cohort).map(&count));
    Latencies::new(&Sorted::of(cohort.iter().map(&count)), mean)
}

fn completed<'a>(cohort: &'a [Request<'a>]) -> impl Iterator<Item = &'a Request<'a>> {
    cohort.iter().filter(|request| request.completed())
}

/// The cohort by kind of request: every request of the scenario that is in the mix, or was sent besides.
fn kinds(recording: &Recording, cohort: &[Request<'_>], patience: Elapsed) -> NamedValues<Kind> {
    let requests = recording.header.scenario.requests.iter().enumerate();
    let was_sent = |class| {
        let mut outcomes = cohort.iter().map(|request| request.outcome);
        outcomes.any(|outcome| usize::from(outcome.class) == class)
    };
    requests
        .filter(|(class, request)| request.weight > 0.0 || was_sent(*class))
        .map(|(class, request)| (request.name.clone(), kind(class, cohort, patience)))
        .collect()
}

fn kind(class: usize, cohort: &[Request<'_>], patience: Elapsed) -> Kind {
    let is_of_it = |request: &&Request<'_>| usize::from(request.outcome.class) == class;
    let of_this_kind: Vec<Request<'_>> = cohort.iter().filter(is_of_it).copied().collect();
    let all = latencies(&of_this_kind, |request| request.latency(patience));
    Kind {
        completed: completed(&of_this_kind).count(),
        latency_ms: all.into(),
    }
}

fn counters(recording: &Recording, workers: &[WorkerSample]) -> NamedValues<Counter> {
    let names = recording.header.scenario.counters.iter().enumerate();
    names
        .map(|(index, name)| {
            let counts = workers
                .iter()
                .filter_map(|worker| worker.counters.get(index));
            let (additions, value) =
                counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
            let counter = Counter {
                additions,
                value,
                lost: additions.cast_signed() - value.cast_signed(),
            };
            (name.clone(), counter)
        })
        .collect()
}
