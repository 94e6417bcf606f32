//! The receiving side of one connection: a buffer, and the progress of the request in it.
//!
//! ```text
//!   buffer  │ gone │ head of this request │ its body (let go of as it comes) │ next request │ room │
//!           0      start                  start + head.end                   next         filled  len
//! ```
//!
//! Bytes beyond a request are the beginning of the next one, and stay in the buffer.

use std::ops::Range;

use super::request::{self, Head};
use super::{BODY_LIMIT, Body, HEAD_LIMIT, Refusal, Request, Source};

/// Size of the buffer at first, in bytes: several times the head of an ordinary request.
const ROOM_AT_FIRST: usize = 1 << 10;
/// Room beyond the longest head, in bytes, so that a body can follow it.
const ROOM_BEYOND: usize = 4 << 10;

/// Progress of the request at the front of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Incomplete: read more, then ask again.
    NeedMore,
    /// The client waits with its body: write [`super::CONTINUE`], then ask again.
    SayContinue,
    /// Complete: [`Receiver::request`] returns it, until [`Receiver::next`] goes on to the one after it.
    Whole,
    /// Not playable: answer, and close.
    Refused(Refusal),
}

/// Receives the requests of one connection, one after the other.
#[derive(Debug)]
pub struct Receiver {
    buffer: Vec<u8>,
    /// Offset of the request at the front.
    start: usize,
    /// Number of bytes in the buffer.
    filled: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    InHead,
    InBody { head: Head, body: Body },
    Whole { head: Head, next: usize },
    Refused(Refusal),
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// Returns the receiver of a connection that has just been accepted.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            filled: 0,
            state: State::InHead,
        }
    }

    /// Returns the room for the next read; never empty.
    pub fn free_space(&mut self) -> &mut [u8] {
        if self.filled == self.buffer.len() && self.start > 0 {
            self.move_to_front();
        }
        if self.filled == self.buffer.len() {
            let length = (2 * self.buffer.len()).clamp(ROOM_AT_FIRST, HEAD_LIMIT + ROOM_BEYOND);
            assert!(
                length > self.filled,
                "a head that fills the buffer was refused"
            );
            self.buffer.resize(length, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Notes that `count` bytes were read into the room.
    ///
    /// # Panics
    /// Panics if there was no room for so many.
    pub fn received(&mut self, count: usize) {
        self.filled += count;
        assert!(
            self.filled <= self.buffer.len(),
            "bytes are read into the room"
        );
    }

    /// Returns the progress of the request at the front, with all bytes received so far.
    pub fn progress(&mut self) -> Progress {
        match self.advance() {
            Ok(progress) => progress,
            Err(refusal) => {
                self.state = State::Refused(refusal);
                Progress::Refused(refusal)
            }
        }
    }

    fn advance(&mut self) -> Result<Progress, Refusal> {
        match &mut self.state {
            State::Refused(refusal) => Err(*refusal),
            State::Whole { .. } => Ok(Progress::Whole),
            State::InHead => {
                let unread = &self.buffer[self.start..self.filled];
                let Some(head) = request::parse(unread)? else {
                    return Ok(Progress::NeedMore);
                };
                self.begin_body(head)
            }
            State::InBody { head, body } => {
                let begin = self.start + head.end;
                let swallowed = body.consume(&self.buffer[begin..self.filled])?;
                if !body.is_over() {
                    self.filled = begin;
                    return Ok(Progress::NeedMore);
                }
                let (head, next) = (head.clone(), begin + swallowed);
                self.state = State::Whole { head, next };
                Ok(Progress::Whole)
            }
        }
    }

    fn begin_body(&mut self, head: Head) -> Result<Progress, Refusal> {
        let waits = head.expects_continue;
        let body = Body::of_request(head.framing, BODY_LIMIT);
        if body.is_over() {
            let next = self.start + head.end;
            self.state = State::Whole { head, next };
            return Ok(Progress::Whole);
        }
        self.state = State::InBody { head, body };
        if waits {
            return Ok(Progress::SayContinue);
        }
        self.advance()
    }

    /// Returns the complete request at the front.
    ///
    /// # Panics
    /// Panics unless the last [`Progress`] was `Whole`.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        let State::Whole { head, .. } = &self.state else {
            panic!("a request is looked at when it is whole");
        };
        let bytes = &self.buffer[self.start..];
        let target = &bytes[head.target.clone()];
        let target = str::from_utf8(target).expect("a target is ASCII");
        // No page of this server sends a field that is not text.
        let field = |range: &Option<Range<usize>>| {
            let range = range.clone()?;
            Some(str::from_utf8(&bytes[range]).unwrap_or("?"))
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method: head.method,
            path,
            query,
            keep: head.keep,
            source: Source {
                host: field(&head.host),
                origin: field(&head.origin),
                is_cross_site: head.is_cross_site,
            },
        }
    }

    /// Goes on to the next request of the connection; some of its bytes may be there already.
    ///
    /// # Panics
    /// Panics unless the last [`Progress`] was `Whole`.
    pub fn next(&mut self) {
        let State::Whole { next, .. } = self.state else {
            panic!("a request is whole before the next one begins");
        };
        self.state = State::InHead;
        self.start = next;
        if self.start == self.filled {
            (self.start, self.filled) = (0, 0);
        }
    }

    /// Gives the buffer back if no bytes are in it; the next read takes another.
    pub fn free_empty_buffer(&mut self) {
        if self.filled == 0 {
            self.buffer = Vec::new();
        }
    }

    /// True if no byte of the request at the front has come: a client that leaves now has missed nothing.
    #[must_use]
    pub fn is_between_requests(&self) -> bool {
        matches!(self.state, State::InHead) && self.start == self.filled
    }

    /// Moves the request at the front to the beginning of the buffer.
    fn move_to_front(&mut self) {
        self.buffer.copy_within(self.start..self.filled, 0);
        if let State::Whole { next, .. } = &mut self.state {
            *next -= self.start;
        }
        self.filled -= self.start;
        self.start = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{CONTINUE, Method, Persistence};

    fn receive(receiver: &mut Receiver, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = receiver.free_space();
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            receiver.received(count);
            bytes = &bytes[count..];
        }
    }

    const GET: &[u8] = b"GET /a?n=1 HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn a_request_is_whole_when_its_last_byte_has_come() {
        let mut receiver = Receiver::new();
        assert!(receiver.is_between_requests());
        for byte in &GET[..GET.len() - 1] {
            receive(&mut receiver, &[*byte]);
            assert_eq!(receiver.progress(), Progress::NeedMore);
            assert!(!receiver.is_between_requests());
        }
        receive(&mut receiver, b"\n");
        assert_eq!(receiver.progress(), Progress::Whole);
        let request = receiver.request();
        assert_eq!(
            (request.method, request.keep),
            (Method::Get, Persistence::Stay)
        );
        assert_eq!((request.path, request.query), ("/a", "n=1"));
        receiver.next();
        assert!(receiver.is_between_requests());
    }

    #[test]
    fn a_thousand_requests_at_once_are_received_one_after_the_other() {
        let mut receiver = Receiver::new();
        let bytes = GET.repeat(1000);
        let mut whole = 0;
        for piece in bytes.chunks(700) {
            receive(&mut receiver, piece);
            while receiver.progress() == Progress::Whole {
                assert_eq!(receiver.request().path, "/a");
                whole += 1;
                receiver.next();
            }
        }
        assert_eq!(whole, 1000);
        assert!(receiver.is_between_requests());
        assert!(receiver.buffer.len() <= 2 * ROOM_AT_FIRST);
    }

    #[test]
    fn a_client_that_waits_with_its_body_is_told_once_to_go_on() {
        let mut receiver = Receiver::new();
        let head =
            "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
        receive(&mut receiver, head.as_bytes());
        assert_eq!(receiver.progress(), Progress::SayContinue);
        assert_eq!(receiver.progress(), Progress::NeedMore);
        receive(&mut receiver, b"ab");
        assert_eq!(receiver.progress(), Progress::Whole);
        assert!(CONTINUE.ends_with(b"\r\n\r\n"));
    }

    #[test]
    fn a_buffer_is_given_back_between_requests_and_only_then() {
        let mut receiver = Receiver::new();
        receive(&mut receiver, &GET.repeat(2));
        for left in [GET.len(), 0] {
            assert_eq!(receiver.progress(), Progress::Whole);
            receiver.next();
            receiver.free_empty_buffer();
            assert_eq!(receiver.filled - receiver.start, left);
            assert_eq!(receiver.buffer.is_empty(), left == 0);
        }
        receive(&mut receiver, GET);
        assert_eq!(receiver.progress(), Progress::Whole);
        assert_eq!(receiver.request().path, "/a");
    }

    #[test]
    fn a_body_is_not_kept() {
        let mut receiver = Receiver::new();
        let head = format!("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: {BODY_LIMIT}\r\n\r\n");
        receive(&mut receiver, head.as_bytes());
        let mut left = BODY_LIMIT as usize;
        while left > 0 {
            assert_eq!(receiver.progress(), Progress::NeedMore);
            let count = receiver.free_space().len().min(left);
            receiver.received(count);
            left -= count;
        }
        assert_eq!(receiver.progress(), Progress::Whole);
        assert_eq!(receiver.request().path, "/a");
        assert!(receiver.buffer.len() <= 2 * ROOM_AT_FIRST);
    }

    #[test]
    fn a_refusal_stays_whatever_comes_after_it() {
        let mut receiver = Receiver::new();
        receive(&mut receiver, b"\0");
        let Progress::Refused(refusal) = receiver.progress() else {
            panic!("a null byte begins no request");
        };
        receive(&mut receiver, GET);
        assert_eq!(receiver.progress(), Progress::Refused(refusal));
        assert_eq!(refusal.status.code(), 400);
    }
}
