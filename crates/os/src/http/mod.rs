//! HTTP/1.1 without input or output: bytes in, facts out.
//!
//! ```text
//!   bytes read ──▶ Receiver ──▶ Progress: NeedMore │ SayContinue │ Whole ─▶ Request │ Refused
//!                    ├─ request::parse   the head, all rules about it        (over httparse)
//!                    └─ Body             Content-Length or chunks, checked and let go
//!   facts ─────▶ response::write_head ──▶ bytes to write
//!   bytes read ──▶ response::parse ──▶ what load needs to know of an answer
//! ```
//!
//! What a request says of its own length is believed in one way only, since two servers that read
//! it in two ways can be made to disagree on where the next request begins (RFC 9112, section 11.2).
//! Whatever is not exactly right is refused, and the connection is closed. The verdict depends on
//! the bytes alone, never on how they were cut into reads. No socket, no clock, no allocation for
//! a request that fits into the buffer.

mod body;
mod receiver;
pub mod request;
pub mod response;
mod status;

pub use body::{Body, Framing};
pub use receiver::{Progress, Receiver};
pub use request::{Keep, Method, Request, Source};
pub use status::Status;

/// Longest request line, in bytes; a longer one is answered with 414.
pub const LINE_LIMIT: usize = 8 << 10;
/// Longest head, in bytes, from the request line to the empty line; a longer one is a 431.
pub const HEAD_LIMIT: usize = 16 << 10;
/// Most header fields of one head; more are a 431.
pub const FIELD_LIMIT: usize = 100;
/// Longest body of a request, in bytes without its framing; a longer one is a 413.
pub const BODY_LIMIT: u64 = 1 << 20;

/// What to write to a client that waits for it before it sends its body.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A request that is not played, since it is not one or asks for too much. After it the connection
/// is closed: where the next request would begin is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {reason}")]
pub struct Refusal {
    /// What to answer.
    pub status: Status,
    /// What is wrong with the request, as a fragment without a period.
    pub reason: &'static str,
}

impl Refusal {
    pub(crate) const fn new(status: Status, reason: &'static str) -> Self {
        Self { status, reason }
    }

    const fn bad(reason: &'static str) -> Self {
        Self::new(Status::BadRequest, reason)
    }
}
