//! Operational bounds of a server with workers: what no run can exceed, whatever its randomness. They
//! hold for any law of arrivals and of service (Denning and Buzen, 1978).
//!
//! ```text
//!   answers per second  ≤  min( slots ÷ time in a slot,  workers ÷ time held,
//!                               cores ÷ CPU time,        clients ÷ (time alone + think) )
//! ```

use super::demand::{self, Moments, Spent};
use crate::scenario::{Arrivals, Scenario, WorkerKind};

/// One thing that bounds the throughput.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// What there is a limited number of.
    pub of: Scarce,
    /// How many there are.
    pub count: f64,
    /// For how long each answer takes one of them, in seconds.
    pub each: f64,
}

/// What there is a limited number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scarce {
    /// Requests that can be begun at once, of coroutine workers.
    Connections,
    /// Workers, each busy with one request.
    Workers,
    /// Cores.
    Cores,
    /// Clients of a closed load.
    Clients,
    /// Requests of an open load: they come no faster.
    Arrivals,
}

impl Bound {
    /// Answers per second.
    #[must_use]
    pub fn per_s(&self) -> f64 {
        self.count / self.each
    }
}

/// Everything that bounds a scenario's throughput on a machine with so many cores, the tightest
/// first.
#[must_use]
pub fn of(scenario: &Scenario, cores: usize) -> Vec<Bound> {
    let server = &scenario.server;
    let alone = demand::of_mix(scenario, |_| true).mean;
    let held = demand::of_mix(scenario, |spent| spent != Spent::Parked).mean;
    let cpu = demand::of_mix(scenario, |spent| spent == Spent::Computing).mean;
    // Threads behind one lock compute on no more cores than there are processes.
    let (at_once, cores) = match server.kind {
        WorkerKind::Threads => (
            server.concurrency_limit(),
            cores.min(server.parallelism_limit_of(server.workers)),
        ),
        WorkerKind::Sync | WorkerKind::Coroutine | WorkerKind::Callback => (server.workers, cores),
    };
    let mut bounds = vec![
        bound(Scarce::Workers, at_once, held),
        bound(Scarce::Cores, cores, cpu),
        asked_for(scenario, alone),
    ];
    if server.kind.has_a_loop() {
        let connections = server.concurrency_limit();
        bounds.push(bound(Scarce::Connections, connections, alone));
    }
    tightest_first(bounds)
}

/// A server in round numbers: each request computes for a while and waits for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outline {
    /// What the workers are; waits of a coroutine let go of its worker.
    pub kind: WorkerKind,
    /// Processes.
    pub workers: usize,
    /// How many can compute at the same instant.
    pub cores: usize,
    /// C: how long a request computes, in seconds.
    pub compute: f64,
    /// IO: how long it waits, in seconds.
    pub wait: f64,
    /// Clients, and how long each thinks before it asks again, in seconds.
    pub clients: Option<(usize, f64)>,
}

impl Outline {
    /// What bounds its throughput, the tightest first.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        let alone = self.compute + self.wait;
        let held = if self.kind.has_a_loop() {
            self.compute
        } else {
            alone
        };
        let mut bounds = vec![
            bound(Scarce::Workers, self.workers, held),
            bound(Scarce::Cores, self.cores, self.compute),
        ];
        if let Some((clients, think)) = self.clients {
            bounds.push(bound(Scarce::Clients, clients, alone + think));
        }
        tightest_first(bounds)
    }

    /// n* = m(1 + IO/C): so many sync workers keep all cores busy. `None` if nothing is computed.
    #[must_use]
    pub fn knee(&self) -> Option<f64> {
        let ratio = self.wait / self.compute;
        (self.compute > 0.0).then_some(self.cores as f64 * (1.0 + ratio))
    }
}

/// Without those that take no time and so bound nothing.
fn tightest_first(mut bounds: Vec<Bound>) -> Vec<Bound> {
    bounds.retain(|bound| bound.each > 0.0);
    bounds.sort_by(|a, b| a.per_s().total_cmp(&b.per_s()));
    bounds
}

fn bound(of: Scarce, count: usize, each: f64) -> Bound {
    Bound {
        of,
        count: count as f64,
        each,
    }
}

fn asked_for(scenario: &Scenario, alone: f64) -> Bound {
    match &scenario.load.arrivals {
        Arrivals::Closed { clients, think, .. } => {
            bound(Scarce::Clients, *clients, alone + Moments::of(think).mean)
        }
        Arrivals::Open { rate, .. } => Bound {
            of: Scarce::Arrivals,
            count: *rate,
            each: 1.0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::WorkerKind::{Coroutine, Sync};
    use crate::theory::scenario;

    /// The tightest bound of `compute`, `call` with so many workers and clients.
    fn tightest(
        kind: WorkerKind,
        (workers, cores, clients): (usize, usize, usize),
        (compute_ms, call_ms): (u64, u64),
    ) -> (Scarce, f64) {
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

    fn check(found: (Scarce, f64), of: Scarce, per_s: f64) {
        assert_eq!(found.0, of);
        assert!((found.1 - per_s).abs() < 1e-6 * per_s, "{found:?}");
    }

    #[test]
    fn sync_workers_stop_at_workers_by_service_time_and_coroutines_at_clients() {
        check(tightest(Sync, (2, 2, 60), (1, 99)), Scarce::Workers, 20.0);
        check(
            tightest(Coroutine, (2, 2, 60), (1, 99)),
            Scarce::Clients,
            600.0,
        );
    }

    #[test]
    fn whoever_computes_stops_at_the_cores() {
        check(
            tightest(Sync, (100, 2, 1_000), (10, 90)),
            Scarce::Cores,
            200.0,
        );
        check(
            tightest(Coroutine, (1, 2, 40), (20, 80)),
            Scarce::Workers,
            50.0,
        );
        check(
            tightest(Coroutine, (4, 2, 400), (20, 80)),
            Scarce::Cores,
            100.0,
        );
    }

    #[test]
    fn the_knee_of_sync_workers_is_where_workers_and_cores_bound_alike() {
        // n* = m (1 + wait ÷ compute): two cores, 2 ms and 98 ms: 100 workers.
        check(
            tightest(Sync, (99, 2, 9_999), (2, 98)),
            Scarce::Workers,
            990.0,
        );
        check(
            tightest(Sync, (101, 2, 9_999), (2, 98)),
            Scarce::Cores,
            1_000.0,
        );
        // 129 workers on 64 cores, 2 % of 100 ms on a core.
        check(
            tightest(Sync, (129, 64, 99_999), (2, 98)),
            Scarce::Workers,
            1_290.0,
        );
    }

    #[test]
    fn a_server_in_round_numbers_is_bounded_like_its_scenario() {
        for (kind, expected) in [
            (Sync, [(Scarce::Workers, 50.0), (Scarce::Clients, 500.0)]),
            (
                Coroutine,
                [(Scarce::Clients, 500.0), (Scarce::Cores, 1_000.0)],
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
