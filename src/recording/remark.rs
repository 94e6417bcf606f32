//! What is worth knowing of a run and no fault: sentences from its data, each with the evidence.

use serde::Serialize;

use super::Recording;
use super::summary::Run;
use super::trust::{COHORT, millis};

/// The code of a run to which somebody did something: its claims are not judged.
pub(super) const STEERED: &str = "steered";
/// The code of a run that went on as its own timeline says.
const CUED: &str = "timeline";

/// What is worth knowing of a run and no fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Stable, for programs: `short-warmup`.
    pub code: &'static str,
    /// For people, without a final period.
    pub sentence: String,
}

/// Connections are called unevenly shared below this index.
const EVEN: f64 = 0.9;

/// What is worth knowing of a run and no fault.
pub(super) fn remarks(run: &Run, recording: &Recording) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut remark = |code, sentence| remarks.push(Remark { code, sentence });
    let tail_ms = run.latency_ms.p99.or(run.latency_ms.max);
    if let Some(tail_ms) =
        tail_ms.filter(|tail| run.warmup_s > 0.0 && run.warmup_s * 1e3 < 2.0 * tail)
    {
        let warmup = millis(run.warmup_s * 1e3);
        let sentence = format!(
            "the warm-up of {warmup} is short for latencies of {}",
            millis(tail_ms)
        );
        remark("short-warmup", sentence);
    }
    // A handful of requests is not meant to be steady.
    if let (Some(false), Some(drift), true) = (run.stationary, run.drift, run.due >= COHORT) {
        let sentence = format!(
            "not steady: {} times as many in the system in the second half as in the first",
            crate::units::three_digits(drift)
        );
        remark("not-stationary", sentence);
    }
    if let Some(jain) = run.accept_jain.filter(|jain| *jain < EVEN) {
        let shares: Vec<String> = run.workers.iter().map(|w| w.accepted.to_string()).collect();
        let sentence = format!(
            "the workers took {} connections: evenness {jain:.2} (Jain)",
            shares.join(", ")
        );
        remark("uneven-accepts", sentence);
    }
    for (code, says, by_hand) in [(STEERED, "steered", true), (CUED, "by its timeline", false)] {
        let markers = recording.markers.iter();
        let deeds = markers.filter(|marker| marker.cue.is_none() == by_hand);
        let deeds: Vec<String> = deeds
            .map(|marker| recording.header.said_of(marker))
            .collect();
        if !deeds.is_empty() {
            remark(code, format!("{says}: {}", deeds.join(", ")));
        }
    }
    remarks
}
