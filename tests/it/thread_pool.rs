//! Conformance of both engines in pools of threads, and in sleeps of 0: as in `conformance.rs`, the same
//! scenario and the same checks.

#![cfg(target_os = "linux")]

use concsim::telemetry::{Event, SwitchReason};
use concsim::units::Elapsed;

use crate::conformance::{
    LOOPS, blocked, both, counts, no_two_run_slices_of_a_worker_overlap, run_slices, run_slices_of,
    the_switch_law_holds,
};

#[test]
fn as_many_waits_in_threads_overlap_as_the_pool_has_threads_and_the_others_wait_for_one() {
    for kind in LOOPS {
        for wait in ["sleep 400ms in threads", "call db 400ms in threads"] {
            let scenario = format!(
                "server = {{ kind = '{kind}', workers = 1, threadpool = 2 }}\n\
                 requests.it.steps = ['compute 1ms', '{wait}', 'compute 1ms']\n\
                 load = {{ clients = 5, requests = 5, ramp = '0s' }}"
            );
            both(&scenario, |recording| {
                assert!(blocked(recording).is_empty(), "the hub goes on");
                let counts = counts(recording);
                assert!((0..5).all(|request| counts[&request] == 2), "{counts:?}");
                let begun =
                    run_slices(recording).take_while(|(_, ran)| ran.then != SwitchReason::Ended);
                assert_eq!(
                    begun.count(),
                    5,
                    "all five are handed over before the first ends"
                );
                let parts = recording
                    .events
                    .iter()
                    .filter_map(|(_, event)| match event {
                        Event::Waited(parts) => Some(parts.thread),
                        _ => None,
                    });
                let mut for_a_thread: Vec<Elapsed> = parts.collect();
                for_a_thread.sort();
                // Two begin at once, two after a wait of those, and the last one after two waits.
                let waited = for_a_thread.iter().filter(|part| **part > Elapsed::ZERO);
                assert_eq!((for_a_thread.len(), waited.count()), (5, 3));
                assert!(
                    for_a_thread[4] >= Elapsed::from_millis(400),
                    "{for_a_thread:?}"
                );
                the_switch_law_holds(recording);
            });
        }
    }
}

#[test]
fn a_wait_in_threads_blocks_a_worker_that_has_no_pool() {
    let scenario = "requests.it.steps = ['compute 1ms', 'sleep 10ms in threads']\n\
                    load = { clients = 3, requests = 6, ramp = '0s' }";
    both(scenario, |recording| {
        assert_eq!(blocked(recording).len(), 6);
        no_two_run_slices_of_a_worker_overlap(recording);
    });
}

#[test]
fn a_sleep_of_zero_yields_and_sets_no_timer() {
    for kind in LOOPS {
        let scenario = format!(
            "server = {{ kind = '{kind}', workers = 1 }}\n\
             requests.it.steps = ['compute 1ms', 'sleep 0ms', 'compute 1ms']\n\
             load = {{ clients = 3, requests = 6, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            for request in 0..6 {
                let of_it = run_slices_of(recording, request);
                let then: Vec<_> = of_it.iter().map(|ran| ran.then).collect();
                assert_eq!(then, [SwitchReason::Yielded, SwitchReason::Ended]);
            }
        });
    }
}
