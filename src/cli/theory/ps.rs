//! `concsim theory ps`: cores in processor sharing.

use super::arguments::{ARRIVAL_RATE, Reader, SERVICE_RATE, SERVICE_TIME};
use super::classes::{self, CLASS};
use super::model::{Model, Question};
use super::parameter::Parameter;
use super::quantity;
use concsim_theory::answer::classes::{Class, mix};
use concsim_theory::answer::ps::{self, answer};
use concsim_theory::open::many::Mmc;

const CORES: Parameter<usize> =
    Parameter::count::<1_000_000>("cores", "Number of shared cores; by default one");
const SIZE: Parameter<f64> = Parameter::new(
    "size",
    "TIME",
    "Size of a request, for which the response time is also computed: 1ms; repeatable",
    quantity::time,
)
.repeatable();

pub(super) const MODEL: Model = Model {
    name: "ps",
    title: "M/G/1-PS: one or several cores shared by all requests present",
    help: "\
Model: M/G/1-PS, and its version with several cores: requests arrive at random, and all present requests share \
the cores; a request uses at most one core. All requests are slowed down by the same factor, for any \
distribution of sizes: a short request does not wait behind a long one.

Assumes: Poisson arrivals that do not depend on the load, slices that are short compared with the service time, \
switches without cost, no limit to the number of requests present.

For workers: one process or thread for each request on m cores; a coroutine worker whose computing is cut into \
slices (one core).

Fails when: slices are about as long as the service time (mg1 is then closer), switches cost time, or the number \
of workers is limited (tokens). Percentiles depend on the distribution of sizes.

Source: Kleinrock 1967; Sakata, Noguchi, Oizumi 1971; several cores: Cohen 1979 (numbers as under M/M/m, by Erlang).",
    examples: &["ps --arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1"],
    parameters: &[&ARRIVAL_RATE, &SERVICE_TIME, &SERVICE_RATE, &CORES, &SIZE, &CLASS],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let rate = given.required(&ARRIVAL_RATE);
    let (service, classes) = service(given);
    let cores = if given.has(&CORES) {
        given.optional(&CORES)
    } else {
        Some(1)
    };
    let sizes = given.each(&SIZE);
    let shared = Mmc {
        servers: cores?,
        rate: rate?,
        service: service?,
    };
    let question = ps::Question {
        shared,
        classes,
        sizes,
    };
    Some(Box::new(move || answer(&question)))
}

fn service(given: &mut Reader<'_>) -> (Option<f64>, Vec<Class>) {
    if given.has(&CLASS) {
        let classes = classes::read(given, &[]);
        return (Some(mix(&classes).1.mean), classes);
    }
    (given.service(), Vec::new())
}
