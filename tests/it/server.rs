//! The real server, through the built program: its answers, and its behaviour in faults.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::Ordering;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::http_cases::{self, ConnectionState};
use crate::serve_process::{Answer, ServeProcess, answer, until};
use crate::serving::Serving;

const KINDS: [&str; 4] = ["sync", "coroutine", "threads", "callback"];

fn alive(pid: Pid) -> bool {
    // A process that has ended and is not reaped yet has no command line.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[test]
fn curl_alone_is_told_what_happened_to_its_request() {
    for kind in KINDS {
        let server = ServeProcess::open(
            &format!("kind = \"{kind}\""),
            &[("profile", "\"compute 2ms\", \"call billing 20ms\"")],
        );
        let Answer { status, body } = server.get("/profile");
        assert_eq!(status, 200);
        assert!(body.starts_with("worker A (pid "), "{body}");
        let waited = if ["coroutine", "callback"].contains(&kind) {
            "let go once, parked "
        } else {
            "blocked "
        };
        for words in [kind, "computed 2.0 ms", waited] {
            assert!(body.contains(words), "{words:?} in {body}");
        }
        assert_eq!(server.get("/profile?n=3&d=1000000,0").status, 200);
        assert_eq!(server.get("/profile?d=1").status, 400);
        assert_eq!(server.get("/unknown").status, 404);
    }
}

#[test]
fn a_wait_parks_the_coroutine_and_others_run_meanwhile() {
    let server = ServeProcess::open("kind = \"coroutine\"", &[("nap", "\"sleep 600ms\"")]);
    let mut naps: Vec<_> = (0..20).map(|_| server.begin("/nap")).collect();
    let bodies = naps.iter_mut().map(|nap| answer(nap).unwrap().body);
    let last = bodies.last().unwrap();
    assert!(last.contains("19 others ran meanwhile"), "{last}");
}

#[test]
fn a_sync_worker_answers_odd_and_hostile_clients_once_and_is_unharmed() {
    let server = ServeProcess::open(
        "kind = \"sync\"\nworkers = 1",
        &[("hello", "\"write 2B\""), ("story", "")],
    );
    let worker = server.a_worker();
    for case in http_cases::all() {
        let mut stream = server.connect();
        // A server that has refused the beginning may close before the end is sent.
        let _ = stream.write_all(&case.bytes);
        if case.then == ConnectionState::Waits {
            stream.shutdown(std::net::Shutdown::Write).unwrap();
        }
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let first = &case.answers[..case.answers.len().min(1)];
        assert_eq!(statuses(&bytes), first, "{}", case.name);
    }
    assert_eq!(server.a_worker(), worker);
}

/// Returns the statuses of all responses in these bytes, interim ones left out.
fn statuses(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    let lines = text.match_indices("HTTP/1.1 ");
    lines
        .filter_map(|(at, _)| text[at + 9..].get(..3)?.parse().ok())
        .filter(|status| *status >= 200)
        .collect()
}

#[test]
fn a_worker_that_is_killed_is_replaced_whatever_it_was_doing() {
    for kind in KINDS {
        let mut server = ServeProcess::open(
            &format!("kind = \"{kind}\"\nworkers = 1"),
            &[
                ("compute", "\"write 1B\", \"compute 60s\", \"write 1B\""),
                (
                    "block",
                    "\"write 1B\", \"sleep 60s unpatched\", \"write 1B\"",
                ),
            ],
        );
        for state in ["idle", "compute", "block", "stopped"] {
            let worker = server.a_worker();
            let begun = match state {
                "idle" => None,
                "stopped" => {
                    kill(worker, Signal::SIGSTOP).unwrap();
                    None
                }
                state => Some(server.begun(&format!("/{state}"))),
            };
            kill(worker, Signal::SIGKILL).unwrap();
            server.wait_for_line(&format!(
                "(pid {worker}) was killed by signal 9: another takes its place"
            ));
            if let Some(mut begun) = begun {
                assert_eq!(
                    answer(&mut begun).unwrap().body.len(),
                    1,
                    "half a body came"
                );
            }
            assert_ne!(server.a_worker(), worker);
        }
        assert!(server.stop().success());
        server.wait_for_line("2 lost");
    }
}

#[test]
fn a_worker_that_is_silent_for_too_long_is_aborted_and_if_need_be_killed() {
    let mut server = ServeProcess::open(
        "kind = \"coroutine\"\ntimeout = \"2s\"",
        &[("hog", "\"compute 60s\"")],
    );
    let computing = server.a_worker();
    let mut hog = server.begin("/hog");
    assert_eq!(answer(&mut hog), None);
    server.wait_for_line(&format!(
        "(pid {computing}) was killed: silent for longer than timeout (2 s)"
    ));
    let stopped = server.a_worker();
    kill(stopped, Signal::SIGSTOP).unwrap();
    server.wait_for_line(&format!("(pid {stopped}) did not abort: sent SIGKILL"));
    assert_ne!(server.a_worker(), stopped);
}

#[test]
fn a_worker_with_threads_that_hangs_is_ended_and_one_whose_threads_take_long_is_not() {
    let mut server = ServeProcess::open(
        "kind = \"threads\"\nthreads = 2\ntimeout = \"2s\"",
        &[("hog", "\"compute 60s\""), ("long", "\"sleep 4s\"")],
    );
    let worker = server.a_worker();
    // Both threads are busy for longer than the timeout: the main thread beats.
    let (_hog, mut long) = (server.begin("/hog"), server.begin("/long"));
    assert!(answer(&mut long).unwrap().body.contains("blocked"));
    assert_eq!(server.a_worker(), worker);
    kill(worker, Signal::SIGSTOP).unwrap();
    server.wait_for_line(&format!("(pid {worker}) did not abort: sent SIGKILL"));
    assert_ne!(server.a_worker(), worker);
}

#[test]
fn ttin_adds_a_worker_and_ttou_sends_the_oldest_home() {
    let mut server = ServeProcess::open("kind = \"sync\"\nworkers = 1", &[("hello", "")]);
    let (oldest, master) = (server.a_worker(), server.master());
    kill(master, Signal::SIGTTIN).unwrap();
    server.wait_for_line("worker B joins: 2 now");
    kill(master, Signal::SIGTTOU).unwrap();
    server.wait_for_line(&format!("worker A (pid {oldest}), the oldest, goes: 1 now"));
    until("the oldest is gone", || !alive(oldest));
    assert!(server.get("/").body.starts_with("worker B"));
    kill(master, Signal::SIGTTOU).unwrap();
    server.wait_for_line("the last worker cannot be removed");
}

#[test]
fn a_server_that_is_told_to_stop_finishes_begun_requests_and_leaves_no_process() {
    for kind in KINDS {
        let mut server = ServeProcess::open(
            &format!("kind = \"{kind}\""),
            &[("nap", "\"write 1B\", \"sleep 500ms\", \"write 1B\"")],
        );
        let (worker, master) = (server.a_worker(), server.master());
        let mut nap = server.begun("/nap");
        assert!(server.stop().success());
        assert_eq!(answer(&mut nap).unwrap().body.len(), 2);
        assert!(!alive(worker) && !alive(master));
    }
}

#[test]
fn no_process_outlives_a_driver_that_is_killed() {
    for path in ["/idle", "/compute", "/block"] {
        let server = ServeProcess::open(
            "kind = \"coroutine\"",
            &[
                ("idle", "\"write 1B\""),
                ("compute", "\"write 1B\", \"compute 60s\""),
                ("block", "\"write 1B\", \"sleep 60s unpatched\""),
            ],
        );
        let (worker, master) = (server.a_worker(), server.master());
        let _begun = server.begun(path);
        drop(server);
        until("everybody is gone", || !alive(worker) && !alive(master));
    }
}

#[test]
fn a_port_that_is_taken_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("scenario.toml");
    std::fs::write(&path, "[requests.a]\nsteps = []\n[load]\nclients = 1\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(["serve", path.to_str().unwrap(), "--bind", &address])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains(&format!("listen at {address}: Address already in use")),
        "{text}"
    );
}

#[test]
fn a_worker_that_cannot_get_ready_ends_the_server_with_the_reason_and_is_not_forked_again() {
    let nobody_listens = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for kind in KINDS {
        let scenario = format!(
            "server.kind = \"{kind}\"\nload.clients = 1\n\
             requests.a.steps = [\"call billing 1ms\"]\n"
        );
        let (serving, text) = Serving::try_start(&scenario, vec![nobody_listens]);
        let reason = text.expect_err("there is no service to call");
        assert!(reason.starts_with("boot worker A (pid "), "{reason}");
        assert!(
            reason.contains("connect to a service: Connection refused"),
            "{reason}"
        );
        assert_eq!(serving.worker().incarnation.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_panic_is_a_500_and_an_overflow_costs_no_more_than_the_worker() {
    for kind in KINDS {
        let mut server = ServeProcess::open(
            &format!("kind = \"{kind}\"\nworkers = 1"),
            &[("panic", "\"panic\""), ("overflow", "\"overflow\"")],
        );
        let worker = server.a_worker();
        assert_eq!(server.get("/panic").status, 500);
        server.wait_for_line("panicked: the script");
        assert_eq!(
            server.a_worker(),
            worker,
            "a panic costs the worker nothing"
        );
        assert_eq!(answer(&mut server.begin("/overflow")), None);
        server.wait_for_line(&format!("worker A (pid {worker}) "));
        server.wait_for_line("another takes its place");
        assert_ne!(server.a_worker(), worker);
    }
}

#[test]
fn a_reload_replaces_every_worker_and_loses_no_request() {
    let mut server = ServeProcess::open(
        "kind = 'sync'\nworkers = 2",
        &[("slow", "'write 1B', 'sleep 300ms', 'write 1B'")],
    );
    let before = server.a_worker();
    let mut under_way: Vec<_> = (0..2).map(|_| server.begun("/slow")).collect();
    kill(server.master(), Signal::SIGHUP).unwrap();
    server.wait_for_line("reloaded: 2 new workers, 2 go");
    for stream in &mut under_way {
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        assert!(!rest.is_empty(), "what was begun is finished");
    }
    until("the old ones are gone", || {
        std::fs::metadata(format!("/proc/{before}")).is_err()
    });
    for _ in 0..8 {
        assert_ne!(server.a_worker(), before);
    }
}
