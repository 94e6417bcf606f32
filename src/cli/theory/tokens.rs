//! `concsim theory tokens`: both kinds of workers under an open load, exactly.

use super::answer::{Answer, Section, Unit, grows, of};
use super::arguments::{Arrivals, Mistakes, Reader, read};
use super::quantity;
use concsim_theory::tokens::{Pool, Steady, Tokens};

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
        let what = "how many requests can be begun at once";
        let tokens = reader.required("--tokens", self.tokens.as_ref(), tokens, what);
        let count = |text: &str| quantity::count(text, MOST_CORES);
        let what = "how many of those begun can compute at once";
        let cores = reader.required("--cores", self.cores.as_ref(), count, what);
        let time = quantity::time_or_nothing;
        let what = "how long a request computes";
        let compute = reader.required("--compute", self.compute.as_ref(), time, what);
        let what = "how long a request waits for others";
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

fn answer(pool: &Pool) -> Answer {
    let name = match pool.tokens {
        Tokens::Some(1) => "1 token".to_owned(),
        Tokens::Some(tokens) => format!("{tokens} tokens"),
        Tokens::Unlimited => "tokens without limit".to_owned(),
    };
    let about = "requests at random, so many begun at once, exponential computing on cores, then exponential waiting";
    let mut answer = Answer::new("tokens", name, about);
    let given = &mut answer.given;
    given.number("arrival_rate", "arrival rate", Unit::Rate, pool.rate);
    let tokens = match pool.tokens {
        Tokens::Some(tokens) => Ok(tokens as f64),
        Tokens::Unlimited => Err("as many as come".to_owned()),
    };
    given.known("tokens", "tokens", Unit::Count, tokens);
    given.number("cores", "cores", Unit::Count, pool.cores as f64);
    given.number("compute", "compute", Unit::Time, pool.compute);
    given.number("wait", "wait", Unit::Time, pool.wait);

    let capacity = pool.capacity();
    let steady = pool.steady().ok_or_else(|| grows(pool.rate, capacity));
    answer.results.load(pool.rate, capacity);
    tell(&mut answer.results, &steady);
    answer
}

fn tell(results: &mut Section, steady: &Result<Steady, String>) {
    let (share, time, plain) = (Unit::Share, Unit::Time, Unit::Plain);
    let known = |number: fn(&Steady) -> f64| of(steady, number);
    for (key, label, unit, known) in [
        ("must_wait", "find no token", share, known(|it| it.waits)),
        (
            "response_mean",
            "response, mean",
            time,
            known(|it| it.means.response),
        ),
        (
            "door_mean",
            "at the door, mean time",
            time,
            known(|it| it.means.wait),
        ),
        (
            "cores_mean",
            "at the cores, mean time",
            time,
            known(|it| it.at_cores),
        ),
        (
            "present_mean",
            "requests that are there, mean",
            plain,
            known(|it| it.means.present),
        ),
        (
            "at_the_door_mean",
            "at the door, mean",
            plain,
            known(|it| it.means.waiting),
        ),
        (
            "concurrency",
            "concurrency: begun, mean",
            plain,
            known(|it| it.begun),
        ),
        (
            "parallelism",
            "parallelism: computing, mean",
            plain,
            known(|it| it.computing),
        ),
    ] {
        results.known(key, label, unit, known);
    }
    results.percentiles("response", |_| {
        Err("the chain gives means; the law of the response is not known in closed form".to_owned())
    });
}
