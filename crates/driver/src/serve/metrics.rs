//! The HTTP endpoint from which Prometheus reads the counters of a served server.
//!
//! The driver serves it between two polls of the rings, and reads the scoreboard as for its table: no
//! worker is involved or delayed. Clients are not trusted: their number is limited, each has a few seconds,
//! and no client can delay the driver.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use super::counters::{CONTENT_TYPE, Page};
use crate::console;
use concsim_model::scenario::WorkerKind;
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::http::{CONTINUE, Method, Progress, Receiver, Refusal, Status, response};
use concsim_os::recorder::WorkerSampler;
use concsim_os::sys::{self, clock, net};
use concsim_os::telemetry::Scoreboard;

/// Maximum number of concurrent clients; the others wait at the door.
const VISITORS: usize = 16;
/// Time limit of a client, from its first byte to its last.
const PATIENCE: Elapsed = Elapsed::from_secs(5);
/// Maximum number of reads of each client per poll.
const READS: usize = 8;
/// Content type of anything but the counters.
const PLAIN: &str = "text/plain; charset=utf-8";

/// Parses an address. `9464`, `:9464` and `localhost:9464` are of this machine alone; or an address with a
/// port.
///
/// # Errors
/// A sentence with the two forms, if the text has neither.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    let port = text.strip_prefix("localhost").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(port);
    let here = port.parse().map(|port: u16| ([127, 0, 0, 1], port).into());
    here.or_else(|_| text.parse()).map_err(|_| {
        "write a port such as 8000, or an address such as 127.0.0.1:8000 or 0.0.0.0:8000".into()
    })
}

/// A listener with its clients.
#[derive(Debug)]
pub(super) struct Endpoint {
    listener: TcpListener,
    visitors: Vec<Visitor>,
    sampler: WorkerSampler,
    kind: WorkerKind,
}

impl Endpoint {
    /// Opens the listener, and reports its address.
    pub(super) fn open(at: SocketAddr, kind: WorkerKind) -> sys::Result<Self> {
        let listener = net::listen(at, VISITORS as u32)?;
        let at = listener.local_addr().unwrap_or(at);
        console::print_message(format_args!("http://{at}/metrics has the counters"));
        Ok(Self {
            listener,
            visitors: Vec::new(),
            sampler: WorkerSampler::default(),
            kind,
        })
    }

    /// Serves each client as far as possible without waiting.
    pub(super) fn serve_clients(
        &mut self,
        now: Stamp,
        scoreboard: &Scoreboard,
        (events, dropped): (u64, u64),
    ) {
        while self.visitors.len() < VISITORS
            && let Ok(stream) = net::accept(&self.listener, false)
        {
            self.visitors.push(Visitor::new(stream, now));
        }
        let (onlooker, kind) = (&mut self.sampler, self.kind);
        // The workers are read once for all clients of a poll.
        let mut known = None;
        let mut page = || {
            let look = || {
                let page = Page {
                    kind,
                    workers: &onlooker.sample_workers(scoreboard),
                    events,
                    events_dropped: dropped,
                };
                page.text()
            };
            known.get_or_insert_with(look).clone()
        };
        self.visitors.retain_mut(|visitor| {
            now < visitor.until && visitor.continue_client(&mut page).is_ok()
        });
    }
}

/// A client connection.
#[derive(Debug)]
struct Visitor {
    stream: TcpStream,
    receiver: Receiver,
    /// Unwritten part of the answer. [`None`]: the request is not complete yet.
    answer: Option<Vec<u8>>,
    until: Stamp,
}

impl Visitor {
    fn new(stream: TcpStream, now: Stamp) -> Self {
        Self {
            stream,
            receiver: Receiver::new(),
            answer: None,
            until: now + PATIENCE,
        }
    }

    /// Continues as far as possible; an error ends the connection.
    fn continue_client(&mut self, page: impl FnMut() -> String) -> io::Result<()> {
        if self.answer.is_none() {
            self.listen(page)?;
        }
        self.speak()
    }

    /// Reads the request, and produces the answer when it is complete.
    fn listen(&mut self, mut page: impl FnMut() -> String) -> io::Result<()> {
        for _ in 0..READS {
            let Some(count) = unless_it_would_wait(self.stream.read(self.receiver.free_space()))?
            else {
                return Ok(());
            };
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.receiver.received(count);
            let mut progress = self.receiver.progress();
            if progress == Progress::SayContinue {
                // A client that cannot take a byte now will not take an answer either.
                self.stream.write_all(CONTINUE)?;
                // The body may have arrived already, with no further byte to come.
                progress = self.receiver.progress();
            }
            let answer = match progress {
                Progress::NeedMore | Progress::SayContinue => continue,
                Progress::Whole => answer_to(&self.receiver, &mut page),
                Progress::Refused(refusal) => refuse(refusal),
            };
            self.answer = Some(answer);
            return Ok(());
        }
        Ok(())
    }

    /// Writes as much as fits. After the last byte it shuts down its direction of the connection alone, and
    /// discards further input: closed at once, the answer might be lost on its way.
    fn speak(&mut self) -> io::Result<()> {
        let Some(answer) = &mut self.answer else {
            return Ok(());
        };
        while !answer.is_empty() {
            let Some(count) = unless_it_would_wait(self.stream.write(answer))? else {
                return Ok(());
            };
            answer.drain(..count);
            if answer.is_empty() {
                self.stream.shutdown(Shutdown::Write)?;
            }
        }
        let mut rest = [0; 4096];
        for _ in 0..READS {
            match unless_it_would_wait(self.stream.read(&mut rest))? {
                Some(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Some(_) => {}
                None => break,
            }
        }
        Ok(())
    }
}

fn unless_it_would_wait(done: io::Result<usize>) -> io::Result<Option<usize>> {
    match done {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn answer_to(receiver: &Receiver, page: impl FnOnce() -> String) -> Vec<u8> {
    let request = receiver.request();
    let (status, sort, body) = match (request.method, request.path) {
        (Method::Get | Method::Head, "/metrics") => (Status::Ok, CONTENT_TYPE, page()),
        (Method::Get | Method::Head, _) => (
            Status::NotFound,
            PLAIN,
            "the only path is /metrics\n".into(),
        ),
        (Method::Post | Method::NotPlayed | Method::Unknown, _) => {
            (Status::MethodNotAllowed, PLAIN, "use GET\n".into())
        }
    };
    let mut answer = head(status, sort, body.len());
    if request.method != Method::Head {
        answer.extend_from_slice(body.as_bytes());
    }
    answer
}

fn refuse(refusal: Refusal) -> Vec<u8> {
    let body = format!("{}\n", refusal.reason);
    [
        head(refusal.status, PLAIN, body.len()).as_slice(),
        body.as_bytes(),
    ]
    .concat()
}

fn head(status: Status, sort: &str, length: usize) -> Vec<u8> {
    let date = httpdate::fmt_http_date(clock::date().0);
    let begin = response::up_to_the_date(status);
    let allow = match status {
        Status::MethodNotAllowed => "Allow: GET, HEAD\r\n",
        _ => "",
    };
    format!(
        "{begin}{date}\r\nContent-Type: {sort}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n{allow}\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_machine() {
        for text in ["8000", ":8000", "localhost:8000", "127.0.0.1:8000"] {
            assert_eq!(address(text), Ok(([127, 0, 0, 1], 8000).into()), "{text}");
        }
        assert_eq!(address("0.0.0.0:80"), Ok(([0, 0, 0, 0], 80).into()));
        for text in ["", ":", "localhost", "example.org:80", "70000"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_port_alone_is_one_of_this_machine_alone() {
        assert_eq!(address("9464").unwrap().to_string(), "127.0.0.1:9464");
        assert_eq!(address("0.0.0.0:1").unwrap().to_string(), "0.0.0.0:1");
        assert!(address("everywhere").is_err());
    }
}
