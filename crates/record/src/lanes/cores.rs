//! Assignment of cores to workers, from the workers' reports; resolves reports that contradict each other.

use super::index::Index;
use super::worker_activity::{BreakKind, Claim, Part, WorkerActivity, parts};
use super::{CoreInterval, CoreLane, Interval, Lanes};
use crate::{Recording, WorkerSample};
use concsim_engine::telemetry::Phase;
use concsim_model::units::Stamp;

/// Up to this many claims an interval is resolved exactly, from change to change; above, in slices.
const EXACT_CLAIMS: usize = 4_096;
/// Number of slices; fewer if there are many workers to query in each.
const SLICES: u64 = 512;
const ASKED: u64 = 32_768;
/// Maximum number of samples read back to find the time since which a worker wants a core.
const MAX_SAMPLES_BACK: usize = 64;

/// A worker's report that it ran on `core` from `from` to `to`.
#[derive(Clone, Copy, Debug)]
pub(super) struct CoreReport {
    pub(super) worker: u16,
    pub(super) core: Option<u32>,
    pub(super) from: Stamp,
    pub(super) to: Stamp,
}

impl CoreReport {
    /// Precedence: the worker that came later has the core; of two that came at once, the one with the
    /// higher slot.
    fn rank(&self) -> (Stamp, u16) {
        (self.from, self.worker)
    }

    fn is_on_at(&self, at: Stamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// A worker's current activity, not yet reported by an event.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) worker: u16,
    /// Request that has the worker, if its number is known.
    pub(super) request: Option<u32>,
    /// Time since which the request has the worker.
    pub(super) since: Stamp,
    /// Time since which the request was ready.
    pub(super) ready: Stamp,
    /// Time from which on no event reports.
    pub(super) from: Stamp,
    pub(super) parts: Vec<Part>,
    /// Time since which the process is asleep in one call.
    pub(super) blocked: Option<Stamp>,
    /// Time of the first sample that found it without a core; it lost the core after `ran_until`.
    pub(super) wants: Option<Stamp>,
    /// Time of the sample before that.
    pub(super) ran_until: Stamp,
    /// Time of the sample.
    pub(super) to: Stamp,
}

impl CoreLane {
    /// True if the worker in `slot` had the core until `until`.
    fn had_core_until(&self, slot: usize, until: Stamp) -> bool {
        let next = self.held.partition_point(|held| held.from < until);
        let last = next.checked_sub(1).map(|last| self.held[last]);
        last.is_some_and(|last| (usize::from(last.worker), last.to) == (slot, until))
    }
}

impl Lanes<'_> {
    /// True if the recording numbers its cores.
    #[must_use]
    pub fn cores_are_known(&self) -> bool {
        !self.index.is_without_cores
    }

    /// Cores that the program may use.
    fn core_count(&self) -> usize {
        self.snapshot.header().machine.cores.max(1)
    }

    /// Returns a lane for each core, or, without core numbers, for each process that can run at once. The
    /// interval may reach beyond the end of these lanes: the resolution depends on the whole interval, so
    /// that the picture of an instant does not depend on the time of drawing.
    #[must_use]
    pub fn cores(&self, interval: Interval) -> Vec<CoreLane> {
        let mut lanes: Vec<CoreLane> = if self.cores_are_known() {
            let numbers = self.core_numbers().into_iter();
            let lane = |core| CoreLane {
                core: Some(core),
                held: Vec::new(),
                without_core: Vec::new(),
            };
            numbers.map(lane).collect()
        } else {
            let lane = CoreLane {
                core: None,
                held: Vec::new(),
                without_core: Vec::new(),
            };
            vec![lane; self.core_count()]
        };
        let width = if self.cores_are_known() {
            1
        } else {
            lanes.len()
        };
        for pool in lanes.chunks_mut(width.max(1)) {
            let core = pool[0].core;
            if self.count(core, interval) <= EXACT_CLAIMS {
                hold_exactly(pool, &self.reports(core, interval));
            } else {
                self.hold_in_slices(pool, interval);
            }
        }
        for lane in &mut lanes {
            lane.held.retain_mut(|held| {
                held.from = held.from.max(interval.from);
                held.to = held.to.min(self.until);
                held.from < held.to
            });
        }
        self.lose(&mut lanes, interval);
        lanes
    }

    /// Adds the times at which workers had lost their cores, as events report them, to the lanes.
    fn lose(&self, lanes: &mut [CoreLane], interval: Interval) {
        let interval = self.so_far(interval);
        for (slot, workings) in self.index.workers.iter().enumerate() {
            for pause in workings.breaks_in(interval) {
                let BreakKind::Preempted(core) = pause.kind else {
                    continue;
                };
                let was_here = |lane: &&mut CoreLane| match core {
                    Some(_) => lane.core == core,
                    None => lane.had_core_until(slot, pause.from),
                };
                let lost = interval.clip(pause.from, pause.to);
                if let (Some((from, to)), Some(lane)) = (lost, lanes.iter_mut().find(was_here)) {
                    lane.without_core.push(Interval { from, to });
                }
            }
        }
    }

    /// Numbers of the cores that samples name, or on which a worker ran.
    fn core_numbers(&self) -> Vec<u32> {
        let sampled = self
            .snapshot
            .sample()
            .cores
            .iter()
            .map(|core| core.core as u32);
        let claims = self.index.claims.keys();
        let claimed = claims.filter_map(|(core, _, _)| *core);
        let open = self.open.iter().flat_map(|open| &open.parts);
        let open = open.filter_map(|part| match part {
            Part::RunSlice { core, .. } => *core,
            Part::Broken { .. } => None,
        });
        let mut numbers: Vec<u32> = sampled.chain(claimed).chain(open).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Lists of claims on this core, or on any core if cores have no numbers.
    fn pool(&self, core: Option<u32>) -> impl Iterator<Item = (u16, Option<u32>, &[Claim])> {
        // Claims are sorted by core.
        let pool = if self.cores_are_known() {
            let first = self.claims.partition_point(|(_, on, _)| *on < core);
            let behind = self.claims.partition_point(|(_, on, _)| *on <= core);
            &self.claims[first..behind]
        } else {
            &self.claims[..]
        };
        pool.iter().copied()
    }

    fn count(&self, core: Option<u32>, interval: Interval) -> usize {
        self.pool(core)
            .map(|(_, _, claims)| inside(claims, interval).len())
            .sum()
    }

    /// Returns all reports about a core in the interval, in order of arrival.
    fn reports(&self, core: Option<u32>, interval: Interval) -> Vec<CoreReport> {
        let mut reports = Vec::new();
        for (worker, on, claims) in self.pool(core) {
            for claim in inside(claims, interval) {
                reports.push(CoreReport {
                    worker,
                    core: on,
                    from: claim.from,
                    to: claim.to,
                });
            }
        }
        reports.extend(self.open_reports(core));
        reports.retain_mut(|report| {
            // The rank must stay as before the cut, so only the end is cut.
            report.to = report.to.min(interval.to);
            report.from < report.to && report.to > interval.from
        });
        reports.sort_by_key(CoreReport::rank);
        reports
    }

    /// Reports of workers that are still running.
    fn open_reports(&self, core: Option<u32>) -> Vec<CoreReport> {
        let known = self.cores_are_known();
        let reports = self.open.iter().flat_map(|open| {
            open.parts.iter().filter_map(|part| match *part {
                Part::RunSlice { from, to, core } => Some(CoreReport {
                    worker: open.worker,
                    core,
                    from,
                    to,
                }),
                Part::Broken { .. } => None,
            })
        });
        reports
            .filter(|report| !known || report.core == core)
            .collect()
    }

    /// Times at which this worker did not have its core although it reports so: workers that came later had
    /// all cores.
    pub(super) fn lost(&self, mine: CoreReport) -> Vec<(Stamp, Stamp)> {
        let cores = if self.cores_are_known() {
            1
        } else {
            self.core_count()
        };
        let mut steps = Vec::new();
        let mut later = |report: CoreReport| {
            if report.rank() > mine.rank() && report.from < mine.to {
                steps.push((report.from, true));
                steps.push((report.to.min(mine.to), false));
            }
        };
        for (worker, on, claims) in self.pool(mine.core) {
            let first = claims.partition_point(|claim| claim.from < mine.from);
            let claims = claims[first..].iter();
            for claim in claims.take_while(|claim| claim.from < mine.to) {
                later(CoreReport {
                    worker,
                    core: on,
                    from: claim.from,
                    to: claim.to,
                });
            }
        }
        self.open_reports(mine.core)
            .into_iter()
            .for_each(&mut later);
        steps.sort_unstable();
        taken(&steps, cores)
    }

    /// Assigns cores in slices, for many claims: each slice is divided in the proportions in which the
    /// workers report to have run in it.
    fn hold_in_slices(&self, pool: &mut [CoreLane], interval: Interval) {
        let lists: Vec<(u16, &[Claim])> = self
            .pool(pool[0].core)
            .map(|(worker, _, claims)| (worker, inside(claims, interval)))
            .filter(|(_, claims)| !claims.is_empty())
            .collect();
        let length = interval.to.since(interval.from).0;
        let slices = (ASKED / lists.len().max(1) as u64).clamp(32, SLICES);
        let edge = |slice: u64| Stamp(interval.from.0 + length / slices * slice);
        let open = self.open_reports(pool[0].core);
        let mut so_far: Vec<u64> = lists
            .iter()
            .map(|list| ran_before(list.1, edge(0)))
            .collect();
        for slice in 0..slices {
            let (from, to) = (edge(slice), edge(slice + 1));
            let slice = Interval { from, to };
            let mut rows = vec![from; pool.len()];
            let recorded = lists.iter().zip(&mut so_far);
            let recorded = recorded.map(|((worker, claims), before)| {
                let by_now = ran_before(claims, to);
                (*worker, by_now - std::mem::replace(before, by_now))
            });
            let open = open.iter().filter_map(|report| {
                let (from, to) = slice.clip(report.from, report.to)?;
                Some((report.worker, to.since(from).0))
            });
            for (worker, mut left) in recorded.chain(open) {
                for (lane, filled) in pool.iter_mut().zip(&mut rows) {
                    let share = left.min(to.since(*filled).0);
                    append_interval(&mut lane.held, worker, *filled, Stamp(filled.0 + share));
                    filled.0 += share;
                    left -= share;
                }
            }
        }
    }

    /// Returns the time for which all workers together report to have run in the interval, in nanoseconds.
    #[must_use]
    pub fn ran(&self, interval: Interval) -> u64 {
        let interval = self.so_far(interval);
        let recorded = self.claims.iter().map(|(_, _, claims)| {
            ran_before(claims, interval.to) - ran_before(claims, interval.from)
        });
        let open = self.open.iter().flat_map(|open| &open.parts);
        let open = open.filter_map(|part| match part {
            Part::RunSlice { from, to, .. } => interval.clip(*from, *to),
            Part::Broken { .. } => None,
        });
        recorded.sum::<u64>() + open.map(|(from, to)| to.since(from).0).sum::<u64>()
    }
}

/// Activity of each worker at the newest sample that no event has reported yet.
pub(super) fn open(index: &Index, recording: &Recording) -> Vec<Open> {
    let Some(sample) = recording.samples.last() else {
        return Vec::new();
    };
    let has_threads = recording.header.scenario.server.kind.has_threads();
    let nothing = WorkerActivity::default();
    let open = sample.workers.iter().filter_map(|worker| {
        let since = worker.running_since?;
        let workings = index.workers.get(worker.index).unwrap_or(&nothing);
        let recorded = workings.slices.last();
        let from = recorded.map_or(since, |last| last.to.max(since));
        // The last slice of a worker with several threads may be of another one; its request has waited
        // until the process began to compute, at the earliest.
        let computes = has_threads && worker.phase == Phase::Running;
        let from = if computes {
            from.max(worker.phase_since)
        } else {
            from
        };
        let from = from.min(sample.at);
        let is_blocked = worker.phase == Phase::Blocked;
        let blocked = is_blocked.then(|| worker.phase_since.clamp(from, sample.at));
        let wants = wants_since(recording, worker).map(|wants| wants.max(from));
        let to = blocked.or(wants).unwrap_or(sample.at);
        let core = (!index.is_without_cores).then_some(worker.core as u32);
        Some(Open {
            worker: worker.index as u16,
            request: worker.running_request,
            since,
            ready: worker.running_ready.map_or(from, |ready| ready.min(from)),
            from,
            parts: parts(workings.open_breaks(worker.running_request), from, to, core).collect(),
            blocked,
            wants,
            ran_until: seen_running(recording, wants),
            to: sample.at,
        })
    });
    open.collect()
}

/// Time of the first of the consecutive latest samples that found a computing worker without a core.
fn wants_since(recording: &Recording, worker: &WorkerSample) -> Option<Stamp> {
    let samples = recording.samples.iter().rev().take(MAX_SAMPLES_BACK);
    let found = samples.map_while(|sample| {
        let mut workers = sample.workers.iter();
        let then = workers.find(|then| then.index == worker.index)?;
        let wants = then.wants_a_core && then.phase == Phase::Running;
        (wants && then.running_since == worker.running_since).then_some(sample.at)
    });
    found.last()
}

/// Time of the last sample before a worker was found without a core.
fn seen_running(recording: &Recording, wants: Option<Stamp>) -> Stamp {
    let wants = wants.unwrap_or(Stamp::NEVER);
    let before = recording.samples.partition_point(|it| it.at < wants);
    let last = before.checked_sub(1).map(|last| &recording.samples[last]);
    last.map_or(Stamp::ZERO, |sample| sample.at)
}

/// Claims of a list that overlap the interval.
fn inside(claims: &[Claim], interval: Interval) -> &[Claim] {
    let first = claims.partition_point(|claim| claim.to <= interval.from);
    let behind = claims.partition_point(|claim| claim.from < interval.to);
    &claims[first..behind.max(first)]
}

/// Total length of the claims up to `at`, in nanoseconds.
fn ran_before(claims: &[Claim], at: Stamp) -> u64 {
    let begun = claims.partition_point(|claim| claim.from < at);
    let last = begun.checked_sub(1).map(|last| &claims[last]);
    last.map_or(0, |last| last.before + last.to.min(at).since(last.from).0)
}

/// Intervals in which at least `all` are present at once, from steps of arrivals (`true`) and departures.
fn taken(steps: &[(Stamp, bool)], all: usize) -> Vec<(Stamp, Stamp)> {
    let (mut count, mut since) = (0, None);
    let mut taken: Vec<(Stamp, Stamp)> = Vec::new();
    for (at, comes) in steps {
        // At one instant departures come first, and each departure has an earlier arrival.
        count = if *comes { count + 1 } else { count - 1 };
        match since {
            None if count >= all => since = Some(*at),
            Some(from) if count < all => {
                since = None;
                match taken.last_mut() {
                    Some(last) if last.1 == from => last.1 = *at,
                    _ if from < *at => taken.push((from, *at)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    taken
}

/// Assigns cores from one change to the next; the latest arrivals have the cores.
fn hold_exactly(pool: &mut [CoreLane], reports: &[CoreReport]) {
    let mut edges: Vec<Stamp> = reports
        .iter()
        .flat_map(|report| [report.from, report.to])
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let mut coming = reports.iter().peekable();
    let mut on: Vec<CoreReport> = Vec::new();
    for edge in edges.windows(2) {
        let (from, to) = (edge[0], edge[1]);
        on.retain(|report| report.is_on_at(from));
        while let Some(report) = coming.next_if(|report| report.from <= from) {
            on.push(*report);
        }
        let last = &on[on.len().saturating_sub(pool.len())..];
        place_workers(pool, last, from, to);
    }
}

/// A worker that had a row keeps it; the others get free rows.
fn place_workers(pool: &mut [CoreLane], on: &[CoreReport], from: Stamp, to: Stamp) {
    let had = |lane: &CoreLane, worker: u16| {
        let last = lane.held.last();
        last.is_some_and(|last| last.worker == worker && last.to == from)
    };
    let (stay, come): (Vec<&CoreReport>, Vec<&CoreReport>) = on
        .iter()
        .partition(|report| pool.iter().any(|lane| had(lane, report.worker)));
    for report in stay.into_iter().chain(come) {
        let own = pool.iter().position(|lane| had(lane, report.worker));
        let free = |lane: &CoreLane| lane.held.last().is_none_or(|last| last.to <= from);
        if let Some(row) = own.or_else(|| pool.iter().position(free)) {
            append_interval(&mut pool[row].held, report.worker, from, to);
        }
    }
}

/// Appends to a core's lane, joining adjacent intervals of one worker.
fn append_interval(held: &mut Vec<CoreInterval>, worker: u16, from: Stamp, to: Stamp) {
    match held.last_mut() {
        Some(last) if last.worker == worker && last.to == from => last.to = to,
        _ if from < to => held.push(CoreInterval { worker, from, to }),
        _ => {}
    }
}
