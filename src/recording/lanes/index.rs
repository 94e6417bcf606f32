//! Who had which worker when, in lists that can be searched: built once, extended as a recording grows.
//!
//! A worker does one thing at a time, so what is noted of it never overlaps: each list is in order of
//! time and of publication at once, and both the beginning of an interval and the end of what was known
//! at a sample are found by halving. Nothing here depends on when it is asked.

use std::collections::BTreeMap;

use super::blocks::Blocks;
use crate::recording::Recording;
use crate::telemetry::{Event, Ran, Then};
use crate::units::Stamp;

/// A request's number may be read before that of as many others.
const FAR_AHEAD: usize = 1 << 20;

/// What can be asked of one recording.
#[derive(Clone, Debug)]
pub struct Index {
    /// What [`Recording::one_in`] was when it was built.
    pub(super) one_in: u32,
    read: Read,
    /// By request number.
    pub(super) requests: Vec<Entry>,
    /// Those that were sent, by their places in [`Recording::sent`].
    pub(super) blocks: Blocks,
    /// By slot.
    pub(super) workers: Vec<Workings>,
    /// Running, by core and worker.
    pub(super) claims: BTreeMap<(Option<u32>, u16), Vec<Claim>>,
    /// The first switch that could not name its core.
    pub(super) without_core: Option<usize>,
}

/// How much of each list has been read.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    sent: usize,
    outcomes: usize,
    events: usize,
    switches: usize,
}

/// Where one request is in the recording's lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) sent: Option<u32>,
    pub(super) outcome: Option<u32>,
    pub(super) served: Option<u32>,
    pub(super) waited: Option<u32>,
    /// Its worker, and places in [`Workings::stretches`].
    pub(super) stretches: Vec<(u16, u32)>,
}

/// What one worker did.
#[derive(Clone, Debug, Default)]
pub(super) struct Workings {
    pub(super) stretches: Vec<Stretch>,
    pub(super) breaks: Vec<Break>,
    /// Of them, those before the stretch that is still going on.
    closed_breaks: usize,
    /// Until when it has been told.
    until: Stamp,
}

/// A [`Ran`], with what came between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Its place among the switches.
    pub(super) place: usize,
    pub(super) ready: Stamp,
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    pub(super) then: Then,
    pub(super) core: Option<u32>,
    /// Its breaks, as places in [`Workings::breaks`].
    pub(super) breaks: (u32, u32),
}

/// Time inside a stretch in which it did not run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Break {
    pub(super) place: usize,
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
    pub(super) place: usize,
    pub(super) from: Stamp,
    pub(super) to: Stamp,
    /// How long all claims before it in its list are, in nanoseconds.
    pub(super) before: u64,
}

/// A part of a stretch: on a core, or not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Ran {
        from: Stamp,
        to: Stamp,
        core: Option<u32>,
    },
    /// Until when it did not.
    Broken { to: Stamp, kind: BreakKind },
}

impl Default for Index {
    fn default() -> Self {
        Self {
            one_in: 1,
            read: Read::default(),
            requests: Vec::new(),
            blocks: Blocks::default(),
            workers: Vec::new(),
            claims: BTreeMap::new(),
            without_core: None,
        }
    }
}

impl Index {
    /// Takes in what the recording has got since the last time. If switches were let go of meanwhile,
    /// all is read anew.
    pub fn extend(&mut self, recording: &Recording) {
        let shrank = recording.switches.len() < self.read.switches;
        if recording.one_in != self.one_in || shrank {
            *self = Self {
                one_in: recording.one_in,
                ..Self::default()
            };
        }
        self.read_requests(recording);
        let read = self.read.switches;
        for (place, (worker, switch)) in (read..).zip(&recording.switches[read..]) {
            self.note_switch(place, *worker, switch, recording.sent.len());
        }
        self.read = Read {
            sent: recording.sent.len(),
            outcomes: recording.outcomes.len(),
            events: recording.events.len(),
            switches: recording.switches.len(),
        };
    }

    fn read_requests(&mut self, recording: &Recording) {
        let read = self.read;
        let place = |place: usize| place as u32;
        for (at, sent) in (read.sent..).zip(&recording.sent[read.sent..]) {
            if let Some(entry) = self.entry(sent.request, at) {
                entry.sent = Some(place(at));
                let outcome = entry.outcome;
                self.blocks.send(at, sent.sent);
                if let Some(outcome) = outcome.map(|outcome| outcome as usize) {
                    let done = recording.outcomes[outcome].done;
                    self.blocks.end(at, outcome, done, true);
                }
            }
        }
        let known = recording.sent.len();
        for (at, outcome) in (read.outcomes..).zip(&recording.outcomes[read.outcomes..]) {
            if let Some(entry) = self.entry(outcome.request, known) {
                let is_first = entry.outcome.replace(place(at)).is_none();
                if let Some(sent) = entry.sent {
                    let done = outcome.done;
                    self.blocks.end(sent as usize, at, done, is_first);
                }
            }
        }
        for (at, (_, event)) in (read.events..).zip(&recording.events[read.events..]) {
            match event {
                Event::Served(served) => {
                    if let Some(entry) = self.entry(served.request, known) {
                        entry.served = Some(place(at));
                    }
                }
                Event::Waited(parts) => {
                    if let Some(entry) = self.entry(parts.request, known) {
                        entry.waited = Some(place(at));
                    }
                }
                _ => {}
            }
        }
    }

    /// `None` for a number that is far from those of the run, of which so many were sent: load counts
    /// from 0.
    fn entry(&mut self, request: u32, sent: usize) -> Option<&mut Entry> {
        let place = request as usize;
        if place > sent + FAR_AHEAD {
            return None;
        }
        if self.requests.len() <= place {
            self.requests.resize(place + 1, Entry::default());
        }
        Some(&mut self.requests[place])
    }

    fn note_switch(&mut self, place: usize, worker: u16, switch: &Event, sent: usize) {
        let slot = usize::from(worker);
        if self.workers.len() <= slot {
            self.workers.resize(slot + 1, Workings::default());
        }
        let workings = &mut self.workers[slot];
        match *switch {
            Event::Ran(ran) => {
                let stretch = workings.close(place, &ran);
                workings.stretches.push(stretch);
                let at = workings.stretches.len() as u32 - 1;
                if let Some(entry) = self.entry(ran.request, sent) {
                    entry.stretches.push((worker, at));
                }
                self.claim(worker, &stretch);
            }
            Event::BlockedIn { from, to, .. } => workings.note(place, from, to, BreakKind::Blocked),
            Event::Preempted { from, to, core, .. } => {
                workings.note(place, from, to, BreakKind::Preempted(core));
            }
            _ => {}
        }
    }

    fn claim(&mut self, worker: u16, stretch: &Stretch) {
        for part in self.workers[usize::from(worker)].parts(stretch) {
            let Part::Ran { from, to, core } = part else {
                continue;
            };
            if core.is_none() {
                self.without_core.get_or_insert(stretch.place);
            }
            let claims = self.claims.entry((core, worker)).or_default();
            let before = claims.last().map_or(0, |last| last.before + last.length());
            claims.push(Claim {
                place: stretch.place,
                from,
                to,
                before,
            });
        }
    }
}

impl Workings {
    /// Something came between. It is inside the stretch that is told later, or between two.
    fn note(&mut self, place: usize, from: Stamp, to: Stamp, kind: BreakKind) {
        let from = from.max(self.until);
        if from < to {
            self.until = to;
            self.breaks.push(Break {
                place,
                from,
                to,
                kind,
            });
        }
    }

    /// A stretch is told: what has come between since the last one is in it, or came before it.
    fn close(&mut self, place: usize, ran: &Ran) -> Stretch {
        let last = self.stretches.last().map_or(Stamp::ZERO, |last| last.to);
        let from = ran.from.max(last);
        let to = ran.to.max(from);
        let breaks = (self.closed_breaks as u32, self.breaks.len() as u32);
        self.closed_breaks = self.breaks.len();
        self.until = self.until.max(to);
        Stretch {
            place,
            ready: ran.ready.min(from),
            from,
            to,
            then: ran.then,
            core: ran.core,
            breaks,
        }
    }

    /// What a stretch is made of, in order.
    pub(super) fn parts<'a>(&'a self, stretch: &Stretch) -> impl Iterator<Item = Part> + use<'a> {
        let breaks = &self.breaks[stretch.breaks.0 as usize..stretch.breaks.1 as usize];
        parts(breaks, stretch.from, stretch.to, stretch.core)
    }

    /// The stretches that were known when so many switches had been seen.
    pub(super) fn known(&self, seen: usize) -> &[Stretch] {
        let known = self
            .stretches
            .partition_point(|stretch| stretch.place < seen);
        &self.stretches[..known]
    }

    /// What came after the last of these stretches.
    pub(super) fn open_breaks(&self, seen: usize) -> &[Break] {
        let closed = self.known(seen).last().map_or(0, |last| last.breaks.1);
        let known = self.breaks.partition_point(|pause| pause.place < seen);
        &self.breaks[closed as usize..known.max(closed as usize)]
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
        let ran = (at < end).then_some(Part::Ran {
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
