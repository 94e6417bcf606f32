//! Asymptotic bounds of closed networks (Denning and Buzen, 1978; Lazowska and others, *Quantitative System
//! Performance*, 1984).
//!
//! The upper bounds hold for any law of service. The lower bounds are of the worst case, in which every
//! client finds all other clients ahead of it at each station.

use super::{Network, Servers};

/// Bounds for a number of clients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Maximal throughput, in answers per second: the lesser of the busiest station's capacity and the
    /// clients' rate without any waiting.
    pub throughput_most: f64,
    /// Minimal throughput, in answers per second.
    pub throughput_least: f64,
    /// Minimal time from request to answer, in seconds.
    pub response_least: f64,
    /// Maximal time from request to answer, in seconds.
    pub response_most: f64,
    /// Busiest station with a limit, if there is one.
    pub bottleneck: Option<Bottleneck>,
}

/// The station that saturates first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bottleneck {
    /// Index of the station in the network.
    pub station: usize,
    /// Its capacity in answers per second, for any number of clients.
    pub capacity: f64,
    /// N*: the number of clients from which on requests must wait there.
    pub knee: f64,
}

/// Returns the bounds of a network with `clients` clients.
#[must_use]
pub fn of(network: &Network, clients: usize) -> Limits {
    let clients = clients as f64;
    let think = network.think;
    let alone: f64 = network.stations.iter().map(|station| station.demand).sum();
    let last_in_line = network
        .stations
        .iter()
        .map(|station| match station.servers {
            Servers::Some(servers) => station.demand * (clients / servers as f64).max(1.0),
            Servers::Unlimited => station.demand,
        });
    let response_most: f64 = last_in_line.sum();
    let bottleneck = bottleneck(network, alone);
    let capacity = bottleneck.map_or(f64::INFINITY, |it| it.capacity);
    Limits {
        throughput_most: capacity.min(clients / (alone + think)),
        throughput_least: clients / (response_most + think),
        response_least: alone.max(clients / capacity - think),
        response_most,
        bottleneck,
    }
}

fn bottleneck(network: &Network, alone: f64) -> Option<Bottleneck> {
    let capacities = network.stations.iter().enumerate();
    let capacities = capacities.filter_map(|(place, station)| match station.servers {
        Servers::Some(servers) => Some((place, servers as f64 / station.demand)),
        Servers::Unlimited => None,
    });
    let (station, capacity) = capacities.min_by(|one, other| one.1.total_cmp(&other.1))?;
    Some(Bottleneck {
        station,
        capacity,
        knee: (alone + network.think) * capacity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::close;
    use crate::closed::Station;

    #[test]
    fn the_bounds_of_a_textbook_network() {
        // Bolch and others, 9.6: D = 9.2, 8; Z = 120; N = 20.
        let network = Network {
            stations: vec![Station::queue(1, 9.2), Station::queue(1, 8.0)],
            think: 120.0,
        };
        let limits = of(&network, 20);
        close(limits.throughput_most, 0.1087, 1e-4);
        close(limits.response_least, 64.0, 1e-9);
        close(limits.throughput_least, 20.0 / (20.0 * 17.2 + 120.0), 1e-12);
        let bottleneck = limits.bottleneck.unwrap();
        assert_eq!(bottleneck.station, 0);
        close(bottleneck.knee, 137.2 / 9.2, 1e-12);
    }

    #[test]
    fn a_database_gives_what_its_slowest_part_gives() {
        // Menascé and others, 3.9.
        let network = Network {
            stations: [0.092, 0.079, 0.108, 0.142]
                .map(|demand| Station::queue(1, demand))
                .to_vec(),
            think: 0.0,
        };
        let bottleneck = of(&network, 1).bottleneck.unwrap();
        assert_eq!(bottleneck.station, 3);
        close(bottleneck.capacity, 7.042, 1e-3);
    }

    #[test]
    fn several_cores_move_the_knee() {
        // Two cores, 2 ms on them and 98 ms of waiting: n* = m (1 + IO ÷ C).
        let cores = Station::queue(2, 0.002);
        let calls = Station::delay(0.098);
        let network = Network {
            stations: vec![cores, calls],
            think: 0.0,
        };
        let limits = of(&network, 50);
        close(limits.bottleneck.unwrap().knee, 100.0, 1e-9);
        close(limits.throughput_most, 500.0, 1e-9);
        close(of(&network, 200).throughput_most, 1_000.0, 1e-9);
    }

    #[test]
    fn delays_alone_have_no_bottleneck() {
        let calls = Station::delay(0.5);
        let network = Network {
            stations: vec![calls],
            think: 0.5,
        };
        let limits = of(&network, 10);
        assert_eq!(limits.bottleneck, None);
        assert_eq!(
            (limits.throughput_least, limits.throughput_most),
            (10.0, 10.0)
        );
        assert_eq!((limits.response_least, limits.response_most), (0.5, 0.5));
    }
}
