//! The real gunicorn in the place of concsim's own server. Without it (`CONCSIM_PYTHON` names a Python that has gunicorn
//! and gevent, see `benches/peers`) the tests say that they were skipped.

#![expect(
    clippy::unwrap_used,
    reason = "a summary without its fields fails the test"
)]
#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::exports::python_with;

const PROGRAM: &str = env!("CARGO_BIN_EXE_concsim");

/// Returns the run of a scenario by gunicorn's workers of a kind; [`None`] without gunicorn.
fn played(kind: &str) -> Option<Value> {
    played_with(kind, "")
}

/// Returns the same, with more keys.
fn played_with(kind: &str, keys: &str) -> Option<Value> {
    let python = python_with(&["gunicorn", "gevent", "packaging"])?;
    let beside = Path::new(&python).parent().unwrap_or(Path::new(""));
    let inherited = std::env::var("PATH").unwrap();
    let text = format!(
        "warmup = '0s'\nduration = '30s'\nserver = {{ kind = '{kind}', workers = 2, threads = 2 }}\n\
         requests.page.steps = ['compute 1ms', 'call db 20ms', 'sleep 1ms']\n\
         load = {{ clients = 4, requests = 40 }}\n{keys}\n"
    );
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let output = Command::new(PROGRAM)
        .args(["run", "--server", "gunicorn", "--json", "--no-keep"])
        .arg(file.path())
        .env("PATH", format!("{}:{inherited}", beside.display()))
        .output()
        .unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = summary["runs"][0].clone();
    assert_eq!(output.status.code(), Some(0), "{run:#}");
    Some(run)
}

fn sum(run: &Value, number: &str) -> u64 {
    let workers = run["workers"].as_array().unwrap().iter();
    workers.map(|it| it[number].as_u64().unwrap()).sum()
}

#[test]
fn gunicorns_workers_count_every_answer_and_ask_the_services() {
    for (kind, most_at_once) in [("sync", 2), ("threads", 4), ("coroutine", 4)] {
        let Some(run) = played(kind) else {
            return;
        };
        assert_eq!(run["completed"], 40, "{kind}: {run:#}");
        assert_eq!(sum(&run, "requests"), 40, "{kind}: {run:#}");
        let service = &run["services"]["db"];
        let peak = service["peak"].as_u64().unwrap();
        assert!((1..=most_at_once).contains(&peak), "{kind}: {run:#}");
        let jain = run["accept_jain"].as_f64().unwrap();
        assert!((0.5..=1.0).contains(&jain), "{kind}: {run:#}");
        // Neither a `call` nor a `sleep` can end early, by the clients' clock.
        let fastest = run["latency_ms"]["p50"].as_f64().unwrap();
        assert!(fastest >= 21.0, "{kind}: {run:#}");
    }
}

#[test]
fn gevents_greenlets_switch_twice_for_each_wait_and_workers_without_greenlets_never() {
    for (kind, least) in [("sync", 0), ("threads", 0), ("coroutine", 2 * (2 + 1))] {
        let Some(run) = played(kind) else {
            return;
        };
        let switches = sum(&run, "coroutine_switches");
        // Two waits, and the end. The server adds waits of its own, for the client.
        assert!(switches >= 40 * least, "{kind}: {run:#}");
        assert!(switches == 0 || least > 0, "{kind}: {run:#}");
        assert_eq!(switches % 2, 0, "{kind}: {run:#}");
    }
}

#[test]
fn a_pool_of_a_service_limits_each_worker_of_gunicorn() {
    let Some(run) = played_with("coroutine", "services.db = { pool = 1, connect = '3ms' }") else {
        return;
    };
    assert_eq!(run["completed"], 40, "{run:#}");
    assert_eq!(sum(&run, "requests"), 40, "{run:#}");
    // Two workers, with one connection each.
    let peak = run["services"]["db"]["peak"].as_u64().unwrap();
    assert!((1..=2).contains(&peak), "{run:#}");
}
