//! Samples of the whole run, about twenty a second. Counters run from the run's beginning; gauges are
//! values at that instant, with their exact integral.

use std::iter;

use super::{Column, RunView, column, ns};
use concsim_engine::telemetry::{Phase, Stage};
use concsim_record::lanes::Index;
use concsim_record::{Sample, WorkerSample};

/// Sample, and the one before it.
pub(super) struct Row<'a> {
    view: &'a RunView<'a>,
    sample: &'a Sample,
    /// Number of requests at the door.
    door: u64,
    before: Option<&'a Sample>,
}

pub(super) fn rows<'a>(view: &'a RunView<'a>) -> impl Iterator<Item = Row<'a>> {
    let samples = &view.recording.samples;
    let mut index = Index::default();
    index.extend(view.recording);
    let before = iter::once(None).chain(samples.iter().map(Some));
    let rows = samples.iter().zip(before);
    rows.map(move |(sample, before)| {
        let counted = index.at_the_door(view.recording, sample.at);
        Row {
            view,
            sample,
            door: counted.unwrap_or_else(|| sample.at_the_door()),
            before,
        }
    })
}

impl Row<'_> {
    fn sum(&self, of: fn(&WorkerSample) -> u64) -> u64 {
        self.sample.workers.iter().map(of).sum()
    }

    /// Returns the sum of a count that workers report; [`None`] for a foreign server.
    fn reported(&self, of: fn(&WorkerSample) -> u64) -> Option<u64> {
        self.sample.queued.is_none().then(|| self.sum(of))
    }

    /// Returns the growth of an integral since the sample before, divided by the nanoseconds that passed.
    fn mean(&self, integral: fn(&Sample) -> i128) -> Option<f64> {
        let before = self.before?;
        let length = self.sample.at.since(before.at).0;
        let grown = integral(self.sample) - integral(before);
        (length > 0).then(|| grown as f64 / length as f64)
    }
}

#[expect(clippy::too_many_lines, reason = "one list, an entry for each column")]
pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        ns("at_ns", "time of the sample", |row| row.sample.at.into()),
        column(
            "stage",
            "`preparing`, `warm-up`, `counting`, `draining` or `done`",
            |row| word(row.sample.stage).into(),
        ),
        column("sent", "requests sent so far", |row| {
            row.sample.load.sent.into()
        }),
        column(
            "ended",
            "requests ended so far, answered or failed",
            |row| row.sample.load.ended.into(),
        ),
        column("good", "requests with a good answer so far", |row| {
            row.sample.load.good.into()
        }),
        column("dropped", "requests due and not sent so far", |row| {
            row.sample.load.dropped.into()
        }),
        column("in_system", "requests due and not ended", |row| {
            row.sample.load.in_system.count.into()
        }),
        column(
            "at_the_door",
            "requests that no worker has taken yet",
            |row| row.door.into(),
        ),
        column("begun", "requests begun and not finished", |row| {
            row.sample.begun().into()
        }),
        column(
            "ready",
            "coroutines ready to run while their worker runs another",
            |row| row.reported(|worker| worker.ready).into(),
        ),
        column("parked", "coroutines in a wait", |row| {
            row.reported(|worker| worker.parked).into()
        }),
        column("workers", "worker processes alive", |row| {
            row.sum(|worker| u64::from(worker.phase != Phase::Gone))
                .into()
        }),
        column(
            "want_a_core",
            "worker processes ready to run without a core; empty if not observed",
            |row| {
                let is_seen = row.view.recording.header.sees_core_waits();
                let all = || row.sum(|worker| u64::from(worker.lacks_a_core()));
                is_seen.then(all).into()
            },
        ),
        column(
            "concurrency",
            "mean of `begun` since the previous row",
            |row| row.mean(Sample::begun_integral).into(),
        ),
        column(
            "parallelism",
            "mean number of cores that the workers kept busy since the previous row",
            |row| row.mean(|sample| sample.workers_cpu().0.into()).into(),
        ),
        ns(
            "in_system_integral_ns",
            "integral of `in_system` over time",
            |row| row.sample.load.in_system.integral_at(row.sample.at).into(),
        ),
        ns(
            "begun_integral_ns",
            "integral of `begun` over time",
            |row| row.sample.begun_integral().into(),
        ),
        ns("workers_cpu_ns", "CPU time of all workers so far", |row| {
            row.sample.workers_cpu().into()
        }),
        ns(
            "load_cpu_ns",
            "CPU time of the load generator so far",
            |row| row.sample.load.cpu.into(),
        ),
        ns(
            "services_cpu_ns",
            "CPU time of the services so far",
            |row| row.sample.services_cpu.into(),
        ),
        ns("arbiter_cpu_ns", "CPU time of the arbiter so far", |row| {
            row.sample.arbiter_cpu.into()
        }),
    ]
}

fn word(stage: Stage) -> &'static str {
    match stage {
        Stage::Preparing => "preparing",
        Stage::WarmUp => "warm-up",
        Stage::Counting => "counting",
        Stage::Draining => "draining",
        Stage::Done => "done",
    }
}
