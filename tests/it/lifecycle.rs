//! The arbiter and its workers over time: workers that are replaced, reloaded, added, stopped and escalated, by the
//! built program and its signals. Each story is gunicorn's.

#![expect(
    clippy::unwrap_used,
    reason = "a story that cannot go on fails its test"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::serve_process::{ServeProcess, answer, until};

const KINDS: [&str; 4] = ["sync", "coroutine", "threads", "callback"];

/// Returns the children of a process, those that have ended and are not reaped among them.
fn children(of: Pid) -> Vec<Pid> {
    let path = format!("/proc/{of}/task/{of}/children");
    let list = std::fs::read_to_string(path).unwrap_or_default();
    let pids = list.split_whitespace().map(|pid| pid.parse().unwrap());
    pids.map(Pid::from_raw).collect()
}

/// Number of descriptors that a process has open.
fn descriptors(of: Pid) -> usize {
    std::fs::read_dir(format!("/proc/{of}/fd")).unwrap().count()
}

/// Sends a GET. True if it is answered well.
fn is_answered(address: SocketAddr, path: &str) -> bool {
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    stream.write_all(request.as_bytes()).is_ok()
        && answer(&mut stream).is_some_and(|it| it.status == 200)
}

/// Sends requests from two clients, one after the other, while `story` is told. Returns the numbers of answers and
/// of failures.
fn under_load(server: &ServeProcess, path: &str, story: impl FnOnce()) -> (usize, usize) {
    let address = server.address();
    let (good, bad, is_over) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicBool::new(false),
    );
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let count = if is_answered(address, path) {
                        &good
                    } else {
                        &bad
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        story();
        is_over.store(true, Ordering::Relaxed);
    });
    (good.into_inner(), bad.into_inner())
}

#[test]
fn two_hundred_replacements_lose_no_request_and_leave_nothing() {
    let server = ServeProcess::open(
        "kind = 'sync'\nworkers = 4\nmax_requests = 1",
        &[("nap", "'sleep 1ms'")],
    );
    // No worker lives long enough to be asked for its parent.
    let [master] = children(server.driver())[..] else {
        panic!("a server without services has one child")
    };
    let before = descriptors(master);
    let first = server.a_worker();
    let address = server.address();
    // Each answer ends its worker.
    let answered = thread::scope(|scope| {
        let clients = [(); 4]
            .map(|()| scope.spawn(|| (0..50).filter(|_| is_answered(address, "/nap")).count()));
        clients.map(|client| client.join().unwrap())
    });
    assert_eq!(answered, [50; 4]);
    until("every worker is replaced", || children(master).len() == 4);
    assert!(!children(master).contains(&first));
    assert_eq!(
        descriptors(master),
        before,
        "the master closes what it opens"
    );
}

#[test]
fn each_kind_of_worker_leaves_after_its_last_request_and_answers_all_that_it_has_begun() {
    for kind in KINDS {
        let mut server = ServeProcess::open(
            &format!("kind = '{kind}'\nworkers = 1\nthreads = 2\nmax_requests = 3"),
            &[("nap", "'write 1B', 'sleep 400ms', 'write 1B'"), ("go", "")],
        );
        let master = server.master();
        let old = server.a_worker();
        // Those two of `master` and `a_worker` count: the next one is the last.
        let mut last = server.begun("/nap");
        assert_eq!(answer(&mut last).map(|it| it.body.len()), Some(2), "{kind}");
        until("it is replaced", || {
            let now = children(master);
            now.len() == 1 && now != [old]
        });
        assert_eq!(server.get("/go").status, 200, "{kind}");
        assert!(server.stop().success(), "{kind}");
    }
}

#[test]
fn a_reload_and_more_and_fewer_workers_lose_no_request() {
    for kind in KINDS {
        let mut server = ServeProcess::open(
            &format!("kind = '{kind}'\nworkers = 2"),
            &[("nap", "'sleep 10ms'")],
        );
        let master = server.master();
        let old = children(master);
        let (good, bad) = under_load(&server, "/nap", || {
            kill(master, Signal::SIGTTIN).unwrap();
            kill(master, Signal::SIGUSR1).unwrap();
            until("one was added", || children(master).len() == 3);
            kill(master, Signal::SIGHUP).unwrap();
            until("the old ones are gone", || {
                let now = children(master);
                now.len() == 2 && !now.iter().any(|pid| old.contains(pid))
            });
            kill(master, Signal::SIGTTOU).unwrap();
            until("one was removed", || children(master).len() == 1);
        });
        assert_eq!(bad, 0, "{kind}");
        assert!(good > 0, "{kind}");
        // The worker that was added before the reload is forgotten: two were forked, and one removed.
        server.wait_for_line("reloaded: 2 new workers, 3 go");
        server.wait_for_line("SIGUSR1 (1)");
    }
}

/// Reads one answer of a kept connection. Returns true if the connection stays.
fn next_answer(stream: &mut BufReader<TcpStream>) -> bool {
    let (mut keeps, mut length) = (true, 0);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        match line.split_once(": ") {
            Some(("connection", "close")) => keeps = false,
            Some(("content-length", number)) => length = number.parse().unwrap(),
            None if line.is_empty() => break,
            Some(_) | None => {}
        }
    }
    stream.read_exact(&mut vec![0; length]).unwrap();
    keeps
}

#[test]
fn a_kept_connection_is_answered_once_more_by_a_worker_that_goes() {
    for kind in ["coroutine", "threads", "callback"] {
        let server = ServeProcess::open(
            &format!("kind = '{kind}'\nworkers = 1\nkeepalive = '20s'"),
            &[("hello", "'write 2B'")],
        );
        let (master, old) = (server.master(), server.a_worker());
        let mut kept = BufReader::new(server.connect());
        let ask = |kept: &mut BufReader<TcpStream>| {
            let request = b"GET /hello HTTP/1.1\r\nHost: test\r\n\r\n";
            kept.get_mut().write_all(request).unwrap();
            next_answer(kept)
        };
        assert!(ask(&mut kept), "{kind}: the connection is kept");
        kill(master, Signal::SIGHUP).unwrap();
        until("the new one serves", || server.a_worker() != old);
        assert!(
            children(master).contains(&old),
            "{kind}: it keeps its promise"
        );
        assert!(!ask(&mut kept), "{kind}: this answer was the last");
        assert_eq!(
            kept.read(&mut [0]).unwrap(),
            0,
            "{kind}: and the connection ends"
        );
        until("the old one is gone", || !children(master).contains(&old));
    }
}

#[test]
fn a_worker_that_does_not_finish_is_killed_after_the_graceful_timeout_and_a_second_interrupt_does_not_wait_for_that()
 {
    for (graceful_timeout, second) in [("300ms", None), ("10min", Some(Signal::SIGINT))] {
        let mut server = ServeProcess::open(
            &format!("kind = 'sync'\nworkers = 2\ngraceful_timeout = '{graceful_timeout}'"),
            &[("hog", "'write 1B', 'compute 10min'")],
        );
        let master = server.master();
        let mut hog = server.begun("/hog");
        kill(master, Signal::SIGTERM).unwrap();
        if let Some(signal) = second {
            until("the idle one has left", || children(master).len() == 1);
            kill(master, signal).unwrap();
        }
        let body = answer(&mut hog).map(|it| it.body.len());
        assert_eq!(body, Some(1), "half a body came");
        server.ended();
    }
}

#[test]
fn a_quick_stop_does_not_wait_for_requests() {
    let mut server = ServeProcess::open(
        "kind = 'coroutine'\ngraceful_timeout = '10min'",
        &[("nap", "'write 1B', 'sleep 10min'")],
    );
    let master = server.master();
    let mut nap = server.begun("/nap");
    kill(master, Signal::SIGQUIT).unwrap();
    assert_eq!(answer(&mut nap).map(|it| it.body.len()), Some(1));
    server.ended();
}

/// Runs the program on a scenario. Returns its exit status and what it wrote.
fn run(command: &str, scenario: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, scenario).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .arg(command)
        .arg(&path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn an_application_that_cannot_be_loaded_ends_the_server_with_the_reason() {
    let scenario =
        "server.workers = 2\nserver.boot = 'fails'\nload.clients = 1\nrequests.a.steps = []\n";
    for preload in ["server.preload=false", "server.preload=true"] {
        for command in ["run", "sim"] {
            let (status, output, errors) = run(command, scenario, &["--set", preload]);
            assert_ne!(status, Some(0), "{command} {preload}");
            let words: Vec<&str> = output
                .split_whitespace()
                .chain(errors.split_whitespace())
                .collect();
            let text = words.join(" ");
            assert!(
                text.contains("the application cannot be loaded"),
                "{command} {preload}: {text}"
            );
        }
    }
}

#[test]
fn both_engines_replace_workers_after_the_same_numbers_of_requests() {
    let scenario = "warmup = '0s'\nseed = 5\n[server]\nmax_requests = 3\nmax_requests_jitter = 9\n\
                    [requests.a]\nsteps = ['sleep 1ms']\n[load]\nclients = 1\nrequests = 60\n";
    let lives = |command| {
        let (status, json, errors) = run(command, scenario, &["--json"]);
        assert_eq!(status, Some(0), "{errors}");
        let summary: Value = serde_json::from_str(&json).unwrap();
        let run = &summary["runs"][0];
        assert_eq!(run["completed"], 60);
        run["workers"][0]["respawns"].as_u64().unwrap()
    };
    assert_eq!(lives("run"), lives("sim"));
}

#[test]
fn a_new_worker_serves_after_its_boot_and_with_preload_at_once() {
    let scenario = |preload: bool| {
        format!(
            "warmup = '0s'\nduration = '2s'\n[server]\nboot = '300ms'\npreload = {preload}\n[requests.a]\n\
             steps = ['sleep 1ms']\n[load]\nrate = '50/s'\narrivals = 'constant'\n[[timeline]]\nat = '500ms'\ndo = 'reload'\n"
        )
    };
    let longest = |command, preload| {
        let (status, json, errors) = run(command, &scenario(preload), &["--json"]);
        assert_eq!(status, Some(0), "{errors}");
        let summary: Value = serde_json::from_str(&json).unwrap();
        let run = &summary["runs"][0];
        assert_eq!(run["completed"], 100, "no request is lost");
        run["latency_ms"]["max"].as_f64().unwrap()
    };
    for command in ["run", "sim"] {
        // A request that was due just after the reload waited for the boot, but for the time between two requests.
        assert!(longest(command, false) >= 270.0, "{command}");
    }
    assert!(longest("sim", true) < 30.0);
}
