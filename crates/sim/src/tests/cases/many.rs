//! Several servers and one queue: M/M/c and M/D/c; and a comparison of one shared queue with one queue for
//! each server.

use super::*;
use concsim_theory::open::many::Mmc;

/// A queue before `servers` workers, each with a core.
fn queue(servers: usize, rate: f64, step: &str) -> String {
    processes(servers, servers) + &at_random(rate) + &steps(&[step])
}

fn exponential(name: &str, (servers, rate, service_ms): (usize, f64, f64), requests: u64) {
    let theory = Mmc {
        servers,
        rate,
        service: service_ms / 1e3,
    };
    let theory = theory.steady().expect("a stable queue");
    let marks = Marks {
        late: None,
        waited: Some(Elapsed::ZERO),
    };
    let text = queue(servers, rate, &format!("compute ~{service_ms}ms"));
    play_marked(name, &text, requests, marks)
        .check(Number::Latency, theory.means().response)
        .check(Number::Waited, theory.waits);
}

#[test]
fn two_servers_that_are_seldom_busy() {
    let theory = Mmc {
        servers: 2,
        rate: 50.0,
        service: 0.01,
    };
    let theory = theory.steady().expect("a stable queue").means();
    play_it(
        "V6: M/M/2, λ = 5, μ = 10",
        &queue(2, 50.0, "compute ~10ms"),
        416_000,
    )
    .check(Number::Latency, theory.response);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn textbook_queues_of_many_servers() {
    exponential("V3: M/M/2, λ = 9, μ = 5", (2, 900.0, 2.0), 41_600_000);
    exponential("V5: M/M/4, λ = 0.35, S = 10", (4, 350.0, 10.0), 41_600_000);
    exponential("V6: M/M/2, λ = 5, μ = 10", (2, 50.0, 10.0), 2_080_000);
    exponential("V7: M/M/10, a = 6", (10, 600.0, 10.0), 10_400_000);
    exponential(
        "V8: M/M/6, 30 per hour, 5 min",
        (6, 250.0, 10.0),
        20_800_000,
    );
    exponential(
        "V8: M/M/5, 30 per hour, 5 min",
        (5, 250.0, 10.0),
        20_800_000,
    );
    exponential("M/M/2, ρ = 0.8", (2, 160.0, 10.0), 20_800_000);
    exponential("M/M/8, ρ = 0.9", (8, 720.0, 10.0), 41_600_000);
    exponential("M/M/64, ρ = 0.9", (64, 5760.0, 10.0), 41_600_000);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn one_queue_for_all_is_better_than_one_for_each() {
    let each = Mmc {
        servers: 1,
        rate: 80.0,
        service: 0.01,
    };
    let all = Mmc {
        servers: 4,
        rate: 320.0,
        ..each
    };
    let shared = queue(4, 320.0, "compute ~10ms");
    let apart = shared.replace("'blocking'", "'reuseport'");
    for (name, text, theory) in [
        ("V37: M/M/4, ρ = 0.8", shared, all),
        ("V37: four M/M/1, ρ = 0.8", apart, each),
    ] {
        let theory = theory.steady().expect("a stable queue");
        play_it(name, &text, 20_800_000).check(Number::Latency, theory.means().response);
    }
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn constant_service_at_many_servers() {
    // The wait in service times, by the chain of numbers left behind after each service: no function of
    // `theory` computes it.
    for (name, servers, rate, wait) in [
        ("M/D/2, ρ = 0.8", 2, 160.0, 0.903_284),
        ("M/D/4, ρ = 0.8", 4, 320.0, 0.386_095),
        ("M/D/10, ρ = 0.9", 10, 900.0, 0.344_582),
        ("M/D/10, ρ = 0.5", 10, 500.0, 0.004_742),
    ] {
        let text = queue(servers, rate, "compute 10ms");
        play_it(name, &text, 20_800_000).check(Number::Latency, 0.01 * (1.0 + wait));
    }
}
