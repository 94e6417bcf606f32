//! Variants, one row for each: its plan, its machine, its trust.

use std::iter;

use super::{Column, RunView, column, ns};

type Row<'a> = &'a RunView<'a>;

pub(super) fn rows<'a>(view: &'a RunView<'a>) -> impl Iterator<Item = Row<'a>> {
    iter::once(view)
}

#[expect(clippy::too_many_lines, reason = "one list, an entry for each column")]
pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        column(
            "because",
            "reasons for a trust below `ok`: codes, separated by spaces",
            |view| view.doubt_codes().into(),
        ),
        column("interrupted", "true if the run was interrupted", |view| {
            view.run().interrupted.into()
        }),
        column(
            "crashed",
            "error that ended the run; empty if there was none",
            |view| view.recording.header.crashed.as_deref().into(),
        ),
        column("title", "title of the scenario: its claim", |view| {
            view.plan.title.as_str().into()
        }),
        column("scenario", "scenario file", |view| {
            view.plan.file.as_str().into()
        }),
        column("sha256", "SHA-256 of the scenario's text", |view| {
            view.plan.sha256.as_str().into()
        }),
        column("seed", "seed of all random draws", |view| {
            view.recording.header.scenario.seed.into()
        }),
        column(
            "concsim",
            "version of concsim that recorded the run",
            |view| view.recording.header.concsim.as_str().into(),
        ),
        column(
            "kind",
            "`sync`, `coroutine`, `threads` or `callback`",
            |view| view.run().kind.word().into(),
        ),
        column(
            "gil",
            "whether threads of a worker compute one at a time, behind one lock",
            |view| view.recording.header.scenario.server.has_a_lock().into(),
        ),
        column("workers", "worker processes at the start", |view| {
            view.recording.header.scenario.server.workers.into()
        }),
        column("cores", "cores available to the run", |view| {
            view.recording.header.machine.cores.into()
        }),
        column("kernel", "operating system and release", |view| {
            view.recording.header.machine.kernel.as_str().into()
        }),
        column("cpu", "model of the processor", |view| {
            view.recording.header.machine.cpu.as_str().into()
        }),
        ns("began_ns", "start of the load", |view| {
            view.recording.header.began.into()
        }),
        ns("window_begin_ns", "start of the counted window", |view| {
            view.recording
                .header
                .window
                .map(|window| window.begin)
                .into()
        }),
        ns("window_end_ns", "end of the counted window", |view| {
            view.recording.header.window.map(|window| window.end).into()
        }),
        ns("drained_ns", "end of the last counted request", |view| {
            view.recording.header.drained.into()
        }),
        column("due", "requests due in the window", |view| {
            view.run().due.into()
        }),
        column("completed", "counted requests with a good answer", |view| {
            view.run().completed.into()
        }),
        column("failed", "counted requests without a good answer", |view| {
            view.run().failed.all().into()
        }),
        column(
            "switches_one_in",
            "N, where `switches` has the rows of one request in N",
            |view| view.recording.one_in.into(),
        ),
        column(
            "switches_let_go",
            "switches left out of `switches` for that reason",
            |view| view.recording.thinned_switches.into(),
        ),
        column(
            "dropped",
            "events and outcomes lost before they were recorded",
            |view| (view.recording.dropped_events + view.recording.dropped_outcomes).into(),
        ),
    ]
}
