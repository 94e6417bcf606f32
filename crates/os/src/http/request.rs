//! Request heads: target, origin and framing.
//!
//! httparse finds lines, names and values; the rules about more than one line are here. A head is parsed
//! again, from its first byte, each time bytes have come: it is at most 16 KiB long, and nearly always
//! comes whole.
//! nearly always comes whole.

use std::mem::MaybeUninit;
use std::ops::Range;

use httparse::{Error, Header};

use super::body::is_token;
use super::{BODY_LIMIT, FIELD_LIMIT, Framing, HEAD_LIMIT, LINE_LIMIT, Refusal, Status};

/// Method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`: as GET, but the answer has no body.
    Head,
    /// `POST`: as GET, after the body has been read.
    Post,
    /// A method that HTTP defines and this server does not play.
    NotPlayed,
    /// A method that HTTP does not define.
    Unknown,
}

/// Fate of the connection after the answer, and the field in the answer that announces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It is closed: `Connection: close`.
    Close,
    /// It stays: `Connection: keep-alive`, which is the default in HTTP/1.1, but not in 1.0.
    Stay,
}

/// Complete request: its head, after its body has been read and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'bytes> {
    /// Method.
    pub method: Method,
    /// Path: begins with `/`, unless it is `*` or empty. Percent signs are not decoded.
    pub path: &'bytes str,
    /// Text after the question mark; empty if there is none.
    pub query: &'bytes str,
    /// Fate of the connection, as the client wants it.
    pub keep: Persistence,
    /// Origin of the request.
    pub source: Source<'bytes>,
}

/// Fields of a request that name its origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Source<'bytes> {
    /// `Host`, with its port if it has one.
    pub host: Option<&'bytes str>,
    /// `Origin`: the site of the page that made the request.
    pub origin: Option<&'bytes str>,
    /// True for `Sec-Fetch-Site: cross-site`: the request comes from a page of another site.
    pub is_cross_site: bool,
}

/// Facts of a head; ranges refer to the bytes that it was parsed from.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    /// Path and query.
    pub(super) target: Range<usize>,
    /// As in [`Source`].
    pub(super) host: Option<Range<usize>>,
    pub(super) origin: Option<Range<usize>>,
    pub(super) is_cross_site: bool,
    pub(super) keep: Persistence,
    pub(super) framing: Framing,
    /// True if the client waits for [`super::CONTINUE`] before it sends its body.
    pub(super) expects_continue: bool,
    /// Offset of the body.
    pub(super) end: usize,
}

/// Parses the head at the beginning of `bytes`; `None` if it is incomplete.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    // Two windows, so that a head is judged by its first faulty bytes, whether more bytes have come or not.
    let line_window = &bytes[..bytes.len().min(LINE_LIMIT)];
    if let Some(head) = parse_window(line_window)? {
        return Ok(Some(head));
    }
    if bytes.len() < LINE_LIMIT {
        return Ok(None);
    }
    if !line_window.contains(&b'\n') {
        return Err(Refusal::new(
            Status::UriTooLong,
            "the request line is too long",
        ));
    }
    let head = parse_window(&bytes[..bytes.len().min(HEAD_LIMIT)])?;
    if head.is_none() && bytes.len() >= HEAD_LIMIT {
        return Err(Refusal::new(Status::FieldsTooLarge, "the head is too long"));
    }
    Ok(head)
}

fn parse_window(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELD_LIMIT];
    let mut parsed = httparse::Request::new(&mut []);
    let found = parsed.parse_with_uninit_headers(bytes, &mut fields);
    match found {
        Err(Error::Version) if minor_version(bytes).is_some() => parse_as_1_1(bytes),
        Err(error) => Err(refusal(error, bytes)),
        Ok(httparse::Status::Partial) => Ok(None),
        Ok(httparse::Status::Complete(end)) => {
            all_lines_end_right(&bytes[..end])?;
            facts(&parsed, bytes, end).map(Some)
        }
    }
}

/// Returns the offset of a minor version from 2 to 9 in a request line of HTTP/1.
fn minor_version(bytes: &[u8]) -> Option<usize> {
    let line = bytes.trim_ascii_start();
    let third = line.splitn(3, |byte| *byte == b' ').nth(2)?;
    let begin = bytes.len() - third.len();
    let minor = third.strip_prefix(b"HTTP/1.")?.first()?;
    matches!(minor, b'2'..=b'9').then_some(begin + b"HTTP/1.".len())
}

/// Parses a head with a later minor version as HTTP/1.1 (RFC 9110, section 2.5).
#[cold]
fn parse_as_1_1(bytes: &[u8]) -> Result<Option<Head>, Refusal> {
    let mut known = bytes.to_vec();
    if let Some(minor) = minor_version(bytes) {
        known[minor] = b'1';
    }
    parse_window(&known)
}

/// Refuses a bare line feed, which httparse takes for the end of a line: a server in front might not.
fn all_lines_end_right(head: &[u8]) -> Result<(), Refusal> {
    // Counts all of them, where the first would do: so the compiler may check sixteen pairs at once.
    let pairs = head.iter().zip(head.iter().skip(1));
    let bare = pairs
        .filter(|(before, byte)| **byte == b'\n' && **before != b'\r')
        .count();
    if bare > 0 || head.first() == Some(&b'\n') {
        return Err(Refusal::bad("a line ends without a carriage return"));
    }
    Ok(())
}

fn refusal(error: Error, bytes: &[u8]) -> Refusal {
    match error {
        Error::TooManyHeaders => {
            Refusal::new(Status::FieldsTooLarge, "too many fields in the head")
        }
        Error::Version if names_http(bytes) => {
            let reason = "unsupported version: use HTTP/1.1 or HTTP/1.0";
            Refusal::new(Status::VersionNotSupported, reason)
        }
        Error::HeaderName => Refusal::bad("invalid field name"),
        Error::HeaderValue => Refusal::bad("invalid field value"),
        Error::NewLine => Refusal::bad("carriage return without line feed"),
        Error::Status | Error::Token | Error::Version => Refusal::bad("invalid request line"),
    }
}

/// True if the third word of the request line begins as a version does.
fn names_http(bytes: &[u8]) -> bool {
    let third = bytes
        .trim_ascii_start()
        .splitn(3, |byte| *byte == b' ')
        .nth(2);
    third.is_some_and(|word| word.starts_with(b"HTTP/"))
}

fn facts(parsed: &httparse::Request<'_, '_>, bytes: &[u8], end: usize) -> Result<Head, Refusal> {
    let is_1_1 = parsed.version == Some(1);
    let fields = Fields::collect(parsed.headers)?;
    if is_1_1 && fields.host.is_none() {
        return Err(Refusal::bad("the Host field is missing"));
    }
    let target = parsed.path.expect("a complete head has a target");
    let target = path_and_query(target, parsed.method.unwrap_or_default())?;
    let within = |part: &[u8]| {
        let begin = part.as_ptr().addr() - bytes.as_ptr().addr();
        begin..begin + part.len()
    };
    let framing = fields.framing(is_1_1)?;
    Ok(Head {
        method: method(parsed.method.expect("a complete head has a method")),
        target: within(target.as_bytes()),
        host: fields.host.map(within),
        origin: fields.origin.map(within),
        is_cross_site: fields.is_cross_site,
        keep: fields.keep(is_1_1),
        framing,
        expects_continue: fields.expects_continue && is_1_1 && framing != Framing::Length(0),
        end,
    })
}

fn method(word: &str) -> Method {
    match word {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE" | "PATCH" => Method::NotPlayed,
        _ => Method::Unknown,
    }
}

/// Path and query of a target in origin form (`/a?b`) or absolute form (`http://host/a?b`). The other two
/// forms belong to one method each: `OPTIONS *`, and `CONNECT host:80`.
fn path_and_query<'target>(
    target: &'target str,
    method_word: &str,
) -> Result<&'target str, Refusal> {
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::bad(
            "the target has bytes that must be percent-encoded",
        ));
    }
    if target.starts_with('/') {
        return Ok(target);
    }
    match (target.split_once("://"), method_word) {
        (Some(("http" | "https" | "HTTP" | "HTTPS", rest)), _) => {
            Ok(&rest[rest.find(['/', '?']).unwrap_or(rest.len())..])
        }
        (_, "OPTIONS") if target == "*" => Ok(target),
        (_, "CONNECT") => Ok(target),
        _ => Err(Refusal::bad("the target is neither a path nor a URI")),
    }
}

/// Facts that the fields state together.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four things that a head says or does not"
)]
#[derive(Default)]
struct Fields<'bytes> {
    host: Option<&'bytes [u8]>,
    origin: Option<&'bytes [u8]>,
    is_cross_site: bool,
    length: Option<&'bytes [u8]>,
    coding: Option<&'bytes [u8]>,
    asks_close: bool,
    asks_keep: bool,
    expects_continue: bool,
}

impl<'bytes> Fields<'bytes> {
    fn collect(fields: &[Header<'bytes>]) -> Result<Self, Refusal> {
        let mut collected = Self::default();
        for field in fields {
            collected.add(field.name, field.value)?;
        }
        Ok(collected)
    }

    fn add(&mut self, name: &str, value: &'bytes [u8]) -> Result<(), Refusal> {
        if name.eq_ignore_ascii_case("host") {
            self.host(value)
        } else if name.eq_ignore_ascii_case("content-length") {
            only_once(&mut self.length, value, "duplicate Content-Length")
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            only_once(&mut self.coding, value, "duplicate Transfer-Encoding")
        } else if name.eq_ignore_ascii_case("connection") {
            self.connection(value);
            Ok(())
        } else if name.eq_ignore_ascii_case("expect") {
            self.expect(value)
        } else if name.eq_ignore_ascii_case("origin") {
            self.origin = Some(value);
            Ok(())
        } else if name.eq_ignore_ascii_case("sec-fetch-site") {
            self.is_cross_site |= value.eq_ignore_ascii_case(b"cross-site");
            Ok(())
        } else {
            Ok(())
        }
    }

    fn host(&mut self, value: &'bytes [u8]) -> Result<(), Refusal> {
        let allowed = |byte: &u8| {
            is_token(*byte) || matches!(byte, b'(' | b')' | b'=' | b',' | b';' | b':' | b'[' | b']')
        };
        if self.host.is_some() || !value.iter().all(allowed) {
            return Err(Refusal::bad("duplicate or invalid Host"));
        }
        self.host = Some(value);
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            self.asks_close |= option.eq_ignore_ascii_case(b"close");
            self.asks_keep |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    fn expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            let reason = "unsupported Expect: only 100-continue";
            return Err(Refusal::new(Status::ExpectationFailed, reason));
        }
        self.expects_continue = true;
        Ok(())
    }

    fn keep(&self, is_1_1: bool) -> Persistence {
        match (self.asks_close, is_1_1, self.asks_keep) {
            (true, ..) | (false, false, false) => Persistence::Close,
            (false, true, _) | (false, false, true) => Persistence::Stay,
        }
    }

    fn framing(&self, is_1_1: bool) -> Result<Framing, Refusal> {
        match (self.length, self.coding) {
            (None, None) => Ok(Framing::Length(0)),
            (Some(_), Some(_)) => Err(Refusal::bad("both Content-Length and Transfer-Encoding")),
            (Some(length), None) => content_length(length),
            (None, Some(_)) if !is_1_1 => Err(Refusal::bad("HTTP/1.0 has no transfer codings")),
            (None, Some(coding)) => transfer_coding(coding),
        }
    }
}

fn only_once<'bytes>(
    place: &mut Option<&'bytes [u8]>,
    value: &'bytes [u8],
    reason: &'static str,
) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::bad(reason)),
    }
}

/// Parses digits alone: no sign, no list.
fn content_length(value: &[u8]) -> Result<Framing, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::bad("Content-Length is not a number"));
    }
    let digit = |byte: &u8| u64::from(byte - b'0');
    let length = value.iter().fold(0_u64, |sum, byte| {
        sum.saturating_mul(10).saturating_add(digit(byte))
    });
    if length > BODY_LIMIT {
        return Err(Refusal::new(
            Status::ContentTooLarge,
            "the body is too long",
        ));
    }
    Ok(Framing::Length(length))
}

/// Accepts `chunked` alone. A coding before it is merely unknown; any other list leaves the end of the body
/// open.
fn transfer_coding(value: &[u8]) -> Result<Framing, Refusal> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(Framing::Chunked);
    }
    let mut codings = value.rsplit(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some_and(is_chunked) && !codings.any(is_chunked) {
        let reason = "unsupported Transfer-Encoding: only chunked";
        return Err(Refusal::new(Status::NotImplemented, reason));
    }
    Err(Refusal::bad("Transfer-Encoding must end in chunked"))
}
