//! Intervals in which a task had a worker, blocked it or lost its core; in order of time for each worker.

use super::{Column, RunView, column, ns};
use concsim_engine::telemetry::{Event, NO_REQUEST, RunSlice};
use concsim_model::units::{Stamp, letter};
use concsim_model::words::number_of;

/// Interval of a worker.
pub(super) struct Row<'a> {
    worker: u16,
    switch: &'a Event,
}

pub(super) fn rows<'a>(view: &'a RunView<'a>) -> impl Iterator<Item = Row<'a>> {
    let switches = view.recording.switches.iter();
    switches.map(|(worker, switch)| Row {
        worker: *worker,
        switch,
    })
}

/// Fields that all three types of event share.
struct Common {
    what: &'static str,
    from: Stamp,
    to: Stamp,
    task: u32,
    request: u32,
    core: Option<u32>,
}

impl Row<'_> {
    fn ran(&self) -> Option<RunSlice> {
        match *self.switch {
            Event::RunSlice(ran) => Some(ran),
            _ => None,
        }
    }

    /// Returns the reason for the yield, or the kind of the wait that begins.
    fn then(&self) -> Option<&'static str> {
        match *self.switch {
            Event::RunSlice(ran) => Some(ran.then.word()),
            Event::Awaits { part, .. } => Some(part.word()),
            _ => None,
        }
    }

    /// Returns the shared fields; [`None`] for an event of another type, which a recording's switches never
    /// hold.
    fn common(&self) -> Option<Common> {
        let common = |what, (from, to), (task, request), core| {
            Some(Common {
                what,
                from,
                to,
                task,
                request,
                core,
            })
        };
        match *self.switch {
            Event::RunSlice(RunSlice {
                from,
                to,
                task,
                request,
                core,
                ..
            }) => common("ran", (from, to), (task, request), core),
            Event::BlockedIn {
                from,
                to,
                task,
                request,
            } => common("blocked", (from, to), (task, request), None),
            Event::Preempted {
                from,
                to,
                task,
                request,
                core,
            } => common("preempted", (from, to), (task, request), core),
            Event::Awaits {
                at, task, request, ..
            } => common("awaits", (at, at), (task, request), None),
            _ => None,
        }
    }
}

pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        column("worker", "slot of the worker, from 0", |row| {
            row.worker.into()
        }),
        column("worker_name", "letter of the worker", |row| {
            letter(row.worker.into()).into()
        }),
        column(
            "what",
            "`ran`: the worker ran a request; `blocked`: the worker slept in a call; `preempted`: \
             it had no core; `awaits`: a wait enters its next part",
            |row| row.common().map(|it| it.what).into(),
        ),
        column(
            "request",
            "number of the request, from 1; empty if there is none",
            |row| {
                let request = row.common().map(|it| it.request);
                let request = request.filter(|request| *request != NO_REQUEST);
                request.map(number_of).into()
            },
        ),
        column(
            "task",
            "number of the task (coroutine or connection), from 1; numbers are reused",
            |row| row.common().map(|it| number_of(it.task)).into(),
        ),
        ns(
            "ready_ns",
            "`ran`: time from which it was ready to run",
            |row| row.ran().map(|ran| ran.ready).into(),
        ),
        ns("from_ns", "start", |row| {
            row.common().map(|it| it.from).into()
        }),
        ns("to_ns", "end", |row| row.common().map(|it| it.to).into()),
        column(
            "then",
            "`ran`: reason for the switch: `ended`, `yielded`, or a wait for `client`, `service` \
             or `timer`. `awaits`: part of the wait that begins: `thread`, `connection`, `queue`, \
             `answer` or `timer`",
            |row| row.then().into(),
        ),
        ns(
            "due_ns",
            "`ran` that ends in a timer: time at which the timer is due; empty if not known yet, \
             and in old recordings",
            |row| row.ran().and_then(|ran| ran.due).into(),
        ),
        column(
            "core",
            "`ran`: core at its end; `preempted`: core that it lost; empty where the platform \
             does not report it",
            |row| row.common().and_then(|it| it.core).into(),
        ),
    ]
}
