//! A connection: one connection, from its client's first connect at the door to its end, with the request that
//! it is at, and with what that has spent so far.

use slab::Slab;

use concsim_engine::telemetry::{
    Awaited, Failure, NO_REQUEST, Outcome, Served, SwitchReason, WaitParts, status_and_failure,
};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Names a connection; used again when it has gone.
pub(super) type ConnectionId = u32;

/// All connections.
pub(super) type Connections = Slab<Connection>;

/// Of no client: an open load's, or one more than the load would send.
pub(super) const NOBODY: u32 = u32::MAX;

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The queue was full so many times.
    Outside(u32),
    /// In the listener's queue.
    AtTheDoor,
    /// A worker has it: the slot, and the task or thread there.
    Inside { worker: u16, seat: u32 },
}

/// What a script needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A step begins.
    Begin,
    /// A slice of a computation is over: it lets go.
    SliceOver,
    /// It has let go, and what is left of the computation comes.
    Slice,
    /// A counter was read, and others have run since.
    Counted,
}

/// One connection.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what its client, its worker and its wait know of it are independent of each other"
)]
pub(super) struct Connection {
    /// Valid for one wait of this connection alone.
    pub(super) turn: u32,
    /// Of no other connection.
    pub(super) birth: u32,
    pub(super) place: Place,
    /// The request's number, class and client.
    pub(super) number: u32,
    pub(super) class: u16,
    pub(super) client: u32,
    /// Whether it is the first of its connection.
    pub(super) opened: bool,
    /// Whether its client waits for an answer.
    pub(super) is_asking: bool,
    /// Whether its client has hung up.
    pub(super) is_alone: bool,
    /// Whether a worker counts it as begun: from its accept on.
    pub(super) is_taken: bool,
    /// Whether bytes of a request lie there that nobody has read.
    pub(super) has_come: bool,
    /// Whether its first bytes have been read.
    pub(super) has_begun: bool,
    /// Where it stands in its worker's list.
    pub(super) seat_among_guests: u32,
    /// Whether its wait sleeps in the process.
    pub(super) blocks: bool,
    /// Whether it waits for a timer, and not for a socket.
    pub(super) by_timer: bool,
    /// Whether its wait has a thread of the pool, or wants one; and the service that it will call there.
    pub(super) is_pooled: bool,
    pub(super) calls: Option<u16>,
    pub(super) due: u64,
    pub(super) sent: u64,
    pub(super) accepted: u64,
    pub(super) first_read: u64,
    /// When its wait began, and when it was over.
    pub(super) begun: u64,
    pub(super) over: u64,
    pub(super) waited: u64,
    /// What it waits for, since when, and what its waits were for so far.
    pub(super) awaits: Awaited,
    pub(super) awaits_since: u64,
    /// When the timer of its newest sleep is due; [`None`] if a thread of the pool is to set it.
    pub(super) timer: Option<u64>,
    pub(super) parts: WaitParts,
    pub(super) ready: u64,
    pub(super) core_wait: u64,
    pub(super) cpu: u64,
    /// Where its script is: the step, the part of it, and what is left of it, was read in it or is to be
    /// waited for.
    pub(super) step: u16,
    pub(super) part: Part,
    pub(super) left: u64,
    /// Of its answer.
    pub(super) status: u16,
}

impl Connection {
    /// A connection that asks for the first time.
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
            has_come: true,
            has_begun: false,
            seat_among_guests: 0,
            blocks: false,
            by_timer: false,
            is_pooled: false,
            calls: None,
            due,
            sent,
            accepted: 0,
            first_read: 0,
            begun: 0,
            over: 0,
            waited: 0,
            awaits: Awaited::Timer,
            awaits_since: 0,
            timer: None,
            parts: WaitParts::default(),
            ready: 0,
            core_wait: 0,
            cpu: 0,
            step: 0,
            part: Part::Begin,
            left: 0,
            status: 200,
        }
    }

    /// It asks again, on the connection that it has.
    pub(super) fn asks_again(&mut self, number: u32, class: u16, client: u32, due: u64, sent: u64) {
        *self = Self {
            birth: self.birth,
            seat_among_guests: self.seat_among_guests,
            place: self.place,
            opened: false,
            ..Self::new(number, class, client, due, sent)
        };
    }

    /// What became of its request at `done`, as its client sees it.
    pub(super) fn outcome(&self, verdict: Result<u16, Failure>, done: u64) -> Outcome {
        let (status, failure) = status_and_failure(verdict);
        Outcome {
            request: self.number,
            class: self.class,
            status,
            failure,
            opened: self.opened,
            due: Stamp(self.due),
            sent: Stamp(self.sent),
            first_byte: Stamp(if verdict.is_ok() { done } else { 0 }),
            done: Stamp(done),
        }
    }

    /// What became of it inside its worker.
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

    /// What its waits were for, if it has waited.
    pub(super) fn wait_parts(&self, task: u32, written: u64) -> Option<WaitParts> {
        (self.waited > 0).then_some(WaitParts {
            at: Stamp(written),
            request: self.number,
            task,
            ..self.parts
        })
    }

    /// A part of its wait is over at `at`.
    fn end_part(&mut self, at: u64) {
        let length = Elapsed(at.saturating_sub(self.awaits_since.max(self.begun)));
        let parts = &mut self.parts;
        *match self.awaits {
            Awaited::Thread => &mut parts.thread,
            Awaited::Connection => &mut parts.connection,
            Awaited::Queue => &mut parts.queue,
            Awaited::Answer => &mut parts.call,
            Awaited::Timer => &mut parts.sleep,
        } += length;
    }

    /// Its wait begins, or enters another part.
    pub(super) fn enter_part(&mut self, part: Awaited, now: u64) {
        self.end_part(now);
        (self.awaits, self.awaits_since) = (part, now);
    }

    /// For which request a stretch of its worker's time was.
    pub(super) fn works_for(&self) -> u32 {
        if self.has_begun {
            self.number
        } else {
            NO_REQUEST
        }
    }

    /// When the timer is due that it waits for, if it lets go of its worker for one.
    pub(super) fn due_of(&self, then: SwitchReason) -> Option<Stamp> {
        self.timer
            .filter(|_| then == SwitchReason::Timer)
            .map(Stamp)
    }

    /// Its wait is over, and it has its worker again.
    pub(super) fn goes_on(&mut self, now: u64) {
        let over = self.over.clamp(self.begun, now);
        self.waited += over - self.begun;
        self.end_part(over);
        self.awaits_since = now;
        self.ready += now - over;
    }
}
