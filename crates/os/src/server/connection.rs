//! One connection, from the door to its end: requests are received and answered, one after the
//! other, until either side has had enough.
//!
//! ```text
//!   arrival ── Whole ──▶ answer ── kept ──▶ arrival …
//!      │                   └── closed, cut short ──▶ end
//!      ├── Refused ──▶ refuse, linger ──▶ end
//!      └── Nothing: the client is gone, or kept silent ──▶ end
//! ```
//!
//! The same code under a sync and under a coroutine worker. How it waits for bytes is the [`Transport`]'s
//! business: one blocks the process, the other parks the coroutine.

use std::io::{self, ErrorKind};

use super::accounting::RequestAccounting;
use crate::handler::{Answered, Application, Asked, Reply, World};
use crate::http::{CONTINUE, Keep, Progress, Receiver, Refusal, Status};
use crate::telemetry::Probe;
use concsim_model::units::{Elapsed, Stamp};

/// How long a request may take to arrive whole, from its accept or its first byte.
const ARRIVAL: Elapsed = Elapsed::from_secs(10);
/// How long a client may take to make room for more bytes of its answer.
pub(super) const SEND: Elapsed = Elapsed::from_secs(30);
/// How long a client that was refused may go on sending before the connection is closed in its face,
/// and how much: closed at once, the refusal might be lost on its way (RFC 9112, section 9.6).
const LINGER: Elapsed = Elapsed::from_millis(500);
const LINGER_BYTES: usize = 64 << 10;

/// Readiness of a socket that a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    /// Bytes, or an end.
    Read,
    /// Room for bytes.
    Write,
}

/// How long a connection waits for its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// No longer than this.
    pub(super) until: Stamp,
    /// It waits between two requests: a server that stops need not wait for it.
    pub(super) idle: bool,
}

impl Deadline {
    /// As long as it takes.
    pub(super) const ENDLESS: Self = Self {
        until: Stamp::NEVER,
        idle: false,
    };

    /// Until an instant.
    pub(super) fn until(until: Stamp) -> Self {
        Self { until, idle: false }
    }
}

/// A connection as its worker sees it: a World with a client at the other end.
pub(super) trait Transport: World {
    /// Bytes from the client, as soon as there are any; 0 at their end. Waits as the worker's kind
    /// waits, and says `TimedOut` when the patience is over.
    fn receive(&mut self, room: &mut [u8], patience: Deadline) -> io::Result<usize>;

    /// Bytes from the client that are there already. Never waits.
    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// Goes on with a request that came together with the last one: others may be first.
    fn goes_on(&mut self);

    /// Sends no more. The client sees an end.
    fn hang_up(&mut self);

    /// How long a connection may stay for another request; `None`: it is closed.
    fn keeps(&self) -> Option<Elapsed>;

    /// When the bytes that were received last came.
    fn received_at(&self) -> Stamp;

    /// The account of the request that the connection is at, and where it is told.
    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe);
}

/// How a request arrived.
enum Arrival {
    Whole,
    Refused(Refusal),
    Nothing,
}

/// Plays a connection to its end.
pub(super) fn serve(line: &mut impl Transport, application: &Application) {
    let mut receiver = Receiver::new();
    let mut reply = Reply::default();
    let mut first = true;
    loop {
        match arrival(line, &mut receiver, first) {
            Arrival::Whole => {}
            Arrival::Nothing => return,
            Arrival::Refused(refusal) => {
                let answered = application.refuse(refusal, line, &mut reply);
                end(line, answered);
                return linger(line);
            }
        }
        // A server that stops waits for no other request.
        if !answer(line, application, &receiver, &mut reply) || line.keeps().is_none() {
            return take_the_rest(line);
        }
        receiver.next();
        if !receiver.is_between_requests() {
            line.goes_on();
        }
        first = false;
    }
}

/// Receives a request to its end.
fn arrival(line: &mut impl Transport, receiver: &mut Receiver, first: bool) -> Arrival {
    loop {
        match receiver.progress() {
            Progress::NeedMore => {}
            Progress::SayContinue => match line.send(CONTINUE) {
                Ok(()) => continue,
                Err(_) => return Arrival::Nothing,
            },
            Progress::Whole => {
                comes(line);
                return Arrival::Whole;
            }
            Progress::Refused(refusal) => {
                comes(line);
                return Arrival::Refused(refusal);
            }
        }
        let between = receiver.is_between_requests();
        let patience = patience(line, between, first);
        match line.receive(receiver.room(), patience) {
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
        comes(line);
    }
}

fn patience(line: &mut impl Transport, between: bool, first: bool) -> Deadline {
    let since = line.accounting().0.since();
    match line.keeps() {
        Some(keepalive) if between && !first => Deadline {
            until: since + keepalive,
            idle: true,
        },
        _ => Deadline::until(since + ARRIVAL),
    }
}

/// Bytes of the request are there: it has begun.
fn comes(line: &mut impl Transport) {
    let at = line.received_at();
    let (accounting, probe) = line.accounting();
    accounting.comes(probe, at);
}

/// Does what the request asks for, and answers; whether the connection stays.
fn answer(
    line: &mut impl Transport,
    application: &Application,
    receiver: &Receiver,
    reply: &mut Reply,
) -> bool {
    let request = receiver.request();
    let asked = application.ask(&request);
    if let Asked::Play { number, .. } = &asked {
        let (accounting, probe) = line.accounting();
        accounting.is_number(*number);
        probe.runs_request(accounting.request);
    }
    let keep = line.keeps().map_or(Keep::Close, |_| request.keep);
    reply.begin(request.method, keep);
    let answered = application.answer(&asked, line, reply);
    end(line, answered);
    answered != Answered::CutShort && keep != Keep::Close
}

/// The request has ended: its last byte is written, or never will be.
fn end(line: &mut impl Transport, answered: Answered) {
    let (accounting, probe) = line.accounting();
    let whole = answered != Answered::CutShort;
    accounting.end(probe, probe.now(), whole);
}

/// Takes what the client has sent beyond its last request, without waiting for more: a connection that
/// is closed with unread bytes is reset, and the client may lose the answer.
fn take_the_rest(line: &mut impl Transport) {
    let mut room = [0; 512];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match line.read_now(&mut room) {
            Ok(count @ 1..) => {
                if left == LINGER_BYTES {
                    line.hang_up();
                }
                left = left.saturating_sub(count);
            }
            Ok(0) | Err(_) => return,
        }
    }
}

/// Lets a client that was refused read why, while it may still be sending.
fn linger(line: &mut impl Transport) {
    line.hang_up();
    let until = line.accounting().1.now() + LINGER;
    let mut room = [0; 512];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match line.receive(&mut room, Deadline::until(until)) {
            Ok(1..) => left = left.saturating_sub(room.len()),
            Ok(0) | Err(_) => return,
        }
    }
}
