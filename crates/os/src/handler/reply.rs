//! The answer to one request: gathered in a buffer, so that a small one is one send.

use std::io;
use std::ops::Range;

use super::World;
use crate::http::response::{self, Date};
use crate::http::{Method, Persistence, Status};

/// Number of bytes that are gathered before they are sent.
const GATHERED: usize = 16 << 10;
/// Largest buffer in bytes that is kept after a request: ten thousand connections have one each.
const KEPT: usize = 1 << 10;

/// Content of the bodies of `write` steps: 32 bytes, repeated.
const FILLER: &[u8; 32] = b"concurrency is not parallelism.\n";

/// One page of filler.
static PAGE: [u8; 4096] = {
    let mut page = [0; 4096];
    let mut at = 0;
    while at < page.len() {
        page[at] = FILLER[at % FILLER.len()];
        at += 1;
    }
    page
};

/// Heads of good answers with a body of fixed length.
#[derive(Debug)]
pub(super) struct HeadCache {
    stay: Vec<u8>,
    close: Vec<u8>,
    /// Range of their date.
    date: Range<usize>,
}

impl HeadCache {
    /// Returns the heads for bodies of `length` bytes.
    pub(super) fn new(length: u64) -> Self {
        let head = |keep| {
            let mut bytes = Vec::new();
            response::write_head(&mut bytes, Status::Ok, length, keep, Date::EPOCH);
            bytes
        };
        let date = response::up_to_the_date(Status::Ok).len();
        Self {
            stay: head(Persistence::Stay),
            close: head(Persistence::Close),
            date: date..date + Date::LENGTH,
        }
    }

    fn of(&self, keep: Persistence) -> &[u8] {
        match keep {
            Persistence::Stay => &self.stay,
            Persistence::Close => &self.close,
        }
    }
}

/// Answer that is being made. One for each connection, begun anew with each request.
#[derive(Debug)]
pub struct Reply {
    unsent: Vec<u8>,
    keep: Persistence,
    /// True for HEAD: the body is counted and not sent.
    head_alone: bool,
    /// True if any byte has gone to the client: it is too late for another status.
    has_sent: bool,
    /// Number of filler bytes written so far.
    filled: u64,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            unsent: Vec::new(),
            keep: Persistence::Close,
            head_alone: false,
            has_sent: false,
            filled: 0,
        }
    }
}

impl Reply {
    /// Begins the answer to a request; `keep` decides whether the connection is kept after it.
    pub fn begin(&mut self, method: Method, keep: Persistence) {
        self.unsent.clear();
        self.keep = keep;
        self.head_alone = method == Method::Head;
        self.has_sent = false;
        self.filled = 0;
    }

    /// True if any byte of the answer has gone to the client.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.has_sent
    }

    /// Fate of the connection after this answer.
    #[must_use]
    pub fn keep(&self) -> Persistence {
        self.keep
    }

    /// Gathers a complete answer, in place of whatever was gathered and not sent.
    pub(super) fn whole(&mut self, status: Status, text: &str, date: Date) {
        self.unsent.clear();
        let length = text.len() as u64;
        response::write_head(&mut self.unsent, status, length, self.keep, date);
        if !self.head_alone {
            self.unsent.extend_from_slice(text.as_bytes());
        }
    }

    /// Appends a prepared head, with its date filled in.
    pub(super) fn head(&mut self, heads: &HeadCache, date: Date) {
        let begin = self.unsent.len();
        self.unsent.extend_from_slice(heads.of(self.keep));
        self.unsent[begin..][heads.date.clone()].copy_from_slice(date.as_bytes());
    }

    /// Appends the next `bytes` of the body, as many as there is room for. Returns the number of those left,
    /// for which the gathered ones must be sent first.
    pub fn fill(&mut self, mut bytes: u64) -> u64 {
        if self.head_alone {
            return 0;
        }
        while bytes > 0 && self.unsent.len() < GATHERED {
            let at = (self.filled % FILLER.len() as u64) as usize;
            let piece = (PAGE.len() - at).min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.unsent.extend_from_slice(&PAGE[at..at + piece]);
            self.filled += piece as u64;
            bytes -= piece as u64;
        }
        bytes
    }

    /// Gathers bytes that come before the answer.
    pub fn before_answer(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    /// Gathered bytes.
    #[must_use]
    pub fn unsent(&self) -> &[u8] {
        &self.unsent
    }

    /// Notes that the gathered bytes have gone to the client.
    pub fn is_sent(&mut self) {
        self.has_sent |= !self.unsent.is_empty();
        self.unsent.clear();
    }

    /// Gives back a buffer that has grown large.
    pub fn shrink(&mut self) {
        self.unsent.shrink_to(KEPT);
    }

    /// Sends the gathered bytes, if there are any.
    pub(super) fn send(&mut self, world: &mut impl World) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        self.has_sent = true;
        let sent = world.send(&self.unsent);
        self.unsent.clear();
        sent
    }

    /// Sends the rest, and gives back a buffer that has grown large.
    pub(super) fn finish(&mut self, world: &mut impl World) -> io::Result<()> {
        self.send(world)?;
        self.shrink();
        Ok(())
    }
}
