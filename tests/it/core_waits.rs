//! Accuracy of samples about workers that want a core. A measurement, for an idle machine: `cargo test
//! --release --test it core_waits -- --ignored --nocapture`.

use std::process::{Command, Stdio};

use concsim::recording::{Recording, Window, storage};
use concsim::telemetry::{Event, Phase};
use concsim::units::Stamp;

/// Plays workers that only compute, each for a client of its own.
fn play(workers: usize) -> Recording {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let (file, kept) = (
        folder.path().join("computing.toml"),
        folder.path().join("kept"),
    );
    let scenario = format!(
        "title = \"Computing\"\nduration = \"10s\"\nwarmup = \"1s\"\n\
         [server]\nkind = \"sync\"\nworkers = {workers}\n\
         [requests.sum]\nsteps = [\"compute 300ms\"]\n\
         [load]\nclients = {workers}\n"
    );
    std::fs::write(&file, scenario).expect("a written file");
    let ended = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(["run", "--headless", "--no-ask", "--out"])
        .args([&kept, &file])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the binary starts");
    assert!(ended.code().is_some(), "it was killed");
    let mut run = storage::open(&kept).expect("a recording");
    run.recordings.remove(0)
}

/// Returns the share of samples of running workers that found one without a core.
fn found(recording: &Recording, window: Window) -> f64 {
    let samples = recording.samples.iter().filter(|it| window.contains(it.at));
    let workers = samples.flat_map(|sample| &sample.workers);
    let running: Vec<bool> = workers
        .filter(|worker| worker.phase == Phase::Running)
        .map(|worker| worker.wants_a_core)
        .collect();
    running.iter().filter(|wants| **wants).count() as f64 / running.len() as f64
}

/// Returns the share of computing time without a core, by the workers' own account.
fn share_by_events(recording: &Recording, window: Window) -> f64 {
    let inside = |from: Stamp, to: Stamp| to.min(window.end).since(from.max(window.begin)).0 as f64;
    let (mut lost, mut all) = (0.0, 0.0);
    for (_, event) in &recording.switches {
        match event {
            Event::RunSlice(ran) => all += inside(ran.from, ran.to),
            Event::Preempted { from, to, .. } => lost += inside(*from, *to),
            _ => {}
        }
    }
    lost / all
}

#[test]
#[ignore = "a measurement: nothing else may use the cores"]
fn as_many_looks_find_a_worker_without_a_core_as_is_its_own_account() {
    let shares = [1, 8].map(|workers| {
        let recording = play(workers);
        let window = recording.header.window.expect("a counted window");
        let (found, reported) = (found(&recording, window), share_by_events(&recording, window));
        println!(
            "{workers} computing: {:.1} % of the looks find one without a core, {:.1} % of the time by their account",
            100.0 * found,
            100.0 * reported
        );
        (found, reported)
    });
    assert!(
        shares[0].0 <= 0.05,
        "one worker has a core to itself: {shares:?}"
    );
    for (found, messages) in shares {
        assert!((found - messages).abs() <= 0.05, "{shares:?}");
    }
}
