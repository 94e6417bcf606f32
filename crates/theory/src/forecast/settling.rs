//! Start-up of a run: its first requests find no queue, and its first answers take time to come. A closed
//! form is of the long run, so it applies if the window begins late enough, or is long enough.

use super::work::Work;
use super::{Forecast, Model, Times};
use concsim_model::scenario::{Arrivals, Scenario, Warmup};
use concsim_model::units::Elapsed;

/// Minimal and maximal warm-up if the file does not set it.
const LEAST_WARMUP: Elapsed = Elapsed::from_secs(1);
const LONGEST_WARMUP: Elapsed = Elapsed::from_secs(10);
/// Part of the window that may be lost to the empty beginning; means change by about as much.
const MIN_NOTED_SHARE: f64 = 0.05;

/// Returns the maximal length of the warm-up.
pub(super) fn length_of_warmup(scenario: &Scenario) -> Elapsed {
    match scenario.warmup {
        Warmup::For(length) => length,
        Warmup::UntilEveryoneWasAnswered => LONGEST_WARMUP,
    }
}

/// Fails if the means of the window are dominated by the beginning of the run.
pub(super) fn is_over(forecast: &Forecast, work: &Work<'_>) -> Result<(), String> {
    let scenario = work.scenario;
    let settles = settling_time(forecast, work);
    let warmup = match scenario.warmup {
        Warmup::For(length) => length.as_secs_f64(),
        Warmup::UntilEveryoneWasAnswered => match scenario.load.arrivals {
            Arrivals::Open { .. } | Arrivals::Scheduled => LEAST_WARMUP.as_secs_f64(),
            Arrivals::Closed { .. } => {
                settles.clamp(LEAST_WARMUP.as_secs_f64(), LONGEST_WARMUP.as_secs_f64())
            }
        },
    };
    let lost = match scenario.load.arrivals {
        // The queue approaches its mean ever more slowly …
        Arrivals::Open { .. } | Arrivals::Scheduled => settles * libm::exp(-warmup / settles),
        // … or is complete once all clients have arrived.
        Arrivals::Closed { .. } => (settles - warmup).max(0.0),
    };
    let window = scenario.duration;
    if lost <= MIN_NOTED_SHARE * window.as_secs_f64() {
        return Ok(());
    }
    let [settles, warmup] = [settles, warmup].map(|it| Elapsed((it * 1e9) as u64));
    Err(format!(
        "a run begins empty and takes about {settles} to settle: a warm-up of {warmup} is short for a window of \
         {window}"
    ))
}

/// Returns the time from the first request until the system holds as many requests as in the long run, in
/// seconds.
fn settling_time(forecast: &Forecast, work: &Work<'_>) -> f64 {
    let alone = work.unloaded.mean;
    match (&work.scenario.load.arrivals, &forecast.times) {
        (_, None) | (Arrivals::Scheduled, _) => alone,
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

/// In M/M/1 the queue lacks for S ÷ (1 − ρ)² the requests that it has in the long run; in terms of its mean
/// wait W this is W ÷ ρ(1 − ρ). The queues of other forms are assumed to grow alike.
fn while_it_grows(forecast: &Forecast, times: &Times) -> f64 {
    let used = forecast.utilisation;
    if used <= 0.0 || times.wait <= 0.0 {
        return 0.0;
    }
    times.wait / (used * (1.0 - used).max(1e-3))
}
