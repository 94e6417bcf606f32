//! Time as lanes: what each request did from its sending to its end, and who had which core.
//!
//! ```text
//!   sent        accepted   from         to = parked           ready  from        written
//!    ○○○○○○○○○○○○▒▒▒▒▒▒▒▒▒▒▒█████████████·····················▒▒▒▒▒▒▒█████████████
//!    at the door  ready      running       waiting              ready   running
//! ```
//!
//! Waiting is told in parts where a wait has several: [`Span::queue`]. A worker of the simulation says when
//! each begins. A real worker learns only with the answer when its service began to serve a call, and tells
//! of a queue in a service then: in the lanes of a run that goes on, a wait that is not over yet is drawn as
//! the call until then, and as the queue and the call from then on.
//!
//! Lanes at an instant are all that the recording holds, cut there: what was reported later of the time
//! before is in them. So the lanes of a run that goes on and of one that was kept differ only in what is
//! not yet reported, which is *open*: it is taken from the newest sample, and marked. Two workers may both say that they ran on one core at one instant, since a
//! process that lost its core learns of it late: then the one that came later had it, and the other
//! one wanted it. Hence no instant has more requests running than there are cores.

mod arrivals;
mod blocks;
mod cores;
mod index;
mod instant;
mod request;
#[cfg(test)]
mod tests;
mod turns;
mod workings;

use cores::Open;
pub use index::Index;
pub use instant::{Instant, Process, WorkerInstant};
pub use turns::Turn;
use workings::Claim;

use super::latency::{Breakdown, Spent};
use super::requests::Request;
use super::{Past, Recording, Window};
use concsim_engine::telemetry::{Awaited, Event, Failure, Outcome, Sent, Served, WaitParts};
use concsim_model::units::Stamp;

/// What one request does for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// On a core.
    Running,
    /// Asleep in one call, with its process.
    Blocked,
    /// Could run, while its worker runs another.
    Ready,
    /// Has its worker, which has no core.
    WantsACore,
    /// Waits, while its process goes on.
    Parked,
    /// Sent, and no worker has taken it yet.
    AtTheDoor,
}

/// A part of a request's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it did …
    pub doing: Doing,
    /// … and the queue that it waited in, if its wait had one: for a thread, for a connection to a service,
    /// or in the service …
    pub queue: Option<Awaited>,
    /// … since when …
    pub from: Stamp,
    /// … and until when.
    pub to: Stamp,
    /// Whether it is taken from the newest sample alone: what is reported later may say otherwise.
    pub is_open: bool,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLane {
    /// Its number in the run.
    pub request: u32,
    /// The worker that has taken it by the end of the interval.
    pub worker: Option<u16>,
    /// In order of time, without overlaps, and inside the interval.
    pub spans: Vec<Span>,
    /// When its client had the whole answer, or gave up, if that was by the end of the interval.
    pub done: Option<Stamp>,
}

/// Time in which one worker had a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its slot.
    pub worker: u16,
    /// Since when …
    pub from: Stamp,
    /// … and until when.
    pub to: Stamp,
}

/// One core; or, where cores have no numbers, the first, second … of those that ran at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreLane {
    /// Its number in the operating system.
    pub core: Option<u32>,
    /// In order of time, without overlaps, and inside the interval.
    pub held: Vec<Held>,
    /// When a worker that was computing here had lost it, inside the interval.
    pub lost: Vec<Interval>,
}

/// From when to when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Since when …
    pub from: Stamp,
    /// … and until when.
    pub to: Stamp,
}

impl Interval {
    /// The part of [from, to) that lies inside, if there is any.
    #[must_use]
    pub fn clip(self, from: Stamp, to: Stamp) -> Option<(Stamp, Stamp)> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        (from < to).then_some((from, to))
    }
}

/// The lanes of a recording up to one instant.
#[derive(Clone, Debug)]
pub struct Lanes<'a> {
    index: &'a Index,
    /// Up to the first sample that is not before the instant.
    past: Past<'a>,
    recording: &'a Recording,
    /// Nothing is told of what came later.
    until: Stamp,
    /// Which workers say to have run on which core.
    claims: Vec<(u16, Option<u32>, &'a [Claim])>,
    /// What workers were at in the newest sample, and no event has told.
    open: Vec<Open>,
}

impl<'a> Lanes<'a> {
    /// All lanes of a recording that `index` has read; `past` is of the same.
    #[must_use]
    pub fn new(index: &'a Index, past: Past<'a>) -> Self {
        Self::at(index, past, Stamp::NEVER)
    }

    /// The lanes up to `until`, where `past` ends with the first sample that is not before it.
    #[must_use]
    pub fn at(index: &'a Index, past: Past<'a>, until: Stamp) -> Self {
        let recording = past.recording();
        let claims = index.claims.iter();
        Self {
            index,
            past,
            recording,
            until,
            claims: claims
                .map(|((on, worker), claims)| (*worker, *on, &claims[..]))
                .collect(),
            open: cores::open(index, recording),
        }
    }

    /// The part of an interval that lies before the end of these lanes.
    fn so_far(&self, interval: Interval) -> Interval {
        Interval {
            to: interval.to.min(self.until),
            ..interval
        }
    }

    /// The numbers of those requests that did anything in the interval, in order of due.
    #[must_use]
    pub fn requests(&self, interval: Interval) -> Vec<u32> {
        let interval = self.so_far(interval);
        let sent = &self.recording.sent;
        let outcomes = self.recording.outcomes.len();
        let places = self.index.blocks.there(interval, outcomes).flatten();
        let is_there = |place: usize| {
            let sent = sent.get(place)?;
            let entry = self.index.requests.get(sent.request as usize)?;
            let is_its = entry.sent == Some(place as u32);
            let kept = sent.request.is_multiple_of(self.index.one_in);
            let done = self.done(sent.request);
            let is_there = sent.sent < interval.to && done.is_none_or(|it| it > interval.from);
            (is_its && kept && is_there).then_some(sent)
        };
        let mut found: Vec<&Sent> = places.filter_map(is_there).collect();
        found.sort_by_key(|sent| sent.due);
        found.into_iter().map(|sent| sent.request).collect()
    }

    /// What the newest of the requests that were answered by `until` spent their latency on, on average:
    /// of at most `most` of them, and of how many. If there is a window, only those that were due in it.
    #[must_use]
    pub fn spent(
        &self,
        until: Stamp,
        window: Option<Window>,
        most: usize,
    ) -> Option<(Breakdown, usize)> {
        let counts = |outcome: &&Outcome| {
            outcome.failure.is_none()
                && outcome.done <= until
                && window.is_none_or(|window| window.contains(outcome.due))
        };
        let newest = self
            .past
            .reported_by(until)
            .iter()
            .rev()
            .filter(counts)
            .take(most);
        let requests: Vec<Request<'_>> = newest
            .map(|outcome| Request {
                outcome,
                served: self.served(outcome.request),
                waited: self.waited(outcome.request),
                begun: None,
            })
            .collect();
        let spent = Spent::by(requests.iter())?;
        Some((spent.breakdown, requests.len()))
    }

    /// The same of one request that was answered and of which its worker has told.
    #[must_use]
    pub fn spent_by(&self, request: u32) -> Option<Breakdown> {
        Breakdown::of(&Request {
            outcome: self.outcome(request)?,
            served: Some(self.served(request)?),
            waited: self.waited(request),
            begun: None,
        })
    }

    /// From when to when a request that has ended stood at the door, if it did.
    #[must_use]
    pub fn at_the_door(&self, request: u32) -> Option<(Stamp, Stamp)> {
        let outcome = self.outcome(request)?;
        let served = self.served(request);
        let stretches = self.index.requests.get(request as usize);
        let first = stretches.and_then(|entry| entry.stretches.first());
        let request = Request {
            outcome,
            served,
            waited: None,
            begun: first.map(|at| self.stretch(*at).ready),
        };
        request.at_the_door()
    }

    /// What its worker told of a request, if it has, be it later.
    #[must_use]
    pub fn served(&self, request: u32) -> Option<&'a Served> {
        let place = self.index.requests.get(request as usize)?.served?;
        match self.recording.events.get(place as usize) {
            Some((_, Event::Served(served))) => Some(served),
            _ => None,
        }
    }

    /// What a request waited for, if it waited and its worker has told.
    #[must_use]
    pub fn waited(&self, request: u32) -> Option<&'a WaitParts> {
        let place = self.index.requests.get(request as usize)?.waited?;
        match self.recording.events.get(place as usize) {
            Some((_, Event::Waited(parts))) => Some(parts),
            _ => None,
        }
    }

    /// The sending of a request, if it was noted.
    #[must_use]
    pub fn sent(&self, request: u32) -> Option<&'a Sent> {
        let place = self.index.requests.get(request as usize)?.sent?;
        self.recording.sent.get(place as usize)
    }

    /// What became of a request, if it has ended, be it later.
    #[must_use]
    pub fn outcome(&self, request: u32) -> Option<&'a Outcome> {
        let place = self.index.requests.get(request as usize)?.outcome?;
        self.recording.outcomes.get(place as usize)
    }

    /// Of how many requests one can be told: of the others the switches were let go of.
    #[must_use]
    pub fn one_in(&self) -> u32 {
        self.index.one_in
    }

    /// Whether its client had the answer by then, or had given up.
    #[must_use]
    pub fn has_ended(&self, request: u32, at: Stamp) -> bool {
        self.done(request).is_some_and(|done| done <= at)
    }

    /// True if its client gave up, be it later.
    fn has_run_out_of_patience(&self, request: u32) -> bool {
        let outcome = self.outcome(request);
        outcome.is_some_and(|outcome| outcome.failure == Some(Failure::Timeout))
    }

    /// When its client had the answer, or gave up, be it later.
    fn done(&self, request: u32) -> Option<Stamp> {
        self.outcome(request).map(|outcome| outcome.done)
    }
}
