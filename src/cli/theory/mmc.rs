//! `concsim theory mmc`: several servers and one queue, exponential times.

use super::arguments::{ARRIVAL_RATE, Load, Reader, SERVICE_RATE, SERVICE_TIME, WITHIN};
use super::model::{Model, Question};
use super::parameter::Parameter;
use concsim_theory::answer::mmc::answer;
use concsim_theory::open::many::Mmc;

/// Maximum number of servers: Erlang's recursion takes a step for each.
const MOST_SERVERS: usize = 1_000_000;

const SERVERS: Parameter<usize> =
    Parameter::count::<MOST_SERVERS>("servers", "Number of servers").required("number of servers");

pub(super) const MODEL: Model = Model {
    name: "mmc",
    title: "M/M/c: several servers, one queue, exponential times (Erlang C)",
    help: "\
What it is: requests come at random and share one queue for several servers, M/M/c. The probability to wait is \
Erlang's C; the laws of wait and response are known exactly, and so are all percentiles.

Assumes: Poisson arrivals that do not depend on the queue, exponential service, servers that are alike, first \
come first served, no limit to the queue.

For workers: n sync workers whose requests mostly wait, so that n x compute / (compute + wait) is well below the \
cores; a server is a worker, its service compute + wait.

Fails when: the workers are more than the cores and compute (tokens), service hardly varies (then about half of \
this wait at high load), the queue has an end (mmck), or clients wait before they ask again (closed).

Source: Erlang 1917 (B and C); Kleinrock, Queueing Systems I, 1975.",
    examples: &["mmc --arrival-rate 13/s --service-rate 4/s --servers 5 --within 300ms"],
    parameters: &[&ARRIVAL_RATE, &SERVICE_TIME, &SERVICE_RATE, &SERVERS, &WITHIN],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let (load, servers, within) = (
        given.load(),
        given.required(&SERVERS),
        given.optional(&WITHIN),
    );
    let (Load { rate, service }, servers) = (load?, servers?);
    let queue = Mmc {
        servers,
        rate,
        service,
    };
    let name = format!("M/M/{servers}");
    let about = "requests at random, exponential service, servers alike with one queue (Erlang C)";
    Some(Box::new(move || {
        answer("mmc", &name, about, &queue, within)
    }))
}
