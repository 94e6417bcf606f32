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
Model: M/M/c: requests arrive at random and share one queue for several servers. The probability of a wait is \
Erlang's C; the distributions of wait and response time are known exactly, and so are all percentiles.

Assumes: Poisson arrivals that do not depend on the queue, exponential service times, equal servers, first come \
first served, an unlimited queue.

For workers: n sync workers whose requests mostly wait, so that n x compute / (compute + wait) is well below the \
number of cores. A server is a worker, its service time compute + wait.

Fails when: more workers than cores compute (use tokens), service times hardly vary (at high load the wait is \
then about half of this), the queue is limited (mmck), or clients wait for an answer before their next request \
(closed).

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
