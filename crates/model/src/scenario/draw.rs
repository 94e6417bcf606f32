//! Random draws for requests: script, instant and demands, from the seed alone.
//!
//! Each draw has its own random stream, addressed by *(seed, purpose, request, step)* and not by the number of
//! draws before it. So the n-th request is the same in every variant, under every engine and on every machine,
//! in whatever order the workers run, and it can be drawn again anywhere. The streams are those of a cipher
//! (see `stream.rs`), the logarithms `libm`'s, since those of the platform differ in the last bit. This module
//! has no clock: it returns durations, never the current time.
//!
//! ```text
//!   arrivals   1  2    3 4      5        unit rate: 1, 2, 3 ... on average
//!   / 2 per s  12  34   5                another rate rescales the same ones
//! ```

use super::stream::{Key, LANES, STRETCH, beginning, beginnings, stretch};
use super::{Arrivals, Draw, Process, Request, Scenario};
use crate::units::Elapsed;

/// Maximum of a draw, in nanoseconds: one hour. An exponential has no largest value, a run has.
pub const LONGEST: u64 = 3_600_000_000_000;

/// The 99 % quantile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// Number of remembered groups of four streams: enough for the requests in flight at once.
const KNOWN: usize = 128;

/// Purpose of a stream; streams of different purposes share nothing.
#[derive(Clone, Copy)]
enum Purpose {
    Class = 1,
    Demand = 2,
    Think = 3,
    Arrival = 4,
    Overshoot = 5,
    Choice = 6,
    Jitter = 7,
}

/// Returns the index in [`Scenario::requests`] of the n-th request of a run, by the shares of the mix.
///
/// # Panics
///
/// If all weights are zero; a valid scenario has a positive weight.
#[must_use]
pub fn class_of(scenario: &Scenario, n: u64) -> usize {
    if scenario.requests.len() == 1 {
        return 0;
    }
    let mix = || in_the_mix(&scenario.requests);
    let (last, _) = mix().last().expect("a valid scenario asks for something");
    if mix().nth(1).is_none() {
        return last;
    }
    let total: f64 = mix().map(|(_, weight)| weight).sum();
    let [chance, _] = alone(scenario.seed, Purpose::Class, n, 0);
    let mut left = total * fraction(chance);
    for (class, weight) in mix() {
        left -= weight;
        if left < 0.0 {
            return class;
        }
    }
    last // the sum of the shares was rounded
}

/// Returns the demands of request `n` for each step that has a duration, in the script's order, in nanoseconds.
#[must_use]
pub fn demands(scenario: &Scenario, class: usize, n: u64) -> Vec<u64> {
    let script = &scenario.requests[class].script;
    let steps = script.iter().enumerate();
    steps
        .filter(|(_, what)| what.duration().is_some())
        .map(|(step, _)| demand(scenario, class, n, step))
        .collect()
}

/// Returns the demand of request `n` for one step of its script, in nanoseconds; zero for a step without a
/// duration.
#[must_use]
pub fn demand(scenario: &Scenario, class: usize, n: u64, step: usize) -> u64 {
    let draw = scenario.requests[class].script[step].duration();
    draw.map_or(0, |draw| {
        one_of(draw, || {
            alone(scenario.seed, Purpose::Demand, n, step as u64)
        })
    })
}

/// The same demands, for a caller that draws millions roughly in the order of the requests. Four neighbouring
/// requests cost as much to draw as one, so it remembers all four.
#[derive(Clone, Debug)]
pub struct Demands {
    seed: u64,
    /// Direct-mapped: each group has one slot.
    known: Vec<Neighbours>,
}

/// Initial values of the streams of one step for several requests, from the first of these on.
#[derive(Clone, Copy, Debug)]
struct Neighbours {
    first: u64,
    step: usize,
    beginnings: [[u64; 2]; LANES],
}

impl Demands {
    /// Returns the demands of the runs with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let none = Neighbours {
            first: u64::MAX,
            step: 0,
            beginnings: [[0; 2]; LANES],
        };
        Self {
            seed,
            known: vec![none; KNOWN],
        }
    }

    /// Returns the demand of request `n` for a step with this draw.
    #[inline]
    pub fn of(&mut self, n: u64, step: usize, draw: &Draw) -> u64 {
        one_of(draw, || self.beginning(n, step))
    }

    #[inline]
    fn beginning(&mut self, n: u64, step: usize) -> [u64; 2] {
        let neighbour = n % LANES as u64;
        let first = n - neighbour;
        let place = (n / LANES as u64) as usize + 37 * step;
        let known = &mut self.known[place % KNOWN];
        if (known.first, known.step) != (first, step) {
            let key = key(self.seed, Purpose::Demand, step as u64);
            *known = Neighbours {
                first,
                step,
                beginnings: beginnings(&key, first),
            };
        }
        known.beginnings[neighbour as usize]
    }
}

/// Returns a number between 0 and 1 for a chance event on a simulated machine: the overshoot of the `n`-th
/// wait.
#[must_use]
pub fn overshoot(seed: u64, n: u64) -> f64 {
    let [chance, _] = alone(seed, Purpose::Overshoot, n, 0);
    fraction(chance)
}

/// Returns the `n`-th choice among equals, below `among`: the thread that gets a lock, the worker that gets a
/// connection.
#[must_use]
pub fn choice(seed: u64, n: u64, among: usize) -> usize {
    let most = among.saturating_sub(1) as u64;
    let [chance, _] = alone(seed, Purpose::Choice, n, 0);
    between(0, most, chance) as usize
}

/// Returns the number of extra requests that the `n`-th process of a server serves, at most `most`.
#[must_use]
pub fn jitter(seed: u64, n: u64, most: u64) -> u64 {
    let [chance, _] = alone(seed, Purpose::Jitter, n, 0);
    between(0, most, chance)
}

/// Returns the pause between an answer and request `n` of the same client. Zero for open loads, which have no
/// clients.
#[must_use]
pub fn think(scenario: &Scenario, n: u64) -> Elapsed {
    match &scenario.load.arrivals {
        Arrivals::Open { .. } => Elapsed::ZERO,
        Arrivals::Closed { think, .. } => {
            Elapsed(one_of(think, || alone(scenario.seed, Purpose::Think, n, 0)))
        }
    }
}

/// Returns the due time of each request of an open load, since the load's beginning. Endless; empty for a
/// closed load, where answers decide.
///
/// Arrivals at unit rate are divided by the rate: a longer run begins with the shorter one, and another rate
/// rescales the same arrivals. A timeline's changes of rate are not in them: see [`at_unit_rate`].
pub fn arrivals(scenario: &Scenario) -> impl Iterator<Item = Elapsed> + use<> {
    let (rate, process) = match scenario.load.arrivals {
        Arrivals::Closed { .. } => (0.0, Process::Constant),
        Arrivals::Open { rate, process } => (rate, process),
    };
    at_unit_rate(scenario.seed, process)
        .take_while(move |_| rate > 0.0)
        .map(move |units| after(units, rate))
}

/// Returns the time that `units` take at a rate per second.
#[must_use]
pub fn after(units: f64, rate: f64) -> Elapsed {
    Elapsed(rounded(units / rate * 1e9))
}

/// Returns the arrivals of an open load as instants, one per unit of time on average. They are the same for
/// every rate and every change of rate.
pub fn at_unit_rate(seed: u64, process: Process) -> impl Iterator<Item = f64> + use<> {
    let key = key(seed, Purpose::Arrival, 0);
    let mut gaps = [0.0; STRETCH];
    let mut count = 0_usize;
    let mut now = 0.0;
    std::iter::repeat_with(move || {
        let place = count % STRETCH;
        count += 1;
        match process {
            Process::Poisson => {
                if place == 0 {
                    let which = (count / STRETCH) as u64;
                    // All at once: a processor computes several logarithms at a time.
                    for (gap, number) in gaps.iter_mut().zip(stretch(&key, 0, which)) {
                        *gap = -libm::log(fraction(number));
                    }
                }
                now += gaps[place];
                now
            }
            Process::Constant => (count - 1) as f64,
        }
    })
}

/// Returns the requests that have a share of the mix, with that share.
fn in_the_mix(requests: &[Request]) -> impl Iterator<Item = (usize, f64)> {
    let weights = requests.iter().map(|request| request.weight);
    weights.enumerate().filter(|(_, weight)| *weight > 0.0)
}

/// Returns one value of `draw`, from the first numbers of a stream; a fixed one costs no randomness.
#[inline]
fn one_of(draw: &Draw, numbers: impl FnOnce() -> [u64; 2]) -> u64 {
    let length = match *draw {
        Draw::Fixed(length) => length,
        Draw::Uniform { low, high } => between(low, high, numbers()[0]),
        Draw::Exponential { mean } => rounded(mean as f64 * -libm::log(fraction(numbers()[0]))),
        Draw::Lognormal { median, p99 } => {
            let spread = libm::log(p99 as f64 / median as f64) / NORMAL_P99;
            rounded(median as f64 * libm::exp(spread * normal(numbers())))
        }
        Draw::Pareto { least, shape, most } => {
            let tail = libm::exp(-libm::log(fraction(numbers()[0])) / shape);
            rounded(least as f64 * tail).min(most)
        }
    };
    length.min(LONGEST)
}

/// Returns a whole number from `low` to `high`, uniformly.
fn between(low: u64, high: u64, number: u64) -> u64 {
    let values = u128::from(high - low) + 1;
    low + ((u128::from(number) * values) >> 64) as u64
}

/// Returns a standard normal value, by Box and Muller's transform.
fn normal([first, second]: [u64; 2]) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(fraction(first)));
    radius * libm::cos(std::f64::consts::TAU * fraction(second))
}

/// Returns a number strictly between 0 and 1, so that its logarithm exists: 53 random bits and a half.
fn fraction(number: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    ((number >> 11) as f64 + 0.5) * STEP
}

/// Rounds to whole nanoseconds, halves up, as [`f64::round`] does where it is an instruction and no call.
/// Saturates at the largest value.
fn rounded(length: f64) -> u64 {
    let whole = length as u64;
    whole.saturating_add(u64::from(length - whole as f64 >= 0.5))
}

/// Returns the first two numbers of the stream with this address, which are enough for any draw.
fn alone(seed: u64, purpose: Purpose, request: u64, step: u64) -> [u64; 2] {
    beginning(&key(seed, purpose, step), request)
}

/// Returns the cipher's key: seed, purpose and step. The request is its nonce.
fn key(seed: u64, purpose: Purpose, step: u64) -> Key {
    [seed, purpose as u64, step, 0]
}

#[cfg(test)]
mod tests;
