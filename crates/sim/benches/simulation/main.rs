//! Speed of virtual time, with only the ends of requests reported.
//!
//! ```text
//!   cargo bench -p concsim-sim --bench simulation -- --rounds 20 [--only queue]
//! ```
//!
//! | figure | is |
//! |---|---|
//! | queue | M/M/4: four sync workers with a core each, beside a bare loop and `benches/peers/simpy_mm4.py`, in turn |
//! | in-flight | the memory of a process in which a million requests sleep at once |
//! | workers | 64 cores, 129 workers, a million requests that compute and sleep |
//! | pending | what an event costs while 1 000 … 1 000 000 are on the calendar |
//!
//! Everything runs in one thread, and its CPU time is measured.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

mod bare;
#[path = "../../../../benches/support/figures.rs"]
mod figures;
#[path = "../../../../benches/support/limits.rs"]
mod limits;
mod simpy;
#[path = "../../../../benches/support/timing.rs"]
mod timing;

use std::process::ExitCode;

use concsim_model::scenario::{Engine, Overrides, read};
use concsim_sim::{Totals, play};
use limits::{Limits, quantile};
use simpy::SimPy;
use timing::milliseconds;

/// Customers of one M/M/4, arrivals per second, and services per second of one server.
const CUSTOMERS: u64 = 100_000;
const ARRIVALS: u32 = 320;
const SERVICES: u32 = 100;
/// Mean time in the system, in seconds: Erlang's formula.
const MEAN: f64 = 0.017_455;
/// Largest relative deviation of the mean of all rounds from theory: waits of neighbours in a queue are
/// correlated.
const MEAN_WITHIN: f64 = 0.05;

/// Limit of the time per customer, relative to that of `SimPy`: at least 50 times as fast.
const PARTS_OF_SIMPY: f64 = 1.0 / 50.0;
/// Limit of the time per customer, relative to that of the bare loop.
const TIMES_BARE: f64 = 2.5;
/// Limit for a million requests in flight, in MiB.
const IN_FLIGHT_MIB: f64 = 1_024.0;
/// Limit for 64 cores, 129 workers and a million requests of two steps, in seconds.
const MANY_WORKERS_S: f64 = 3.0;
/// Limit of the growth of an event's cost, relative to that of the logarithm.
const TIMES_LOGARITHM: f64 = 1.0;

/// Results of one M/M/4.
#[derive(Clone, Copy, Debug)]
struct Played {
    /// CPU time, in seconds.
    seconds: f64,
    /// Mean time in the system, in seconds.
    mean: f64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return try_out();
    }
    let value_of = |name: &str| {
        let mut behind = arguments.iter().skip_while(|argument| *argument != name);
        behind.nth(1)
    };
    let rounds = value_of("--rounds").and_then(|text| text.parse().ok());
    let only = value_of("--only");
    let is_wanted = |name: &str| only.is_none_or(|only| only == name);
    let mut limits = Limits::default();
    // Runs first, since the memory is that of the whole process.
    if is_wanted("in-flight") {
        in_flight(&mut limits);
    }
    if is_wanted("queue") {
        beside_peers(rounds.unwrap_or(20), &mut limits);
    }
    if is_wanted("workers") {
        many_workers(&mut limits);
    }
    if is_wanted("pending") {
        pending(&mut limits);
    }
    limits.exit_status()
}

/// Runs as a test: without figures, but with everything that needs no other program.
fn try_out() -> ExitCode {
    figures::holds_on_known_numbers();
    for played in [queue(1, 2_000), bare::queue(1, 2_000)] {
        assert!(played.mean > 0.01 && played.mean < 0.03, "{played:?}");
    }
    assert!(nanoseconds_an_event(100, 1_000) > 0.0);
    ExitCode::SUCCESS
}

/// Plays a scenario; returns the totals of its requests, the number of events, and the CPU time in seconds.
fn simulate(text: &str) -> (Totals, u64, f64) {
    let overrides = Overrides {
        engine: Engine::Simulation,
        ..Overrides::default()
    };
    let plan = read(text, "bench.toml", &overrides).expect("a valid scenario");
    let mut totals = Totals::default();
    let (played, took) = milliseconds(|| play(&plan.variants[0].scenario, &mut totals));
    assert_eq!(totals.failed, 0);
    (totals, played.event_count, took / 1e3)
}

/// Measures a million sleeping requests: the last of them is sent after about 10 s, and the first ends after
/// 20 s.
fn in_flight(limits: &mut Limits) {
    let (totals, _, took) = simulate(
        "server.kind = 'coroutine'\nserver.connections = 100000\nserver.workers = 16\n\
         server.backlog = 4095\nrequests.it.steps = ['sleep 20s']\n\
         load.rate = '100000/s'\nload.requests = 1000000\nload.patience = '1min'",
    );
    assert!(
        totals.longest.as_secs_f64() < 20.1,
        "no request waited longer"
    );
    println!("a million requests in flight, in {took:.2} s");
    let mib = most_memory_kib() as f64 / 1_024.0;
    limits.at_most("a million requests in flight", mib, IN_FLIGHT_MIB, "MiB");
}

/// Returns the peak memory of this process: `VmHWM` of proc(5).
fn most_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().nth(1));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Plays M/M/4 with concsim.
fn queue(seed: u64, customers: u64) -> Played {
    let mean_us = 1_000_000 / SERVICES;
    let (totals, _, seconds) = simulate(&format!(
        "seed = {seed}\nserver.workers = 4\nmachine.cores = 4\nmachine.scheduler = 'ideal'\n\
         server.backlog = 4095\nserver.timeout = '0s'\n\
         requests.it.steps = ['compute ~{mean_us}us']\n\
         load.rate = '{ARRIVALS}/s'\nload.requests = {customers}\nload.patience = '10min'"
    ));
    Played {
        seconds,
        mean: totals.mean_latency(),
    }
}

/// Plays the same queue with all in turn, in every other round in reverse order.
fn beside_peers(rounds: u64, limits: &mut Limits) {
    let mut simpy = SimPy::start();
    match &simpy {
        Some(simpy) => println!("M/M/4 of {CUSTOMERS} customers, beside {}", simpy.name),
        None => println!(
            "SimPy was not found: pip install simpy, and CONCSIM_PYTHON names the Python that has it"
        ),
    }
    let (mut ours, mut bare, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        let mut turns = [0, 1, 2];
        if round % 2 == 0 {
            turns.reverse();
        }
        for turn in turns {
            match turn {
                0 => ours.push(queue(round, CUSTOMERS)),
                1 => bare.push(bare::queue(round, CUSTOMERS)),
                _ => theirs.extend(
                    simpy
                        .as_mut()
                        .and_then(|simpy| simpy.play(round, CUSTOMERS)),
                ),
            }
        }
    }
    print_played("concsim", &ours);
    print_played("bare", &bare);
    let times = print_ratio("concsim takes", "times the bare loop's", &ours, &bare);
    limits.at_most("a customer", times, TIMES_BARE, "of the bare loop's");
    if simpy.is_none() {
        return;
    }
    assert_eq!(ours.len(), theirs.len(), "SimPy has ended before its time");
    print_played("SimPy", &theirs);
    let times = print_ratio("SimPy takes", "times concsim's", &theirs, &ours);
    limits.at_most("a customer", 1.0 / times, PARTS_OF_SIMPY, "of SimPy's");
}

/// Prints the ratio of two times per customer, with the interval of its median over the rounds, and returns it.
fn print_ratio(whose: &str, unit: &str, played: &[Played], peer: &[Played]) -> f64 {
    let pairs = played.iter().zip(peer);
    let ratios: Vec<f64> = pairs
        .map(|(played, peer)| played.seconds / peer.seconds)
        .collect();
    let ratio = figures::median(&ratios);
    println!(
        "{whose} {ratio:.2} {unit} time ({})",
        figures::interval_of_median(&ratios)
    );
    ratio
}

/// Prints the results of all rounds, and checks the mean against theory.
fn print_played(name: &str, played: &[Played]) {
    let each: Vec<f64> = played
        .iter()
        .map(|played| played.seconds * 1e9 / CUSTOMERS as f64)
        .collect();
    let mean = played.iter().map(|played| played.mean).sum::<f64>() / played.len() as f64;
    println!(
        "{name:<8} {:.0} ns a customer ({}), mean time in system {:.3} ms (theory: {:.3} ms)",
        figures::median(&each),
        figures::interval_of_median(&each),
        mean * 1e3,
        MEAN * 1e3,
    );
    let off = (mean / MEAN - 1.0).abs();
    assert!(off < MEAN_WITHIN, "{name} plays another queue");
}

fn many_workers(limits: &mut Limits) {
    for scheduler in ["round-robin", "per-core"] {
        let text = format!(
            "server.workers = 129\nmachine.cores = 64\nmachine.scheduler = '{scheduler}'\n\
             requests.it.steps = ['compute 1ms', 'sleep 1ms']\n\
             load.clients = 400\nload.requests = 1000000\nload.ramp = '0s'"
        );
        let mut took: Vec<f64> = (0..3).map(|_| simulate(&text).2).collect();
        let what = format!("64 cores, 129 workers, a million requests, {scheduler}");
        limits.at_most(&what, quantile(&mut took, 0.5), MANY_WORKERS_S, "s");
    }
}

/// Measures an event while `pending` requests sleep: arrivals per second equal wake-ups per second.
fn nanoseconds_an_event(pending: u64, requests: u64) -> f64 {
    let rate = pending / 10;
    let (_, happenings, seconds) = simulate(&format!(
        "server.kind = 'coroutine'\nserver.accept = 'exclusive'\nserver.workers = 16\n\
         server.connections = 100000\nserver.backlog = 4095\nserver.timeout = '0s'\n\
         requests.it.steps = ['sleep ~10s']\n\
         load.rate = '{rate}/s'\nload.requests = {requests}\nload.patience = '10min'"
    ));
    seconds * 1e9 / happenings as f64
}

/// Measures the cost of an event for growing calendars. The depth of the calendar grows with the logarithm;
/// any excess is the cost of memory beyond the caches.
fn pending(limits: &mut Limits) {
    const PENDING: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
    let mut costs = PENDING.map(|_| Vec::new());
    for _ in 0..3 {
        for (pending, costs) in PENDING.into_iter().zip(&mut costs) {
            let requests = (3 * pending).max(500_000);
            costs.push(nanoseconds_an_event(pending, requests));
        }
    }
    let costs = costs.map(|mut costs| quantile(&mut costs, 0.5));
    let logarithm = |pending: u64| (pending as f64).ln();
    for (pending, cost) in PENDING.into_iter().zip(costs) {
        println!("an event while {pending} are pending: {cost:.0} ns");
        let growth = cost / costs[0] / (logarithm(pending) / logarithm(PENDING[0]));
        let what = format!("its growth up to {pending}, in that of the logarithm");
        limits.at_most(&what, growth, TIMES_LOGARITHM, "times");
    }
}
