//! `concsim theory mmck`: several servers and a finite queue.

use super::arguments::{Arrivals, Mistakes, Service, Within, read};
use super::quantity;
use concsim_theory::answer::Answer;
use concsim_theory::answer::mmck::answer;
use concsim_theory::open::finite::Mmck;

/// Maximum number of places: percentiles of more take too long.
const MOST_PLACES: usize = 100_000;

const EXAMPLE: &str =
    "Example: concsim theory mmck --arrival-rate 60/s --service-time 100ms --servers 5 --places 16";

const HELP: &str = "\
What it is: as mmc, but with so many places, those in service included; an arrival that finds them all taken is \
lost, M/M/c/K. There is always a steady state, also in overload. With as many places as servers the loss is \
Erlang's B. Times are of arrivals that get in, with exact percentiles.

Assumes: Poisson arrivals that do not depend on the queue and that do not come again after a loss, exponential \
service, first come first served.

For workers: n sync workers behind a listen backlog of B: places = n + B + 1.

Fails when: those refused try again (the rate is then higher), clients give up while they wait, or workers contend \
for cores (tokens).

Source: Erlang 1917; the law of the response by uniformisation (Jensen 1953).

Example: concsim theory mmck --arrival-rate 60/s --service-time 100ms --servers 5 --places 16";

/// M/M/c/K: several servers, a finite queue, and its losses
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    arrivals: Arrivals,
    #[command(flatten)]
    service: Service,
    /// Number of servers
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    servers: Option<String>,
    /// Number of places for requests, including those in service
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    places: Option<String>,
    #[command(flatten)]
    within: Within,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        let mut within = None;
        let queue = read(|reader| {
            let rate = self.arrivals.read(reader);
            let service = self.service.read(reader);
            let count = |text: &str| quantity::count(text, MOST_PLACES);
            let what = "number of servers";
            let servers = reader.required("--servers", self.servers.as_ref(), count, what);
            let what = "maximum of requests in the system, including those in service";
            let places = reader.required("--places", self.places.as_ref(), count, what);
            within = self.within.read(reader);
            if let (Some(servers), Some(places)) = (servers, places)
                && places < servers
            {
                reader.wrong(format!(
                    "--places {places}: at least as many as servers, {servers}: they include those in service"
                ));
            }
            Some(Mmck {
                servers: servers?,
                places: places?,
                rate: rate?,
                service: service?,
            })
        })?;
        Ok(answer(&queue, within))
    }
}
