//! `concsim theory mm1`: one server and one queue, exponential times.

use super::arguments::{Arrivals, Mistakes, Service, Within, read};
use concsim_theory::answer::{Answer, mmc};
use concsim_theory::open::many::Mmc;

const EXAMPLE: &str = "Example: concsim theory mm1 --arrival-rate 80/s --service-time 10ms";

const HELP: &str = "\
What it is: requests come at random and queue for one server, M/M/1. Time in the system is exponential, so all \
percentiles are exact.

Assumes: Poisson arrivals that do not depend on the queue, exponential service, first come first served, no \
limit to the queue.

Fails when: service hardly varies (md1) or varies more (mg1), clients wait for their answer before they ask again \
(closed), or the server is several workers (mmc, tokens).

Source: Erlang 1917; Kleinrock, Queueing Systems I, 1975.

Example: concsim theory mm1 --arrival-rate 80/s --service-time 10ms";

/// M/M/1: one server, one queue, exponential times
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    arrivals: Arrivals,
    #[command(flatten)]
    service: Service,
    #[command(flatten)]
    within: Within,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        let mut within = None;
        let queue = read(|reader| {
            let rate = self.arrivals.read(reader);
            let service = self.service.read(reader);
            within = self.within.read(reader);
            Some(Mmc {
                servers: 1,
                rate: rate?,
                service: service?,
            })
        })?;
        let about = "requests at random, exponential service, one server";
        Ok(mmc::answer("mm1", "M/M/1", about, &queue, within))
    }
}
