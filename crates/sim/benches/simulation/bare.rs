//! The floor: the same queue as a bare loop, with a heap of instants, random numbers and sums.
//!
//! It knows no worker, core, connection, client or patience, and reports nothing. Its random numbers are those
//! of the same generator, in sequence instead of by address.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::timing::milliseconds;
use super::{ARRIVALS, Played, SERVICES};

const SERVERS: usize = 4;
const SECOND: f64 = 1e9;

/// An event of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival,
    Departure { arrived: u64 },
}

/// Plays M/M/4 as a bare loop.
pub(crate) fn queue(seed: u64, customers: u64) -> Played {
    let (mean, took) = milliseconds(|| mean_time_in_system(seed, customers));
    Played {
        seconds: took / 1e3,
        mean,
    }
}

fn mean_time_in_system(seed: u64, customers: u64) -> f64 {
    let mut numbers = ChaCha8Rng::seed_from_u64(seed);
    let mut exponential =
        |rate: u32| (-(1.0 - numbers.random::<f64>()).ln() / f64::from(rate) * SECOND) as u64;
    let mut events = BinaryHeap::from([Reverse((exponential(ARRIVALS), Event::Arrival))]);
    let mut waiting: VecDeque<u64> = VecDeque::new();
    let (mut idle, mut arrivals, mut total) = (SERVERS, 0, 0_u64);
    while let Some(Reverse((now, event))) = events.pop() {
        match event {
            Event::Arrival => {
                waiting.push_back(now);
                arrivals += 1;
                if arrivals < customers {
                    events.push(Reverse((now + exponential(ARRIVALS), Event::Arrival)));
                }
            }
            Event::Departure { arrived } => {
                total += now - arrived;
                idle += 1;
            }
        }
        if idle > 0
            && let Some(arrived) = waiting.pop_front()
        {
            idle -= 1;
            let end = now + exponential(SERVICES);
            events.push(Reverse((end, Event::Departure { arrived })));
        }
    }
    total as f64 / customers as f64 / SECOND
}
