//! Lateness of load, and its cost per request, against a server that does nothing.
//!
//! The server runs in a thread of this process and load in another, so that each can have a core. An open
//! load of 2 000 a second measures the lateness of sending; a closed one of 64 clients measures the maximal
//! rate. With `--stamps` the system stamps arrivals, as for servers of other programs. The latency is the lower limit of every latency measured with load.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

#[path = "support/null_server.rs"]
mod null_server;

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use concsim::load::{Orders, Target, play};
use concsim::scenario::{Overrides, Scenario, read};
use concsim::sys::clock::{Clock, thread_cpu};
use concsim::telemetry::{Event, Outcome, Reader, Scoreboard};
use concsim::units::{Elapsed, Stamp};

/// Room for every outcome of a run, since the ring is not drained meanwhile.
const OUTCOMES: u64 = 1 << 20;
const REPETITIONS: usize = 5;

fn main() {
    let listener = null_server::listen();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| null_server::serve(&listener, &stop));
        for connection in ["per-request", "keep-alive"] {
            measure(
                &listener,
                "2 000/s",
                &format!("rate = '2000/s'\nconnection = '{connection}'"),
            );
            measure(
                &listener,
                "64 clients",
                &format!("clients = 64\nconnection = '{connection}'"),
            );
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// Plays the same load a few times and prints the results of each.
fn measure(listener: &TcpListener, name: &str, load: &str) {
    let (warmup, duration, repetitions) = if std::env::args().any(|argument| argument == "--bench")
    {
        ("1s", "5s", REPETITIONS)
    } else {
        ("0s", "200ms", 1)
    };
    let text = format!(
        "warmup = '{warmup}'\nduration = '{duration}'\n\
         [server]\nkind = 'sync'\n\
         [requests.hello]\nsteps = ['write 2B']\n\
         [load]\n{load}\n"
    );
    println!("{name}, {}", load.lines().last().unwrap_or_default());
    let mut late_p99: Vec<f64> = (0..repetitions)
        .map(|_| play_once(listener, scenario(&text)))
        .collect();
    late_p99.sort_by(f64::total_cmp);
    println!(
        "  median of the late p99: {:.3} ms",
        late_p99[repetitions / 2]
    );
}

fn scenario(text: &str) -> Scenario {
    let plan = read(text, "bench", &Overrides::default());
    let plan = plan.unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    plan.variants[0].scenario.clone()
}

/// Plays the load once, prints the results, and returns the 99th percentile of lateness in milliseconds.
fn play_once(listener: &TcpListener, scenario: Scenario) -> f64 {
    let scoreboard = Scoreboard::new(OUTCOMES).expect("the board finds memory");
    let orders = Orders {
        clock: Clock::starting_now(),
        scenario,
        target: Target::at(null_server::address(listener)),
        stamps_arrivals: std::env::args().any(|argument| argument == "--stamps"),
    };
    scoreboard.run().go.store(1, Ordering::Release);
    let before = thread_cpu();
    play(&orders, &scoreboard, &mut std::io::sink()).expect("the load can be played");
    let cpu = thread_cpu() - before;

    let outcomes = cohort(&scoreboard);
    let ended = scoreboard.run().load.ended.load(Ordering::Acquire);
    let late = quantiles(&outcomes, |outcome| outcome.sent.since(outcome.due));
    let latency = quantiles(&outcomes, |outcome| outcome.done.since(outcome.due));
    println!(
        "  {} requests, late p50 {:.3} p99 {:.3} max {:.3} ms, latency p50 {:.3} p99 {:.3} ms, \
         {:.1} µs of CPU each",
        outcomes.len(),
        late[0],
        late[1],
        late[2],
        latency[0],
        latency[1],
        cpu.as_secs_f64() * 1e6 / ended as f64,
    );
    late[1]
}

/// Returns all good answers of the counted window.
fn cohort(scoreboard: &Scoreboard) -> Vec<Outcome> {
    let load = &scoreboard.run().load;
    let begin = Stamp(load.window_begin.load(Ordering::Acquire));
    let end = Stamp(load.window_end.load(Ordering::Acquire));
    let mut outcomes = Vec::new();
    Reader::new(scoreboard.load_ring()).drain(|record| {
        if let Some(Event::Ended(outcome)) = Event::from_record(record) {
            outcomes.push(outcome);
        }
    });
    assert!(outcomes.iter().all(|outcome| outcome.failure.is_none()));
    outcomes.retain(|outcome| begin <= outcome.due && outcome.due < end);
    outcomes
}

/// Returns the median, the 99th percentile and the maximum, in milliseconds.
fn quantiles(outcomes: &[Outcome], what: impl Fn(&Outcome) -> Elapsed) -> [f64; 3] {
    let mut lengths: Vec<Elapsed> = outcomes.iter().map(what).collect();
    lengths.sort_unstable();
    [0.5, 0.99, 1.0].map(|share| {
        let rank = (lengths.len() - 1) as f64 * share;
        lengths[rank as usize].as_millis_f64()
    })
}
