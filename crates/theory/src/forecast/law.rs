//! Laws of time with a higher variation than the exponential one, in models that are exact for the
//! exponential law.
//!
//! ```text
//!   squared variation c²   0            1                   5              25
//!                          constant     exponential         a mix of       heavy tails
//!                                                           short and long
//!   a queue waits          less ──────── as computed ─────── more, and by how much depends on the whole law
//! ```
//!
//! In a queue of one server the wait grows with (1 + c²) ÷ 2 (Pollaczek and Khinchine). Simulations of
//! lognormal, Pareto and hyperexponential laws lie between the wait of the exponential law and that value. If
//! the two differ by more than 5 % of the mean latency, no number is given.

use super::closed::RANDOM;
use super::work::{Bursts, Work};
use super::{Forecast, Model, Times};
use crate::demand::Moments;

/// Largest accepted effect of a law, as a part of the mean latency.
const MOST_MOVED: f64 = 0.05;

/// Fails if the law of the requests varies more than the model's and moves the mean by more than 5 %.
pub(super) fn check_variation(forecast: &Forecast, work: &Work<'_>) -> Result<(), String> {
    let Some((times, variation)) = forecast.times.as_ref().zip(variation(forecast, work)) else {
        return Ok(());
    };
    if variation <= 1.0 || moved(forecast.model, times, variation) <= MOST_MOVED * times.mean {
        return Ok(());
    }
    Err(format!(
        "times are more random than exponential ones (c² is {variation:.1}, not 1): their wait depends on the \
         whole law, and may be off by more than 5 % of the mean latency"
    ))
}

/// Returns the squared variation of the queueing demand; [`None`] if the model is exact for any law.
fn variation(forecast: &Forecast, work: &Work<'_>) -> Option<f64> {
    let of_holding = if work.scenario.server.kind.has_a_loop() {
        work.held
    } else {
        work.unloaded
    };
    match forecast.model {
        Model::ManyGeneral(_) => Some(work.unloaded.squared_variation()),
        Model::General if Bursts::of(work.scenario).each > 1.0 => {
            Some(of_holding.squared_variation())
        }
        Model::Closed if forecast.assumes.iter().any(|it| it == RANDOM) => {
            Some(of_holding.squared_variation())
        }
        Model::Tokens(_) | Model::Returning(_) => Some(of_parts(work)),
        Model::General
        | Model::Closed
        | Model::Mmc(_)
        | Model::Md1
        | Model::Shared
        | Model::Mmck(..)
        | Model::Unhindered => None,
    }
}

/// Returns the largest squared variation among a whole request, its computing, and the rest.
fn of_parts(work: &Work<'_>) -> f64 {
    let rest = Moments {
        mean: work.unloaded.mean - work.cpu.mean,
        // The variances of independent parts add up.
        square: (work.unloaded.mean - work.cpu.mean).powi(2) + variance(work.unloaded)
            - variance(work.cpu),
    };
    let parts = [work.unloaded, work.cpu, work.held, rest];
    let parts = parts.iter().map(Moments::squared_variation);
    parts.fold(0.0, f64::max)
}

fn variance(moments: Moments) -> f64 {
    moments.square - moments.mean * moments.mean
}

/// Returns the difference between the wait of this law and that of the exponential law, in seconds.
fn moved(model: Model, times: &Times, variation: f64) -> f64 {
    let factor = f64::midpoint(1.0, variation);
    match model {
        // The wait of these models includes the factor.
        Model::ManyGeneral(_) | Model::General => times.wait * (1.0 - 1.0 / factor),
        _ => times.wait * (factor - 1.0),
    }
}
