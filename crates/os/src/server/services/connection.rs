//! One worker's connection to one service: calls in, answers out, and no waiting.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::Waiting;
use crate::server::wire::{Answer, CALL_BYTES, Call};
use concsim_model::units::Stamp;

/// Calls that a connection may hold at once; a worker asks one after the other.
const MOST_HELD: usize = 1024;

/// One worker's connection to one service.
pub(super) struct Connection {
    /// The service that is called on it.
    pub service: usize,
    /// Calls read and not answered.
    pub held: usize,
    /// Answers that are due and not written.
    pub due: Vec<Waiting>,
    stream: TcpStream,
    /// What was read and not yet taken: at the most the beginning of a call, once calls were taken.
    unread: Vec<u8>,
    /// Bytes that the kernel had no room for.
    unsent: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, service: usize) -> Self {
        Self {
            service,
            held: 0,
            due: Vec::new(),
            stream,
            unread: Vec::new(),
            unsent: Vec::new(),
        }
    }

    /// The socket, to be watched.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// True if more calls are held than a worker makes: it asks one after the other.
    pub(super) fn is_overfull(&self) -> bool {
        self.held > MOST_HELD || self.unsent.len() > MOST_HELD * size_of::<Answer>()
    }

    /// Reads what is there, as far as it has room; false if the worker has hung up. `buffer` is room to read into.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(bytes) => {
                    self.unread.extend_from_slice(&buffer[..bytes]);
                    // More than a worker has to say: it will be hung up on.
                    if self.unread.len() > (MOST_HELD + 1) * CALL_BYTES {
                        return false;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Gives away every whole call that was read; says how many.
    pub(super) fn take_calls(&mut self, mut take: impl FnMut(Call)) -> usize {
        let (calls, _) = self.unread.as_chunks::<CALL_BYTES>();
        let count = calls.len();
        for bytes in calls {
            take(Call::from_bytes(bytes));
        }
        self.unread.drain(..count * CALL_BYTES);
        count
    }

    /// Puts the answers that are due into the bytes to be sent.
    pub(super) fn put_answers(&mut self, written: Stamp) {
        for call in &self.due {
            let answer = Answer {
                id: call.id,
                due: call.due,
                written,
            };
            self.unsent.extend_from_slice(&answer.to_bytes());
        }
    }

    /// Sends what can be sent now; the poller reports when more can. False if the worker has hung
    /// up.
    pub(super) fn flush(&mut self) -> bool {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(bytes) => drop(self.unsent.drain(..bytes)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }
}
