//! Clients' patience: closed forms exclude clients that give up, so none applies if one of 1 000 would.

use super::settling::length_of_warmup;
use super::work::{Law, Work};
use super::{Forecast, Model, Times, slots};
use crate::attempt::{self, ResourceUse};
use crate::demand::DemandPart;
use crate::queues;
use concsim_model::scenario::{Arrivals, Scenario};

/// Share of requests too small to show in a mean.
pub(super) const NEGLIGIBLE_SHARE: f64 = 1e-3;
/// Standard deviations above the mean that a sum of many times exceeds with that probability.
const DEVIATIONS: f64 = 3.1;

/// Fails if clients would give up before the computed times are over.
pub(super) fn lasts(forecast: &Forecast, work: &Work<'_>) -> Result<(), String> {
    let patience = work.scenario.load.patience;
    let seconds = patience.as_secs_f64();
    let gives_up = match &forecast.times {
        Some(times) => share_beyond(seconds, forecast, times, work) > NEGLIGIBLE_SHARE,
        None => wait_at_the_end(forecast, work.scenario) > seconds,
    };
    if gives_up {
        return Err(format!("clients give up after {patience}"));
    }
    Ok(())
}

/// Returns the approximate share of requests that take longer than this, in seconds.
fn share_beyond(patience: f64, forecast: &Forecast, times: &Times, work: &Work<'_>) -> f64 {
    if matches!(forecast.model, Model::Mmck(..)) {
        // Its own law includes them.
        return 0.0;
    }
    let wait = Wait::of(forecast, times, work);
    let points = attempt::points(work.scenario);
    let beyond = points
        .iter()
        .map(|(share, alone)| share * wait.share_waiting_longer(patience - alone.inside, alone));
    beyond.sum()
}

/// Law of the waiting time.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// Share of requests that wait.
    waits: f64,
    /// Mean over all requests, in seconds.
    mean: f64,
    /// Service time of all clients that are not served at once, in seconds: the wait behind them.
    behind_all: f64,
    /// Length of a request for which the mean holds, if the wait grows with a request's own length.
    shared_by: Option<f64>,
}

impl Wait {
    fn of(forecast: &Forecast, times: &Times, work: &Work<'_>) -> Self {
        let waits = match forecast.model {
            Model::Mmc(servers) | Model::ManyGeneral(servers) => {
                queues::erlang_c(servers, forecast.throughput * work.unloaded.mean)
            }
            _ => Some(forecast.utilisation),
        };
        let is_shared = shares(forecast, work);
        let behind_all = match work.scenario.load.arrivals {
            Arrivals::Closed { clients, .. } if !is_shared => behind_all_others(clients, work),
            Arrivals::Closed { .. } | Arrivals::Open { .. } | Arrivals::Scheduled => f64::INFINITY,
        };
        Self {
            waits: waits.unwrap_or(1.0).min(1.0),
            mean: times.wait,
            behind_all,
            shared_by: is_shared.then_some(work.unloaded.mean),
        }
    }

    /// Returns the share of requests with this demand that waits longer than a time in seconds. The times of
    /// those that wait are about exponential.
    fn share_waiting_longer(&self, time: f64, alone: &ResourceUse) -> f64 {
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
            work.yields() || work.contends_for_cores(begun)
        }
        Model::Mmc(_)
        | Model::Md1
        | Model::General
        | Model::ManyGeneral(_)
        | Model::Mmck(..)
        | Model::Unhindered => false,
    }
}

/// Returns the wait behind all clients that are not served at once, in seconds.
fn behind_all_others(clients: usize, work: &Work<'_>) -> f64 {
    let servers = slots(work.scenario);
    let others = clients.saturating_sub(servers) as f64;
    let each = work.held.mean / servers as f64;
    let is_constant = work.law(|spent| spent != DemandPart::Parked) == Law::Md1;
    let variation = if is_constant {
        0.0
    } else {
        work.held.squared_variation()
    };
    others * each + DEVIATIONS * (others * variation).sqrt() * each
}

/// Returns the wait of the last arrival if the queue grows throughout, in seconds.
fn wait_at_the_end(forecast: &Forecast, scenario: &Scenario) -> f64 {
    let Arrivals::Open { rate, .. } = scenario.load.arrivals else {
        return 0.0;
    };
    let lasts = (length_of_warmup(scenario) + scenario.duration).as_secs_f64();
    (rate / forecast.throughput - 1.0) * lasts + attempt::mean(scenario).inside
}
