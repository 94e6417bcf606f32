//! HTTP/1.1 without input or output: bytes in, facts out.
//!
//! ```text
//!   bytes read ──▶ Receiver ──▶ Progress: NeedMore │ SayContinue │ Whole ─▶ Request │ Refused
//!                    ├─ request::parse   the head, all rules about it        (over httparse)
//!                    └─ Body             Content-Length or chunks, checked and let go
//!   facts ─────▶ response::write_head ──▶ bytes to write
//!   bytes read ──▶ response::parse ──▶ status, framing and end, for load
//! ```
//!
//! The length of a request is accepted in one form only: two servers that read it in two ways could
//! disagree on where the next request begins (RFC 9112, section 11.2). Any deviation is refused, and the
//! connection is closed. The verdict depends on the bytes alone, never on how they were cut into reads. No
//! socket, no clock, and no allocation for a request that fits into the buffer.

mod body;
mod receiver;
pub mod request;
pub mod response;
mod status;

pub use body::{Body, Framing};
pub use receiver::{Progress, Receiver};
pub use request::{Method, Persistence, Request, Source};
pub use status::Status;

/// Longest request line, in bytes; a longer one is answered with 414.
pub const LINE_LIMIT: usize = 8 << 10;
/// Longest head, in bytes, from the request line to the empty line; a longer one is answered with 431.
pub const HEAD_LIMIT: usize = 16 << 10;
/// Most header fields of one head; more are answered with 431.
pub const FIELD_LIMIT: usize = 100;
/// Longest body of a request, in bytes without its framing; a longer one is answered with 413.
pub const BODY_LIMIT: u64 = 1 << 20;

/// Response to a client that waits for it before it sends its body.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Refusal of a request that is malformed or asks for too much. The connection is closed after it: the
/// beginning of the next request is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {reason}")]
pub struct Refusal {
    /// Status of the answer.
    pub status: Status,
    /// Fault of the request, as a fragment without a period.
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
