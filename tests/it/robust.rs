//! Harmful clients, servers and systems: the program goes on, or ends with a reason.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a harness that cannot go on fails its test, and one that waits ends one day"
)]

use std::io::{Read, Write};

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::serve_process::{ServeProcess, answer, until};

fn children(of: Pid) -> Vec<Pid> {
    let path = format!("/proc/{of}/task/{of}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let pids = text.split_whitespace();
    pids.map(|pid| Pid::from_raw(pid.parse().unwrap()))
        .collect()
}

#[test]
fn a_client_whose_bytes_never_end_starves_no_other() {
    let server = "kind = \"coroutine\"\nworkers = 1\ntimeout = \"5s\"";
    let serve_process = ServeProcess::open(server, &[("story", "")]);
    let worker = serve_process.a_worker();
    let is_enough = Arc::new(AtomicBool::new(false));
    let posts = Arc::new(AtomicU32::new(0));
    let hostile = {
        let (mut stream, is_enough, posts) = (
            serve_process.connect(),
            Arc::clone(&is_enough),
            Arc::clone(&posts),
        );
        thread::spawn(move || {
            let head = "POST /story HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
            let chunks = "1\r\nz\r\n".repeat(1_000_000);
            let post = format!("{head}{chunks}0\r\n\r\n");
            while !is_enough.load(Ordering::Relaxed) && posts.load(Ordering::Relaxed) < 200 {
                stream.write_all(post.as_bytes()).unwrap();
                posts.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let mut gets = 0;
    while gets < 20 || posts.load(Ordering::Relaxed) < 3 {
        assert_eq!(serve_process.get("/story").status, 200);
        gets += 1;
    }
    assert!(!hostile.is_finished(), "the others were served meanwhile");
    is_enough.store(true, Ordering::Relaxed);
    hostile.join().unwrap();
    assert_eq!(serve_process.a_worker(), worker);
}

fn services_of(server: &ServeProcess) -> Pid {
    let services = children(server.driver()).into_iter().find(|pid| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("__services")
    });
    services.unwrap()
}

#[test]
fn services_without_descriptors_refuse_calls_and_go_on() {
    for kind in ["coroutine", "callback", "threads"] {
        let server = format!("kind = \"{kind}\"\nworkers = 1\nthreads = 40");
        let serve_process = ServeProcess::open(&server, &[("ask", "\"call billing 500ms\"")]);
        let services = services_of(&serve_process);
        let open = std::fs::read_dir(format!("/proc/{services}/fd")).unwrap();
        // One connection is there already; so there are six.
        let limit = open.count() + 5;
        let set = Command::new("prlimit")
            .args([format!("--pid={services}"), format!("--nofile={limit}")])
            .status();
        assert!(set.unwrap().success());
        let mut calls: Vec<_> = (0..40).map(|_| serve_process.begin("/ask")).collect();
        let answers = calls.iter_mut().map(|call| answer(call).unwrap().status);
        let answers: Vec<_> = answers.collect();
        let whole = answers.iter().filter(|status| **status == 200).count();
        let failed = answers.iter().filter(|status| **status == 502).count();
        assert!(whole >= 6, "{answers:?}");
        assert!(failed > 0, "{answers:?}");
        assert_eq!(whole + failed, 40, "{answers:?}");
        assert_eq!(serve_process.get("/ask").status, 200);
        assert_eq!(services_of(&serve_process), services);
    }
}

#[test]
fn a_server_whose_services_die_ends_and_says_so() {
    for kind in ["sync", "coroutine", "callback", "threads"] {
        let kind = format!("kind = \"{kind}\"");
        let mut server = ServeProcess::open(&kind, &[("ask", "\"call billing 1ms\"")]);
        assert_eq!(server.get("/ask").status, 200);
        kill(services_of(&server), Signal::SIGKILL).unwrap();
        server.wait_for_line("the services ended unexpectedly");
        assert_eq!(server.ended().code(), Some(1));
    }
}

#[test]
fn reloads_close_together_leave_no_old_worker() {
    let server = ServeProcess::open("kind = \"coroutine\"\nworkers = 20", &[("story", "")]);
    let master = server.master();
    let first = children(master);
    assert_eq!(first.len(), 20);
    for _ in 0..6 {
        kill(master, Signal::SIGHUP).unwrap();
        thread::sleep(Duration::from_millis(4));
    }
    until("20 new workers are left", || {
        let now = children(master);
        now.len() == 20 && now.iter().all(|pid| !first.contains(pid))
    });
    assert_eq!(server.get("/story").status, 200);
}

#[test]
fn a_server_whose_workers_die_again_and_again_gives_up() {
    let mut serve_process = ServeProcess::open("kind = \"sync\"\nworkers = 1", &[("story", "")]);
    let master = serve_process.driver();
    let master = children(master)[0];
    until("the server has ended", || {
        for worker in children(master) {
            // A worker that sleeps in accept has booted.
            let stat = std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default();
            if stat.contains(") S ") {
                let _ = kill(worker, Signal::SIGSEGV);
            }
        }
        serve_process.has_ended()
    });
    serve_process.wait_for_line("10 workers in a row died within a second and took no connection");
    assert_eq!(serve_process.ended().code(), Some(1));
}

#[test]
fn without_memory_for_a_coroutine_connections_wait_and_the_worker_lives() {
    let server = "kind = \"coroutine\"\nworkers = 1";
    let serve_process = ServeProcess::open(server, &[("nap", "\"sleep 300ms\"")]);
    let worker = serve_process.a_worker();
    let statm = std::fs::read_to_string(format!("/proc/{worker}/statm")).unwrap();
    let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
    let limit = pages * 4096 + (40 << 20);
    let set = Command::new("prlimit")
        .args([format!("--pid={worker}"), format!("--as={limit}")])
        .status();
    assert!(set.unwrap().success());
    let mut naps: Vec<_> = (0..150).map(|_| serve_process.begin("/nap")).collect();
    for nap in &mut naps {
        assert_eq!(answer(nap).unwrap().status, 200);
    }
    assert_eq!(serve_process.a_worker(), worker);
}

#[test]
fn a_sync_worker_resets_no_connection_with_unread_requests() {
    let server = ServeProcess::open("kind = \"sync\"\nworkers = 1", &[("story", "")]);
    let request = "GET /story HTTP/1.1\r\nHost: a\r\n\r\n";
    for _ in 0..20 {
        let mut stream = server.connect();
        stream.write_all(request.repeat(200).as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an end, no reset");
        assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 1);
    }
}

#[test]
fn a_run_whose_parent_ignores_the_end_of_children_comes_to_its_end() {
    let mut run = Command::new("env")
        .arg("--ignore-signal=CHLD")
        .arg(env!("CARGO_BIN_EXE_concsim"))
        .args([
            "run",
            "hello",
            "--no-keep",
            "--warmup",
            "0s",
            "--duration",
            "100ms",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ended = None;
    until("the run has ended", || {
        ended = run.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[test]
fn a_page_of_another_site_cannot_make_a_browser_ask() {
    let server = ServeProcess::open_with(
        "kind = \"sync\"",
        &[("it", "\"compute 1ms\"")],
        &["--longest-step", "20ms"],
    );
    let status = |path: &str, fields: &str| {
        let mut stream = server.connect();
        let request = format!("GET {path} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        answer(&mut stream).unwrap().status
    };
    let address = server.connect().peer_addr().unwrap();
    let own = format!("Host: {address}\r\n");
    for (fields, expected) in [
        (own.clone(), 200),
        ("Host: localhost:8000\r\n".into(), 200),
        (format!("{own}Origin: http://{address}\r\n"), 200),
        ("Host: evil.example\r\n".into(), 403),
        (format!("{own}Origin: https://evil.example\r\n"), 403),
        (format!("{own}Origin: null\r\n"), 403),
        (format!("{own}Sec-Fetch-Site: cross-site\r\n"), 403),
    ] {
        assert_eq!(status("/it", &fields), expected, "{fields}");
    }
    assert_eq!(status("/it?d=20000000", &own), 200);
    assert_eq!(status("/it?d=3600000000000", &own), 400);
}
