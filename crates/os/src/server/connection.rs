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
//! All workers share this code, and the [`Transport`] that waits for bytes; workers with callbacks share
//! only its rules.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};

use super::transport::{Deadline, Transport, WaitStrategy};
use crate::handler::{AnswerOutcome, Application, Reply, RequestedWork, World};
use crate::http::{CONTINUE, Persistence, Progress, Receiver, Refusal, Status};
use concsim_engine::policy::ARRIVAL;
use concsim_model::units::{Elapsed, Stamp};

/// Longest time, and most bytes, that a refused client may go on sending before the connection is closed.
/// If it were closed at once, the refusal might be lost (RFC 9112, section 9.6).
pub(super) const LINGER_TIME: Elapsed = Elapsed::from_millis(500);
pub(super) const LINGER_BYTES: usize = 64 << 10;

/// Refusal of a request that did not arrive whole in [`ARRIVAL`].
pub(super) const TOO_LATE: Refusal = Refusal {
    status: Status::RequestTimeout,
    reason: "the request did not arrive in time",
};

/// Result of receiving a request.
enum Arrival {
    Whole,
    Refused(Refusal),
    Nothing,
}

/// State of a connection after it was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Served {
    /// It has ended.
    Ended,
    /// It is idle, and waits for its next request elsewhere.
    Idle,
}

/// Serves a connection to its end, or until it is idle.
pub(super) fn serve(
    transport: &mut Transport<impl WaitStrategy>,
    application: &Application,
) -> Served {
    let mut receiver = Receiver::new();
    let mut reply = Reply::default();
    let mut first = true;
    loop {
        match arrival(transport, &mut receiver, first) {
            Arrival::Whole => {}
            Arrival::Nothing => return Served::Ended,
            Arrival::Refused(refusal) => {
                let answered = application.refuse(refusal, transport, &mut reply);
                end(transport, answered);
                linger(transport);
                return Served::Ended;
            }
        }
        // A promise to keep the connection holds while the worker stops: the client may have sent more already.
        if !answer(transport, application, &receiver, &mut reply) {
            drain_client(transport.socket());
            return Served::Ended;
        }
        receiver.next();
        if !receiver.is_between_requests() {
            transport.between_requests();
        } else if transport.leaves_idle_connections() {
            return Served::Idle;
        }
        first = false;
    }
}

/// Receives a request to its end.
fn arrival(
    transport: &mut Transport<impl WaitStrategy>,
    receiver: &mut Receiver,
    first: bool,
) -> Arrival {
    loop {
        match receiver.progress() {
            Progress::NeedMore => {}
            Progress::SayContinue => match transport.send(CONTINUE) {
                Ok(()) => continue,
                Err(_) => return Arrival::Nothing,
            },
            Progress::Whole => {
                on_bytes(transport);
                return Arrival::Whole;
            }
            Progress::Refused(refusal) => {
                on_bytes(transport);
                return Arrival::Refused(refusal);
            }
        }
        let between = receiver.is_between_requests();
        let keepalive = transport.keepalive().filter(|_| between && !first);
        let deadline = deadline(transport.accounting().0.since(), keepalive);
        match transport.receive(receiver.free_space(), deadline) {
            Ok(0) => return Arrival::Nothing,
            Ok(count) => receiver.received(count),
            Err(error) if error.kind() == ErrorKind::TimedOut && !between => {
                return Arrival::Refused(TOO_LATE);
            }
            Err(_) => return Arrival::Nothing,
        }
        on_bytes(transport);
    }
}

/// Returns the deadline of a wait for bytes of a request that was taken at `since`. `keepalive` is there
/// between two requests.
pub(super) fn deadline(since: Stamp, keepalive: Option<Elapsed>) -> Deadline {
    match keepalive {
        Some(keepalive) => Deadline::until(since + keepalive),
        None => Deadline::until(since + ARRIVAL),
    }
}

/// Notes bytes of the request, with which it has begun.
fn on_bytes(transport: &mut Transport<impl WaitStrategy>) {
    let at = transport.received_at();
    let (accounting, probe) = transport.accounting();
    accounting.on_bytes(probe, at);
}

/// Plays the request and answers it. Returns true if the connection stays.
fn answer(
    transport: &mut Transport<impl WaitStrategy>,
    application: &Application,
    receiver: &Receiver,
    reply: &mut Reply,
) -> bool {
    transport.request_begins();
    let request = receiver.request();
    let asked = application.ask(&request);
    if let RequestedWork::Play { number, .. } = &asked {
        let (accounting, probe) = transport.accounting();
        accounting.is_number(*number);
        probe.runs_request(accounting.request);
    }
    let keep = if transport.keeps_connections() {
        request.keep
    } else {
        Persistence::Close
    };
    reply.begin(request.method, keep);
    let answered = application.answer(&asked, transport, reply);
    end(transport, answered);
    answered != AnswerOutcome::CutShort && keep != Persistence::Close
}

/// Ends the request: its last byte is written, or never will be.
fn end(transport: &mut Transport<impl WaitStrategy>, answered: AnswerOutcome) {
    let (accounting, probe) = transport.accounting();
    let whole = answered != AnswerOutcome::CutShort;
    accounting.end(probe, probe.now(), whole);
}

/// Reads the bytes that the client has sent beyond its last request, without waiting for more: a connection
/// closed with unread bytes is reset, and the client may lose the answer.
pub(super) fn drain_client(mut socket: &TcpStream) {
    let mut room = [0; 512];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match socket.read(&mut room) {
            Ok(count @ 1..) => {
                if left == LINGER_BYTES {
                    shutdown_write(socket);
                }
                left = left.saturating_sub(count);
            }
            Ok(0) | Err(_) => return,
        }
    }
}

/// Ends the sending side: the client sees an end.
pub(super) fn shutdown_write(socket: &TcpStream) {
    // If the client is gone, there is nothing to end.
    let _ = socket.shutdown(Shutdown::Write);
}

/// Waits for a refused client to read the refusal, while it may still be sending.
fn linger(transport: &mut Transport<impl WaitStrategy>) {
    shutdown_write(transport.socket());
    let until = transport.accounting().1.now() + LINGER_TIME;
    let mut room = [0; 512];
    let mut left = LINGER_BYTES;
    while left > 0 {
        match transport.receive(&mut room, Deadline::until(until)) {
            Ok(1..) => left = left.saturating_sub(room.len()),
            Ok(0) | Err(_) => return,
        }
    }
}
