//! Theory beside runs: a long simulation shows what theory computes, for every model that applies to some
//! scenario. The two implementations are independent.

use std::process::Command;

use serde_json::Value;

/// A variant for each model.
const LONG: &str = r#"
title = "Long runs come out as computed"
warmup = "5s"
duration = "100s"
machine.cores = 2
requests.page.steps = ["sleep ~10ms"]

[server]
kind = "sync"
workers = 1

[load]
rate = "60/s"
patience = "60s"

[[variants]]
name = "mm1"
load.rate = "60.1/s"

[[variants]]
name = "md1"
requests.page.steps = ["sleep 10ms"]

[[variants]]
name = "mg1"
requests.page.steps = ["sleep 5ms..15ms"]

[[variants]]
name = "mm2"
server.workers = 2
load.rate = "120/s"

[[variants]]
name = "mg2"
server.workers = 2
load.rate = "120/s"
requests.page.steps = ["sleep 5ms..15ms"]

[[variants]]
name = "tokens"
server.workers = 5
load.rate = "30/s"
requests.page.steps = ["compute ~10ms", "sleep ~90ms"]

[[variants]]
name = "bursts"
server.kind = "coroutine"
load.rate = "300/s"
requests.page.steps = ["compute 1ms", "sleep 50ms", "compute 1ms"]

[[variants]]
name = "connections"
server.kind = "coroutine"
server.connections = 10
load.rate = "60/s"
requests.page.steps = ["compute ~2ms", "sleep ~98ms"]

[[variants]]
name = "slices"
server.kind = "coroutine"
load.rate = "60.2/s"
requests.page.steps = ["compute ~10ms in slices of 500us"]

[[variants]]
name = "closed"
server.workers = 3
load = { clients = 10, think = "~50ms" }
requests.page.steps = ["sleep ~20ms"]

[[variants]]
name = "cores"
server.workers = 5
load = { clients = 20 }
requests.page.steps = ["compute ~10ms", "sleep ~10ms"]

[[variants]]
name = "coroutines"
server.kind = "coroutine"
server.workers = 2
load = { clients = 20, think = "~100ms" }
requests.page.steps = ["compute ~5ms", "sleep ~45ms"]

[[variants]]
name = "lost"
server.workers = 2
server.backlog = 3
load.rate = "220/s"
load.patience = "500ms"
"#;

/// Permitted relative error of a mean over 100 s: queues are busy 60 % of the time here. At 80 % a mean
/// over this number of requests may be 15 % off, and needs 600 s to come within 2 %.
const OFF: f64 = 0.1;

/// Model of each variant.
const MODELS: [(&str, &str); 13] = [
    ("mm1", "M/M/1"),
    ("md1", "M/D/1"),
    ("mg1", "M/G/1"),
    ("mm2", "M/M/2"),
    ("mg2", "M/G/2, about"),
    ("tokens", "5 tokens"),
    ("bursts", "M/G/1"),
    ("connections", "10 tokens, about"),
    ("slices", "M/G/1-PS"),
    ("closed", "closed network"),
    ("cores", "closed network"),
    ("coroutines", "closed network"),
    ("lost", "M/M/2/6"),
];

/// Returns the summary of these variants, simulated.
fn summary() -> Value {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("long.toml");
    std::fs::write(&file, LONG).expect("it can be written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
    command.arg("sim").arg(&file).args(["--json", "--no-keep"]);
    let output = command.output().expect("it can be run");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("a summary is JSON")
}

#[test]
fn long_simulations_come_out_as_computed() {
    let summary = summary();
    let runs = summary["runs"].as_array().expect("the runs");
    assert_eq!(runs.len(), MODELS.len());
    for (run, (variant, model)) in runs.iter().zip(MODELS) {
        let theory = &run["theory"];
        assert_eq!(run["variant"], variant);
        assert_eq!(theory["origin"], "computed");
        assert_eq!(theory["model"]["name"], model, "{variant}");
        for number in ["throughput_per_s", "mean_ms"] {
            let pair = &theory["model"][number];
            let error = pair["error"].as_f64().expect("both are known");
            assert!(error.abs() < OFF, "{variant}: {number}: {pair}");
        }
        for bound in theory["bounds"].as_array().expect("bounds") {
            let reached = bound["reached"].as_f64().expect("it is known");
            // Random arrivals may exceed their mean, and nothing else may exceed its bound.
            let most = if bound["of"] == "arrivals" {
                1.05
            } else {
                1.01
            };
            assert!(reached < most, "{variant}: {bound}");
        }
    }
}
