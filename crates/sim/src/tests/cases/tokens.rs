//! Requests at random into a pool of workers that compute and wait: T processes over m cores.

use super::*;
use concsim_theory::tokens::{Pool, Tokens};

fn check(name: &str, pool: Pool, requests: u64) {
    let Tokens::Some(tokens) = pool.tokens else {
        unreachable!("workers are a number");
    };
    let (compute_ms, wait_ms) = (pool.compute * 1e3, pool.wait * 1e3);
    let script = [
        format!("compute ~{compute_ms}ms"),
        format!("sleep ~{wait_ms}ms"),
    ];
    let text =
        processes(tokens, pool.cores) + &at_random(pool.rate) + &steps(&[&script[0], &script[1]]);
    let steady = pool.steady().expect("a stable pool");
    play_it(name, &text, requests).check(Number::Latency, steady.means.response);
}

/// Times in milliseconds.
fn pool(rate: f64, tokens: usize, cores: usize, (compute, wait): (f64, f64)) -> Pool {
    Pool {
        rate,
        tokens: Tokens::Some(tokens),
        cores,
        compute: compute / 1e3,
        wait: wait / 1e3,
    }
}

#[test]
fn five_workers_that_are_seldom_asked() {
    check(
        "5 workers, 2 cores, 10 + 90 ms, λ = 25",
        pool(25.0, 5, 2, (10.0, 90.0)),
        260_000,
    );
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn five_workers_over_two_cores() {
    for (rate, wait, requests) in [
        (25.0, 90.0, 1_040_000),
        (40.0, 90.0, 10_400_000),
        (45.0, 90.0, 41_600_000),
        (100.0, 10.0, 2_080_000),
        (150.0, 10.0, 10_400_000),
        (170.0, 10.0, 41_600_000),
    ] {
        let name = format!("5 workers, 2 cores, 10 + {wait} ms, λ = {rate}");
        check(&name, pool(rate, 5, 2, (10.0, wait)), requests);
    }
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn tokens_over_one_core() {
    for (tokens, rate, requests) in [
        (10, 50.0, 2_080_000),
        (10, 90.0, 41_600_000),
        (50, 300.0, 5_200_000),
    ] {
        let name = format!("{tokens} tokens, 1 core, 2 + 98 ms, λ = {rate}");
        check(&name, pool(rate, tokens, 1, (2.0, 98.0)), requests);
    }
}
