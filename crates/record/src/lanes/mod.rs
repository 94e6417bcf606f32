//! Time as lanes: the states of each request from its sending to its end, and the worker on each core.
//!
//! ```text
//!   sent        accepted   from         to = parked           ready  from        written
//!    ○○○○○○○○○○○○▒▒▒▒▒▒▒▒▒▒▒█████████████·····················▒▒▒▒▒▒▒█████████████
//!    at the door  ready      running       waiting              ready   running
//! ```
//!
//! A wait with several parts is shown in parts: [`Span::queue`]. A worker of the simulation reports the
//! beginning of each part. A real worker learns only with the answer when the service began to serve a
//! call, and reports the queue in the service then: in the lanes of a live run, a wait that is not over yet
//! is drawn as the call until then, and as the queue and the call from then on.
//!
//! Lanes at an instant are everything in the recording, cut there, including reports that came later about
//! the time before. So the lanes of a live run and of a stored one differ only in the part that is not yet
//! reported: the *open* part, which is taken from the newest sample and marked. Two workers may both report
//! that they ran on one core at one instant, since a process that lost its core learns of it late: then the
//! worker that came later had the core, and the other one wanted it. Hence no instant has more requests
//! running than there are cores.

mod arrivals;
mod blocks;
mod cores;
mod index;
mod instant;
mod request;
#[cfg(test)]
mod tests;
mod turns;
mod worker_activity;

use cores::Open;
pub use index::Index;
pub use instant::{Instant, Process, WorkerInstant};
pub use turns::Turn;
use worker_activity::Claim;

use super::latency::{Breakdown, TimeParts};
use super::request::Request;
use super::{Recording, Snapshot, Window};
use concsim_engine::telemetry::{
    Event, Failure, Outcome, SentRequest, Served, WaitParts, WaitPurpose,
};
use concsim_model::units::Stamp;

/// State of a request during a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestState {
    /// Running on a core.
    Running,
    /// Waiting in a call in which its process is asleep.
    Blocked,
    /// Ready, while its worker runs another request.
    Ready,
    /// Holding its worker, while the worker has no core.
    WantsACore,
    /// Waiting, while its process runs others.
    Parked,
    /// Waiting at the door: sent, and not accepted by a worker.
    AtTheDoor,
}

/// A span of a request's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// State.
    pub doing: RequestState,
    /// Queue that it waited in, if there was one: for a thread, for a connection to a service, or in the
    /// service.
    pub queue: Option<WaitPurpose>,
    /// Start.
    pub from: Stamp,
    /// End.
    pub to: Stamp,
    /// True if it is taken from the newest sample alone; later reports may correct it.
    pub is_open: bool,
}

/// The lane of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLane {
    /// Number of the request in the run.
    pub request: u32,
    /// Worker that has accepted it by the end of the interval.
    pub worker: Option<u16>,
    /// Spans, in order of time, without overlaps, inside the interval.
    pub spans: Vec<Span>,
    /// Time at which its client had the complete answer or gave up, if that was by the end of the interval.
    pub done: Option<Stamp>,
}

/// Time in which one worker had a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreInterval {
    /// Slot of the worker.
    pub worker: u16,
    /// Start.
    pub from: Stamp,
    /// End.
    pub to: Stamp,
}

/// The lane of one core; without core numbers, of one of the processes that ran at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreLane {
    /// Number of the core in the operating system.
    pub core: Option<u32>,
    /// Holdings of the core, in order of time, without overlaps, inside the interval.
    pub held: Vec<CoreInterval>,
    /// Times at which a worker that was computing here had lost the core, inside the interval.
    pub without_core: Vec<Interval>,
}

/// An interval of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// Start.
    pub from: Stamp,
    /// End.
    pub to: Stamp,
}

impl Interval {
    /// Returns the part of [from, to) inside the interval, if there is any.
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
    /// The recording up to the first sample that is not before the instant.
    snapshot: Snapshot<'a>,
    recording: &'a Recording,
    /// Instant at which the lanes end.
    until: Stamp,
    /// Workers' claims to have run on each core.
    claims: Vec<(u16, Option<u32>, &'a [Claim])>,
    /// Activities of workers in the newest sample that no event has reported.
    open: Vec<Open>,
}

impl<'a> Lanes<'a> {
    /// Returns all lanes of a recording that `index` has read; `snapshot` is of the same recording.
    #[must_use]
    pub fn new(index: &'a Index, snapshot: Snapshot<'a>) -> Self {
        Self::at(index, snapshot, Stamp::NEVER)
    }

    /// Returns the lanes up to `until`; `known` ends with the first sample that is not before it.
    #[must_use]
    pub fn at(index: &'a Index, known: Snapshot<'a>, until: Stamp) -> Self {
        let recording = known.recording();
        let claims = index.claims.iter();
        Self {
            index,
            snapshot: known,
            recording,
            until,
            claims: claims
                .map(|((on, worker, _), claims)| (*worker, *on, &claims[..]))
                .collect(),
            open: cores::open(index, recording),
        }
    }

    /// Returns the part of the recording that the lanes are of.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<'a> {
        self.snapshot
    }

    /// The part of an interval that lies before the end of these lanes.
    fn so_far(&self, interval: Interval) -> Interval {
        Interval {
            to: interval.to.min(self.until),
            ..interval
        }
    }

    /// Returns the numbers of the requests that were present in the interval, in order of due time.
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
        let mut found: Vec<&SentRequest> = places.filter_map(is_there).collect();
        found.sort_by_key(|sent| sent.due);
        found.into_iter().map(|sent| sent.request).collect()
    }

    /// Returns the requests that workers may have had at some time in the interval, among them those whose
    /// clients had left before.
    pub(crate) fn taken_in(&self, interval: Interval) -> impl Iterator<Item = u32> {
        let arrivals = &self.index.arrivals;
        (0..arrivals.slots()).flat_map(move |slot| arrivals.of_worker(slot, interval))
    }

    /// Returns the mean breakdown of the latency of the newest requests answered by `until`, at most
    /// `most`, and their number. If there is a window, only requests due in it count.
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
            .snapshot
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
        let spent = TimeParts::by(requests.iter())?;
        Some((spent.breakdown, requests.len()))
    }

    /// Returns the breakdown of one request that was answered and that its worker has reported.
    #[must_use]
    pub fn spent_by(&self, request: u32) -> Option<Breakdown> {
        Breakdown::of(&Request {
            outcome: self.outcome(request)?,
            served: Some(self.served(request)?),
            waited: self.waited(request),
            begun: None,
        })
    }

    /// Returns the interval for which a request that has ended was at the door, if it was.
    #[must_use]
    pub fn at_the_door(&self, request: u32) -> Option<(Stamp, Stamp)> {
        let outcome = self.outcome(request)?;
        let served = self.served(request);
        let slices = self.index.requests.get(request as usize);
        let first = slices.and_then(|entry| entry.slices.first());
        let request = Request {
            outcome,
            served,
            waited: None,
            begun: first.map(|at| self.slice(*at).ready),
        };
        request.at_the_door()
    }

    /// Returns the worker's report of a request, if there is one, even a later one.
    #[must_use]
    pub fn served(&self, request: u32) -> Option<&'a Served> {
        let place = self.index.requests.get(request as usize)?.served?;
        match self.recording.events.get(place as usize) {
            Some((_, Event::Served(served))) => Some(served),
            _ => None,
        }
    }

    /// Returns the parts of a request's waits, if it waited and its worker has reported.
    #[must_use]
    pub fn waited(&self, request: u32) -> Option<&'a WaitParts> {
        let place = self.index.requests.get(request as usize)?.waited?;
        match self.recording.events.get(place as usize) {
            Some((_, Event::Waited(parts))) => Some(parts),
            _ => None,
        }
    }

    /// Returns the sending of a request, if it was recorded.
    #[must_use]
    pub fn sent(&self, request: u32) -> Option<&'a SentRequest> {
        let place = self.index.requests.get(request as usize)?.sent?;
        self.recording.sent.get(place as usize)
    }

    /// Returns the outcome of a request, if it has ended, even later.
    #[must_use]
    pub fn outcome(&self, request: u32) -> Option<&'a Outcome> {
        let place = self.index.requests.get(request as usize)?.outcome?;
        self.recording.outcomes.get(place as usize)
    }

    /// Returns n if one request in n has lanes; the switches of the others were dropped.
    #[must_use]
    pub fn one_in(&self) -> u32 {
        self.index.one_in
    }

    /// True if its client had the answer or had given up by `at`.
    #[must_use]
    pub fn has_ended(&self, request: u32, at: Stamp) -> bool {
        self.done(request).is_some_and(|done| done <= at)
    }

    /// True if its client gave up, even later.
    fn has_run_out_of_patience(&self, request: u32) -> bool {
        let outcome = self.outcome(request);
        outcome.is_some_and(|outcome| outcome.failure == Some(Failure::Timeout))
    }

    /// Time at which its client had the answer or gave up, even later.
    fn done(&self, request: u32) -> Option<Stamp> {
        self.outcome(request).map(|outcome| outcome.done)
    }
}
