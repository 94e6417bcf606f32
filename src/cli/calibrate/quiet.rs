//! Whether it was quiet: how much of the cores other programs used while something was measured.

use super::finding::{Finding, Unit};
use super::interval::Median;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::fork::used_by_family;
use concsim_os::sys::processes;

/// More of all cores than this in other hands makes a number rough.
const QUIET: f64 = 0.03;

/// Looks at the cores from now on.
#[derive(Debug)]
pub(super) struct Quiet {
    clock: Clock,
    busy: Option<f64>,
    ours: f64,
}

/// Seconds that the cores which this program may use have been busy, or stolen.
fn busy() -> Option<f64> {
    let allowed = processes::cores_allowed();
    let times = processes::core_times();
    let ours = times.iter().filter(|times| allowed.contains(&times.core));
    let seconds = ours.map(|times| times.busy.as_secs_f64() + times.steal.as_secs_f64());
    (!times.is_empty()).then(|| seconds.sum())
}

impl Quiet {
    pub(super) fn from_now() -> Self {
        Self {
            clock: Clock::starting_now(),
            busy: busy(),
            ours: used_by_family().as_secs_f64(),
        }
    }

    /// The share of all cores that was in other hands; children that are measured have to be over.
    pub(super) fn others(&self) -> Option<f64> {
        let wall = self.clock.now().0 as f64 / 1e9;
        let ours = used_by_family().as_secs_f64() - self.ours;
        let theirs = busy()? - self.busy? - ours;
        let all = wall * processes::cores_allowed().len() as f64;
        // The system counts in ticks of 10 ms, so a short look can come out a little below nothing.
        Some((theirs / all).max(0.0))
    }

    /// What was found meanwhile.
    pub(super) fn finding(
        &self,
        name: &'static str,
        what: impl Into<String>,
        (median, unit): (Median, Unit),
        means: impl Into<String>,
    ) -> Finding {
        let others = self.others();
        Finding {
            name,
            what: what.into(),
            median,
            unit,
            others,
            rough: others.is_some_and(|share| share > QUIET),
            means: means.into(),
        }
    }
}
