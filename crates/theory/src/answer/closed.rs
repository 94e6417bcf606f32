//! The answer of `concsim theory closed`: a fixed number of clients that circulate between stations.

use super::stations::Question;
use super::{Answer, Column, Unit};
use crate::closed;

/// Returns the solution of a closed network.
#[must_use]
pub fn answer(question: &Question) -> Answer {
    let about = "so many clients go round between stations (Buzen's convolution)";
    let mut answer = Answer::new("closed", "closed network", about);
    question.add_inputs(&mut answer.given);
    let steady = closed::solve(&question.network(), question.clients);
    let results = &mut answer.results;
    results.number("throughput", "throughput", Unit::Rate, steady.throughput);
    results.number(
        "response_mean",
        "response, mean",
        Unit::Time,
        steady.response,
    );
    let present = steady.stations.iter().map(|station| station.present).sum();
    results.number(
        "present_mean",
        "requests under way, mean",
        Unit::Plain,
        present,
    );
    let thinking = steady.throughput * question.think;
    results.number(
        "thinking_mean",
        "clients that think, mean",
        Unit::Plain,
        thinking,
    );
    results.percentiles("response", |_| {
        Err("the law of the response is not known in closed form".to_owned())
    });
    let column = |key, label, unit| Column { key, label, unit };
    let columns = [
        column("throughput", "visits", Unit::Rate),
        column("utilisation", "utilisation", Unit::Share),
        column("busy_mean", "in service", Unit::Plain),
        column("present_mean", "there", Unit::Plain),
        column("residence", "residence", Unit::Time),
        column("response_per_visit", "per visit", Unit::Time),
    ];
    let rows = question.stations.iter().zip(&steady.stations);
    let rows = rows.map(|(named, station)| {
        let row = vec![
            Ok(steady.throughput * named.visits),
            named.servers().map(|servers| station.busy / servers),
            Ok(station.busy),
            Ok(station.present),
            Ok(station.residence),
            Ok(station.residence / named.visits),
        ];
        (named.name.clone(), row)
    });
    results.table("stations", "station", &columns, rows.collect());
    answer
}
