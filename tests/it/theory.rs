//! `concsim theory` on the command line: the help of each model, its answers as a table and as JSON, and
//! the messages about wrong questions.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A question for each model, and one without a numeric answer.
const QUESTIONS: [(&str, &str); 13] = [
    ("mm1", "--arrival-rate 80/s --service-time 10ms"),
    (
        "mmc",
        "--arrival-rate 13/s --service-rate 4/s --servers 5 --within 300ms",
    ),
    ("mmc", "--arrival-rate 25/s --service-rate 4/s --servers 5"),
    ("md1", "--arrival-rate 48/min --service-time 1s"),
    (
        "mg1",
        "--arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1",
    ),
    (
        "ps",
        "--arrival-rate 200/s --class short=1ms,weight=99 --class hog=100ms,weight=1 --size 10ms",
    ),
    (
        "mmck",
        "--arrival-rate 60/s --service-time 100ms --servers 5 --places 16",
    ),
    (
        "closed",
        "--clients 100 --think 1s --station cpu=2ms,servers=2 --station io=98ms,delay",
    ),
    (
        "bounds",
        "--workers 5 --cores 2 --compute 2ms --wait 98ms --clients 100",
    ),
    (
        "tokens",
        "--arrival-rate 40/s --tokens 5 --cores 2 --compute 10ms --wait 90ms",
    ),
    ("usl", "--data sdm91.csv --at 128"),
    ("amdahl", "--serial 5% --processors 8 --processors 64"),
    ("little", "--present 100 --throughput 50/s --response 2.2s"),
];

/// SPEC SDM91, as it was published.
const SDM91: &str =
    "N,X\n1,64.9\n18,995.9\n36,1652.4\n72,1853.2\n108,1828.9\n144,1775\n216,1702.2\n";

fn concsim(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .arg("theory")
        .args(line.split_whitespace())
        .current_dir(folder)
        // That of the test's own terminal.
        .env_remove("COLUMNS")
        .env("NO_COLOR", "1")
        .output()
        .expect("the program starts")
}

fn with_data() -> TempDir {
    let folder = tempfile::tempdir().expect("a scratch folder");
    std::fs::write(folder.path().join("sdm91.csv"), SDM91).expect("it can be written");
    folder
}

/// Returns the terminal's content after a line with an answer.
fn answered(folder: &Path, line: &str) -> String {
    let output = concsim(folder, line);
    let text = String::from_utf8(output.stdout).expect("it is text");
    assert_eq!(output.status.code(), Some(0), "{line}");
    assert!(output.stderr.is_empty(), "{line}");
    format!("$ concsim theory {line}\n{text}\n")
}

/// Returns the messages about a line that is refused.
fn refused(folder: &Path, line: &str) -> String {
    let output = concsim(folder, line);
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(output.stdout.is_empty(), "{line}");
    let text = String::from_utf8(output.stderr).expect("it is text");
    format!("$ concsim theory {line}\n{text}\n")
}

#[test]
fn the_models_are_listed() {
    let folder = with_data();
    insta::assert_snapshot!("theory_help", answered(folder.path(), "--help"));
}

#[test]
fn each_model_explains_itself() {
    let folder = with_data();
    let mut before = "";
    for (model, _) in QUESTIONS {
        if model != before {
            let help = answered(folder.path(), &format!("{model} --help"));
            insta::assert_snapshot!(format!("theory_{model}_help"), help);
        }
        before = model;
    }
}

#[test]
fn each_model_answers_as_a_table_and_as_json() {
    let folder = with_data();
    for (number, (model, question)) in QUESTIONS.into_iter().enumerate() {
        let table = answered(folder.path(), &format!("{model} {question}"));
        let json = answered(folder.path(), &format!("{model} {question} --json"));
        let is_second = number > 0 && QUESTIONS[number - 1].0 == model;
        let which = if is_second { "_grows" } else { "" };
        insta::assert_snapshot!(format!("theory_{model}{which}"), table + &json);
    }
}

#[test]
fn an_answer_is_said_to_be_computed_before_anything_else() {
    let folder = with_data();
    for (model, question) in QUESTIONS {
        let output = concsim(folder.path(), &format!("{model} {question}"));
        let text = String::from_utf8(output.stdout).expect("it is text");
        let first = text.lines().next().expect("a first line");
        assert!(first.ends_with(", computed"), "{first}");
        assert!(text.is_ascii(), "every terminal can show it: {text}");
        let widest = text.lines().map(str::len).max();
        assert!(widest <= Some(110), "{model}: {widest:?} columns");
    }
}

#[test]
fn all_that_is_wrong_with_a_question_is_reported_at_once() {
    let folder = with_data();
    let wrong = "N,X\n1,64.9\n0,fast\n7\n18,995.9\n";
    std::fs::write(folder.path().join("wrong.csv"), wrong).expect("it can be written");
    let few = "1,64.9\n1,65.2\n18,995.9\n";
    std::fs::write(folder.path().join("few.csv"), few).expect("it can be written");
    let text: String = [
        "mm1",
        "mmc --arrival-rate -3/s --service-time 10 --service-rate fast --servers 0",
        "md1 --arrival-rate 13/x --service-time 10sec --within soon",
        "mg1 --arrival-rate 0 --service-time 1ms --class a --class b=1ms,wait=2 --class c=1,weight=0",
        "mmck --arrival-rate 1e99 --service-time 0ms --servers 5 --places 4",
        "ps --arrival-rate 1/s --class a=1ms --class a=2ms --cores 1.5",
        "closed --station cpu=2ms,delay,servers=2 --station =1ms --think x",
        "closed --station cpu=2ms,servers=100000 --clients 100000",
        "bounds --compute 0 --wait 0 --think 1s",
        "bounds --station cpu=2ms --workers 5 --clients 0",
        "tokens --arrival-rate 1/s --tokens 257 --cores many",
        "usl --at 0",
        "usl --data absent.csv",
        "usl --data wrong.csv",
        "usl --data few.csv",
        "amdahl --serial 101% --processors 0 --processors -1",
        "little --present 0",
    ]
    .into_iter()
    .map(|line| refused(folder.path(), line))
    .collect();
    insta::assert_snapshot!("theory_refused", text);
}

#[test]
fn a_model_that_there_is_not_is_refused() {
    let folder = with_data();
    for line in ["", "mm2", "mmc --server 5", "mmc 5"] {
        let output = concsim(folder.path(), line);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(!output.stderr.is_empty(), "{line}");
    }
}

#[test]
fn the_page_about_theory_shows_what_is_printed() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/theory.md");
    let page = std::fs::read_to_string(page).expect("it can be read");
    let begin = "$ concsim theory ";
    let at = page.find(begin).expect("an example");
    let example = page[at..].split("```").next().expect("up to its end");
    let line = example.lines().next().expect("a line");
    let folder = with_data();
    let printed = answered(folder.path(), &line[begin.len()..]);
    assert_eq!(example.trim_end(), printed.trim_end());
}
