//! Figures on the command line: of runs, of sweeps and of both engines.

#![expect(
    clippy::unwrap_used,
    reason = "a figure without its files fails the test"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const SCENARIO: &str = "title = 'Few'\nwarmup = '0s'\nduration = '4s'\n[server]\nkind = ['sync', 'coroutine']\n\
                        workers = 2\n[requests.a]\nsteps = ['compute 5ms', 'call billing 20ms']\n\
                        [load]\nrate = '40/s'\n";

/// Plays, sweeps or draws in this folder.
fn concsim(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(line.split(' '))
        .current_dir(folder)
        .env("XDG_STATE_HOME", folder)
        .output()
        .unwrap()
}

/// Returns a folder with a scenario, after these commands.
fn played(lines: &[&str]) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().unwrap();
    fs::write(scratch.path().join("few.toml"), SCENARIO).unwrap();
    for line in lines {
        let played = concsim(scratch.path(), line);
        assert!(played.status.success(), "{line}: {played:?}");
    }
    scratch
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap()
}

/// Draws it, draws it again from its data, and returns the picture.
fn drawn(folder: &Path, kind: &str, of: &str) -> String {
    for line in [
        format!("figure {kind} {of} -o one.svg"),
        format!("figure {kind} --from one.csv -o two.svg"),
        format!("figure {kind} {of} --width 360 --theme dark -o one.png"),
    ] {
        let output = concsim(folder, &line);
        assert!(output.status.success(), "{line}: {output:?}");
    }
    assert_eq!(read(folder, "one.svg"), read(folder, "two.svg"), "{kind}");
    let picture = fs::read(folder.join("one.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"), "{kind}");
    read(folder, "one.svg")
}

#[test]
fn a_run_is_drawn_in_every_way_that_suits_it() {
    let scratch = played(&["sim few.toml --out run"]);
    for kind in [
        "who-runs",
        "boxes",
        "payoff",
        "percentiles",
        "breakdown",
        "heatmap",
        "utilisation",
        "queues",
    ] {
        let svg = drawn(scratch.path(), kind, "run");
        assert!(
            svg.contains("simulated") && !svg.contains("measured)"),
            "{kind}"
        );
    }
}

#[test]
fn a_sweep_is_drawn_from_its_folder_and_from_its_table() {
    let scratch = played(&[
        "sweep few.toml --over server.workers=1,2,4 --out w",
        "sweep few.toml --over load.rate=10/s,40/s,100/s --out l",
        "sweep few.toml --over machine.cores=1,2,4 --set load.rate=2000/s --set server.workers=8 --out c",
    ]);
    for (kind, folder) in [("workers", "w"), ("hockey-stick", "l"), ("what-if", "c")] {
        let svg = drawn(scratch.path(), kind, folder);
        assert_eq!(
            svg,
            drawn(scratch.path(), kind, &format!("{folder}/points.csv"))
        );
    }
}

#[test]
fn runs_of_the_same_scenario_are_distinguished_by_their_folders() {
    let scratch = played(&[
        "sim few.toml --out one",
        "sim few.toml --set server.workers=4 --out four",
    ]);
    let svg = drawn(scratch.path(), "boxes", "one four");
    assert!(
        svg.contains("one sync: ") && svg.contains("four sync: "),
        "{svg}"
    );
    // As points of an axis they are one series.
    let svg = drawn(scratch.path(), "workers", "one four");
    assert!(!svg.contains("four sync"), "{svg}");
}

#[test]
fn clients_that_wait_stand_beside_requests_that_come_whatever_happens() {
    let scratch = played(&[
        "sim few.toml --out open",
        "sim few.toml --set load.clients=2 --out closed",
    ]);
    let svg = drawn(scratch.path(), "open-closed", "open closed");
    assert!(
        svg.contains("A: sync, open, 40/s") && svg.contains("D: coroutine, closed, 2 clients"),
        "{svg}"
    );
}

#[test]
fn an_unfit_input_of_a_figure_is_refused_with_the_command_for_a_fit_one() {
    let scratch = played(&[
        "sim few.toml --out run",
        "sweep few.toml --over server.workers=1,2 --out w",
    ]);
    for line in [
        "figure workers run",
        "figure boxes w",
        "figure open-closed run",
        "figure parity run",
        "figure what-if w",
        "figure queues",
    ] {
        let output = concsim(scratch.path(), line);
        let text = String::from_utf8(output.stderr).unwrap();
        let kind = line.split(' ').nth(1).unwrap();
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(
            text.contains(&format!("concsim figure {kind} ")),
            "{line}: {text}"
        );
    }
}
