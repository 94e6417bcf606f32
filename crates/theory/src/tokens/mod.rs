//! Both kinds of workers in one model: random arrivals, each of which needs one of T tokens to begin.
//!
//! ```text
//!                      T tokens
//!                    ┌──────────────────────────────┐
//!   λ ──▶ at the door ──▶ m cores ──▶ waiting ──▶ answered
//!                    └──────────────────────────────┘
//! ```
//!
//! For sync workers a token is a process; for a coroutine worker it is one of its connections, and m is 1.
//! Computing and waiting take exponential times. The cores are shared, or first come first served: for the
//! means of exponential times the two are equal. The chain of levels in `chain.rs` is exact. The usual
//! approximation, one server whose speed depends on the number of requests inside (flow-equivalent service),
//! is wrong by 4 to 9 % near saturation.

mod chain;
mod matrix;
pub mod returning;

use super::closed::{self, Network, Station};
use super::open::Means;
use super::open::many::Mmc;

/// Random arrivals at a pool of tokens, with some cores inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pool {
    /// λ: arrivals per second; positive.
    pub rate: f64,
    /// T: number of requests that can be begun at once.
    pub tokens: Tokens,
    /// m: number of begun requests that can compute at once; at least one.
    pub cores: usize,
    /// Mean computing time of a request, in seconds. One of this and `wait` may be zero.
    pub compute: f64,
    /// Mean wait of a request after that, in seconds.
    pub wait: f64,
}

/// Number of requests that can be begun at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// A limited number, at least one. The work grows with the fourth power; 256 tokens take seconds.
    Some(usize),
    /// No limit.
    Unlimited,
}

/// A pool in steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    /// Mean times in seconds from arrival, and mean numbers. Waiting is for a token.
    pub means: Means,
    /// Probability that a request finds no token.
    pub waits: f64,
    /// Mean time at the cores, computing or waiting for one, in seconds.
    pub at_cores: f64,
    /// Mean number of tokens in use: *concurrency*.
    pub begun: f64,
    /// Mean number of busy cores: *parallelism*.
    pub computing: f64,
}

impl Pool {
    /// Returns the capacity in answers per second: the throughput of one client per token without think time.
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

    /// Returns the steady state; `None` if the arrival rate reaches the capacity.
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

    /// Returns the steady state if no request waits for a token: departures from the cores are Poisson again
    /// (Burke, 1956).
    fn without_a_door(&self) -> Option<Steady> {
        if self.compute == 0.0 {
            return Some(self.assemble(0.0, 0.0, 0.0));
        }
        let cores = self.queue(self.cores, self.compute).steady()?;
        Some(self.assemble(0.0, 0.0, cores.means().response))
    }

    /// Returns the steady state without waits. A token is then a place at the cores, and tokens beyond the
    /// number of cores only change the label of a request's wait. The number present is known, and so is the
    /// number begun.
    fn cores_alone(&self, tokens: usize, queue: Means) -> Steady {
        let many = self.queue(tokens.min(self.cores), self.compute);
        let used = many.utilisation();
        let erlang = many.steady().map_or(0.0, |steady| steady.waits);
        // Waiting requests that are begun in addition: P(waiting > n) decreases by the factor ρ with each.
        let spare = tokens.saturating_sub(self.cores) as f64;
        let no_token = erlang * libm::pow(used, spare);
        let at_the_door = queue.wait * libm::pow(used, spare);
        let for_a_core = queue.wait - at_the_door;
        self.assemble(no_token, at_the_door, self.compute + for_a_core)
    }

    /// Assembles the result from the waits for a token and the time at the cores.
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
