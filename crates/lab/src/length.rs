//! The expected length of a run, before it is played.

use concsim_model::scenario::{Arrivals, Scenario, Warmup};
use concsim_model::units::Elapsed;
use concsim_theory::bounds;

/// Returns warm-up, window and drain of one variant, in seconds.
#[must_use]
pub fn seconds_of(scenario: &Scenario) -> f64 {
    let round = round_of(scenario).min(scenario.load.patience.as_secs_f64());
    let warmup = match scenario.warmup {
        Warmup::For(length) => length.as_secs_f64(),
        Warmup::UntilEveryoneWasAnswered => round.clamp(1.0, 10.0),
    };
    if let (Arrivals::Scheduled, Some(last)) = (&scenario.load.arrivals, scenario.load.jobs.last())
    {
        return last.at.as_secs_f64();
    }
    let window = match (scenario.load.requests, &scenario.load.arrivals) {
        (Some(requests), Arrivals::Closed { clients, .. }) => {
            round * (requests as f64 / *clients as f64 - 1.0).max(0.0)
        }
        (Some(requests), Arrivals::Open { rate, .. }) => requests as f64 / rate,
        (None, _) | (_, Arrivals::Scheduled) => scenario.duration.as_secs_f64(),
    };
    warmup + window.min(scenario.duration.as_secs_f64()) + round
}

/// Returns the time in which every client is answered once, in seconds: at least that of the bounds.
fn round_of(scenario: &Scenario) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let fastest = bounds::of(scenario, cores);
    let per_s = fastest.first().map_or(f64::INFINITY, bounds::Bound::per_s);
    match &scenario.load.arrivals {
        Arrivals::Closed { clients, ramp, .. } => {
            let ramp: Elapsed = *ramp;
            ramp.as_secs_f64().max(*clients as f64 / per_s)
        }
        Arrivals::Open { .. } | Arrivals::Scheduled => 0.0,
    }
}
