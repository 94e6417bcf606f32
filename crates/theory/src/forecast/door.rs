//! Limits on places: at the door, and among a worker's connections. A closed form includes neither, so it
//! applies only if nearly every request finds a place.

use crate::demand::Moments;
use crate::open::finite::Mmck;
use concsim_model::scenario::{ConnectionMode, Scenario};

/// Share of refused requests below which no shown digit changes …
const REFUSED: f64 = 1e-3;
/// … unless their wait until the next try exceeds this part of the mean.
const MIN_NOTED_WAIT: f64 = 0.01;
/// Time after which a refused client connects again, in seconds (TCP's first retransmission, RFC 6298).
const RETRANSMISSION_S: f64 = 1.0;
/// Largest accepted probability that a request finds no free connection.
const RARE: f64 = 1e-4;
/// Standard deviations above the mean with about that probability.
const DEVIATIONS: f64 = 6.0;

/// Reason why the mean of an unlimited queue does not apply.
pub(super) const TRIES_AGAIN_LATER: &str = "a client that finds the door's queue full tries again a second later, which no closed form has";

/// Random arrivals, and the demand of each on a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct RandomArrivals {
    pub(super) servers: usize,
    /// Arrivals per second, to all servers.
    pub(super) rate: f64,
    pub(super) service: Moments,
}

impl RandomArrivals {
    /// Returns the queue with exponential service. A law of higher variation fills the queue as a shorter
    /// queue would be filled.
    fn queue(&self, scenario: &Scenario) -> Mmck {
        let stretch = f64::midpoint(1.0, self.service.squared_variation()).max(1.0);
        let places = scenario.server.places_at_the_door() as f64 / stretch;
        Mmck {
            servers: self.servers,
            places: self.servers + (places as usize).max(1),
            rate: self.rate,
            service: self.service.mean,
        }
    }

    /// Fails if the end of the queue at the door shows in the mean. `response` is the mean with an unlimited
    /// queue, in seconds.
    pub(super) fn check_queue_at_door(
        &self,
        scenario: &Scenario,
        response: Option<f64>,
    ) -> Result<(), String> {
        if tries_again(scenario) {
            let is_shown = self.shows_refusals(scenario, response);
            return if is_shown {
                Err(TRIES_AGAIN_LATER.into())
            } else {
                Ok(())
            };
        }
        let lost = self.queue(scenario).steady().lost();
        if lost > REFUSED {
            let percent = (lost * 100.0).max(0.1);
            return Err(format!(
                "the door's queue (`backlog`) refuses requests, about {percent:.1} % of them"
            ));
        }
        Ok(())
    }

    fn shows_refusals(&self, scenario: &Scenario, response: Option<f64>) -> bool {
        let steady = self.queue(scenario).steady();
        match response {
            Some(response) => {
                let lost = steady.lost();
                lost > REFUSED || lost * RETRANSMISSION_S > MIN_NOTED_WAIT * response
            }
            // The queue grows without limit, and servers are idle while all refused clients wait.
            None => steady.utilisation() < 1.0 - MIN_NOTED_WAIT,
        }
    }
}

/// True if a client's patience lasts until it connects again after a refusal.
pub(super) fn tries_again(scenario: &Scenario) -> bool {
    scenario.load.patience.as_secs_f64() >= RETRANSMISSION_S
}

/// True if connections are kept after an answer.
pub(super) fn keeps_connections(scenario: &Scenario) -> bool {
    scenario.load.connection == ConnectionMode::KeepAlive && scenario.server.keepalive.0 > 0
}

/// True if nearly every arriving request finds a free place. `parked` is the mean number of requests that
/// wait for something other than their worker; `used` is the worker's utilisation.
pub(super) fn has_room(places: usize, parked: f64, used: f64) -> bool {
    let queue = match used {
        used if used <= 0.0 || used >= 1.0 => 0.0,
        used => libm::log(RARE) / libm::log(used),
    };
    parked + DEVIATIONS * parked.sqrt() + queue < places as f64
}
