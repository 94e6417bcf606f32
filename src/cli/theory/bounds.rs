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
Model: asymptotic bounds. For workers: answers per second are at most workers / (compute + wait) with sync \
workers, workers / compute with coroutine workers, cores / compute, and clients / (compute + wait + think). For \
a network (--station): at most the capacity of the busiest station, and the rate of clients whose requests never \
queue; at least the rate of clients whose requests each queue behind all others.

Assumes: for upper bounds only that no work is done twice; for lower bounds exponential service times or shared \
stations.

Fails when: a run is so short that its requests are shorter than the mean; it may then exceed a bound. A bound \
does not state the distance to it (closed and tokens do), nor the time of a request.

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
