//! Open queues: arrivals do not depend on the state of the queue.
//!
//! Throughout, `rate` is λ in requests per second, `service` is E\[S\] in seconds, and the utilisation is ρ =
//! λ·E\[S\] ÷ servers. Means are `None` if ρ ≥ 1: the queue grows without limit.

use super::demand::Moments;

/// Returns Erlang's B: the probability that all servers are busy if blocked requests are lost. `offered` is
/// λ·E\[S\].
///
/// Computed by the recursion B₀ = 1, Bₖ = aB ÷ (k + aB), which is stable for any number of servers.
#[must_use]
pub fn erlang_b(servers: usize, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |blocked, servers| {
        offered * blocked / (servers as f64 + offered * blocked)
    })
}

/// Returns Erlang's C: the probability that a request waits, if none is lost; `None` if ρ ≥ 1.
#[must_use]
pub fn erlang_c(servers: usize, offered: f64) -> Option<f64> {
    let utilisation = offered / servers as f64;
    let blocked = erlang_b(servers, offered);
    (utilisation < 1.0).then(|| blocked / (1.0 - utilisation * (1.0 - blocked)))
}

/// M/M/c: returns the mean wait before service, in seconds.
#[must_use]
pub fn wait_of_many(servers: usize, rate: f64, service: f64) -> Option<f64> {
    let offered = rate * service;
    let waits = erlang_c(servers, offered)?;
    Some(waits * service / (servers as f64 - offered))
}

/// M/G/1, first come first served: returns the mean wait before service, in seconds, equal for every request
/// (Pollaczek–Khinchine). The second moment expresses the delay that long requests cause to others.
#[must_use]
pub fn wait_in_turn(rate: f64, service: Moments) -> Option<f64> {
    let utilisation = rate * service.mean;
    (utilisation < 1.0).then(|| rate * service.square / (2.0 * (1.0 - utilisation)))
}

/// M/G/c, first come first served: returns the *approximate* mean wait in seconds (Allen and Cunneen): that
/// of M/M/c, times (1 + c²) ÷ 2. Exact for one server and for exponential service.
#[must_use]
pub fn wait_of_many_in_turn(servers: usize, rate: f64, service: Moments) -> Option<f64> {
    let wait = wait_of_many(servers, rate, service.mean)?;
    Some(wait * f64::midpoint(1.0, service.squared_variation()))
}

/// M/G/1, processor sharing: returns the factor by which a request takes longer than alone, for any length
/// and any law of lengths.
#[must_use]
pub fn stretch_when_shared(rate: f64, service: f64) -> Option<f64> {
    let utilisation = rate * service;
    (utilisation < 1.0).then(|| 1.0 / (1.0 - utilisation))
}

/// Processor sharing on several cores, of which a request uses one at most: returns the factor by which it
/// takes longer than alone, for any length and any law of lengths.
///
/// The numbers present are those of M/M/c, for any law (a symmetric queue), and each part of a request is
/// slowed down by the same factor as the whole (Cohen, 1979).
#[must_use]
pub fn stretch_on_cores(cores: usize, rate: f64, service: f64) -> Option<f64> {
    Some(1.0 + wait_of_many(cores, rate, service)? / service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: Option<f64>, expected: f64) {
        let value = value.expect("a stable queue");
        assert!(
            (value / expected - 1.0).abs() < 5e-5,
            "{value} instead of {expected}"
        );
    }

    #[test]
    fn erlangs_tables() {
        close(Some(erlang_b(10, 10.0)), 0.214_582);
        close(Some(erlang_b(5, 3.0)), 0.110_054);
        close(erlang_c(10, 8.0), 0.409_180);
        close(erlang_c(10, 9.0), 0.668_732);
        close(erlang_c(5, 4.0), 0.554_113);
        close(erlang_c(64, 57.6), 0.310_663);
        close(erlang_c(100, 90.0), 0.216_940);
        close(erlang_c(10, 6.0), 0.101_299);
        close(erlang_c(2, 1.8), 0.852_632);
        assert_eq!(erlang_c(2, 2.0), None);
    }

    #[test]
    fn many_servers_with_a_little_room_wait_as_halfin_and_whitt_say() {
        // 1 ÷ (1 + βΦ(β)/φ(β)) at β = (c − a) ÷ √c = 1, within a few per cent at c = 64.
        let (below, density): (f64, f64) = (0.841_344_746, 0.241_970_725);
        let limit = 1.0 / (1.0 + below / density);
        let exact = erlang_c(64, 56.0).unwrap();
        assert!((limit - 0.2234).abs() < 5e-5 && (exact - 0.2151).abs() < 5e-5);
        assert!((exact / limit - 1.0).abs() < 0.05);
        assert!((erlang_c(10_000, 9_900.0).unwrap() / limit - 1.0).abs() < 0.005);
    }

    #[test]
    fn textbook_queues_with_many_servers() {
        // M/M/1: λ = 1/4, μ = 1/3: Wq = 9. λ = 3, μ = 5: Wq = 0.3.
        close(wait_of_many(1, 0.25, 3.0), 9.0);
        close(wait_of_many(1, 3.0, 0.2), 0.3);
        // M/M/2: λ = 5, μ = 10: W = 0.106667.
        close(wait_of_many(2, 5.0, 0.1), 0.006_666_7);
        // A bank with four tellers: λ = 0.35/min, S = 10 min: Wq = 14.7572.
        close(wait_of_many(4, 0.35, 10.0), 14.7572);
        // S = 10 ms, ρ = 0.8: W = 17.455 ms with four; 18.769 ms with eight at ρ = 0.9.
        close(wait_of_many(4, 320.0, 0.01), 0.007_455_4);
        close(wait_of_many(8, 720.0, 0.01), 0.008_769_2);
    }

    #[test]
    fn pollaczek_and_khinchine() {
        // S = 10 ms: W at c² = 0, 1, 4, 16.
        for (utilisation, sojourns_ms) in [
            (0.5, [15.0, 20.0, 35.0, 95.0]),
            (0.8, [30.0, 50.0, 110.0, 350.0]),
            (0.9, [55.0, 100.0, 235.0, 775.0]),
        ] {
            for (variation, sojourn_ms) in [0.0, 1.0, 4.0, 16.0].into_iter().zip(sojourns_ms) {
                let service = Moments {
                    mean: 0.01,
                    square: 0.01 * 0.01 * (1.0 + variation),
                };
                let rate = utilisation / 0.01;
                let wait = wait_in_turn(rate, service).unwrap();
                close(Some((wait + 0.01) * 1e3), sojourn_ms);
                close(wait_of_many_in_turn(1, rate, service), wait);
            }
        }
    }

    #[test]
    fn one_hog_among_short_ones() {
        // λ = 200/s, 99 % of 1 ms, 1 % of 100 ms.
        let service = Moments {
            mean: 0.99 * 0.001 + 0.01 * 0.1,
            square: 0.99 * 1e-6 + 0.01 * 1e-2,
        };
        close(wait_in_turn(200.0, service), 0.016_776);
        close(stretch_when_shared(200.0, service.mean), 1.661_13);
        assert_eq!(wait_in_turn(600.0, service), None);
        assert_eq!(stretch_when_shared(600.0, service.mean), None);
    }

    #[test]
    fn sharing_cores_slows_all_alike() {
        // λ = 4, μ = 9 on one core: 1 ÷ (9 − 4) of the mean.
        close(stretch_on_cores(1, 4.0, 1.0 / 9.0).map(|it| it / 9.0), 0.2);
        for rate in [1.0, 100.0, 499.0] {
            let one = stretch_when_shared(rate, 0.002).unwrap();
            close(stretch_on_cores(1, rate, 0.002), one);
        }
        // Four cores, ρ = 0.8: 17.455 ms for 10 ms.
        close(stretch_on_cores(4, 320.0, 0.01), 1.7455);
        assert_eq!(stretch_on_cores(4, 400.0, 0.01), None);
    }

    #[test]
    fn few_long_requests_among_short_ones_make_the_mean_of_an_open_queue() {
        // 99.9 % of 0.1 ms and 0.1 % of 10 ms, each exponential, ρ = 0.8.
        let service = Moments {
            mean: 0.999 * 0.1 + 0.001 * 10.0,
            square: 2.0 * (0.999 * 0.01 + 0.001 * 100.0),
        };
        let wait = wait_in_turn(0.8 / service.mean, service).unwrap();
        close(Some(wait + service.mean), 4.1132);
    }

    #[test]
    fn a_station_of_an_open_network_is_a_queue_of_its_own() {
        // 121 visits of 5 ms, 0.3 requests per second.
        let (rate, service): (f64, f64) = (0.3 * 121.0, 0.005);
        close(Some(rate), 36.3);
        close(Some(rate * service), 0.1815);
        let wait = wait_of_many(1, rate, service).unwrap();
        assert!((rate * (wait + service) - 0.2217).abs() < 5.1e-5);
        // A database server that answers 3.8 requests a second.
        for (demand, used) in [
            (0.092, 0.350),
            (0.079, 0.300),
            (0.108, 0.410),
            (0.142, 0.540),
        ] {
            assert!((3.8_f64 * demand - used).abs() < 5.1e-4);
        }
    }

    #[test]
    fn a_hog_each_second_costs_the_others_a_third_of_one() {
        // 100 requests of 1 ms and one of 500 ms per second.
        let rate = 101.0;
        let service = Moments {
            mean: (100.0 * 0.001 + 0.5) / rate,
            square: (100.0 * 1e-6 + 0.25) / rate,
        };
        let wait = wait_in_turn(rate, service).unwrap();
        assert!((wait - 0.3126).abs() < 5.1e-5, "{wait}");
        close(stretch_when_shared(rate, service.mean), 2.5);
    }
}
