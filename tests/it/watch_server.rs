//! `concsim watch` of a server that runs already: one of concsim's own, which is one more program here.

#![expect(
    clippy::unwrap_used,
    reason = "a summary without its fields fails the test"
)]
#![cfg(target_os = "linux")]

use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use crate::serve_process::ServeProcess;

const REQUESTS: [(&str, &str); 2] = [
    ("page", "'compute 1ms', 'sleep 5ms'"),
    ("slow", "'write 1KiB', 'sleep 20s'"),
];

fn watch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
    command.arg("watch").args(arguments);
    command
}

fn run_of(output: &Output) -> Value {
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    summary["runs"][0].clone()
}

#[test]
fn a_server_that_runs_is_seen_with_the_clients_of_others_and_goes_on() {
    let server = ServeProcess::open("kind = 'coroutine'\nworkers = 2", &REQUESTS);
    let held = [server.begun("/slow"), server.begun("/slow")];
    let pid = server.driver().to_string();
    let watched = watch(&[&pid, "--seconds", "1", "--json"]).output().unwrap();
    let run = run_of(&watched);
    assert_eq!(watched.status.code(), Some(0), "{watched:#?}");
    assert_eq!(run["workers"].as_array().map(Vec::len), Some(2), "{run:#}");
    for worker in run["workers"].as_array().unwrap() {
        assert!(worker["requests"].is_null(), "{run:#}");
        assert!(worker["pss_kib"].as_u64().unwrap() > 0, "{run:#}");
    }
    // Two connections are open during the whole watch, and nothing is at the door.
    for (number, expected) in [
        ("concurrency", 2.0),
        ("at_the_door", 0.0),
        ("in_system", 2.0),
    ] {
        assert_eq!(run[number].as_f64(), Some(expected), "{number}: {run:#}");
    }
    assert!(run["window_s"].as_f64().unwrap() >= 1.0, "{run:#}");
    assert_eq!(server.get("/page").status, 200);
    drop(held);
}

#[test]
fn a_load_of_a_scenario_is_played_against_a_server_that_runs() {
    let server = ServeProcess::open("kind = 'sync'\nworkers = 1", &REQUESTS);
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let load = "warmup = '0s'\nduration = '30s'\nrequests.page.steps = ['compute 1ms', 'sleep 5ms']\n\
                load = { clients = 3, requests = 30, ramp = '0s' }\n";
    std::io::Write::write_all(&mut file, load.as_bytes()).unwrap();
    let pid = server.driver().to_string();
    let path = file.path().to_str().unwrap();
    let watched = watch(&[&pid, "--load", path, "--json"]).output().unwrap();
    let run = run_of(&watched);
    assert_eq!(watched.status.code(), Some(0), "{watched:#?}");
    assert_eq!(run["completed"], 30, "{run:#}");
    // Of three clients one is with the only sync worker.
    assert!(
        run["at_the_door"].as_f64() > run["concurrency"].as_f64(),
        "{run:#}"
    );
    assert_eq!(server.get("/page").status, 200);
}

#[test]
fn the_end_of_the_process_ends_the_watch_with_a_sentence() {
    let server = ServeProcess::open("kind = 'sync'\nworkers = 1", &REQUESTS);
    // The master, whose death is not hidden by a zombie: its parent reaps it.
    let master = server.master();
    let mut watching = watch(&[&master.to_string(), "--json"]);
    let watching = watching.stdout(Stdio::piped()).stderr(Stdio::piped());
    let watching = watching.spawn().unwrap();
    let pid = watching.id();
    crate::serve_process::until("the observer runs", || {
        let children = format!("/proc/{pid}/task/{pid}/children");
        std::fs::read_to_string(children).is_ok_and(|it| !it.trim().is_empty())
    });
    kill(master, Signal::SIGKILL).unwrap();
    let watched = watching.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&watched.stdout).into_owned();
    assert_eq!(watched.status.code(), Some(1), "{watched:#?}");
    assert!(
        text.contains(&format!("process {master} has ended")),
        "{text}"
    );
}

#[test]
fn a_process_without_a_server_is_refused() {
    let mut silent = Command::new("sleep").arg("60").spawn().unwrap();
    let refused = watch(&[&silent.id().to_string()]).output().unwrap();
    silent.kill().unwrap();
    silent.wait().unwrap();
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{text}");
    assert!(text.contains("listen on no TCP port"), "{text}");
}
