//! One connection, from the door to its end: requests are received and answered, one after the other, until
//! the client or the server ends it.
//!
//! ```text
//!   arrival ── Whole ──▶ answer ── kept ──▶ arrival …
//!      │                   └── closed, cut short ──▶ end
//!      ├── Refused ──▶ refuse, linger ──▶ end
//!      └── Nothing: the client is gone, or sent nothing ──▶ end
//! ```
//!
//! Sync and coroutine workers share this code. The [`Transport`] waits for bytes: one blocks the process,
//! the other parks the task.

use std::io::{self, ErrorKind};

use super::accounting::RequestAccounting;
use crate::handler::{Answered, Application, Reply, RequestedWork, World};
use crate::http::{CONTINUE, Keep, Progress, Receiver, Refusal, Status};
use crate::telemetry::Probe;
use concsim_model::units::{Elapsed, Stamp};

/// Longest time for a request to arrive whole, from its accept or its first byte.
const ARRIVAL: Elapsed = Elapsed::from_secs(10);
/// Longest time for a client to make room for more bytes of its answer.
pub(super) const SEND: Elapsed = Elapsed::from_secs(30);
/// Longest time, and most bytes, that a refused client may go on sending before the connection is closed.
/// If it were closed at once, the refusal might be lost (RFC 9112, section 9.6).
const LINGER: Elapsed = Elapsed::from_millis(500);
const LINGER_BYTES: usize = 64 << 10;

/// Readiness of a socket that a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    /// Bytes or an end to read.
    Read,
    /// Room for bytes to write.
    Write,
}

/// Limit of a wait for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// Instant at which the wait times out.
    pub(super) until: Stamp,
    /// True between two requests: a server that stops need not wait for this connection.
    pub(super) idle: bool,
}

impl Deadline {
    /// Deadline of a wait without a limit.
    pub(super) const ENDLESS: Self = Self {
        until: Stamp::NEVER,
        idle: false,
    };

    /// Returns the deadline of a wait within a request.
    pub(super) fn until(until: Stamp) -> Self {
        Self { until, idle: false }
    }
}

/// Connection as its worker sees it: a World with a client at the other end.
pub(super) trait Transport: World {
    /// Reads bytes from the client, as soon as there are any; returns 0 at their end. Waits as the worker's
    /// kind waits. Fails with `TimedOut` at the deadline.
    fn receive(&mut self, room: &mut [u8], deadline: Deadline) -> io::Result<usize>;

    /// Reads bytes from the client that are there already. Never waits.
    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// Allows other requests to run before one that arrived together with the last one.
    fn goes_on(&mut self);

    /// Ends the sending side: the client sees an end.
    fn hang_up(&mut self);

    /// Longest time that a connection may stay idle; `None` if it is closed.
    fn keeps(&self) -> Option<Elapsed>;

    /// Instant at which the last bytes were received.
    fn received_at(&self) -> Stamp;

    /// Returns the account of the current request, and the probe to report it to.
    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe);
}

/// Result of receiving a request.
enum Arrival {
    Whole,
    Refused(Refusal),
    Nothing,
}

/// Serves a connection to its end.
pub(super) fn serve(transport: &mut impl Transport, application: &Application) {
    let mut receiver = Receiver::new();
    let mut reply = Reply::default();
    let mut first = true;
    loop {
        match arrival(transport, &mut receiver, first) {
            Arrival::Whole => {}
            Arrival::Nothing => return,
            Arrival::Refused(refusal) => {
                let answered = application.refuse(refusal, transport, &mut reply);
                end(transport, answered);
                return linger(transport);
            }
        }
        // A server that stops waits for no other request.
        if !answer(transport, application, &receiver, &mut reply) || transport.keeps().is_none() {
            return drain_client(transport);
        }
        receiver.next();
        if !receiver.is_between_requests() {
            transport.goes_on();
        }
        first = false;
    }
}

/// Receives a request to its end.
fn arrival(transport: &mut impl Transport, receiver: &mut Receiver, first: bool) -> Arrival {
    loop {
        match receiver.progress() {
            Progress::NeedMore => {}
            Progress::SayContinue => match transport.send(CONTINUE) {
                Ok(()) => continue,
                Err(_) => return Arrival::Nothing,
            },
            Progress::Whole => {
                comes(transport);
                return Arrival::Whole;
            }
            Progress::Refused(refusal) => {
                comes(transport);
                return Arrival::Refused(refusal);
            }
        }
        let between = receiver.is_between_requests();
        let deadline = deadline(transport, between, first);
        match transport.receive(receiver.room(), deadline) {
            Ok(0) => return Arrival::Nothing,
            Ok(count) => receiver.received(count),
            Err(error) if error.kind() == ErrorKind::TimedOut && !between => {
                return Arrival::Refused(Refusal {
                    status: Status::RequestTimeout,
                    reason: "the request did not arrive in time",
                });
            }
            Err(_) => return Arrival::Nothing,
        }
        comes(transport);
    }
}

fn deadline(transport: &mut impl Transport, between: bool, first: bool) -> Deadline {
    let since = transport.accounting().0.since();
    match transport.keeps() {
        Some(keepalive) if between && !first => Deadline {
            until: since + keepalive,
            idle: true,
        },
        _ => Deadline::until(since + ARRIVAL),
    }
}

/// Notes bytes of the request, with which it has begun.
fn comes(transport: &mut impl Transport) {
    let at = transport.received_at();
    let (accounting, probe) = transport.accounting();
    accounting.comes(probe, at);
}

/// Plays the request and answers it. Returns true if the connection stays.
fn answer(
    transport: &mut impl Transport,
    application: &Application,
    receiver: &Receiver,
    reply: &mut Reply,
) -> bool {
    let request = receiver.request();
    let asked = application.ask(&request);
    if let RequestedWork::Play { number, .. } = &asked {
        let (accounting, probe) = transport.accounting();
        accounting.is_number(*number);
        probe.runs_request(accounting.request);
    }
    let keep = transport.keeps().map_or(Keep::Close, |_| request.keep);
    reply.begin(request.method, keep);
    let answered = application.answer(&asked, transport, reply);
    end(transport, answered);
    answered != Answered::CutShort && keep != Keep::Close
}

/// Ends the request: its last byte is written, or never will be.
fn end(transport: &mut impl Transport, answered: Answered) {
    let (accounting, probe) = transport.accounting();
    let whole = answered != Answered::CutShort;
    accounting.end(probe, probe.now(), whole);
}

/// Reads the bytes that the client has sent beyond its last request, without waiting for more: a connection
/// closed with unread bytes is reset, and the client may lose the answer.
fn drain_client(transport: &mut impl Transport) {
    let mut room = [0; 512];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match transport.read_now(&mut room) {
            Ok(count @ 1..) => {
                if left == LINGER_BYTES {
                    transport.hang_up();
                }
                left = left.saturating_sub(count);
            }
            Ok(0) | Err(_) => return,
        }
    }
}

/// Waits for a refused client to read the refusal, while it may still be sending.
fn linger(transport: &mut impl Transport) {
    transport.hang_up();
    let until = transport.accounting().1.now() + LINGER;
    let mut room = [0; 512];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match transport.receive(&mut room, Deadline::until(until)) {
            Ok(1..) => left = left.saturating_sub(room.len()),
            Ok(0) | Err(_) => return,
        }
    }
}
