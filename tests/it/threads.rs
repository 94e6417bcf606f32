//! Conformance of both engines for workers with threads: see `conformance.rs`.

#![cfg(target_os = "linux")]

use concsim::recording::Recording;
use concsim::telemetry::{Served, SwitchReason};
use concsim::units::Stamp;
use concsim_engine::policy::SWITCH_INTERVAL;

use crate::conformance::{blocked, both, counts, failures, run_slices_of, served, sum};

/// Returns the intervals in which a request was ready after it had given the lock away.
fn lock_waits(recording: &Recording, request: u32) -> Vec<(Stamp, Stamp)> {
    let slices = run_slices_of(recording, request);
    let pairs = slices.windows(2);
    let yielded = pairs.filter(|pair| pair[0].then == SwitchReason::Yielded);
    yielded.map(|pair| (pair[0].to, pair[1].from)).collect()
}

#[test]
fn threads_that_compute_take_turns_with_the_lock() {
    let scenario = "server = { kind = 'threads', threads = 2 }\nmachine.cores = 2\n\
                    requests.busy.steps = ['compute 200ms']\n\
                    [[jobs]]\nat = '0ms'\nclass = 'busy'\ncount = 2";
    both(scenario, |recording| {
        for busy in [0, 1] {
            // Each turn of the other lasts until this one has waited for an interval, but for its last.
            let waits = lock_waits(recording, busy);
            let (_, full) = waits.split_last().expect("it has waited");
            for (from, to) in full {
                assert!(to.since(*from) >= SWITCH_INTERVAL, "{waits:?}");
            }
        }
    });
}

#[test]
fn a_thread_that_sleeps_has_given_up_the_lock() {
    let scenario = "server = { kind = 'threads', threads = 2 }\nmachine.cores = 2\n\
                    requests.busy.steps = ['compute 200ms']\n\
                    requests.naps.steps = ['sleep 200ms']\n\
                    [[jobs]]\nat = '0ms'\nclass = 'naps'\n[[jobs]]\nat = '0ms'\nclass = 'busy'";
    both(scenario, |recording| {
        let asleep = blocked(recording);
        let [(_, from, to, naps)] = asleep[..] else {
            panic!("one sleeps once: {asleep:?}");
        };
        assert_eq!(run_slices_of(recording, naps).len(), 2);
        assert!(
            lock_waits(recording, naps).is_empty(),
            "it computes nothing"
        );
        let busy = run_slices_of(recording, 1 - naps);
        assert!(
            busy.iter().any(|it| it.from < to && from < it.to),
            "{busy:?}"
        );
    });
}

#[test]
fn a_worker_has_as_many_requests_as_threads_and_blocks_a_thread_for_each_wait() {
    for gil in [true, false] {
        let scenario = format!(
            "server = {{ kind = 'threads', threads = 3, gil = {gil} }}\n\
             requests.it.steps = ['compute 1ms', 'sleep 30ms', 'call billing 30ms']\n\
             load = {{ clients = 8, requests = 24, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            let served = served(recording);
            assert_eq!((served.len(), blocked(recording).len()), (24, 48));
            // The number of requests that have a thread is highest when one has just got it.
            let at_once = served.iter().map(|(_, it)| {
                let has_a_thread = |other: &&(u16, Served)| {
                    other.1.first_read <= it.first_read && it.first_read < other.1.written
                };
                served.iter().filter(has_a_thread).count()
            });
            assert_eq!(at_once.max(), Some(3));
            // The others are accepted, and wait for a thread.
            let last = recording.samples.last().unwrap();
            assert!(last.workers[0].peak_concurrency > 3);
        });
    }
}

#[test]
fn a_thread_that_takes_long_does_not_make_its_worker_silent() {
    let scenario = "server = { kind = 'threads', threads = 2, timeout = '2s' }\n\
                    requests.naps.steps = ['sleep 4s']\nrequests.busy.steps = ['compute 1ms']\n\
                    [[jobs]]\nat = '0ms'\nclass = 'naps'\n[[jobs]]\nat = '0ms'\nclass = 'naps'\n\
                    [[jobs]]\nat = '1ms'\nclass = 'busy'";
    both(scenario, |recording| {
        assert!(failures(recording).values().all(Option::is_none));
        assert_eq!(sum(recording, |worker| worker.respawns), 0);
    });
}

#[test]
fn a_kept_connection_costs_no_thread_between_two_requests() {
    let scenario = "server = { kind = 'threads', threads = 1 }\nrequests.it.steps = ['compute 1ms']\n\
                    load = { clients = 4, requests = 40, ramp = '0s', think = '20ms', connection = 'keep-alive' }";
    both(scenario, |recording| {
        assert_eq!(sum(recording, |worker| worker.accepted), 4);
        let served = served(recording);
        assert_eq!(served.len(), 40);
        let in_turn = |pair: &[(u16, Served)]| pair[0].1.written <= pair[1].1.first_read;
        assert!(served.windows(2).all(in_turn), "one thread: {served:?}");
        let counts = counts(recording);
        assert!((0..40).all(|request| counts[&request] == 1), "{counts:?}");
        assert_eq!(counts.len(), 40, "and no run for the end of a connection");
    });
}

#[test]
fn a_request_waits_inside_its_worker_for_a_thread() {
    let scenario = "server = { kind = 'threads', threads = 1 }\nrequests.naps.steps = ['sleep 1s']\n\
                    requests.busy.steps = ['compute 1ms']\n\
                    [[jobs]]\nat = '0ms'\nclass = 'naps'\n[[jobs]]\nat = '100ms'\nclass = 'busy'";
    both(scenario, |recording| {
        let served = served(recording);
        let [(_, naps), (_, busy)] = served[..] else {
            panic!("two requests: {served:?}");
        };
        assert!(
            busy.accepted < naps.written,
            "it is begun while the thread is taken: {served:?}"
        );
        assert!(busy.first_read >= naps.written, "{served:?}");
        let slices = run_slices_of(recording, busy.request);
        assert!(slices[0].ready < naps.written, "and ready: {slices:?}");
        assert!(slices[0].from >= naps.written, "{slices:?}");
    });
}
