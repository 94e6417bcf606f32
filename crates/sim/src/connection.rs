//! A connection, from its client's first connect to its end, with its current request and the time that it
//! has spent so far.

use std::num::NonZeroU64;

use slab::Slab;

use concsim_engine::telemetry::{
    Failure, NO_REQUEST, Outcome, SentRequest, Served, SwitchReason, WaitParts, WaitPurpose,
};
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Identifies a connection; reused when the connection has gone.
pub(super) type ConnectionId = u32;

/// All connections.
pub(super) type Connections = Slab<Connection>;

/// No client: a request of an open load, or one sent besides the load.
pub(super) const NO_CLIENT: u32 = u32::MAX;

/// Number of parts of a wait.
const PARTS: usize = WaitPurpose::Timer as usize;

/// Place of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not connected: the queue was full this many times.
    Outside(u32),
    /// In the listener's queue.
    AtTheDoor,
    /// In a worker: its slot, and the task or thread.
    Inside { worker: u16, handler: u32 },
}

/// Next part of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Beginning of a step.
    Begin,
    /// End of a slice of a computation: the task yields.
    SliceOver,
    /// Rest of the computation, after the yield.
    Slice,
    /// A counter was read, and other tasks have run since.
    Counted,
}

/// State of a call of a service. Its length is [`Connection::left`].
#[derive(Clone, Copy, Debug)]
pub(super) struct CallPlan {
    pub(super) service: u16,
    pub(super) mode: WaitMode,
    pub(super) stage: CallStage,
}

/// Stage of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallStage {
    /// It needs a connection from its worker's pool, or a thread before that.
    Planned,
    /// It has a new connection, which is being set up.
    InSetUp,
    /// It is sent on its connection.
    Sent,
}

/// State of one connection.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what its client, its worker and its wait know of it are independent of each other"
)]
pub(super) struct Connection {
    /// Number of the current wait of this connection.
    pub(super) turn: u32,
    /// Unique number of this connection.
    pub(super) birth: u32,
    pub(super) place: Place,
    /// The request's number, class and client.
    pub(super) number: u32,
    pub(super) class: u16,
    pub(super) client: u32,
    /// True if the request is the first of its connection.
    pub(super) opened: bool,
    /// True if its client waits for an answer.
    pub(super) is_asking: bool,
    /// True if its client has closed the connection.
    pub(super) is_alone: bool,
    /// True if a worker counts it as begun: from its accept on.
    pub(super) is_taken: bool,
    /// True if unread bytes of a request have arrived.
    pub(super) has_unread: bool,
    /// True if the request's first bytes have been read.
    pub(super) has_begun: bool,
    /// True if its answer promises to keep it, as far as the worker is concerned.
    pub(super) stays: bool,
    /// True if its wait blocks the process.
    pub(super) blocks: bool,
    /// True if it waits for a timer, and not for a socket.
    pub(super) by_timer: bool,
    /// True if its wait has a thread of the pool, or wants one.
    pub(super) is_pooled: bool,
    /// Call of a service, until its connection to the service is given back.
    pub(super) call: Option<CallPlan>,
    pub(super) due: u64,
    pub(super) sent: u64,
    pub(super) accepted: u64,
    pub(super) first_read: u64,
    /// Start and end of its wait.
    pub(super) begun: u64,
    pub(super) over: u64,
    pub(super) waited: u64,
    /// Present part of its wait, start of that part, and lengths of the parts so far.
    pub(super) awaits: WaitPurpose,
    pub(super) awaits_since: u64,
    /// Due time of the timer of its newest sleep; [`None`] if a thread of the pool is to set it.
    pub(super) timer: Option<NonZeroU64>,
    parts: [Elapsed; PARTS],
    pub(super) ready: u64,
    pub(super) core_wait: u64,
    pub(super) cpu: u64,
    /// Position in its script: the step, the part of the step, and the rest of it: time left, value read, time
    /// to wait or length of a call.
    pub(super) step: u16,
    pub(super) part: Part,
    pub(super) left: u64,
    /// Status of its answer.
    pub(super) status: u16,
}

impl Connection {
    /// Returns a connection with its first request.
    pub(super) fn new(number: u32, class: u16, client: u32, due: u64, sent: u64) -> Self {
        Self {
            turn: 0,
            birth: 0,
            place: Place::Outside(0),
            number,
            class,
            client,
            opened: true,
            is_asking: true,
            is_alone: false,
            is_taken: false,
            has_unread: true,
            has_begun: false,
            stays: false,
            blocks: false,
            by_timer: false,
            is_pooled: false,
            call: None,
            due,
            sent,
            accepted: 0,
            first_read: 0,
            begun: 0,
            over: 0,
            waited: 0,
            awaits: WaitPurpose::Timer,
            awaits_since: 0,
            timer: None,
            parts: [Elapsed::ZERO; PARTS],
            ready: 0,
            core_wait: 0,
            cpu: 0,
            step: 0,
            part: Part::Begin,
            left: 0,
            status: 200,
        }
    }

    /// Returns a connection whose client sends nothing.
    pub(super) fn silent(now: u64) -> Self {
        Self {
            is_asking: false,
            has_unread: false,
            ..Self::new(NO_REQUEST, 0, NO_CLIENT, now, now)
        }
    }

    /// True if its client sends nothing.
    pub(super) fn is_silent(&self) -> bool {
        self.number == NO_REQUEST
    }

    /// Starts the next request on the connection.
    pub(super) fn asks_again(&mut self, number: u32, class: u16, client: u32, due: u64, sent: u64) {
        *self = Self {
            birth: self.birth,
            place: self.place,
            opened: false,
            ..Self::new(number, class, client, due, sent)
        };
    }

    /// Returns the outcome of its request at `done`, as its client sees it.
    pub(super) fn outcome(&self, verdict: Result<u16, Failure>, done: u64) -> Outcome {
        let first_byte = Stamp(if verdict.is_ok() { done } else { 0 });
        Outcome::of(self.report(), first_byte, verdict, Stamp(done))
    }

    /// Returns the load's report of its sending.
    pub(super) fn report(&self) -> SentRequest {
        SentRequest {
            request: self.number,
            class: self.class,
            due: Stamp(self.due),
            sent: Stamp(self.sent),
            connection: Some(self.birth),
            opened: self.opened,
        }
    }

    /// Returns its worker's report of the request.
    pub(super) fn served(&self, task: u32, written: u64) -> Served {
        Served {
            request: self.number,
            task,
            accepted: Stamp(self.accepted),
            first_read: Stamp(self.first_read),
            written: Stamp(written),
            waited: Elapsed(self.waited),
            ready: Elapsed(self.ready),
            core_wait: Elapsed(self.core_wait),
            cpu: CpuTime(self.cpu),
        }
    }

    /// Returns the parts of its waits, if it has waited.
    pub(super) fn wait_parts(&self, task: u32, written: u64) -> Option<WaitParts> {
        (self.waited > 0).then_some(WaitParts {
            at: Stamp(written),
            request: self.number,
            task,
            thread: self.parts[place_of(WaitPurpose::Thread)],
            connection: self.parts[place_of(WaitPurpose::Connection)],
            queue: self.parts[place_of(WaitPurpose::Queue)],
            call: self.parts[place_of(WaitPurpose::Answer)],
            sleep: self.parts[place_of(WaitPurpose::Timer)],
            client: Elapsed::ZERO,
        })
    }

    /// Ends the present part of its wait at `at`.
    fn end_part(&mut self, at: u64) {
        let length = Elapsed(at.saturating_sub(self.awaits_since.max(self.begun)));
        self.parts[place_of(self.awaits)] += length;
    }

    /// Starts its wait, or the next part of it.
    pub(super) fn enter_part(&mut self, part: WaitPurpose, now: u64) {
        self.end_part(now);
        (self.awaits, self.awaits_since) = (part, now);
    }

    /// Returns the request to which its worker's time belongs.
    pub(super) fn works_for(&self) -> u32 {
        if self.has_begun {
            self.number
        } else {
            NO_REQUEST
        }
    }

    /// Returns the due time of the timer that it waits for, if it yields its worker for one.
    pub(super) fn due_of(&self, then: SwitchReason) -> Option<Stamp> {
        self.timer
            .filter(|_| then == SwitchReason::Timer)
            .map(|due| Stamp(due.get()))
    }

    /// Ends its wait: it has its worker again. A wait for first bytes is the client's, and counts for no request.
    pub(super) fn end_wait(&mut self, now: u64) {
        if self.is_silent() {
            return;
        }
        let over = self.over.clamp(self.begun, now);
        self.waited += over - self.begun;
        self.end_part(over);
        self.awaits_since = now;
        self.ready += now - over;
    }
}

/// Returns the place of a part in the list of parts: [`WaitPurpose`] begins at 1.
fn place_of(part: WaitPurpose) -> usize {
    part as usize - 1
}

// Three cache lines of most machines: a million waiting connections are read once each.
const _: () = assert!(size_of::<Connection>() <= 192);
