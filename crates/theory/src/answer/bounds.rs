//! The answer of `concsim theory bounds`: upper limits of any long run, whatever its randomness.

use super::{Answer, Column, Unit, Value, stations};
use crate::bounds::{Bound, Outline};
use crate::closed::limits;
use concsim_model::scenario::WorkerKind;

/// Returns the bounds of a closed network.
#[must_use]
pub fn of_network(question: &stations::Question) -> Answer {
    let about = "asymptotic bounds of a closed network (Denning and Buzen)";
    let mut answer = Answer::new("bounds", "bounds of a network", about);
    question.add_inputs(&mut answer.given);
    let limits = limits::of(&question.network(), question.clients);
    let results = &mut answer.results;
    let most = limits.throughput_most;
    results.number("throughput_most", "throughput, at most", Unit::Rate, most);
    let least = limits.throughput_least;
    results.number(
        "throughput_least",
        "throughput, at least",
        Unit::Rate,
        least,
    );
    let least = limits.response_least;
    results.number("response_least", "response, at least", Unit::Time, least);
    let most = limits.response_most;
    results.number("response_most", "response, at most", Unit::Time, most);
    let none = || "delays alone have no limit".to_owned();
    let bottleneck = limits.bottleneck.ok_or_else(none);
    let known =
        |of: fn(&limits::Bottleneck) -> f64| bottleneck.as_ref().map(of).map_err(Clone::clone);
    results.known(
        "capacity",
        "the bottleneck gives at most",
        Unit::Rate,
        known(|it| it.capacity),
    );
    results.known(
        "knee_clients",
        "clients that fill it (N*)",
        Unit::Plain,
        known(|it| it.knee),
    );
    if let Ok(bottleneck) = &bottleneck {
        let name = question.stations[bottleneck.station].name.clone();
        results.add("bottleneck", "bottleneck", Value::Text(name));
    }
    answer
}

/// Returns the bounds of workers of both kinds.
#[must_use]
pub fn of_workers(outline: &Outline) -> Answer {
    let about = "what workers, cores and clients allow at most (Denning and Buzen)";
    let mut answer = Answer::new("bounds", "bounds of workers", about);
    let given = &mut answer.given;
    given.number("workers", "workers", Unit::Count, outline.workers as f64);
    given.number("cores", "cores", Unit::Count, outline.cores as f64);
    given.number("compute", "compute", Unit::Time, outline.compute);
    given.number("wait", "wait", Unit::Time, outline.wait);
    if let Some((clients, think)) = outline.clients {
        given.number("clients", "clients", Unit::Count, clients as f64);
        given.number("think_time", "think time", Unit::Time, think);
    }
    let column = |key, label, unit| Column { key, label, unit };
    let columns = [
        column("count", "there are", Unit::Count),
        column("each", "taken for", Unit::Time),
        column("throughput_most", "at most", Unit::Rate),
    ];
    let results = &mut answer.results;
    let kinds = [
        (WorkerKind::Sync, "sync_bounds", "sync"),
        (WorkerKind::Coroutine, "coroutine_bounds", "coroutine"),
    ];
    for (kind, key, word) in kinds {
        let bounds = Outline { kind, ..*outline }.bounds();
        let tightest = bounds.first().map(Bound::per_s);
        let tightest = tightest.ok_or_else(|| "nothing bounds it".to_owned());
        let label = format!("{word} workers, at most");
        results.known(
            &format!("{word}_throughput_most"),
            &label,
            Unit::Rate,
            tightest,
        );
        let rows = bounds.iter().map(|bound| {
            let row = [bound.count, bound.each, bound.per_s()];
            (bound.of.word().to_owned(), row.map(Ok).to_vec())
        });
        results.table(key, word, &columns, rows.collect());
    }
    let none = || "nothing is computed".to_owned();
    let knee = outline.knee().ok_or_else(none);
    results.known(
        "knee_workers",
        "sync workers that fill the cores",
        Unit::Plain,
        knee,
    );
    answer
}
