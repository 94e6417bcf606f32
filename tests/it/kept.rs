//! Runs that are kept and shown again.

#![expect(clippy::unwrap_used, reason = "a run without its files fails the test")]
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Command, Output};

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
    let said = String::from_utf8(nothing.stderr).unwrap();
    assert_eq!(nothing.status.code(), Some(1));
    assert!(said.contains("no run has been kept"), "{said}");
    assert!(
        concsim(scratch.path(), &["run", file, "--out", out])
            .status
            .success()
    );
    assert!(concsim(scratch.path(), &["replay", out]).status.success());
    let taken = concsim(scratch.path(), &["run", file, "--out", out]);
    let said = String::from_utf8(taken.stderr).unwrap();
    assert_eq!(taken.status.code(), Some(1));
    assert!(said.contains("it holds something already"), "{said}");
}
