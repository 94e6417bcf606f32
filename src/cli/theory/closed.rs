//! `concsim theory closed`: a fixed number of clients that circulate between stations.

use super::answer::{Answer, Column, Unit};
use super::arguments::{Mistakes, read};
use super::stations::{self, Question};
use concsim_theory::closed;

const EXAMPLE: &str = "Example: concsim theory closed --clients 100 --think 1s --station cpu=2ms,servers=2 --station io=98ms,delay";

const HELP: &str = "\
What it is: so many clients, each of which thinks, asks, and waits for its answer; a request visits stations with one \
server, several servers, or none to wait for (delay). Solved by Buzen's convolution in numbers of any size, which is \
exact and sound for thousands of clients and dozens of servers, where the textbook recursion is not.

Assumes: exponential service first come first served, or any law where requests share a station or do not wait at all; \
requests of one kind; no limit to the queues.

For workers: sync workers as clients that never think (each goes round: computing on the cores, waiting as a delay) \
give the most they can answer.

Fails when: demands are always the same and go in step (measured throughput then depends on how it began: vary them \
by 10 % at least), or scheduling slices are as long as the computing. The law of the response is not known.

Source: Buzen 1973; Denning and Buzen 1978; Gordon and Newell 1967.

Example: concsim theory closed --clients 100 --think 1s --station cpu=2ms,servers=2 --station io=98ms,delay";

/// Closed network: a fixed number of clients, stations with servers and delays
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE, after_long_help = HELP)]
pub(super) struct Args {
    #[command(flatten)]
    stations: stations::Around,
}

impl Args {
    pub(super) fn answer(&self) -> Result<Answer, Mistakes> {
        read(|reader| self.stations.read(reader)).map(|question| answer(&question))
    }
}

fn answer(question: &Question) -> Answer {
    let about = "so many clients go round between stations (Buzen's convolution)";
    let mut answer = Answer::new("closed", "closed network", about);
    question.tell(&mut answer.given);
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
