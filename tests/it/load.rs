//! `concsim load` through the built binary, against a server of another program.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::Value;

#[path = "../../benches/support/null_server.rs"]
mod null_server;

const LOAD: &str = "
title = 'Asks for nothing'
warmup = '0s'
duration = '400ms'
[server]
kind = ['sync', 'coroutine']
[requests.hello]
steps = ['write 2B']
[requests.slow]
steps = ['compute 1ms', 'call billing 2ms']
[[expect]]
claim = 'speaks of a server that is not played'
that = 'coroutine.parallelism > 100'
";

/// A server without work, in a thread of this process, until it is dropped.
struct NullServer {
    target: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NullServer {
    fn start() -> Self {
        let listener = null_server::listen();
        let target = format!("http://{}", null_server::address(&listener));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || null_server::serve(&listener, &stopped));
        Self {
            target,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for NullServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread
                .join()
                .expect("a server that does nothing never fails");
        }
    }
}

/// A scenario file that is removed on drop.
struct File(tempfile::TempDir);

impl File {
    fn with(load: &str) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a file");
        std::fs::write(
            folder.path().join("load.toml"),
            format!("{LOAD}\n[load]\n{load}\n"),
        )
        .expect("there is room for a file");
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("load.toml")
    }
}

fn command(file: &File, target: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
    command.arg("load").arg(file.path());
    command.args(["--target", target, "--json"]);
    command
}

/// Returns the one run of the printed summary.
fn run_of(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stderr);
    let summary: Value = serde_json::from_slice(&output.stdout).expect(&text);
    assert_eq!(summary["runs"].as_array().map(Vec::len), Some(1), "{text}");
    summary["runs"][0].clone()
}

fn played(load: &str) -> Value {
    let server = NullServer::start();
    let output = command(&File::with(load), &server.target)
        .output()
        .expect("the program can be run");
    assert_eq!(output.status.code(), Some(0));
    run_of(&output)
}

#[test]
fn an_open_load_plays_its_whole_timetable_against_any_server() {
    let run = played("rate = '500/s'");
    let due = run["due"].as_u64().unwrap();
    // 200 on average; the seed is fixed, so the number is too.
    assert!((150..250).contains(&due), "{due}");
    assert_eq!(run["completed"], due);
    assert_eq!(run["generator"]["dropped"], 0);
    assert_eq!(
        run["requests"]["hello"]["completed"].as_u64().unwrap()
            + run["requests"]["slow"]["completed"].as_u64().unwrap(),
        due
    );
}

#[test]
fn clients_go_round_on_new_and_on_kept_connections() {
    for connection in ["per-request", "keep-alive"] {
        let run = played(&format!(
            "clients = 8\nramp = '0ms'\nconnection = '{connection}'"
        ));
        let due = run["due"].as_u64().unwrap();
        assert!(due > 8, "{connection}: only {due}");
        assert_eq!(run["completed"], due, "{connection}");
        assert!(
            run["little"]["system"].as_f64().unwrap().abs() < 0.005,
            "{run}"
        );
    }
}

#[test]
fn numbers_unknown_of_a_foreign_server_are_not_printed() {
    let run = played("clients = 2\nrequests = 50");
    assert_eq!(run["due"], 50);
    for hidden in ["concurrency", "parallelism", "at_the_door"] {
        assert_eq!(run[hidden], Value::Null, "{hidden}");
    }
    assert_eq!(run["workers"], Value::Array(Vec::new()));
}

#[test]
fn a_target_without_a_server_is_an_error_and_a_bad_target_a_mistake() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (target, status, says) in [
        (format!("http://{nobody}"), 1, "no server answers"),
        ("https://localhost".to_owned(), 2, "TLS is not supported"),
        ("no target".to_owned(), 2, "http://"),
    ] {
        let output = command(&File::with("clients = 1"), &target)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{text}");
        assert!(text.contains(says), "{text}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_server_that_vanishes_leaves_failed_requests_behind_and_no_hang() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        // The first is the command's probe; then two clients, and no other.
        for connection in listener.incoming().take(3) {
            drop(connection);
        }
    });
    let file = File::with("clients = 2\nramp = '0ms'");
    let run = run_of(&command(&file, &target).output().unwrap());
    server.join().unwrap();
    assert_eq!(run["completed"], 0);
    let failed = |kind: &str| run["failed"][kind].as_u64().unwrap();
    assert_eq!(
        failed("refused") + failed("reset"),
        run["due"].as_u64().unwrap()
    );
    assert!(failed("refused") > 0);
}

#[test]
fn an_interrupt_ends_the_window_and_still_gives_a_result() {
    let server = NullServer::start();
    let file = File::with("rate = '200/s'");
    let mut child = command(&file, &server.target)
        .args(["--duration", "3600s"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_a_second();
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let run = run_of(&child.wait_with_output().unwrap());
    assert_eq!(run["interrupted"], true);
    assert_eq!(run["due"], run["completed"]);
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is nothing to see of a load that goes on"
)]
fn wait_a_second() {
    thread::sleep(std::time::Duration::from_secs(1));
}

/// Starts a server that answers each connection by a redirect, until the process ends.
fn redirecting_server() -> String {
    use std::io::{Read as _, Write as _};
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let target = format!("http://{}", listener.local_addr().expect("the address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut request = [0; 1_024];
                // A probe sends no request.
                if stream.read(&mut request).is_ok_and(|count| count > 0) {
                    let answer = "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\
                                  Connection: close\r\n\r\n";
                    let _ = stream.write_all(answer.as_bytes());
                }
            });
        }
    });
    target
}

#[test]
fn redirects_are_reported_by_status_and_location_and_their_percentiles_are_marked() {
    let (target, file) = (
        redirecting_server(),
        File::with("rate = '200/s'\npatience = '7s'"),
    );
    let out = file.0.path().join("out");
    let output = command(&file, &target)
        .args(["--out", out.to_str().expect("a plain path")])
        .output()
        .expect("the program can be run");
    let run = run_of(&output);
    let (due, failed) = (&run["due"], &run["failed"]);
    assert_eq!(&failed["status"], due, "{run:#}");
    assert_eq!(failed["by_status"], serde_json::json!({ "302": due }));
    assert_eq!(failed["location"], serde_json::json!({ "302": "/login" }));
    // Their answers came at once; the percentiles contain the patience.
    let took = failed["status_p50_ms"].as_f64().unwrap();
    assert!(took < 7_000.0, "{took}");
    assert!(run["latency_ms"]["p50"].as_f64().unwrap() >= 7_000.0);
    let marked = run["at_patience"]["latency"].as_array().unwrap();
    assert_eq!(run["at_patience"]["patience_ms"], 7_000.0);
    assert!(marked.contains(&"p50".into()), "{marked:?}");
    let kept = concsim::recording::storage::open(&out).expect("the recording is kept");
    let recording = &kept.recordings[0];
    assert_eq!(recording.header.locations[&302], "/login");
    let all_redirects = |status: u16| recording.outcomes.iter().all(|it| it.status == status);
    assert!(all_redirects(302));
    assert!(out.join("summary.json").is_file());
}

#[test]
#[cfg(target_os = "linux")]
fn answers_of_another_program_are_stamped_when_they_arrive() {
    let (server, file) = (NullServer::start(), File::with("rate = '500/s'"));
    let out = file.0.path().join("out");
    let output = command(&file, &server.target)
        .args(["--out", out.to_str().expect("a plain path")])
        .output()
        .expect("the program can be run");
    assert_eq!(output.status.code(), Some(0));
    let kept = concsim::recording::storage::open(&out).expect("the recording is kept");
    let outcomes = &kept.recordings[0].outcomes;
    // The system begins to stamp soon after it is asked to.
    let stamped = outcomes.iter().filter_map(|it| Some((it, it.unread?)));
    assert!(stamped.clone().count() > outcomes.len() / 2);
    for (outcome, unread) in stamped {
        assert!(outcome.sent + unread <= outcome.done, "{outcome:?}");
    }
}
