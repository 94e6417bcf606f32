//! `concsim theory closed`: a fixed number of clients that circulate between stations.

use super::arguments::Reader;
use super::model::{Model, Question};
use super::stations::{self, CLIENTS, STATION, THINK};
use concsim_theory::answer::closed::answer;

pub(super) const MODEL: Model = Model {
    name: "closed",
    title: "Closed network: a fixed number of clients, stations with servers and delays",
    help: "\
Model: a fixed number of clients, each of which thinks, sends a request, and waits for the answer. A request \
visits stations: with one server, with several servers, or without a queue (delay). Buzen's convolution, in \
numbers with extended exponents, is exact also for thousands of clients and dozens of servers, where the \
textbook recursion is not numerically stable.

Assumes: exponential service times with first come first served, or any distribution where requests share a \
station or do not queue; requests of one kind; unlimited queues.

For workers: sync workers as clients that never think, each of which computes on the cores and then waits as a \
delay: the result is the highest possible throughput.

Fails when: demands never vary, so that requests go in step (measured throughput then depends on the beginning \
of the run: vary demands by at least 10 %), or scheduling slices are as long as the computing. The distribution \
of the response time is not known.

Source: Buzen 1973; Denning and Buzen 1978; Gordon and Newell 1967.",
    examples: &["closed --clients 100 --think 1s --station cpu=2ms,servers=2 --station io=98ms,delay"],
    parameters: &[&STATION, &CLIENTS, &THINK],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let network = stations::read(given)?;
    Some(Box::new(move || answer(&network)))
}
