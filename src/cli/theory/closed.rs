//! `concsim theory closed`: a fixed number of clients that circulate between stations.

use super::arguments::Reader;
use super::model::{Model, Question};
use super::stations::{self, CLIENTS, STATION, THINK};
use concsim_theory::answer::closed::answer;

pub(super) const MODEL: Model = Model {
    name: "closed",
    title: "Closed network: a fixed number of clients, stations with servers and delays",
    help: "\
What it is: so many clients, each of which thinks, asks, and waits for its answer; a request visits stations with one \
server, several servers, or none to wait for (delay). Solved by Buzen's convolution in numbers of any size, which is \
exact and sound for thousands of clients and dozens of servers, where the textbook recursion is not.

Assumes: exponential service first come first served, or any law where requests share a station or do not wait at all; \
requests of one kind; no limit to the queues.

For workers: sync workers as clients that never think (each goes round: computing on the cores, waiting as a delay) \
give the most they can answer.

Fails when: demands are always the same and go in step (measured throughput then depends on how it began: vary them \
by 10 % at least), or scheduling slices are as long as the computing. The law of the response is not known.

Source: Buzen 1973; Denning and Buzen 1978; Gordon and Newell 1967.",
    examples: &["closed --clients 100 --think 1s --station cpu=2ms,servers=2 --station io=98ms,delay"],
    parameters: &[&STATION, &CLIENTS, &THINK],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let network = stations::read(given)?;
    Some(Box::new(move || answer(&network)))
}
