//! Connections that are kept, and for how long: real processes and the simulation agree.

#![cfg(target_os = "linux")]

use crate::conformance::both;

/// Each pause is longer than a connection may stay, by 10 %.
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

/// A pause that is shorter than `keepalive` costs no connection.
#[test]
fn a_connection_that_is_idle_for_less_than_keepalive_stays() {
    let scenario = "server = { kind = 'coroutine', keepalive = '20s' }\nrequests.page.steps = []\n\
                    load = { clients = 10, requests = 60, think = '50ms', connection = 'keep-alive' }";
    both(scenario, |recording| {
        let opened = recording.outcomes.iter().filter(|outcome| outcome.opened);
        assert_eq!(opened.count(), 10);
    });
}
