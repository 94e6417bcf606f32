//! Cores, one row for each core in each sample. All columns are sums since sampling began.

use super::{Column, RunView, column, ns};
use concsim_record::{CoreSample, Sample};

/// Core in a sample.
pub(super) struct Row<'a> {
    sample: &'a Sample,
    core: &'a CoreSample,
}

pub(super) fn rows<'a>(view: &'a RunView<'a>) -> impl Iterator<Item = Row<'a>> {
    view.recording.samples.iter().flat_map(|sample| {
        let cores = sample.cores.iter();
        cores.map(move |core| Row { sample, core })
    })
}

pub(super) fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        ns("at_ns", "time of the sample", |row| row.sample.at.into()),
        column(
            "core",
            "number of the core in the operating system",
            |row| row.core.core.into(),
        ),
        ns(
            "busy_ns",
            "time not idle, by all processes; in ticks of 10 ms on most kernels",
            |row| row.core.busy.into(),
        ),
        ns("workers_ns", "CPU time of the workers", |row| {
            row.core.workers.into()
        }),
        ns("load_ns", "CPU time of the load generator", |row| {
            row.core.load.into()
        }),
        ns("services_ns", "CPU time of the services", |row| {
            row.core.services.into()
        }),
        ns(
            "steal_ns",
            "time that the hypervisor gave to other virtual machines",
            |row| row.core.steal.into(),
        ),
    ]
}
