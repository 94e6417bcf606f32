//! A line of the table of variants.

use concsim_model::scenario::expectation::Quantity;
use concsim_model::units::Elapsed;
use concsim_record::comparison::{self, Balance, Found, Waits};
use concsim_record::summary::Run;
use concsim_record::trust::Trust;

/// A line of the table of variants. `None`: not known, or too few samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// Mean over the window: sent, not yet taken.
    pub at_the_door: Option<f64>,
    /// Mean over the window: begun and not finished.
    pub concurrency: Option<f64>,
    /// Mean over the window: computing at the same instant.
    pub parallelism: Option<f64>,
    /// Good answers per second.
    pub throughput_per_s: Option<f64>,
    /// Median latency.
    pub p50: Option<Elapsed>,
    /// 99th percentile.
    pub p99: Option<Elapsed>,
    /// The number that the scenario is about, if none of these is it.
    pub subject: Option<Quantity>,
    /// Whether all that may be believed.
    pub trust: Trust,
    /// What stands beside theory …
    pub found: Found,
    /// … with Little's law at each place …
    pub balance: [Option<Balance>; 3],
    /// … and the place where requests wait, if no bound was reached.
    pub waits: Option<Waits>,
    /// A hand has changed the run: no theory is of it.
    pub is_steered: bool,
}

impl Row {
    /// The row of a variant that has been played; the scenario is about the number of this path.
    #[must_use]
    pub fn of(run: &Run, subject: Option<&str>) -> Self {
        let length = |milliseconds: f64| Elapsed((milliseconds * 1e6).round() as u64);
        Self {
            at_the_door: run.at_the_door,
            concurrency: run.concurrency,
            parallelism: run.parallelism,
            throughput_per_s: run.throughput_per_s,
            p50: run.latency_ms.p50.map(length),
            p99: run.latency_ms.p99.map(length),
            subject: subject.and_then(|path| run.number(path)),
            trust: run.trust,
            found: Found::in_run(run),
            balance: [0, 1, 2].map(|place| run.balance.get(place).copied()),
            waits: run.theory.waits,
            is_steered: comparison::is_steered(run),
        }
    }
}
