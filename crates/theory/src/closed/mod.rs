//! Closed networks: a fixed number of clients circulates between stations, and no request comes from outside.
//!
//! Buzen's convolution (1973). The probability of a state is a product of one factor per station. For n
//! requests at a station with c servers the factor is
//!
//! ```text
//!   f(n)  =  Dⁿ ÷ (1 · 2 · … · c · c · c …)          D: the demand, visits × service
//! ```
//!
//! and G(N), the sum of those products over all placements of N clients, is computed station by station. The
//! throughput is G(N − 1) ÷ G(N). All terms are positive, so nothing is lost to cancellation, for any number
//! of clients and servers. The textbook recursion of mean value analysis for several servers takes p(0) as 1
//! minus the others, and gives negative throughputs at N = 100 and c = 64.
//!
//! Exact for exponential service first come first served, and for any law of service if requests share the
//! servers or each has its own.

pub mod limits;
mod wide;

use self::wide::ExtendedFloat;

/// Stations, and the time that a client thinks before each request.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The stations, at least one.
    pub stations: Vec<Station>,
    /// Mean time between an answer and the next request, in seconds; may be zero.
    pub think: f64,
}

/// A place where a request spends time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// Number of servers.
    pub servers: Servers,
    /// Total service that a request needs here, visits × service, in seconds; positive.
    pub demand: f64,
}

impl Station {
    /// A station with this number of servers; requests beyond it wait, or share the servers.
    #[must_use]
    pub fn queue(servers: usize, demand: f64) -> Self {
        Self {
            servers: Servers::Some(servers),
            demand,
        }
    }

    /// A station without queueing: a delay of the same mean for each request.
    #[must_use]
    pub fn delay(demand: f64) -> Self {
        Self {
            servers: Servers::Unlimited,
            demand,
        }
    }
}

/// Number of requests that a station serves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    /// A limited number, at least one; the others wait, or share.
    Some(usize),
    /// All of them: a delay without queueing.
    Unlimited,
}

/// A network in steady state.
#[derive(Clone, Debug, PartialEq)]
pub struct Steady {
    /// X: throughput in answers per second.
    pub throughput: f64,
    /// R: mean time from request to answer, in seconds.
    pub response: f64,
    /// The stations, in the order of the network.
    pub stations: Vec<StationState>,
}

/// A station in steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StationState {
    /// Mean number of busy servers.
    pub busy: f64,
    /// Mean number of requests, including those in service.
    pub present: f64,
    /// Mean time that a request spends here in all its visits, in seconds.
    pub residence: f64,
}

/// Returns the steady state of a network with `clients` clients, at least one.
///
/// Takes time in proportion to clients × servers, and memory to clients × stations.
#[must_use]
pub fn solve(network: &Network, clients: usize) -> Steady {
    let delays = network.stations.iter();
    let delays = delays.filter(|station| station.servers == Servers::Unlimited);
    let delay: f64 = delays.map(|station| station.demand).sum();
    let queues: Vec<Queue> = network.stations.iter().filter_map(Queue::of).collect();

    let mut before = vec![delays_alone(delay + network.think, clients)];
    for queue in &queues {
        before.push(queue.join(&before[before.len() - 1]).all);
    }
    let whole = &before[queues.len()];
    let throughput = whole[clients - 1].over(whole[clients]);

    let mut present = Vec::new();
    let mut after = no_stations(clients);
    for (queue, before) in queues.iter().zip(&before).rev() {
        let joined = queue.join(before);
        let others = after.iter().rev();
        let weighted = joined.weighted.iter().zip(others);
        let sum = weighted.fold(ExtendedFloat::ZERO, |sum, (here, others)| {
            sum + *here * *others
        });
        present.push(sum.over(whole[clients]));
        after = queue.join(&after).all;
    }

    let stations = network.stations.iter().map(|station| {
        let busy = throughput * station.demand;
        let present = match station.servers {
            Servers::Some(_) => present.pop().expect("one for each queue"),
            Servers::Unlimited => busy,
        };
        StationState {
            busy,
            present,
            residence: present / throughput,
        }
    });
    let stations: Vec<StationState> = stations.collect();
    Steady {
        throughput,
        response: stations.iter().map(|station| station.residence).sum(),
        stations,
    }
}

/// Returns dⁿ ÷ n! for n = 0 … `clients`: all delays together are one delay.
fn delays_alone(delay: f64, clients: usize) -> Vec<ExtendedFloat> {
    let mut factor = ExtendedFloat::ONE;
    let next = (1..=clients).map(|n| {
        factor = factor * (delay / n as f64);
        factor
    });
    std::iter::once(ExtendedFloat::ONE).chain(next).collect()
}

/// Returns the constants of a network without stations, which holds no client.
fn no_stations(clients: usize) -> Vec<ExtendedFloat> {
    delays_alone(0.0, clients)
}

/// A station at which requests may have to wait.
struct Queue {
    servers: usize,
    demand: f64,
}

/// Constants of a network after a station is added.
struct NetworkConstants {
    /// Σ f(j)·A(n − j), by n.
    all: Vec<ExtendedFloat>,
    /// Σ j·f(j)·A(n − j), by n.
    weighted: Vec<ExtendedFloat>,
}

impl Queue {
    fn of(station: &Station) -> Option<Self> {
        match station.servers {
            Servers::Some(servers) => Some(Self {
                servers,
                demand: station.demand,
            }),
            Servers::Unlimited => None,
        }
    }

    /// Adds this station to the constants A of the others.
    ///
    /// Up to the number of servers this is done term by term. Beyond, f is geometric with the ratio r = D ÷
    /// c, so its part of the sum for n follows from the one for n − 1: S(n) = r·S(n − 1) + f(c)·A(n − c),
    /// and, with each term times its j, U(n) = r·(U(n − 1) + S(n − 1)) + c·f(c)·A(n − c).
    fn join(&self, others: &[ExtendedFloat]) -> NetworkConstants {
        let ratio = self.demand / self.servers as f64;
        let factors = delays_alone(self.demand, self.servers.min(others.len()));
        let (idle, full) = factors.split_at(self.servers.min(factors.len()));
        let (mut all, mut weighted) = (Vec::new(), Vec::new());
        let (mut queued, mut queued_weighted) = (ExtendedFloat::ZERO, ExtendedFloat::ZERO);
        for n in 0..others.len() {
            if let (Some(full), Some(start)) = (full.first(), n.checked_sub(self.servers)) {
                let first = *full * others[start];
                queued_weighted =
                    (queued_weighted + queued) * ratio + first * (self.servers as f64);
                queued = queued * ratio + first;
            }
            let (mut sum, mut sum_weighted) = (queued, queued_weighted);
            for (j, factor) in idle.iter().enumerate().take(n + 1) {
                let term = *factor * others[n - j];
                sum = sum + term;
                sum_weighted = sum_weighted + term * (j as f64);
            }
            all.push(sum);
            weighted.push(sum_weighted);
        }
        NetworkConstants { all, weighted }
    }
}

#[cfg(test)]
mod tests;
