//! One answer, read to its end: bytes in, a status out. The body's content is ignored; its end matters.

use crate::http::{Body, response};

/// Longest body that is read, in bytes. A longer one counts as broken.
const LONGEST_BODY: u64 = 1 << 40;

/// Answer that is being received.
#[derive(Debug, Default)]
pub struct Answer {
    /// Beginning of an incomplete head.
    partial: Vec<u8>,
    /// Head, once it is complete, and the rest of the body to come.
    headed: Option<ResponseHead>,
    /// Target of an answer with a status from 300 to 399.
    location: Option<String>,
}

#[derive(Clone, Copy, Debug)]
struct ResponseHead {
    status: u16,
    stays: bool,
    body: Body,
}

/// Complete answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompleteAnswer {
    /// Status, 200 to 999.
    pub status: u16,
    /// True if another request may follow on this connection.
    pub stays: bool,
}

/// Error: the server does not speak HTTP/1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolError;

impl Answer {
    /// Consumes bytes. Returns the answer once it is complete.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<CompleteAnswer>, ProtocolError> {
        if self.headed.is_some() {
            return self.feed_body(bytes);
        }
        if self.partial.is_empty() {
            return self.feed_head(bytes);
        }
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        self.feed_head(&all)
    }

    /// Notes the end of the connection. Returns the answer if that is how its end is marked.
    pub fn end(&self) -> Option<CompleteAnswer> {
        self.headed
            .filter(|headed| headed.body.may_end_here())
            .map(|headed| CompleteAnswer {
                status: headed.status,
                stays: false,
            })
    }

    /// Takes the `Location` of an answer with a status from 300 to 399.
    pub fn take_location(&mut self) -> Option<String> {
        self.location.take()
    }

    /// Resets it for the next answer on the same connection.
    pub fn begin_anew(&mut self) {
        self.partial.clear();
        self.headed = None;
    }

    fn feed_head(&mut self, mut bytes: &[u8]) -> Result<Option<CompleteAnswer>, ProtocolError> {
        loop {
            let Some(head) = response::parse(bytes).map_err(|_| ProtocolError)? else {
                self.partial = bytes.to_vec();
                return Ok(None);
            };
            if (300..400).contains(&head.status) {
                let location = head.location.map(|place| &bytes[place]);
                self.location = location.map(|it| String::from_utf8_lossy(it).into_owned());
            }
            bytes = &bytes[head.end..];
            // An interim answer (100 Continue) announces the final one.
            if head.status >= 200 {
                self.headed = Some(ResponseHead {
                    status: head.status,
                    stays: head.stays,
                    body: Body::new(head.framing, LONGEST_BODY),
                });
                return self.feed_body(bytes);
            }
        }
    }

    fn feed_body(&mut self, bytes: &[u8]) -> Result<Option<CompleteAnswer>, ProtocolError> {
        let headed = self.headed.as_mut().expect("the body follows the head");
        let swallowed = headed.body.consume(bytes).map_err(|_| ProtocolError)?;
        let surplus = swallowed < bytes.len();
        Ok(headed.body.is_over().then_some(CompleteAnswer {
            status: headed.status,
            stays: headed.stays && !surplus,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds an answer in pieces of each size; the result must be the same.
    fn check(bytes: &str, expected: Result<Option<CompleteAnswer>, ProtocolError>) {
        for size in 1..=bytes.len() {
            let mut answer = Answer::default();
            let mut last = Ok(None);
            for piece in bytes.as_bytes().chunks(size) {
                last = answer.feed(piece);
                if last != Ok(None) {
                    break;
                }
            }
            assert_eq!(last, expected, "in pieces of {size}: {bytes}");
        }
    }

    fn whole(status: u16, stays: bool) -> CompleteAnswer {
        CompleteAnswer { status, stays }
    }

    #[test]
    fn an_answer_ends_where_it_says() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            Ok(Some(whole(200, true))),
        );
        check(
            "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
            Ok(Some(whole(500, true))),
        );
        check("HTTP/1.1 204 None\r\n\r\n", Ok(Some(whole(204, true))));
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            Ok(Some(whole(200, true))),
        );
        check(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",
            Ok(Some(whole(200, false))),
        );
        check(
            "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
            Ok(Some(whole(200, false))),
        );
    }

    #[test]
    fn an_interim_answer_is_not_the_answer() {
        check(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            Ok(Some(whole(200, true))),
        );
    }

    #[test]
    fn an_answer_on_its_way_is_not_whole() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Ok(None));
        check("HTTP/1.1 200 OK\r\nContent-", Ok(None));
        check("HTTP/1.1 200 OK\r\n\r\nuntil the end", Ok(None));
    }

    #[test]
    fn the_end_of_the_connection_ends_an_answer_only_if_nothing_else_does() {
        let ended = |bytes: &[u8]| {
            let mut answer = Answer::default();
            assert_eq!(answer.feed(bytes), Ok(None));
            answer.end()
        };
        let (status, stays) = (200, false);
        let without_length = b"HTTP/1.1 200 OK\r\n\r\nsome";
        assert_eq!(
            ended(without_length),
            Some(CompleteAnswer { status, stays })
        );
        assert_eq!(
            ended(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
            None
        );
        assert_eq!(ended(b"HTTP/1.1 200"), None);
    }

    #[test]
    fn bytes_beyond_the_answer_end_the_connection() {
        let mut answer = Answer::default();
        let fed = answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1");
        assert_eq!(fed, Ok(Some(whole(200, false))));
    }

    #[test]
    fn a_redirect_has_a_location_and_no_other_answer_has() {
        let location = |status: u16| {
            let mut answer = Answer::default();
            let text = format!(
                "HTTP/1.1 {status} X\r\nlocation: /login?a=1 \r\nContent-Length: 0\r\n\r\n"
            );
            assert_eq!(answer.feed(text.as_bytes()), Ok(Some(whole(status, true))));
            answer.take_location()
        };
        assert_eq!(location(302).as_deref(), Some("/login?a=1"));
        assert_eq!(location(201), None);
    }

    #[test]
    fn noise_is_no_answer() {
        let mut answer = Answer::default();
        assert_eq!(answer.feed(b"SSH-2.0-OpenSSH_9.6\r\n"), Err(ProtocolError));
    }
}
