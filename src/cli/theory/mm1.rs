//! `concsim theory mm1`: one server and one queue, exponential times.

use super::arguments::{ARRIVAL_RATE, Load, Reader, SERVICE_RATE, SERVICE_TIME, WITHIN};
use super::model::{Model, Question};
use concsim_theory::answer::mmc::answer;
use concsim_theory::open::many::Mmc;

pub(super) const MODEL: Model = Model {
    name: "mm1",
    title: "M/M/1: one server, one queue, exponential times",
    help: "\
What it is: requests come at random and queue for one server, M/M/1. Time in the system is exponential, so all \
percentiles are exact.

Assumes: Poisson arrivals that do not depend on the queue, exponential service, first come first served, no \
limit to the queue.

Fails when: service hardly varies (md1) or varies more (mg1), clients wait for their answer before they ask again \
(closed), or the server is several workers (mmc, tokens).

Source: Erlang 1917; Kleinrock, Queueing Systems I, 1975.",
    examples: &["mm1 --arrival-rate 80/s --service-time 10ms"],
    parameters: &[&ARRIVAL_RATE, &SERVICE_TIME, &SERVICE_RATE, &WITHIN],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let (load, within) = (given.load(), given.optional(&WITHIN));
    let Load { rate, service } = load?;
    let servers = 1;
    let queue = Mmc {
        servers,
        rate,
        service,
    };
    let about = "requests at random, exponential service, one server";
    Some(Box::new(move || {
        answer("mm1", "M/M/1", about, &queue, within)
    }))
}
