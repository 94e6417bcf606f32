//! Memory of servers, of both engines: what each worker loads, what a fork shares, and what a request keeps.

#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use serde_json::Value;

const CONCSIM: &str = env!("CARGO_BIN_EXE_concsim");

/// Plays a scenario of three sync workers that answer for half a second.
fn play(engine: &str, server: &str, steps: &str) -> Output {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("a.toml");
    let text = format!(
        "warmup = '500ms'\nduration = '500ms'\nserver = {{ {server} }}\n\
         requests.a.steps = [{steps}]\nload = {{ clients = 9, ramp = '0s' }}"
    );
    std::fs::write(&file, text).expect("a scratch file");
    Command::new(CONCSIM)
        .args([engine, "--json"])
        .arg(&file)
        .env("XDG_STATE_HOME", folder.path())
        .output()
        .expect("the binary starts")
}

/// Returns the summary of its run.
fn summary(engine: &str, server: &str, steps: &str) -> Value {
    let output = play(engine, server, steps);
    let error = String::from_utf8_lossy(&output.stderr);
    let summary: Value = serde_json::from_slice(&output.stdout).expect(&error);
    summary["runs"][0].clone()
}

/// Returns PSS and private memory of each worker, in KiB.
fn workers(run: &Value) -> Vec<[f64; 2]> {
    let workers = run["workers"].as_array().expect("a list");
    let number = |worker: &Value, name: &str| worker[name].as_f64().expect("it was read");
    let each = workers
        .iter()
        .map(|worker| ["pss_kib", "private_kib"].map(|name| number(worker, name)));
    each.collect()
}

/// 100 MB and a page of them, in KiB.
const APPLICATION: f64 = 100e6 / 1_024.0;

#[test]
fn of_a_preloaded_application_each_of_three_workers_and_the_arbiter_has_a_quarter() {
    for engine in ["run", "sim"] {
        let run = summary(
            engine,
            "workers = 3, app = '100MB', preload = true",
            "'sleep 20ms'",
        );
        let workers = workers(&run);
        assert_eq!(workers.len(), 3);
        for [pss, private] in workers {
            let quarter = APPLICATION / 4.0;
            assert!(
                ((pss - private) / quarter - 1.0).abs() < 0.05,
                "{engine}: PSS {pss} KiB, private {private} KiB, a quarter {quarter} KiB"
            );
            assert!(private < 0.1 * APPLICATION, "{engine}: {private} KiB");
        }
        let all = run["memory"]["pss_kib"].as_f64().expect("it was read");
        assert!(
            (APPLICATION..1.2 * APPLICATION).contains(&all),
            "{engine}: the application is there once: {all} KiB"
        );
    }
}

#[test]
fn each_of_three_workers_has_its_own_application_and_its_own_cache() {
    for engine in ["run", "sim"] {
        let steps = "'touch 10MB', 'sleep 20ms', 'touch 20MB'";
        let run = summary(engine, "workers = 3, app = '100MB'", steps);
        let workers = workers(&run);
        assert_eq!(workers.len(), 3);
        for [pss, private] in workers {
            let own = 1.2 * APPLICATION;
            assert!(
                (own..1.1 * own).contains(&private),
                "{engine}: {private} KiB"
            );
            assert!(pss >= private, "{engine}: {pss} KiB");
        }
    }
}

#[test]
fn coroutines_of_one_worker_have_one_cache() {
    let of = |engine| {
        let server = "kind = 'coroutine', app = '50MB'";
        let run = summary(engine, server, "'touch 50MB', 'sleep 20ms'");
        workers(&run)[0][1]
    };
    let [real, simulated] = ["run", "sim"].map(of);
    assert!(
        (real / simulated - 1.0).abs() < 0.05,
        "{real} KiB, simulated {simulated} KiB"
    );
}

#[test]
fn a_run_that_needs_more_memory_than_there_is_is_refused_before_it_starts() {
    let output = play("run", "workers = 256, app = '1GiB'", "'touch 1GiB'");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    for part in ["needs about 550 8", "are available", "`server.app`"] {
        assert!(error.contains(part), "`{part}` is missing: {error}");
    }
}

#[test]
fn a_simulation_that_states_no_memory_has_none() {
    let run = summary("sim", "workers = 2", "'sleep 20ms'");
    assert_eq!(run["workers"][0]["pss_kib"], Value::Null);
    assert!(run.get("memory").is_none(), "{}", run["memory"]);
}
