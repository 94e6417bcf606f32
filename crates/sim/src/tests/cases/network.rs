//! Networks of stations: services that serve a limited number of calls at once, called in sequence by a hub
//! that computes nothing itself. A station that is visited V times is called V times if V is a small whole
//! number, and else once for the total time of all visits: the long run is the same.

use super::*;
use concsim_theory::closed::{Network, Station, Steady, limits, solve};

/// A station: number served at once, number of visits, and time of a visit in ms.
#[derive(Clone, Copy)]
struct VisitedStation {
    servers: usize,
    visits: usize,
    service_ms: f64,
}

fn visited(servers: usize, visits: usize, service_ms: f64) -> VisitedStation {
    VisitedStation {
        servers,
        visits,
        service_ms,
    }
}

/// A hub that calls all stations in order.
fn hub(stations: &[VisitedStation]) -> String {
    let (mut lines, mut script) = (Vec::new(), Vec::new());
    for (at, station) in stations.iter().enumerate() {
        lines.push(format!("services.s{at}.capacity = {}\n", station.servers));
        let call = format!("call s{at} ~{}ms", station.service_ms);
        script.extend(std::iter::repeat_n(call, station.visits));
    }
    let script: Vec<&str> = script.iter().map(String::as_str).collect();
    TEXTBOOK.to_owned()
        + "server.kind = 'coroutine'\nserver.workers = 1\nserver.connections = 65535\n"
        + &lines.concat()
        + &steps(&script)
}

fn network(stations: &[VisitedStation], think_ms: f64) -> Network {
    let demands = stations.iter().map(|station| {
        Station::queue(
            station.servers,
            station.visits as f64 * station.service_ms / 1e3,
        )
    });
    Network {
        stations: demands.collect(),
        think: think_ms / 1e3,
    }
}

/// Plays a closed load, and compares throughput, response time and the time at each station.
fn check(name: &str, stations: &[VisitedStation], (count, think_ms): (usize, f64), requests: u64) {
    let theory = solve(&network(stations, think_ms), count);
    let text = hub(stations) + &clients(count, think_ms);
    let found = play_stations(name, &text, requests);
    found
        .check(Number::Throughput, theory.throughput)
        .check(Number::Latency, theory.response);
    check_stations(&found, stations, &theory);
}

fn check_stations(found: &Results, stations: &[VisitedStation], theory: &Steady) {
    for (at, (station, theory)) in stations.iter().zip(&theory.stations).enumerate() {
        let each = theory.residence / station.visits as f64;
        found.check(Number::Residence(at), each);
    }
}

#[test]
fn two_stations_and_three_clients() {
    let stations = [visited(1, 1, 2.0), visited(2, 2, 1.5)];
    check("two stations", &stations, (3, 5.0), 208_000);
}

#[test]
#[ignore = "millions of calls: for an optimised build"]
fn three_single_servers_and_thinking() {
    let stations = [
        visited(1, 16, 0.125),
        visited(1, 10, 0.3),
        visited(1, 5, 0.2),
    ];
    check("V18: Jain, 20 users", &stations, (20, 4.0), 1_040_000);
}

#[test]
#[ignore = "millions of calls: for an optimised build"]
fn four_single_servers() {
    let demands = [20.0, 80.0, 80.0, 60.0];
    let stations = demands.map(|demand| visited(1, 1, demand));
    check("V19: Bolch 8.3", &stations, (6, 0.0), 2_080_000);
}

#[test]
#[ignore = "millions of calls: for an optimised build"]
fn stations_of_several_servers() {
    let stations = [
        visited(2, 1, 1.25),
        visited(3, 1, 1.111_889),
        visited(1, 1, 0.5),
    ];
    check("V21: Bolch 8.1", &stations, (3, 0.0), 1_040_000);
}

#[test]
#[ignore = "millions of calls: for an optimised build"]
fn a_terminal_system_with_more_and_more_users() {
    let stations = [0.605, 2.1, 1.35].map(|demand| visited(1, 1, demand));
    for count in [1, 3, 10, 20] {
        let name = format!("V24: Lazowska, {count} users");
        check(&name, &stations, (count, 15.0), 2_080_000);
    }
}

#[test]
#[ignore = "millions of calls: for an optimised build"]
fn a_prefork_server_of_one_master_and_sixteen_slaves() {
    let mut stations = vec![visited(1, 1, 10.9)];
    stations.extend([visited(1, 1, 4.4 / 16.0); 16]);
    for count in [1, 2, 5, 10] {
        let theory = solve(&network(&stations, 0.0), count);
        let text = hub(&stations) + &clients(count, 0.0);
        play_it(&format!("V26: prefork, {count} clients"), &text, 520_000)
            .check(Number::Throughput, theory.throughput)
            .check(Number::Latency, theory.response);
    }
}

#[test]
#[ignore = "millions of calls: for an optimised build"]
fn an_open_network_is_a_queue_at_each_station() {
    let disks = [92.0, 79.0, 108.0, 142.0].map(|demand| visited(1, 1, demand));
    for (name, stations, rate, requests) in [
        ("V28: a database server", &disks[..], 3.8, 2_080_000),
        (
            "V23: Lazowska, one visit",
            &[visited(1, 1, 605.0)],
            0.3,
            1_040_000,
        ),
        (
            "V23: Lazowska, 121 visits",
            &[visited(1, 121, 5.0)],
            0.3,
            312_000,
        ),
    ] {
        let text = hub(stations) + &at_random(rate);
        let found = play_stations(name, &text, requests);
        let residences = stations.iter().map(|station| {
            let demand = station.visits as f64 * station.service_ms / 1e3;
            demand / (1.0 - rate * demand)
        });
        let residences: Vec<f64> = residences.collect();
        found.check(Number::Latency, residences.iter().sum());
        for (at, (residence, station)) in residences.iter().zip(stations).enumerate() {
            found.check(Number::Residence(at), residence / station.visits as f64);
        }
    }
}

#[test]
#[ignore = "millions of calls: for an optimised build"]
fn no_run_is_outside_the_asymptotic_bounds_and_with_very_many_clients_it_is_at_them() {
    let two = [9.2, 8.0].map(|demand| visited(1, 1, demand));
    let disks = [92.0, 79.0, 108.0, 142.0].map(|demand| visited(1, 1, demand));
    for (name, stations, think_ms, count) in [
        ("V22: Bolch 9.6, 20 clients", &two[..], 120.0, 20),
        ("V22: Bolch 9.6, 1 client", &two, 120.0, 1),
        ("V28: a database server, 2 clients", &disks, 0.0, 2),
    ] {
        let network = network(stations, think_ms);
        let limits = limits::of(&network, count);
        let text = hub(stations) + &clients(count, think_ms);
        let found = play_it(name, &text, 1_040_000);
        found
            .check(Number::Throughput, solve(&network, count).throughput)
            .never_above(Number::Throughput, limits.throughput_most)
            .never_below(Number::Throughput, limits.throughput_least)
            .never_above(Number::Latency, limits.response_most)
            .never_below(Number::Latency, limits.response_least);
    }
    let most = limits::of(&network(&disks, 0.0), 300).throughput_most;
    let text = hub(&disks) + &clients(300, 0.0);
    play_it("V28: a database server, 300 clients", &text, 1_040_000)
        .check(Number::Throughput, most);
}
