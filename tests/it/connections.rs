//! Lifetime of kept connections: real processes and the simulation agree.

#![cfg(target_os = "linux")]

use concsim::recording::summary::{Run, summarise};

use crate::conformance::both;

/// Each pause is 10 % longer than the keep-alive time.
#[test]
fn a_connection_that_has_been_idle_for_keepalive_is_closed_at_once() {
    let scenario = "server = { kind = 'coroutine', keepalive = '500ms' }\nrequests.page.steps = []\n\
                    load = { clients = 10, requests = 60, think = '550ms..570ms', \
                    connection = 'keep-alive' }";
    both(scenario, |recording| {
        let outcomes = &recording.outcomes;
        let opened = outcomes.iter().filter(|outcome| outcome.opened).count();
        assert!(
            opened * 10 >= outcomes.len() * 9,
            "{opened} of {}",
            outcomes.len()
        );
        let failed = outcomes.iter().filter(|it| it.failure.is_some()).count();
        assert_eq!(failed, 0);
    });
}

/// A pause shorter than `keepalive` costs no connection.
#[test]
fn a_connection_that_is_idle_for_less_than_keepalive_stays() {
    let scenario = "server = { kind = 'coroutine', keepalive = '20s' }\nrequests.page.steps = []\n\
                    load = { clients = 10, requests = 60, think = '50ms', connection = 'keep-alive' }";
    both(scenario, |recording| {
        let opened = recording.outcomes.iter().filter(|outcome| outcome.opened);
        assert_eq!(opened.count(), 10);
    });
}

/// A silent worker is ended and replaced, each time with the one request that it has begun: as often in
/// both engines as there are such requests.
#[test]
fn resets_and_respawns_are_as_many_in_both_engines() {
    let scenario = "server = { kind = 'sync', workers = 2, timeout = '2s' }\n\
                    requests.page = { weight = 4, steps = ['sleep 5ms'] }\n\
                    requests.stuck = { weight = 1, steps = ['sleep 20s'] }\n\
                    load = { clients = 2, requests = 20, connection = 'keep-alive' }";
    let [run, sim] = both(scenario, |recording| {
        let run = summarise(recording);
        // The class of a request depends on its number alone: the same in both.
        let stuck = recording.outcomes.iter().filter(|it| it.class == 1).count();
        assert!(stuck > 0);
        assert_eq!(run.failed.reset, stuck);
        assert_eq!(run.failed.all(), stuck);
        let respawns: u64 = run.workers.iter().map(|worker| worker.respawns).sum();
        // After the last request its worker need not be replaced.
        assert!(
            (stuck as u64 - 1..=stuck as u64).contains(&respawns),
            "{respawns}"
        );
    })
    .map(|recording| summarise(&recording));
    let connections = |run: &Run| run.workers.iter().map(|it| it.accepted).sum::<u64>();
    assert_eq!(connections(&run), connections(&sim));
}
