//! `concsim theory bounds`: upper limits of any long run, whatever its randomness.

use super::arguments::{COMPUTE, Reader, WAIT};
use super::model::{Model, Question};
use super::parameter::Parameter;
use super::stations::{self, CLIENTS, STATION, THINK};
use concsim_model::scenario::WorkerKind;
use concsim_theory::answer::bounds::{of_network, of_workers};
use concsim_theory::bounds::Outline;

const WORKERS: Parameter<usize> =
    Parameter::count::<1_000_000>("workers", "Number of worker processes")
        .required("number of processes (or --station for a network)");
const CORES: Parameter<usize> =
    Parameter::count::<1_000_000>("cores", "Number of cores").required("number of cores");

pub(super) const MODEL: Model = Model {
    name: "bounds",
    title: "Bounds: upper limits of workers or stations",
    help: "\
What it is: asymptotic bounds. Of workers: answers per second are at most workers / (compute + wait) for sync workers, \
workers / compute for coroutine workers, cores / compute, and clients / (compute + wait + think). Of a network with \
--station: at most what the busiest station gives and what clients ask for if none waits; at least what they get if \
each waits for all the others.

Assumes: for the upper bounds nothing but work that is not done twice; for the lower ones exponential service or \
sharing.

Fails when: a run is so short that its requests are not as long as the mean, which it may exceed for that long. And a \
bound says nothing of how near one comes to it (closed, tokens), nor of the time \
of a request.

Source: Denning and Buzen 1978; Lazowska, Zahorjan, Graham, Sevcik 1984.",
    examples: &["bounds --workers 5 --cores 2 --compute 2ms --wait 98ms --clients 100", "bounds --station cpu=9.2s --station disk=8s --think 120s --clients 20"],
    parameters: &[&STATION, &CLIENTS, &THINK, &WORKERS, &CORES, &COMPUTE, &WAIT],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    if given.has(&STATION) {
        given.not_beside(&STATION, &[&WORKERS, &CORES, &COMPUTE, &WAIT]);
        let network = stations::read(given)?;
        return Some(Box::new(move || of_network(&network)));
    }
    let outline = workers(given)?;
    Some(Box::new(move || of_workers(&outline)))
}

/// Reads the workers. Their kind is a placeholder: both kinds are answered.
fn workers(given: &mut Reader<'_>) -> Option<Outline> {
    let (workers, cores) = (given.required(&WORKERS), given.required(&CORES));
    let (compute, wait) = given.demand("nothing is bounded");
    let think = stations::think(given);
    let clients = given.optional(&CLIENTS);
    if given.has(&THINK) && clients.is_none() {
        given.wrong("--think needs --clients");
    }
    Some(Outline {
        kind: WorkerKind::Sync,
        workers: workers?,
        cores: cores?,
        compute: compute?,
        wait: wait?,
        clients: clients.zip(think),
    })
}
