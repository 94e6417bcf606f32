//! Who used which core, as the driver sees it from outside.

use std::collections::BTreeMap;

use super::CoreSample;
use crate::sys::processes::{self, CoreTimes, Watched, Whereabouts};
use crate::units::CpuTime;

/// All processes that were looked at, by number.
#[derive(Debug, Default)]
pub(super) struct WatchedProcesses(BTreeMap<u32, Watched>);

impl WatchedProcesses {
    fn whereabouts_of(&mut self, pid: u32) -> Option<Whereabouts> {
        let watched = self.0.entry(pid).or_insert_with(|| Watched::new(pid));
        let there = watched.whereabouts();
        if there.is_none() {
            self.0.remove(&pid);
        }
        there
    }

    /// Where a process is, and whether it wants a core and has none. The system calls one that runs and
    /// one that could run alike, but only the CPU time of the first goes on.
    pub(super) fn look_at(&mut self, pid: u32) -> (Option<Whereabouts>, bool) {
        let before = processes::cpu_of(pid);
        let whereabouts = self.whereabouts_of(pid);
        let is_running = processes::cpu_of(pid) > before;
        let wants_a_core = whereabouts.is_some_and(|there| there.runnable && !is_running);
        (whereabouts, wants_a_core)
    }
}

/// Whose CPU time it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Booking {
    Workers,
    Load,
    Services,
}

/// The cores that this program may use, and who used them.
///
/// The CPU time of a process between two looks at it is booked to the core where the later look finds
/// it. What the system calls busy and nobody here used is somebody else's.
#[derive(Debug)]
pub(super) struct Cores {
    /// By core number; booked sums since the recording began.
    booked: BTreeMap<usize, CoreSample>,
    /// What the system counted before.
    before: BTreeMap<usize, CoreTimes>,
    /// CPU time of each process at the last look.
    seen: BTreeMap<u32, CpuTime>,
}

impl Cores {
    pub(super) fn watch() -> Self {
        let allowed = processes::cores_allowed();
        let empty = |core| {
            let sample = CoreSample {
                core,
                ..CoreSample::default()
            };
            (core, sample)
        };
        let times = processes::core_times();
        Self {
            booked: allowed.into_iter().map(empty).collect(),
            before: times.into_iter().map(|times| (times.core, times)).collect(),
            seen: BTreeMap::new(),
        }
    }

    pub(super) fn book(&mut self, pid: u32, booking: Booking, watched: &mut WatchedProcesses) {
        let Some(cpu) = processes::cpu_of(pid).filter(|_| pid > 0) else {
            return;
        };
        let used = cpu - self.seen.insert(pid, cpu).unwrap_or_default();
        if used == CpuTime::ZERO {
            return;
        }
        let Some(there) = watched.whereabouts_of(pid) else {
            return;
        };
        let core = self.booked.entry(there.core).or_default();
        core.core = there.core;
        match booking {
            Booking::Workers => core.workers += used,
            Booking::Load => core.load += used,
            Booking::Services => core.services += used,
        }
    }

    pub(super) fn now(&mut self) -> Vec<CoreSample> {
        for times in processes::core_times() {
            let Some(core) = self.booked.get_mut(&times.core) else {
                continue;
            };
            let before = self.before.get(&times.core).copied().unwrap_or_default();
            core.busy = times.busy - before.busy;
            core.steal = times.steal - before.steal;
        }
        self.booked.values().copied().collect()
    }
}
