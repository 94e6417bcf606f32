//! `concsim theory md1`: one server with constant service time.

use super::arguments::{ARRIVAL_RATE, Load, Reader, SERVICE_RATE, SERVICE_TIME, WITHIN};
use super::model::{Model, Question};
use concsim_theory::answer::md1::answer;
use concsim_theory::open::constant::Md1;

pub(super) const MODEL: Model = Model {
    name: "md1",
    title: "M/D/1: one server, one queue, constant service time",
    help: "\
What it is: requests come at random and queue for one server that needs the same time for each, M/D/1. They wait \
half as long as under M/M/1. The law of the wait is exact, and so are all percentiles.

Assumes: Poisson arrivals that do not depend on the queue, constant service, first come first served, no limit \
to the queue.

For workers: with mmc the bracket for one sync worker; what was measured should lie between the two if demands \
vary less than exponential ones.

Fails when: demands vary (mg1 has the mean for any law), or clients wait before they ask again (closed).

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
