//! Requests that share cores: processor sharing, on one core and on several, and its insensitivity to the
//! distribution of lengths.

use super::*;
use concsim_theory::queues::stretch_on_cores;

/// Number of workers with which no request ever waits for one.
const ENOUGH: usize = 240;

/// Any step that takes 10 ms on average.
const LAWS: [(&str, &str); 4] = [
    ("constant", "compute 10ms"),
    ("uniform", "compute 0ms..20ms"),
    ("exponential", "compute ~10ms"),
    ("lognormal", "compute lognormal(6ms, p99 60ms)"),
];

fn check(name: &str, cores: usize, rate: f64, step: &str, requests: u64) {
    let text = processes(ENOUGH, cores) + &at_random(rate) + &steps(&[step]);
    let service = moments(&text).mean;
    let stretch = stretch_on_cores(cores, rate, service).expect("a stable queue");
    play_it(name, &text, requests).check(Number::Latency, service * stretch);
}

#[test]
fn a_shared_core_that_is_seldom_busy() {
    check("M/D/1-PS, ρ = 0.3", 1, 30.0, "compute 10ms", 208_000);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn the_law_of_lengths_does_not_matter_on_a_shared_core() {
    check(
        "V15: M/M/1-PS, λ = 4, μ = 9",
        1,
        40.0,
        "compute ~11.111111ms",
        5_200_000,
    );
    for (law, step) in LAWS {
        check(
            &format!("M/G/1-PS, ρ = 0.7, {law}"),
            1,
            70.0,
            step,
            10_400_000,
        );
    }
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn nor_on_several_shared_cores() {
    for (law, step) in LAWS {
        check(
            &format!("M/G/4-PS, ρ = 0.8, {law}"),
            4,
            320.0,
            step,
            10_400_000,
        );
    }
}
