//! Runs in which a process is killed, stopped, or cannot go on.

#![expect(
    clippy::unwrap_used,
    reason = "a summary without its fields fails the test"
)]
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::net::TcpStream;
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::played::{
    MarkedProcesses, Played, Role, RunResult, computes, port_of, sockets_of, state_of,
};
use crate::serve_process::until;

/// State of the workers of a run at the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerState {
    Idle,
    Computing,
    Blocked,
    /// Stopped by SIGSTOP, in the middle of a wait.
    Stopped,
}

pub(crate) const STATES: [WorkerState; 4] = [
    WorkerState::Idle,
    WorkerState::Computing,
    WorkerState::Blocked,
    WorkerState::Stopped,
];

const KINDS: [&str; 4] = ["sync", "coroutine", "threads", "callback"];

impl WorkerState {
    /// Returns a run of `length` in which workers are in this state.
    pub(crate) fn scenario(self, kind: &str, length: &str) -> String {
        let (steps, load) = match self {
            Self::Idle => ("'call billing 1ms'", "rate = '50/s'"),
            // Short enough for a client to wait for it on a busy machine, where threads compute by turns.
            Self::Computing => (
                "'compute 50ms', 'call billing 1ms'",
                "clients = 4\nramp = '0s'",
            ),
            Self::Blocked | Self::Stopped => (
                "'sleep 200ms unpatched', 'call billing 1ms'",
                "clients = 4\nramp = '0s'",
            ),
        };
        format!(
            "warmup = '0s'\nduration = '{length}'\n[server]\nkind = '{kind}'\nworkers = 2\nthreads = 2\nnice = 0\n\
             [requests.a]\nsteps = [{steps}]\n[load]\npatience = '5s'\n{load}\n"
        )
    }

    /// Waits until a worker is in this state, and returns it.
    pub(crate) fn caught(self, processes: &MarkedProcesses) -> Pid {
        // The listener, the connection to the service, and that of a request.
        let busy = 3;
        processes.one(Role::Load);
        let mut caught = None;
        // A worker that had two calls at once keeps both connections: it is idle if it has the fewest sockets
        // of its last checks.
        let mut seen: BTreeMap<Pid, VecDeque<usize>> = BTreeMap::new();
        until(&format!("a worker is caught {self:?}"), || {
            let mut is_quiet = |worker: Pid| {
                const LOOKS: usize = 5;
                let (last, sockets) = (seen.entry(worker).or_default(), sockets_of(worker));
                last.push_back(sockets);
                if last.len() > LOOKS {
                    last.pop_front();
                }
                last.len() == LOOKS && last.iter().min() == Some(&sockets)
            };
            let does = |worker: &Pid| match self {
                Self::Idle => is_quiet(*worker) && !computes(*worker),
                Self::Computing => sockets_of(*worker) >= busy && computes(*worker),
                Self::Blocked | Self::Stopped => sockets_of(*worker) >= busy && !computes(*worker),
            };
            caught = processes.of(Role::Worker).into_iter().find(does);
            caught.is_some()
        });
        let worker = caught.expect("one was just found");
        if self == Self::Stopped {
            stop(worker);
        }
        worker
    }
}

pub(crate) fn stop(pid: Pid) {
    kill(pid, Signal::SIGSTOP).expect("the process is there");
    until("the process has stopped", || state_of(pid) == Some('T'));
}

/// Plays all cases at the same time: they spend most of it waiting.
pub(crate) fn at_once<Case: Copy + Send>(cases: impl IntoIterator<Item = Case>, story: fn(Case)) {
    thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || story(case));
        }
    });
}

#[test]
fn a_run_goes_on_without_a_worker_that_is_killed_and_counts_what_it_took_along() {
    // Two kinds at a time: those that compute need their share of the cores.
    for kinds in KINDS.chunks(2) {
        let cases = kinds
            .iter()
            .flat_map(|kind| STATES.map(|doing| (*kind, doing)));
        at_once(cases, |(kind, doing)| {
            // A number of requests and not a time: on a busy machine the same ones take longer.
            let count = if doing == WorkerState::Idle { 200 } else { 24 };
            let scenario = doing.scenario(kind, "60s");
            let played = Played::begin(&format!("{scenario}requests = {count}\n"));
            let worker = doing.caught(&played.processes);
            kill(worker, Signal::SIGKILL).expect("the worker is there");
            let ended = played.end();
            assert!(
                ended.messages.contains(&format!(
                    "(pid {worker}) was killed by signal 9: another takes its place"
                )),
                "{kind}, {doing:?}: {ended:#?}"
            );
            went_on(&ended);
            if doing != WorkerState::Idle {
                assert!(ended.failed() > 0, "{kind}, {doing:?}: {ended:#?}");
                // An idle server does so little that half a percent is less than a moment's delay.
                adds_up(&ended);
            }
        });
    }
}

/// Checks that the run ended regularly, its requests add up, and one worker was replaced.
fn went_on(ended: &RunResult) {
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
    let run = ended.run();
    assert_eq!(
        run["due"].as_u64().unwrap(),
        run["completed"].as_u64().unwrap() + ended.failed(),
        "{ended:#?}"
    );
    assert!(run["completed"].as_u64().unwrap() > 0, "{ended:#?}");
    let workers = run["workers"].as_array().unwrap().iter();
    let respawns = workers.map(|worker| worker["respawns"].as_u64().unwrap());
    assert_eq!(respawns.sum::<u64>(), 1, "{ended:#?}");
    assert!(!ended.doubts().contains(&"crashed"), "{ended:#?}");
}

/// Checks that gauges and the log of requests agree, in spite of the interruption.
fn adds_up(ended: &RunResult) {
    let doubts = ended.doubts();
    for wrong in ["little-system", "little-workers", "breakdown-overrun"] {
        assert!(!doubts.contains(&wrong), "{wrong}: {ended:#?}");
    }
}

#[test]
fn a_run_whose_arbiter_load_or_services_are_killed_says_so_and_leaves_no_process() {
    for role in [Role::Arbiter, Role::Load, Role::Services] {
        // Sync workers in each state, and each other kind in one.
        let of_sync = STATES.map(|doing| (role, "sync", doing));
        let of_others = KINDS.map(|kind| (role, kind, WorkerState::Blocked));
        let cases = of_sync.into_iter().chain(of_others.into_iter().skip(1));
        at_once(cases, |(role, kind, doing)| {
            let played = Played::begin(&doing.scenario(kind, "60s"));
            doing.caught(&played.processes);
            let victim = played.processes.one(role);
            kill(victim, Signal::SIGKILL).expect("the process is there");
            let ended = played.end();
            assert_eq!(
                ended.status.code(),
                Some(1),
                "{role:?}, {kind}, {doing:?}: {ended:#?}"
            );
            assert!(
                ended.doubts().contains(&"crashed"),
                "{role:?}, {kind}, {doing:?}: {ended:#?}"
            );
        });
    }
}

#[test]
fn a_run_whose_load_or_services_stay_stopped_breaks_off_and_names_them() {
    let cases = [
        (Role::Load, "load was stopped by a signal for 3.00 s"),
        (
            Role::Services,
            "the services were stopped by a signal for 3.00 s",
        ),
    ];
    at_once(cases, |(role, words)| {
        let played = Played::begin(&WorkerState::Blocked.scenario("coroutine", "600s"));
        WorkerState::Blocked.caught(&played.processes);
        stop(played.processes.one(role));
        let ended = played.end();
        assert_eq!(ended.status.code(), Some(1), "{role:?}: {ended:#?}");
        assert!(ended.doubts().contains(&"crashed"), "{role:?}: {ended:#?}");
        let summary = ended.summary.to_string();
        assert!(summary.contains(words), "{role:?}: {summary}");
    });
}

#[test]
fn requests_of_other_programs_in_a_measured_run_are_found_and_named() {
    // A silent connection, one that sends two requests, and one whose request has a number of load's own:
    // each is one of another program.
    let silent: &[&str] = &[];
    let two: &[&str] = &["GET /a HTTP/1.1\r\nHost: x\r\n\r\n"; 2];
    let forged: &[&str] = &["GET /a?n=3 HTTP/1.1\r\nHost: x\r\n\r\n"];
    at_once([silent, two, forged], |requests| {
        let played = Played::begin(&WorkerState::Blocked.scenario("coroutine", "3s"));
        WorkerState::Blocked.caught(&played.processes);
        let port = port_of(played.processes.one(Role::Arbiter));
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        for request in requests {
            stream
                .write_all(request.as_bytes())
                .expect("it can be asked");
        }
        let ended = played.end();
        drop(stream);
        assert!(
            ended.doubts().contains(&"foreign-requests"),
            "{requests:?}: {ended:#?}"
        );
        assert_eq!(
            ended.run()["trust"],
            "proves-nothing",
            "{requests:?}: {ended:#?}"
        );
    });
}

#[test]
fn no_process_outlives_a_driver_that_is_killed_at_any_stage() {
    for everybody_is_stopped in [false, true] {
        let cases = STATES.map(|doing| (everybody_is_stopped, doing));
        at_once(cases, |(everybody_is_stopped, doing)| {
            let played = Played::begin(&doing.scenario("coroutine", "60s"));
            doing.caught(&played.processes);
            if everybody_is_stopped {
                for (pid, _) in played.processes.all() {
                    stop(pid);
                }
            }
            played.signal(Signal::SIGKILL);
            let ended = played.end();
            assert_eq!(ended.status.code(), None, "{doing:?}: {ended:#?}");
        });
    }
}

#[test]
fn a_run_that_is_interrupted_ends_soon_with_what_there_is() {
    at_once([Signal::SIGINT, Signal::SIGTERM], |signal| {
        let scenario = WorkerState::Blocked.scenario("sync", "60s");
        let played = Played::begin(&scenario.replace("200ms", "60s"));
        WorkerState::Blocked.caught(&played.processes);
        played.signal(signal);
        let ended = played.end();
        assert_eq!(ended.status.code(), Some(130), "{ended:#?}");
        assert_eq!(ended.run()["interrupted"], true, "{ended:#?}");
    });
}
