//! The statuses that this server sends.

use std::fmt;

/// Status of an answer; its value is the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Status {
    /// The request was played to its end.
    Ok = 200,
    /// The request breaks a rule of HTTP, or its numbers are wrong.
    BadRequest = 400,
    /// The request names a foreign host, or comes from a page of another site.
    Forbidden = 403,
    /// The scenario has no request of this name.
    NotFound = 404,
    /// HTTP defines the method, and this server does not play it.
    MethodNotAllowed = 405,
    /// The request did not arrive in time.
    RequestTimeout = 408,
    /// The body is longer than this server reads.
    ContentTooLarge = 413,
    /// The request line is longer than this server reads.
    UriTooLong = 414,
    /// The client expects something other than `100-continue`.
    ExpectationFailed = 417,
    /// The head is longer, or has more fields, than this server reads.
    FieldsTooLarge = 431,
    /// The handler panicked.
    InternalServerError = 500,
    /// This server does not know the method or a transfer coding.
    NotImplemented = 501,
    /// A service did not answer.
    BadGateway = 502,
    /// The version is neither HTTP/1.0 nor HTTP/1.1.
    VersionNotSupported = 505,
}

impl Status {
    /// Returns its number.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// Returns its name, as in the status line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::BadRequest => "Bad Request",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::RequestTimeout => "Request Timeout",
            Self::ContentTooLarge => "Content Too Large",
            Self::UriTooLong => "URI Too Long",
            Self::ExpectationFailed => "Expectation Failed",
            Self::FieldsTooLarge => "Request Header Fields Too Large",
            Self::InternalServerError => "Internal Server Error",
            Self::NotImplemented => "Not Implemented",
            Self::BadGateway => "Bad Gateway",
            Self::VersionNotSupported => "HTTP Version Not Supported",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.name())
    }
}
