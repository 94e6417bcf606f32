//! One worker's connection to one service: calls in, answers out, and no waiting.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::Waiting;
use crate::server::wire::{Answer, CALL_BYTES, Call, SET_UP};
use concsim_model::units::Stamp;

/// Number of calls that a connection may hold at once; a worker makes one after the other.
const MOST_HELD: usize = 1024;

/// One worker's connection to one service.
pub(super) struct Connection {
    /// Index of the service.
    pub service: usize,
    /// Number of calls read and not answered.
    pub held: usize,
    /// True if its set-up is asked for and not answered.
    pub is_in_set_up: bool,
    /// Answers that are due and not written.
    pub due: Vec<Waiting>,
    stream: TcpStream,
    /// Bytes read and not yet taken; between turns, at most the beginning of a call.
    unread: Vec<u8>,
    /// Bytes that the kernel had no room for.
    unsent: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, service: usize) -> Self {
        Self {
            service,
            held: 0,
            is_in_set_up: false,
            due: Vec::new(),
            stream,
            unread: Vec::new(),
            unsent: Vec::new(),
        }
    }

    /// Returns the socket, for the poller.
    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// True if more calls are held than a worker makes.
    pub(super) fn is_overfull(&self) -> bool {
        self.held > MOST_HELD || self.unsent.len() > MOST_HELD * size_of::<Answer>()
    }

    /// Reads the bytes that are there, as far as it has room. Returns false if the worker has hung up.
    /// `buffer` is used for reading.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> bool {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return false,
                Ok(bytes) => {
                    self.unread.extend_from_slice(&buffer[..bytes]);
                    // More than a worker sends: the connection will be closed.
                    if self.unread.len() > (MOST_HELD + 1) * CALL_BYTES {
                        return false;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    /// Takes every whole call that was read. Returns their number, without a set-up.
    pub(super) fn take_calls(&mut self, mut take: impl FnMut(Call)) -> usize {
        let (calls, _) = self.unread.as_chunks::<CALL_BYTES>();
        let (frame_count, mut call_count) = (calls.len(), 0);
        for bytes in calls {
            let call = Call::from_bytes(bytes);
            if call.id == SET_UP {
                self.is_in_set_up = true;
            } else {
                call_count += 1;
            }
            take(call);
        }
        self.unread.drain(..frame_count * CALL_BYTES);
        call_count
    }

    /// Appends the due answers to the bytes to be sent.
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

    /// Sends as much as the kernel takes now; the poller reports when more can be sent. Returns false if
    /// the worker has hung up.
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
