//! Jobs of a scenario, played by real processes.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

use crate::played::Played;

/// 30 + 20 + 50 ms of computing on one worker, and a last job after a pause.
const SCENARIO: &str = "
server.kind = 'coroutine'
[requests]
p1.steps = ['compute 30ms in slices of 20ms']
p2.steps = ['compute 20ms in slices of 20ms']
p3.steps = ['compute 50ms in slices of 20ms']
last.steps = ['compute 1ms']
never.steps = ['compute 1h']
[[jobs]]
at = '400ms'
class = 'last'
count = 2
[[jobs]]
at = '0s'
class = 'p1'
[[jobs]]
at = '0s'
class = 'p2'
[[jobs]]
at = '0s'
class = 'p3'
";

#[test]
fn real_processes_play_each_job_once_at_its_instant_and_no_other_request() {
    let ended = Played::begin(SCENARIO).end();
    let run = ended.run();
    assert_eq!(run["due"], 5, "{ended:#?}");
    let completed = |class: &str| run["requests"][class]["completed"].as_u64();
    let counts = ["p1", "p2", "p3", "last", "never"].map(completed);
    assert_eq!(
        counts,
        [Some(1), Some(1), Some(1), Some(2), None],
        "{ended:#?}"
    );
    // One worker has computed for 100 ms when the last of the first three ends.
    let latest = ["p1", "p2", "p3"]
        .map(|class| {
            run["requests"][class]["latency_ms"]["max"]
                .as_f64()
                .expect("answered")
        })
        .into_iter()
        .fold(0.0, f64::max);
    assert!(latest >= 100.0, "{latest}");
    // The window lasts from the first instant to the end of the last job.
    let window = run["window_s"].as_f64().expect("a window");
    assert!(window >= 0.4, "{window}");
    assert!(ended.status.success(), "{ended:#?}");
}

#[test]
fn a_run_of_a_trace_is_replayed_without_its_file() {
    const SCENARIO: &str = "requests.short.steps = ['compute 1ms']\n\
                            requests.long.steps = ['compute 9ms']\n\
                            load.trace = 'arrivals.csv'\n";
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("course");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("x.toml"), SCENARIO).expect("it can be written");
    let trace = folder.join("arrivals.csv");
    fs::write(&trace, "at,kind\n0.5,long\n250ms,short\n1,short\n").expect("it can be written");
    let concsim = |words: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
        let output = command.args(words).current_dir(place.path()).output();
        output.expect("the program starts")
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let valid = concsim(&["check", "course/x.toml"]);
    assert!(valid.status.success(), "{valid:?}");
    let written = concsim(&["check", "--expand", "course/x.toml"]).stdout;
    assert!(text(&written).contains("trace = \"arrivals.csv\""));
    let kept = concsim(&["sim", "course/x.toml", "--json", "--out", "kept"]);
    let summary: Value = serde_json::from_slice(&kept.stdout).expect("a summary");
    let run = &summary["runs"][0];
    assert_eq!(run["due"], 3);
    for (kind, count) in [("short", 2), ("long", 1)] {
        assert_eq!(run["requests"][kind]["completed"], count, "{run}");
    }
    let sweep = ["sweep", "course/x.toml", "--over", "server.workers=1,2"];
    assert!(concsim(&sweep).status.success());
    fs::write(&trace, "at,kind\n0.5,long\n250ms,short\n2,short\n").expect("it can be written");
    let other = text(&concsim(&sweep).stderr);
    assert!(other.contains("the requests of the trace"), "{other}");
    fs::remove_file(&trace).expect("it is there");
    let replayed = concsim(&["replay", "kept", "--json"]);
    let replayed: Value = serde_json::from_slice(&replayed.stdout).expect("a summary");
    assert_eq!(replayed["runs"], summary["runs"]);
    let gone = concsim(&["check", "course/x.toml"]);
    assert_eq!(gone.status.code(), Some(2));
    let message = text(&gone.stderr);
    assert!(
        message.contains("failed to read course/arrivals.csv: No such file"),
        "{message}"
    );
    assert!(message.contains("course/x.toml:3"), "{message}");
}
