//! Queues whose true values are known, played customer by customer.

use rand::RngExt as _;
use rand::rngs::ChaCha8Rng;

/// The law of service times, each with the mean 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Law {
    Exponential,
    Constant,
    /// Two exponential phases with balanced means; the variation is 2.
    Hyperexponential,
}

/// An open queue, first come first served, with Poisson arrivals; it begins empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queue {
    pub(crate) name: &'static str,
    pub(crate) law: Law,
    pub(crate) servers: usize,
    /// Utilisation ρ of each server.
    pub(crate) load: f64,
}

impl Queue {
    pub(crate) const fn new(name: &'static str, law: Law, servers: usize, load: f64) -> Self {
        Self {
            name,
            law,
            servers,
            load,
        }
    }

    /// Returns the true mean time in system.
    pub(crate) fn mean(&self) -> f64 {
        let Self { servers, load, .. } = *self;
        // Second moment of the service time: 1 + cv².
        let square = match self.law {
            Law::Exponential => 2.0,
            Law::Constant => 1.0,
            Law::Hyperexponential => 5.0,
        };
        if servers == 1 {
            // Pollaczek–Khinchine.
            return 1.0 + load * square / (2.0 * (1.0 - load));
        }
        // Erlang's C by the recursion of his B.
        let offered = servers as f64 * load;
        let blocked = (1..=servers).fold(1.0, |blocked, servers| {
            offered * blocked / (servers as f64 + offered * blocked)
        });
        let waits = blocked / (1.0 - load * (1.0 - blocked));
        1.0 + waits / (servers as f64 - offered)
    }

    /// Returns the true percentile of the time in system of M/M/1, which is exponential.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        -(1.0 - share).ln() / (1.0 - self.load)
    }

    /// Plays customers and returns the time in system of each (Lindley; Kiefer and Wolfowitz).
    pub(crate) fn play(&self, customers: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
        // Work before each server, in ascending order.
        let mut work = vec![0.0; self.servers];
        let gap = 1.0 / (self.load * self.servers as f64);
        (0..customers)
            .map(|_| {
                let service = self.law.draw(random);
                let time = work[0] + service;
                work[0] = time;
                let mut place = 0;
                while place + 1 < work.len() && work[place] > work[place + 1] {
                    work.swap(place, place + 1);
                    place += 1;
                }
                let passed = gap * exponential(random);
                for work in &mut work {
                    *work = (*work - passed).max(0.0);
                }
                time
            })
            .collect()
    }
}

impl Law {
    fn draw(self, random: &mut ChaCha8Rng) -> f64 {
        match self {
            Self::Exponential => exponential(random),
            Self::Constant => 1.0,
            Self::Hyperexponential => {
                let slow = (1.0 - 0.6_f64.sqrt()) / 2.0; // √((cv² − 1) ÷ (cv² + 1)), cv = 2
                let share = if random.random::<f64>() < slow {
                    slow
                } else {
                    1.0 - slow
                };
                exponential(random) / (2.0 * share)
            }
        }
    }
}

/// Draws from the exponential law with mean 1.
pub(crate) fn exponential(random: &mut ChaCha8Rng) -> f64 {
    -(1.0 - random.random::<f64>()).ln()
}

/// Draws from the normal law with mean 0 and variance 1 (Box and Muller).
pub(crate) fn normal(random: &mut ChaCha8Rng) -> f64 {
    let angle = std::f64::consts::TAU * random.random::<f64>();
    (2.0 * exponential(random)).sqrt() * angle.cos()
}
