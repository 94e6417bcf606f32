//! What a request asks for, when, and of which kind: draws that depend on the seed alone.
//!
//! Each draw has its own random stream, addressed by *(seed, purpose, request, step)* and not by how
//! many draws came before it. So the n-th request is the same in every variant, under every engine
//! and on every machine, however the workers interleave; and it can be drawn again by whoever needs
//! it. The streams are those of a cipher (see `stream.rs`), the logarithms `libm`'s, since those of
//! the platform differ in the last bit. This module knows nothing of clocks: it says how long, never when it is now.
//!
//! ```text
//!   arrivals   1  2    3 4      5        unit rate: 1, 2, 3 ... on average
//!   / 2 per s  12  34   5                another rate rescales the same ones
//! ```

use super::stream::Stream;
use super::{Arrivals, Draw, Process, Request, Scenario};
use crate::units::Elapsed;

/// No draw is longer than an hour, in nanoseconds: an exponential has no largest value, a run has.
pub const LONGEST: u64 = 3_600_000_000_000;

/// The 99 % quantile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// What a stream is for; streams of different purposes share nothing.
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

/// Which of [`Scenario::requests`] the n-th request of a run is, by the shares of the mix.
///
/// # Panics
///
/// If all weights are zero; a valid scenario has one that is not.
#[must_use]
pub fn class_of(scenario: &Scenario, n: u64) -> usize {
    let mix = || in_the_mix(&scenario.requests);
    let (last, _) = mix().last().expect("a valid scenario asks for something");
    if mix().nth(1).is_none() {
        return last;
    }
    let total: f64 = mix().map(|(_, weight)| weight).sum();
    let mut left = total * fraction(&mut stream(scenario.seed, Purpose::Class, n, 0));
    for (class, weight) in mix() {
        left -= weight;
        if left < 0.0 {
            return class;
        }
    }
    last // the sum of the shares was rounded
}

/// What request `n` asks of each step that has a duration, in the script's order, in nanoseconds.
#[must_use]
pub fn demands(scenario: &Scenario, class: usize, n: u64) -> Vec<u64> {
    let script = &scenario.requests[class].script;
    let steps = script.iter().enumerate();
    steps
        .filter(|(_, what)| what.duration().is_some())
        .map(|(step, _)| demand(scenario, class, n, step))
        .collect()
}

/// What request `n` asks of one step of its script, in nanoseconds; zero of a step without a duration.
#[must_use]
pub fn demand(scenario: &Scenario, class: usize, n: u64, step: usize) -> u64 {
    let draw = scenario.requests[class].script[step].duration();
    draw.map_or(0, |draw| {
        one_of(draw, || {
            stream(scenario.seed, Purpose::Demand, n, step as u64)
        })
    })
}

/// A number between 0 and 1 for what happens by chance on a simulated machine: by how much the `n`-th
/// wait takes longer.
#[must_use]
pub fn overshoot(seed: u64, n: u64) -> f64 {
    fraction(&mut stream(seed, Purpose::Overshoot, n, 0))
}

/// The same for the `n`-th choice among those who are equal: which thread gets a lock, which worker a
/// connection.
#[must_use]
pub fn choice(seed: u64, n: u64, among: usize) -> usize {
    let most = among.saturating_sub(1) as u64;
    between(0, most, &mut stream(seed, Purpose::Choice, n, 0)) as usize
}

/// How many requests more than others the `n`-th process of a server serves, at most `most`.
#[must_use]
pub fn jitter(seed: u64, n: u64, most: u64) -> u64 {
    between(0, most, &mut stream(seed, Purpose::Jitter, n, 0))
}

/// How long the client that was answered pauses before it sends request `n`. Zero for open loads,
/// where nobody waits for anybody.
#[must_use]
pub fn think(scenario: &Scenario, n: u64) -> Elapsed {
    match &scenario.load.arrivals {
        Arrivals::Open { .. } => Elapsed::ZERO,
        Arrivals::Closed { think, .. } => Elapsed(one_of(think, || {
            stream(scenario.seed, Purpose::Think, n, 0)
        })),
    }
}

/// When each request of an open load is due, counted from the load's beginning; endless, and empty
/// for a closed load, where answers decide.
///
/// Arrivals at unit rate are divided by the rate: a longer run begins with the shorter one, and
/// another rate rescales the same arrivals. What a timeline does to the rate is not in them: see
/// [`at_unit_rate`].
pub fn arrivals(scenario: &Scenario) -> impl Iterator<Item = Elapsed> + use<> {
    let (rate, process) = match scenario.load.arrivals {
        Arrivals::Closed { .. } => (0.0, Process::Constant),
        Arrivals::Open { rate, process } => (rate, process),
    };
    at_unit_rate(scenario.seed, process)
        .take_while(move |_| rate > 0.0)
        .map(move |units| after(units, rate))
}

/// How long so many units take at a rate per second.
#[must_use]
pub fn after(units: f64, rate: f64) -> Elapsed {
    Elapsed((units / rate * 1e9).round() as u64)
}

/// The arrivals of an open load as instants, one per unit of time on average: whatever its rate is, and
/// however often that changes, these are the ones that come.
pub fn at_unit_rate(seed: u64, process: Process) -> impl Iterator<Item = f64> + use<> {
    let mut stream = stream(seed, Purpose::Arrival, 0, 0);
    let mut count = 0_u64;
    let mut now = 0.0;
    std::iter::repeat_with(move || match process {
        Process::Poisson => {
            now += -libm::log(fraction(&mut stream));
            now
        }
        Process::Constant => {
            count += 1;
            (count - 1) as f64
        }
    })
}

/// Requests that have a share of the mix, with that share.
fn in_the_mix(requests: &[Request]) -> impl Iterator<Item = (usize, f64)> {
    let weights = requests.iter().map(|request| request.weight);
    weights.enumerate().filter(|(_, weight)| *weight > 0.0)
}

/// One value of `draw`; a fixed one costs no randomness.
fn one_of(draw: &Draw, stream: impl FnOnce() -> Stream) -> u64 {
    let length = match *draw {
        Draw::Fixed(length) => length,
        Draw::Uniform { low, high } => between(low, high, &mut stream()),
        Draw::Exponential { mean } => rounded(mean as f64 * -libm::log(fraction(&mut stream()))),
        Draw::Lognormal { median, p99 } => {
            let spread = libm::log(p99 as f64 / median as f64) / NORMAL_P99;
            rounded(median as f64 * libm::exp(spread * normal(&mut stream())))
        }
        Draw::Pareto { least, shape, most } => {
            let tail = libm::exp(-libm::log(fraction(&mut stream())) / shape);
            rounded(least as f64 * tail).min(most)
        }
    };
    length.min(LONGEST)
}

/// A whole number from `low` to `high`, each as likely as the others.
fn between(low: u64, high: u64, stream: &mut Stream) -> u64 {
    let values = u128::from(high - low) + 1;
    low + ((u128::from(stream.next_u64()) * values) >> 64) as u64
}

/// A standard normal value, by Box and Muller's transform.
fn normal(stream: &mut Stream) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(fraction(stream)));
    radius * libm::cos(std::f64::consts::TAU * fraction(stream))
}

/// A number strictly between 0 and 1, so that its logarithm exists: 53 random bits and a half.
fn fraction(stream: &mut Stream) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    ((stream.next_u64() >> 11) as f64 + 0.5) * STEP
}

/// To whole nanoseconds; what does not fit becomes the largest.
fn rounded(length: f64) -> u64 {
    length.round() as u64
}

/// The stream with this address, at its beginning: seed, purpose and step are the cipher's key, the
/// request is its nonce.
fn stream(seed: u64, purpose: Purpose, request: u64, step: u64) -> Stream {
    Stream::new([seed, purpose as u64, step, 0], request)
}

#[cfg(test)]
mod tests;
