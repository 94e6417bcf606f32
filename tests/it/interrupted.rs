//! Runs that are interrupted by ^C while requests are being served: the accounts are closed at that
//! instant, without any remark.

#![expect(
    clippy::unwrap_used,
    reason = "a summary without its fields fails the test"
)]
#![cfg(target_os = "linux")]

use std::sync::mpsc;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::played::{Played, Role};

/// Time for some requests to be answered and others to be in flight.
const UNDER_WAY: Duration = Duration::from_millis(1_500);

/// Permitted relative difference of two counts of the same.
const RESIDUAL: f64 = 0.005;

/// Plays a scenario, stops it by SIGINT, and checks its accounts.
#[track_caller]
fn balances_when_interrupted(name: &str, scenario: &str) {
    let text = format!("warmup = '0s'\nduration = '60s'\n{scenario}");
    let played = Played::begin(&text);
    played.processes.one(Role::Load);
    // Nothing is ever sent here: this sleeps.
    let (_sender, receiver) = mpsc::channel::<()>();
    assert!(receiver.recv_timeout(UNDER_WAY).is_err());
    played.signal(Signal::SIGINT);
    let ended = played.end();
    let run = ended.run();
    assert_eq!(run["interrupted"], true, "{name}: {ended:#?}");
    let little = run["little"].as_object().unwrap();
    for (of, residual) in little {
        let residual = residual.as_f64().unwrap();
        assert!(residual < RESIDUAL, "{name}: {of} {residual}: {ended:#?}");
    }
    let doubts = ended.doubts();
    let is_of_accounts = |code: &&str| code.starts_with("little") || *code == "slot-unreadable";
    assert!(!doubts.iter().any(is_of_accounts), "{name}: {doubts:?}");
    assert!(
        !format!("{ended:?}").contains("please report"),
        "{name}: {ended:#?}"
    );
}

#[test]
fn one_long_request_of_a_coroutine_worker() {
    balances_when_interrupted(
        "one sleeper",
        "server.kind = 'coroutine'\nrequests.long.steps = ['sleep 30s']\nload.clients = 1",
    );
}

#[test]
fn an_ordinary_mix_with_a_few_long_requests() {
    balances_when_interrupted(
        "a mix",
        "server.kind = 'coroutine'\nrequests.short = { weight = 9, steps = ['sleep 20ms'] }\n\
         requests.long = { weight = 1, steps = ['sleep 8s'] }\nload.rate = '20/s'",
    );
}

#[test]
fn sync_workers_that_are_blocked_while_others_stand_at_the_door() {
    balances_when_interrupted(
        "blocked",
        "server = { kind = 'sync', workers = 2 }\nrequests.short = { weight = 4, steps = ['sleep 20ms'] }\n\
         requests.long = { weight = 1, steps = ['call billing 20s'] }\nload.clients = 6",
    );
}

#[test]
fn later_requests_of_kept_connections() {
    balances_when_interrupted(
        "kept connections",
        "server.kind = 'coroutine'\nrequests.short = { weight = 4, steps = ['call billing 20ms'] }\n\
         requests.long = { weight = 1, steps = ['sleep 20s'] }\n\
         load = { clients = 8, connection = 'keep-alive', think = '10ms' }",
    );
}

#[test]
fn a_computation_that_nothing_interrupts() {
    balances_when_interrupted(
        "computing",
        "server.kind = 'coroutine'\nrequests.short = { weight = 9, steps = ['compute 1ms'] }\n\
         requests.long = { weight = 1, steps = ['compute 20s'] }\nload.clients = 10",
    );
}
