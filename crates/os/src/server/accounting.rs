//! What one connection's requests spend, one after the other: kept by each worker's World, told to
//! the board when a request has ended, and to the client in the default body.

use super::compute::burn;
use super::wire::Answer;
use crate::handler::Spent;
use crate::telemetry::{
    Awaited, Event, NO_REQUEST, Phase, Probe, Served, WaitParts, stated_request,
};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// A call that was sent so long before its service began to serve it has stood in the service's queue, and
/// that is published. A service that is awake begins within a tenth of it.
const LEAST_QUEUE: Elapsed = Elapsed::from_millis(1);

/// What a wait was for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    /// A new connection to a service.
    Connection,
    /// A service's answer.
    Call {
        /// When there was a connection for the call.
        connected: Stamp,
        /// When the service began to serve it.
        served: Stamp,
    },
    /// A timer.
    Timer,
    /// Bytes of its client, or room for bytes to it.
    Client,
}

impl Wait {
    /// A call on a connection that was there when its wait began at `begun`. Its service takes `wait`, and
    /// says when its answer was due.
    pub(super) fn for_answer(begun: Stamp, answer: &Answer, wait: Elapsed) -> Self {
        Self::Call {
            connected: begun,
            served: Stamp(answer.due.0.saturating_sub(wait.0)),
        }
    }
}

/// The account of the request that a connection is at.
#[derive(Debug)]
pub(super) struct RequestAccounting {
    /// The task, or the running number of the connection.
    pub(super) task: u32,
    /// Its number in the run, if it has said one.
    pub(super) request: u32,
    /// What it has spent so far.
    pub(super) spent: Spent,
    /// What its waits were for.
    parts: WaitParts,
    /// When the worker took it. The end of the one before it, while it has not begun.
    since: Stamp,
    first_read: Option<Stamp>,
    /// Whether a request is begun and not finished.
    begun: bool,
    /// The request that has ended since its connection last waited.
    ended: u32,
}

impl RequestAccounting {
    /// A connection has just been accepted, and with it its first request.
    pub(super) fn accepted(task: u32, accepted: Stamp) -> Self {
        Self {
            task,
            request: NO_REQUEST,
            spent: Spent::default(),
            parts: WaitParts::default(),
            since: accepted,
            first_read: None,
            begun: true,
            ended: NO_REQUEST,
        }
    }

    /// When the worker took the request; when it ended the one before it, while none has begun.
    pub(super) fn since(&self) -> Stamp {
        self.since
    }

    /// Bytes of a request came at `at`: it has begun, if it had not.
    pub(super) fn comes(&mut self, probe: &Probe, at: Stamp) {
        if !self.begun {
            probe.begun(at);
            (self.begun, self.since) = (true, at);
        }
        self.first_read.get_or_insert(at);
    }

    /// Whether bytes of the request have come. A wait before that is the client's, not the request's.
    pub(super) fn has_come(&self) -> bool {
        self.first_read.is_some()
    }

    /// The request says its number in the run. One that no run reaches, which any client may send, is none.
    pub(super) fn is_number(&mut self, number: Option<u64>) {
        self.request = number.map_or(NO_REQUEST, stated_request);
    }

    /// For which request the stretch is that ends now: the one that is begun, or the one that has ended
    /// in it.
    pub(super) fn works_for(&self) -> u32 {
        if self.request == NO_REQUEST {
            self.ended
        } else {
            self.request
        }
    }

    /// A stretch begins: what ended before it is none of its business.
    pub(super) fn slice_begins(&mut self) {
        self.ended = NO_REQUEST;
    }

    /// It waited from `begun`; the wait was over at `over`, and it went on at `resumed`. Gives the
    /// length of the wait.
    pub(super) fn waited(
        &mut self,
        probe: &Probe,
        (begun, over, resumed): (Stamp, Stamp, Stamp),
        wait: Wait,
    ) -> Elapsed {
        // A service's stamp is of another process: it may be a moment outside.
        let over = over.clamp(begun, resumed.max(begun));
        self.spent.ready += resumed.since(over);
        let length = over.since(begun);
        match wait {
            Wait::Connection => {
                self.parts.connection += length;
                self.tell_part(probe, begun, Awaited::Connection);
            }
            Wait::Call { connected, served } => {
                self.parts.add_call(begun, connected, served, over);
                self.tell_parts_of_call(probe, begun, connected, served.min(over));
            }
            Wait::Timer => self.parts.sleep += length,
            Wait::Client => self.parts.client += length,
        }
        length
    }

    /// Publishes the parts of a call's wait, with the instants at which they began. A plain call costs no
    /// event: it has its connection at once, and its service begins to serve it at once.
    fn tell_parts_of_call(&self, probe: &Probe, begun: Stamp, connected: Stamp, served: Stamp) {
        let has_queued = served.since(connected) >= LEAST_QUEUE;
        if connected > begun {
            self.tell_part(probe, begun, Awaited::Connection);
            if !has_queued {
                self.tell_part(probe, connected, Awaited::Answer);
            }
        }
        if has_queued {
            self.tell_part(probe, connected, Awaited::Queue);
            self.tell_part(probe, served, Awaited::Answer);
        }
    }

    fn tell_part(&self, probe: &Probe, at: Stamp, part: Awaited) {
        probe.event(&Event::Awaits {
            at,
            task: self.task,
            request: self.works_for(),
            part,
        });
    }

    /// Sleeps in one call of the system, with everybody who is in this process; `over` says when the
    /// wait was over and what for, from what the call gave and the instants at which it began and came
    /// back. Gives what the call gave, and when the wait was over.
    pub(super) fn block<T>(
        &mut self,
        probe: &Probe,
        sleep: impl FnOnce() -> T,
        over: impl FnOnce(&T, Stamp, Stamp) -> (Stamp, Wait),
    ) -> (T, Stamp) {
        let from = probe.now();
        probe.phase(Phase::Blocked, from);
        let slept = sleep();
        let to = probe.now();
        probe.phase(Phase::Running, to);
        let (task, request) = (self.task, self.request);
        probe.event(&Event::BlockedIn {
            from,
            to,
            task,
            request,
        });
        let (over, wait) = over(&slept, from, to);
        if self.has_come() {
            let length = self.waited(probe, (from, over, to), wait);
            self.spent.blocked += length;
        }
        (slept, over)
    }

    /// Computes, and notes when something else had the core meanwhile.
    pub(super) fn compute(&mut self, probe: &Probe, cpu: CpuTime) {
        let (task, request) = (self.task, self.request);
        let burnt = burn(cpu, probe.clock(), |from, to, core| {
            probe.event(&Event::Preempted {
                from,
                to,
                task,
                request,
                core,
            });
        });
        self.spent.cpu += burnt.cpu;
        self.spent.core_wait += burnt.core_wait();
    }

    /// The request has ended at `at`, if one has begun; `answered` to its last byte or not.
    pub(super) fn end(&mut self, probe: &Probe, at: Stamp, answered: bool) {
        if !self.begun {
            return;
        }
        let spent = std::mem::take(&mut self.spent);
        let parts = std::mem::take(&mut self.parts);
        if parts.total() > Elapsed::ZERO {
            probe.event(&Event::Waited(WaitParts {
                at,
                request: self.request,
                task: self.task,
                ..parts
            }));
        }
        let served = Served {
            request: self.request,
            task: self.task,
            accepted: self.since,
            first_read: self.first_read.take().unwrap_or(at),
            written: at,
            waited: spent.parked + spent.blocked,
            ready: spent.ready,
            core_wait: spent.core_wait,
            cpu: spent.cpu,
        };
        probe.ended(served, answered);
        self.ended = self.request;
        (self.begun, self.since, self.request) = (false, at, NO_REQUEST);
    }
}
