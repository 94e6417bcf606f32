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
            "reasons for a trust below `ok`: codes, separated by spaces",
            |told| told.because().into(),
        ),
        column("interrupted", "true if the run was interrupted", |told| {
            told.run.interrupted.into()
        }),
        column(
            "crashed",
            "error that ended the run; empty if there was none",
            |told| told.recording.header.crashed.as_deref().into(),
        ),
        column("title", "title of the scenario: its claim", |told| {
            told.plan.title.as_str().into()
        }),
        column("scenario", "scenario file", |told| {
            told.plan.file.as_str().into()
        }),
        column("sha256", "SHA-256 of the scenario's text", |told| {
            told.plan.sha256.as_str().into()
        }),
        column("seed", "seed of all random draws", |told| {
            told.recording.header.scenario.seed.into()
        }),
        column(
            "concsim",
            "version of concsim that recorded the run",
            |told| told.recording.header.concsim.as_str().into(),
        ),
        column(
            "kind",
            "`sync`, `coroutine`, `threads` or `callback`",
            |told| told.run.kind.word().into(),
        ),
        column("workers", "worker processes at the start", |told| {
            told.recording.header.scenario.server.workers.into()
        }),
        column("cores", "cores available to the run", |told| {
            told.recording.header.machine.cores.into()
        }),
        column("kernel", "operating system and release", |told| {
            told.recording.header.machine.kernel.as_str().into()
        }),
        column("cpu", "model of the processor", |told| {
            told.recording.header.machine.cpu.as_str().into()
        }),
        ns("began_ns", "start of the load", |told| {
            told.recording.header.began.into()
        }),
        ns("window_begin_ns", "start of the counted window", |told| {
            told.recording
                .header
                .window
                .map(|window| window.begin)
                .into()
        }),
        ns("window_end_ns", "end of the counted window", |told| {
            told.recording.header.window.map(|window| window.end).into()
        }),
        ns("drained_ns", "end of the last counted request", |told| {
            told.recording.header.drained.into()
        }),
        column("due", "requests due in the window", |told| {
            told.run.due.into()
        }),
        column("completed", "counted requests with a good answer", |told| {
            told.run.completed.into()
        }),
        column("failed", "counted requests without a good answer", |told| {
            told.run.failed.all().into()
        }),
        column(
            "switches_one_in",
            "N, where `switches` has the rows of one request in N",
            |told| told.recording.one_in.into(),
        ),
        column(
            "switches_let_go",
            "switches left out of `switches` for that reason",
            |told| told.recording.thinned_switches.into(),
        ),
        column(
            "dropped",
            "events and outcomes lost before they were recorded",
            |told| (told.recording.dropped_events + told.recording.dropped_outcomes).into(),
        ),
    ]
}
