//! Interference: the share of the cores that other programs used during a measurement.

use super::finding::{Finding, Unit};
use super::interval::Median;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::fork::used_by_family;
use concsim_os::sys::processes;

/// Share of all cores in use by other programs above which a number is rough.
const MAX_SHARE_OF_OTHERS: f64 = 0.03;

/// Core usage since an instant.
#[derive(Debug)]
pub(super) struct Interference {
    clock: Clock,
    busy: Option<f64>,
    own: f64,
}

/// Returns the seconds that the allowed cores have been busy, or stolen.
fn busy() -> Option<f64> {
    let allowed = processes::cores_allowed();
    let times = processes::core_times();
    let ours = times.iter().filter(|times| allowed.contains(&times.core));
    let seconds = ours.map(|times| times.busy.as_secs_f64() + times.steal.as_secs_f64());
    (!times.is_empty()).then(|| seconds.sum())
}

impl Interference {
    pub(super) fn from_now() -> Self {
        Self {
            clock: Clock::starting_now(),
            busy: busy(),
            own: used_by_family().as_secs_f64(),
        }
    }

    /// Returns the share of all cores that other programs used; measured children must have ended.
    pub(super) fn share_of_others(&self) -> Option<f64> {
        let wall = self.clock.now().0 as f64 / 1e9;
        let ours = used_by_family().as_secs_f64() - self.own;
        let theirs = busy()? - self.busy? - ours;
        let all = wall * processes::cores_allowed().len() as f64;
        // The system counts in ticks of 10 ms, so a short interval can come out slightly negative.
        Some((theirs / all).max(0.0))
    }

    /// Returns a finding of this interval.
    pub(super) fn finding(
        &self,
        name: &'static str,
        what: impl Into<String>,
        (median, unit): (Median, Unit),
        means: impl Into<String>,
    ) -> Finding {
        let others = self.share_of_others();
        Finding {
            name,
            what: what.into(),
            median,
            unit,
            others,
            rough: others.is_some_and(|share| share > MAX_SHARE_OF_OTHERS),
            means: means.into(),
        }
    }
}
