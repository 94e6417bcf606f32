//! Conformance of both engines for the ways in which workers share the door (`server.accept`): see
//! `conformance.rs`.

#![cfg(target_os = "linux")]

use concsim::recording::Recording;
use concsim::telemetry::Failure;

use crate::conformance::{both, failures, served, sum};

/// Returns the number of requests that ended with `failure`.
fn count(recording: &Recording, failure: Option<Failure>) -> usize {
    let ends = failures(recording);
    ends.values().filter(|end| **end == failure).count()
}

#[test]
fn accept_itself_returns_to_a_sleeping_worker_with_a_client_only() {
    let scenario = "server = { workers = 3, accept = 'blocking' }\nrequests.it.steps = ['compute 1ms']\n\
                    load = { clients = 4, think = '1ms', requests = 80, ramp = '0s' }";
    both(scenario, |recording| {
        assert_eq!(served(recording).len(), 80);
        assert_eq!(sum(recording, |worker| worker.accept_eagain), 0);
    });
}

#[test]
fn a_connection_wakes_at_most_one_worker_that_watches_exclusively() {
    for kind in ["sync", "coroutine", "threads", "callback"] {
        let scenario = format!(
            "server = {{ kind = '{kind}', workers = 3, accept = 'exclusive' }}\n\
             requests.it.steps = ['compute 1ms']\n\
             load = {{ clients = 4, think = '1ms', requests = 80, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            assert_eq!(served(recording).len(), 80);
            let woken_in_vain = sum(recording, |worker| worker.accept_eagain);
            assert!(woken_in_vain <= 80, "{woken_in_vain}");
        });
    }
}

#[test]
fn every_kind_of_worker_serves_a_queue_of_its_own() {
    for kind in ["sync", "coroutine", "threads", "callback"] {
        let scenario = format!(
            "server = {{ kind = '{kind}', workers = 2, accept = 'reuseport' }}\n\
             requests.it.steps = ['compute 1ms']\n\
             load = {{ clients = 4, think = '1ms', requests = 80, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            assert_eq!(served(recording).len(), 80);
            let workers = &recording.samples.last().expect("a sample").workers;
            // Each of 80 hashes has chosen the same queue once in 2^79 runs.
            assert!(workers.iter().all(|it| it.accepted > 0), "{workers:?}");
            // Each thread of a simulated worker looks by itself, and another one may have been faster.
            if kind != "threads" {
                assert_eq!(sum(recording, |worker| worker.accept_eagain), 0);
            }
        });
    }
}

/// A request that comes to a server of one worker, beside a client that has sent nothing for two seconds.
#[test]
fn a_silent_client_holds_a_sync_worker_and_one_task_of_a_hub() {
    for (server, end) in [
        ("kind = 'sync'", Some(Failure::Timeout)),
        ("kind = 'threads', threads = 1", Some(Failure::Timeout)),
        ("kind = 'coroutine'", None),
        ("kind = 'callback'", None),
    ] {
        let scenario = format!(
            "server = {{ workers = 1, graceful_timeout = '0s', {server} }}\n\
             requests.it.steps = ['compute 1ms']\nload = {{ silent = 1, patience = '1s' }}\n\
             [[jobs]]\nat = '2s'"
        );
        both(&scenario, |recording| {
            assert_eq!(count(recording, end), 1, "{server}");
            let accepted = sum(recording, |worker| worker.accepted);
            assert!(accepted > u64::from(end.is_none()), "{server}: {accepted}");
        });
    }
}

/// One worker sleeps in the first of five requests when it is killed, and the next worker in another one until all
/// have lost their patience.
#[test]
fn a_killed_worker_takes_its_own_queue_with_it_and_leaves_a_shared_one() {
    for (accept, resets) in [("reuseport", 5), ("shared", 1)] {
        let scenario = format!(
            "duration = '4s'\nserver = {{ workers = 1, accept = '{accept}', graceful_timeout = '0s' }}\n\
             requests.it.steps = ['sleep 30s']\n\
             load = {{ clients = 5, requests = 5, ramp = '0s', patience = '2s' }}\n\
             [[timeline]]\nat = '1s'\ndo = 'kill a worker'\n"
        );
        both(&scenario, |recording| {
            assert_eq!(count(recording, Some(Failure::Reset)), resets, "{accept}");
            assert_eq!(
                count(recording, Some(Failure::Timeout)),
                5 - resets,
                "{accept}"
            );
        });
    }
}

#[test]
fn workers_come_and_go_and_no_client_of_a_shared_queue_notices() {
    for server in [
        "kind = 'sync', accept = 'shared'",
        "kind = 'sync', accept = 'blocking'",
        "kind = 'coroutine', accept = 'exclusive'",
    ] {
        let scenario = format!(
            "duration = '1500ms'\nserver = {{ workers = 2, {server} }}\n\
             requests.it.steps = ['compute 1ms', 'sleep 5ms']\n\
             load = {{ clients = 6, ramp = '0s' }}\n\
             [[timeline]]\nat = '200ms'\ndo = 'add a worker'\n\
             [[timeline]]\nat = '400ms'\ndo = 'reload'\n\
             [[timeline]]\nat = '700ms'\ndo = 'remove a worker'\n\
             [[timeline]]\nat = '900ms'\ndo = 'reload'\n"
        );
        both(&scenario, |recording| {
            let ends = failures(recording);
            assert!(ends.len() > 6, "{server}");
            assert_eq!(count(recording, None), ends.len(), "{server}: {ends:?}");
            let slots = &recording.samples.last().expect("a sample").workers;
            assert!(slots.len() > 3, "{server}: a reload takes new slots");
        });
    }
}
