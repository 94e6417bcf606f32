//! Tests of closed networks against the literature, birth-death chains, and their bounds.

use proptest::prelude::*;

use super::*;
use crate::birth_death;
use crate::close;

fn solved(stations: &[Station], think: f64, clients: usize) -> Steady {
    let stations = stations.to_vec();
    solve(&Network { stations, think }, clients)
}

/// Throughput of one station with several servers and think time, by birth and death.
fn machines(servers: usize, service: f64, think: f64, clients: usize) -> f64 {
    let shares = birth_death::shares(clients, |there| {
        let asking = (clients - there) as f64 / think;
        asking * service / (there + 1).min(servers) as f64
    });
    let busy = shares.iter().enumerate();
    let busy: f64 = busy
        .map(|(there, share)| there.min(servers) as f64 * share)
        .sum();
    busy / service
}

#[test]
fn three_single_servers_and_thinking() {
    // Jain, The Art of Computer Systems Performance Analysis: visits 16, 10, 5.
    let (visits, service) = ([16.0, 10.0, 5.0], [0.125, 0.3, 0.2]);
    let stations = [0, 1, 2].map(|at| Station::queue(1, visits[at] * service[at]));
    let steady = solved(&stations, 4.0, 20);
    close(steady.throughput, 0.333_25, 1e-5);
    let expected = [(0.373, 1.991), (4.854, 16.177), (0.300, 0.500)];
    for ((station, visits), (response, present)) in steady.stations.iter().zip(visits).zip(expected)
    {
        close(station.residence / visits, response, 1e-3);
        close(station.present, present, 1e-3);
    }
    close(steady.response, 56.016, 1e-3);
}

#[test]
fn four_single_servers() {
    // Bolch and others, Queueing Networks and Markov Chains, 8.3.
    let (visits, service) = ([1.0, 0.4, 0.2, 0.1], [0.02, 0.2, 0.4, 0.6]);
    let stations = [0, 1, 2, 3].map(|at| Station::queue(1, visits[at] * service[at]));
    let steady = solved(&stations, 0.0, 6);
    close(steady.throughput, 9.920, 1e-3);
    let expected = [
        (0.198, 0.025),
        (0.794, 0.570),
        (0.794, 1.140),
        (0.595, 1.244),
    ];
    for ((station, visits), (busy, response)) in steady.stations.iter().zip(visits).zip(expected) {
        close(station.busy, busy, 1e-3);
        close(station.residence / visits, response, 1e-3);
    }
}

#[test]
fn stations_of_several_servers() {
    // Bolch and others, 8.1: computed by hand there, and accurate to one unit of the last digit.
    let stations = [
        Station::queue(2, 1.25),
        Station::queue(3, 0.667 * 1.667),
        Station::queue(1, 0.2 * 2.5),
    ];
    let steady = solved(&stations, 0.0, 3);
    close(steady.throughput, 0.945, 2e-3);
    let expected = [(0.590, 1.290), (0.350, 1.050), (0.473, 0.660)];
    for ((station, servers), (used, present)) in
        steady.stations.iter().zip([2.0, 3.0, 1.0]).zip(expected)
    {
        close(station.busy / servers, used, 2e-3);
        close(station.present, present, 2e-3);
    }
}

/// X by explicit summation over all states of a network without think time.
fn by_enumeration(stations: &[Station], clients: usize) -> f64 {
    fn sum_over(stations: &[Station], clients: usize) -> f64 {
        let Some((first, others)) = stations.split_first() else {
            return if clients == 0 { 1.0 } else { 0.0 };
        };
        let at_once = |n: usize| match first.servers {
            Servers::Some(servers) => n.min(servers) as f64,
            Servers::Unlimited => n as f64,
        };
        let weight =
            |here: usize| -> f64 { (1..=here).map(|n| first.demand / at_once(n)).product() };
        (0..=clients)
            .map(|here| weight(here) * sum_over(others, clients - here))
            .sum()
    }
    sum_over(stations, clients - 1) / sum_over(stations, clients)
}

#[test]
fn the_sum_over_all_states_gives_the_same() {
    let stations = [
        Station::queue(2, 1.25),
        Station::queue(3, 1.112),
        Station::queue(1, 0.5),
        Station::delay(0.7),
    ];
    for clients in 1..12 {
        let found = solved(&stations, 0.0, clients).throughput;
        let expected = by_enumeration(&stations, clients);
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
    }
}

#[test]
fn a_terminal_system_with_more_and_more_users() {
    // Lazowska and others, chapter 6.
    let stations = [0.605, 2.1, 1.35].map(|demand| Station::queue(1, demand));
    let throughput = |clients| solved(&stations, 15.0, clients).throughput;
    close(throughput(1), 0.052_480, 1e-6);
    close(throughput(3), 0.151_516, 1e-6);
    close(throughput(10), 0.400_205, 1e-6);
    close(throughput(20), 0.474_516, 1e-6);
    close(solved(&stations, 15.0, 3).response, 4.7998, 1e-4);
    close(solved(&stations, 15.0, 10).response, 9.987, 1e-3);
}

#[test]
fn a_prefork_server_of_one_master_and_sixteen_slaves() {
    let mut stations = vec![Station::queue(1, 0.0109)];
    stations.extend([Station::queue(1, 0.0044 / 16.0); 16]);
    for (clients, throughput) in [(1, 65.359), (2, 86.414), (5, 91.733), (10, 91.743)] {
        close(solved(&stations, 0.0, clients).throughput, throughput, 1e-3);
    }
    close(solved(&stations, 0.0, 5).response, 0.054_506, 1e-6);
}

#[test]
fn a_hundred_machines_and_one_repairman() {
    let steady = solved(&[Station::queue(1, 0.63)], 300.0, 100);
    close(steady.throughput, 0.332_453, 1e-6);
    close(steady.response, 0.794_260, 1e-6);
}

#[test]
fn where_the_textbook_recursion_gives_nonsense_the_constants_are_sound() {
    // The recursion gives −267/s and 3797/s. 100 ms of service and 50 ms of think time are the only round
    // inputs that yield both true values to their digits.
    close(
        solved(&[Station::queue(64, 0.1)], 0.05, 100).throughput,
        633.6,
        0.1,
    );
    close(
        solved(&[Station::queue(16, 0.1)], 0.05, 60).throughput,
        160.0,
        0.1,
    );
    // A Tomcat with 300 threads, for which the recursion yields −8.5/s: 300 ÷ 444 ms, with any number of
    // clients that keeps all threads busy. The number used there is unknown.
    for clients in [300, 400, 500] {
        let throughput = solved(&[Station::queue(300, 0.444)], 0.0, clients).throughput;
        close(throughput, 675.68, 0.01);
    }
}

#[test]
fn a_thousand_clients_and_64_servers_are_as_by_birth_and_death() {
    for clients in [1, 63, 64, 65, 100, 300, 1_000] {
        for think in [0.001, 0.05, 1.4] {
            let expected = machines(64, 0.1, think, clients);
            for steady in [
                solved(&[Station::queue(64, 0.1)], think, clients),
                // Half of the think time is a delay station.
                solved(
                    &[Station::delay(think / 2.0), Station::queue(64, 0.1)],
                    think / 2.0,
                    clients,
                ),
            ] {
                let found = steady.throughput;
                assert!((found / expected - 1.0).abs() < 1e-10, "{found} {expected}");
            }
        }
    }
}

#[test]
fn a_closed_load_is_gentler_than_an_open_one() {
    // 10 ms of service, the server busy 80 % of the time: N clients with the think time for that.
    for (clients, response_ms, digits) in [
        (1, 10.0, 0.1),
        (2, 15.0, 0.1),
        (10, 28.15, 0.01),
        (100, 43.56, 0.01),
        (1_000, 49.06, 0.01),
    ] {
        let (mut low, mut high) = (0.0, 0.02 * clients as f64);
        for _ in 0..100 {
            let think = f64::midpoint(low, high);
            if solved(&[Station::queue(1, 0.01)], think, clients).throughput > 80.0 {
                low = think;
            } else {
                high = think;
            }
        }
        let steady = solved(&[Station::queue(1, 0.01)], low, clients);
        close(steady.response * 1e3, response_ms, digits);
    }
}

#[test]
fn sync_workers_need_workers_until_the_cores_are_busy() {
    // Each worker circulates: 10 ms on one of two cores, 90 ms of waiting.
    for (workers, throughput) in [
        (5, 49.85),
        (10, 98.09),
        (20, 175.61),
        (50, 200.0),
        (100, 200.0),
    ] {
        let found = solved(
            &[Station::queue(2, 0.01), Station::delay(0.09)],
            0.0,
            workers,
        )
        .throughput;
        close(found, throughput, 0.01);
    }
}

#[test]
fn throughput_of_5_to_100_workers_on_two_cores() {
    // 100 ms, of which 2, 10, 50 and 100 % on a core.
    for (workers, expected) in [
        (5, [(50.0, 0.1), (49.9, 0.1), (37.4, 0.1), (20.0, 0.1)]),
        (20, [(199.9, 0.1), (175.6, 0.1), (40.0, 0.1), (20.0, 0.1)]),
        (50, [(497.0, 1.0), (200.0, 0.1), (40.0, 0.1), (20.0, 0.1)]),
        (100, [(932.7, 0.1), (200.0, 0.1), (40.0, 0.1), (20.0, 0.1)]),
    ] {
        for (computing, (throughput, digits)) in [0.002, 0.01, 0.05, 0.1].into_iter().zip(expected)
        {
            let mut stations = vec![Station::queue(2, computing)];
            if computing < 0.1 {
                stations.push(Station::delay(0.1 - computing));
            }
            close(
                solved(&stations, 0.0, workers).throughput,
                throughput,
                digits,
            );
        }
    }
}

#[test]
fn two_workers_for_each_core_and_one_more_leave_64_cores_idle_when_requests_wait() {
    for (computing, throughput, digits) in [
        (0.002, 1_290.0, 1.0),
        (0.01, 1_290.0, 1.0),
        (0.05, 1_247.9, 0.1),
    ] {
        let stations = [
            Station::queue(64, computing),
            Station::delay(0.1 - computing),
        ];
        close(solved(&stations, 0.0, 129).throughput, throughput, digits);
    }
    close(
        solved(&[Station::queue(64, 0.1)], 0.0, 129).throughput,
        640.0,
        0.1,
    );
}

#[test]
fn tokens_of_one_coroutine_process_have_a_capacity() {
    // 2 ms on the one core, 98 ms of waiting.
    for (tokens, capacity, digits) in [(10, 99.6, 0.1), (50, 453.0, 0.1), (100, 500.0, 1.0)] {
        let stations = [Station::queue(1, 0.002), Station::delay(0.098)];
        close(solved(&stations, 0.0, tokens).throughput, capacity, digits);
    }
}

#[test]
fn one_client_never_waits() {
    let steady = solved(
        &[
            Station::queue(1, 0.3),
            Station::delay(0.5),
            Station::queue(4, 0.2),
        ],
        1.0,
        1,
    );
    close(steady.throughput, 0.5, 1e-12);
    close(steady.response, 1.0, 1e-12);
}

fn stations() -> impl Strategy<Value = Vec<Station>> {
    let queues =
        (1_usize..70, 1e-4_f64..10.0).prop_map(|(servers, demand)| Station::queue(servers, demand));
    let delays = (1e-4_f64..10.0).prop_map(Station::delay);
    prop::collection::vec(prop_oneof![3 => queues, 1 => delays], 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn bounds_and_littles_law_hold(
        stations in stations(), think in prop_oneof![Just(0.0), 1e-3_f64..50.0], clients in 1_usize..150,
    ) {
        let steady = solved(&stations, think, clients);
        let present: f64 = steady.stations.iter().map(|station| station.present).sum();
        let everybody = present + steady.throughput * think;
        prop_assert!((everybody / clients as f64 - 1.0).abs() < 1e-10, "{everybody}");
        let littles = steady.throughput * (steady.response + think);
        prop_assert!((littles / clients as f64 - 1.0).abs() < 1e-10, "{littles}");
        let limits = limits::of(&Network { stations, think }, clients);
        let about = 1.0 + 1e-10;
        prop_assert!(steady.throughput <= limits.throughput_most * about);
        prop_assert!(steady.throughput * about >= limits.throughput_least);
        prop_assert!(steady.response * about >= limits.response_least);
        prop_assert!(steady.response <= limits.response_most * about);
    }

    #[test]
    fn more_clients_never_get_less_done_nor_wait_less(
        stations in stations(), think in 0.0_f64..5.0, clients in 1_usize..100,
    ) {
        let (fewer, more) = (solved(&stations, think, clients), solved(&stations, think, clients + 1));
        prop_assert!(more.throughput * (1.0 + 1e-12) >= fewer.throughput);
        prop_assert!(more.response * (1.0 + 1e-12) >= fewer.response);
    }

    #[test]
    fn very_many_clients_are_at_the_asymptotes(
        demands in prop::collection::vec(1e-3_f64..1.0, 1..4), servers in 1_usize..20,
    ) {
        let mut stations: Vec<Station> = demands.iter().map(|demand| Station::queue(1, *demand)).collect();
        // The first is the bottleneck by far.
        stations[0] = Station::queue(servers, 1.5 * servers as f64);
        let steady = solved(&stations, 1.0, 1_500);
        let limits = limits::of(&Network { stations, think: 1.0 }, 1_500);
        prop_assert!((steady.throughput / limits.throughput_most - 1.0).abs() < 1e-9);
    }
}
