//! Conformance of both engines: the same scenario, played by real processes and in virtual time, and the
//! same checks of both recordings. All checks are about structure (overlap, order, number, failures), and
//! none about durations.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a run without its files fails the test, and a test reports what it skips"
)]
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use concsim::recording::summary::summarise;
use concsim::recording::{Recording, storage};
use concsim::scenario::{Step, draw};
use concsim::telemetry::{
    Event, Failure, NO_REQUEST, RunSlice, Served, SwitchReason, TerminationCause,
};
use concsim::units::Stamp;

/// Kinds of workers with a loop, which decides which of many requests goes on.
pub(crate) const LOOPS: [&str; 2] = ["coroutine", "callback"];

/// Plays a scenario by `concsim run` and by `concsim sim`, and applies the same checks to both.
pub(crate) fn both(scenario: &str, ask: impl Fn(&Recording)) -> [Recording; 2] {
    ["run", "sim"].map(|engine| {
        let recording = played(engine, scenario);
        eprintln!("asking the recording of {engine}"); // shown if a check fails
        assert_eq!(recording.dropped_events + recording.thinned_switches, 0);
        ask(&recording);
        recording
    })
}

fn played(engine: &str, scenario: &str) -> Recording {
    let scratch = tempfile::tempdir().unwrap();
    let (file, out) = (scratch.path().join("it.toml"), scratch.path().join("out"));
    std::fs::write(&file, format!("warmup = '0s'\n{scenario}")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args([
            engine,
            file.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ])
        .env("XDG_STATE_HOME", scratch.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    let kept = storage::open(&out).unwrap_or_else(|error| panic!("{engine}: {error}: {text}"));
    assert!(kept.torn.is_empty(), "{engine}: {text}");
    kept.recordings.into_iter().next().unwrap()
}

/// Returns run slices, in order for each worker.
pub(crate) fn run_slices(recording: &Recording) -> impl Iterator<Item = (u16, RunSlice)> {
    let each = recording.switches.iter();
    each.filter_map(|(worker, event)| match event {
        Event::RunSlice(ran) => Some((*worker, *ran)),
        _ => None,
    })
}

pub(crate) fn run_slices_of(recording: &Recording, request: u32) -> Vec<RunSlice> {
    let all = run_slices(recording).map(|(_, ran)| ran);
    all.filter(|ran| ran.request == request).collect()
}

/// Returns each serving of a worker with its request, in order for each worker; without connections that
/// never sent one.
pub(crate) fn served(recording: &Recording) -> Vec<(u16, Served)> {
    let each = recording.events.iter();
    each.filter_map(|(worker, event)| match event {
        Event::Served(served) if served.request != NO_REQUEST => Some((*worker, *served)),
        _ => None,
    })
    .collect()
}

/// Returns the intervals in which a worker slept in one call, with their requests.
pub(crate) fn blocked(recording: &Recording) -> Vec<(u16, Stamp, Stamp, u32)> {
    let each = recording.switches.iter();
    each.filter_map(|(worker, event)| match *event {
        Event::BlockedIn {
            from, to, request, ..
        } => Some((*worker, from, to, request)),
        _ => None,
    })
    .collect()
}

pub(crate) fn failures(recording: &Recording) -> BTreeMap<u32, Option<Failure>> {
    let each = recording.outcomes.iter();
    each.map(|outcome| (outcome.request, outcome.failure))
        .collect()
}

/// Returns the number of switches to each request.
pub(crate) fn counts(recording: &Recording) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    for (_, ran) in run_slices(recording) {
        *counts.entry(ran.request).or_default() += 1;
    }
    counts
}

pub(crate) fn no_two_run_slices_of_a_worker_overlap(recording: &Recording) {
    let mut last = BTreeMap::new();
    for (worker, ran) in run_slices(recording) {
        let before = last.insert(worker, ran.to);
        assert!(before.is_none_or(|before| before <= ran.from), "{ran:?}");
    }
}

pub(crate) fn sum(recording: &Recording, of: fn(&concsim::recording::WorkerSample) -> u64) -> u64 {
    let last = recording.samples.last().unwrap();
    last.workers.iter().map(of).sum()
}

/// Checks that each coroutine and each of its waits has two switches.
pub(crate) fn the_switch_law_holds(recording: &Recording) {
    for worker in &summarise(recording).workers {
        assert!(worker.law_holds(), "{worker:?}");
    }
}

#[test]
fn a_sync_worker_without_others_is_never_woken_in_vain() {
    let scenario = "server.workers = 1\nrequests.it.steps = ['compute 1ms']\n\
                    load = { clients = 1, think = '5ms', requests = 20, ramp = '0s' }";
    both(scenario, |recording| {
        assert_eq!(served(recording).len(), 20);
        assert_eq!(sum(recording, |worker| worker.accept_eagain), 0);
    });
}

#[test]
fn a_sync_worker_has_one_request_at_a_time() {
    let scenario = "server.workers = 2\nrequests.it.steps = ['compute 1ms', 'sleep 10ms', 'compute 1ms']\n\
                    load = { clients = 6, requests = 24, ramp = '0s' }";
    both(scenario, |recording| {
        let served = served(recording);
        assert_eq!(served.len(), 24);
        let mut last = BTreeMap::new();
        for (worker, served) in served {
            let before = last.insert(worker, served.written);
            assert!(before.is_none_or(|before| before <= served.accepted));
        }
        no_two_run_slices_of_a_worker_overlap(recording);
        let waits = blocked(recording).len();
        assert_eq!(
            waits, 24,
            "each blocks its worker once, and only for its wait"
        );
    });
}

#[test]
fn a_worker_with_a_loop_overlaps_waits_and_no_computing() {
    for kind in LOOPS {
        let scenario = format!(
            "server.kind = '{kind}'\nserver.workers = 1\n\
                    requests.it.steps = ['compute 2ms', 'sleep 400ms', 'compute 2ms']\n\
                    load = {{ clients = 6, requests = 6, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            no_two_run_slices_of_a_worker_overlap(recording);
            assert!(blocked(recording).is_empty());
            let each: Vec<_> = (0..6).map(|n| run_slices_of(recording, n)).collect();
            let last_begins = each.iter().map(|of_it| of_it[0].to).max();
            let first_is_over = each.iter().map(|of_it| of_it[1].from).min();
            assert!(last_begins < first_is_over, "all six wait at once");
        });
    }
}

#[test]
fn one_unpatched_wait_blocks_the_whole_worker() {
    for kind in LOOPS {
        let scenario = format!(
            "server.kind = '{kind}'\nserver.workers = 1\n\
                    requests.it.steps = ['compute 1ms', 'sleep 40ms unpatched']\n\
                    load = {{ clients = 5, requests = 5, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            let waits = blocked(recording);
            assert_eq!(waits.len(), 5);
            for (_, from, to, request) in waits {
                let meanwhile = run_slices(recording)
                    .filter(|(_, ran)| ran.request != request && ran.from < to && ran.to > from);
                assert_eq!(
                    meanwhile.count(),
                    0,
                    "no other request runs while one sleeps unpatched"
                );
                assert_eq!(run_slices_of(recording, request).len(), 1);
            }
            the_switch_law_holds(recording);
        });
    }
}

#[test]
fn processes_and_free_threads_compute_at_once_and_tasks_of_a_loop_and_threads_with_one_lock_do_not()
{
    for (server, at_once) in [
        ("kind = 'sync', workers = 2", true),
        ("kind = 'sync', workers = 1", false),
        ("kind = 'coroutine', workers = 1", false),
        ("kind = 'callback', workers = 1", false),
        ("kind = 'threads', gil = false", true),
        ("kind = 'threads', gil = true", false),
    ] {
        let scenario = format!(
            "server = {{ {server} }}\nmachine.cores = 2\n\
             requests.it.steps = ['compute 150ms']\n\
             load = {{ clients = 2, requests = 2, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            let [one, other] = [0, 1].map(|n| run_slices_of(recording, n));
            let meet = |a: &RunSlice, b: &RunSlice| a.from < b.to && b.from < a.to;
            let overlap = one.iter().any(|a| other.iter().any(|b| meet(a, b)));
            assert_eq!(overlap, at_once, "{server}: {one:?} {other:?}");
        });
    }
}

#[test]
fn the_first_connection_at_the_door_is_accepted_first() {
    for kind in ["sync", "coroutine", "callback"] {
        let scenario = format!(
            "server = {{ kind = '{kind}', workers = 1 }}\n\
             requests.it.steps = ['compute 1ms', 'sleep 20ms unpatched']\n\
             load = {{ clients = 10, requests = 10, ramp = '50ms' }}"
        );
        both(&scenario, |recording| {
            let sent: Vec<u32> = recording.sent.iter().map(|sent| sent.request).collect();
            let order: Vec<u32> = served(recording).iter().map(|it| it.1.request).collect();
            assert_eq!((sent.len(), order), (10, sent), "{kind}");
        });
    }
}

/// Checks that between two turns of a task every other present task has one.
fn check_turns(order: &[u32]) {
    for (place, one) in order.iter().enumerate() {
        let (before, after) = (&order[..place], &order[place + 1..]);
        let Some(turn) = after.iter().position(|it| it == one) else {
            continue;
        };
        let (between, after) = after.split_at(turn);
        for other in BTreeSet::from_iter(order)
            .into_iter()
            .filter(|it| *it != one)
        {
            let turns = between.iter().filter(|it| *it == other).count();
            let is_there = before.contains(other) && after.contains(other);
            assert!(turns == 1 || (turns == 0 && !is_there), "{order:?}");
        }
    }
}

#[test]
fn the_task_that_is_ready_longest_runs_next() {
    for kind in LOOPS {
        // The others arrive while one computes; each yields and stays ready.
        let scenario = format!(
            "server.kind = '{kind}'\nserver.workers = 1\n\
                    requests.it.steps = ['compute 60ms', 'yield', 'compute 1ms', 'yield', 'compute 1ms', \
                    'yield', 'compute 1ms', 'yield', 'compute 1ms', 'yield', 'compute 1ms']\n\
                    load = {{ clients = 4, requests = 4, ramp = '20ms' }}"
        );
        both(&scenario, |recording| {
            let order: Vec<u32> = run_slices(recording).map(|(_, ran)| ran.request).collect();
            assert_eq!(order.len(), 4 * 6);
            check_turns(&order);
        });
    }
}

#[test]
fn a_hog_keeps_all_others_waiting_unless_it_yields() {
    for kind in LOOPS {
        for (steps, lets_go) in [
            ("compute 250ms", false),
            ("compute 250ms in slices of 5ms", true),
        ] {
            let scenario = format!(
                "duration = '500ms'\nserver.kind = '{kind}'\nserver.workers = 1\n\
             requests.short.steps = ['compute 500us', 'sleep 1ms']\n\
             requests.hog = {{ steps = ['{steps}'], weight = 0 }}\n\
             load = {{ clients = 2, think = '5ms', ramp = '0s' }}\n\
             [[timeline]]\nat = '100ms'\ndo = 'send hog'"
            );
            both(&scenario, |recording| {
                let hog = recording.outcomes.iter().find(|outcome| outcome.class == 1);
                let hog = hog.unwrap().request;
                let of_it = run_slices_of(recording, hog);
                let (from, to) = (of_it[0].from, of_it[of_it.len() - 1].to);
                let between = run_slices(recording)
                    .filter(|(_, ran)| ran.request != hog && ran.from >= from && ran.to <= to);
                let between = between.count();
                assert_eq!(of_it.len(), if lets_go { 50 } else { 1 }, "{steps}");
                assert_eq!(between > 5, lets_go, "{steps}: {between}");
                assert!(lets_go || between == 0, "{steps}: {between}");
            });
        }
    }
}

#[test]
fn additions_are_lost_only_with_a_yield_between_reading_and_writing() {
    for kind in LOOPS {
        for (step, loses) in [("count visits", false), ("count visits with yield", true)] {
            let scenario = format!(
                "server.kind = '{kind}'\nserver.workers = 1\n\
             requests.it.steps = ['compute 1ms', '{step}', 'compute 1ms']\n\
             load = {{ clients = 10, requests = 100, ramp = '0s' }}"
            );
            both(&scenario, |recording| {
                let run = summarise(recording);
                let visits = run.counters.get("visits").unwrap();
                assert_eq!(visits.additions, 100);
                assert_eq!(visits.lost > 0, loses, "{step}: {visits:?}");
            });
        }
    }
}

/// Requests that let go in every possible way, each class with its number.
const WAYS: &str = "server = { kind = 'KIND', workers = 2 }\n\
                    requests.straight.steps = ['compute 1ms']\n\
                    requests.calls.steps = ['compute 1ms', 'call billing 5ms', 'call billing 1ms', 'write 100B']\n\
                    requests.sleeps.steps = ['sleep 3ms', 'compute 500us..1500us', 'sleep 0ms..2ms', 'sleep 1ms']\n\
                    requests.slices.steps = ['compute 5ms in slices of 1ms']\n\
                    requests.drawn.steps = ['compute 1ms..4ms in slices of 500us']\n\
                    requests.yields.steps = ['yield', 'yield', 'count visits with yield', 'yield', 'yield', 'yield']\n";

/// Returns the number of times that such a request must let go of its worker before it ends.
fn yield_count(recording: &Recording, number: u32) -> usize {
    let scenario = &recording.header.scenario;
    let class = draw::class_of(scenario, u64::from(number));
    let script = &scenario.requests[class].script;
    let each = script.iter().enumerate().map(|(place, step)| match step {
        Step::Compute {
            slice: Some(slice), ..
        } => {
            let demand = draw::demand(scenario, class, u64::from(number), place);
            demand.div_ceil(slice.0) as usize - 1
        }
        Step::Call { .. }
        | Step::Sleep { .. }
        | Step::Yield
        | Step::Count {
            with_yield: true, ..
        } => 1,
        _ => 0,
    });
    each.sum()
}

#[test]
fn each_request_has_exactly_as_many_switches_as_its_script_lets_go() {
    for kind in LOOPS {
        let ways = WAYS.replace("KIND", kind);
        let scenario = format!("{ways}load = {{ clients = 8, requests = 120, ramp = '0s' }}");
        let recordings = both(&scenario, |recording| {
            let counts = counts(recording);
            let classes: BTreeSet<u16> = recording.outcomes.iter().map(|it| it.class).collect();
            assert_eq!(
                (classes.len(), counts.len()),
                (6, 120),
                "and none for no request"
            );
            for (number, count) in counts {
                assert_eq!(
                    count,
                    1 + yield_count(recording, number),
                    "request {number}"
                );
            }
            the_switch_law_holds(recording);
        });
        let [run, sim] = recordings.each_ref().map(counts);
        assert_eq!(run, sim);
        let [run, sim] = recordings
            .each_ref()
            .map(|recording| sum(recording, |worker| worker.coroutine_switches));
        assert_eq!(run, sim);
    }
}

#[test]
fn a_kept_connection_waits_once_after_each_answer_and_sees_its_end() {
    for kind in LOOPS {
        let ways = WAYS.replace("KIND", kind);
        let scenario = format!(
            "{ways}load = {{ clients = 4, requests = 60, ramp = '0s', connection = 'keep-alive' }}"
        );
        let recordings = both(&scenario, |recording| {
            assert_eq!(sum(recording, |worker| worker.accepted), 4);
            let mut counts = counts(recording);
            assert_eq!(counts.remove(&NO_REQUEST), Some(4), "one for each end");
            assert_eq!(counts.len(), 60);
            for (number, count) in counts {
                assert_eq!(
                    count,
                    1 + yield_count(recording, number),
                    "request {number}"
                );
                let last = run_slices_of(recording, number)[count - 1];
                assert_eq!(last.then, SwitchReason::Client);
            }
            the_switch_law_holds(recording);
        });
        let [run, sim] = recordings
            .each_ref()
            .map(|recording| sum(recording, |worker| worker.coroutine_switches));
        assert_eq!(run, sim);
    }
}

#[test]
fn workers_compute_what_was_demanded() {
    for kind in ["sync", "coroutine", "threads", "callback"] {
        let scenario = format!(
            "server = {{ kind = '{kind}', workers = 2 }}\n\
             requests.it.steps = ['compute 1ms..3ms', 'sleep 1ms', 'compute 2ms in slices of 1ms']\n\
             load = {{ clients = 4, requests = 40, ramp = '0s' }}"
        );
        let demanded = |recording: &Recording, number: u32| {
            let scenario = &recording.header.scenario;
            let demands = draw::demands(scenario, 0, u64::from(number));
            demands[0] + demands[2]
        };
        let [run, sim] = both(&scenario, |recording| {
            let served = served(recording);
            assert_eq!(served.len(), 40);
            for (_, served) in served {
                let demanded = demanded(recording, served.request);
                assert!(served.cpu.0 >= demanded, "{kind}: {served:?}: {demanded}");
            }
        });
        for number in 0..40 {
            assert_eq!(demanded(&run, number), demanded(&sim, number), "{kind}");
        }
        let all = |recording: &Recording| -> u64 {
            let each = served(recording);
            each.iter().map(|(_, served)| served.cpu.0).sum()
        };
        let exactly: u64 = (0..40).map(|number| demanded(&sim, number)).sum();
        assert_eq!(all(&sim), exactly, "{kind}");
        let cpu = summarise(&sim).workers;
        let cpu: f64 = cpu.iter().map(|worker| worker.cpu_s).sum();
        assert!((cpu - exactly as f64 / 1e9).abs() < 1e-5, "{kind}: {cpu}");
        // A real request notices its end a little late, the more so on a busy machine.
        assert!(all(&run) < 2 * exactly, "{kind}: {}", all(&run));
    }
}

#[test]
fn clients_give_up_on_late_answers() {
    let scenario = "server.workers = 1\nrequests.it.steps = ['sleep 500ms']\n\
                    load = { clients = 3, requests = 3, ramp = '30ms', patience = '900ms' }";
    both(scenario, |recording| {
        let late = Some(Failure::Timeout);
        let expected = [(0, None), (1, late), (2, late)];
        assert_eq!(failures(recording), BTreeMap::from(expected));
    });
}

#[test]
fn a_client_that_finds_the_queue_full_is_not_refused_and_tries_again_a_second_later() {
    // Two find room, and perhaps one or two more while the others are still in flight. At their next SYN
    // their patience is over.
    let scenario = "server.workers = 1\nserver.backlog = 1\nrequests.it.steps = ['sleep 150ms']\n\
                    load = { clients = 12, requests = 12, ramp = '0s', patience = '800ms' }";
    both(scenario, |recording| {
        let failures = failures(recording);
        let late = failures
            .values()
            .filter(|it| **it == Some(Failure::Timeout));
        let good = failures.values().filter(|it| it.is_none()).count();
        assert_eq!(late.count() + good, 12, "{failures:?}");
        assert!((2..=4).contains(&good), "{failures:?}");
        let taken = served(recording);
        assert!(taken.is_sorted_by_key(|(_, served)| served.request));
        assert_eq!(taken.len(), good, "whoever found no room was never begun");
    });
}

#[test]
fn a_request_that_panics_fails_alone() {
    for kind in ["sync", "coroutine", "threads", "callback"] {
        let scenario = format!(
            "server = {{ kind = '{kind}', workers = 1, gil = false }}\nrequests.fine.steps = ['compute 500us']\n\
             requests.broken.steps = ['sleep 2ms', 'panic']\n\
             load = {{ clients = 4, requests = 40, ramp = '0s' }}"
        );
        let [run, sim] = both(&scenario, |recording| {
            for outcome in &recording.outcomes {
                let broken = outcome.class == 1;
                assert_eq!(outcome.failure, broken.then_some(Failure::Status), "{kind}");
            }
            the_switch_law_holds(recording);
        });
        assert_eq!(failures(&run), failures(&sim), "{kind}");
        assert_eq!(counts(&run), counts(&sim), "{kind}");
    }
}

#[test]
fn a_worker_that_is_silent_for_too_long_is_ended_with_what_it_has_begun() {
    let scenario = "server = { workers = 1, timeout = '2s' }\nrequests.it.steps = ['sleep 6s']\n\
                    load = { clients = 1, requests = 1 }";
    both(scenario, |recording| {
        let expected = [(0, Some(Failure::Reset))];
        assert_eq!(failures(recording), BTreeMap::from(expected));
        let mut died = recording.events.iter();
        let died = died.find_map(|(_, event)| match event {
            Event::Died { status, cause, .. } => Some((*status, *cause)),
            _ => None,
        });
        let silent = Some(TerminationCause::Silent);
        assert_eq!(
            died,
            Some((1, silent)),
            "it leaves when it is told to abort"
        );
        assert_eq!(sum(recording, |worker| worker.lost_tasks), 1);
    });
}
