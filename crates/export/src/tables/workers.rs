//! Workers, one row for each worker in each sample. Counters run from the run's beginning, over all
//! processes of the slot.

use super::{Column, PlayedVariant, column, ns};
use concsim_model::units::letter;
use concsim_model::words::number_of;
use concsim_record::{Origin, Sample, WorkerSample};

/// Worker in a sample.
pub(super) struct Row<'a> {
    told: &'a PlayedVariant<'a>,
    sample: &'a Sample,
    worker: &'a WorkerSample,
}

pub(super) fn rows<'a>(told: &'a PlayedVariant<'a>) -> impl Iterator<Item = Row<'a>> {
    told.recording.samples.iter().flat_map(move |sample| {
        let workers = sample.workers.iter();
        workers.map(move |worker| Row {
            told,
            sample,
            worker,
        })
    })
}

#[expect(clippy::too_many_lines, reason = "one list, an entry for each column")]
pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        ns("at_ns", "when", |row| row.sample.at.into()),
        column("worker", "its slot, from 0", |row| row.worker.index.into()),
        column("worker_name", "its letter", |row| {
            letter(row.worker.index).into()
        }),
        column("pid", "its process; nothing in a simulation", |row| {
            let is_real = row.told.run.origin == Origin::Measured;
            is_real.then_some(row.worker.pid).into()
        }),
        column("respawns", "processes that had its slot before", |row| {
            row.worker.respawns.into()
        }),
        column(
            "phase",
            "`booting`, `idle`, `running`, `blocked`, `draining` or `gone`",
            |row| row.worker.phase.word().into(),
        ),
        ns("phase_since_ns", "since when", |row| {
            row.worker.phase_since.into()
        }),
        column("core", "the core that it runs on, or ran on last", |row| {
            row.worker.core.into()
        }),
        column(
            "wants_a_core",
            "whether it could run and has no core; nothing where that was not seen",
            |row| {
                let is_seen = row.told.recording.header.sees_core_waits();
                is_seen.then(|| row.worker.lacks_a_core()).into()
            },
        ),
        column(
            "running_request",
            "the request that has it, by its number from 1, if it has said so",
            |row| {
                let has_it = row.worker.running_since.is_some();
                let request = row.worker.running_request.filter(|_| has_it);
                request.map(number_of).into()
            },
        ),
        ns(
            "running_since_ns",
            "since when that request, or one that has not said its number, has had it",
            |row| row.worker.running_since.into(),
        ),
        column("begun", "requests begun and not finished", |row| {
            row.worker.begun.count.into()
        }),
        ns(
            "begun_integral_ns",
            "`begun`, integrated over time",
            |row| row.worker.begun.integral_at(row.sample.at).into(),
        ),
        column(
            "ready",
            "coroutines that could run, while it runs another",
            |row| row.worker.ready.into(),
        ),
        column("parked", "coroutines that wait", |row| {
            row.worker.parked.into()
        }),
        ns("cpu_ns", "its core time so far", |row| {
            row.worker.cpu.into()
        }),
        column("accepted", "connections taken so far", |row| {
            row.worker.accepted.into()
        }),
        column(
            "accept_eagain",
            "accepts that found nothing so far",
            |row| row.worker.accept_eagain.into(),
        ),
        column("requests", "responses written so far", |row| {
            row.worker.requests.into()
        }),
        column("tasks", "coroutines begun so far", |row| {
            row.worker.tasks.into()
        }),
        column("waits", "waits and yields so far", |row| {
            row.worker.waits.into()
        }),
        column(
            "coroutine_switches",
            "hub to task and back so far, each way one",
            |row| row.worker.coroutine_switches.into(),
        ),
        column(
            "voluntary",
            "process switches so far for which it asked itself",
            |row| row.worker.voluntary.into(),
        ),
        column(
            "involuntary",
            "process switches so far by which it lost the core",
            |row| row.worker.involuntary.into(),
        ),
        column(
            "lost_tasks",
            "requests lost so far with a process that died",
            |row| row.worker.lost_tasks.into(),
        ),
        column(
            "peak_concurrency",
            "the most requests begun at once so far",
            |row| row.worker.peak_concurrency.into(),
        ),
        ns(
            "longest_run_ns",
            "the longest that one coroutine had it so far",
            |row| row.worker.longest_run.into(),
        ),
        Column {
            unit: "KiB",
            ..column(
                "pss_kib",
                "its share of memory; nothing where it was not read",
                |row| Some(row.worker.pss_kib).filter(|kib| *kib > 0).into(),
            )
        },
    ]
}
