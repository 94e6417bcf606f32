//! `concsim theory mg1`: one server with any distribution of service time, and the cost of its variation.

use super::arguments::{ARRIVAL_RATE, Reader, SERVICE_RATE, SERVICE_TIME};
use super::classes::{self, CLASS, squared_variation};
use super::model::{Model, Question};
use super::parameter::Parameter;
use concsim_theory::answer::classes::{Class, mix};
use concsim_theory::answer::mg1::{self, answer};
use concsim_theory::demand::Moments;

const SQUARED_VARIATION: Parameter<f64> = Parameter::new(
    "squared-variation",
    "C2",
    "The variance of service in units of its squared mean: 0 constant, 1 exponential",
    squared_variation,
)
.required("0 for constant service, 1 for exponential, or classes with --class");

pub(super) const MODEL: Model = Model {
    name: "mg1",
    title: "M/G/1: one server, any distribution of service time (Pollaczek-Khinchine)",
    help: "\
Model: M/G/1: requests arrive at random and queue for one server with any distribution of service times. The \
mean wait (Pollaczek and Khinchine) grows with the mean of the squared service time, so a few long requests make \
all others wait. The input is the mean and the squared variation c2 (variance / mean^2: 0 constant, 1 \
exponential), or a mix of classes, each constant unless it sets squared-variation.

Assumes: Poisson arrivals that do not depend on the queue, independent service times, first come first served \
without interruption, an unlimited queue.

For workers: one sync worker; or one coroutine worker with room for all requests, for each burst of computing, \
because a coroutine keeps the core until it yields. A blocking call in a coroutine makes the burst as long as \
the call.

Fails when: computing is cut into slices (use ps), connections run out (tokens), or clients are synchronised. \
Percentiles need the whole distribution of service times; md1 and mm1 have them for two distributions.

Source: Pollaczek 1930, Khinchine 1932.",
    examples: &["mg1 --arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1"],
    parameters: &[&ARRIVAL_RATE, &SERVICE_TIME, &SERVICE_RATE, &SQUARED_VARIATION, &CLASS.with_help("Request class instead of a service time: NAME=TIME[,weight=W][,squared-variation=C2]")],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let rate = given.required(&ARRIVAL_RATE);
    let (service, classes) = service(given);
    let question = mg1::Question {
        rate: rate?,
        service: service?,
        classes,
    };
    Some(Box::new(move || answer(&question)))
}

fn service(given: &mut Reader<'_>) -> (Option<Moments>, Vec<Class>) {
    if given.has(&CLASS) {
        let classes = classes::read(given, &[&SQUARED_VARIATION]);
        return (Some(mix(&classes).1), classes);
    }
    let mean = given.service();
    let variation = given.required(&SQUARED_VARIATION);
    let moments = mean.zip(variation).map(|(mean, variation)| Moments {
        mean,
        square: mean * mean * (1.0 + variation),
    });
    (moments, Vec::new())
}
