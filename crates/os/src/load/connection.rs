//! One connection's life, as a small state machine.
//!
//! ```text
//!            send                    flush, all out            read, whole
//!   new ──────────▶ sending ──────────────────────▶ waiting ───────────────▶ idle ──┐
//!                      │ refused, reset                │ reset, ended          ▲    │ send
//!                      ▼                               ▼                       └────┘
//!                    failed                          failed           (kept connections only)
//! ```
//!
//! It is told when its socket has become readable or writable, does what can be done without waiting,
//! and answers with what came of it. It never decides to try again: whether a request that failed is
//! worth another connection is nobody's business here.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::answer::{Answer, Whole};
use crate::sys::clock::Clock;
use crate::sys::net;
use crate::sys::poller::Ready;
use crate::telemetry::{Failure, Outcome, status_and_failure};
use concsim_model::units::Stamp;

/// Reads of one connection before others have their turn.
const READS_AT_ONCE: usize = 4;

/// One connection to the server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// The request that is under way; none on an idle connection.
    exchange: Option<Exchange>,
    /// Bytes of it that the kernel did not take yet.
    unsent: Vec<u8>,
    answer: Answer,
    /// Whether a request was sent on it before.
    is_used: bool,
    /// Its number, by which its worker knows it too.
    number: Option<u32>,
    /// There may be more of the answer to read now: the last read stopped before its end.
    is_unread: bool,
    /// The server has sent its last: no event will ask for another read.
    is_closed: bool,
}

/// A request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    /// Its number.
    pub number: u32,
    /// Index into the scenario's requests.
    pub class: u16,
    /// Whose it is, in a closed load.
    pub client: Option<usize>,
    /// When it should have been sent.
    pub due: Stamp,
    /// When it was; zero: it was not.
    pub sent: Stamp,
    /// When the answer began to come; zero: not yet.
    pub first_byte: Stamp,
    /// Whether it was the first on its connection.
    pub opened: bool,
    /// The number of its connection, if it has one.
    pub connection: Option<u32>,
}

impl Exchange {
    /// What has become of it at `done`. `status` is that of a whole answer.
    pub(super) fn outcome(&self, verdict: Result<u16, Failure>, done: Stamp) -> Outcome {
        let (status, failure) = status_and_failure(verdict);
        Outcome {
            request: self.number,
            class: self.class,
            status,
            failure,
            opened: self.opened,
            due: self.due,
            sent: self.sent,
            first_byte: self.first_byte,
            done,
        }
    }
}

/// What came of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// The kernel has the request, or will take it when the connection is through.
    UnderWay,
    /// Not a byte of it was written: the connection is gone.
    Unwritten(Failure),
}

/// What came of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to come.
    Waiting,
    /// There may be more to read now: nothing will report it, so it is to be read on at the next turn.
    Unread,
    /// The exchange is over.
    Over {
        /// Which.
        exchange: Exchange,
        /// The status of a whole answer, or why there is none.
        verdict: Result<u16, Failure>,
        /// When its last byte was read, or when it failed.
        done: Stamp,
        /// Whether the connection can be used again.
        stays: bool,
    },
    /// It was idle and is so no more: the server has closed it.
    Closed,
}

impl Connection {
    /// A connection that was begun just now.
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            number: net::own_number(&stream),
            stream,
            exchange: None,
            unsent: Vec::new(),
            answer: Answer::default(),
            is_used: false,
            is_unread: false,
            is_closed: false,
        }
    }

    /// The socket, to be watched.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Takes the `Location` of the last answer, if that was a redirect.
    pub(super) fn take_location(&mut self) -> Option<String> {
        self.answer.take_location()
    }

    /// The request under way.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    /// True if there may be more of the answer to read now, which no event will report.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// Goes on with an answer of which there may be more to read.
    pub(super) fn read_on(&mut self, buffer: &mut [u8], clock: Clock) -> Progress {
        if self.is_unread {
            self.read(buffer, clock)
        } else {
            Progress::Waiting
        }
    }

    /// Sends a request, or as much of it as goes. Stamps `exchange` right before.
    pub(super) fn send(&mut self, exchange: &mut Exchange, bytes: &[u8], clock: Clock) -> Sending {
        exchange.opened = !self.is_used;
        exchange.connection = self.number;
        exchange.sent = clock.now();
        let written = match self.stream.write(bytes) {
            Ok(written) => written,
            Err(error) if is_not_yet(&error) => 0,
            Err(error) => return Sending::Unwritten(failure_of(&error)),
        };
        self.unsent.extend_from_slice(&bytes[written..]);
        self.exchange = Some(*exchange);
        self.is_used = true;
        Sending::UnderWay
    }

    /// Does what the socket's new readiness allows. `buffer` is room to read into.
    pub(super) fn handle(&mut self, ready: Ready, buffer: &mut [u8], clock: Clock) -> Progress {
        if self.exchange.is_none() {
            // Nothing was asked: whatever comes is the end, or leads to one.
            return if ready.readable {
                Progress::Closed
            } else {
                Progress::Waiting
            };
        }
        if ready.writable
            && let Err(error) = self.flush()
        {
            return self.over(Err(failure_of(&error)), clock.now(), false);
        }
        if ready.readable {
            self.is_closed |= ready.closed;
            return self.read(buffer, clock);
        }
        Progress::Waiting
    }

    fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if is_not_yet(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads until the answer is whole, nothing more is there, or [`READS_AT_ONCE`] have been made: a
    /// server that sends without end must not keep the load from its other work.
    fn read(&mut self, buffer: &mut [u8], clock: Clock) -> Progress {
        self.is_unread = false;
        for _ in 0..READS_AT_ONCE {
            let read = self.stream.read(buffer);
            let now = clock.now();
            match read {
                Ok(0) => {
                    let whole = self.answer.end().map(|whole| whole.status);
                    return self.over(whole.ok_or(Failure::Reset), now, false);
                }
                Ok(count) => {
                    if let Some(progress) = self.take(&buffer[..count], now) {
                        return progress;
                    }
                    if count < buffer.len() && !self.is_closed {
                        return Progress::Waiting;
                    }
                }
                Err(error) if is_not_yet(&error) => return Progress::Waiting,
                Err(error) => return self.over(Err(failure_of(&error)), now, false),
            }
        }
        self.is_unread = true;
        Progress::Unread
    }

    /// Takes what was read at `now`; says so if that was the last of the answer.
    fn take(&mut self, bytes: &[u8], now: Stamp) -> Option<Progress> {
        let exchange = self.exchange.as_mut().expect("an answer has a request");
        if exchange.first_byte == Stamp::ZERO {
            exchange.first_byte = now;
        }
        match self.answer.feed(bytes) {
            Ok(None) => None,
            Ok(Some(Whole { status, stays })) => {
                // An answer to half a request says that the server does not want the other half.
                let stays = stays && !self.is_closed && self.unsent.is_empty();
                Some(self.over(Ok(status), now, stays))
            }
            Err(_) => Some(self.over(Err(Failure::Reset), now, false)),
        }
    }

    fn over(&mut self, verdict: Result<u16, Failure>, done: Stamp, stays: bool) -> Progress {
        let exchange = self.exchange.take().expect("only a request can be over");
        self.answer.begin_anew();
        self.is_unread = false;
        Progress::Over {
            exchange,
            verdict,
            done,
            stays,
        }
    }
}

/// Whether trying again later is all there is to it. A connection that is not through answers a
/// write with `ENOTCONN` on some systems.
fn is_not_yet(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
    matches!(error.kind(), WouldBlock | NotConnected | Interrupted)
}

/// What a client would call it.
pub(super) fn failure_of(error: &io::Error) -> Failure {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => Failure::Reset,
        TimedOut => Failure::Timeout,
        _ => Failure::Refused,
    }
}
