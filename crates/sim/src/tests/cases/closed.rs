//! Closed loads on workers: machines and repairmen, workers that wait and contend for cores, and numbers
//! of clients and servers at which the textbook recursion of mean value analysis fails.

use super::*;
use concsim_theory::closed::{Network, Station, Steady, solve};

fn solved(stations: &[Station], think: f64, clients: usize) -> Steady {
    let stations = stations.to_vec();
    solve(&Network { stations, think }, clients)
}

/// Clients that think, and workers with a core each.
fn servers(servers: usize, service_ms: f64, think_ms: f64, count: usize) -> (String, Steady) {
    let text = processes(servers, servers)
        + &clients(count, think_ms)
        + &steps(&[&format!("compute ~{service_ms}ms")]);
    let theory = solved(
        &[Station::queue(servers, service_ms / 1e3)],
        think_ms / 1e3,
        count,
    );
    (text, theory)
}

#[test]
fn sixty_clients_and_sixteen_servers() {
    let (text, theory) = servers(16, 100.0, 50.0, 60);
    play_it("60 clients, 16 servers", &text, 104_000)
        .check(Number::Throughput, theory.throughput)
        .check(Number::Latency, theory.response);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn where_the_textbook_recursion_fails() {
    for (name, (text, theory), requests) in [
        (
            "100 clients, 64 servers",
            servers(64, 100.0, 50.0, 100),
            2_080_000,
        ),
        (
            "60 clients, 16 servers",
            servers(16, 100.0, 50.0, 60),
            2_080_000,
        ),
        (
            "1000 clients, 64 servers",
            servers(64, 100.0, 1_400.0, 1_000),
            5_200_000,
        ),
        (
            "1000 clients, 64 servers, ρ = 0.97",
            servers(64, 100.0, 1_500.0, 1_000),
            10_400_000,
        ),
    ] {
        play_it(name, &text, requests)
            .check(Number::Throughput, theory.throughput)
            .check(Number::Latency, theory.response);
    }
    // 300 threads of a service, 444 ms each; its client keeps all of them busy.
    let text = format!(
        "{TEXTBOOK}server.kind = 'coroutine'\nserver.connections = 65535\n\
         services.tomcat.capacity = 300\nserver.workers = 1\n"
    ) + &clients(400, 0.0)
        + &steps(&["call tomcat ~444ms"]);
    let theory = solved(&[Station::queue(300, 0.444)], 0.0, 400);
    play_it("400 clients, 300 threads", &text, 2_080_000)
        .check(Number::Throughput, theory.throughput)
        .check(Number::Latency, theory.response);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn a_hundred_machines_and_one_repairman() {
    let (text, theory) = servers(1, 0.63, 300.0, 100);
    play_it("V27: M/M/1//100", &text, 5_200_000)
        .check(Number::Throughput, theory.throughput)
        .check(Number::Latency, theory.response);
}

/// Think time of N clients with which one server of 10 ms is busy 80 %, in ms.
fn think_at_80_percent(count: usize) -> f64 {
    let (mut low, mut high) = (0.0, 20.0 * count as f64);
    for _ in 0..100 {
        let think = f64::midpoint(low, high);
        if solved(&[Station::queue(1, 0.01)], think / 1e3, count).throughput > 80.0 {
            low = think;
        } else {
            high = think;
        }
    }
    // Durations are whole nanoseconds.
    (low * 1e6).round() / 1e6
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn a_closed_load_is_gentler_than_an_open_one() {
    for (count, requests) in [
        (1, 1_040_000),
        (2, 1_040_000),
        (10, 2_080_000),
        (100, 10_400_000),
        (1_000, 20_800_000),
    ] {
        let (text, theory) = servers(1, 10.0, think_at_80_percent(count), count);
        play_it(&format!("V35: {count} clients"), &text, requests)
            .check(Number::Latency, theory.response)
            .check(Number::Throughput, theory.throughput);
    }
}

/// Sync workers that always have a request, and compute for a part of each 100 ms.
fn workers(name: &str, (workers, cores): (usize, usize), compute_ms: u32, requests: u64) {
    let wait_ms = 100 - compute_ms;
    let (compute, sleep) = (
        format!("compute ~{compute_ms}ms"),
        format!("sleep ~{wait_ms}ms"),
    );
    let mut script = vec![compute.as_str()];
    let mut stations = vec![Station::queue(cores, f64::from(compute_ms) / 1e3)];
    if wait_ms > 0 {
        script.push(&sleep);
        stations.push(Station::delay(f64::from(wait_ms) / 1e3));
    }
    let text = processes(workers, cores) + &clients(2 * workers, 0.0) + &steps(&script);
    let theory = solved(&stations, 0.0, workers);
    play_it(name, &text, requests)
        .check(Number::Throughput, theory.throughput)
        .check(Number::Latency, 2.0 * workers as f64 / theory.throughput);
}

#[test]
fn five_workers_on_two_cores() {
    workers("V41: 5 workers, 10 % computing", (5, 2), 10, 104_000);
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn workers_on_two_cores() {
    for count in [5, 10, 20, 50, 100] {
        for compute_ms in [2, 10, 50, 100] {
            let name = format!("V41: {count} workers, {compute_ms} % computing");
            workers(&name, (count, 2), compute_ms, 520_000);
        }
    }
}

#[test]
#[ignore = "millions of requests: for an optimised build"]
fn two_workers_for_each_of_64_cores_and_one_more() {
    for compute_ms in [2, 10, 50, 100] {
        let name = format!("V42: 129 workers, {compute_ms} % computing");
        workers(&name, (129, 64), compute_ms, 1_040_000);
    }
}
