//! Use of the output of `concsim calibrate` by `sim`, `run --predict` and `parity`: structure and mistakes,
//! no milliseconds.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const MACHINE: &str = "\
[machine]
cores            = 2
slice            = \"3870000ns\"
efficiency       = 0.98
process_switch   = \"1620ns\"
coroutine_switch = \"800ns\"
accept           = \"20us\"
request          = \"40us\"
wake_up          = \"20us\"
overshoot        = [\"min 10us\", \"p50 60us\", \"max 1ms\"]
generator        = \"50us\"
service          = \"40us\"
";

const TINY: &str = "\
title = 'A tiny one'
duration = '1s'
warmup = '100ms'
seed = 3
server.kind = ['sync', 'coroutine']
server.workers = 2
requests.it.steps = ['compute 1ms', 'call billing 5ms']
load.rate = '50/s'
";

/// Returns a folder with a scenario and a machine, and nothing calibrated.
fn scratch(machine: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
    write("tiny.toml", TINY).expect("it can be written");
    write("machine.toml", machine).expect("it can be written");
    folder
}

fn concsim(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(arguments)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder.join("state"))
        .output()
        .expect("the program starts")
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        let line = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {text}{line}")
    })
}

fn is_refused(output: &Output, words: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(words), "{text}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_prediction_stands_beside_the_measurement_and_is_called_simulated() {
    let folder = scratch(MACHINE);
    let arguments = [
        "run",
        "tiny.toml",
        "--predict",
        "--machine",
        "machine.toml",
        "--no-keep",
    ];
    let output = concsim(folder.path(), &[&arguments[..], &["--json"]].concat());
    let summary = json(&output);
    let runs = summary["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    for run in runs {
        let prediction = &run["prediction"];
        assert_eq!(run["origin"], "measured");
        assert_eq!(prediction["origin"], "simulated");
        for name in [
            "throughput_per_s",
            "mean_ms",
            "p50_ms",
            "concurrency",
            "parallelism",
        ] {
            for part in ["predicted", "measured"] {
                assert!(prediction[name][part].is_number(), "{name}: {prediction}");
            }
        }
        let measured = &prediction["throughput_per_s"]["measured"];
        assert_eq!(*measured, run["throughput_per_s"]);
        let is_sync = run["kind"] == "sync";
        assert_eq!(prediction["coroutine_switches"].is_null(), is_sync);
        let each = &prediction["coroutine_switches_of_each"];
        assert_eq!(each.is_null(), is_sync);
        assert_eq!(each["same"], each["requests"], "{prediction}");
    }
    let card = concsim(folder.path(), &[&arguments[..], &["--headless"]].concat());
    let card = String::from_utf8_lossy(&card.stdout).into_owned();
    assert!(
        card.contains("predicted") && card.contains("simulated"),
        "{card}"
    );
    assert!(card.contains("measured"), "{card}");
}

#[test]
fn predictions_of_repeats_are_the_simulations_of_their_seeds_with_intervals_of_the_errors() {
    let folder = scratch(MACHINE);
    let simulated = |seed: usize| {
        let seed = seed.to_string();
        let words = [
            &["sim", "tiny.toml", "--machine", "machine.toml", "--json"][..],
            &["--no-keep", "--duration", "300ms", "--seed", &seed],
        ];
        json(&concsim(folder.path(), &words.concat()))
    };
    let alone: Vec<Value> = (3..6).map(simulated).collect();
    let words = [
        &["run", "tiny.toml", "--predict", "--machine", "machine.toml"][..],
        &["--duration", "300ms", "--repeat", "3", "--out", "kept"],
    ];
    let card = concsim(folder.path(), &words.concat());
    let card = String::from_utf8_lossy(&card.stdout).into_owned();
    assert!(card.contains("predicted"), "{card}");
    let stored = fs::read(folder.path().join("kept/summary.json")).expect("a summary");
    let summary: Value = serde_json::from_slice(&stored).expect("JSON");
    // A repeat that proves nothing is set aside.
    let repeats = &summary["repeats"];
    let is_used = |repeat: usize| {
        let doubted = repeats["doubted"].as_array();
        let mut doubted = doubted.into_iter().flatten();
        !doubted.any(|it| it["repeat"] == repeat && it["used"] == false)
    };
    let used: Vec<&Value> = (1..4)
        .zip(&alone)
        .filter(|(repeat, _)| is_used(*repeat))
        .map(|(_, summary)| summary)
        .collect();
    for (place, run) in summary["runs"].as_array().expect("runs").iter().enumerate() {
        let prediction = &run["prediction"];
        let number = |of: &Value| of.as_f64().expect("a number");
        let mean = |of: &dyn Fn(&Value) -> f64| {
            used.iter().map(|it| of(&it["runs"][place])).sum::<f64>() / used.len() as f64
        };
        let rate = mean(&|run| number(&run["throughput_per_s"]));
        let latency = mean(&|run| number(&run["latency_ms"]["mean"]));
        let pairs = [
            ("throughput_per_s", rate, &run["throughput_per_s"]),
            ("mean_ms", latency, &run["latency_ms"]["mean"]),
        ];
        for (name, predicted, measured) in pairs {
            let figure = &prediction[name];
            assert!((number(&figure["predicted"]) - predicted).abs() < 1e-5);
            assert_eq!(figure["measured"], *measured);
            // A repeat without an answer leaves no interval of the ratio.
            if let Some(interval) = figure["interval"].as_object() {
                let [low, high] = ["low", "high"].map(|end| number(&interval[end]));
                let error = number(&figure["error"]);
                assert!(low <= error && error <= high, "{name}: {figure}");
            }
        }
    }
}

#[test]
fn a_simulation_takes_costs_only_from_the_machine_that_is_named() {
    let folder = scratch(MACHINE);
    fs::create_dir_all(folder.path().join("state/concsim")).expect("a folder");
    fs::write(folder.path().join("state/concsim/machine.toml"), MACHINE)
        .expect("it can be written");
    let cores = |more: &[&str]| {
        let arguments = [&["sim", "tiny.toml", "--json", "--no-keep"][..], more].concat();
        json(&concsim(folder.path(), &arguments))["machine"]["cores"].clone()
    };
    assert_eq!(cores(&[]), 4, "the documented machine");
    assert_eq!(cores(&["--machine", "machine.toml"]), 2);
    assert_eq!(cores(&["--machine", "calibrated"]), 2);
    assert_eq!(
        cores(&["--machine", "calibrated", "--set", "machine.cores=3"]),
        3
    );
}

#[test]
fn without_a_calibration_it_is_reported_how_to_make_one() {
    let folder = scratch(MACHINE);
    for arguments in [
        &["run", "tiny.toml", "--predict"][..],
        &["sim", "tiny.toml", "--machine", "calibrated"],
        &["parity", "mixed"],
    ] {
        is_refused(&concsim(folder.path(), arguments), "`concsim calibrate`");
    }
    is_refused(
        &concsim(folder.path(), &["parity", "no such scenario"]),
        "the names are ",
    );
}

#[test]
fn mistakes_in_a_machine_are_shown_in_its_own_file() {
    let cases = [
        ("[machine]\ncores = 0\n", "machine.toml:2"),
        ("[machine]\nspeed = 3\n", "machine.toml:2"),
        (
            "[server]\nworkers = 3\n[machine]\ncores = 2\n",
            "`server` is not part of a machine",
        ),
        ("", "the file has no [machine]"),
        ("[machine\n", "not TOML"),
    ];
    for (machine, words) in cases {
        let folder = scratch(machine);
        for arguments in [
            &["sim", "tiny.toml", "--machine", "machine.toml"][..],
            &["run", "tiny.toml", "--predict", "--machine", "machine.toml"],
        ] {
            is_refused(&concsim(folder.path(), arguments), words);
        }
    }
}

#[test]
fn the_table_of_the_documents_is_that_of_the_kept_predictions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("assets/parity.json");
    let folder = scratch(MACHINE);
    let printed = concsim(
        folder.path(),
        &["parity", "--from", kept.to_str().expect("a path in UTF-8")],
    );
    let table = String::from_utf8(printed.stdout).expect("text");
    assert_eq!(table.matches("| sync").count(), 9, "{table}");
    let document = fs::read_to_string(root.join("docs/parity.md")).expect("it is there");
    assert!(document.contains(&table), "{table}");
}

#[test]
fn a_file_without_predictions_is_named() {
    let folder = scratch(MACHINE);
    let other = r#"{"schema":"x/1","rows":[]}"#;
    fs::write(folder.path().join("other.json"), other).expect("it can be written");
    for (file, words) in [
        ("other.json", "other.json: the schema is x/1"),
        (
            "tiny.toml",
            "tiny.toml: not the output of `concsim parity --json`",
        ),
        ("nowhere", "nowhere: "),
    ] {
        let refused = concsim(folder.path(), &["parity", "--from", file]);
        let text = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{text}");
        assert!(text.contains(words), "{text}");
    }
}
