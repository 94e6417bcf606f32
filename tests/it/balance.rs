//! Balance between workers: each built-in scenario, played by real processes and simulated for as many cores.
//! A measurement of minutes: `cargo test --test it balance -- --ignored --nocapture`.

use std::process::{Command, Stdio};

use concsim::scenario::builtin;
use serde_json::Value;

/// Largest difference between the indices of a real and a simulated run.
const NEAR: f64 = 0.1;

/// Plays a built-in scenario. Returns the summary of each variant.
fn play(engine: &str, name: &str, words: &[&str]) -> Vec<Value> {
    let state = tempfile::tempdir().expect("a scratch folder");
    let output = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args([engine, name, "--json", "--no-keep"])
        .args(words)
        .env("XDG_STATE_HOME", state.path())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .expect("the binary starts");
    let summary: Value = serde_json::from_slice(&output.stdout).expect("a summary");
    summary["runs"].as_array().expect("runs").clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// Returns `key` of each worker.
fn of_workers(run: &Value, key: &str) -> Vec<f64> {
    let workers = run["workers"].as_array().expect("workers");
    workers.iter().map(|worker| number(&worker[key])).collect()
}

/// Returns Jain's index of the workers' requests.
fn jain(run: &Value) -> f64 {
    let requests = of_workers(run, "requests");
    let (sum, squares) = requests.iter().fold((0.0, 0.0), |(sum, squares), share| {
        (sum + share, squares + share * share)
    });
    sum * sum / (requests.len() as f64 * squares)
}

/// Returns the mean number of cores that workers kept busy.
fn cores_busy(run: &Value) -> f64 {
    let cores = run["cores"].as_array().expect("cores");
    cores.iter().map(|core| number(&core["workers"])).sum()
}

#[test]
#[ignore = "a measurement: it plays each built-in scenario with real processes"]
fn requests_are_spread_over_real_and_simulated_workers_about_as_evenly() {
    println!("| scenario | variant | Jain | begun | cores busy | connections |");
    println!("|---|---|---|---|---|---|");
    let mut far = Vec::new();
    for name in builtin::all().iter().map(|scenario| scenario.name) {
        let real = play("run", name, &["--no-ask"]);
        let cores = real[0]["cores"].as_array().expect("cores").len();
        let simulated = play("sim", name, &["--set", &format!("machine.cores={cores}")]);
        for (real, simulated) in real.iter().zip(&simulated) {
            assert_eq!(real["variant"], simulated["variant"]);
            let variant = real["variant"].as_str().expect("a name");
            let runs = [real, simulated];
            let [jains, begun, busy] = [
                runs.map(jain),
                runs.map(|run| number(&run["concurrency"])),
                runs.map(cores_busy),
            ]
            .map(|[real, simulated]| format!("{real:.2}, {simulated:.2}"));
            let accepted = runs.map(|run| format!("{:?}", of_workers(run, "accepted")));
            let accepted = accepted.join(", ");
            println!("| {name} | {variant} | {jains} | {begun} | {busy} | {accepted} |");
            if (jain(real) - jain(simulated)).abs() > NEAR {
                far.push(format!("{name} {variant}: {jains}"));
            }
        }
    }
    assert!(far.is_empty(), "real, simulated: {far:?}");
}
