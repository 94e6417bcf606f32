//! The answer of `concsim theory ps`: cores in processor sharing.

use super::classes::{self, Class};
use super::{Answer, Column, NumberOrReason, Unit, grows, of, quantity};
use crate::open::Means;
use crate::open::many::{Mmc, Steady};
use crate::queues;

/// Shared cores, classes of requests, and lengths of interest.
#[derive(Clone, Debug)]
pub struct Question {
    /// Cores, arrivals and service.
    pub shared: Mmc,
    /// Classes; none if the service has only one.
    pub classes: Vec<Class>,
    /// Services whose response is asked for, in seconds.
    pub sizes: Vec<f64>,
}

/// Returns the answer of shared cores.
#[must_use]
pub fn answer(question: &Question) -> Answer {
    let shared = &question.shared;
    let name = match shared.servers {
        1 => "M/G/1-PS".to_owned(),
        cores => format!("M/G/{cores}-PS"),
    };
    let about = "requests at random, any law of service, cores shared by all that are there";
    let mut answer = Answer::new("ps", name, about);
    let given = &mut answer.given;
    given.number("arrival_rate", "arrival rate", Unit::Rate, shared.rate);
    given.number("service_time", "service time", Unit::Time, shared.service);
    given.number("cores", "cores", Unit::Count, shared.servers as f64);

    let capacity = shared.capacity();
    let steady = shared.steady().ok_or_else(|| grows(shared.rate, capacity));
    let stretch = queues::stretch_on_cores(shared.servers, shared.rate, shared.service);
    let stretch = stretch.ok_or_else(|| grows(shared.rate, capacity));
    let response = of(&stretch, |stretch| stretch * shared.service);
    let means = response
        .map(|response| Means::of_wait(shared.rate, shared.service, response - shared.service));
    let known = |number: fn(&Means) -> f64| of(&means, number);
    let results = &mut answer.results;
    results.load(shared.rate, capacity);
    results.known(
        "empty",
        "system empty",
        Unit::Share,
        of(&steady, Steady::empty),
    );
    results.known(
        "full",
        "all cores busy",
        Unit::Share,
        of(&steady, |it| it.waits),
    );
    results.known(
        "slowdown",
        "times longer than alone",
        Unit::Plain,
        stretch.clone(),
    );
    results.known(
        "response_mean",
        "response, mean",
        Unit::Time,
        known(|it| it.response),
    );
    let present = known(|it| it.present);
    results.known(
        "present_mean",
        "requests that are there, mean",
        Unit::Plain,
        present,
    );
    results.percentiles("response", |_| {
        Err("depends on the whole law of service, unlike the mean".to_owned())
    });
    add_lengths(&mut answer, question, &stretch);
    answer
}

/// Adds the response time of each class and of each size.
fn add_lengths(answer: &mut Answer, question: &Question, stretch: &NumberOrReason) {
    let column = |key, label, unit| Column { key, label, unit };
    let service = column("service", "service", Unit::Time);
    let found = [service, column("response_mean", "response", Unit::Time)];
    let row = |service: f64| vec![Ok(service), of(stretch, |stretch| stretch * service)];
    let classes = &question.classes;
    if !classes.is_empty() {
        let (shares, _) = classes::mix(classes);
        let asked = [service, column("share", "of all", Unit::Share)];
        let rows = classes.iter().zip(&shares);
        let rows =
            rows.map(|(class, share)| (class.name.clone(), vec![Ok(class.service), Ok(*share)]));
        answer
            .given
            .table("classes", "class", &asked, rows.collect());
        let rows = classes
            .iter()
            .map(|class| (class.name.clone(), row(class.service)));
        answer
            .results
            .table("classes", "class", &found, rows.collect());
    }
    if !question.sizes.is_empty() {
        let rows = question.sizes.iter();
        let rows = rows.map(|size| (quantity::describe(Unit::Time, *size), row(*size)));
        answer
            .results
            .table("sizes", "size", &found, rows.collect());
    }
}
