//! What one worker did: run slices, and the breaks in them. A worker does one thing at a time, so what is
//! noted of it never overlaps: each list is in order of time.

use super::Interval;
use concsim_engine::telemetry::{RunSlice, SwitchReason};
use concsim_model::units::Stamp;

/// What one worker did.
#[derive(Clone, Debug, Default)]
pub(super) struct Workings {
    pub(super) stretches: Vec<Stretch>,
    pub(super) breaks: Vec<Break>,
    /// Of them, those before the stretch that is still going on.
    closed_breaks: usize,
    /// Until when it has been told.
    until: Stamp,
    /// When its processes began, with their numbers in the operating system.
    pub(super) forks: Vec<(Stamp, u32)>,
    /// When they ended.
    pub(super) deaths: Vec<Stamp>,
}

/// A [`RunSlice`], with what came between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) task: u32,
    /// [`NO_REQUEST`] if it said no number.
    pub(super) request: u32,
    pub(super) ready: Stamp,
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    pub(super) then: SwitchReason,
    /// When the timer that it waits for is due.
    pub(super) due: Option<Stamp>,
    pub(super) core: Option<u32>,
    /// Its breaks, as places in [`Workings::breaks`].
    pub(super) breaks: (u32, u32),
}

/// Time inside a stretch in which it did not run.
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

/// A worker says that it ran.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    /// How long all claims before it in its list are, in nanoseconds.
    pub(super) before: u64,
}

/// A part of a stretch: on a core, or not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    RunSlice {
        from: Stamp,
        to: Stamp,
        core: Option<u32>,
    },
    /// Until when it did not.
    Broken { to: Stamp, kind: BreakKind },
}

impl Workings {
    /// Something came between. It is inside the stretch that is told later, or between two.
    pub(super) fn note(&mut self, from: Stamp, to: Stamp, kind: BreakKind) {
        let from = from.max(self.until);
        if from < to {
            self.until = to;
            self.breaks.push(Break { from, to, kind });
        }
    }

    /// A stretch is told: what has come between since the last one is in it, or came before it.
    pub(super) fn close(&mut self, ran: &RunSlice) -> Stretch {
        let last = self.stretches.last().map_or(Stamp::ZERO, |last| last.to);
        let from = ran.from.max(last);
        let to = ran.to.max(from);
        let breaks = (self.closed_breaks as u32, self.breaks.len() as u32);
        self.closed_breaks = self.breaks.len();
        self.until = self.until.max(to);
        Stretch {
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

    /// What a stretch is made of, in order.
    pub(super) fn parts<'a>(&'a self, stretch: &Stretch) -> impl Iterator<Item = Part> + use<'a> {
        let breaks = &self.breaks[stretch.breaks.0 as usize..stretch.breaks.1 as usize];
        parts(breaks, stretch.from, stretch.to, stretch.core)
    }

    /// The break that an instant lies in.
    pub(super) fn break_at(&self, at: Stamp) -> Option<&Break> {
        let begun = self.breaks.partition_point(|pause| pause.from <= at);
        let last = &self.breaks[begun.checked_sub(1)?];
        (at < last.to).then_some(last)
    }

    /// The breaks that reach into an interval.
    pub(super) fn breaks_in(&self, interval: Interval) -> &[Break] {
        let first = self.breaks.partition_point(|it| it.to <= interval.from);
        let behind = self.breaks.partition_point(|it| it.from < interval.to);
        &self.breaks[first..behind.max(first)]
    }

    /// What came after the last of its stretches.
    pub(super) fn open_breaks(&self) -> &[Break] {
        &self.breaks[self.closed_breaks..]
    }

    /// When the process that was alive at `at` ended, if it has.
    pub(super) fn death_after(&self, at: Stamp) -> Option<Stamp> {
        let before = self.deaths.partition_point(|death| *death <= at);
        self.deaths.get(before).copied()
    }
}

/// [from, to) without its breaks, and the breaks. Before it was taken off a core it was on that one.
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
    /// In nanoseconds.
    pub(super) fn length(&self) -> u64 {
        self.to.since(self.from).0
    }
}
