//! Requests from both sides: the report of the client and the report of the worker.

use std::collections::BTreeMap;

use super::{Column, RunView, column, ns};
use concsim_engine::telemetry::{
    Event, Failure, NO_REQUEST, Outcome, SentRequest, Served, WaitParts,
};
use concsim_model::units::{Stamp, letter};
use concsim_model::words::number_of;

/// Request.
pub(super) struct Row<'a> {
    view: &'a RunView<'a>,
    number: u32,
    /// Report that it was sent.
    sent: Option<&'a SentRequest>,
    /// Its end; [`None`]: the run was over first.
    outcome: Option<&'a Outcome>,
    /// Slot of its worker, and the worker's report.
    served: Option<(u16, &'a Served)>,
    /// Parts of its waiting time.
    waited: Option<&'a WaitParts>,
}

/// Returns the requests in the order of their numbers.
pub(super) fn rows<'a>(view: &'a RunView<'a>) -> impl Iterator<Item = Row<'a>> {
    let mut rows: BTreeMap<u32, Row<'a>> = BTreeMap::new();
    for sent in &view.recording.sent {
        let row = rows.entry(sent.request);
        row.or_insert_with(|| Row::new(view, sent.request)).sent = Some(sent);
    }
    for outcome in &view.recording.outcomes {
        let row = rows.entry(outcome.request);
        row.or_insert_with(|| Row::new(view, outcome.request))
            .outcome = Some(outcome);
    }
    for (worker, event) in &view.recording.events {
        match event {
            Event::Served(served) if served.request != NO_REQUEST => {
                let row = rows.entry(served.request);
                row.or_insert_with(|| Row::new(view, served.request)).served =
                    Some((*worker, served));
            }
            Event::Waited(parts) if parts.request != NO_REQUEST => {
                let row = rows.entry(parts.request);
                row.or_insert_with(|| Row::new(view, parts.request)).waited = Some(parts);
            }
            _ => {}
        }
    }
    rows.into_values()
}

impl<'a> Row<'a> {
    /// Creates the row of a request of which only the number is known.
    fn new(view: &'a RunView<'a>, number: u32) -> Self {
        Self {
            view,
            number,
            sent: None,
            outcome: None,
            served: None,
            waited: None,
        }
    }

    fn worker_report(&self) -> Option<&'a Served> {
        self.served.map(|(_, served)| served)
    }

    fn class(&self) -> Option<&'a str> {
        let outcome = self.outcome.map(|outcome| outcome.class);
        let class = outcome.or(self.sent.map(|sent| sent.class));
        class.map(|class| self.view.class(class))
    }

    fn due(&self) -> Option<Stamp> {
        let outcome = self.outcome.map(|outcome| outcome.due);
        outcome.or(self.sent.map(|sent| sent.due))
    }

    /// Returns the time at which it was sent; [`None`] if it was due and never sent.
    fn was_sent(&self) -> Option<Stamp> {
        let outcome = self.outcome.filter(|outcome| outcome.sent >= outcome.due);
        let outcome = outcome.map(|outcome| outcome.sent);
        outcome.or(self.sent.map(|sent| sent.sent))
    }
}

#[expect(clippy::too_many_lines, reason = "one list, an entry for each column")]
pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        column(
            "request",
            "number of the request in the run, from 1",
            |row| number_of(row.number).into(),
        ),
        column(
            "class",
            "kind of the request: its name in the scenario",
            |row| row.class().into(),
        ),
        column(
            "counted",
            "true if it was due in the counted window; the summary covers these requests",
            |row| {
                row.outcome
                    .is_some_and(|outcome| row.view.counts(outcome))
                    .into()
            },
        ),
        column(
            "opened",
            "true if it was the first request of its connection",
            |row| row.outcome.map(|outcome| outcome.opened).into(),
        ),
        column(
            "connection",
            "number of its connection; numbers are reused",
            |row| row.sent.and_then(|sent| sent.connection).into(),
        ),
        column(
            "status",
            "HTTP status of the answer; empty without a complete answer",
            |row| {
                let status = row.outcome.map(|outcome| outcome.status);
                status.filter(|status| *status > 0).into()
            },
        ),
        column(
            "failure",
            "`refused`, `reset`, `timeout` or `status`; empty after a good answer. The end of the \
             run cut off a `timeout` whose `done_ns` is before the end of the client's patience",
            |row| {
                row.outcome
                    .and_then(|outcome| outcome.failure)
                    .map(Failure::word)
                    .into()
            },
        ),
        ns("due_ns", "time at which it was due", |row| row.due().into()),
        ns("sent_ns", "time at which the client sent it", |row| {
            row.was_sent().into()
        }),
        ns("accepted_ns", "time at which its worker took it", |row| {
            row.worker_report().map(|served| served.accepted).into()
        }),
        ns(
            "first_read_ns",
            "time at which its worker read its first byte",
            |row| row.worker_report().map(|served| served.first_read).into(),
        ),
        ns(
            "written_ns",
            "time at which its worker wrote the last byte of the answer",
            |row| row.worker_report().map(|served| served.written).into(),
        ),
        ns(
            "first_byte_ns",
            "time at which the first byte of the answer arrived",
            |row| {
                let first = row.outcome.map(|outcome| outcome.first_byte);
                first.filter(|at| *at > Stamp::ZERO).into()
            },
        ),
        ns(
            "done_ns",
            "time at which the last byte of the answer arrived, or the request failed",
            |row| row.outcome.map(|outcome| outcome.done).into(),
        ),
        ns(
            "latency_ns",
            "`done_ns` − `due_ns`; for a failed request at least the client's patience",
            |row| row.outcome.map(|outcome| row.view.latency(outcome)).into(),
        ),
        ns("from_send_ns", "the same from `sent_ns`", |row| {
            let outcome = row.outcome.filter(|_| row.was_sent().is_some());
            outcome
                .map(|outcome| row.view.latency_from_send(outcome))
                .into()
        }),
        column("worker", "slot of its worker, from 0", |row| {
            row.served.map(|(worker, _)| worker).into()
        }),
        column("worker_name", "letter of its worker", |row| {
            let worker = row.served.map(|(worker, _)| worker);
            worker.map(|worker| letter(worker.into())).into()
        }),
        column(
            "task",
            "number of its task (coroutine or connection), from 1; numbers are reused",
            |row| {
                let served = row.worker_report();
                served.map(|served| number_of(served.task)).into()
            },
        ),
        ns("waited_ns", "time in waits, parked or blocked", |row| {
            row.worker_report().map(|served| served.waited).into()
        }),
        ns(
            "ready_ns",
            "time ready after a wait, while its worker ran another request",
            |row| row.worker_report().map(|served| served.ready).into(),
        ),
        ns("core_wait_ns", "time computing without a core", |row| {
            row.worker_report().map(|served| served.core_wait).into()
        }),
        ns("cpu_ns", "CPU time of its computing", |row| {
            row.worker_report().map(|served| served.cpu).into()
        }),
        ns(
            "thread_wait_ns",
            "part of `waited_ns`: wait for a thread of the worker's pool",
            |row| row.waited.map(|parts| parts.thread).into(),
        ),
        ns(
            "pool_wait_ns",
            "part of `waited_ns`: wait for a connection to the service",
            |row| row.waited.map(|parts| parts.connection).into(),
        ),
        ns(
            "service_queue_ns",
            "part of `waited_ns`: from a call's sending until the service began to serve it",
            |row| row.waited.map(|parts| parts.queue).into(),
        ),
        ns(
            "call_ns",
            "part of `waited_ns`: from there to the service's answer",
            |row| row.waited.map(|parts| parts.call).into(),
        ),
        ns("sleep_ns", "part of `waited_ns`: timers", |row| {
            row.waited.map(|parts| parts.sleep).into()
        }),
        ns(
            "client_wait_ns",
            "part of `waited_ns`: the client, for more of the request or for room for the answer",
            |row| row.waited.map(|parts| parts.client).into(),
        ),
    ]
}
