//! Random draws for requests: script, instant and demands, from the seed alone.
//!
//! Each draw has its own random numbers, addressed by *(seed, purpose, request, step)* and not by the number of
//! draws before it. So the n-th request is the same in every variant, under every engine and on every machine,
//! in whatever order the workers run, and it can be drawn again anywhere. The numbers are those of `rand` (see
//! `stream.rs`). This module has no clock: it returns durations, never the current time.
//!
//! ```text
//!   arrivals   1  2    3 4      5        unit rate: 1, 2, 3 ... on average
//!   / 2 per s  12  34   5                another rate rescales the same ones
//! ```

use rand::Rng as _;
use rand::rngs::ChaCha8Rng;

use super::stream::{Numbers, Purpose, Streams, beginning, numbers, numbers_of_version_1};
use super::{Arrivals, Draw, Process, Request, Scenario};
use crate::units::Elapsed;

/// Maximum of a draw, in nanoseconds: one hour. An exponential has no largest value, a run has.
pub const LONGEST: u64 = 3_600_000_000_000;

/// The 99 % quantile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// Version of the draws: the same seed and the same version give the same draws.
pub const VERSION: u32 = 2;

/// Returns the index in [`Scenario::requests`] of the n-th request of a run, by the shares of the mix.
///
/// # Panics
///
/// If all weights are zero; a valid scenario has a positive weight.
#[must_use]
pub fn class_of(scenario: &Scenario, n: u64) -> usize {
    class_by(scenario, || numbers(scenario.seed, Purpose::Class, 0, n))
}

/// Returns the demands of request `n` for each step that has a duration, in the script's order, in nanoseconds.
#[must_use]
pub fn demands(scenario: &Scenario, class: usize, n: u64) -> Vec<u64> {
    demands_in_version(VERSION, scenario, class, n)
}

/// Returns the same demands as a program with this version of the draws.
#[must_use]
pub fn demands_in_version(version: u32, scenario: &Scenario, class: usize, n: u64) -> Vec<u64> {
    let numbers = match version {
        1 => numbers_of_version_1,
        _ => numbers,
    };
    let steps = scenario.requests[class].script.iter().enumerate();
    steps
        .filter_map(|(step, what)| Some((step, what.duration()?)))
        .map(|(step, draw)| one_of(draw, || numbers(scenario.seed, Purpose::Demand, step, n)))
        .collect()
}

/// Returns the demand of request `n` for one step of its script, in nanoseconds; zero for a step without a
/// duration.
#[must_use]
pub fn demand(scenario: &Scenario, class: usize, n: u64, step: usize) -> u64 {
    let draw = scenario.requests[class].script[step].duration();
    draw.map_or(0, |draw| {
        one_of(draw, || numbers(scenario.seed, Purpose::Demand, step, n))
    })
}

/// The same draws, for a caller that draws millions roughly in the order of the requests.
#[derive(Debug)]
pub struct Draws(Streams);

impl Draws {
    /// Returns the draws of the runs with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Streams::new(seed))
    }

    /// Returns the class of request `n`: see [`class_of`].
    ///
    /// # Panics
    ///
    /// If all weights are zero.
    #[inline]
    pub fn class_of(&mut self, scenario: &Scenario, n: u64) -> usize {
        class_by(scenario, || self.0.numbers(Purpose::Class, 0, n))
    }

    /// Returns the demand of request `n` for a step with this draw.
    #[inline]
    pub fn demand(&mut self, n: u64, step: usize, draw: &Draw) -> u64 {
        one_of(draw, || self.0.numbers(Purpose::Demand, step, n))
    }

    /// Returns the pause before request `n`: see [`think`].
    #[inline]
    pub fn think(&mut self, scenario: &Scenario, n: u64) -> Elapsed {
        think_by(scenario, || self.0.numbers(Purpose::Think, 0, n))
    }

    /// Returns a number between 0 and 1 for a chance event on a simulated machine: the overshoot of the `n`-th
    /// wait.
    #[inline]
    pub fn overshoot(&mut self, n: u64) -> f64 {
        let [chance, _] = self.0.numbers(Purpose::Overshoot, 0, n);
        fraction(chance)
    }

    /// Returns the `n`-th choice among equals, below `among`: the thread that gets a lock, the worker that gets
    /// a connection. A single one, or none, costs no randomness.
    #[inline]
    pub fn choice(&mut self, n: u64, among: usize) -> usize {
        if among < 2 {
            return 0;
        }
        let [chance, _] = self.0.numbers(Purpose::Choice, 0, n);
        between(0, among as u64 - 1, chance) as usize
    }
}

/// Returns the number of extra requests that the `n`-th process of a server serves, at most `most`.
#[must_use]
pub fn jitter(seed: u64, n: u64, most: u64) -> u64 {
    let [chance, _] = numbers(seed, Purpose::Jitter, 0, n);
    between(0, most, chance)
}

/// Returns the pause after the `n`-th fork of a server, at most `most`, in nanoseconds.
#[must_use]
pub fn respawn_pause(seed: u64, n: u64, most: u64) -> u64 {
    let [chance, _] = numbers(seed, Purpose::Respawn, 0, n);
    between(0, most, chance)
}

/// Returns the pause between an answer and request `n` of the same client. Zero for open loads, which have no
/// clients.
#[must_use]
pub fn think(scenario: &Scenario, n: u64) -> Elapsed {
    think_by(scenario, || numbers(scenario.seed, Purpose::Think, 0, n))
}

/// Returns the due time of each request of an open load, since the load's beginning. Endless; empty for a
/// closed load, where answers decide, and for a scheduled one, whose jobs hold them.
///
/// Arrivals at unit rate are divided by the rate: a longer run begins with the shorter one, and another rate
/// rescales the same arrivals. A timeline's changes of rate are not in them: see [`at_unit_rate`].
pub fn arrivals(scenario: &Scenario) -> impl Iterator<Item = Elapsed> + use<> {
    let (rate, process) = match scenario.load.arrivals {
        Arrivals::Closed { .. } | Arrivals::Scheduled => (0.0, Process::Constant),
        Arrivals::Open { rate, process } => (rate, process),
    };
    at_unit_rate(scenario.seed, process)
        .take_while(move |_| rate > 0.0)
        .map(move |units| after(units, rate))
}

/// Returns the time that `units` take at a rate per second.
#[must_use]
#[inline]
pub fn after(units: f64, rate: f64) -> Elapsed {
    Elapsed(rounded(units / rate * 1e9))
}

/// Arrivals of an open load as instants, one per unit of time on average. They are the same for every rate and
/// every change of rate. Endless.
#[derive(Debug)]
pub struct UnitArrivals {
    gaps: ChaCha8Rng,
    process: Process,
    count: u64,
    now: f64,
}

/// Returns the arrivals at unit rate of a seed.
#[must_use]
pub fn at_unit_rate(seed: u64, process: Process) -> UnitArrivals {
    UnitArrivals {
        gaps: beginning(seed, Purpose::Arrival),
        process,
        count: 0,
        now: 0.0,
    }
}

impl Iterator for UnitArrivals {
    type Item = f64;

    #[inline]
    fn next(&mut self) -> Option<f64> {
        self.now = match self.process {
            Process::Poisson => self.now - libm::log(fraction(self.gaps.next_u64())),
            Process::Constant => self.count as f64,
        };
        self.count += 1;
        Some(self.now)
    }
}

/// Returns a class by the shares of the mix; a single one costs no randomness.
#[inline]
fn class_by(scenario: &Scenario, numbers: impl FnOnce() -> Numbers) -> usize {
    if scenario.requests.len() == 1 {
        return 0;
    }
    let mix = || in_the_mix(&scenario.requests);
    let (last, _) = mix().last().expect("a valid scenario asks for something");
    if mix().nth(1).is_none() {
        return last;
    }
    let total: f64 = mix().map(|(_, weight)| weight).sum();
    let [chance, _] = numbers();
    let mut left = total * fraction(chance);
    for (class, weight) in mix() {
        left -= weight;
        if left < 0.0 {
            return class;
        }
    }
    last // the sum of the shares was rounded
}

/// Returns the requests that have a share of the mix, with that share.
fn in_the_mix(requests: &[Request]) -> impl Iterator<Item = (usize, f64)> {
    let weights = requests.iter().map(|request| request.weight);
    weights.enumerate().filter(|(_, weight)| *weight > 0.0)
}

/// Returns a client's pause.
#[inline]
fn think_by(scenario: &Scenario, numbers: impl FnOnce() -> Numbers) -> Elapsed {
    match &scenario.load.arrivals {
        Arrivals::Open { .. } | Arrivals::Scheduled => Elapsed::ZERO,
        Arrivals::Closed { think, .. } => Elapsed(one_of(think, numbers)),
    }
}

/// Returns one value of `draw`; a fixed one costs no randomness.
///
/// The laws are computed with `libm`, which has the same bits on every machine. Those of `rand_distr` call the
/// platform's logarithm as soon as any crate of the program enables `std` of `num-traits`, as `hdrhistogram` does.
#[inline]
fn one_of(draw: &Draw, numbers: impl FnOnce() -> Numbers) -> u64 {
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
#[inline]
fn between(low: u64, high: u64, number: u64) -> u64 {
    let values = u128::from(high - low) + 1;
    low + ((u128::from(number) * values) >> 64) as u64
}

/// Returns a standard normal value, by Box and Muller's transform.
fn normal([first, second]: Numbers) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(fraction(first)));
    radius * libm::cos(std::f64::consts::TAU * fraction(second))
}

/// Returns a number strictly between 0 and 1, so that its logarithm exists: 53 random bits and a half.
#[inline]
fn fraction(number: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    ((number >> 11) as f64 + 0.5) * STEP
}

/// Rounds to whole nanoseconds, halves up, as [`f64::round`] does where it is an instruction and no call.
/// Saturates at the largest value.
#[inline]
fn rounded(length: f64) -> u64 {
    let whole = length as u64;
    whole.saturating_add(u64::from(length - whole as f64 >= 0.5))
}

#[cfg(test)]
mod tests;
