//! Activity of one worker: run slices and their interruptions. A worker does one thing at a time, so
//! entries never overlap: each list is sorted by time. A worker with threads does several: its slices
//! overlap and are in order of their ends, and the interruptions of each slice lie together.

use std::collections::BTreeMap;

use super::Interval;
use concsim_engine::telemetry::{RunSlice, SwitchReason};
use concsim_model::units::Stamp;

/// Activity of one worker.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerActivity {
    pub(super) slices: Vec<Slice>,
    pub(super) breaks: Vec<Break>,
    /// Number of breaks before the run slice in progress.
    closed_breaks: usize,
    /// True if its slices may overlap.
    has_threads: bool,
    /// Breaks of each task's run slice in progress, with its request, if the worker has threads.
    of_threads: BTreeMap<u32, (u32, Vec<Break>)>,
    /// Time up to which the worker has reported.
    until: Stamp,
    /// Times at which its processes began, with their pids.
    pub(super) forks: Vec<(Stamp, u32)>,
    /// Times at which its processes ended.
    pub(super) deaths: Vec<Stamp>,
}

/// A [`RunSlice`] with its breaks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) task: u32,
    /// [`NO_REQUEST`] if its number is not known.
    pub(super) request: u32,
    pub(super) ready: Stamp,
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    pub(super) then: SwitchReason,
    /// Due time of the timer that it waits for.
    pub(super) due: Option<Stamp>,
    pub(super) core: Option<u32>,
    /// Range of its breaks in [`WorkerActivity::breaks`].
    pub(super) breaks: (u32, u32),
}

/// Time inside a run slice in which the worker did not run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Break {
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    pub(super) kind: BreakKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BreakKind {
    /// The process slept in one call.
    Blocked,
    /// The operating system took it off this core.
    Preempted(Option<u32>),
}

/// A worker's report that it ran.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    /// Total length of all earlier claims in its list, in nanoseconds.
    pub(super) before: u64,
}

/// Part of a run slice: on a core, or not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    RunSlice {
        from: Stamp,
        to: Stamp,
        core: Option<u32>,
    },
    /// Not running until `to`.
    Broken { to: Stamp, kind: BreakKind },
}

impl WorkerActivity {
    /// Adds a break. It lies inside the run slice that is reported later, or between two.
    pub(super) fn note(&mut self, from: Stamp, to: Stamp, kind: BreakKind) {
        let from = from.max(self.until);
        if from < to {
            self.until = to;
            self.breaks.push(Break { from, to, kind });
        }
    }

    /// Adds a break of a task, in a worker with threads.
    pub(super) fn note_of_thread(&mut self, (task, request): (u32, u32), pause: Break) {
        let open = self.of_threads.entry(task).or_default();
        open.0 = request;
        if pause.from < pause.to {
            open.1.push(pause);
        }
    }

    /// Adds a run slice of a worker with threads, with the breaks of its task since its last one.
    pub(super) fn close_of_thread(&mut self, ran: &RunSlice) -> Slice {
        self.has_threads = true;
        let first = self.breaks.len() as u32;
        let (_, of_it) = self.of_threads.remove(&ran.task).unwrap_or_default();
        self.breaks.extend(of_it);
        self.closed_breaks = self.breaks.len();
        self.until = self.until.max(ran.to);
        Slice {
            task: ran.task,
            request: ran.request,
            ready: ran.ready.min(ran.from),
            from: ran.from,
            to: ran.to.max(ran.from),
            then: ran.then,
            due: ran.due,
            core: ran.core,
            breaks: (first, self.breaks.len() as u32),
        }
    }

    /// Adds a run slice: breaks since the last one lie in it or before it.
    pub(super) fn close(&mut self, ran: &RunSlice) -> Slice {
        let last = self.slices.last().map_or(Stamp::ZERO, |last| last.to);
        let from = ran.from.max(last);
        let to = ran.to.max(from);
        let breaks = (self.closed_breaks as u32, self.breaks.len() as u32);
        self.closed_breaks = self.breaks.len();
        self.until = self.until.max(to);
        Slice {
            task: ran.task,
            request: ran.request,
            ready: ran.ready.min(from),
            from,
            to,
            then: ran.then,
            due: ran.due,
            core: ran.core,
            breaks,
        }
    }

    /// Returns the parts of a run slice, in order.
    pub(super) fn parts<'a>(&'a self, slice: &Slice) -> impl Iterator<Item = Part> + use<'a> {
        let breaks = &self.breaks[slice.breaks.0 as usize..slice.breaks.1 as usize];
        parts(breaks, slice.from, slice.to, slice.core)
    }

    /// Returns the break that contains an instant.
    pub(super) fn break_at(&self, at: Stamp) -> Option<&Break> {
        let begun = self.breaks.partition_point(|pause| pause.from <= at);
        let last = &self.breaks[begun.checked_sub(1)?];
        (at < last.to).then_some(last)
    }

    /// Returns the breaks that overlap an interval.
    pub(super) fn breaks_in(&self, interval: Interval) -> impl Iterator<Item = &Break> {
        let (mut first, mut behind) = (0, self.breaks.len());
        if !self.has_threads {
            first = self.breaks.partition_point(|it| it.to <= interval.from);
            behind = self.breaks.partition_point(|it| it.from < interval.to);
        }
        let found = self.breaks[first..behind.max(first)].iter();
        found.filter(move |it| it.to > interval.from && it.from < interval.to)
    }

    /// Returns the breaks after its last run slice; in a worker with threads, those of the request.
    pub(super) fn open_breaks(&self, request: Option<u32>) -> &[Break] {
        let mut of_threads = self.of_threads.values();
        match of_threads.find(|(of, _)| Some(*of) == request) {
            Some((_, breaks)) => breaks,
            None => &self.breaks[self.closed_breaks..],
        }
    }

    /// Time at which the process alive at `at` ended, if it has.
    pub(super) fn death_after(&self, at: Stamp) -> Option<Stamp> {
        let before = self.deaths.partition_point(|death| *death <= at);
        self.deaths.get(before).copied()
    }
}

/// Splits [from, to) into running parts and breaks. Before a preemption the worker was on the core that it
/// lost.
pub(super) fn parts(
    breaks: &[Break],
    from: Stamp,
    to: Stamp,
    core: Option<u32>,
) -> impl Iterator<Item = Part> + use<'_> {
    let last = std::iter::once(None);
    let mut at = from;
    breaks.iter().map(Some).chain(last).flat_map(move |pause| {
        let (end, next, ran_on) = match pause {
            Some(pause) => {
                let ran_on = match pause.kind {
                    BreakKind::Preempted(Some(off)) => Some(off),
                    BreakKind::Preempted(None) | BreakKind::Blocked => core,
                };
                let end = pause.from.clamp(at, to.max(at));
                (end, pause.to.clamp(end, to.max(end)), ran_on)
            }
            None => (to.max(at), to.max(at), core),
        };
        let ran = (at < end).then_some(Part::RunSlice {
            from: at,
            to: end,
            core: ran_on,
        });
        let broken = pause.filter(|_| end < next).map(|pause| Part::Broken {
            to: next,
            kind: pause.kind,
        });
        at = next;
        [ran, broken].into_iter().flatten()
    })
}

impl Claim {
    /// Length in nanoseconds.
    pub(super) fn length(&self) -> u64 {
        self.to.since(self.from).0
    }
}
