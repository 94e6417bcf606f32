//! `concsim theory md1`: one server with constant service time.

use super::arguments::{Arrivals, Mistakes, Service, Within, read};
use concsim_theory::answer::Answer;
use concsim_theory::answer::md1::answer;
use concsim_theory::open::constant::Md1;

const EXAMPLE: &str = "Example: concsim theory md1 --arrival-rate 80/s --service-time 10ms";

const HELP: &str = "\
What it is: requests come at random and queue for one server that needs the same time for each, M/D/1. They wait \
half as long as under M/M/1. The law of the wait is exact, and so are all percentiles.

Assumes: Poisson arrivals that do not depend on the queue, constant service, first come first served, no limit \
to the queue.

For workers: with mmc the bracket for one sync worker; what was measured should lie between the two if demands \
vary less than exponential ones.

Fails when: demands vary (mg1 has the mean for any law), or clients wait before they ask again (closed).

Source: Erlang 1909; Crommelin 1932; in the form of Franx 2001, which has positive terms only.

Example: concsim theory md1 --arrival-rate 80/s --service-time 10ms";

/// M/D/1: one server, one queue, constant service time
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
            Some(Md1 {
                rate: rate?,
                service: service?,
            })
        })?;
        Ok(answer(&queue, within))
    }
}
