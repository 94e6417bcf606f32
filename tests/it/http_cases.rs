//! Unusual and hostile conversations, as data: the client's bytes on one connection, the statuses of the
//! answers, and the end of the connection. Played against the parser (whole, and byte by byte) and against
//! the running server. For the paths of one scenario: `/hello` writes two bytes, `/story` has no steps. One
//! line each, so that it reads as a table.

/// One connection.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Description of the case.
    pub(crate) name: &'static str,
    /// All bytes that the client sends.
    pub(crate) bytes: Vec<u8>,
    /// Statuses of the answers, interim ones left out.
    pub(crate) answers: &'static [u16],
    /// State of the connection after these.
    pub(crate) then: ConnectionState,
}

/// State of the connection after the last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    /// Ends the connection.
    Closes,
    /// Waits for the rest of a request, or for the next one.
    Waits,
}

use ConnectionState::{Closes, Waits};

fn case(
    name: &'static str,
    bytes: impl AsRef<[u8]>,
    answers: &'static [u16],
    then: ConnectionState,
) -> Case {
    Case {
        name,
        bytes: bytes.as_ref().to_vec(),
        answers,
        then,
    }
}

/// Returns all cases.
pub(crate) fn all() -> Vec<Case> {
    let topics: [fn() -> Vec<Case>; 7] =
        [ordinary, lines, targets, fields, lengths, chunks, endings];
    topics.iter().flat_map(|topic| topic()).collect()
}

/// Requests of curl, wrk, ab and browsers.
#[rustfmt::skip]
fn ordinary() -> Vec<Case> {
    let get = "GET /hello HTTP/1.1\r\nHost: a\r\n";
    vec![
        case("a GET", format!("{get}\r\n"), &[200], Waits),
        case("a HEAD", "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n", &[200], Waits),
        case("two requests in one packet", format!("{get}\r\n{get}\r\n"), &[200, 200], Waits),
        case("a request and half of the next", format!("{get}\r\n{get}"), &[200], Waits),
        case("a client that wants to close", format!("{get}Connection: close\r\n\r\n"), &[200], Closes),
        case("close among other options", format!("{get}Connection: foo, CLOSE\r\n\r\n"), &[200], Closes),
        case("close beats keep-alive", format!("{get}Connection: keep-alive, close\r\n\r\n"), &[200], Closes),
        case("close in a second field", format!("{get}Connection: keep-alive\r\nConnection: close\r\n\r\n"), &[200], Closes),
        case("nothing is played after a close", format!("{get}Connection: close\r\n\r\n{get}\r\n"), &[200], Closes),
        case("HTTP/1.0 closes", "GET /hello HTTP/1.0\r\n\r\n", &[200], Closes),
        case("HTTP/1.0 stays if it is asked to", "GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &[200], Waits),
        case("a name that nobody knows", "GET /nobody HTTP/1.1\r\nHost: a\r\n\r\n", &[404], Waits),
        case("the list", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[200], Waits),
        case("a script without steps", "GET /story HTTP/1.1\r\nHost: a\r\n\r\n", &[200], Waits),
        case("PUT", "PUT /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", &[405], Waits),
        case("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &[405], Waits),
        case("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", &[405], Waits),
        case("a method that HTTP does not define", "BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", &[501], Waits),
        case("methods are spelled in capitals", "get /hello HTTP/1.1\r\nHost: a\r\n\r\n", &[501], Waits),
        case("an upgrade is not taken", format!("{get}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"), &[200], Waits),
    ]
}

/// The request line, and ends of lines.
#[rustfmt::skip]
fn lines() -> Vec<Case> {
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(9_000));
    let fair_path = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(8_000));
    vec![
        case("empty lines before a request", "\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n", &[200], Waits),
        case("noise", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC], &[400], Closes),
        case("a null byte", "\0", &[400], Closes),
        case("half a request line", "GET /hel", &[], Waits),
        case("HTTP/0.9", "GET /hello\r\n", &[400], Closes),
        case("HTTP/2 with prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[505], Closes),
        case("HTTP/1.2", "GET /hello HTTP/1.2\r\nHost: a\r\n\r\n", &[200], Waits),
        case("HTTP/1.2 without a host", "GET /hello HTTP/1.2\r\n\r\n", &[400], Closes),
        case("HTTP/1.12", "GET /hello HTTP/1.12\r\nHost: a\r\n\r\n", &[400], Closes),
        case("HTTP/3.1", "GET /hello HTTP/3.1\r\nHost: a\r\n\r\n", &[505], Closes),
        case("a version that is none", "GET /hello HTTQ/1.1\r\nHost: a\r\n\r\n", &[400], Closes),
        case("two spaces in the request line", "GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n", &[400], Closes),
        case("a blank after the version", "GET /hello HTTP/1.1 \r\nHost: a\r\n\r\n", &[400], Closes),
        case("a tab in the request line", "GET\t/hello\tHTTP/1.1\r\nHost: a\r\n\r\n", &[400], Closes),
        case("a bare CR in the request line", "GET /hello HTTP/1.1\rHost: a\r\n\r\n", &[400], Closes),
        case("a bare CR in a value", "GET /hello HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", &[400], Closes),
        case("a bare CR before the end", "GET /hello HTTP/1.1\r\nHost: a\r\n\r\r\n", &[400], Closes),
        case("bare line feeds", "GET /hello HTTP/1.1\nHost: a\n\n", &[400], Closes),
        case("one bare line feed", "GET /hello HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", &[400], Closes),
        case("a long request line", long_path, &[414], Closes),
        case("a fairly long request line", fair_path, &[404], Waits),
        case("a request line without end", "A".repeat(20_000), &[414], Closes),
    ]
}

/// Request targets.
#[rustfmt::skip]
fn targets() -> Vec<Case> {
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    vec![
        case("absolute form", get("http://example.org/hello"), &[200], Waits),
        case("absolute form without a path", get("http://example.org"), &[200], Waits),
        case("absolute form with a query", get("http://example.org/hello?n=3&d="), &[200], Waits),
        case("percent signs are left alone", get("/hell%6F"), &[404], Waits),
        case("a path that climbs", get("/../../etc/passwd"), &[404], Waits),
        case("a target without a slash", get("hello"), &[400], Closes),
        case("GET *", get("*"), &[400], Closes),
        case("a target by authority", get("example.org:80"), &[400], Closes),
        case("a scheme that is not HTTP's", get("ftp://example.org/hello"), &[400], Closes),
        case("a target beyond ASCII", get("/h\u{e9}llo"), &[400], Closes),
        case("a number that is none", get("/hello?n=three"), &[400], Waits),
        case("a negative number", get("/hello?n=-1"), &[400], Waits),
        case("more demands than durations", get("/hello?n=1&d=5"), &[400], Waits),
        case("other parameters are not ours", get("/hello?x=1&y"), &[200], Waits),
    ]
}

/// Fields of the head.
#[rustfmt::skip]
fn fields() -> Vec<Case> {
    let get = "GET /hello HTTP/1.1\r\n";
    let (hundred, many) = ("X: 1\r\n".repeat(99), "X: 1\r\n".repeat(101));
    let large = format!("X: {}\r\n", "x".repeat(17_000));
    vec![
        case("no host", format!("{get}\r\n"), &[400], Closes),
        case("two hosts", format!("{get}Host: a\r\nHost: b\r\n\r\n"), &[400], Closes),
        case("a host with a blank", format!("{get}Host: a b\r\n\r\n"), &[400], Closes),
        case("a host with a path", format!("{get}Host: a/b\r\n\r\n"), &[400], Closes),
        case("an empty host", format!("{get}Host:\r\n\r\n"), &[200], Waits),
        case("a host by address", format!("{get}Host: [::1]:8000\r\n\r\n"), &[200], Waits),
        case("a blank before the colon", format!("{get}Host : a\r\n\r\n"), &[400], Closes),
        case("a folded line", format!("{get}Host: a\r\nX: b\r\n c\r\n\r\n"), &[400], Closes),
        case("a first field that is folded", format!("{get} Host: a\r\n\r\n"), &[400], Closes),
        case("a field without a colon", format!("{get}Host: a\r\nnonsense\r\n\r\n"), &[400], Closes),
        case("a field without a name", format!("{get}Host: a\r\n: b\r\n\r\n"), &[400], Closes),
        case("a name with a bracket", format!("{get}Host: a\r\nX(: b\r\n\r\n"), &[400], Closes),
        case("a null byte in a value", format!("{get}Host: a\r\nX: \0\r\n\r\n"), &[400], Closes),
        case("an escape in a value", format!("{get}Host: a\r\nX: \x1b[2J\r\n\r\n"), &[400], Closes),
        case("a value beyond ASCII", format!("{get}Host: a\r\nX: \u{e9}\r\n\r\n"), &[200], Waits),
        case("a hundred fields", format!("{get}Host: a\r\n{hundred}\r\n"), &[200], Waits),
        case("more than a hundred fields", format!("{get}Host: a\r\n{many}\r\n"), &[431], Closes),
        case("a huge field", format!("{get}Host: a\r\n{large}\r\n"), &[431], Closes),
        case("another expectation", format!("{get}Host: a\r\nExpect: miracles\r\n\r\n"), &[417], Closes),
    ]
}

/// Bodies of a known length, and contradictions about it.
#[rustfmt::skip]
fn lengths() -> Vec<Case> {
    let post = "POST /hello HTTP/1.1\r\nHost: a\r\n";
    let smuggled = "GET /story HTTP/1.1\r\nHost: a\r\n\r\n";
    vec![
        case("a body", format!("{post}Content-Length: 5\r\n\r\nab\r\nc"), &[200], Waits),
        case("a body and a request", format!("{post}Content-Length: 2\r\n\r\nab{smuggled}"), &[200, 200], Waits),
        case("a GET with a body", "GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", &[200], Waits),
        case("a body that does not come", format!("{post}Content-Length: 5\r\n\r\nab"), &[], Waits),
        case("a POST without a body", format!("{post}\r\n"), &[200], Waits),
        case("two equal lengths", format!("{post}Content-Length: 2\r\nContent-Length: 2\r\n\r\nab"), &[400], Closes),
        case("two lengths", format!("{post}Content-Length: 0\r\nContent-Length: 33\r\n\r\n{smuggled}"), &[400], Closes),
        case("a list of lengths", format!("{post}Content-Length: 2, 2\r\n\r\nab"), &[400], Closes),
        case("a length with a sign", format!("{post}Content-Length: +2\r\n\r\nab"), &[400], Closes),
        case("a negative length", format!("{post}Content-Length: -2\r\n\r\nab"), &[400], Closes),
        case("a hexadecimal length", format!("{post}Content-Length: 0x2\r\n\r\nab"), &[400], Closes),
        case("an empty length", format!("{post}Content-Length:\r\n\r\n"), &[400], Closes),
        case("a length with a blank in it", format!("{post}Content-Length: 1 2\r\n\r\nab"), &[400], Closes),
        case("a length beyond 64 bits", format!("{post}Content-Length: 99999999999999999999\r\n\r\n"), &[413], Closes),
        case("a length beyond the limit", format!("{post}Content-Length: 1048577\r\n\r\n"), &[413], Closes),
        case("a length and chunks", format!( "{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}" ), &[400], Closes),
        case("chunks and a length", format!( "{post}Transfer-Encoding: chunked\r\nContent-Length: 35\r\n\r\n0\r\n\r\n{smuggled}" ), &[400], Closes),
        case("a client that waits with its body", format!("{post}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab"), &[200], Waits),
        case("it waits with one that is too long", format!("{post}Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n"), &[413], Closes),
    ]
}

/// Chunked bodies, and violations of their format.
#[rustfmt::skip]
fn chunks() -> Vec<Case> {
    let post = "POST /hello HTTP/1.1\r\nHost: a\r\n";
    let chunked = format!("{post}Transfer-Encoding: chunked\r\n\r\n");
    let coded = |coding: &str| format!("{post}Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n");
    let broken = |rest: &str| format!("{chunked}{rest}");
    let endless_extension = broken(&format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(9_000)));
    let endless_trailer = broken(&format!("0\r\nX: {}\r\n\r\n", "x".repeat(9_000)));
    vec![
        case("chunks", broken("3\r\nabc\r\n2;a=b\r\nde\r\n0\r\nX: y\r\n\r\n"), &[200], Waits),
        case("chunks and a request", broken("A\r\n0123456789\r\n0\r\n\r\nGET /story HTTP/1.1\r\nHost: a\r\n\r\n"), &[200, 200], Waits),
        case("the coding in capitals", coded("Chunked"), &[200], Waits),
        case("a chunk that does not come", broken("5\r\nab"), &[], Waits),
        case("a last chunk without its end", broken("0\r\n"), &[], Waits),
        case("a size that is none", broken("g\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("no size", broken("\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a negative size", broken("-1\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a size with a prefix", broken("0x3\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a size with an underscore", broken("1_0\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a size beyond 64 bits", broken("10000000000000000\r\n\r\nGET /story HTTP/1.1\r\nHost: a\r\n\r\n"), &[400], Closes),
        case("a size beyond the limit", broken("100001\r\n"), &[413], Closes),
        case("sizes that add up beyond the limit", broken(&format!("1\r\na\r\n{:x}\r\n", 1 << 20)), &[413], Closes),
        case("a chunk longer than its size", broken("2\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a chunk shorter than its size", broken("4\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a size that ends in a bare line feed", broken("3\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a size that ends in a bare CR", broken("3\rXabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a chunk that ends in a bare line feed", broken("3\r\nabc\n0\r\n\r\n"), &[400], Closes),
        case("a chunk that ends in a bare CR", broken("3\r\nabc\rX0\r\n\r\n"), &[400], Closes),
        case("a line feed in an extension", broken("3;a\nb\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("a blank before the size", broken(" 3\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("an extension with a value in quotes", broken("3;a=\"b;\\\"\";c\r\nabc\r\n0\r\n\r\n"), &[200], Waits),
        case("blanks before an extension", broken("3 ;a = b\r\nabc\r\n0\r\n\r\n"), &[200], Waits),
        case("blanks after a size", broken("3  \r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("an empty extension", broken("3;\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("an extension without a name", broken("3;=b\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("an extension without its value", broken("3;a=\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("an extension whose quotes do not end", broken("3;a=\"b\r\nabc\r\n0\r\n\r\n"), &[400], Closes),
        case("an endless extension", endless_extension, &[431], Closes),
        case("an endless trailer", endless_trailer, &[431], Closes),
        case("a trailer without a name", broken("0\r\n: x\r\n\r\n"), &[400], Closes),
        case("a trailer that is folded", broken("0\r\nX: y\r\n z\r\n\r\n"), &[400], Closes),
        case("a trailer that ends in a bare CR", broken("0\r\nX: y\rZ\r\n\r\n"), &[400], Closes),
        case("a body that ends in a bare CR", broken("0\r\n\rX"), &[400], Closes),
        case("a coding below chunked", coded("gzip, chunked"), &[501], Closes),
        case("a coding above chunked", coded("chunked, gzip"), &[400], Closes),
        case("chunked twice", coded("chunked, chunked"), &[400], Closes),
        case("chunked in two fields", coded("chunked\r\nTransfer-Encoding: identity"), &[400], Closes),
        case("almost chunked", coded("xchunked"), &[400], Closes),
        case("chunked in quotes", coded("\"chunked\""), &[400], Closes),
        case("chunked after a vertical tab", coded("\x0bchunked"), &[400], Closes),
        case("chunks in HTTP/1.0", "POST /hello HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", &[400], Closes),
    ]
}

/// Input after a refused request.
#[rustfmt::skip]
fn endings() -> Vec<Case> {
    let get = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    vec![
        case("nothing at all", "", &[], Waits),
        case("only empty lines", "\r\n\r\n", &[], Waits),
        case("noise after a request", format!("{get}\x7f\x7f\x7f"), &[200, 400], Closes),
        case("nothing is played after a refusal", format!("GET /hello HTTP/1.1\r\n\r\n{get}"), &[400], Closes),
        case("a request after an unknown name", format!("GET /nobody HTTP/1.1\r\nHost: a\r\n\r\n{get}"), &[404, 200], Waits),
    ]
}
