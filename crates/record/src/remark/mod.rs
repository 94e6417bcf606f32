//! Remarks: short sentences from a recording's data, each with the evidence that it rests on.
//!
//! ```text
//!   Past, or a whole run ──▶ Context ──▶ Check ──▶ sentences, evidence, advice ──▶ Remark
//! ```
//!
//! A remark is about an interval of time and names it: on the screen the last second, in the summary the
//! counted window. (The caption under the picture is about the present; see `tui`, `caption.rs`.) A remark
//! about workers is checked for each worker, since a mean over all hides the one of ten that is stuck. A
//! remark that is wrong, or trivially true, is worse than none. Each family of remarks has its own file;
//! numbers that were not measured but follow from the scenario appear only in the advice, and are called
//! computed.

mod cores;
mod course;
mod dead_work;
mod door;
mod hog;
mod holds_all;
mod kind;
mod measuring;
mod scene;
#[cfg(test)]
mod tests;
mod unusual;
mod waits;
mod worker_samples;
mod workers;

pub use hog::LONG_RUN;
pub use kind::Kind;
pub use scene::Context;
use serde::{Serialize, Serializer};
pub use unusual::{UsualRun, classes};

use super::Recording;
use super::summary::Run;

/// An observation about a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Kind of the remark; in JSON its stable code: `blocked-with-free-cores`.
    #[serde(rename = "code", serialize_with = "as_code")]
    pub kind: Kind,
    /// One or two sentences; in JSON joined.
    #[serde(rename = "sentence", serialize_with = "joined")]
    pub sentences: Vec<String>,
    /// Evidence for the sentences: numbers and their sources. Not a sentence.
    pub evidence: String,
    /// Advice. Its numbers are computed, not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Remark {
    /// Returns all sentences, joined.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.sentences.join(" ")
    }
}

// Serde passes references.
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

/// Returns the remark of this kind, if it applies.
#[must_use]
pub fn remark_of_kind(kind: Kind, context: &Context<'_>) -> Option<Remark> {
    kind.apply(context)
}

/// Returns all remarks that apply, the most important first.
#[must_use]
pub fn all(context: &Context<'_>) -> Vec<Remark> {
    let kinds = Kind::SEEN.iter().chain(Kind::KNOWN);
    kinds.filter_map(|kind| kind.apply(context)).collect()
}

/// Returns all remarks that apply to a run as a whole, the most important first.
pub(super) fn of_the_run(recording: &Recording, run: &Run) -> Vec<Remark> {
    let context = Context::of_the_window(recording, run);
    context.as_ref().map_or_else(Vec::new, all)
}

/// Check for one kind of remark.
trait Check<'a>: Sized {
    /// Returns the finding, if the remark applies.
    fn notice(context: &Context<'a>) -> Option<Self>;

    /// Returns one or two sentences.
    fn sentences(&self, context: &Context<'a>) -> Vec<String>;

    /// Returns the evidence for the sentences.
    fn evidence(&self, context: &Context<'a>) -> String;

    /// Returns advice, if there is any.
    fn advice(&self, _: &Context<'a>) -> Option<String> {
        None
    }
}

/// Returns the remark of this kind, if it applies.
fn remark<'a, N: Check<'a>>(kind: Kind, context: &Context<'a>) -> Option<Remark> {
    let noticed = N::notice(context)?;
    Some(Remark {
        kind,
        sentences: noticed.sentences(context),
        evidence: noticed.evidence(context),
        advice: noticed.advice(context),
    })
}
