//! Use of cores by processes, as the driver sees it from outside.

use std::collections::{BTreeMap, BTreeSet};

use crate::sys::processes::{self, CoreTimes, ObservedProcess, ProcStat};
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_record::CoreSample;

/// Longest time in ns from a process's leaving its core to the observer's arrival on it, if the process had
/// to make room for the observer.
const MAX_HANDOVER_NS: u64 = 2_000_000;

/// Observed processes, by process id.
#[derive(Debug, Default)]
pub(super) struct WatchedProcesses {
    watched: BTreeMap<u32, ObservedProcess>,
    /// Processes that used CPU time between the last two bookings.
    used_cpu: BTreeSet<u32>,
    /// Estimates for processes, if the kernel does not report which one has a core.
    shares: BTreeMap<u32, Share>,
}

/// State of a process at one instant, as reported by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProcessObservation {
    /// Core that it runs on, or ran on last; `None` if the system does not report it.
    pub(super) core: Option<usize>,
    /// True if a signal has stopped it (SIGSTOP).
    pub(super) is_stopped: bool,
    /// True if it could run and has no core.
    pub(super) wants_a_core: bool,
    /// Time since its beginning for which it could have run and had none; `None` if the system does not
    /// report it.
    pub(super) without_a_core: Option<Elapsed>,
}

impl WatchedProcesses {
    fn without_a_core(&self, pid: u32) -> Option<Elapsed> {
        self.watched.get(&pid)?.without_a_core()
    }

    fn whereabouts_of(&mut self, pid: u32) -> Option<ProcStat> {
        let watched = self.watched.entry(pid);
        let there = watched
            .or_insert_with(|| ObservedProcess::new(pid))
            .proc_stat();
        if there.is_none() {
            self.watched.remove(&pid);
            self.shares.remove(&pid);
        }
        there
    }

    /// Observes these processes, one after the other, at about `now`.
    ///
    /// The observer needs a core too. The process that had to leave its core for it would run without it,
    /// and is not counted among those that want a core: otherwise one of two cores would always seem to be
    /// missing.
    pub(super) fn look_at(&mut self, pids: &[u32], now: Stamp) -> Vec<ProcessObservation> {
        let here = processes::own_core().map(|core| core as usize);
        let mut looks: Vec<ProcessObservation> =
            pids.iter().map(|pid| self.look_at_one(*pid, now)).collect();
        let mine = processes::last_counted(std::process::id());
        let made_room = (0..looks.len())
            .filter(|place| looks[*place].wants_a_core && looks[*place].core == here)
            .filter(|place| self.used_cpu.contains(&pids[*place]))
            .map(|place| (processes::last_counted(pids[place]), place))
            .filter(|(left, _)| is_about_then(*left, mine))
            .max();
        if let Some((_, place)) = made_room {
            looks[place].wants_a_core = false;
        }
        looks
    }

    /// Observes workers, each by the ids of its threads. A worker wants a core if one of its threads does, and is
    /// on the core of one that has used CPU time lately.
    pub(super) fn look_at_workers(
        &mut self,
        workers: &[Vec<u32>],
        now: Stamp,
    ) -> Vec<ProcessObservation> {
        let mut looks = self.look_at(&workers.concat(), now).into_iter();
        let of_worker = |threads: &Vec<u32>| {
            let looks: Vec<ProcessObservation> = looks.by_ref().take(threads.len()).collect();
            let busy = threads.iter().position(|id| self.used_cpu.contains(id));
            let shown = looks.get(busy.unwrap_or(0)).copied().unwrap_or_default();
            ProcessObservation {
                wants_a_core: looks.iter().any(|it| it.wants_a_core),
                // Threads wait for cores side by side: their times do not add up to one of the process.
                without_a_core: shown.without_a_core.filter(|_| threads.len() == 1),
                ..shown
            }
        };
        workers.iter().map(of_worker).collect()
    }

    fn look_at_one(&mut self, pid: u32, now: Stamp) -> ProcessObservation {
        let Some(there) = self.whereabouts_of(pid) else {
            return ProcessObservation::default();
        };
        let has_core = if there.runnable {
            processes::has_core(pid).unwrap_or_else(|| self.seems_to_have_a_core(pid, now))
        } else {
            self.shares.remove(&pid);
            false
        };
        ProcessObservation {
            core: Some(there.core),
            is_stopped: there.stopped,
            wants_a_core: there.runnable && !has_core,
            without_a_core: self.without_a_core(pid),
        }
    }

    fn seems_to_have_a_core(&mut self, pid: u32, now: Stamp) -> bool {
        let used = processes::cpu_of(pid).unwrap_or_default();
        let share = self.shares.entry(pid);
        share.or_insert(Share::since(now, used)).has_core(now, used)
    }
}

/// True if the scheduler counted `left` shortly before `came`, or does not report it.
fn is_about_then(left: Option<u64>, came: Option<u64>) -> bool {
    left.zip(came)
        .is_none_or(|(left, came)| left + MAX_HANDOVER_NS >= came)
}

/// Estimates whether a runnable process has a core, if only its CPU time is known, and only in ticks. The
/// fraction of looks that find it without a core is the fraction of time in which it had none.
#[derive(Clone, Copy, Debug)]
struct Share {
    at: Stamp,
    used: CpuTime,
    /// Number of looks that should have found it without a core, and did not.
    missing_waits: f64,
}

impl Share {
    fn since(at: Stamp, used: CpuTime) -> Self {
        let owed = 0.0;
        Self {
            at,
            used,
            missing_waits: owed,
        }
    }

    /// Returns the estimate at `now`, if it was runnable since the last look and has `used` this CPU time
    /// by now.
    fn has_core(&mut self, now: Stamp, used: CpuTime) -> bool {
        let wall = now.since(self.at).0 as f64;
        if wall > 0.0 {
            let ran = (used - self.used).0 as f64;
            self.missing_waits = (self.missing_waits + 1.0 - ran / wall).clamp(-2.0, 2.0);
            (self.at, self.used) = (now, used);
        }
        let has_core = self.missing_waits < 0.5;
        if !has_core {
            self.missing_waits -= 1.0;
        }
        has_core
    }
}

/// Group of processes that CPU time is attributed to.
#[derive(Clone, Copy, Debug)]
pub(super) enum CpuAttribution {
    Workers,
    Load,
    Services,
}

/// Cores that this program may use, with the time of each group on them.
///
/// The CPU time of a process between two looks is booked to the core where the later look finds it. The
/// rest of the time that the system counts as busy belongs to other programs.
#[derive(Debug)]
pub(super) struct Cores {
    /// Sums since the recording began, by core number.
    booked: BTreeMap<usize, CoreSample>,
    /// Counts of the system at the beginning.
    before: BTreeMap<usize, CoreTimes>,
    /// CPU time of each process at the last look.
    last_cpu_time: BTreeMap<u32, CpuTime>,
}

impl Cores {
    pub(super) fn begin() -> Self {
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
            last_cpu_time: BTreeMap::new(),
        }
    }

    /// Books the CPU time of a process.
    pub(super) fn attribute(
        &mut self,
        pid: u32,
        booking: CpuAttribution,
        watched: &mut WatchedProcesses,
    ) {
        let cpu = processes::cpu_of(pid).filter(|_| pid > 0);
        self.attribute_time(pid, cpu, booking, watched);
    }

    /// Books the CPU time of each thread of a worker.
    pub(super) fn attribute_threads(&mut self, threads: &[u32], watched: &mut WatchedProcesses) {
        for thread in threads {
            let cpu = processes::cpu_of_thread(*thread);
            self.attribute_time(*thread, cpu, CpuAttribution::Workers, watched);
        }
    }

    /// Books the CPU time of a process or thread.
    fn attribute_time(
        &mut self,
        pid: u32,
        cpu: Option<CpuTime>,
        booking: CpuAttribution,
        watched: &mut WatchedProcesses,
    ) {
        let Some(cpu) = cpu else {
            return;
        };
        let used = cpu - self.last_cpu_time.insert(pid, cpu).unwrap_or_default();
        if used == CpuTime::ZERO {
            watched.used_cpu.remove(&pid);
            return;
        }
        watched.used_cpu.insert(pid);
        let Some(there) = watched.whereabouts_of(pid) else {
            return;
        };
        let core = self.booked.entry(there.core).or_default();
        core.core = there.core;
        match booking {
            CpuAttribution::Workers => core.workers += used,
            CpuAttribution::Load => core.load += used,
            CpuAttribution::Services => core.services += used,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of looks, of 200 that are 50 ms apart, that find a process without a core. It has one for
    /// `share` of the time, by a clock that advances every 4 ms.
    fn looks_without(share: f64) -> usize {
        const EVERY: u64 = 50_000_000;
        const TICK: u64 = 4_000_000;
        let used = |at: u64| CpuTime((at as f64 * share) as u64 / TICK * TICK);
        let mut estimate = Share::since(Stamp::ZERO, CpuTime::ZERO);
        let looks = (1..=200).map(|look| look * EVERY);
        looks
            .filter(|at| !estimate.has_core(Stamp(*at), used(*at)))
            .count()
    }

    #[test]
    fn as_many_looks_find_a_process_without_a_core_as_is_its_share_of_the_time() {
        assert_eq!(looks_without(1.0), 0, "it always has one");
        for (share, without) in [(0.25, 150), (0.5, 100), (0.9, 20)] {
            let found = looks_without(share);
            assert!(found.abs_diff(without) <= 1, "{share}: {found}");
        }
    }

    #[test]
    fn the_one_that_left_its_core_when_the_looker_came_made_room_for_it() {
        assert!(is_about_then(Some(5_000_000), Some(5_000_000)));
        assert!(!is_about_then(Some(5_000_000), Some(9_000_000)));
        assert!(
            is_about_then(None, Some(9_000_000)),
            "not told: it ran lately"
        );
    }
}
