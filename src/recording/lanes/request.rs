//! One request from its sending to its end.

use super::cores::{Open, Says};
use super::index::{BreakKind, Part, Stretch};
use super::{Doing, Interval, Lanes, RequestLane, Span};
use crate::scenario::{Connection, WorkerKind};
use crate::telemetry::Then;
use crate::units::Stamp;

impl Lanes<'_> {
    /// What a request did in the interval. Empty if nothing is known of it.
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
        let worker = taken.map(|(worker, _)| worker);
        // Nothing is known of a request that ended with its worker's process but when that was.
        let lost = taken.and_then(|(worker, at)| {
            let workings = self.index.workers.get(usize::from(worker))?;
            workings.death_after(at)
        });
        let served = self.served(request).map(|served| served.written);
        let mut life = Life {
            spans: Vec::new(),
            at: sent.sent,
            end: served
                .or(done.into_iter().chain(lost).min())
                .unwrap_or(Stamp::NEVER),
            interval,
        };
        self.live(&mut life, request, taken.map(|(_, at)| at));
        lane.spans = life.spans;
        lane.worker = worker.filter(|_| taken.is_some_and(|(_, at)| at <= interval.to));
        lane
    }

    /// The worker that takes a request and when it does, as far as that is known.
    fn taken(&self, request: u32) -> Option<(u16, Stamp)> {
        let entry = self.index.requests.get(request as usize)?;
        let served = self.served(request).map(|served| served.accepted);
        match entry.stretches.first() {
            Some(first) => Some((first.0, served.unwrap_or(self.stretch(*first).ready))),
            None => {
                let open = self.open_of(request)?;
                Some((open.worker, served.unwrap_or(open.from)))
            }
        }
    }

    fn open_of(&self, request: u32) -> Option<&Open> {
        self.open.iter().find(|open| open.request == Some(request))
    }

    /// The worker that has or had a request by the end of these lanes.
    #[must_use]
    pub fn worker(&self, request: u32) -> Option<u16> {
        let taken = self.taken(request).filter(|(_, at)| *at <= self.until);
        taken.map(|(worker, _)| worker)
    }

    /// When a request let go of its worker, and why, by the end of these lanes.
    #[must_use]
    pub fn let_go(&self, request: u32) -> Vec<(Stamp, Then)> {
        let Some(entry) = self.index.requests.get(request as usize) else {
            return Vec::new();
        };
        let stretches = entry.stretches.iter().map(|at| self.stretch(*at));
        stretches
            .take_while(|stretch| stretch.to <= self.until)
            .map(|stretch| (stretch.to, stretch.then))
            .collect()
    }

    fn stretch(&self, (worker, at): (u16, u32)) -> &Stretch {
        &self.index.workers[usize::from(worker)].stretches[at as usize]
    }

    fn live(&self, life: &mut Life, request: u32, taken: Option<Stamp>) {
        let stretches = &self.index.requests[request as usize].stretches;
        // What came before the interval is not needed, but for what the request was left in.
        let over = |at: &(u16, u32)| self.stretch(*at).to <= life.interval.from;
        let first = stretches.partition_point(over);
        let mut then = if let Some(last) = first.checked_sub(1) {
            let last = self.stretch(stretches[last]);
            life.at = last.to;
            last.then
        } else {
            self.arrive(life, request, taken);
            Then::Client
        };
        for at in &stretches[first..] {
            let stretch = self.stretch(*at);
            if stretch.ready.max(life.at) >= life.interval.to {
                break;
            }
            life.until(stretch.ready, self.waits(then));
            life.until(stretch.from, self.is_ready());
            let workings = &self.index.workers[usize::from(at.0)];
            for part in workings.parts(stretch) {
                self.play(life, at.0, part);
            }
            then = stretch.then;
        }
        match self.open_of(request) {
            Some(open) => self.go_on(life, open, then),
            None if then == Then::Ended || life.at == Stamp::NEVER => {}
            None => life.until(Stamp::NEVER, self.waits(then)),
        }
    }

    /// From the sending to where it has been taken.
    fn arrive(&self, life: &mut Life, request: u32, taken: Option<Stamp>) {
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
        life.until(taken.unwrap_or(Stamp::NEVER), stands);
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
            life.until(open.to, doing);
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
                _ => self.spans.push(Span {
                    doing,
                    from,
                    to,
                    is_open: false,
                }),
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
