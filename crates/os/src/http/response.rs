//! Response heads, as the server writes them and as load reads them.

use std::io::Write;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::{FIELD_LIMIT, Framing, HEAD_LIMIT, Persistence, Status};

/// Instant in HTTP's form, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7), which has a fixed
/// length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date([u8; Self::LENGTH]);

impl Date {
    /// Length of a date in bytes.
    pub const LENGTH: usize = 29;
    /// Beginning of Unix time.
    pub const EPOCH: Self = Self(*b"Thu, 01 Jan 1970 00:00:00 GMT");

    /// Returns the date with this text; [`None`] if it has another length.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// Returns its text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// Returns the constant part of a head, up to its date, for callers that cache it.
#[must_use]
pub fn up_to_the_date(status: Status) -> String {
    format!("HTTP/1.1 {status}\r\nServer: concsim\r\nDate: ")
}

/// Appends the head of a response with `length` bytes of plain text. A server with a clock must send the
/// date (RFC 9110, section 6.6.1).
pub fn write_head(out: &mut Vec<u8>, status: Status, length: u64, keep: Persistence, date: Date) {
    let connection = match keep {
        Persistence::Stay => "keep-alive",
        Persistence::Close => "close",
    };
    let allow = match status {
        Status::MethodNotAllowed => "Allow: GET, HEAD, POST\r\n",
        _ => "",
    };
    out.extend_from_slice(up_to_the_date(status).as_bytes());
    out.extend_from_slice(date.as_bytes());
    write!(
        out,
        "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n\
         Connection: {connection}\r\n{allow}\r\n",
    )
    .expect("a Vec takes all bytes");
}

/// Facts of a response's head that a client needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status, 100 to 999. A status below 200 is interim, and another head follows.
    pub status: u16,
    /// Way in which the end of the body is marked.
    pub framing: Framing,
    /// True if another request may follow on this connection.
    pub stays: bool,
    /// Offset of the body.
    pub end: usize,
    /// Range of the value of `Location`; [`None`] without one.
    pub location: Option<Range<usize>>,
}

/// Fault of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidResponse(pub &'static str);

/// Parses the head of the response to a GET or POST at the beginning of `bytes`; `None` if it is
/// incomplete.
///
/// # Errors
/// Fails if this is no response, or one whose end cannot be known.
pub fn parse(bytes: &[u8]) -> Result<Option<Head>, InvalidResponse> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELD_LIMIT];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let found = config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields);
    match found {
        Err(_) => Err(InvalidResponse("invalid head of the response")),
        Ok(httparse::Status::Partial) if bytes.len() >= HEAD_LIMIT => {
            Err(InvalidResponse("the response's head is too long"))
        }
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(end)) => {
            let head = facts(&parsed, end)?;
            let location = location(&parsed, bytes);
            Ok(Some(Head { location, ..head }))
        }
    }
}

/// Range of the value of `Location` in the bytes that were parsed.
fn location(parsed: &httparse::Response<'_, '_>, bytes: &[u8]) -> Option<Range<usize>> {
    let mut fields = parsed.headers.iter();
    let field = fields.find(|field| field.name.eq_ignore_ascii_case("location"))?;
    let from = field
        .value
        .as_ptr()
        .addr()
        .checked_sub(bytes.as_ptr().addr())?;
    Some(from..from + field.value.len())
}

fn facts(parsed: &httparse::Response<'_, '_>, end: usize) -> Result<Head, InvalidResponse> {
    let status = parsed.code.expect("a complete head has a status");
    let mut length = None;
    let mut chunked = false;
    let mut stays = parsed.version == Some(1);
    for field in parsed.headers.iter() {
        let value = field.value.trim_ascii();
        if field.name.eq_ignore_ascii_case("content-length") {
            let number = number(value).ok_or(InvalidResponse(
                "the response's Content-Length is not a number",
            ))?;
            if length
                .replace(number)
                .is_some_and(|before| before != number)
            {
                return Err(InvalidResponse(
                    "the response has two Content-Length fields",
                ));
            }
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            let last = value.rsplit(|byte| *byte == b',').next();
            chunked = last.is_some_and(|it| it.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        } else if field.name.eq_ignore_ascii_case("connection") {
            stays = (stays || value.eq_ignore_ascii_case(b"keep-alive"))
                && !value.eq_ignore_ascii_case(b"close");
        }
    }
    let framing = match (status, chunked, length) {
        (100..200 | 204 | 304, ..) => Framing::Length(0),
        (_, true, _) => Framing::Chunked,
        (_, false, Some(length)) => Framing::Length(length),
        (_, false, None) => Framing::UntilClose,
    };
    Ok(Head {
        status,
        framing,
        stays: stays && framing != Framing::UntilClose,
        end,
        location: None,
    })
}

/// Parses digits; a sign is an error.
fn number(digits: &[u8]) -> Option<u64> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let text = str::from_utf8(digits).ok().filter(|_| is_number);
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, framing: Framing, stays: bool) -> (u16, Framing, bool) {
        (status, framing, stays)
    }

    #[test]
    fn a_response_says_where_its_body_ends_and_whether_the_connection_stays() {
        use Framing::{Chunked, Length, UntilClose};
        for (text, expected) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
                head(200, Length(2), true),
            ),
            (
                "HTTP/1.1 200\r\ncontent-length:  2 \r\n\r\n",
                head(200, Length(2), true),
            ),
            (
                "HTTP/1.1 200\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
                head(200, Length(2), true),
            ),
            (
                "HTTP/1.1 200\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                head(200, Chunked, true),
            ),
            (
                "HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                head(500, Length(0), false),
            ),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n",
                head(200, Length(2), false),
            ),
            (
                "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n",
                head(200, Length(2), true),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                head(200, Chunked, true),
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", head(200, UntilClose, false)),
            (
                "HTTP/1.1 204 No Content\r\n\r\n",
                head(204, Length(0), true),
            ),
            ("HTTP/1.1 100 Continue\r\n\r\n", head(100, Length(0), true)),
        ] {
            let bytes = format!("{text}rest");
            let parsed = parse(bytes.as_bytes()).unwrap().expect("the head is whole");
            assert_eq!(
                (parsed.status, parsed.framing, parsed.stays),
                expected,
                "{text}"
            );
            assert_eq!(&bytes[parsed.end..], "rest");
            for length in 0..parsed.end {
                assert_eq!(parse(&bytes.as_bytes()[..length]), Ok(None));
            }
        }
    }

    #[test]
    fn bytes_that_are_no_response_are_broken() {
        for text in [
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 2\r\n\r\n",
            "HTTP/2 200\r\n\r\n",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(&[b'H'; 1]).is_ok());
        assert!(parse(format!("HTTP/1.1 200 {}", "x".repeat(HEAD_LIMIT)).as_bytes()).is_err());
    }

    #[test]
    fn load_reads_the_bytes_that_the_server_writes() {
        for (keep, stays) in [(Persistence::Stay, true), (Persistence::Close, false)] {
            let mut bytes = Vec::new();
            write_head(&mut bytes, Status::MethodNotAllowed, 17, keep, Date::EPOCH);
            let parsed = parse(&bytes).unwrap().expect("the head is whole");
            let expected = Head {
                status: 405,
                framing: Framing::Length(17),
                stays,
                end: bytes.len(),
                location: None,
            };
            assert_eq!(parsed, expected);
            assert!(
                str::from_utf8(&bytes)
                    .unwrap()
                    .contains("\r\nAllow: GET, HEAD, POST\r\n")
            );
        }
    }
}
