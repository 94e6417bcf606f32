//! `concsim theory mmck`: several servers and a finite queue.

use super::arguments::{ARRIVAL_RATE, Load, Reader, SERVICE_RATE, SERVICE_TIME, WITHIN};
use super::model::{Model, Question};
use super::parameter::Parameter;
use concsim_theory::answer::mmck::answer;
use concsim_theory::open::finite::Mmck;

/// Maximum number of places: percentiles of more take too long.
const MOST_PLACES: usize = 100_000;

const SERVERS: Parameter<usize> =
    Parameter::count::<MOST_PLACES>("servers", "Number of servers").required("number of servers");
const PLACES: Parameter<usize> = Parameter::count::<MOST_PLACES>(
    "places",
    "Number of places for requests, including those in service",
)
.required("maximum of requests in the system, including those in service");

pub(super) const MODEL: Model = Model {
    name: "mmck",
    title: "M/M/c/K: several servers, a finite queue, and its losses",
    help: "\
Model: M/M/c/K: as mmc, with a limited number of places, those in service included; an arrival that finds all \
places taken is lost. A steady state always exists, also in overload. With as many places as servers the loss is \
Erlang's B. Times are those of admitted requests, with exact percentiles.

Assumes: Poisson arrivals that do not depend on the queue, no further attempt after a loss, exponential service \
times, first come first served.

For workers: n sync workers behind a listen backlog of B: places = n + B + 1.

Fails when: refused clients try again (the arrival rate is then higher), clients give up while they wait, or \
workers contend for cores (tokens).

Source: Erlang 1917; the distribution of the response time by uniformisation (Jensen 1953).",
    examples: &["mmck --arrival-rate 60/s --service-time 100ms --servers 5 --places 16"],
    parameters: &[&ARRIVAL_RATE, &SERVICE_TIME, &SERVICE_RATE, &SERVERS, &PLACES, &WITHIN],
    read,
};

fn read(given: &mut Reader<'_>) -> Option<Question> {
    let (load, places) = (given.load(), places(given));
    let within = given.optional(&WITHIN);
    let (Load { rate, service }, (servers, places)) = (load?, places?);
    let queue = Mmck {
        servers,
        places,
        rate,
        service,
    };
    Some(Box::new(move || answer(&queue, within)))
}

/// Returns the numbers of servers and of places.
fn places(given: &mut Reader<'_>) -> Option<(usize, usize)> {
    let (servers, places) = (given.required(&SERVERS), given.required(&PLACES));
    let (servers, places) = (servers?, places?);
    if places < servers {
        given.wrong(format!(
            "--places {places}: at least as many as servers, {servers}: they include those in service"
        ));
    }
    Some((servers, places))
}
