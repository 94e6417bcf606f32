//! The summary of a run: all numbers are computed from a [`Recording`], and from nothing else.
//!
//! Numbers are rounded here, so that a claim is judged by the displayed number.

use super::accounting::{self, Edges};
use super::comparison::{self, Observation, Theory};
use super::dead_work::{Account, DeadWork, Log};
use super::disturbance::{Disturbances, Numbers};
pub use super::failures::{CensoredPercentiles, Failed};
use super::interruption::Interruption;
use super::latency::{Latencies, Sorted, TimeParts};
use super::memory::{self, ServerMemory};
use super::named::NamedValues;
use super::percentile::P99_NEEDS;
use super::remark;
use super::request::Request;
use super::requests::Requests;
use super::rounding::{rounded, rounded_rate};
use super::schema::theory::ModelComparison;
pub use super::schema::{Counter, Kind, Played, Run, SCHEMA, Summary, TelemetryCount};
use super::trust::{self, Evidence, Trust};
pub use super::trust::{Generator, LittleDifference};
use super::{Counted, Header, Machine, Recording, WorkerSample, evaluate, latency, usage};
use concsim_model::scenario::{Arrivals, Plan, Scenario, draw};
use concsim_model::units::Elapsed;

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
            expect: evaluate::judge(plan, machine.cores, &runs),
            ask: evaluate::answer(plan, machine.cores, &runs),
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
    let (window, spent) = (header.window, time_parts(scenario, &cohort));
    let (workers, at_once) = (workers(recording), usage::WorkersAlive::of(recording));
    let most_workers = at_once.most.max(scenario.server.workers);
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
        parallelism_limit: parallelism_limit(header, most_workers),
        cores: edges.map_or_else(Vec::new, |edges| usage::cores(&edges)),
        workers: usage::Worker::all(workers, header, memory::largest(recording)),
        processes: usage::PoolProcess::all(recording),
        memory: memory::largest(recording).and_then(ServerMemory::of),
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
        latency_drift: averages.latency_drift,
        telemetry: TelemetryCount::of(recording),
        theory: Theory::none("").compare_with(&Observation::default()),
        prediction: None,
        repeated: None,
    };
    grade(&mut run, recording, &requests, &evidence);
    add_conclusions(&mut run, recording);
    run
}

/// Returns the most cores that processes can keep busy.
fn parallelism_limit(header: &Header, workers: usize) -> usize {
    let limit = header.scenario.server.parallelism_limit_of(workers);
    limit.min(header.machine.cores)
}

/// Parts of the latencies. Those in a foreign server are unknown.
fn time_parts(scenario: &Scenario, cohort: &[Request<'_>]) -> Option<TimeParts> {
    let parts = TimeParts::by(cohort.iter());
    parts.filter(|_| !scenario.server.is_foreign())
}

/// Adds to a graded run its remarks, Little's law and the comparison with theory.
fn add_conclusions(run: &mut Run, recording: &Recording) {
    let header = &recording.header;
    run.remarks = remark::of_the_run(recording, run);
    run.balance = comparison::balances(run, &header.scenario);
    run.theory = ModelComparison::of_run(&header.scenario, header.machine.cores, run);
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

/// Jain's index of the workers' connections, rounded; of a foreign server, whose accepts are unknown, that of
/// the answers that its application counts.
fn accept_jain(workers: &[WorkerSample]) -> Option<f64> {
    let share = |worker: &WorkerSample| match worker.counted {
        Counted::Nothing => worker.accepted,
        Counted::Answers | Counted::Switches => worker.requests,
    };
    let jain = accounting::jain(workers.iter().map(share));
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
    latency_drift: Option<f64>,
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
        let latencies = latencies_of_halves(recording, requests);
        let are_steady = latencies.is_none_or(|[first, second]| is_steady(first, second));
        let (queued, open) = (edges.queued(), edges.open());
        let in_system = match open {
            Some(open) => open + queued.unwrap_or(0.0),
            None => accounting::in_system(edges, requests),
        };
        let concurrency = match queued {
            Some(queued) => Some(mean((in_system - queued).max(0.0))),
            None => sees_workers.then(|| mean(edges.begun())),
        };
        let at_the_door = match queued {
            Some(queued) => Some(mean(queued)),
            None => hears_workers.then(|| rounded(accounting::at_the_door(edges, requests), 4)),
        };
        Self {
            concurrency,
            at_the_door,
            in_system: Some(mean(in_system)),
            parallelism: sees_workers.then(|| mean(edges.workers_cpu())),
            stationary: Some(is_stationary(first, second) && are_steady),
            drift: (first > 0.0).then(|| rounded(second / first, 3)),
            latency_drift: latencies.map(|[first, second]| rounded(second / first, 3)),
        }
    }
}

/// A run is called stationary if the halves differ by no more than this share of their mean …
const STATIONARY_SHARE: f64 = 0.25;
/// … or by less than this many requests.
const STATIONARY_REQUESTS: f64 = 1.0;

/// True if the mean numbers of requests in the two halves of a window are about the same.
fn is_stationary(first: f64, second: f64) -> bool {
    (second - first).abs() < STATIONARY_REQUESTS || is_steady(first, second)
}

fn is_steady(first: f64, second: f64) -> bool {
    (second - first).abs() < STATIONARY_SHARE * f64::midpoint(first, second)
}

/// Returns the mean latencies of the requests due in the two halves of the window of a closed load, in ms; `None` with
/// fewer requests than a p99 needs, whose means may differ by chance. A server that gets slower does not change the
/// number of requests in the system if each client always has one there.
fn latencies_of_halves(recording: &Recording, requests: &Requests<'_>) -> Option<[f64; 2]> {
    let scenario = &recording.header.scenario;
    let is_closed = matches!(scenario.load.arrivals, Arrivals::Closed { .. });
    let window = recording.header.window?;
    let middle = window.begin + Elapsed(window.length().0 / 2);
    let (first, second): (Vec<_>, Vec<_>) = requests
        .cohort()
        .partition(|request| request.outcome.due < middle);
    if !is_closed || first.len() + second.len() < P99_NEEDS {
        return None;
    }
    let mean = |half: Vec<&Request<'_>>| {
        let latencies = half.iter().filter(|request| request.completed());
        let mean = latency::mean(latencies.map(|it| it.latency(scenario.load.patience)));
        mean.filter(|mean| *mean > 0)
            .map(|ns| Elapsed(ns).as_millis_f64())
    };
    Some([mean(first)?, mean(second)?])
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

/// Counters over all workers. Those of a foreign server are unknown.
fn counters(recording: &Recording, workers: &[WorkerSample]) -> NamedValues<Counter> {
    let scenario = &recording.header.scenario;
    let names = scenario.counters.iter().enumerate();
    names
        .filter(|_| !scenario.server.is_foreign())
        .map(|(index, name)| {
            let counts = workers
                .iter()
                .filter_map(|worker| worker.counters.get(index));
            let largest = counts.clone().map(|count| count.1).max();
            let (additions, value) =
                counts.fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
            let counter = Counter {
                additions,
                value,
                largest: largest.unwrap_or_default(),
                lost: additions.cast_signed() - value.cast_signed(),
            };
            (name.clone(), counter)
        })
        .collect()
}
