//! Conformance of both engines for workers with threads: see `conformance.rs`.

#![cfg(target_os = "linux")]

use concsim::recording::Recording;
use concsim::telemetry::{Event, Served};
use concsim::units::Stamp;
use concsim_engine::policy::SWITCH_INTERVAL;

use crate::conformance::{blocked, both, counts, failures, served, stretches_of, sum};

/// Returns the intervals in which a request ran: its run slices without the waits for the lock in them.
pub(crate) fn ran(recording: &Recording, request: u32) -> Vec<(Stamp, Stamp)> {
    let mut ran = Vec::new();
    for slice in stretches_of(recording, request) {
        let mut from = slice.from;
        for (began, over) in lock_waits(recording, request) {
            if slice.from <= began && over <= slice.to {
                ran.push((from, began));
                from = over;
            }
        }
        ran.push((from, slice.to));
    }
    ran
}

/// Returns the intervals in which a request had begun to run, and waited for the lock of its process: those
/// without a core that it was taken off.
fn lock_waits(recording: &Recording, request: u32) -> Vec<(Stamp, Stamp)> {
    let each = recording.switches.iter();
    each.filter_map(|(_, event)| match *event {
        Event::Preempted {
            from,
            to,
            request: of,
            core: None,
            ..
        } if of == request => Some((from, to)),
        _ => None,
    })
    .collect()
}

#[test]
fn threads_hand_the_lock_over_by_turns_and_one_that_waits_gives_it_up() {
    // Two that compute 200 ms each take turns of 5 ms; a third one sleeps without the lock.
    let scenario = "server = { kind = 'threads', threads = 3 }\nmachine.cores = 2\n\
                    requests.busy.steps = ['compute 200ms']\n\
                    requests.naps.steps = ['sleep 100ms']\n\
                    [[jobs]]\nat = '0ms'\nclass = 'busy'\n[[jobs]]\nat = '0ms'\nclass = 'busy'\n\
                    [[jobs]]\nat = '0ms'\nclass = 'naps'";
    both(scenario, |recording| {
        for busy in [0, 1] {
            // Each turn of the other lasts until this one has waited for an interval, but for its last.
            let waits = lock_waits(recording, busy);
            let (_, full) = waits.split_last().expect("it has waited");
            for (from, to) in full {
                assert!(to.since(*from) >= SWITCH_INTERVAL, "{waits:?}");
            }
        }
        let nap = stretches_of(recording, 2);
        let asleep = blocked(recording);
        let asleep: Vec<_> = asleep.iter().filter(|it| it.3 == 2).collect();
        assert_eq!((nap.len(), asleep.len()), (2, 1));
        assert!(lock_waits(recording, 2).is_empty(), "it computes nothing");
        // Others ran while it slept.
        let (_, from, to, _) = *asleep[0];
        let others = [0, 1].map(|n| ran(recording, n)).concat();
        assert!(others.iter().any(|it| it.0 < to && from < it.1));
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
            // Each other one is at work at the beginning of one, or not; at most three are.
            let at_once = served.iter().map(|(_, it)| {
                let begun = |other: &&(u16, Served)| {
                    other.1.accepted <= it.accepted && it.accepted < other.1.written
                };
                served.iter().filter(begun).count()
            });
            assert_eq!(at_once.max(), Some(3));
            let last = recording.samples.last().unwrap();
            assert_eq!(last.workers[0].peak_concurrency, 3);
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
        assert_eq!(sum(recording, |worker| worker.peak_concurrency), 1);
        assert_eq!(served(recording).len(), 40);
        let counts = counts(recording);
        assert!((0..40).all(|request| counts[&request] == 1), "{counts:?}");
        assert_eq!(counts.len(), 40, "and no run for the end of a connection");
    });
}
