//! Calls to services, on connections that are kept and used by one call at a time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use super::wire::{ANSWER_BYTES, Answer, Call, SET_UP};
use crate::sys::net;
use crate::telemetry::NO_REQUEST;
use concsim_model::units::Elapsed;

/// Longest time to connect to a service, which runs on this machine and started before the worker.
const CONNECT: Elapsed = Elapsed::from_secs(5);

/// Connection to a service, without waits except where said.
#[derive(Debug)]
pub(super) struct ServiceConnection {
    socket: TcpStream,
    /// Number of the last frame.
    id: u64,
    is_set_up: bool,
    answer: [u8; ANSWER_BYTES],
    /// Number of bytes of the answer that have come.
    filled: usize,
}

impl ServiceConnection {
    /// Begins to connect. Does not wait.
    pub(super) fn begin(service: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            socket: net::begin_connect(service)?,
            id: SET_UP,
            is_set_up: false,
            answer: [0; ANSWER_BYTES],
            filled: 0,
        })
    }

    /// Connects. Blocks the process until the connection is open.
    pub(super) fn connect(service: SocketAddr) -> io::Result<Self> {
        let connection = Self::begin(service)?;
        if !net::wait_writable(&connection.socket, Some(CONNECT)).map_err(|error| error.source)? {
            return Err(ErrorKind::TimedOut.into());
        }
        connection.finish_connect()?;
        Ok(connection)
    }

    /// True if the service has accepted the connection.
    pub(super) fn is_connected(&self) -> bool {
        self.socket.peer_addr().is_ok()
    }

    /// Finishes a connect once the socket can be written to. Fails if the connect has failed.
    pub(super) fn finish_connect(&self) -> io::Result<()> {
        self.socket.take_error()?.map_or(Ok(()), Err)
    }

    /// True if its set-up, which takes `connect`, is over, or takes no time.
    pub(super) fn is_set_up(&self, connect: Elapsed) -> bool {
        self.is_set_up || connect == Elapsed::ZERO
    }

    /// Begins the set-up of a new connection; the service answers after `connect`.
    pub(super) fn send_set_up(&mut self, connect: Elapsed) -> io::Result<()> {
        self.send(connect, NO_REQUEST)
    }

    /// Sends a call for a request; the service answers after `wait`.
    pub(super) fn send_call(&mut self, wait: Elapsed, request: u32) -> io::Result<()> {
        self.id = self.id.wrapping_add(1);
        self.send(wait, request)
    }

    fn send(&mut self, wait: Elapsed, request: u32) -> io::Result<()> {
        self.filled = 0;
        let call = Call {
            id: self.id,
            wait,
            request,
        };
        // The call always fits into the socket's buffer: nothing else is under way on this connection.
        self.socket.write_all(&call.to_bytes())
    }

    /// Takes the answer; `None` if it is not there yet. Does not wait.
    pub(super) fn take_answer(&mut self) -> io::Result<Option<Answer>> {
        while self.filled < ANSWER_BYTES {
            match self.socket.read(&mut self.answer[self.filled..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let answer = Answer::from_bytes(&self.answer);
        if answer.id != self.id {
            let text = "a service answered an unknown call";
            return Err(io::Error::new(ErrorKind::InvalidData, text));
        }
        self.is_set_up = true;
        Ok(Some(answer))
    }

    /// Sets the connection up. Blocks the thread until the answer is there.
    pub(super) fn set_up_blocking(&mut self, connect: Elapsed) -> io::Result<Answer> {
        self.send_set_up(connect)?;
        self.answer_blocking()
    }

    /// Calls. Blocks the thread until the answer is there.
    pub(super) fn call_blocking(&mut self, wait: Elapsed, request: u32) -> io::Result<Answer> {
        self.send_call(wait, request)?;
        self.answer_blocking()
    }

    fn answer_blocking(&mut self) -> io::Result<Answer> {
        loop {
            let sources = [self.socket.as_fd()];
            net::wait_readable(sources, None).map_err(|error| error.source)?;
            if let Some(answer) = self.take_answer()? {
                return Ok(answer);
            }
        }
    }
}

impl AsFd for ServiceConnection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
