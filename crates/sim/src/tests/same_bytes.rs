//! Reproducibility: the same file, seed and version give the same bytes.

use sha2::{Digest as _, Sha256};

use super::*;
use concsim_record::storage::RecordingWriter;
use concsim_record::summary::Summary;

/// The bytes of a stored recording of each variant, and those of the summary.
fn bytes_of(plan: &Plan) -> (Vec<u8>, String) {
    let (mut all, mut runs) = (Vec::new(), Vec::new());
    for variant in &plan.variants {
        let header = header_of(plan, variant);
        let keeper = RecordingWriter::begin(&mut all, &header).expect("memory takes all bytes");
        let recorder = Recorder::new(header, Some(keeper));
        let (recording, failed) = record(&variant.scenario, recorder);
        assert!(failed.is_none());
        runs.push(summarise(&recording));
    }
    let machine = machine_of(&plan.variants[0].scenario);
    let summary = Summary::of(plan, machine, runs);
    let json = serde_json::to_string_pretty(&summary).expect("a summary is always JSON");
    (all, json)
}

fn sha256(bytes: impl AsRef<[u8]>) -> String {
    format!("{:x}", Sha256::digest(bytes.as_ref()))
}

#[test]
fn the_same_run_twice_is_the_same_byte_for_byte() {
    let costs = [
        "machine.overshoot=[\"min 5us\", \"max 1ms\"]",
        "machine.wake_up=3us",
    ];
    let text = builtin::find("surge").expect("it is one of them").text;
    let plan = plan(text, &costs);
    let (first, summary) = bytes_of(&plan);
    let (second, again) = bytes_of(&plan);
    assert!(first == second);
    assert_eq!(summary, again);
}

/// The checksums change with the engine, a scenario or the format of a recording. If the change is
/// intended, write down the new ones.
#[test]
fn recording_and_summary_are_these_bytes_on_every_machine() {
    let found = ["mixed", "surge"].map(|name| {
        let (bytes, json) = bytes_of(&built_in(name));
        format!("{name}: {} {}", sha256(&bytes), sha256(&json))
    });
    insta::assert_snapshot!(found.join("\n"));
}
