//! `concsim theory tokens`: both kinds of workers under an open load, exactly.

use super::arguments::{Arrivals, Mistakes, Reader, read};
use super::quantity;
use concsim_theory::answer::Answer;
use concsim_theory::answer::tokens::answer;
use concsim_theory::tokens::{Pool, Tokens};

/// Maximum number of tokens: the work grows with the fourth power, and this takes about two seconds.
const MOST_TOKENS: usize = 256;
const MOST_CORES: usize = 1_000_000;

const EXAMPLE: &str = "Example: concsim theory tokens --arrival-rate 40/s --tokens 5 --cores 2 --compute 10ms --wait 90ms";

const HELP: &str = "\
What it is: requests come at random, and each needs one of so many tokens to begin; those begun compute on some cores \
and then wait without them. A token is a sync worker, or a connection of a coroutine worker. The chain of all states is \
solved exactly, level by level.

Assumes: Poisson arrivals, exponential computing and waiting, cores that are shared or taken in turn, no limit to the \
queue at the door.

For workers: n sync workers: --tokens n and the machine's cores. One coroutine process: --tokens is worker_connections \
and --cores 1. n coroutine processes on at least n cores: each a model of its own with its share of the load.

Fails when: demands never vary and go in step (vary them by 10 % at least), scheduling slices are much longer than the \
computing, clients are synchronised, or arrivals are spread unevenly over processes. Near saturation the law of \
demands matters: constant ones wait less.

Source: quasi-birth-and-death processes (Neuts 1981; Latouche and Ramaswami 1993); capacity by Buzen 1973; without a \
limit of tokens Burke 1956.

Example: concsim theory tokens --arrival-rate 40/s --tokens 5 --cores 2 --compute 10ms --wait 90ms";

/// Tokens: an open load on a number of workers or connections, and of cores
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    arrivals: Arrivals,
    /// Number of requests that can be begun at once: sync workers, or connections of a coroutine worker; or
    /// `unlimited`
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    tokens: Option<String>,
    /// Number of begun requests that can compute at once
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    cores: Option<String>,
    /// Mean computing time of a request
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    compute: Option<String>,
    /// Mean time that a request waits for other systems
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    wait: Option<String>,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        read(|reader| self.pool(reader)).map(|pool| answer(&pool))
    }

    fn pool(&self, reader: &mut Reader) -> Option<Pool> {
        let rate = self.arrivals.read(reader);
        let what = "maximum of requests begun at the same time";
        let tokens = reader.required("--tokens", self.tokens.as_ref(), tokens, what);
        let count = |text: &str| quantity::count(text, MOST_CORES);
        let what = "maximum of requests computing at the same time";
        let cores = reader.required("--cores", self.cores.as_ref(), count, what);
        let time = quantity::time_or_nothing;
        let what = "computing time of a request";
        let compute = reader.required("--compute", self.compute.as_ref(), time, what);
        let what = "time that a request waits for other systems";
        let wait = reader.required("--wait", self.wait.as_ref(), time, what);
        if compute == Some(0.0) && wait == Some(0.0) {
            reader.wrong(
                "--compute and --wait are both 0: no request ever waits; give one of them a length",
            );
        }
        if compute == Some(0.0) && tokens == Some(Tokens::Unlimited) {
            reader.wrong(
                "--tokens unlimited with --compute 0: no request ever waits; limit one of them",
            );
        }
        Some(Pool {
            rate: rate?,
            tokens: tokens?,
            cores: cores?,
            compute: compute?,
            wait: wait?,
        })
    }
}

fn tokens(text: &str) -> Result<Tokens, String> {
    if text.trim() == "unlimited" {
        return Ok(Tokens::Unlimited);
    }
    let count = quantity::count(text, MOST_TOKENS).map(Tokens::Some);
    count.map_err(|why| format!("{why}, or unlimited"))
}
