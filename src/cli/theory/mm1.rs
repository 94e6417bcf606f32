//! `concsim theory mm1`: one server and one queue, exponential times.

use super::arguments::{ARRIVAL_RATE, Load, Reader, SERVICE_RATE, SERVICE_TIME, WITHIN};
use super::model::{Model, Question};
use concsim_theory::answer::mmc::answer;
use concsim_theory::open::many::Mmc;

pub(super) const MODEL: Model = Model {
    name: "mm1",
    title: "M/M/1: one server, one queue, exponential times",
    help: "\
Model: M/M/1: requests arrive at random and queue for one server. The time in the system is exponential, so all \
percentiles are exact.

Assumes: Poisson arrivals that do not depend on the queue, exponential service times, first come first served, \
an unlimited queue.

Fails when: service times hardly vary (use md1) or vary more than exponential ones (mg1), clients wait for an \
answer before their next request (closed), or there are several workers (mmc, tokens).

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
