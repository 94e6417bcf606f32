//! Remarks: short sentences from a recording's data, each with the evidence that it rests on.
//!
//! ```text
//!   Past, or a whole run ──▶ Context ──▶ check: does it apply? ──▶ say it ──▶ on what evidence ──▶ Remark
//! ```
//!
//! A remark speaks of a stretch of time, and names it: the screen of the last second, the summary of the
//! counted window. (The caption under the picture speaks of the present: `tui/sight.rs`.) Where a remark is
//! about workers it is judged for each of them, since a mean over all hides the one of ten that is stuck.
//! A remark that is wrong, or trivially true, is worse than none. There is a file for each family of them; a
//! number that was not measured but follows from the scenario is only in the advice, and is said to be
//! computed.

mod cores;
mod course;
mod dead_work;
mod door;
mod each;
mod hog;
mod holds_all;
mod kind;
mod measuring;
mod scene;
#[cfg(test)]
mod tests;
mod unusual;
mod waits;
mod workers;

pub use hog::LONG_RUN;
pub use kind::Kind;
pub use scene::Context;
use serde::{Serialize, Serializer};
pub use unusual::{Usual, classes};

use super::Recording;
use super::summary::Run;

/// Something that is worth saying of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// What it is about; for programs a stable code: `blocked-with-free-cores`.
    #[serde(rename = "code", serialize_with = "as_code")]
    pub kind: Kind,
    /// One or two sentences; for programs all in one.
    #[serde(rename = "sentence", serialize_with = "joined")]
    pub sentences: Vec<String>,
    /// What they rest on, with numbers and where these come from. No sentence.
    pub evidence: String,
    /// What would help. Numbers in it are computed, not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Remark {
    /// All that it says, in one.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.sentences.join(" ")
    }
}

// Serde hands over references.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde decides the signature"
)]
fn as_code<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.code())
}

fn joined<S: Serializer>(sentences: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&sentences.join(" "))
}

/// The remark of this kind, if it applies.
#[must_use]
pub fn one(kind: Kind, scene: &Context<'_>) -> Option<Remark> {
    kind.look(scene)
}

/// All remarks that apply, the most telling first.
#[must_use]
pub fn all(scene: &Context<'_>) -> Vec<Remark> {
    let kinds = Kind::SEEN.iter().chain(Kind::KNOWN);
    kinds.filter_map(|kind| kind.look(scene)).collect()
}

/// All remarks that apply to a run as a whole, the most telling first.
pub(super) fn of_the_run(recording: &Recording, run: &Run) -> Vec<Remark> {
    let scene = Context::of_the_window(recording, run);
    scene.as_ref().map_or_else(Vec::new, all)
}

/// One kind of remark.
trait Check<'a>: Sized {
    /// What it is about, if it applies.
    fn notice(scene: &Context<'a>) -> Option<Self>;

    /// What is said of it, in one or two sentences.
    fn sentences(&self, scene: &Context<'a>) -> Vec<String>;

    /// What the sentences rest on.
    fn evidence(&self, scene: &Context<'a>) -> String;

    /// What would help.
    fn advice(&self, _: &Context<'a>) -> Option<String> {
        None
    }
}

/// The remark of this kind, if it applies.
fn remark<'a, N: Check<'a>>(kind: Kind, scene: &Context<'a>) -> Option<Remark> {
    let noticed = N::notice(scene)?;
    Some(Remark {
        kind,
        sentences: noticed.sentences(scene),
        evidence: noticed.evidence(scene),
        advice: noticed.advice(scene),
    })
}
