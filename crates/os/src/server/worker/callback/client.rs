//! Client of a connection that is served by callbacks: an attempt to read or to write never waits. If it would
//! block, it is the caller that lets go, and tries again. The counterpart is `transport.rs`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use crate::server::task_context::{Registration, TaskState, WaitReason};
use crate::server::transport::{Deadline, Interest, SEND};
use concsim_model::units::Stamp;

/// Client of a connection, and its task.
pub(super) struct Client {
    pub(super) task: TaskState,
    /// Readiness of the socket, as far as the hub's poller has reported it.
    pub(super) source: Registration,
    pub(super) socket: TcpStream,
    /// Instant at which the last bytes were received.
    pub(super) received_at: Stamp,
}

/// Result of a read or a write.
pub(super) enum Attempt {
    /// The kernel gave or took so many bytes.
    Done(usize),
    /// It would block, or the task has run for too long.
    Waits(WaitReason),
}

impl Client {
    /// Reads bytes, if the poller has reported some. Fails with `TimedOut` at the deadline.
    pub(super) fn read(&mut self, room: &mut [u8], deadline: Deadline) -> io::Result<Attempt> {
        if self.source.take_timeout() {
            return Err(ErrorKind::TimedOut.into());
        }
        if self.source.readable.get() {
            if self.task.has_transferred_its_share() {
                if deadline.until <= self.task.shared.polled.get() {
                    return Err(ErrorKind::TimedOut.into());
                }
                return Ok(Attempt::Waits(WaitReason::Yield));
            }
            if let Some(count) = attempt(|| self.socket.read(room))? {
                self.source.has_read(count, room.len());
                self.received_at = self.task.shared.resumed.get();
                return Ok(Attempt::Done(count));
            }
            self.source.readable.set(false);
        }
        Ok(self.wait(Interest::Read, deadline))
    }

    /// Writes bytes. Fails with `TimedOut` if the client has made no room for them for long.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<Attempt> {
        if self.source.take_timeout() {
            return Err(ErrorKind::TimedOut.into());
        }
        if let Some(count) = attempt(|| self.socket.write(bytes))? {
            return Ok(Attempt::Done(count));
        }
        let until = self.task.shared.probe.now() + SEND;
        Ok(self.wait(Interest::Write, Deadline::until(until)))
    }

    fn wait(&self, interest: Interest, deadline: Deadline) -> Attempt {
        self.task.waits_for(&self.source, interest, deadline);
        Attempt::Waits(WaitReason::Client)
    }
}

/// Tries to transfer bytes; `None` if that would block.
fn attempt(mut transfer: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match transfer() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result.map(Some),
        }
    }
}
