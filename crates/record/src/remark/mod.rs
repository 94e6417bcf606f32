//! Remarks: short sentences from a recording's data, each with the evidence that it rests on.
//!
//! ```text
//!   Snapshot, or whole run ──▶ Context ──▶ Check ──▶ sentences, evidence, advice ──▶ Remark
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
mod hub_blocked;
mod measuring;
mod scene;
#[cfg(test)]
mod tests;
mod unusual;
mod waits;
mod worker_samples;
mod workers;

pub use hog::LONG_RUN;
pub use scene::Context;
pub use unusual::{UsualRun, classes};

use super::Recording;
use super::schema::Run;
pub use super::schema::remark::{Kind, Remark};

/// Returns the remark of this kind, if it applies.
#[must_use]
pub fn remark_of_kind(kind: Kind, context: &Context<'_>) -> Option<Remark> {
    if context.has_a_foreign_server() && rests_on_reports(kind) {
        return None;
    }
    let check = match kind {
        Kind::WorkerGone => remark::<workers::WorkerGone<'_>>,
        Kind::WorkerStopped => remark::<workers::WorkerStopped<'_>>,
        Kind::LostUpdates => remark::<workers::LostUpdates<'_>>,
        Kind::DeadWork => remark::<dead_work::DeadWork>,
        Kind::Crowded => remark::<cores::Crowded>,
        Kind::Hog => remark::<hog::Hog<'_>>,
        Kind::HoldsAll => remark::<holds_all::HoldsAll>,
        Kind::Unpatched => remark::<waits::Unpatched>,
        Kind::BlockedWithFreeCores => remark::<waits::BlockedWithFreeCores>,
        Kind::CoresFull => remark::<cores::CoresFull>,
        Kind::WorkersFull => remark::<cores::WorkersFull>,
        Kind::CoroutinesDoNotHelp => remark::<cores::CoroutinesDoNotHelp>,
        Kind::ConnectionsFull => remark::<door::ConnectionsFull>,
        Kind::BacklogFull => remark::<door::BacklogFull>,
        Kind::QueueGrows => remark::<door::QueueGrows>,
        Kind::Parked => remark::<waits::Parked>,
        Kind::Idle => remark::<waits::Idle>,
        Kind::HubBlocked => remark::<hub_blocked::HubBlocked>,
        Kind::Failures => remark::<door::Failures>,
        Kind::UnevenAccepts => remark::<door::UnevenAccepts>,
        Kind::LockReturned => remark::<cores::LockReturned>,
        Kind::ClientsLate => remark::<measuring::ClientsLate<'_>>,
        Kind::ClientsStarved => remark::<measuring::ClientsStarved<'_>>,
        Kind::EventsDropped => remark::<measuring::EventsDropped>,
        Kind::Steered => remark::<course::Steered<'_>>,
        Kind::SteeredByTimeline => remark::<course::SteeredByTimeline<'_>>,
        Kind::NotStationary => remark::<course::NotStationary>,
        Kind::ShortWarmup => remark::<course::ShortWarmup>,
        Kind::Thinned => remark::<measuring::Thinned>,
    };
    check(kind, context)
}

/// True if a remark rests on what workers report of their requests. Workers of a foreign server report nothing.
fn rests_on_reports(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::LostUpdates
            | Kind::DeadWork
            | Kind::Hog
            | Kind::HoldsAll
            | Kind::HubBlocked
            | Kind::Unpatched
            | Kind::BlockedWithFreeCores
            | Kind::ConnectionsFull
            | Kind::Parked
            | Kind::Idle
            | Kind::UnevenAccepts
    )
}

/// Returns all remarks that apply, the most important first.
#[must_use]
pub fn all(context: &Context<'_>) -> Vec<Remark> {
    let kinds = Kind::SEEN.iter().chain(Kind::KNOWN);
    kinds
        .filter_map(|kind| remark_of_kind(*kind, context))
        .collect()
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
