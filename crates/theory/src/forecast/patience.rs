//! No closed form knows of clients who give up: where one of 1 000 would, none applies.

use super::settling::length_of_warmup;
use super::work::{Law, Work};
use super::{Forecast, Model, Times, slots};
use crate::attempt::{self, Taken};
use crate::demand::Spent;
use crate::queues;
use concsim_model::scenario::{Arrivals, Scenario};

/// A share of requests that no mean shows.
pub(super) const FEW: f64 = 1e-3;
/// So many standard deviations above its mean a sum of many times is in so few cases.
const DEVIATIONS: f64 = 3.1;

/// Fails if clients give up before they have what was computed.
pub(super) fn lasts(forecast: &Forecast, work: &Work<'_>) -> Result<(), String> {
    let patience = work.scenario.load.patience;
    let seconds = patience.as_secs_f64();
    let gives_up = match &forecast.times {
        Some(times) => share_beyond(seconds, forecast, times, work) > FEW,
        None => wait_at_the_end(forecast, work.scenario) > seconds,
    };
    if gives_up {
        return Err(format!("clients give up after {patience}"));
    }
    Ok(())
}

/// About the share of requests that take longer than this, in seconds.
fn share_beyond(patience: f64, forecast: &Forecast, times: &Times, work: &Work<'_>) -> f64 {
    if matches!(forecast.model, Model::Mmck(..)) {
        // Its own law has said so.
        return 0.0;
    }
    let wait = Wait::of(forecast, times, work);
    let points = attempt::points(work.scenario);
    let beyond = points
        .iter()
        .map(|(share, alone)| share * wait.beyond(patience - alone.inside, alone));
    beyond.sum()
}

/// The law of the waiting time.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// The share that waits at all.
    waits: f64,
    /// The mean over all, in seconds.
    mean: f64,
    /// As long as all clients that are not served at once take before it, in seconds.
    behind_all: f64,
    /// True if a request waits the longer, the longer it takes by itself; then the mean is of one that takes this long.
    shared_by: Option<f64>,
}

impl Wait {
    fn of(forecast: &Forecast, times: &Times, work: &Work<'_>) -> Self {
        let waits = match forecast.model {
            Model::Mmc(servers) | Model::ManyGeneral(servers) => {
                queues::erlang_c(servers, forecast.throughput * work.alone.mean)
            }
            _ => Some(forecast.utilisation),
        };
        let is_shared = shares(forecast, work);
        let behind_all = match work.scenario.load.arrivals {
            Arrivals::Closed { clients, .. } if !is_shared => behind_all_others(clients, work),
            Arrivals::Closed { .. } | Arrivals::Open { .. } => f64::INFINITY,
        };
        Self {
            waits: waits.unwrap_or(1.0).min(1.0),
            mean: times.wait,
            behind_all,
            shared_by: is_shared.then_some(work.alone.mean),
        }
    }

    /// The share that waits for longer than a time, in seconds, of requests that take this by themselves.
    /// Of those that wait at all the times are about exponential.
    fn beyond(&self, time: f64, alone: &Taken) -> f64 {
        if time < 0.0 {
            return 1.0;
        }
        if self.mean <= 0.0 || time >= self.behind_all {
            return 0.0;
        }
        match self.shared_by {
            Some(mean) if alone.inside > mean => {
                libm::exp(-time / (self.mean * alone.inside / mean))
            }
            _ => self.waits * libm::exp(-time * self.waits / self.mean),
        }
    }
}

/// True if requests share a worker, or cores.
fn shares(forecast: &Forecast, work: &Work<'_>) -> bool {
    match forecast.model {
        Model::Shared | Model::Tokens(_) | Model::Returning(_) => true,
        Model::Closed => {
            let begun = slots(work.scenario);
            work.lets_go() || work.contends_for_cores(begun)
        }
        Model::Mmc(_)
        | Model::Md1
        | Model::General
        | Model::ManyGeneral(_)
        | Model::Mmck(..)
        | Model::Unhindered => false,
    }
}

/// The wait behind all clients that are not served at once.
fn behind_all_others(clients: usize, work: &Work<'_>) -> f64 {
    let servers = slots(work.scenario);
    let others = clients.saturating_sub(servers) as f64;
    let each = work.held.mean / servers as f64;
    let is_constant = work.law(|spent| spent != Spent::Parked) == Law::Md1;
    let variation = if is_constant {
        0.0
    } else {
        work.held.squared_variation()
    };
    others * each + DEVIATIONS * (others * variation).sqrt() * each
}

/// What the last that comes waits if the queue grows all the time, in seconds.
fn wait_at_the_end(forecast: &Forecast, scenario: &Scenario) -> f64 {
    let Arrivals::Open { rate, .. } = scenario.load.arrivals else {
        return 0.0;
    };
    let lasts = (length_of_warmup(scenario) + scenario.duration).as_secs_f64();
    (rate / forecast.throughput - 1.0) * lasts + attempt::mean(scenario).inside
}
