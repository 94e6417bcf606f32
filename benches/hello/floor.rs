//! The floor: a loop over epoll that parses each request and sends given bytes.
//!
//! It has no coroutines, no telemetry, no timers, no limits, and no rules beyond httparse's: the minimal work
//! of a server.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

use concsim::sys::poller::{Poller, Ready};

const LISTENER: u64 = u64::MAX;
const FIELDS: usize = 32;

struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// Serves until the process is killed.
pub(crate) fn serve(address: &str, answer: &[u8]) -> ExitCode {
    match run(address, answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn run(address: &str, answer: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let mut poller = Poller::new()?;
    poller.add_listener(&listener, LISTENER)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut ready = Vec::new();
    loop {
        poller.wait(None, &mut ready)?;
        for Ready { token, .. } in &ready {
            if *token == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                poller.add_stream(&stream, connections.len() as u64)?;
                let received = Vec::with_capacity(4096);
                connections.push(Some(Connection { stream, received }));
            } else if let Some(connection) = &mut connections[*token as usize]
                && !connection.goes_on(answer)
            {
                connections[*token as usize] = None;
            }
        }
    }
}

impl Connection {
    /// Reads the available bytes and answers every whole request; `false` after the client has closed.
    fn goes_on(&mut self, answer: &[u8]) -> bool {
        let mut bytes = [0; 4096];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.received.extend_from_slice(&bytes[..count]);
                self.answer_all(answer)
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }

    fn answer_all(&mut self, answer: &[u8]) -> bool {
        while !self.received.is_empty() {
            let mut fields = [httparse::EMPTY_HEADER; FIELDS];
            let mut request = httparse::Request::new(&mut fields);
            match request.parse(&self.received) {
                Ok(httparse::Status::Complete(end)) => {
                    drop(self.received.drain(..end));
                    if self.stream.write_all(answer).is_err() {
                        return false;
                    }
                }
                Ok(httparse::Status::Partial) => return true,
                Err(_) => return false,
            }
        }
        true
    }
}
