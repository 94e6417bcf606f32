//! A run begins empty: its first requests find no queue, and its first answers take time to come. A closed form
//! is of the long run, so that it applies where the window begins late enough, or is long enough.

use super::work::Work;
use super::{Forecast, Model, Times};
use concsim_model::scenario::{Arrivals, Scenario, Warmup};
use concsim_model::units::Elapsed;

/// The least and the longest warm-up where the file does not say how long it is.
const LEAST_WARMUP: Elapsed = Elapsed::from_secs(1);
const LONGEST_WARMUP: Elapsed = Elapsed::from_secs(10);
/// A part of the window that is lost to the empty beginning, and moves means by about as much.
const NOTED: f64 = 0.05;

/// The longest that the warm-up may be.
pub(super) fn length_of_warmup(scenario: &Scenario) -> Elapsed {
    match scenario.warmup {
        Warmup::For(length) => length,
        Warmup::UntilEveryoneWasAnswered => LONGEST_WARMUP,
    }
}

/// Fails if the means of the window are those of a run that has just begun.
pub(super) fn is_over(forecast: &Forecast, work: &Work<'_>) -> Result<(), String> {
    let scenario = work.scenario;
    let settles = settles_in(forecast, work);
    let warmup = match scenario.warmup {
        Warmup::For(length) => length.as_secs_f64(),
        Warmup::UntilEveryoneWasAnswered => match scenario.load.arrivals {
            Arrivals::Open { .. } => LEAST_WARMUP.as_secs_f64(),
            Arrivals::Closed { .. } => {
                settles.clamp(LEAST_WARMUP.as_secs_f64(), LONGEST_WARMUP.as_secs_f64())
            }
        },
    };
    let lost = match scenario.load.arrivals {
        // The queue grows to its mean ever more slowly …
        Arrivals::Open { .. } => settles * libm::exp(-warmup / settles),
        // … or stands as soon as all clients are there.
        Arrivals::Closed { .. } => (settles - warmup).max(0.0),
    };
    let window = scenario.duration;
    if lost <= NOTED * window.as_secs_f64() {
        return Ok(());
    }
    let [settles, warmup] = [settles, warmup].map(|it| Elapsed((it * 1e9) as u64));
    Err(format!(
        "a run begins empty and takes about {settles} to settle: a warm-up of {warmup} is short for a window of \
         {window}"
    ))
}

/// Time from the first request until as many are there as in the long run, in seconds.
fn settles_in(forecast: &Forecast, work: &Work<'_>) -> f64 {
    let alone = work.alone.mean;
    match (&work.scenario.load.arrivals, &forecast.times) {
        (_, None) => alone,
        (Arrivals::Closed { ramp, .. }, Some(times)) => ramp.as_secs_f64() + times.mean,
        (Arrivals::Open { rate, .. }, Some(times)) => {
            alone
                + match forecast.model {
                    Model::Mmck(_, places) => places as f64 / rate,
                    _ => while_it_grows(forecast, times),
                }
        }
    }
}

/// In M/M/1 the queue lacks for S ÷ (1 − ρ)² as many as it has in the long run, which is W ÷ ρ(1 − ρ) by its
/// mean wait W. The queues of other forms are taken to grow alike.
fn while_it_grows(forecast: &Forecast, times: &Times) -> f64 {
    let used = forecast.utilisation;
    if used <= 0.0 || times.wait <= 0.0 {
        return 0.0;
    }
    times.wait / (used * (1.0 - used).max(1e-3))
}
