//! Lessons through the built program: predictions are kept at once, and stand beside the run's own result.

#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot be started fails the test"
)]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::on_screen::TerminalRun;
use crate::serve_process::until;

/// Two variants, of which the second has twice the workers, and a question about that.
const LESSON: &str = r#"
title = "Two are twice as many as one"
about = "Each request sleeps for 2 ms. One worker gives 500 answers a second, two give 1000."
warmup = "100ms"
duration = "400ms"
[requests.a]
steps = ["sleep 2ms"]
[load]
clients = 8
ramp = "10ms"
[[variants]]
name = "one"
server.workers = 1
[[variants]]
name = "two"
server.workers = 2
[[ask]]
before = "two"
question = "How many times as many?"
measure = "two.throughput / one.throughput"
choices = [["as many", "..1.5"], ["twice", "1.5.."]]
why = "A sync worker has one request at a time."
misconception = "that a wait is computing"
change = ["load.clients=1"]
"#;

fn begin(folder: &Path, words: &[&str]) -> std::process::Child {
    fs::write(folder.join("lesson.toml"), LESSON).unwrap();
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(words)
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn said(folder: &Path, words: &[&str], answers: &str) -> String {
    let mut child = begin(folder, words);
    let mut input = child.stdin.take().unwrap();
    input.write_all(answers.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

fn answers(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("answers.jsonl")).unwrap_or_default();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn a_lesson_asks_plays_asks_again_and_sets_the_result_beside_the_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let words = [
        "lesson",
        "lesson.toml",
        "--sim",
        "--plain",
        "--answers",
        "answers.jsonl",
    ];
    let text = said(folder, &words, "1 one machine\nperhaps\n2\n");
    let mut rest = text.as_str();
    for next in [
        "Each request sleeps for 2 ms. 2 variants, one after the other: one, two.",
        "\none\n  500 ms: ",
        "500 answers per second",
        "Predict (1 of 1), before two: How many times as many?\n  1 as many\n  2 twice\n",
        "\ntwo\n  500 ms: ",
        "After the run (1 of 1)",
        "An answer is a number from 1 to 2.",
        "Predicted: as many. That is not so.\nSimulated: 2, so: twice.\n\
         Why: A sync worker has one request at a time.\n",
        "\n  concsim lesson lesson.toml --sim --set load.clients=1\n",
        "\n  concsim figure boxes last -o lesson.svg\n",
    ] {
        let at = rest.find(next).unwrap_or_else(|| panic!("{next}\n{text}"));
        rest = &rest[at + next.len()..];
    }
    let of = |line: &Value| {
        (
            line["round"].clone(),
            line["choice"].clone(),
            line["why"].clone(),
        )
    };
    let lines: Vec<_> = answers(folder).iter().map(of).collect();
    assert_eq!(
        lines,
        [
            ("before".into(), 1.into(), "one machine".into()),
            ("after".into(), 2.into(), Value::Null),
            ("result".into(), 2.into(), Value::Null),
        ]
    );
    let report = said(folder, &["lesson", "report", "answers.jsonl"], "");
    assert!(report.contains("       1      0  1 as many\n"), "{report}");
    assert!(
        report.contains("       0      1  2 twice (right: 2)\n"),
        "{report}"
    );
    assert!(
        report.contains("that a wait is computing: 1 of 1 before, 0 of 1 after"),
        "{report}"
    );
}

#[test]
fn a_changed_scenario_changes_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let words = [
        "lesson",
        "lesson.toml",
        "--sim",
        "--plain",
        "--set",
        "load.clients=1",
    ];
    let text = said(folder.path(), &words, "1\n");
    let verdict = "Predicted: as many. That is right.\nSimulated: 1, so: as many.";
    assert!(text.contains(verdict), "{text}");
}

#[test]
fn a_killed_lesson_loses_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let words = [
        "lesson",
        "lesson.toml",
        "--sim",
        "--plain",
        "--answers",
        "answers.jsonl",
    ];
    let mut child = begin(folder, &words);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"2\n").unwrap();
    until("an answer is kept", || !answers(folder).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = answers(folder);
    assert_eq!((kept.len(), &kept[0]["choice"]), (1, &2.into()));
}

#[test]
fn a_class_predicts_on_the_screen_of_a_real_run() {
    let scratch = tempfile::tempdir().unwrap();
    let answers_file = tempfile::tempdir().unwrap();
    let file = answers_file.path().join("answers.jsonl");
    let scenario = scratch.path().join("lesson.toml");
    fs::write(&scenario, LESSON).unwrap();
    let words = [
        "lesson",
        scenario.to_str().unwrap(),
        "--answers",
        file.to_str().unwrap(),
    ];
    let mut run = TerminalRun::start(Path::new(env!("CARGO_BIN_EXE_concsim")), &words, scratch);
    run.until_it_shows("How many times as many?");
    run.types("1");
    run.until_it_shows("▪");
    run.types("22 ");
    run.until_it_shows("trust");
    assert_eq!(
        answers(answers_file.path()).len(),
        3,
        "before the lesson ends"
    );
    assert!(!run.shows("Measured:"), "the card gives no answer away");
    run.types("q");
    run.until_it_shows("Your choice now:");
    run.types("2\r");
    run.until_it_shows("Predicted: as many (1); twice (2). 2 of 3 are right.");
    let (status, _) = run.end("the lesson is over");
    assert!(status.success());
}
