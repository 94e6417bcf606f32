//! Connection of a client, as every worker serves it: the loop "try, would block, wait".
//!
//! ```text
//!   try to read or write ──▶ done
//!      ▲          └── WouldBlock ──▶ wait, as this worker waits
//!      └───────────────────────────────┘
//! ```
//!
//! Everything here is the same for all workers in whose code a wait is a call. Their difference is a
//! [`WaitStrategy`]: a wait blocks the thread of a sync worker or of a worker with threads, and parks the task
//! of a coroutine worker. Callbacks try, too, but cannot wait: `worker/callback/client.rs`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use super::accounting::RequestAccounting;
use super::date_cache::DateCache;
use super::process_memory;
use crate::handler::{CallFailed, RequestTimes, World};
use crate::http::response::Date;
use crate::telemetry::Probe;
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Longest time for a client to make room for more bytes of its answer.
pub(super) const SEND: Elapsed = Elapsed::from_secs(30);

/// Number of the pool of processes among the services: behind all of them.
pub(super) const POOL: usize = usize::MAX;

/// Readiness of a socket that a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interest {
    /// Bytes or an end to read.
    Read,
    /// Room for bytes to write.
    Write,
}

/// Limit of a wait for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// Instant at which the wait times out.
    pub(super) until: Stamp,
}

impl Deadline {
    /// Deadline of a wait without a limit.
    pub(super) const ENDLESS: Self = Self::until(Stamp::NEVER);

    /// Returns the deadline of a wait until that instant.
    pub(super) const fn until(until: Stamp) -> Self {
        Self { until }
    }
}

/// Effect of a wait, and everything that follows from it: the difference between the kinds of workers.
pub(super) trait WaitStrategy {
    /// Uses the core.
    fn compute(&mut self, cpu: CpuTime) {
        let (accounting, probe) = self.accounting();
        accounting.compute(probe, cpu);
    }

    /// Waits until the client's socket is ready. Fails with `TimedOut` at the deadline.
    fn wait_for_client(
        &mut self,
        socket: &TcpStream,
        interest: Interest,
        deadline: Deadline,
    ) -> io::Result<()>;

    /// Calls a service, an index into the scenario's, and waits for its answer, which takes `wait`.
    fn call(&mut self, service: usize, wait: Elapsed, mode: WaitMode) -> io::Result<()>;

    /// Waits for a timer.
    fn sleep(&mut self, wait: Elapsed, mode: WaitMode);

    /// Lets others run, and stays ready.
    fn yield_now(&mut self);

    /// Waits before a read that is known to find nothing. Fails with `TimedOut` at the deadline.
    fn before_read(&mut self, _deadline: Deadline) -> io::Result<()> {
        Ok(())
    }

    /// Notes a read of `count` bytes into `room`. Returns the instant at which they were received.
    fn after_read(&mut self, count: usize, room: usize) -> Stamp;

    /// Allows others to run before the next of several writes.
    fn between_writes(&mut self) {}

    /// Allows others to run before a request that arrived together with the last one.
    fn between_requests(&mut self) {}

    /// Counts a request that begins: the last one of `server.max_requests` stops the worker.
    fn request_begins(&self);

    /// Longest time that a connection may stay idle; `None` if it is closed after each response.
    fn keepalive(&self) -> Option<Elapsed>;

    /// True once the worker stops: an answer that begins now closes its connection.
    fn is_stopping(&self) -> bool;

    /// True if an idle connection waits for its next request elsewhere.
    fn leaves_idle_connections(&self) -> bool {
        false
    }

    /// Returns the account of the current request, and the probe to report it to.
    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe);

    /// Returns the sums of the current request.
    fn spent(&self) -> RequestTimes;

    /// Probe of the worker.
    fn probe(&self) -> &Probe;

    /// Cache of the date that answers carry.
    fn dates(&self) -> &DateCache;
}

/// World of one connection: it has a client at the other end, and waits by `W`.
pub(super) struct Transport<W> {
    /// Dropped before the socket is closed: it accounts the end of the request.
    waits: W,
    socket: TcpStream,
    received_at: Stamp,
}

impl<W: WaitStrategy> Transport<W> {
    /// Returns the world of a connection that was accepted at `accepted`.
    pub(super) fn new(socket: TcpStream, accepted: Stamp, waits: W) -> Self {
        Self {
            waits,
            socket,
            received_at: accepted,
        }
    }

    /// Tries to transfer bytes until the kernel takes or gives some, and waits whenever it would block.
    fn transfer(
        &mut self,
        interest: Interest,
        deadline: impl Fn(&Probe) -> Deadline,
        mut attempt: impl FnMut(&mut TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match attempt(&mut self.socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let deadline = deadline(self.waits.probe());
                    self.waits
                        .wait_for_client(&self.socket, interest, deadline)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Reads bytes from the client, as soon as there are any; returns 0 at their end. Fails with `TimedOut`
    /// at the deadline.
    pub(super) fn receive(&mut self, room: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        self.waits.before_read(deadline)?;
        let count = self.transfer(Interest::Read, |_| deadline, |socket| socket.read(room))?;
        self.received_at = self.waits.after_read(count, room.len());
        Ok(count)
    }

    /// Socket of the client.
    pub(super) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Allows other requests to run before one that arrived together with the last one.
    pub(super) fn between_requests(&mut self) {
        self.waits.between_requests();
    }

    /// Counts a request that begins.
    pub(super) fn request_begins(&self) {
        self.waits.request_begins();
    }

    /// Longest time that the connection may stay idle; `None` if it is closed after the response.
    pub(super) fn keepalive(&self) -> Option<Elapsed> {
        self.waits.keepalive()
    }

    /// True if the answer that begins now leaves its connection open.
    pub(super) fn keeps_connections(&self) -> bool {
        self.keepalive().is_some() && !self.waits.is_stopping()
    }

    /// True if an idle connection waits for its next request elsewhere.
    pub(super) fn leaves_idle_connections(&self) -> bool {
        self.waits.leaves_idle_connections()
    }

    /// Ends the waits of the connection, and returns its socket.
    pub(super) fn into_socket(self) -> TcpStream {
        self.socket
    }

    /// Instant at which the last bytes were received.
    pub(super) fn received_at(&self) -> Stamp {
        self.received_at
    }

    /// Returns the account of the current request, and the probe to report it to.
    pub(super) fn accounting(&mut self) -> (&mut RequestAccounting, &Probe) {
        self.waits.accounting()
    }
}

impl<W: WaitStrategy> World for Transport<W> {
    /// Uses the core. No other request of this thread can run meanwhile: computing is not a wait.
    fn compute(&mut self, cpu: CpuTime) {
        self.waits.compute(cpu);
    }

    fn call(&mut self, service: usize, wait: Elapsed, mode: WaitMode) -> Result<(), CallFailed> {
        Ok(self.waits.call(service, wait, mode)?)
    }

    /// Sends a job to the pool, as a call of a service that computes.
    fn offload(&mut self, cpu: CpuTime) -> Result<(), CallFailed> {
        Ok(self.waits.call(POOL, Elapsed(cpu.0), WaitMode::Patched)?)
    }

    fn sleep(&mut self, wait: Elapsed, mode: WaitMode) {
        self.waits.sleep(wait, mode);
    }

    fn yield_now(&mut self) {
        self.waits.yield_now();
    }

    /// Reads a counter of this process.
    fn counter(&mut self, counter: usize) -> u64 {
        self.waits.probe().counter(counter)
    }

    /// Writes a counter back.
    fn set_counter(&mut self, counter: usize, value: u64) {
        self.waits.probe().counted(counter, value);
    }

    fn touch(&mut self, bytes: u64) {
        process_memory::grow_cache_to(bytes);
    }

    /// Sends all bytes. Waits while the socket's buffer is full.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let deadline = |probe: &Probe| Deadline::until(probe.now() + SEND);
        while !bytes.is_empty() {
            let count = self.transfer(Interest::Write, deadline, |socket| socket.write(bytes))?;
            bytes = &bytes[count..];
            if !bytes.is_empty() {
                self.waits.between_writes();
            }
        }
        Ok(())
    }

    fn date(&self) -> Date {
        self.waits.dates().at(self.received_at)
    }

    fn spent(&self) -> RequestTimes {
        self.waits.spent()
    }
}
