//! A bounded queue: M/M/c/K. A client that finds it full retries a second later, but has run out of
//! patience by then; the patience is longer than the longest wait in the queue.

use super::*;
use concsim_theory::open::finite::Mmck;

fn check(name: &str, queue: Mmck, requests: u64) {
    // The queue of a listener has one place more than its backlog.
    let backlog = queue.places - queue.servers - 1;
    let (rate, service_ns) = (queue.rate, queue.service * 1e9);
    let text = processes(queue.servers, queue.servers)
        + &format!("server.backlog = {backlog}\nload.rate = '{rate}/s'\nload.patience = '100ms'\n")
        + &steps(&[&format!("compute ~{service_ns:.0}ns")]);
    let steady = queue.steady();
    let found = play_it(name, &text, requests);
    found
        .check(Number::Latency, steady.means().response)
        .check(Number::Throughput, steady.throughput());
    // If hardly any request is lost, the share cannot be measured.
    if steady.lost() > 1e-2 {
        found.check(Number::Lost, steady.lost());
    }
}

/// Textbook queue, with all times divided by a thousand.
fn queue(servers: usize, places: usize, rate: f64, mu: f64) -> Mmck {
    Mmck {
        servers,
        places,
        rate: rate * 1e3,
        // In whole nanoseconds, as in a step.
        service: (1e6 / mu).round() / 1e9,
    }
}

#[test]
fn a_door_with_little_room() {
    check("M/M/4/6, λ = 50, μ = 10", queue(4, 6, 50.0, 10.0), 520_000);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn textbook_doors() {
    check(
        "M/M/3/7, λ = 40, μ = 30",
        queue(3, 7, 40.0, 30.0),
        10_400_000,
    );
    check(
        "M/M/4/6, λ = 50, μ = 10",
        queue(4, 6, 50.0, 10.0),
        10_400_000,
    );
    check(
        "V10: M/M/2/5, λ = 3, μ = 2",
        queue(2, 5, 3.0, 2.0),
        10_400_000,
    );
    check(
        "V11: M/M/5/12, λ = 8, μ = 4",
        queue(5, 12, 8.0, 4.0),
        10_400_000,
    );
    check("V13: M/M/1/10, λ = μ", queue(1, 10, 5.0, 5.0), 10_400_000);
    check("M/M/1/3, ρ = 0.8", queue(1, 3, 8.0, 10.0), 10_400_000);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn an_overload_of_a_fifth_stands_in_the_queue_however_long_that_is() {
    for backlog in [10, 64, 2048] {
        let overload = queue(5, 5 + backlog + 1, 60.0, 10.0);
        check(&format!("V43: backlog {backlog}"), overload, 10_400_000);
    }
}
