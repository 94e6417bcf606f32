//! Requests from both sides: the report of the client and the report of the worker.

use std::collections::BTreeMap;

use super::{Column, PlayedVariant, column, ns};
use concsim_engine::telemetry::{Event, Failure, NO_REQUEST, Outcome, Sent, Served, WaitParts};
use concsim_model::units::{Stamp, letter};
use concsim_model::words::number_of;

/// Request.
pub(super) struct Row<'a> {
    told: &'a PlayedVariant<'a>,
    number: u32,
    /// Report that it was sent.
    sent: Option<&'a Sent>,
    /// Its end; [`None`]: the run was over first.
    outcome: Option<&'a Outcome>,
    /// Slot of its worker, and the worker's report.
    served: Option<(u16, &'a Served)>,
    /// Parts of its waiting time.
    waited: Option<&'a WaitParts>,
}

/// Returns the requests in the order of their numbers.
pub(super) fn rows<'a>(told: &'a PlayedVariant<'a>) -> impl Iterator<Item = Row<'a>> {
    let mut rows: BTreeMap<u32, Row<'a>> = BTreeMap::new();
    for sent in &told.recording.sent {
        let row = rows.entry(sent.request);
        row.or_insert_with(|| Row::new(told, sent.request)).sent = Some(sent);
    }
    for outcome in &told.recording.outcomes {
        let row = rows.entry(outcome.request);
        row.or_insert_with(|| Row::new(told, outcome.request))
            .outcome = Some(outcome);
    }
    for (worker, event) in &told.recording.events {
        match event {
            Event::Served(served) if served.request != NO_REQUEST => {
                let row = rows.entry(served.request);
                row.or_insert_with(|| Row::new(told, served.request)).served =
                    Some((*worker, served));
            }
            Event::Waited(parts) if parts.request != NO_REQUEST => {
                let row = rows.entry(parts.request);
                row.or_insert_with(|| Row::new(told, parts.request)).waited = Some(parts);
            }
            _ => {}
        }
    }
    rows.into_values()
}

impl<'a> Row<'a> {
    /// Creates the row of a request of which only the number is known.
    fn new(told: &'a PlayedVariant<'a>, number: u32) -> Self {
        Self {
            told,
            number,
            sent: None,
            outcome: None,
            served: None,
            waited: None,
        }
    }

    fn worker_told(&self) -> Option<&'a Served> {
        self.served.map(|(_, served)| served)
    }

    fn class(&self) -> Option<&'a str> {
        let outcome = self.outcome.map(|outcome| outcome.class);
        let class = outcome.or(self.sent.map(|sent| sent.class));
        class.map(|class| self.told.class(class))
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
        column("request", "its number in the run, from 1", |row| {
            number_of(row.number).into()
        }),
        column(
            "class",
            "what was asked for, by its name in the scenario",
            |row| row.class().into(),
        ),
        column(
            "counted",
            "whether it was due in the window, which the numbers of the summary are about",
            |row| {
                row.outcome
                    .is_some_and(|outcome| row.told.counts(outcome))
                    .into()
            },
        ),
        column(
            "opened",
            "whether it was the first of its connection",
            |row| row.outcome.map(|outcome| outcome.opened).into(),
        ),
        column(
            "connection",
            "the number of its client's end; such numbers are used again",
            |row| row.sent.and_then(|sent| sent.connection).into(),
        ),
        column("status", "of the answer, if a whole one came", |row| {
            let status = row.outcome.map(|outcome| outcome.status);
            status.filter(|status| *status > 0).into()
        }),
        column(
            "failure",
            "`refused`, `reset`, `timeout` or `status`; nothing if it was answered well. A `timeout` whose `done_ns` lies before the end of its patience was cut off when the run was ended",
            |row| {
                row.outcome
                    .and_then(|outcome| outcome.failure)
                    .map(Failure::word)
                    .into()
            },
        ),
        ns("due_ns", "when it should have been sent", |row| {
            row.due().into()
        }),
        ns("sent_ns", "when it was sent", |row| row.was_sent().into()),
        ns("accepted_ns", "when its worker took it", |row| {
            row.worker_told().map(|served| served.accepted).into()
        }),
        ns(
            "first_read_ns",
            "when its worker read its first byte",
            |row| row.worker_told().map(|served| served.first_read).into(),
        ),
        ns("written_ns", "when its worker wrote its last byte", |row| {
            row.worker_told().map(|served| served.written).into()
        }),
        ns(
            "first_byte_ns",
            "when the first byte of the answer came",
            |row| {
                let first = row.outcome.map(|outcome| outcome.first_byte);
                first.filter(|at| *at > Stamp::ZERO).into()
            },
        ),
        ns(
            "done_ns",
            "when the last byte of the answer came, or when it failed",
            |row| row.outcome.map(|outcome| outcome.done).into(),
        ),
        ns(
            "latency_ns",
            "from due to done; a failed one counts with its patience at least",
            |row| row.outcome.map(|outcome| row.told.latency(outcome)).into(),
        ),
        ns("from_send_ns", "the same from when it was sent", |row| {
            let outcome = row.outcome.filter(|_| row.was_sent().is_some());
            outcome
                .map(|outcome| row.told.latency_from_send(outcome))
                .into()
        }),
        column(
            "worker",
            "the slot of the worker that had it, from 0",
            |row| row.served.map(|(worker, _)| worker).into(),
        ),
        column("worker_name", "the letter of that worker", |row| {
            let worker = row.served.map(|(worker, _)| worker);
            worker.map(|worker| letter(worker.into())).into()
        }),
        column(
            "task",
            "the coroutine, or the connection, that played it, from 1; such numbers are used again",
            |row| {
                let served = row.worker_told();
                served.map(|served| number_of(served.task)).into()
            },
        ),
        ns(
            "waited_ns",
            "parked, or blocked: its waits until they were over",
            |row| row.worker_told().map(|served| served.waited).into(),
        ),
        ns(
            "ready_ns",
            "ready after its waits, while its worker ran another",
            |row| row.worker_told().map(|served| served.ready).into(),
        ),
        ns(
            "core_wait_ns",
            "wall time of its computing without a core",
            |row| row.worker_told().map(|served| served.core_wait).into(),
        ),
        ns("cpu_ns", "core time of its computing", |row| {
            row.worker_told().map(|served| served.cpu).into()
        }),
        ns(
            "thread_wait_ns",
            "of `waited_ns`: until a thread of the worker's pool was free",
            |row| row.waited.map(|parts| parts.thread).into(),
        ),
        ns(
            "pool_wait_ns",
            "until a connection to the service was free, or a new one open",
            |row| row.waited.map(|parts| parts.connection).into(),
        ),
        ns(
            "service_queue_ns",
            "from a call's sending until the service began to serve it",
            |row| row.waited.map(|parts| parts.queue).into(),
        ),
        ns("call_ns", "from there to the service's answer", |row| {
            row.waited.map(|parts| parts.call).into()
        }),
        ns("sleep_ns", "for timers", |row| {
            row.waited.map(|parts| parts.sleep).into()
        }),
        ns(
            "client_wait_ns",
            "for more of the request, or for room for the answer",
            |row| row.waited.map(|parts| parts.client).into(),
        ),
    ]
}
