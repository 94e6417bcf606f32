//! One request from its sending to its end.

use super::cores::{Open, Says};
use super::index::{BreakKind, Part, Stretch};
use super::{Doing, Interval, Lanes, RequestLane, Span};
use crate::scenario::{Connection, WorkerKind};
use crate::telemetry::Then;
use crate::units::Stamp;

impl Lanes<'_> {
    /// What a request did in the interval. Empty if nobody knows it.
    #[must_use]
    pub fn request(&self, request: u32, interval: Interval) -> RequestLane {
        let entry = self.index.requests.get(request as usize);
        let outcome = self.outcome(request);
        let done = outcome.map(|outcome| outcome.done);
        let mut lane = RequestLane {
            request,
            worker: self.worker(request),
            spans: Vec::new(),
            done,
        };
        let sent = entry.and_then(|entry| self.past.sent().get(entry.sent? as usize));
        if let Some(sent) = sent {
            let open = self.open.iter().find(|open| open.request == Some(request));
            let served = self.served(request);
            let mut life = Life {
                spans: Vec::new(),
                at: sent.sent,
                end: served.map(|it| it.written).or(done).unwrap_or(Stamp::NEVER),
                interval,
            };
            self.live(&mut life, request, open);
            lane.spans = life.spans;
        }
        if lane.is_at_the_door() {
            // Who will take it was known at the sample, but not yet at the end of the interval.
            lane.worker = None;
        }
        lane
    }

    /// The worker that has or had a request, if that was known.
    #[must_use]
    pub fn worker(&self, request: u32) -> Option<u16> {
        let entry = self.index.requests.get(request as usize)?;
        let first = entry.stretches.first().filter(|at| self.is_known(**at));
        let open = || self.open.iter().find(|open| open.request == Some(request));
        first
            .map(|at| at.0)
            .or_else(|| open().map(|open| open.worker))
    }

    /// When a request let go of its worker, and why, as far as that was known.
    #[must_use]
    pub fn let_go(&self, request: u32) -> Vec<(Stamp, Then)> {
        let Some(entry) = self.index.requests.get(request as usize) else {
            return Vec::new();
        };
        let known = entry.stretches.iter().filter(|at| self.is_known(**at));
        let stretches = known.map(|at| self.stretch(*at));
        stretches
            .map(|stretch| (stretch.to, stretch.then))
            .collect()
    }

    fn is_known(&self, at: (u16, u32)) -> bool {
        self.stretch(at).place < self.seen
    }

    fn stretch(&self, (worker, at): (u16, u32)) -> &Stretch {
        &self.index.workers[usize::from(worker)].stretches[at as usize]
    }

    fn live(&self, life: &mut Life, request: u32, open: Option<&Open>) {
        let entry = &self.index.requests[request as usize];
        let known = entry.stretches.partition_point(|at| self.is_known(*at));
        let stretches = &entry.stretches[..known];
        // What came before the interval is not needed, but for what the request was left in.
        let over = |at: &(u16, u32)| self.stretch(*at).to <= life.interval.from;
        let first = stretches.partition_point(over);
        let mut then = if let Some(last) = first.checked_sub(1) {
            let last = self.stretch(stretches[last]);
            life.at = last.to;
            last.then
        } else {
            self.arrive(life, request, stretches, open);
            Then::Client
        };
        for at in &stretches[first..] {
            let stretch = self.stretch(*at);
            life.until(stretch.ready, self.waits(then));
            life.until(stretch.from, self.is_ready());
            let workings = &self.index.workers[usize::from(at.0)];
            for part in workings.parts(stretch) {
                self.play(life, at.0, part);
            }
            then = stretch.then;
        }
        match open {
            Some(open) => self.go_on(life, open, then),
            None if then == Then::Ended || life.at == Stamp::NEVER => {}
            None => life.until(Stamp::NEVER, self.waits(then)),
        }
    }

    /// From the sending to where it has been taken.
    fn arrive(&self, life: &mut Life, request: u32, runs: &[(u16, u32)], open: Option<&Open>) {
        let served = self.served(request).map(|served| served.accepted);
        let told = runs.first().map(|first| self.stretch(*first).ready);
        let accepted = served.or(told).or(open.map(|open| open.from));
        let opened = self.outcome(request).map_or_else(
            || self.past.header().scenario.load.connection == Connection::PerRequest,
            |outcome| outcome.opened,
        );
        // Of a connection that was kept it is its worker that has it, not the door.
        let stands = if opened {
            Doing::AtTheDoor
        } else {
            Doing::Ready
        };
        life.until(accepted.unwrap_or(Stamp::NEVER), stands);
    }

    /// What no event has told yet.
    fn go_on(&self, life: &mut Life, open: &Open, then: Then) {
        life.until(open.from, self.waits(then));
        for part in &open.parts {
            self.play(life, open.worker, *part);
        }
        let rest = match (open.blocked, open.wants) {
            (Some(_), _) => Some(Doing::Blocked),
            (None, Some(_)) => Some(Doing::WantsACore),
            (None, None) => None,
        };
        if let Some(doing) = rest {
            life.until(self.past.sample().at, doing);
        }
    }

    fn play(&self, life: &mut Life, worker: u16, part: Part) {
        match part {
            Part::Ran { from, to, core } => {
                life.until(from, self.is_ready());
                let mine = Says {
                    worker,
                    core,
                    from,
                    to,
                };
                for (lost, found) in life.concerns(from, to, || self.lost(mine)) {
                    life.until(lost, Doing::Running);
                    life.until(found, Doing::WantsACore);
                }
                life.until(to, Doing::Running);
            }
            Part::Broken { to, kind } => life.until(
                to,
                match kind {
                    BreakKind::Blocked => Doing::Blocked,
                    BreakKind::Preempted(_) => Doing::WantsACore,
                },
            ),
        }
    }

    /// What a request does that has let go for this reason, until it could go on.
    fn waits(&self, then: Then) -> Doing {
        match (then, self.kind()) {
            (Then::Ended | Then::Yielded, _) => self.is_ready(),
            (Then::Client | Then::Service | Then::Timer, kind) if kind.has_a_loop() => {
                Doing::Parked
            }
            (Then::Client | Then::Service | Then::Timer, _) => Doing::Blocked,
        }
    }

    /// What it does that could go on: another one has the worker, or, where there is no other one, the
    /// worker has no core.
    fn is_ready(&self) -> Doing {
        if self.kind().has_a_loop() {
            Doing::Ready
        } else {
            Doing::WantsACore
        }
    }

    fn kind(&self) -> WorkerKind {
        self.past.header().scenario.server.kind
    }
}

/// A life that is told in order.
struct Life {
    spans: Vec<Span>,
    at: Stamp,
    /// It is over then.
    end: Stamp,
    interval: Interval,
}

impl Life {
    /// From where it is until `to` it does this.
    fn until(&mut self, to: Stamp, doing: Doing) {
        let to = to.min(self.end);
        if let Some((from, to)) = self.interval.clip(self.at, to) {
            match self.spans.last_mut() {
                Some(last) if last.doing == doing && last.to == from => last.to = to,
                _ => self.spans.push(Span { doing, from, to }),
            }
        }
        self.at = self.at.max(to);
    }

    /// What only has to be asked if it can be seen.
    fn concerns<T>(&self, from: Stamp, to: Stamp, ask: impl FnOnce() -> Vec<T>) -> Vec<T> {
        if self.interval.clip(from, to.min(self.end)).is_some() {
            ask()
        } else {
            Vec::new()
        }
    }
}
