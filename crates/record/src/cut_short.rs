//! Runs that a worker's death cut short. The worker did not live to report them; the last sample before the
//! death shows them.

use crate::{Sample, WorkerSample};
use concsim_engine::telemetry::{NO_REQUEST, Phase};
use concsim_model::units::Stamp;

/// A run of a process that died before it reported the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutShort {
    /// Time of the sample.
    seen: Stamp,
    /// Start of the run.
    since: Stamp,
    /// [`NO_REQUEST`] if its number is not known.
    pub(crate) request: u32,
    pub(crate) core: u32,
    /// Time since which the process is asleep in one call.
    pub(crate) blocked: Option<Stamp>,
}

impl CutShort {
    /// Returns the run of process `pid` in the last sample before its death.
    pub(crate) fn last_run_before(
        samples: &[Sample],
        death: Stamp,
        worker: u16,
        pid: u32,
    ) -> Option<Self> {
        let before = samples.partition_point(|it| it.at < death);
        let sample = &samples[before.checked_sub(1)?];
        let is_it = |it: &&WorkerSample| it.index == usize::from(worker) && it.pid == pid;
        let seen = sample.workers.iter().find(is_it)?;
        Some(Self {
            seen: sample.at,
            since: seen.running_since?,
            request: seen.running_request.unwrap_or(NO_REQUEST),
            core: seen.core as u32,
            blocked: (seen.phase == Phase::Blocked).then_some(seen.phase_since),
        })
    }

    /// Returns the start of the run; [`None`] if its end was reported. `reported`: end of the worker's last
    /// reported run before the death.
    pub(crate) fn begin(&self, reported: Stamp) -> Option<Stamp> {
        // A run that was reported after the sample is not the one that the death cut short.
        (reported <= self.seen).then(|| self.since.max(reported))
    }
}
