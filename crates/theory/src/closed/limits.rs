//! What no closed network can exceed or fall short of: asymptotic bounds (Denning and Buzen, 1978;
//! Lazowska and others, *Quantitative System Performance*, 1984).
//!
//! The upper bounds hold for any law of service. The lower ones are of the worst case, in which every
//! client finds all the others before it at each station.

use super::{Network, Servers};

/// Bounds with so many clients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Answers per second, at most: as many as the busiest station gives, and as clients ask for if
    /// nobody ever waits.
    pub throughput_most: f64,
    /// Answers per second, at least.
    pub throughput_least: f64,
    /// Time from request to answer in seconds, at least.
    pub response_least: f64,
    /// Time from request to answer in seconds, at most.
    pub response_most: f64,
    /// The station that is busiest, where there is one with a limit.
    pub bottleneck: Option<Bottleneck>,
}

/// The station that gives out first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bottleneck {
    /// Its place in the network.
    pub station: usize,
    /// Answers per second that it gives at most, however many clients there are.
    pub capacity: f64,
    /// N*: the number of clients from which on it must make them wait.
    pub knee: f64,
}

/// The bounds of a network with so many clients.
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
