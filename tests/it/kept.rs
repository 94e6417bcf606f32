//! Runs that are stored and replayed.

#![expect(clippy::unwrap_used, reason = "a run without its files fails the test")]
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Number, Value};

use crate::played::MarkedProcesses;
use crate::serve_process::until;

const SCENARIO: &str = "warmup = '0s'\nduration = '500ms'\n[server]\nkind = ['sync', 'coroutine']\n\
                        workers = 2\n[requests.a]\nsteps = ['compute 1ms', 'call billing 5ms']\n\
                        [load]\nclients = 4\nramp = '0s'\n";

fn concsim(state: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(arguments)
        .env("XDG_STATE_HOME", state)
        .output()
        .unwrap()
}

#[test]
fn a_run_is_kept_and_its_replay_gives_the_same_summary() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("scenario.toml");
    std::fs::write(&file, SCENARIO).unwrap();
    let played = concsim(scratch.path(), &["run", file.to_str().unwrap(), "--json"]);
    assert!(played.status.success(), "{played:?}");
    let again = concsim(scratch.path(), &["replay", "last", "--json"]);
    assert!(again.status.success(), "{again:?}");
    assert_eq!(
        String::from_utf8(again.stdout).unwrap(),
        String::from_utf8(played.stdout).unwrap()
    );
}

#[test]
fn a_run_is_kept_where_it_is_told_to_be_and_nowhere_if_told_so() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("scenario.toml");
    std::fs::write(&file, SCENARIO).unwrap();
    let (file, out) = (file.to_str().unwrap(), scratch.path().join("out"));
    let out = out.to_str().unwrap();
    assert!(
        concsim(scratch.path(), &["run", file, "--no-keep"])
            .status
            .success()
    );
    let nothing = concsim(scratch.path(), &["replay", "last"]);
    let text = String::from_utf8(nothing.stderr).unwrap();
    assert_eq!(nothing.status.code(), Some(1));
    assert!(text.contains("no kept runs in"), "{text}");
    assert!(
        concsim(scratch.path(), &["run", file, "--out", out])
            .status
            .success()
    );
    assert!(concsim(scratch.path(), &["replay", out]).status.success());
    let taken = concsim(scratch.path(), &["run", file, "--out", out]);
    let line = String::from_utf8(taken.stderr).unwrap();
    assert_eq!(taken.status.code(), Some(1));
    assert!(line.contains("the folder is not empty"), "{line}");
}

/// Returns the recordings of older versions, which every later one must still read.
fn old() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings");
    let mut folders: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
}

/// Checks that `now` contains everything in `then`: a later version may add values, remarks, doubts and
/// advice.
fn check_contains(then: &Value, now: &Value, place: &str) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let kept =
                |(name, _): &(&String, &Value)| !["remarks", "remedy"].contains(&name.as_str());
            let doubts = |run: &serde_json::Map<String, Value>| {
                run.get("because").and_then(Value::as_array).map(Vec::len)
            };
            // A further doubt may make the grade worse.
            let is_graded_anew = doubts(then) < doubts(now);
            let kept = then.iter().filter(kept);
            for (name, value) in kept.filter(|(name, _)| *name != "trust" || !is_graded_anew) {
                let there = now.get(name);
                assert!(there.is_some(), "{place}.{name} is no longer said");
                check_contains(value, there.unwrap(), &format!("{place}.{name}"));
            }
        }
        (Value::Array(then), Value::Array(now)) => {
            let may_be_more = place.ends_with(".because") && then.len() < now.len();
            assert!(then.len() == now.len() || may_be_more, "{place}");
            for (number, (then, now)) in then.iter().zip(now).enumerate() {
                check_contains(then, now, &format!("{place}.{number}"));
            }
        }
        (Value::Number(then), Value::Number(now)) => {
            assert!(rounds_to(now, then), "{place}: {then}, now {now}");
        }
        // A claim that is decided as before, with a further reservation.
        (Value::Null, Value::String(_)) if place.ends_with(".because") => {}
        _ => assert_eq!(then, now, "{place}"),
    }
}

/// True if a number is another one with more digits: a later version may add digits.
fn rounds_to(now: &Number, then: &Number) -> bool {
    let text = then.to_string();
    let digits = text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let now = now.as_f64().expect("it is finite");
    now.to_string() == text || format!("{now:.digits$}") == text
}

#[test]
fn recordings_of_older_versions_are_replayed_with_the_summary_that_was_kept_with_them() {
    let scratch = tempfile::tempdir().unwrap();
    let folders = old();
    assert!(folders.len() >= 2, "{folders:?}");
    for folder in folders {
        let replayed = concsim(
            scratch.path(),
            &["replay", folder.to_str().unwrap(), "--json"],
        );
        assert!(replayed.status.success(), "{replayed:?}");
        assert_eq!(String::from_utf8_lossy(&replayed.stderr), "");
        let now: Value = serde_json::from_slice(&replayed.stdout).unwrap();
        let then = std::fs::read(folder.join("summary.json")).unwrap();
        let then: Value = serde_json::from_slice(&then).unwrap();
        check_contains(&then, &now, &folder.display().to_string());
        assert_eq!(
            now["scenario"]["draws"], 1,
            "their requests are drawn as then"
        );
    }
}

#[test]
fn recordings_of_older_versions_name_no_place_of_the_machine_that_made_them() {
    for folder in old() {
        let plan = std::fs::read(folder.join("plan.json")).unwrap();
        let plan: Value = serde_json::from_slice(&plan).unwrap();
        let file = plan["file"].as_str().unwrap();
        assert!(!file.starts_with('/'), "{file}");
    }
}

/// Copies an old recording, to be spoilt.
fn copy(scratch: &Path) -> PathBuf {
    let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/three_requests-v1");
    let copy = scratch.join("copy");
    std::fs::create_dir(&copy).unwrap();
    for file in std::fs::read_dir(original).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
    }
    copy
}

fn spoil(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    change(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

/// Replays a spoilt run: returns the exit status, the runs with their trust, and the messages.
fn replayed(run: &Path) -> (Option<i32>, Vec<(String, String)>, String) {
    let state = run.parent().unwrap();
    let replayed = concsim(state, &["replay", run.to_str().unwrap(), "--json"]);
    let text = String::from_utf8(replayed.stderr).unwrap();
    let summary: Value = serde_json::from_slice(&replayed.stdout).unwrap_or_default();
    let runs = summary["runs"].as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let runs = runs
        .iter()
        .map(|run| (word(&run["variant"]), word(&run["trust"])))
        .collect();
    (replayed.status.code(), runs, text)
}

/// Returns the names of the runs.
fn names(runs: &[(String, String)]) -> Vec<&str> {
    runs.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn of_a_spoilt_run_what_is_readable_is_shown_and_what_is_wrong_with_it_said() {
    type Spoil = fn(&mut Vec<u8>);
    let torn: Spoil = |bytes| bytes.truncate(bytes.len() / 2);
    let flipped: Spoil = |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 8;
    };
    let empty: Spoil = Vec::clear;
    let foreign: Spoil = |bytes| *bytes = b"SQLite format 3\0and so on".to_vec();
    let newer: Spoil = |bytes| bytes[b"concsim recording ".len()] = b'2';
    for (spoil_it, words, shown) in [
        (torn, "breaks off after", 2),
        (flipped, "are not those that were written", 2),
        (empty, "not a recording of concsim", 1),
        (foreign, "not a recording of concsim", 1),
        (newer, "in version 2 of the format", 1),
    ] {
        let scratch = tempfile::tempdir().unwrap();
        let run = copy(scratch.path());
        spoil(&run.join("2-coroutine.rec"), spoil_it);
        let (status, runs, text) = replayed(&run);
        assert_eq!(status, Some(1), "{text}");
        assert!(text.contains(words), "{words}: {text}");
        assert!(text.contains("2-coroutine.rec"), "{text}");
        assert_eq!(names(&runs), &["sync", "coroutine"][..shown]);
        assert_ne!(runs[0].1, "proves-nothing");
        // A part of a run proves nothing.
        assert!(runs[1..].iter().all(|(_, trust)| trust == "proves-nothing"));
        let folder = run.to_str().unwrap();
        let screen = [
            "export", "screen", folder, "--at", "1s", "--keys", "2", "--size", "80x24",
        ];
        let exported = concsim(scratch.path(), &screen);
        assert!(exported.status.success(), "{exported:?}");
        let svg = String::from_utf8(exported.stdout).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("sync"), "{svg}");
    }
}

#[test]
fn if_the_first_variant_is_spoilt_the_second_is_not_taken_for_it() {
    let scratch = tempfile::tempdir().unwrap();
    let run = copy(scratch.path());
    spoil(&run.join("1-sync.rec"), Vec::clear);
    let (status, runs, text) = replayed(&run);
    assert_eq!(status, Some(1), "{text}");
    assert!(
        text.contains("variant sync: its recording cannot be read"),
        "{text}"
    );
    assert_eq!(names(&runs), ["coroutine"]);
}

#[test]
fn a_run_of_which_nothing_can_be_read_is_refused_with_the_reason() {
    let scratch = tempfile::tempdir().unwrap();
    let run = copy(scratch.path());
    for file in ["1-sync.rec", "2-coroutine.rec"] {
        spoil(&run.join(file), Vec::clear);
    }
    let (status, runs, text) = replayed(&run);
    assert_eq!((status, names(&runs)), (Some(1), vec![]));
    assert!(text.contains("no recording that could be read"), "{text}");
    spoil(&run.join("plan.json"), |bytes| *bytes = b"{}".to_vec());
    assert!(replayed(&run).2.contains("plan.json"));
    std::fs::remove_file(run.join("plan.json")).unwrap();
    assert!(replayed(&run).2.contains("not the folder of a recording"));
    let (status, _, line) = replayed(&scratch.path().join("nowhere"));
    assert_eq!(status, Some(1));
    assert!(line.contains("nowhere"), "{line}");
}

#[test]
fn a_run_whose_driver_is_killed_can_be_replayed_up_to_then() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("scenario.toml");
    let scenario = SCENARIO.replace("duration = '500ms'", "duration = '60s'");
    std::fs::write(&file, scenario).unwrap();
    let out = scratch.path().join("out");
    let processes = MarkedProcesses::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
    processes.put_on(&mut command);
    let mut driver = command
        .args(["run", "--headless", "--out"])
        .args([&out, &file])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The header, and some chunks of the run.
    let length = || std::fs::metadata(out.join("1-sync.rec")).map_or(0, |file| file.len());
    until("a part of the run is on the disk", || length() > 20_000);
    driver.kill().unwrap();
    driver.wait().unwrap();
    processes.until_all_are_gone();
    let (status, runs, text) = replayed(&out);
    assert_eq!(status, Some(1), "{text}");
    let expected = ("sync".to_owned(), "proves-nothing".to_owned());
    assert_eq!(runs, [expected]);
    let is_said =
        text.contains("the process that wrote it was killed") || text.contains("breaks off");
    assert!(is_said, "{text}");
}
