//! Shared parts of tests with real processes: a server under test, and a byte-exact client.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use concsim::http::{Body, Framing, response};

/// Time limit above that of any test: a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_mins(1);

/// `concsim serve` with a scenario of its own; killed on drop.
pub(crate) struct Served {
    child: Child,
    address: SocketAddr,
    _scenario: tempfile::NamedTempFile,
}

impl Served {
    /// Serves this scenario; returns when it answers.
    pub(crate) fn start(scenario: &str) -> Self {
        let mut file = tempfile::Builder::new()
            .suffix(".toml")
            .tempfile()
            .expect("a scratch file");
        file.write_all(scenario.as_bytes()).expect("a written file");
        let address = free_address();
        let child = Command::new(env!("CARGO_BIN_EXE_concsim"))
            .arg("serve")
            .arg(file.path())
            .args(["--bind", &address.to_string(), "--allow-host", "any"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut served = Self {
            child,
            address,
            _scenario: file,
        };
        served.wait_until_it_answers();
        served
    }

    fn wait_until_it_answers(&mut self) {
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().expect("a child can be waited for");
            assert!(ended.is_none(), "the server ended at once: {ended:?}");
            std::thread::yield_now();
        }
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).expect("the server takes connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Client {
            stream,
            received: Vec::new(),
        }
    }

    /// Returns the text of the answer to a GET.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut client = self.connect();
        client.send(format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        ));
        let answer = client.answer(BodyPresence::Get).expect("a GET is answered");
        String::from_utf8(answer.body).expect("answers are text")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a free address.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    listener.local_addr().expect("the address")
}

/// Presence of a body in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyPresence {
    /// With a body.
    Get,
    /// Without a body, whatever the answer's head says.
    Head,
}

/// An answer as the client read it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// One client connection.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Client {
    /// Sends all bytes, or as many as the server takes before it closes.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A server that has refused the request need not read the rest.
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Sends no more.
    pub(crate) fn hang_up(&self) {
        // A connection that the server has reset is shut down already.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Returns the next answer, interim ones left out; `None` at the connection's end.
    pub(crate) fn answer(&mut self, asked: BodyPresence) -> Option<Answer> {
        let head = loop {
            match response::parse(&self.received).expect("answers are HTTP") {
                Some(head) if head.status < 200 => drop(self.received.drain(..head.end)),
                Some(head) => break head,
                None if self.receive() == 0 => {
                    assert!(self.received.is_empty(), "an answer broke off in its head");
                    return None;
                }
                None => {}
            }
        };
        self.received.drain(..head.end);
        let framing = match asked {
            BodyPresence::Get => head.framing,
            BodyPresence::Head => Framing::Length(0),
        };
        let mut body = Body::new(framing, u64::MAX);
        let mut content = Vec::new();
        loop {
            let count = body.consume(&self.received).expect("answers are HTTP");
            content.extend(self.received.drain(..count));
            if body.is_over() {
                return Some(Answer {
                    status: head.status,
                    body: content,
                });
            }
            assert!(self.receive() > 0, "an answer broke off in its body");
        }
    }

    /// Reads some bytes; 0 at the end. A reset counts as an end.
    fn receive(&mut self) -> usize {
        let mut room = [0; 4096];
        let count = match self.stream.read(&mut room) {
            Err(error) if is_reset(&error) => 0,
            result => result.expect("the server answers or closes in time"),
        };
        self.received.extend_from_slice(&room[..count]);
        count
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}
