//! `concsim theory mmc`: several servers and one queue, exponential times.

use super::arguments::{Arrivals, Mistakes, Service, Within, read};
use super::quantity;
use concsim_theory::answer::Answer;
use concsim_theory::answer::mmc::answer;
use concsim_theory::open::many::Mmc;

/// Maximum number of servers: Erlang's recursion takes a step for each.
const MOST_SERVERS: usize = 1_000_000;

const EXAMPLE: &str =
    "Example: concsim theory mmc --arrival-rate 13/s --service-rate 4/s --servers 5 --within 300ms";

const HELP: &str = "\
What it is: requests come at random and share one queue for several servers, M/M/c. The probability to wait is \
Erlang's C; the laws of wait and response are known exactly, and so are all percentiles.

Assumes: Poisson arrivals that do not depend on the queue, exponential service, servers that are alike, first \
come first served, no limit to the queue.

For workers: n sync workers whose requests mostly wait, so that n x compute / (compute + wait) is well below the \
cores; a server is a worker, its service compute + wait.

Fails when: the workers are more than the cores and compute (tokens), service hardly varies (then about half of \
this wait at high load), the queue has an end (mmck), or clients wait before they ask again (closed).

Source: Erlang 1917 (B and C); Kleinrock, Queueing Systems I, 1975.

Example: concsim theory mmc --arrival-rate 13/s --service-rate 4/s --servers 5 --within 300ms";

/// M/M/c: several servers, one queue, exponential times (Erlang C)
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
    #[command(flatten)]
    within: Within,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        let mut within = None;
        let queue = read(|reader| {
            let rate = self.arrivals.read(reader);
            let service = self.service.read(reader);
            let count = |text: &str| quantity::count(text, MOST_SERVERS);
            let what = "number of servers";
            let servers = reader.required("--servers", self.servers.as_ref(), count, what);
            within = self.within.read(reader);
            Some(Mmc {
                servers: servers?,
                rate: rate?,
                service: service?,
            })
        })?;
        let name = format!("M/M/{}", queue.servers);
        let about =
            "requests at random, exponential service, servers alike with one queue (Erlang C)";
        Ok(answer("mmc", &name, about, &queue, within))
    }
}
