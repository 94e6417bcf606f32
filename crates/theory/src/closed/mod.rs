//! Closed networks: so many clients go round between stations, and no request comes from outside.
//!
//! Buzen's convolution (1973). The probability of a state is a product of one factor for each station,
//! which with n requests there and c servers is
//!
//! ```text
//!   f(n)  =  Dⁿ ÷ (1 · 2 · … · c · c · c …)          D: the demand, visits × service
//! ```
//!
//! and G(N), the sum of those products over all ways to place N clients, is found station by station.
//! The throughput is G(N − 1) ÷ G(N). All terms are positive, so that nothing is lost however many
//! clients and servers there are; the textbook recursion of mean value analysis for several servers
//! takes p(0) as 1 minus the others, and gives negative throughputs at N = 100 and c = 64.
//!
//! Exact for exponential service first come first served, and for any law of service where requests
//! share the servers or where each has one of its own.

pub mod limits;
mod wide;

use self::wide::ExtendedFloat;

/// Stations, and the time that a client thinks before each request.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// At least one.
    pub stations: Vec<Station>,
    /// The mean time between an answer and the next request, in seconds; may be zero.
    pub think: f64,
}

/// A place where a request spends time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Station {
    /// How many it serves at once.
    pub servers: Servers,
    /// The service that a request needs here in all, visits × service, in seconds; positive.
    pub demand: f64,
}

impl Station {
    /// So many servers; whoever finds them busy waits, or shares.
    #[must_use]
    pub fn queue(servers: usize, demand: f64) -> Self {
        Self {
            servers: Servers::Some(servers),
            demand,
        }
    }

    /// A time that everybody spends by themselves.
    #[must_use]
    pub fn delay(demand: f64) -> Self {
        Self {
            servers: Servers::Unlimited,
            demand,
        }
    }
}

/// How many requests a station serves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Servers {
    /// So many, at least one; the others wait, or share.
    Some(usize),
    /// All: a delay in which nobody is in anybody's way.
    Unlimited,
}

/// What a network does in the long run.
#[derive(Clone, Debug, PartialEq)]
pub struct Steady {
    /// X: answers per second.
    pub throughput: f64,
    /// R: the mean time from request to answer, in seconds.
    pub response: f64,
    /// In the order of the network.
    pub stations: Vec<AtStation>,
}

/// What happens at a station in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtStation {
    /// The mean number of busy servers.
    pub busy: f64,
    /// The mean number of requests, those in service included.
    pub present: f64,
    /// The mean time that a request spends here in all its visits, in seconds.
    pub residence: f64,
}

/// What a network does with so many clients, at least one.
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
    let mut after = nobody_else(clients);
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
        AtStation {
            busy,
            present,
            residence: present / throughput,
        }
    });
    let stations: Vec<AtStation> = stations.collect();
    Steady {
        throughput,
        response: stations.iter().map(|station| station.residence).sum(),
        stations,
    }
}

/// dⁿ ÷ n! for n = 0 … `clients`: all delays together are one.
fn delays_alone(delay: f64, clients: usize) -> Vec<ExtendedFloat> {
    let mut factor = ExtendedFloat::ONE;
    let next = (1..=clients).map(|n| {
        factor = factor * (delay / n as f64);
        factor
    });
    std::iter::once(ExtendedFloat::ONE).chain(next).collect()
}

/// A network without stations holds no client.
fn nobody_else(clients: usize) -> Vec<ExtendedFloat> {
    delays_alone(0.0, clients)
}

/// A station at which requests may have to wait.
struct Queue {
    servers: usize,
    demand: f64,
}

/// What a station makes of the constants of the others.
struct Joined {
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

    /// Adds this station to the constants A of others.
    ///
    /// Up to the number of servers term by term. From there on f is geometric with the ratio r = D ÷ c,
    /// so that its part of the sum for n follows from that for n − 1: S(n) = r·S(n − 1) + f(c)·A(n − c),
    /// and, with each term times its j, U(n) = r·(U(n − 1) + S(n − 1)) + c·f(c)·A(n − c).
    fn join(&self, others: &[ExtendedFloat]) -> Joined {
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
        Joined { all, weighted }
    }
}

#[cfg(test)]
mod tests;
