//! The receiving side of one connection: a buffer, and how far the request in it has come.
//!
//! ```text
//!   buffer  │ gone │ head of this request │ its body (let go of as it comes) │ next request │ room │
//!           0      start                  start + head.end                   next         filled  len
//! ```
//!
//! Bytes beyond a request are the beginning of the next one, and stay.

use super::request::{self, Head};
use super::{BODY_LIMIT, Body, HEAD_LIMIT, Refusal, Request};

/// Room for the first read of a connection: the head of an ordinary request, several times.
const ROOM_AT_FIRST: usize = 1 << 10;
/// Room that is always left beyond the longest head, so that a body can follow it.
const ROOM_BEYOND: usize = 4 << 10;

/// How far the request at the front has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not whole: read more, then ask again.
    NeedMore,
    /// The client waits with its body: write [`super::CONTINUE`], then ask again.
    SayContinue,
    /// Whole: [`Receiver::request`] has it, until [`Receiver::next`] goes on to the one after it.
    Whole,
    /// None that can be played: answer, and close.
    Refused(Refusal),
}

/// Receives the requests of one connection, one after the other.
#[derive(Debug)]
pub struct Receiver {
    buffer: Vec<u8>,
    /// Where the request at the front begins.
    start: usize,
    /// How far the buffer is filled.
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
    /// For a connection that has just been accepted.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: vec![0; ROOM_AT_FIRST],
            start: 0,
            filled: 0,
            state: State::InHead,
        }
    }

    /// Where to put the bytes that are read next; never empty.
    pub fn room(&mut self) -> &mut [u8] {
        if self.filled == self.buffer.len() && self.start > 0 {
            self.move_to_front();
        }
        if self.filled == self.buffer.len() {
            let length = (2 * self.buffer.len()).min(HEAD_LIMIT + ROOM_BEYOND);
            assert!(
                length > self.filled,
                "a head that fills the buffer was refused"
            );
            self.buffer.resize(length, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Says how many bytes were put into the room.
    ///
    /// # Panics
    /// When there was no room for so many.
    pub fn received(&mut self, count: usize) {
        self.filled += count;
        assert!(
            self.filled <= self.buffer.len(),
            "bytes are read into the room"
        );
    }

    /// How far the request at the front has come, by all bytes received so far.
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
                let swallowed = body.swallow(&self.buffer[begin..self.filled])?;
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
        let body = Body::new(head.framing, BODY_LIMIT);
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

    /// The whole request at the front.
    ///
    /// # Panics
    /// Unless the last [`Progress`] was `Whole`.
    #[must_use]
    pub fn request(&self) -> Request<'_> {
        let State::Whole { head, .. } = &self.state else {
            panic!("a request is looked at when it is whole");
        };
        let bytes = &self.buffer[self.start..];
        let text = |range: &std::ops::Range<usize>| {
            str::from_utf8(&bytes[range.clone()]).expect("a target is ASCII")
        };
        Request {
            method: head.method,
            path: text(&head.path),
            query: text(&head.query),
            keep: head.keep,
        }
    }

    /// Goes on to the next request of the connection; some of its bytes may be there already.
    ///
    /// # Panics
    /// Unless the last [`Progress`] was `Whole`.
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

    /// Whether nothing of the request at the front has come: a client that goes away now has missed
    /// nothing.
    #[must_use]
    pub fn is_between_requests(&self) -> bool {
        matches!(self.state, State::InHead) && self.start == self.filled
    }

    /// Makes the request at the front begin where the buffer does.
    fn move_to_front(&mut self) {
        self.buffer.copy_within(self.start..self.filled, 0);
        if let State::Whole { next, .. } = &mut self.state {
            *next -= self.start;
        }
        self.filled -= self.start;
        self.start = 0;
    }
}
