//! Both kinds of workers in one model: requests come at random, and each needs one of T tokens to begin.
//!
//! ```text
//!                      T tokens
//!                    ┌──────────────────────────────┐
//!   λ ──▶ at the door ──▶ m cores ──▶ waiting ──▶ answered
//!                    └──────────────────────────────┘
//! ```
//!
//! For sync workers a token is a process, for a coroutine worker one of its connections and m is 1.
//! Computing and waiting take exponential times. The cores are shared, or first come first served:
//! for the means of exponential times it is the same. The chain of levels in `chain.rs` is exact; taking
//! the inside for one server whose speed depends on how many are in it (flow-equivalent service) is wrong
//! by 4 to 9 % near saturation.

mod chain;
mod matrix;
pub mod returning;

use super::closed::{self, Network, Station};
use super::open::Means;
use super::open::many::Mmc;

/// Requests at random into a pool of tokens, with some cores inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    /// λ: arrivals per second; positive.
    pub rate: f64,
    /// T: how many requests can be begun at once.
    pub tokens: Tokens,
    /// m: how many of those begun can compute at once; at least one.
    pub cores: usize,
    /// The mean time that a request computes, in seconds. It or `wait` is positive, the other may be zero.
    pub compute: f64,
    /// The mean time that a request waits after that, in seconds.
    pub wait: f64,
}

/// How many requests can be begun at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// So many, at least one. The work grows with the fourth power; 256 take seconds.
    Some(usize),
    /// As many as come.
    Unlimited,
}

/// A pool in its steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    /// Time from arrival to answer, in seconds, and how many are there. Waiting is for a token.
    pub means: Means,
    /// The probability that a request finds no token.
    pub waits: f64,
    /// The mean time at the cores, computing or waiting for one, in seconds.
    pub at_cores: f64,
    /// The mean number of tokens in use: *concurrency*.
    pub begun: f64,
    /// The mean number of cores that are busy: *parallelism*.
    pub computing: f64,
}

impl Pool {
    /// What can be answered per second at most: the throughput of as many clients as there are tokens
    /// who never think.
    #[must_use]
    pub fn capacity(&self) -> f64 {
        let Tokens::Some(tokens) = self.tokens else {
            return self.cores as f64 / self.compute;
        };
        let mut stations = Vec::new();
        if self.compute > 0.0 {
            stations.push(Station::queue(self.cores, self.compute));
        }
        if self.wait > 0.0 {
            stations.push(Station::delay(self.wait));
        }
        let network = Network {
            stations,
            think: 0.0,
        };
        closed::solve(&network, tokens).throughput
    }

    /// The steady state; `None` if as much comes as can be answered, or more.
    #[must_use]
    pub fn steady(&self) -> Option<Steady> {
        if self.rate >= self.capacity() {
            return None;
        }
        match self.tokens {
            Tokens::Unlimited => self.without_a_door(),
            Tokens::Some(tokens) if self.wait == 0.0 => {
                let cores = tokens.min(self.cores);
                let queue = self.queue(cores, self.compute).steady()?;
                Some(self.cores_alone(tokens, queue.means()))
            }
            Tokens::Some(tokens) if self.compute == 0.0 => {
                let queue = self.queue(tokens, self.wait).steady()?;
                Some(self.assemble(queue.waits, queue.means().wait, 0.0))
            }
            Tokens::Some(tokens) => {
                let found = chain::solve(self, tokens, 0.0)?;
                Some(self.assemble(
                    found.no_token,
                    found.at_the_door / self.rate,
                    found.at_cores / self.rate,
                ))
            }
        }
    }

    fn queue(&self, servers: usize, service: f64) -> Mmc {
        Mmc {
            servers,
            rate: self.rate,
            service,
        }
    }

    /// Nobody waits for a token: what leaves the cores comes at random again (Burke, 1956).
    fn without_a_door(&self) -> Option<Steady> {
        if self.compute == 0.0 {
            return Some(self.assemble(0.0, 0.0, 0.0));
        }
        let cores = self.queue(self.cores, self.compute).steady()?;
        Some(self.assemble(0.0, 0.0, cores.means().response))
    }

    /// Without waiting a token is a place at the cores, and those beyond the cores change nothing but
    /// where a request is said to wait. How many are there is known; so is how many of them are begun.
    fn cores_alone(&self, tokens: usize, queue: Means) -> Steady {
        let many = self.queue(tokens.min(self.cores), self.compute);
        let used = many.utilisation();
        let erlang = many.steady().map_or(0.0, |steady| steady.waits);
        // Of those that wait for a core, so many more are begun: P(waiting > n) falls by ρ each.
        let spare = tokens.saturating_sub(self.cores) as f64;
        let no_token = erlang * libm::pow(used, spare);
        let at_the_door = queue.wait * libm::pow(used, spare);
        let for_a_core = queue.wait - at_the_door;
        self.assemble(no_token, at_the_door, self.compute + for_a_core)
    }

    /// From the waits for a token and the time at the cores.
    fn assemble(&self, waits: f64, at_the_door: f64, at_cores: f64) -> Steady {
        Steady {
            means: Means::of_wait(self.rate, at_cores + self.wait, at_the_door),
            waits,
            at_cores,
            begun: self.rate * (at_cores + self.wait),
            computing: self.rate * self.compute,
        }
    }
}

#[cfg(test)]
mod tests;
