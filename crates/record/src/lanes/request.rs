//! One request from its sending to its end.

use super::cores::{CoreReport, Open};
use super::index::Entry;
use super::worker_activity::{BreakKind, Part, Slice};
use super::{Interval, Lanes, RequestLane, RequestState, Span};
use concsim_engine::telemetry::{SwitchReason, WaitPurpose};
use concsim_model::scenario::WorkerKind;
use concsim_model::units::Stamp;

impl Lanes<'_> {
    /// Returns the lane of a request in the interval. Empty if nothing is known.
    #[must_use]
    pub fn request(&self, request: u32, interval: Interval) -> RequestLane {
        let interval = self.so_far(interval);
        let done = self.done(request);
        let mut lane = RequestLane {
            request,
            worker: None,
            spans: Vec::new(),
            done: done.filter(|done| *done <= interval.to),
        };
        let Some(sent) = self.sent(request) else {
            return lane;
        };
        let taken = self.taken(request);
        // Of a request that ended with its worker's process, only the time of that is known.
        let lost = taken.and_then(|taken| {
            let workings = self.index.workers.get(usize::from(taken.worker))?;
            workings.death_after(taken.since)
        });
        let served = self.served(request).map(|served| served.written);
        // A worker continues with a request whose client has left.
        let goes_on = taken.is_some() && self.has_run_out_of_patience(request);
        let left = done.filter(|_| !goes_on);
        let mut life = LaneBuilder {
            spans: Vec::new(),
            at: sent.sent,
            end: served
                .or(left.into_iter().chain(lost).min())
                .unwrap_or(Stamp::NEVER),
            interval,
            queue: None,
            open: None,
        };
        self.live(&mut life, request, taken);
        lane.spans = life.spans;
        let taken = taken.filter(|taken| taken.since <= interval.to);
        lane.worker = taken.map(|taken| taken.worker);
        lane
    }

    /// Worker that accepts a request and the time of the accept, as far as known.
    fn taken(&self, request: u32) -> Option<Accept> {
        let entry = self.index.requests.get(request as usize)?;
        if let Some((worker, accepted)) = self.index.arrivals.taken(request) {
            let first = entry.slices.first().map(|at| self.slice(*at).ready);
            let at = first.into_iter().chain([accepted]).min()?;
            // A request on a keep-alive connection is with its worker from the beginning.
            let is_kept = !self.index.arrivals.came_to_the_door(request);
            let sent = self.sent(request).filter(|_| is_kept);
            let since = sent.map_or(at, |sent| sent.sent);
            return Some(Accept { worker, at, since });
        }
        let mut open = self.open.iter();
        let open = open.rfind(|open| open.request == Some(request))?;
        Some(Accept {
            worker: open.worker,
            at: open.from,
            since: open.from,
        })
    }

    /// Activity of a request in the newest sample. A worker that has not read the number yet has the
    /// request that it accepted at that activity's start.
    fn open_of(&self, request: u32, taken: Option<Accept>) -> Option<&Open> {
        self.open.iter().find(|open| match open.request {
            Some(number) => number == request,
            None => taken.is_some_and(|it| (it.worker, it.at) == (open.worker, open.since)),
        })
    }

    /// Returns the worker that has or had a request by the end of these lanes.
    #[must_use]
    pub fn worker(&self, request: u32) -> Option<u16> {
        let taken = self.taken(request);
        let taken = taken.filter(|taken| taken.since <= self.until);
        taken.map(|taken| taken.worker)
    }

    /// Returns the times at which a request yielded its worker, with the reason, up to the end of these
    /// lanes.
    #[must_use]
    pub fn switch_reasons(&self, request: u32) -> Vec<(Stamp, SwitchReason)> {
        let Some(entry) = self.index.requests.get(request as usize) else {
            return Vec::new();
        };
        let slices = entry.slices.iter().map(|at| self.slice(*at));
        slices
            .take_while(|slice| slice.to <= self.until)
            .map(|slice| (slice.to, slice.then))
            .collect()
    }

    pub(super) fn slice(&self, (worker, at): (u16, u32)) -> &Slice {
        &self.index.workers[usize::from(worker)].slices[at as usize]
    }

    fn live(&self, life: &mut LaneBuilder, request: u32, taken: Option<Accept>) {
        let entry = &self.index.requests[request as usize];
        let slices = &entry.slices;
        // Before the interval only the last run slice matters: it decides the state at the beginning.
        let over = |at: &(u16, u32)| self.slice(*at).to <= life.interval.from;
        let first = slices.partition_point(over);
        let mut wait = if let Some(last) = first.checked_sub(1) {
            let last = self.slice(slices[last]);
            life.at = last.to;
            self.wait_after(last, entry)
        } else {
            self.arrive(life, request, taken);
            Wait {
                doing: self.state_after(SwitchReason::Client),
                then: SwitchReason::Client,
                since: Stamp::ZERO,
                parts: &entry.parts,
            }
        };
        for at in &slices[first..] {
            let slice = self.slice(*at);
            if slice.ready.max(life.at) >= life.interval.to {
                break;
            }
            life.wait_until(slice.ready, wait);
            life.until(slice.from, self.is_ready());
            let workings = &self.index.workers[usize::from(at.0)];
            for part in workings.parts(slice) {
                self.play(life, at.0, part, &entry.parts);
            }
            wait = self.wait_after(slice, entry);
        }
        let over = slices.last().and_then(|last| self.over(*last, entry));
        if self.kind().has_threads() {
            life.open = self.is_with_others(taken);
        }
        match self.open_of(request, taken) {
            Some(open) => {
                if slices.is_empty() {
                    wait.doing = self.is_ready();
                }
                self.add_unreported_spans(life, open, (wait, over));
            }
            None if wait.then == SwitchReason::Ended || life.at == Stamp::NEVER => {}
            // Accepted, and has not run yet.
            None if slices.is_empty() => life.until(Stamp::NEVER, self.is_ready()),
            None => {
                if let Some(over) = over {
                    life.wait_until(over, wait);
                    wait.doing = self.is_ready();
                } else if !self.kind().has_threads() && !self.reports_end_first(wait.then) {
                    life.open = self.may_be_ready(taken);
                }
                life.wait_until(Stamp::NEVER, wait);
            }
        }
    }

    /// Wait of a request that has yielded its worker.
    fn wait_after<'b>(&self, slice: &Slice, entry: &'b Entry) -> Wait<'b> {
        Wait {
            doing: self.state_after(slice.then),
            then: slice.then,
            since: slice.from,
            parts: &entry.parts,
        }
    }

    /// Time at which the wait after a run slice was over, if known before the request has its worker again:
    /// its service answered, or its timer was due.
    fn over(&self, at: (u16, u32), entry: &Entry) -> Option<Stamp> {
        let slice = self.slice(at);
        match slice.then {
            // A call of an earlier wait was read before this run slice began.
            SwitchReason::Service => entry
                .answered
                .filter(|(asked, _)| *asked >= slice.from)
                .map(|(_, written)| written.max(slice.to)),
            SwitchReason::Timer => slice.due,
            SwitchReason::Ended | SwitchReason::Yielded | SwitchReason::Client => None,
        }
    }

    /// True if the end of such a wait is reported before the request has its worker again.
    fn reports_end_first(&self, then: SwitchReason) -> bool {
        then == SwitchReason::Service
            && self.index.has_answers
            && self.recording.dropped_events == 0
    }

    /// Adds the span from the sending to the accept, or to the giving up.
    fn arrive(&self, life: &mut LaneBuilder, request: u32, taken: Option<Accept>) {
        let at = taken.map_or(Stamp::NEVER, |taken| taken.at);
        if self.index.arrivals.came_to_the_door(request) {
            let done = self.done(request).unwrap_or(Stamp::NEVER);
            life.until(at.min(done), RequestState::AtTheDoor);
            life.at = life.at.max(at);
        } else {
            // A request on a keep-alive connection is with its worker, not at the door.
            life.until(at, RequestState::Ready);
        }
    }

    /// Interval in which a request that was last reported as parked may have been ready. Only its worker
    /// reports that, when it next runs the request; it is running another now.
    fn may_be_ready(&self, taken: Option<Accept>) -> Option<(Stamp, Stamp)> {
        let worker = taken?.worker;
        let is_busy = self.open.iter().any(|open| open.worker == worker);
        let before = self.recording.samples.len().checked_sub(2)?;
        is_busy.then(|| (self.recording.samples[before].at, Stamp::NEVER))
    }

    /// Interval in which the state of a request in a worker with threads is not known: a sample names one
    /// request, and the others report with their next wait.
    fn is_with_others(&self, taken: Option<Accept>) -> Option<(Stamp, Stamp)> {
        taken?;
        let before = self.recording.samples.len().checked_sub(2)?;
        Some((self.recording.samples[before].at, Stamp::NEVER))
    }

    /// Adds the spans that no event has reported yet.
    fn add_unreported_spans(
        &self,
        life: &mut LaneBuilder,
        open: &Open,
        (wait, over): (Wait<'_>, Option<Stamp>),
    ) {
        life.wait_until(open.ready, wait);
        life.until(open.from, self.is_ready());
        if let Some(wants) = open.wants {
            life.open = Some((open.ran_until, wants));
        }
        for part in &open.parts {
            self.play(life, open.worker, *part, wait.parts);
        }
        match (open.blocked, open.wants) {
            (Some(_), _) => {
                let asleep = Wait {
                    doing: RequestState::Blocked,
                    ..wait
                };
                // In a worker with a loop the process is asleep in another wait than this one.
                if let Some(over) = over.filter(|_| !self.kind().has_a_loop()) {
                    life.wait_until(over.min(open.to), asleep);
                    life.until(open.to, self.is_ready());
                } else {
                    life.wait_until(open.to, asleep);
                }
            }
            (None, Some(_)) => life.until(open.to, RequestState::WantsACore),
            (None, None) => {}
        }
    }

    fn play(
        &self,
        life: &mut LaneBuilder,
        worker: u16,
        part: Part,
        parts: &[(Stamp, WaitPurpose)],
    ) {
        match part {
            Part::RunSlice { from, to, core } => {
                life.until(from, self.is_ready());
                let mine = CoreReport {
                    worker,
                    core,
                    from,
                    to,
                };
                for (lost, found) in life.if_visible(from, to, || self.lost(mine)) {
                    life.until(lost, RequestState::Running);
                    life.until(found, RequestState::WantsACore);
                }
                life.until(to, RequestState::Running);
            }
            Part::Broken {
                to,
                kind: BreakKind::Blocked,
            } => {
                let wait = Wait {
                    doing: RequestState::Blocked,
                    then: SwitchReason::Service,
                    since: life.at,
                    parts,
                };
                life.wait_until(to, wait);
            }
            Part::Broken {
                to,
                kind: BreakKind::Preempted(_),
            } => life.until(to, RequestState::WantsACore),
        }
    }

    /// State of a request that has yielded for this reason, until it is ready.
    fn state_after(&self, then: SwitchReason) -> RequestState {
        match (then, self.kind()) {
            (SwitchReason::Ended | SwitchReason::Yielded, _) => self.is_ready(),
            (SwitchReason::Client | SwitchReason::Service | SwitchReason::Timer, kind)
                if kind.has_a_loop() =>
            {
                RequestState::Parked
            }
            (SwitchReason::Client | SwitchReason::Service | SwitchReason::Timer, _) => {
                RequestState::Blocked
            }
        }
    }

    /// State of a ready request: another request has the worker or its lock, or, where there is no other, the
    /// worker has no core.
    fn is_ready(&self) -> RequestState {
        let server = &self.snapshot.header().scenario.server;
        if server.kind.has_a_loop() || server.has_a_lock() {
            RequestState::Ready
        } else {
            RequestState::WantsACore
        }
    }

    pub(super) fn kind(&self) -> WorkerKind {
        self.snapshot.header().scenario.server.kind
    }
}

/// Accept of a request by a worker.
#[derive(Clone, Copy, Debug)]
struct Accept {
    worker: u16,
    /// Time of the accept, or of the first sign of the request.
    at: Stamp,
    /// Time since which it is in the worker.
    since: Stamp,
}

/// A wait, until an event ends it.
#[derive(Clone, Copy, Debug)]
struct Wait<'a> {
    doing: RequestState,
    then: SwitchReason,
    /// Start of the wait; earlier parts belong to earlier waits.
    since: Stamp,
    /// The parts of all waits of the request.
    parts: &'a [(Stamp, WaitPurpose)],
}

/// A request's life, built in order of time.
struct LaneBuilder {
    spans: Vec<Span>,
    at: Stamp,
    /// End of the life.
    end: Stamp,
    interval: Interval,
    /// Queue that it waits in.
    queue: Option<WaitPurpose>,
    /// Interval whose state later reports may correct.
    open: Option<(Stamp, Stamp)>,
}

impl LaneBuilder {
    /// Extends the life to `to` with the reported parts of this wait.
    fn wait_until(&mut self, to: Stamp, wait: Wait<'_>) {
        let first = wait.parts.partition_point(|(at, _)| *at < wait.since);
        let recorded = wait.parts[first..].iter();
        for (at, part) in recorded.take_while(|(at, _)| *at < to) {
            self.until(*at, wait.doing);
            self.queue = Some(*part).filter(|part| part.is_queue());
        }
        self.until(to, wait.doing);
        self.queue = None;
    }

    /// Extends the life to `to` in this state.
    fn until(&mut self, to: Stamp, doing: RequestState) {
        let to = to.min(self.end);
        if let Some((open, closed)) = self.open {
            self.push(open.min(to), doing, false);
            self.push(closed.min(to), doing, true);
        }
        self.push(to, doing, false);
    }

    fn push(&mut self, to: Stamp, doing: RequestState, is_open: bool) {
        if let Some((from, to)) = self.interval.clip(self.at, to) {
            match self.spans.last_mut() {
                Some(last)
                    if (last.doing, last.queue, last.is_open, last.to)
                        == (doing, self.queue, is_open, from) =>
                {
                    last.to = to;
                }
                _ => self.spans.push(Span {
                    doing,
                    queue: self.queue,
                    from,
                    to,
                    is_open,
                }),
            }
        }
        self.at = self.at.max(to);
    }

    /// Calls `ask` only if its result can be visible.
    fn if_visible<T>(&self, from: Stamp, to: Stamp, ask: impl FnOnce() -> Vec<T>) -> Vec<T> {
        if self.interval.clip(from, to.min(self.end)).is_some() {
            ask()
        } else {
            Vec::new()
        }
    }
}
