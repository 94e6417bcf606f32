//! Work for clients that have left, and its remedies.

use super::Check;
use super::scene::{Context, per_cent};
use crate::dead_work::WorkerTime;
use concsim_model::scenario::{Accept, Arrivals, ConnectionMode, RequestCapacity, Scenario};
use concsim_model::units::{Elapsed, letter};
use concsim_model::words::{all_of, counted, grouped, length};
use concsim_theory::{bounds, demand};

/// Workers spend their time on requests whose clients have given up.
pub(super) struct DeadWork {
    /// Slots of these workers.
    slots: Vec<u16>,
    /// Sum of their busy time and of its dead part.
    time: WorkerTime,
    in_queue: u64,
}

impl<'a> Check<'a> for DeadWork {
    fn notice(context: &Context<'a>) -> Option<Self> {
        /// Minimum share of dead work in a worker's busy time …
        const MIN_BUSY_SHARE: f64 = 0.1;
        /// … and minimum share of dead work in the span.
        const MIN_SPAN_SHARE: f64 = 0.02;
        /// Minimum number of abandoned requests in the queue.
        const MIN_ABANDONED: u64 = 10;
        let account = context.dead_work();
        let least = MIN_SPAN_SHARE * context.span.length().as_secs_f64();
        let is_much = |spent: &WorkerTime| {
            let share = spent.share().unwrap_or(0.0);
            share >= MIN_BUSY_SHARE && spent.dead.as_secs_f64() >= least
        };
        let some = account.workers.iter().filter(|(_, spent)| is_much(spent));
        let some: Vec<(u16, WorkerTime)> = some.map(|(slot, spent)| (*slot, *spent)).collect();
        let applies = !some.is_empty() || account.in_queue >= MIN_ABANDONED;
        applies.then(|| Self {
            slots: some.iter().map(|(slot, _)| *slot).collect(),
            time: WorkerTime::sum(some.iter().map(|(_, spent)| spent)),
            in_queue: account.in_queue,
        })
    }

    fn sentences(&self, context: &Context<'a>) -> Vec<String> {
        let source = match (&self.slots[..], context.living().count()) {
            ([], _) => None,
            ([one], 2..) => Some(format!("Worker {}", letter(usize::from(*one)))),
            (some, all) if some.len() >= all => Some(all_of(all, "worker")),
            (some, all) => Some(format!(
                "{} of {}",
                grouped(some.len() as u64),
                counted(all as u64, "worker")
            )),
        };
        let (its, on_average) = match self.slots.len() {
            1 => ("its", ""),
            _ => ("their", ", taken together,"),
        };
        let spent = source.map(|actor| {
            format!(
                "{actor} spent {} of {its} busy and blocked time{on_average} on requests whose clients had \
                 already left, {}.",
                per_cent(self.time.share().unwrap_or(0.0)),
                context.interval_name()
            )
        });
        spent.into_iter().chain(self.queue(context)).collect()
    }

    fn evidence(&self, context: &Context<'a>) -> String {
        format!(
            "{} of {} busy or blocked after the client had given up, {} in the listener's queue whose client \
             had given up (workers' log and load's log); patience is {}",
            self.time.dead,
            self.time.busy,
            counted(self.in_queue, "request"),
            length(context.scenario().load.patience)
        )
    }

    fn advice(&self, context: &Context<'a>) -> Option<String> {
        if !context.snapshot.markers().is_empty() {
            return None;
        }
        let cures = remedies(context.scenario(), context.cores());
        (!cures.is_empty()).then(|| {
            format!(
                "The cure is {} (computed, with a fifth of the limit left free).",
                cures.join(", or ")
            )
        })
    }
}

impl DeadWork {
    /// `Now the listener's queue holds 4 more such requests.`
    fn queue(&self, context: &Context<'_>) -> Option<String> {
        let (then, holds) = match context.run {
            Some(run) if run.window_s > 0.0 => ("At its end", "held"),
            Some(_) | None => ("Now", "holds"),
        };
        let many = grouped(self.in_queue);
        match (self.slots.is_empty(), self.in_queue) {
            (_, 0) => None,
            (false, 1) => Some(format!(
                "{then} the listener's queue {holds} 1 more such request."
            )),
            (false, _) => Some(format!(
                "{then} the listener's queue {holds} {many} more such requests."
            )),
            (true, _) => {
                let then = if holds == "held" {
                    "At the end of the counted window"
                } else {
                    then
                };
                Some(format!(
                    "{then} the listener's queue {holds} {many} requests whose clients have left; a worker \
                     takes each all the same."
                ))
            }
        }
    }
}

/// Share of a limit that a remedy may use: a value computed from means would otherwise sit at the limit,
/// and be no remedy.
const USED: f64 = 0.8;
/// Number of standard deviations above its mean assumed for a sum of demands.
const SIGMAS: f64 = 3.0;
/// Factor of the mean wait that an open load exceeds once in a hundred times: e⁻⁵.
const TAIL: f64 = 5.0;

/// Changes of which each alone lets every request be answered while its client waits, with a margin. Only
/// sync workers with one queue take requests one by one in order of arrival. Of other workers one may have
/// many connections while another is idle.
fn remedies(scenario: &Scenario, cores: usize) -> Vec<String> {
    let server = &scenario.server;
    let is_one_queue = server.workers == 1 || !matches!(server.accept, Accept::Reuseport);
    let is_in_order = server.kind.begins() == RequestCapacity::One && is_one_queue;
    if !is_in_order || alone(scenario).is_none() {
        return Vec::new();
    }
    let workers = scenario.server.workers;
    let patience = scenario.load.patience.as_secs_f64();
    let mut found = Vec::new();
    found.extend(
        shorter_queue(scenario, cores)
            .map(|places| format!("a `server.backlog` of {} or less", grouped(places))),
    );
    if let Some(longest) = longest_answer(scenario, cores, workers) {
        let enough = longest / USED;
        if enough > patience {
            // Rounded up to the displayed precision.
            let unit = if enough < 100.0 { 0.1 } else { 10.0 };
            let enough = Elapsed(((enough / unit).ceil() * unit * 1e9).round() as u64);
            found.push(format!("a patience of {} or more", length(enough)));
        }
    }
    let enough = |more: &usize| {
        let longest = longest_answer(scenario, cores, *more);
        longest.is_some_and(|longest| longest <= USED * patience)
    };
    let more = (workers + 1..=256).find(enough);
    let more = more.filter(|_| !matches!(server.accept, Accept::Reuseport));
    found.extend(more.map(|more| counted(more as u64, "worker")));
    found
}

/// Longest queue whose last place sync workers serve in time. A client that finds no place retries later,
/// and has less of its patience left.
fn shorter_queue(scenario: &Scenario, cores: usize) -> Option<u64> {
    let server = &scenario.server;
    // A keep-alive connection has left the queue for good.
    if scenario.load.connection != ConnectionMode::PerRequest {
        return None;
    }
    let patience = scenario.load.patience.as_secs_f64();
    let left = USED * (patience - latest_try(patience)) - alone(scenario)?;
    let capacity = capacity(scenario, cores, server.workers)?;
    let now = server.places_at_the_door() as u64;
    let is_in_time = |places: &u64| drain(*places as f64, capacity, variation(scenario)) <= left;
    // A backlog of n has n + 1 places.
    (1..now)
        .rev()
        .find(is_in_time)?
        .checked_sub(1)
        .filter(|it| *it >= 1)
}

/// Time of the last connection attempt of a client with this patience to a listener whose queue is full,
/// both in seconds: the kernel retransmits its first segment 1, 3, 7 … s after the first.
fn latest_try(patience: f64) -> f64 {
    let tries = (0..6).map(|doublings| f64::from((1 << doublings) - 1));
    tries.filter(|at| *at < patience).fold(0.0, f64::max)
}

/// Time of a single request that few exceed, in seconds; [`None`] if that is most of the patience.
fn alone(scenario: &Scenario) -> Option<f64> {
    let patience = scenario.load.patience.as_secs_f64();
    let own = demand::of_mix(scenario, |_| true);
    let deviation = own.mean * variation(scenario).sqrt();
    let alone = own.mean + SIGMAS * deviation;
    (alone > 0.0 && own.mean < USED * patience).then_some(alone)
}

/// Squared coefficient of variation of a request's demand.
fn variation(scenario: &Scenario) -> f64 {
    demand::of_mix(scenario, |_| true)
        .squared_variation()
        .max(0.0)
}

/// Time for `requests` requests in sequence at this capacity, in seconds: the mean, and a margin for
/// chance.
fn drain(requests: f64, capacity: f64, variation: f64) -> f64 {
    (requests + SIGMAS * (requests * variation).sqrt()) / capacity
}

/// Maximum answers per second of the server with `workers` workers, to clients that wait for them; [`None`]
/// if nothing in it bounds them.
fn capacity(scenario: &Scenario, cores: usize, workers: usize) -> Option<f64> {
    const LONG: Elapsed = Elapsed::from_secs(3_600);
    let mut patient = scenario.clone();
    patient.load.patience = LONG;
    patient.server.workers = workers;
    let bounds = bounds::of(&patient, cores);
    let tightest = bounds.iter().find(|it| !it.of.is_the_load());
    tightest.map(bounds::Bound::per_s).filter(|it| *it > 0.0)
}

/// Longest time that clients wait with `workers` workers, in seconds, except for rare ones. Closed load:
/// all clients ask at once. Open load: by Kingman's approximation of the mean wait; [`None`] if it uses too
/// much of the capacity.
fn longest_answer(scenario: &Scenario, cores: usize, workers: usize) -> Option<f64> {
    let capacity = capacity(scenario, cores, workers)?;
    let (alone, variation) = (alone(scenario)?, variation(scenario));
    match &scenario.load.arrivals {
        // A client that finds no place retries later, while workers may be idle.
        Arrivals::Closed { clients, .. } if *clients > scenario.server.places_of_all_queues() => {
            None
        }
        Arrivals::Scheduled => None,
        Arrivals::Closed { clients, .. } => {
            let at_once = workers.min(*clients).max(1);
            let rounds = clients.div_ceil(at_once) * at_once;
            let own = workers as f64 / capacity;
            Some(drain(rounds as f64, capacity, variation).max(own) + (alone - own).max(0.0))
        }
        Arrivals::Open { rate, .. } => {
            let spare = capacity - rate;
            let wait = f64::midpoint(1.0, variation) / spare;
            (*rate <= USED * capacity).then_some(alone.max(workers as f64 / capacity) + TAIL * wait)
        }
    }
}
