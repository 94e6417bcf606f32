//! No closed form knows of clients who give up: where some do, none applies.

use super::{Forecast, Times};
use crate::scenario::{Arrivals, Scenario, Warmup};
use crate::theory::attempt;
use crate::units::Elapsed;

/// The longest warm-up where the file does not say how long it is.
const LONGEST_WARMUP: Elapsed = Elapsed::from_secs(10);
/// Of means alone it is known that few take so many times as long.
const SELDOM_LONGER: f64 = 3.0;
/// In a closed load all wait about as long as the mean.
const A_LITTLE_LONGER: f64 = 1.2;

/// Fails if clients give up before they have what was computed.
pub(super) fn lasts(forecast: &Forecast, scenario: &Scenario) -> Result<(), String> {
    let patience = scenario.load.patience;
    let most = match &forecast.times {
        Some(times) => longest(times, scenario),
        None => wait_at_the_end(forecast, scenario),
    };
    if most > patience.as_secs_f64() {
        return Err(format!("clients give up after {patience}"));
    }
    Ok(())
}

/// What all but a few take at most, in seconds.
fn longest(times: &Times, scenario: &Scenario) -> f64 {
    let factor = match scenario.load.arrivals {
        Arrivals::Open { .. } => SELDOM_LONGER,
        Arrivals::Closed { .. } => A_LITTLE_LONGER,
    };
    let p99 = times.percentiles.map(|[_, _, p99]| p99);
    let alone = times.mean - times.wait;
    p99.unwrap_or(alone + factor * times.wait)
}

/// What the last that comes waits if the queue grows all the time, in seconds.
fn wait_at_the_end(forecast: &Forecast, scenario: &Scenario) -> f64 {
    let Arrivals::Open { rate, .. } = scenario.load.arrivals else {
        return 0.0;
    };
    let warmup = match scenario.warmup {
        Warmup::For(length) => length,
        Warmup::UntilEveryoneWasAnswered => LONGEST_WARMUP,
    };
    let lasts = (warmup + scenario.duration).as_secs_f64();
    (rate / forecast.throughput - 1.0) * lasts + attempt::mean(scenario).inside
}
