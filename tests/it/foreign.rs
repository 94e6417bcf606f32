//! Foreign servers through the built binary. The foreign server is `concsim serve`, whose own observer is silent here: it
//! is one more program that listens at the address of its command line.

#![expect(
    clippy::unwrap_used,
    reason = "a summary without its fields fails the test"
)]
#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::process::Command;

use nix::sys::signal::{Signal, kill};

use crate::played::{Played, Role};
use crate::serve_process::until;

const PROGRAM: &str = env!("CARGO_BIN_EXE_concsim");

const REQUESTS: &str = "requests.page.steps = ['compute 1ms', 'sleep 20ms']";

/// Scenario that `concsim serve` serves.
fn inner(server: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text = format!("server = {server}\n{REQUESTS}\nload.clients = 1\n");
    file.write_all(text.as_bytes()).unwrap();
    file
}

/// Scenario that is served by a command, with this load.
fn outer(command: &str, load: &str) -> String {
    format!(
        "warmup = '0s'\nduration = '30s'\n{REQUESTS}\n{load}\n\
         [server]\nkind = 'coroutine'\nworkers = 2\ncommand = '''{command}'''\n"
    )
}

fn serve(inner: &tempfile::NamedTempFile) -> String {
    let path = inner.path().display();
    format!("{PROGRAM} serve {path} --bind {{address}} --allow-host any")
}

#[test]
fn a_foreign_server_plays_the_schedule_and_what_it_does_not_report_is_unknown() {
    let inner = inner("{ kind = 'coroutine', workers = 2 }");
    let load = "load = { clients = 4, requests = 60 }";
    let ended = Played::begin(&outer(&serve(&inner), load)).end();
    let run = ended.run();
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
    assert_eq!(run["completed"], 60);
    assert_eq!(ended.failed(), 0);
    let workers = run["workers"].as_array().unwrap();
    assert_eq!(workers.len(), 2, "{ended:#?}");
    let cpu: f64 = workers.iter().map(|it| it["cpu_s"].as_f64().unwrap()).sum();
    // Sixty requests of one millisecond, by the workers' clocks of CPU time.
    assert!(cpu >= 0.060, "{cpu}: {ended:#?}");
    for worker in workers {
        for unknown in [
            "requests",
            "accepted",
            "coroutine_switches",
            "longest_run_ms",
        ] {
            assert!(worker[unknown].is_null(), "{unknown}: {ended:#?}");
        }
        assert!(worker["process_switches"]["voluntary"].as_u64().unwrap() > 0);
    }
    for unknown in ["breakdown_ms", "waits_ms", "accept_jain", "dead_work"] {
        assert!(run[unknown].is_null(), "{unknown}: {ended:#?}");
    }
    // The accept queue and the rest are all that is in the system.
    let [door, begun, all] =
        ["at_the_door", "concurrency", "in_system"].map(|it| run[it].as_f64().unwrap());
    assert!((door + begun - all).abs() < 0.001, "{ended:#?}");
    assert!(begun > 0.0 && all <= 4.0, "{ended:#?}");
}

#[test]
fn requests_that_no_worker_accepts_are_at_the_door() {
    let inner = inner("{ kind = 'sync', workers = 1 }");
    let load = "load = { clients = 9, requests = 60, ramp = '0s' }";
    let ended = Played::begin(&outer(&serve(&inner), load)).end();
    let run = ended.run();
    assert_eq!(
        run["workers"].as_array().map(Vec::len),
        Some(1),
        "{ended:#?}"
    );
    // One sync worker has one request at a time: of nine clients eight wait, until the last requests are sent.
    let [door, begun] = ["at_the_door", "concurrency"].map(|it| run[it].as_f64().unwrap());
    assert!(door > begun, "{ended:#?}");
}

#[test]
fn a_server_that_ends_at_once_is_reported_with_its_output() {
    let command = "sh -c \"echo no such module >&2; exit 3\" {address}";
    let ended = Played::begin(&outer(command, "load.clients = 1")).end();
    assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
    let reason = ended.run()["because"][0]["sentence"].as_str().unwrap();
    for expected in ["no such module", "exit status 3"] {
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn a_command_that_is_not_there_is_reported() {
    let ended = Played::begin(&outer("no-such-server {address}", "load.clients = 1")).end();
    assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
    let reason = ended.run()["because"][0]["sentence"].as_str().unwrap();
    assert!(
        reason.contains("start `no-such-server 127.0.0.1:"),
        "{reason}"
    );
}

#[test]
fn nothing_of_a_foreign_server_is_left_when_the_driver_or_its_observer_is_killed() {
    for role in [Role::Driver, Role::Observer] {
        let inner = inner("{ kind = 'sync', workers = 2 }");
        // A shell between them, and a process that ignores what ends others.
        let command = format!(
            "sh -c \"(trap : TERM INT; sleep 600; sleep 600) & exec $0 $@\" {}",
            serve(&inner)
        );
        let played = Played::begin(&outer(&command, "load.clients = 2"));
        played.processes.one(Role::Load);
        match role {
            Role::Driver => played.signal(Signal::SIGKILL),
            _ => kill(played.processes.one(role), Signal::SIGKILL).unwrap(),
        }
        let processes = played.processes.clone();
        let ended = played.end();
        assert_ne!(ended.status.code(), Some(0), "{role:?}: {ended:#?}");
        until("no process is left", || {
            processes.of_any_program().is_empty()
        });
    }
}

#[test]
fn an_interrupted_run_ends_a_foreign_server_that_does_not_stop() {
    let inner = inner("{ kind = 'sync', workers = 1 }");
    let command = format!("sh -c \"trap : TERM; $0 $@; sleep 600\" {}", serve(&inner));
    let played = Played::begin(&outer(&command, "load.clients = 2"));
    played.processes.one(Role::Load);
    played.signal(Signal::SIGINT);
    let processes = played.processes.clone();
    assert_eq!(played.end().status.code(), Some(130));
    assert_eq!(processes.of_any_program(), []);
}

#[test]
fn other_commands_refuse_a_scenario_with_a_foreign_server() {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(outer("x {address}", "load.clients = 1").as_bytes())
        .unwrap();
    for (command, expected) in [
        ("sim", "only real processes play `server.command`"),
        ("serve", "`server.command` is served by that command"),
    ] {
        let output = Command::new(PROGRAM)
            .arg(command)
            .arg(file.path())
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {message}");
        assert!(message.contains(expected), "{command}: {message}");
    }
    let check = Command::new(PROGRAM)
        .arg("check")
        .arg(file.path())
        .output()
        .unwrap();
    assert_eq!(check.status.code(), Some(0));
}

#[test]
fn a_named_server_is_a_setting_of_the_command() {
    let run = |more: &[&str]| {
        let mut command = Command::new(PROGRAM);
        command.args([
            "run",
            "hello",
            "--headless",
            "--no-keep",
            "--duration",
            "1ms",
        ]);
        let output = command.args(more).env("PATH", "/nowhere").output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    };
    let (status, text) = run(&[
        "--server",
        "gunicorn",
        "--worker-class",
        "tornado",
        "--json",
    ]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("start `gunicorn --bind 127.0.0.1:"), "{text}");
    assert!(
        text.contains("--worker-class tornado --threads 1"),
        "{text}"
    );
    assert_eq!(run(&["--server", "apache"]).0, Some(2));
    assert_eq!(run(&["--worker-class", "gevent"]).0, Some(2));
}
