//! Workers, one row for each worker in each sample. Counters run from the run's beginning, over all
//! processes of the slot.

use super::{Column, RunView, column, ns};
use concsim_model::units::letter;
use concsim_model::words::number_of;
use concsim_record::{Origin, Sample, WorkerSample};

/// Worker in a sample.
pub(super) struct Row<'a> {
    view: &'a RunView<'a>,
    sample: &'a Sample,
    worker: &'a WorkerSample,
}

pub(super) fn rows<'a>(view: &'a RunView<'a>) -> impl Iterator<Item = Row<'a>> {
    view.recording.samples.iter().flat_map(move |sample| {
        let workers = sample.workers.iter();
        workers.map(move |worker| Row {
            view,
            sample,
            worker,
        })
    })
}

impl Row<'_> {
    /// Returns a value that the worker itself reports; [`None`] for a worker of a foreign server.
    fn reported<T>(&self, value: T) -> Option<T> {
        self.sample.queued.is_none().then_some(value)
    }

    /// Returns the number of answers, reported or counted by the application.
    fn answers(&self) -> Option<u64> {
        let counted = Some(self.worker.requests).filter(|_| self.worker.counted.has_answers());
        counted.or(self.reported(self.worker.requests))
    }

    /// Returns the number of coroutine switches, reported or counted by the application.
    fn switches(&self) -> Option<u64> {
        let switches = self.worker.coroutine_switches;
        let counted = Some(switches).filter(|_| self.worker.counted.has_switches());
        counted.or(self.reported(switches))
    }
}

#[expect(clippy::too_many_lines, reason = "one list, an entry for each column")]
pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        ns("at_ns", "time of the sample", |row| row.sample.at.into()),
        column("worker", "slot of the worker, from 0", |row| {
            row.worker.index.into()
        }),
        column("worker_name", "letter of the worker", |row| {
            letter(row.worker.index).into()
        }),
        column("pid", "process id; empty in a simulation", |row| {
            let is_real = row.view.run().origin == Origin::Measured;
            is_real.then_some(row.worker.pid).into()
        }),
        column("respawns", "earlier processes in its slot", |row| {
            row.worker.respawns.into()
        }),
        column(
            "phase",
            "`booting`, `idle`, `running`, `blocked`, `draining` or `gone`; of a foreign server `asleep`: idle, or in a wait",
            |row| row.worker.phase.word().into(),
        ),
        ns("phase_since_ns", "start of that phase", |row| {
            row.worker.phase_since.into()
        }),
        column("core", "core on which it runs, or ran last", |row| {
            row.worker.core.into()
        }),
        column(
            "wants_a_core",
            "true if it is ready to run without a core; empty if not observed",
            |row| {
                let is_seen = row.view.recording.header.sees_core_waits();
                is_seen.then(|| row.worker.lacks_a_core()).into()
            },
        ),
        column(
            "running_request",
            "number of the request that it runs, from 1; empty until the request has given its \
             number",
            |row| {
                let has_it = row.worker.running_since.is_some();
                let request = row.worker.running_request.filter(|_| has_it);
                request.map(number_of).into()
            },
        ),
        ns(
            "running_since_ns",
            "start of that run; also set while the request has not given its number",
            |row| row.worker.running_since.into(),
        ),
        column("begun", "requests begun and not finished", |row| {
            row.reported(row.worker.begun.count).into()
        }),
        ns(
            "begun_integral_ns",
            "integral of `begun` over time",
            |row| {
                row.reported(row.worker.begun.integral_at(row.sample.at))
                    .into()
            },
        ),
        column(
            "ready",
            "coroutines ready to run while it runs another",
            |row| row.reported(row.worker.ready).into(),
        ),
        column("parked", "coroutines in a wait", |row| {
            row.reported(row.worker.parked).into()
        }),
        ns("cpu_ns", "CPU time so far", |row| row.worker.cpu.into()),
        column("accepted", "connections accepted so far", |row| {
            row.reported(row.worker.accepted).into()
        }),
        column(
            "accept_eagain",
            "accepts that found no connection so far; simulated: wake-ups that found none",
            |row| row.reported(row.worker.accept_eagain).into(),
        ),
        column("requests", "responses written so far", |row| {
            row.answers().into()
        }),
        column("tasks", "coroutines started so far", |row| {
            row.reported(row.worker.tasks).into()
        }),
        column("waits", "waits and yields so far", |row| {
            row.reported(row.worker.waits).into()
        }),
        column(
            "coroutine_switches",
            "switches between hub and task so far, one each way",
            |row| row.switches().into(),
        ),
        column("voluntary", "voluntary process switches so far", |row| {
            row.worker.voluntary.into()
        }),
        column(
            "involuntary",
            "involuntary process switches so far",
            |row| row.worker.involuntary.into(),
        ),
        column(
            "lost_tasks",
            "requests lost so far because their process died",
            |row| row.reported(row.worker.lost_tasks).into(),
        ),
        column("peak_concurrency", "maximum of `begun` so far", |row| {
            row.reported(row.worker.peak_concurrency).into()
        }),
        ns(
            "longest_run_ns",
            "longest run of one coroutine without a switch so far",
            |row| row.reported(row.worker.longest_run).into(),
        ),
        Column {
            unit: "KiB",
            ..column(
                "pss_kib",
                "proportional set size of its memory; empty if not read",
                |row| Some(row.worker.pss_kib).filter(|kib| *kib > 0).into(),
            )
        },
        Column {
            unit: "KiB",
            ..column(
                "private_kib",
                "pages of its process alone; empty if not read",
                |row| Some(row.worker.private_kib).filter(|kib| *kib > 0).into(),
            )
        },
    ]
}
