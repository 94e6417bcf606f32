//! Places are limited: at the door, and among the connections that a worker holds. A closed form knows of
//! neither, so that it applies where nearly every request finds one.

use crate::demand::Moments;
use crate::open::finite::Mmck;
use concsim_model::scenario::{ConnectionMode, Scenario};

/// A smaller share of refused requests changes no digit that is shown …
const REFUSED: f64 = 1e-3;
/// … unless what they wait until they try again is more than this part of the mean.
const NOTED: f64 = 0.01;
/// A client whose connection is refused tries again after so long, in seconds (TCP's first retransmission, RFC 6298).
const TRIES_AGAIN: f64 = 1.0;
/// A request that finds no connection free is so rare.
const RARE: f64 = 1e-4;
/// As many standard deviations above its mean are as rare.
const DEVIATIONS: f64 = 6.0;

/// Why a mean of an endless queue is none of this one.
pub(super) const TRIES_AGAIN_LATER: &str = "a client that finds the door's queue full tries again a second later, which no closed form has";

/// Requests that come at random, and what each takes of a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coming {
    pub(super) servers: usize,
    /// Per second, to all servers.
    pub(super) rate: f64,
    pub(super) service: Moments,
}

impl Coming {
    /// As if each took an exponential time: a law that varies more fills the queue as a shorter one.
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

    /// Fails if a mean shows that the queue at the door has an end. `response` is the mean of an endless queue,
    /// in seconds.
    pub(super) fn is_let_in(
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
                lost > REFUSED || lost * TRIES_AGAIN > NOTED * response
            }
            // The queue grows for ever, and servers are idle while all that were refused wait.
            None => steady.utilisation() < 1.0 - NOTED,
        }
    }
}

/// True if a client whose connection is refused has patience to try again.
pub(super) fn tries_again(scenario: &Scenario) -> bool {
    scenario.load.patience.as_secs_f64() >= TRIES_AGAIN
}

/// True if connections stay when they have been answered.
pub(super) fn keeps_connections(scenario: &Scenario) -> bool {
    scenario.load.connection == ConnectionMode::KeepAlive && scenario.server.keepalive.0 > 0
}

/// True if a place is free for nearly every request that comes: `parked` is the mean number that wait for
/// something else than their worker, `used` the share of time for which that is taken.
pub(super) fn has_room(places: usize, parked: f64, used: f64) -> bool {
    let queue = match used {
        used if used <= 0.0 || used >= 1.0 => 0.0,
        used => libm::log(RARE) / libm::log(used),
    };
    parked + DEVIATIONS * parked.sqrt() + queue < places as f64
}
