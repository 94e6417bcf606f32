//! `concsim theory md1`: one server with constant service time.

use super::arguments::{ARRIVAL_RATE, Load, Reader, SERVICE_RATE, SERVICE_TIME, WITHIN};
use super::model::{Model, Question};
use concsim_theory::answer::md1::answer;
use concsim_theory::open::constant::Md1;

pub(super) const MODEL: Model = Model {
    name: "md1",
    title: "M/D/1: one server, one queue, constant service time",
    help: "\
Model: M/D/1: requests arrive at random and queue for one server with a constant service time. The mean wait is \
half of that under M/M/1. The distribution of the wait is exact, and so are all percentiles.

Assumes: Poisson arrivals that do not depend on the queue, a constant service time, first come first served, an \
unlimited queue.

For workers: md1 and mmc bracket one sync worker: a measured wait lies between the two if demands vary, but less \
than exponential ones.

Fails when: demands vary (mg1 has the mean for any distribution), or clients wait for an answer before their \
next request (closed).

Source: Erlang 1909; Crommelin 1932; in the form of Franx 2001, which has positive terms only.",
    examples: &["md1 --arrival-rate 80/s --service-time 10ms"],
    parameters: &[&ARRIVAL_RATE, &SERVICE_TIME, &SERVICE_RATE, &WITHIN],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let (load, within) = (given.load(), given.optional(&WITHIN));
    let Load { rate, service } = load?;
    let queue = Md1 { rate, service };
    Some(Box::new(move || answer(&queue, within)))
}
