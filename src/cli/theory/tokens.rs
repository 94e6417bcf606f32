//! `concsim theory tokens`: both kinds of workers under an open load, exactly.

use super::arguments::{ARRIVAL_RATE, COMPUTE, Reader, WAIT};
use super::model::{Model, Question};
use super::parameter::Parameter;
use super::quantity;
use concsim_theory::answer::tokens::answer;
use concsim_theory::tokens::{Pool, Tokens};

/// Maximum number of tokens: the work grows with the fourth power, and this takes about two seconds.
const MOST_TOKENS: usize = 256;

const TOKENS: Parameter<Tokens> = Parameter::new(
    "tokens",
    "N",
    "Number of requests that can be begun at once: sync workers, or connections of a coroutine worker; or \
     `unlimited`",
    tokens,
)
.required("maximum of requests begun at the same time");
const CORES: Parameter<usize> =
    Parameter::count::<1_000_000>("cores", "Number of begun requests that can compute at once")
        .required("maximum of requests computing at the same time");

pub(super) const MODEL: Model = Model {
    name: "tokens",
    title: "Tokens: an open load on a number of workers or connections, and of cores",
    help: "\
Model: requests arrive at random, and each needs a token to begin; begun requests compute on the cores and then \
wait without a core. A token is a sync worker, or a connection of a coroutine worker. The Markov chain of all \
states is solved exactly, level by level.

Assumes: Poisson arrivals, exponential times of computing and of waiting, cores that are shared or used in turn, \
an unlimited queue at the door.

For workers: n sync workers: --tokens n, and --cores as the machine has. One coroutine process: --tokens as its \
worker_connections, and --cores 1. n coroutine processes on at least n cores: one model for each process, with \
its share of the load.

Fails when: demands never vary, so that requests go in step (vary them by at least 10 %), scheduling slices are \
much longer than the computing, clients are synchronised, or arrivals are spread unevenly over processes. Near \
saturation the distribution of demands matters: with constant demands requests wait less.

Source: quasi-birth-and-death processes (Neuts 1981; Latouche and Ramaswami 1993); capacity by Buzen 1973; with \
unlimited tokens Burke 1956.",
    examples: &["tokens --arrival-rate 40/s --tokens 5 --cores 2 --compute 10ms --wait 90ms"],
    parameters: &[&ARRIVAL_RATE, &TOKENS, &CORES, &COMPUTE.with_help("Mean computing time of a request"), &WAIT.with_help("Mean time that a request waits for other systems")],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let pool = pool(given)?;
    Some(Box::new(move || answer(&pool)))
}

fn pool(given: &mut Reader<'_>) -> Option<Pool> {
    let rate = given.required(&ARRIVAL_RATE);
    let (tokens, cores) = (given.required(&TOKENS), given.required(&CORES));
    let (compute, wait) = given.demand("no request ever waits");
    if compute == Some(0.0) && tokens == Some(Tokens::Unlimited) {
        given
            .wrong("--tokens unlimited with --compute 0: no request ever waits; limit one of them");
    }
    Some(Pool {
        rate: rate?,
        tokens: tokens?,
        cores: cores?,
        compute: compute?,
        wait: wait?,
    })
}

fn tokens(text: &str) -> Result<Tokens, String> {
    if text.trim() == "unlimited" {
        return Ok(Tokens::Unlimited);
    }
    let count = quantity::count(text, MOST_TOKENS).map(Tokens::Some);
    count.map_err(|why| format!("{why}, or unlimited"))
}
