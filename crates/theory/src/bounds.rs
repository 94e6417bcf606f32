//! Operational bounds of a server with workers: upper limits of a long run's throughput. They hold for any
//! law of arrivals and of service (Denning and Buzen, 1978). A short window may exceed them: the demands of
//! its requests are not exactly the mean, and it counts answers to work done before it.
//!
//! ```text
//!   good answers per second  ≤  how many there are ÷ how long each request takes one × share that can be good
//!
//!   of workers, threads, locks, cores, connections, pools of connections to a service, capacities of
//!   services, pools of threads, clients
//! ```
//!
//! A request is counted with the time that it needs alone (`attempt.rs`), up to the heartbeat's limit: a
//! request that is silent for longer than `timeout` is lost with its worker, and used its resources until
//! then.

use super::attempt::{self, ResourceUse};
use crate::demand::Moments;
use concsim_model::scenario::{Arrivals, ConnectionMode, RequestCapacity, Scenario, WorkerKind};

/// An upper limit of the throughput.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Limited resource.
    pub of: LimitedResource,
    /// Number of units of the resource.
    pub count: f64,
    /// Time for which each request occupies one unit, in seconds.
    pub each: f64,
    /// Share of requests that can get a good answer. The others are killed, or exceed the clients' patience,
    /// and use resources all the same.
    pub good: f64,
}

/// Limited resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitedResource {
    /// Requests that coroutine workers can have begun at once.
    Connections,
    /// Workers, each busy with one request.
    Workers,
    /// Threads of all workers, each busy with one request.
    Threads,
    /// Locks around computing, one per process.
    Locks,
    /// Cores.
    Cores,
    /// Connections of all workers to a service: an index into [`Scenario::services`].
    Pool(usize),
    /// Calls that a service serves at once: an index into [`Scenario::services`].
    Capacity(usize),
    /// Threads in the workers' pools, which execute waits.
    PoolThreads,
    /// Clients of a closed load.
    Clients,
    /// Requests of an open load: the arrival rate.
    Arrivals,
}

impl LimitedResource {
    /// Returns the resource's word in data files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Workers => "workers",
            Self::Threads => "threads",
            Self::Locks => "locks",
            Self::Cores => "cores",
            Self::Pool(_) => "pool",
            Self::Capacity(_) => "capacity",
            Self::PoolThreads => "pool_threads",
            Self::Clients => "clients",
            Self::Arrivals => "arrivals",
        }
    }

    /// True if the load, and not the server, limits the throughput.
    #[must_use]
    pub fn is_the_load(self) -> bool {
        matches!(self, Self::Clients | Self::Arrivals)
    }
}

impl Bound {
    /// Returns the limit in answers per second.
    #[must_use]
    pub fn per_s(&self) -> f64 {
        self.count / self.each * self.good
    }

    /// Returns the time that one request needs of this resource, in seconds; for the load, the time of a
    /// client's round.
    #[must_use]
    pub fn takes(&self, taken: &ResourceUse) -> f64 {
        match self.of {
            LimitedResource::Workers | LimitedResource::Threads => taken.held,
            LimitedResource::Locks | LimitedResource::Cores => taken.computing,
            LimitedResource::Connections => taken.inside,
            LimitedResource::Pool(place) | LimitedResource::Capacity(place) => taken.calls[place],
            LimitedResource::PoolThreads => taken.in_threads,
            LimitedResource::Clients => taken.round,
            LimitedResource::Arrivals => 1.0,
        }
    }
}

/// Returns all bounds of a scenario's throughput on a machine with `cores` cores, the tightest first. A scheduled
/// load has none: it is no long run.
#[must_use]
pub fn of(scenario: &Scenario, cores: usize) -> Vec<Bound> {
    if scenario.load.arrivals == Arrivals::Scheduled {
        return Vec::new();
    }
    let mean = attempt::mean(scenario);
    let asked_for = asked_for(scenario, &mean);
    if takes_others_along(scenario, &mean, cores) {
        // A request that dies with another may have used any part of the resources that it needs alone.
        let is_known = asked_for.of == LimitedResource::Arrivals;
        return is_known.then_some(asked_for).into_iter().collect();
    }
    let mut bounds = of_workers(scenario, cores, &mean);
    bounds.push(asked_for);
    bounds.extend(of_connections(scenario, &mean));
    bounds.extend(of_services(scenario, &mean));
    tightest_first(share_of_short_ones(scenario, bounds, &mean))
}

/// True if requests may be lost before they have used their resources: with the worker of another request, or
/// in a wait for a core or a service that exceeds the heartbeat timeout.
fn takes_others_along(scenario: &Scenario, mean: &ResourceUse, cores: usize) -> bool {
    let server = &scenario.server;
    let one_at_a_time = server.concurrency_limit_of(1) == 1;
    (mean.may_kill > 0.0 && !one_at_a_time) || attempt::may_be_silent_among_others(scenario, cores)
}

fn of_workers(scenario: &Scenario, cores: usize, mean: &ResourceUse) -> Vec<Bound> {
    let server = &scenario.server;
    let bound = |of, count: usize, each| bound(of, count, each, mean.good);
    let count = server.workers * server.threads_of_a_worker();
    let of = match server.kind.begins() {
        RequestCapacity::One | RequestCapacity::OneForEachConnection => LimitedResource::Workers,
        RequestCapacity::OneForEachThread => LimitedResource::Threads,
    };
    let mut bounds = vec![
        bound(of, count, mean.held),
        bound(LimitedResource::Cores, cores, mean.computing),
    ];
    if server.has_a_lock() && server.threads > 1 {
        bounds.push(bound(
            LimitedResource::Locks,
            server.workers,
            mean.computing,
        ));
    }
    bounds
}

fn of_connections(scenario: &Scenario, mean: &ResourceUse) -> Option<Bound> {
    let server = &scenario.server;
    let inside = mean.inside + mean.good * kept_idle(scenario);
    let all = server.concurrency_limit();
    let has_a_loop = server.kind.has_a_loop();
    has_a_loop.then(|| bound(LimitedResource::Connections, all, inside, mean.good))
}

/// Returns the time for which a kept connection keeps its slot after a good answer, in seconds.
fn kept_idle(scenario: &Scenario) -> f64 {
    let server = &scenario.server;
    let keeps =
        scenario.load.connection == ConnectionMode::KeepAlive && server.max_requests.is_none();
    if keeps {
        attempt::kept_idle(scenario)
    } else {
        0.0
    }
}

fn of_services(scenario: &Scenario, mean: &ResourceUse) -> Vec<Bound> {
    let server = &scenario.server;
    // Calls that one worker can have in flight at once.
    let callers = server.requests_of_a_worker();
    let mut bounds = Vec::new();
    for (place, service) in scenario.services.iter().enumerate() {
        let each = mean.calls.get(place).copied().unwrap_or_default();
        if let Some(pool) = service.pool.filter(|pool| *pool < callers) {
            let all = pool * server.workers;
            bounds.push(bound(LimitedResource::Pool(place), all, each, mean.good));
        }
        let callers = callers * server.workers;
        if let Some(capacity) = service.capacity.filter(|capacity| *capacity < callers) {
            bounds.push(bound(
                LimitedResource::Capacity(place),
                capacity,
                each,
                mean.good,
            ));
        }
    }
    if mean.in_threads > 0.0 {
        let all = server.threadpool * server.workers;
        bounds.push(bound(
            LimitedResource::PoolThreads,
            all,
            mean.in_threads,
            mean.good,
        ));
    }
    bounds
}

/// Adjusts the good shares for an overloaded worker that takes turns between all its requests: the shorter
/// requests end first while the number of the others grows.
fn share_of_short_ones(
    scenario: &Scenario,
    mut bounds: Vec<Bound>,
    mean: &ResourceUse,
) -> Vec<Bound> {
    if !(scenario.server.kind.has_a_loop() && passes_others(scenario)) {
        return bounds;
    }
    let rate = rate_of_asking(scenario, mean);
    let mut points = Vec::new();
    for bound in &mut bounds {
        let is_short = bound.count < rate * bound.each;
        if !bound.of.is_the_load() && is_short && grows_without_limit(scenario, mean, bound) {
            if points.is_empty() {
                points = attempt::points(scenario);
            }
            shortest_first(bound, rate, &points);
        }
    }
    bounds
}

/// Returns the maximal arrival rate, in requests per second.
fn rate_of_asking(scenario: &Scenario, mean: &ResourceUse) -> f64 {
    let asked = asked_for(scenario, mean);
    asked.count / asked.each
}

/// True if the number of requests in a worker grows without limit for want of this resource: an open load
/// does not wait for answers, and clients that give up send again while their former requests are still
/// there.
fn grows_without_limit(scenario: &Scenario, mean: &ResourceUse, bound: &Bound) -> bool {
    match scenario.load.arrivals {
        Arrivals::Open { .. } | Arrivals::Scheduled => true,
        Arrivals::Closed { clients, .. } => {
            let queue = clients as f64 * bound.each / bound.count;
            mean.good < 1.0 || queue > scenario.load.patience.as_secs_f64()
        }
    }
}

/// True if a request can overtake another. If each occupies its worker once, they end in order of arrival.
fn passes_others(scenario: &Scenario) -> bool {
    let mut steps = scenario.drawn().flat_map(|request| &request.script);
    steps.any(|step| step.slice().is_some() || step.wait_mode().is_some() || step.yields())
}

/// Adjusts the bound as if the arrivals with the least demand were served first.
fn shortest_first(bound: &mut Bound, rate: f64, points: &[(f64, ResourceUse)]) {
    let mut each: Vec<(f64, f64)> = points
        .iter()
        .filter(|(_, taken)| taken.good > 0.0)
        .map(|(share, taken)| (bound.takes(taken), *share))
        .collect();
    each.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut taken, mut done) = (0.0, 0.0);
    for (length, share) in each {
        let room = bound.count - rate * taken;
        let fits = if length > 0.0 {
            (room / (rate * length)).min(share)
        } else {
            share
        };
        taken += fits * length;
        done += fits;
        if fits < share {
            break;
        }
    }
    if done > 0.0 {
        (bound.each, bound.good) = (taken / done, 1.0);
    }
}

/// A server in round numbers: each request computes once and waits once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outline {
    /// Kind of the workers; a coroutine's wait frees its worker.
    pub kind: WorkerKind,
    /// Number of processes.
    pub workers: usize,
    /// Number of cores.
    pub cores: usize,
    /// C: computing time of a request, in seconds.
    pub compute: f64,
    /// IO: wait of a request, in seconds.
    pub wait: f64,
    /// Number of clients, and think time of each in seconds.
    pub clients: Option<(usize, f64)>,
}

impl Outline {
    /// Returns the bounds of the throughput, the tightest first.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        let alone = self.compute + self.wait;
        let held = if self.kind.has_a_loop() {
            self.compute
        } else {
            alone
        };
        let mut bounds = vec![
            bound(LimitedResource::Workers, self.workers, held, 1.0),
            bound(LimitedResource::Cores, self.cores, self.compute, 1.0),
        ];
        if let Some((clients, think)) = self.clients {
            bounds.push(bound(LimitedResource::Clients, clients, alone + think, 1.0));
        }
        tightest_first(bounds)
    }

    /// Returns n* = m(1 + IO/C): the number of sync workers that keeps all cores busy. `None` if nothing is
    /// computed.
    #[must_use]
    pub fn knee(&self) -> Option<f64> {
        let ratio = self.wait / self.compute;
        (self.compute > 0.0).then_some(self.cores as f64 * (1.0 + ratio))
    }
}

/// Sorts the bounds and removes those of resources that take no time.
fn tightest_first(mut bounds: Vec<Bound>) -> Vec<Bound> {
    bounds.retain(|bound| bound.each > 0.0);
    bounds.sort_by(|a, b| a.per_s().total_cmp(&b.per_s()));
    bounds
}

fn bound(of: LimitedResource, count: usize, each: f64, good: f64) -> Bound {
    Bound {
        of,
        count: count as f64,
        each,
        good,
    }
}

/// Returns the bound of the load: a closed client sends again after an answer or when it gives up.
fn asked_for(scenario: &Scenario, mean: &ResourceUse) -> Bound {
    match &scenario.load.arrivals {
        Arrivals::Closed { clients, think, .. } => {
            let round = mean.round + Moments::of(think).mean;
            bound(LimitedResource::Clients, *clients, round, mean.good)
        }
        Arrivals::Open { rate, .. } => Bound {
            of: LimitedResource::Arrivals,
            count: *rate,
            each: 1.0,
            good: mean.good,
        },
        // All may come at one instant.
        Arrivals::Scheduled => bound(
            LimitedResource::Arrivals,
            scenario.load.jobs.len(),
            0.0,
            mean.good,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;
    use concsim_model::scenario::WorkerKind::{Coroutine, Sync};

    /// Returns the tightest bound of `compute`, `call` with these numbers of workers and clients.
    fn tightest(
        kind: WorkerKind,
        (workers, cores, clients): (usize, usize, usize),
        (compute_ms, call_ms): (u64, u64),
    ) -> (LimitedResource, f64) {
        let kind = kind.word();
        let scenario = scenario(&format!(
            r#"
            server = {{ kind = "{kind}", workers = {workers} }}
            requests.profile.steps = ["compute {compute_ms}ms", "call billing {call_ms}ms"]
            load.clients = {clients}
            "#
        ));
        let bound = of(&scenario, cores)[0];
        (bound.of, bound.per_s())
    }

    fn check(found: (LimitedResource, f64), of: LimitedResource, per_s: f64) {
        assert_eq!(found.0, of);
        assert!((found.1 - per_s).abs() < 1e-6 * per_s, "{found:?}");
    }

    #[test]
    fn sync_workers_stop_at_workers_by_service_time_and_coroutines_at_clients() {
        check(
            tightest(Sync, (2, 2, 60), (1, 99)),
            LimitedResource::Workers,
            20.0,
        );
        check(
            tightest(Coroutine, (2, 2, 60), (1, 99)),
            LimitedResource::Clients,
            600.0,
        );
    }

    #[test]
    fn a_computing_mix_is_bounded_by_the_cores() {
        check(
            tightest(Sync, (100, 2, 1_000), (10, 90)),
            LimitedResource::Cores,
            200.0,
        );
        check(
            tightest(Coroutine, (1, 2, 40), (20, 80)),
            LimitedResource::Workers,
            50.0,
        );
        check(
            tightest(Coroutine, (4, 2, 400), (20, 80)),
            LimitedResource::Cores,
            100.0,
        );
    }

    #[test]
    fn the_knee_of_sync_workers_is_where_workers_and_cores_bound_alike() {
        // n* = m (1 + wait ÷ compute): two cores, 2 ms and 98 ms: 100 workers.
        check(
            tightest(Sync, (99, 2, 9_999), (2, 98)),
            LimitedResource::Workers,
            990.0,
        );
        check(
            tightest(Sync, (101, 2, 9_999), (2, 98)),
            LimitedResource::Cores,
            1_000.0,
        );
        // 129 workers on 64 cores, 2 % of 100 ms on a core.
        check(
            tightest(Sync, (129, 64, 99_999), (2, 98)),
            LimitedResource::Workers,
            1_290.0,
        );
    }

    #[test]
    fn a_server_in_round_numbers_is_bounded_like_its_scenario() {
        for (kind, expected) in [
            (
                Sync,
                [
                    (LimitedResource::Workers, 50.0),
                    (LimitedResource::Clients, 500.0),
                ],
            ),
            (
                Coroutine,
                [
                    (LimitedResource::Clients, 500.0),
                    (LimitedResource::Cores, 1_000.0),
                ],
            ),
        ] {
            let outline = Outline {
                kind,
                workers: 5,
                cores: 2,
                compute: 0.002,
                wait: 0.098,
                clients: Some((100, 0.1)),
            };
            let bounds = outline.bounds();
            for (found, (of, per_s)) in bounds.iter().zip(expected) {
                check((found.of, found.per_s()), of, per_s);
            }
            assert_eq!(bounds.len(), 3);
            assert!((outline.knee().unwrap() - 100.0).abs() < 1e-9);
        }
    }
}
