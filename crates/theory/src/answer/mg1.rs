//! The answer of `concsim theory mg1`: one server with any distribution of service time, and the cost of its variation.

use super::classes::{self, Class};
use super::{Answer, Column, Unit, grows, of};
use crate::demand::Moments;
use crate::open::Means;
use crate::queues;

/// A queue, and its classes of requests.
#[derive(Clone, Debug)]
pub struct Question {
    /// Arrivals per second.
    pub rate: f64,
    /// Service of all requests, in seconds.
    pub service: Moments,
    /// Classes; none if the service has only one.
    pub classes: Vec<Class>,
}

/// Returns the answer of a queue.
#[must_use]
pub fn answer(question: &Question) -> Answer {
    let Question {
        rate,
        service,
        classes,
    } = question;
    let about = "requests at random, any law of service, one server (Pollaczek-Khinchine)";
    let mut answer = Answer::new("mg1", "M/G/1", about);
    let given = &mut answer.given;
    given.number("arrival_rate", "arrival rate", Unit::Rate, *rate);
    given.number("service_time", "service time", Unit::Time, service.mean);
    given.number(
        "squared_variation",
        "squared variation",
        Unit::Plain,
        service.squared_variation().max(0.0),
    );
    let capacity = 1.0 / service.mean;
    let wait = queues::wait_in_turn(*rate, *service).ok_or_else(|| grows(*rate, capacity));
    let means = wait
        .as_ref()
        .map(|wait| Means::of_wait(*rate, service.mean, *wait))
        .map_err(Clone::clone);
    let results = &mut answer.results;
    results.load(*rate, capacity);
    results.means(&means, |it| *it);
    let none = || Err("two moments of the service do not give the law of a time".to_owned());
    results.percentiles("wait", |_| none());
    results.percentiles("response", |_| none());
    if !classes.is_empty() {
        add_classes(&mut answer, classes, &wait);
    }
    answer
}

fn add_classes(answer: &mut Answer, classes: &[Class], wait: &Result<f64, String>) {
    let column = |key, label, unit| Column { key, label, unit };
    let (shares, _) = classes::mix(classes);
    let asked = [
        column("service", "service", Unit::Time),
        column("share", "of all", Unit::Share),
        column("squared_variation", "variation^2", Unit::Plain),
    ];
    let rows = classes.iter().zip(&shares).map(|(class, share)| {
        let row = [class.service, *share, class.squared_variation];
        (class.name.clone(), row.map(Ok).to_vec())
    });
    answer
        .given
        .table("classes", "class", &asked, rows.collect());
    let found = [
        column("response_mean", "response", Unit::Time),
        column("slowdown", "times longer", Unit::Plain),
    ];
    let rows = classes.iter().map(|class| {
        let response = of(wait, |wait| wait + class.service);
        let slowdown = of(wait, |wait| 1.0 + wait / class.service);
        (class.name.clone(), vec![response, slowdown])
    });
    answer
        .results
        .table("classes", "class", &found, rows.collect());
}
