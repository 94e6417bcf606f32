//! Row of the table of variants.

use concsim_model::scenario::expectation::Quantity;
use concsim_model::units::Elapsed;
use concsim_record::comparable::ExclusionReason;
use concsim_record::comparison::{self, Balance, Observation, Waits};
use concsim_record::summary::Run;
use concsim_record::trust::Trust;

/// Row of the table of variants. `None`: not known, or too few requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Row {
    /// Mean over the window of requests at the door: sent, not yet taken.
    pub at_the_door: Option<f64>,
    /// Mean over the window of requests begun and not finished.
    pub concurrency: Option<f64>,
    /// Mean over the window of requests that compute at the same instant.
    pub parallelism: Option<f64>,
    /// Good answers per second.
    pub throughput_per_s: Option<f64>,
    /// Median latency.
    pub p50: Option<Elapsed>,
    /// 99th percentile.
    pub p99: Option<Elapsed>,
    /// Subject of the scenario, if it is none of these.
    pub subject: Option<Quantity>,
    /// Trust in all these numbers.
    pub trust: Trust,
    /// Reason not to compare them with another variant's.
    pub unfit: Option<ExclusionReason>,
    /// Values to compare with theory …
    pub found: Observation,
    /// … with Little's law at each place …
    pub balance: [Option<Balance>; 3],
    /// … and the place where requests wait, if no bound was reached.
    pub waits: Option<Waits>,
    /// True if the run was changed by hand; theory does not apply to it.
    pub is_steered: bool,
}

impl Row {
    /// Creates the row of a variant that has been played. `subject` is the path in the summary of the
    /// scenario's number.
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
            unfit: ExclusionReason::of(run),
            found: Observation::in_run(run),
            balance: [0, 1, 2].map(|place| run.balance.get(place).copied()),
            waits: run.theory.waits,
            is_steered: comparison::is_steered(run),
        }
    }
}
