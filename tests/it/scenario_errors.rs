//! Messages about a wrong scenario or a wrong command line: all at once, on standard error, with exit
//! status 2.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn concsim(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

fn status_and_texts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn all_mistakes_of_all_files_are_reported_with_status_two() {
    let folder = scratch();
    let good = "requests.a.steps = []\nload.clients = 1\n";
    let files = [
        ("empty.toml", "".as_bytes()),
        ("noise.toml", b"a = '\xff'"),
        (
            "verbs.toml",
            b"load.clients = 0\nrequests.a.steps = ['compte 1ms', 'yield twice']\n",
        ),
        ("good.toml", good.as_bytes()),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("it can be written");
    }
    let arguments = [
        "check",
        "empty.toml",
        "noise.toml",
        "verbs.toml",
        "good.toml",
        "absent.toml",
    ];
    let (status, out, err) = status_and_texts(&concsim(folder.path(), &arguments));
    assert_eq!(status, Some(2));
    assert_eq!(
        out,
        "good.toml: valid; played 1 time (sync), no expectation\n"
    );
    for expected in [
        "empty.toml:1:1",
        "there is no request to play",
        "noise.toml:1:6",
        "byte 0xFF is not UTF-8",
        "verbs.toml:1:16",
        "verbs.toml:2:22",
        "did you mean `compute`?",
        "verbs.toml:2:42",
        "3 mistakes",
        "failed to read absent.toml",
    ] {
        assert!(err.contains(expected), "{expected} is not in\n{err}");
    }
}

#[test]
fn a_run_of_a_wrong_scenario_is_refused_before_it_plays() {
    let folder = scratch();
    for (arguments, expected) in [
        (
            &["run", "io_bund", "--headless"][..],
            "did you mean `io_bound`?",
        ),
        (
            &["run", "io_bound", "--headless", "--set", "server.wokers=3"],
            "did you mean `workers`?",
        ),
        (
            &["run", "io_bound", "--headless", "--variant", "corotine"],
            "did you mean `coroutine`?",
        ),
        (
            &["run", "io_bound", "--headless", "--duration", "5"],
            "write a unit",
        ),
        (
            &["run", "io_bound", "--headless", "--set", "server.kind=sync"],
            "--variant",
        ),
    ] {
        let (status, out, err) = status_and_texts(&concsim(folder.path(), arguments));
        assert_eq!(
            (status, out.as_str()),
            (Some(2), ""),
            "{arguments:?}: {err}"
        );
        assert!(err.contains(expected), "{expected} is not in\n{err}");
    }
}

#[test]
fn a_new_scenario_is_valid_and_never_replaces_a_file() {
    let folder = scratch();
    let (status, ..) = status_and_texts(&concsim(folder.path(), &["new", "mine.toml"]));
    assert_eq!(status, Some(0));
    let (status, out, err) = status_and_texts(&concsim(folder.path(), &["check", "mine.toml"]));
    assert_eq!(status, Some(0), "{out}{err}");
    let (status, _, err) = status_and_texts(&concsim(folder.path(), &["new", "mine.toml"]));
    assert_ne!(status, Some(0));
    assert!(err.contains("mine.toml exists already"), "{err}");
}

#[test]
fn an_expanded_scenario_expands_to_itself() {
    let folder = scratch();
    concsim(folder.path(), &["new", "mine.toml"]);
    let (_, once, _) =
        status_and_texts(&concsim(folder.path(), &["check", "--expand", "mine.toml"]));
    fs::write(folder.path().join("mine.toml"), &once).expect("it can be written");
    let (status, twice, _) =
        status_and_texts(&concsim(folder.path(), &["check", "--expand", "mine.toml"]));
    assert_eq!((status, twice), (Some(0), once));
}

#[test]
fn the_list_of_scenarios_says_what_each_shows() {
    let folder = scratch();
    for arguments in [&[][..], &["scenarios"]] {
        let (status, out, _) = status_and_texts(&concsim(folder.path(), arguments));
        assert_eq!(status, Some(0));
        assert!(
            out.contains("io_bound") && out.contains("Waiting is free, if you let go"),
            "{out}"
        );
    }
    let mine = "title = 'Mine'\nrequests.a.steps = []\nload.clients = 1\n";
    let scenarios = folder.path().join("scenarios");
    fs::create_dir(&scenarios).expect("a folder can be made");
    fs::write(scenarios.join("mine.toml"), mine).expect("it can be written");
    fs::write(scenarios.join("bad.toml"), "").expect("it can be written");
    let (_, out, _) = status_and_texts(&concsim(folder.path(), &["scenarios"]));
    assert!(
        out.contains("Mine") && out.contains("concsim check scenarios/bad.toml"),
        "{out}"
    );
}

#[test]
fn the_schema_in_the_assets_is_the_one_that_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (status, printed, _) = status_and_texts(&concsim(root, &["schema"]));
    let kept = fs::read_to_string(root.join("assets/scenario.schema.json")).expect("it is there");
    assert_eq!(status, Some(0));
    assert!(
        printed == kept,
        "renew it: concsim schema > assets/scenario.schema.json"
    );
}
