//! The true latencies of a script: those that a perfect generator would see of a server that serves one request
//! after the other.
//!
//! ```text
//!   end(k) = max(due(k), end(k − 1)) + service(k)          latency(k) = end(k) − due(k) + lateness of the server
//! ```
//!
//! (Lindley's recursion.) The due instants are those of the timetable: of an open load they depend on the seed alone,
//! of a closed one on the true ends. So a generator that is late, stopped or short of connections changes nothing here.

use concsim::scenario::{Scenario, Warmup, draw};
use concsim::timetable::Timetable;
use concsim::units::{Elapsed, Stamp};
use concsim_engine::policy::pause_after;
use concsim_engine::telemetry::Failure;

/// Behaviour of the server for one request.
#[derive(Clone, Copy)]
pub(crate) struct Service {
    pub(crate) time: Elapsed,
    /// True if the connection is reset in the place of an answer.
    pub(crate) is_reset: bool,
}

/// Services of all requests, by their order of arrival.
#[derive(Clone, Copy)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    /// Changes the ordinary service of the k-th request.
    pub(crate) change: fn(usize, Service) -> Service,
}

impl Script {
    /// Returns the service of the k-th request: 1 to 4 ms, uniform, unless the script changes it. A process wakes up in
    /// much less, so the latencies of an undisturbed generator are right within a few per cent.
    pub(crate) fn service(&self, k: usize) -> Service {
        let ordinary = Service {
            time: Elapsed(1_000_000 + draw::jitter(self.seed, k as u64, 3_000_000)),
            is_reset: false,
        };
        (self.change)(k, ordinary)
    }
}

/// Returns the 99th percentile of the true latencies of all requests that are due in the counted window, in ms. `late`
/// has the lateness of the server's answers, in the order of arrival. A failed request counts with its client's
/// patience.
pub(crate) fn p99(scenario: &Scenario, script: &Script, late: &[Elapsed]) -> f64 {
    let mut all = latencies(scenario, script, late);
    all.sort_unstable();
    let rank = (all.len() * 99).div_ceil(100).max(1);
    all.get(rank - 1).map_or(0.0, |it| it.as_millis_f64())
}

fn latencies(scenario: &Scenario, script: &Script, late: &[Elapsed]) -> Vec<Elapsed> {
    let Warmup::For(warmup) = scenario.warmup else {
        unreachable!("each scenario of this bench sets its warm-up");
    };
    let begin = Stamp::ZERO + warmup;
    let end = begin + scenario.duration;
    let mut timetable = Timetable::new(scenario, Stamp::ZERO);
    let (mut free, mut counted) = (Stamp::ZERO, Vec::new());
    let mut k = 0;
    while timetable.soonest().is_some_and(|due| due < end) {
        // `None`: the entry was a change of the load.
        let Some(due) = timetable.take() else {
            continue;
        };
        let service = script.service(k);
        free = free.max(due.at) + service.time;
        let answered = free + late.get(k).copied().unwrap_or_default();
        let failure = service.is_reset.then_some(Failure::Reset);
        if let Some(client) = due.client {
            let pause = pause_after(failure, draw::think(scenario, k as u64));
            timetable.add_next(client, answered + pause);
        }
        if due.at >= begin {
            let least = failure.map_or(Elapsed::ZERO, |_| scenario.load.patience);
            counted.push(answered.since(due.at).max(least));
        }
        k += 1;
    }
    counted
}
