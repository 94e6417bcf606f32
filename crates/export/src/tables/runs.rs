//! Variants, one row for each: its plan, its machine, its trust.

use std::iter;

use super::{Column, PlayedVariant, column, ns};

type Row<'a> = &'a PlayedVariant<'a>;

pub(super) fn rows<'a>(told: &'a PlayedVariant<'a>) -> impl Iterator<Item = Row<'a>> {
    iter::once(told)
}

#[expect(clippy::too_many_lines, reason = "one list, an entry for each column")]
pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        column(
            "because",
            "why not to believe it: codes with blanks between",
            |told| told.because().into(),
        ),
        column("interrupted", "whether ^C cut it short", |told| {
            told.run.interrupted.into()
        }),
        column("crashed", "how the engine broke down", |told| {
            told.recording.header.crashed.as_deref().into()
        }),
        column("title", "the sentence that the scenario claims", |told| {
            told.plan.title.as_str().into()
        }),
        column("scenario", "its file", |told| {
            told.plan.file.as_str().into()
        }),
        column("sha256", "the fingerprint of its text", |told| {
            told.plan.sha256.as_str().into()
        }),
        column("seed", "what all draws depend on", |told| {
            told.recording.header.scenario.seed.into()
        }),
        column("concsim", "the version that recorded it", |told| {
            told.recording.header.concsim.as_str().into()
        }),
        column(
            "kind",
            "`sync`, `coroutine`, `threads` or `callback`",
            |told| told.run.kind.word().into(),
        ),
        column("workers", "worker processes at the beginning", |told| {
            told.recording.header.scenario.server.workers.into()
        }),
        column("cores", "cores that it might use", |told| {
            told.recording.header.machine.cores.into()
        }),
        column("kernel", "operating system and release", |told| {
            told.recording.header.machine.kernel.as_str().into()
        }),
        column("cpu", "the processor's name", |told| {
            told.recording.header.machine.cpu.as_str().into()
        }),
        ns("began_ns", "when load began", |told| {
            told.recording.header.began.into()
        }),
        ns(
            "window_begin_ns",
            "requests due from here on are counted …",
            |told| {
                told.recording
                    .header
                    .window
                    .map(|window| window.begin)
                    .into()
            },
        ),
        ns("window_end_ns", "… and before this", |told| {
            told.recording.header.window.map(|window| window.end).into()
        }),
        ns("drained_ns", "when the last of them had ended", |told| {
            told.recording.header.drained.into()
        }),
        column("due", "requests counted", |told| told.run.due.into()),
        column(
            "completed",
            "those of them that were answered well",
            |told| told.run.completed.into(),
        ),
        column("failed", "those that were not", |told| {
            told.run.failed.all().into()
        }),
        column(
            "switches_one_in",
            "the table of switches has those of one request in so many",
            |told| told.recording.one_in.into(),
        ),
        column(
            "switches_let_go",
            "switches that are not in it, with all others of their requests",
            |told| told.recording.thinned_switches.into(),
        ),
        column(
            "dropped",
            "events and outcomes that were lost unseen",
            |told| (told.recording.dropped_events + told.recording.dropped_outcomes).into(),
        ),
    ]
}
