//! The pool of processes that compute for the workers, of both engines, and what happens if one is killed.

#![cfg(target_os = "linux")]

use concsim::recording::Recording;
use concsim::sys::processes::children_of;
use concsim::telemetry::{Event, RunSlice, WaitParts};
use concsim::units::{CpuTime, Elapsed};
use concsim_engine::telemetry::WORKER_SLOTS;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::conformance::{both, failures, served};
use crate::serve_process::{ServeProcess, answer, until};

const KINDS: [&str; 4] = ["sync", "coroutine", "threads", "callback"];

/// Two requests at once, which compute in processes beside the workers; in both engines.
fn two_jobs(kind: &str, processes: usize, ask: impl Fn(&Recording)) {
    let scenario = format!(
        "server = {{ kind = '{kind}', workers = 2, processes = {processes} }}\nmachine.cores = 2\n\
         requests.hog.steps = ['compute 200ms in processes']\n\
         [[jobs]]\nat = '0ms'\nclass = 'hog'\ncount = 2"
    );
    both(&scenario, ask);
}

/// Returns the computations of the pool, with the process of each.
fn jobs(recording: &Recording) -> Vec<(usize, RunSlice)> {
    let each = recording.switches.iter();
    let mut jobs: Vec<_> = each
        .filter_map(|(slot, event)| match event {
            Event::RunSlice(ran) if usize::from(*slot) >= WORKER_SLOTS => {
                Some((usize::from(*slot) - WORKER_SLOTS, *ran))
            }
            _ => None,
        })
        .collect();
    jobs.sort_by_key(|(_, ran)| ran.from);
    jobs
}

fn waits(recording: &Recording) -> Vec<WaitParts> {
    let each = recording.events.iter();
    each.filter_map(|(_, event)| match event {
        Event::Waited(parts) => Some(*parts),
        _ => None,
    })
    .collect()
}

#[test]
fn a_worker_of_any_kind_waits_while_a_process_computes_for_it() {
    for kind in KINDS {
        two_jobs(kind, 2, |recording| {
            let served = served(recording);
            assert_eq!(served.len(), 2);
            for (worker, hog) in served {
                assert!(usize::from(worker) < WORKER_SLOTS);
                assert_eq!(
                    hog.cpu,
                    CpuTime::ZERO,
                    "{kind}: the worker computes nothing"
                );
                assert!(hog.waited >= Elapsed::from_millis(200), "{kind}: {hog:?}");
            }
            let jobs = jobs(recording);
            let processes: Vec<usize> = jobs.iter().map(|(process, _)| *process).collect();
            assert!(matches!(processes[..], [0, 1] | [1, 0]), "{kind}: {jobs:?}");
            for (_, ran) in jobs {
                assert!(ran.to.since(ran.from) >= Elapsed::from_millis(200));
            }
            let last = recording.samples.last().expect("a sample");
            let done: u64 = last.processes.iter().map(|process| process.requests).sum();
            assert_eq!(done, 2);
        });
    }
}

#[test]
fn a_second_job_waits_in_the_queue_until_the_only_process_is_idle() {
    for kind in KINDS {
        two_jobs(kind, 1, |recording| {
            let jobs = jobs(recording);
            let [(0, first), (0, second)] = jobs[..] else {
                panic!("{kind}: {jobs:?}");
            };
            assert!(first.to <= second.from, "{kind}: {jobs:?}");
            let queued = waits(recording).iter().map(|parts| parts.queue).max();
            // Both requests come at once: the second waits for nearly all of the first.
            assert!(
                queued >= Some(Elapsed::from_millis(100)),
                "{kind}: {queued:?}"
            );
            assert!(failures(recording).values().all(Option::is_none));
        });
    }
}

#[test]
fn a_killed_process_fails_its_request_and_another_takes_its_place() {
    let mut server = ServeProcess::open(
        "kind = 'coroutine'\nworkers = 1\nprocesses = 1",
        &[
            ("hog", "'compute 10s in processes'"),
            ("quick", "'compute 1ms in processes'"),
        ],
    );
    assert_eq!(server.get("/quick").status, 200);
    let master = server.master().as_raw().cast_unsigned();
    let worker = server.a_worker().as_raw().cast_unsigned();
    let process_of_pool = || {
        let mut children = children_of(master).into_iter();
        children.find(|child| *child != worker)
    };
    let process = process_of_pool().expect("a process beside the worker");
    let mut hog = server.begin("/hog");
    // It has computed for a while: its job has begun.
    let computes = || concsim::sys::processes::cpu_of(process) > Some(CpuTime(100_000_000));
    until("the process computes", computes);
    kill(Pid::from_raw(process.cast_signed()), Signal::SIGKILL).expect("the process is there");
    assert_eq!(answer(&mut hog).map(|answer| answer.status), Some(502));
    server.wait_for_line("process p1");
    assert_eq!(server.get("/quick").status, 200);
    assert_ne!(process_of_pool(), Some(process));
    assert!(server.stop().success());
    assert_eq!(children_of(master), Vec::<u32>::new());
}
