//! One connection of load, as a small state machine.
//!
//! ```text
//!            send                    flush, all out            read, whole
//!   new ──────────▶ sending ──────────────────────▶ waiting ───────────────▶ idle ──┐
//!                      │ refused, reset                │ reset, ended          ▲    │ send
//!                      ▼                               ▼                       └────┘
//!                    failed                          failed           (kept connections only)
//! ```
//!
//! Its caller reports when the socket becomes readable or writable. It does all that needs no waiting, and
//! returns the result. It never retries: its caller decides whether a failed request gets another connection.

use std::io::{self, Write};
use std::net::TcpStream;

use super::answer::{Answer, CompleteAnswer};
use crate::sys::clock::Clock;
use crate::sys::net;
use crate::sys::poller::Ready;
use crate::sys::receive::receive;
use crate::telemetry::{Failure, Outcome, SentRequest};
use concsim_model::units::{Elapsed, Stamp};

/// Number of reads of one connection before the other connections' turn.
const READS_AT_ONCE: usize = 4;

/// Connection to the server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// Request that is under way; `None` on an idle connection.
    exchange: Option<Exchange>,
    /// Bytes of the request that the kernel did not take yet.
    unsent: Vec<u8>,
    answer: Answer,
    /// True if a request was sent on it before.
    is_used: bool,
    /// Its number, which its worker reports too.
    number: Option<u32>,
    /// True if more of the answer may be there to read: the last read stopped before its end.
    is_unread: bool,
    /// True if the server has sent its last byte: no event will ask for another read.
    is_closed: bool,
}

/// Request under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    /// Number of the request.
    pub number: u32,
    /// Index into the scenario's requests.
    pub class: u16,
    /// Client that sent it, in a closed load.
    pub client: Option<usize>,
    /// Instant at which it was due.
    pub due: Stamp,
    /// Instant at which it was sent; zero if it was not.
    pub sent: Stamp,
    /// Instant at which the first byte of the answer came; zero if none has.
    pub first_byte: Stamp,
    /// True if it was the first on its connection.
    pub opened: bool,
    /// Number of its connection, if it has one.
    pub connection: Option<u32>,
    /// Time for which the last bytes that were read had lain unread, if the system tells.
    pub unread: Option<Elapsed>,
}

impl Exchange {
    /// Returns its outcome at `done`. `verdict` has the status of a whole answer.
    pub(super) fn outcome(&self, verdict: Result<u16, Failure>, done: Stamp) -> Outcome {
        // A step of the system's clock is not taken for a time unread.
        let most = done.since(self.sent);
        Outcome {
            unread: self.unread.map(|unread| unread.min(most)),
            ..Outcome::of(self.report(), self.first_byte, verdict, done)
        }
    }

    /// Returns the report of its sending.
    pub(super) fn report(&self) -> SentRequest {
        SentRequest {
            request: self.number,
            class: self.class,
            due: self.due,
            sent: self.sent,
            connection: self.connection,
            opened: self.opened,
        }
    }
}

/// Result of sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// The kernel has the request, or will take it when the connection is open.
    UnderWay,
    /// No byte was written: the connection is gone.
    Unwritten(Failure),
}

/// Result of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More is to come.
    Waiting,
    /// More may be there to read, which no event will report: read on in the next turn.
    Unread,
    /// The exchange is over.
    Over {
        /// The request and its times.
        exchange: Exchange,
        /// Status of a whole answer, or the reason for none.
        verdict: Result<u16, Failure>,
        /// Instant at which its last byte was read, or at which it failed.
        done: Stamp,
        /// True if the connection can be used again.
        stays: bool,
    },
    /// The server has closed an idle connection.
    Closed,
}

impl Connection {
    /// Returns a connection that has just been begun.
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

    /// Returns the socket, for the poller.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Takes the `Location` of the last answer, if that was a redirect.
    pub(super) fn take_location(&mut self) -> Option<String> {
        self.answer.take_location()
    }

    /// Returns the request under way.
    pub(super) fn exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    /// True if more of the answer may be there to read, which no event will report.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// Goes on reading an answer of which more may be there.
    pub(super) fn read_on(&mut self, buffer: &mut [u8], clock: Clock) -> Progress {
        if self.is_unread {
            self.read(buffer, clock)
        } else {
            Progress::Waiting
        }
    }

    /// Sends a request, or as much of it as the kernel takes. Stamps `exchange` right before.
    pub(super) fn send(&mut self, exchange: &mut Exchange, bytes: &[u8], clock: Clock) -> Sending {
        exchange.opened = !self.is_used;
        exchange.connection = self.number;
        exchange.sent = clock.now();
        let written = match self.stream.write(bytes) {
            Ok(written) => written,
            Err(error) if must_try_again(&error) => 0,
            Err(error) => return Sending::Unwritten(failure_of(&error)),
        };
        self.unsent.extend_from_slice(&bytes[written..]);
        self.exchange = Some(*exchange);
        self.is_used = true;
        Sending::UnderWay
    }

    /// Does what the socket's new readiness allows. `buffer` is used for reading.
    pub(super) fn handle(&mut self, ready: Ready, buffer: &mut [u8], clock: Clock) -> Progress {
        if self.exchange.is_none() {
            // No request is under way: any event is the end, or leads to one.
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
                Err(error) if must_try_again(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads until the answer is whole, no more bytes are there, or [`READS_AT_ONCE`] reads have been made:
    /// a server that sends without end must not keep load from its other work.
    fn read(&mut self, buffer: &mut [u8], clock: Clock) -> Progress {
        self.is_unread = false;
        for _ in 0..READS_AT_ONCE {
            let read = receive(&self.stream, buffer);
            let now = clock.now();
            let unread = read.as_ref().ok().and_then(|received| received.unread);
            match read.map(|received| received.count) {
                Ok(0) => {
                    let whole = self.answer.end().map(|whole| whole.status);
                    return self.over(whole.ok_or(Failure::Reset), now, false);
                }
                Ok(count) => {
                    if let Some(exchange) = &mut self.exchange {
                        exchange.unread = unread;
                    }
                    if let Some(progress) = self.take(&buffer[..count], now) {
                        return progress;
                    }
                    if count < buffer.len() && !self.is_closed {
                        return Progress::Waiting;
                    }
                }
                Err(error) if must_try_again(&error) => return Progress::Waiting,
                Err(error) => return self.over(Err(failure_of(&error)), now, false),
            }
        }
        self.is_unread = true;
        Progress::Unread
    }

    /// Takes bytes that were read at `now`. Returns the result if the answer is complete.
    fn take(&mut self, bytes: &[u8], now: Stamp) -> Option<Progress> {
        let exchange = self.exchange.as_mut().expect("an answer has a request");
        if exchange.first_byte == Stamp::ZERO {
            exchange.first_byte = now;
        }
        match self.answer.feed(bytes) {
            Ok(None) => None,
            Ok(Some(CompleteAnswer { status, stays })) => {
                // After an answer to half a request, the server does not want the other half.
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

/// True if the operation only has to be tried again later. On some systems a write to a connection that is
/// not open yet fails with `ENOTCONN`.
fn must_try_again(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
    matches!(error.kind(), WouldBlock | NotConnected | Interrupted)
}

/// Failure that a client reports for an error.
pub(super) fn failure_of(error: &io::Error) -> Failure {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => Failure::Reset,
        TimedOut => Failure::Timeout,
        _ => Failure::Refused,
    }
}
