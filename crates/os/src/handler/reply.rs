//! The answer to one request: gathered in a buffer, so that a small one is one send.

use std::io;
use std::ops::Range;

use super::World;
use crate::http::response::{self, Date};
use crate::http::{Keep, Method, Status};

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
pub(super) struct Heads {
    stay: Vec<u8>,
    close: Vec<u8>,
    /// Range of their date.
    date: Range<usize>,
}

impl Heads {
    /// Returns the heads for bodies of `length` bytes.
    pub(super) fn new(length: u64) -> Self {
        let head = |keep| {
            let mut bytes = Vec::new();
            response::write_head(&mut bytes, Status::Ok, length, keep, Date::EPOCH);
            bytes
        };
        let date = response::up_to_the_date(Status::Ok).len();
        Self {
            stay: head(Keep::Stay),
            close: head(Keep::Close),
            date: date..date + Date::LENGTH,
        }
    }

    fn of(&self, keep: Keep) -> &[u8] {
        match keep {
            Keep::Stay => &self.stay,
            Keep::Close => &self.close,
        }
    }
}

/// Answer that is being made. One for each connection, begun anew with each request.
#[derive(Debug)]
pub struct Reply {
    gathered: Vec<u8>,
    keep: Keep,
    /// True for HEAD: the body is counted and not sent.
    head_alone: bool,
    /// True if any byte has gone to the client: it is too late for another status.
    is_out: bool,
    /// Number of filler bytes written so far.
    filled: u64,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            gathered: Vec::new(),
            keep: Keep::Close,
            head_alone: false,
            is_out: false,
            filled: 0,
        }
    }
}

impl Reply {
    /// Begins the answer to a request; `keep` decides whether the connection is kept after it.
    pub fn begin(&mut self, method: Method, keep: Keep) {
        self.gathered.clear();
        self.keep = keep;
        self.head_alone = method == Method::Head;
        self.is_out = false;
        self.filled = 0;
    }

    /// True if any byte of the answer has gone to the client.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.is_out
    }

    /// Fate of the connection after this answer.
    #[must_use]
    pub fn keep(&self) -> Keep {
        self.keep
    }

    /// Sends a complete answer, in place of whatever was gathered and not sent.
    pub(super) fn whole(
        &mut self,
        status: Status,
        text: &str,
        world: &mut impl World,
    ) -> io::Result<()> {
        self.gathered.clear();
        let length = text.len() as u64;
        response::write_head(&mut self.gathered, status, length, self.keep, world.date());
        if !self.head_alone {
            self.gathered.extend_from_slice(text.as_bytes());
        }
        self.finish(world)
    }

    /// Appends a prepared head, with its date filled in.
    pub(super) fn head(&mut self, heads: &Heads, date: Date) {
        let begin = self.gathered.len();
        self.gathered.extend_from_slice(heads.of(self.keep));
        self.gathered[begin..][heads.date.clone()].copy_from_slice(date.as_bytes());
    }

    /// Appends the next `bytes` of the body.
    pub(super) fn fill(&mut self, mut bytes: u64, world: &mut impl World) -> io::Result<()> {
        if self.head_alone {
            return Ok(());
        }
        while bytes > 0 {
            let at = (self.filled % FILLER.len() as u64) as usize;
            let piece = (PAGE.len() - at).min(usize::try_from(bytes).unwrap_or(usize::MAX));
            self.gathered.extend_from_slice(&PAGE[at..at + piece]);
            self.filled += piece as u64;
            bytes -= piece as u64;
            if self.gathered.len() >= GATHERED {
                self.send(world)?;
            }
        }
        Ok(())
    }

    /// Sends the gathered bytes, if there are any.
    pub(super) fn send(&mut self, world: &mut impl World) -> io::Result<()> {
        if self.gathered.is_empty() {
            return Ok(());
        }
        self.is_out = true;
        let sent = world.send(&self.gathered);
        self.gathered.clear();
        sent
    }

    /// Sends the rest, and gives back a buffer that has grown large.
    pub(super) fn finish(&mut self, world: &mut impl World) -> io::Result<()> {
        self.send(world)?;
        self.gathered.shrink_to(KEPT);
        Ok(())
    }
}
