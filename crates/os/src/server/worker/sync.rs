//! The sync worker: one request at a time. A wait blocks the process.
//!
//! ```text
//!   worker:   accept ── a connection ──▶ serve one request ──▶ close the connection ──▶ accept …
//!                │                          └── a wait ──▶ block: no other request runs
//!                └── none ──▶ sleep until a client is at the door ──▶ accept …
//! ```
//!
//! The loop is gunicorn's (`workers/sync.py`). It beats once a pass, so the arbiter kills a worker whose
//! request takes longer than `server.timeout`. Before it sleeps, it checks that its arbiter is alive.
//!
//! The counterpart is the file `coroutine.rs`.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use super::{WorkerContext, exit};
use crate::handler::{CallFailed, RequestTimes, World};
use crate::http::response::Date;
use crate::server::accounting::{RequestAccounting, Wait};
use crate::server::calls::ServiceConnection;
use crate::server::connection::{self, Deadline, Interest, Transport};
use crate::server::log::log;
use crate::sys::signals::Signal;
use crate::sys::{self, Doing, fork, net, processes};
use crate::telemetry::{Event, Phase, Probe, RunSlice, SwitchReason};
use concsim_engine::policy;
use concsim_engine::telemetry::task_number;
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(mut context: WorkerContext<'_>) -> sys::Result<i32> {
    let mut service_connections = Vec::new();
    for service in &context.config.services {
        service_connections.push(Some(
            ServiceConnection::connect(*service).doing("connect to a service")?,
        ));
    }
    let longest_sleep = policy::sync_sleep(context.config.scenario.server.timeout);
    let mut client_is_waiting = false;
    for number in 0.. {
        context.probe.heartbeat(context.probe.now());
        if context.signals.take().contains(&Signal::Terminate) {
            break;
        }
        match net::accept(&context.config.listener, false) {
            Ok(socket) => serve_one(&context, &mut service_connections, socket, number),
            Err(error) => {
                log_accept_error(&error);
                if client_is_waiting && error.kind() == ErrorKind::WouldBlock {
                    context.probe.found_nothing();
                }
                if fork::parent() != context.config.arbiter {
                    break;
                }
                context.probe.phase(Phase::Idle, context.probe.now());
                let sources = [context.config.listener.as_fd(), context.signals.as_fd()];
                [client_is_waiting, _] = net::wait_readable(sources, Some(longest_sleep))?;
            }
        }
    }
    exit(&context.probe);
    Ok(0)
}

fn log_accept_error(error: &io::Error) {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::ConnectionAborted => {}
        _ => log(&format!("a connection could not be taken: {error}")),
    }
}

/// Serves one connection: one request, then closes it.
fn serve_one(
    context: &WorkerContext<'_>,
    service_connections: &mut [Option<ServiceConnection>],
    socket: TcpStream,
    number: u32,
) {
    let accepted = context.probe.now();
    let task = task_number(number);
    context
        .probe
        .accepted(accepted, task, net::client_number(&socket));
    context.probe.phase(Phase::Running, accepted);
    context.probe.runs_since(accepted);
    let mut transport = Blocking {
        context,
        service_connections,
        socket,
        received_at: accepted,
        accounting: RequestAccounting::accepted(task, accepted),
        slice: OpenSlice {
            ready: accepted,
            from: accepted,
        },
    };
    connection::serve(&mut transport, &context.application);
    drop(transport);
    context.probe.let_go(accepted, context.probe.now());
}

/// World of the one request of a sync worker: every wait blocks the process.
struct Blocking<'worker> {
    context: &'worker WorkerContext<'worker>,
    service_connections: &'worker mut [Option<ServiceConnection>],
    socket: TcpStream,
    received_at: Stamp,
    accounting: RequestAccounting,
    slice: OpenSlice,
}

/// Current run of the request: from the end of one blocking call to the beginning of the next.
struct OpenSlice {
    /// Instant at which it could have begun.
    ready: Stamp,
    /// Instant at which it began.
    from: Stamp,
}

impl OpenSlice {
    /// Begins a slice now; it could have begun at `ready`.
    fn begin(probe: &Probe, ready: Stamp) -> Self {
        let from = probe.now();
        Self {
            ready: ready.min(from),
            from,
        }
    }

    /// Ends the slice now. `due` is the end of the wait that follows, if that is a timer.
    fn end(
        &self,
        probe: &Probe,
        accounting: &RequestAccounting,
        then: SwitchReason,
        due: Option<Stamp>,
    ) {
        probe.event(&Event::RunSlice(RunSlice {
            ready: self.ready,
            from: self.from,
            to: probe.now(),
            task: accounting.task,
            request: accounting.works_for(),
            then,
            due,
            core: processes::own_core(),
        }));
    }
}

impl Blocking<'_> {
    fn probe(&self) -> &Probe {
        &self.context.probe
    }

    /// Blocks the process until the client's socket is ready.
    fn block_for_client(&mut self, interest: Interest, deadline: Deadline) -> io::Result<()> {
        let left = deadline.until.since(self.probe().now());
        let left = (deadline.until != Stamp::NEVER).then_some(left);
        let sleep = || match interest {
            Interest::Read => net::wait_readable([self.socket.as_fd()], left).map(|[can]| can),
            Interest::Write => net::wait_writable(&self.socket, left),
        };
        self.slice.end(
            &self.context.probe,
            &self.accounting,
            SwitchReason::Client,
            None,
        );
        let (slept, over) = self
            .accounting
            .block(&self.context.probe, sleep, |_, _, to| (to, Wait::Client));
        self.slice = OpenSlice::begin(&self.context.probe, over);
        match slept {
            Ok(true) => Ok(()),
            // A signal has ended the wait early: the caller tries again.
            Ok(false) if self.probe().now() < deadline.until => Ok(()),
            Ok(false) => Err(ErrorKind::TimedOut.into()),
            Err(error) => Err(error.source),
        }
    }
}

impl World for Blocking<'_> {
    /// Uses the core. No other request of this process can run meanwhile.
    fn compute(&mut self, cpu: CpuTime) {
        self.accounting.compute(&self.context.probe, cpu);
    }

    /// Calls a service. Blocks the process until the answer is there.
    fn call(&mut self, service: usize, wait: Elapsed, _: WaitMode) -> Result<(), CallFailed> {
        let (address, idle) = (
            self.context.config.services[service],
            &mut self.service_connections[service],
        );
        let (clock, request) = (self.context.probe.clock(), self.accounting.request);
        let call = || -> io::Result<_> {
            let (mut connection, connected) = match idle.take() {
                Some(connection) => (connection, None),
                None => (ServiceConnection::connect(address)?, Some(clock.now())),
            };
            let answer = connection.call_blocking(wait, request)?;
            *idle = Some(connection);
            Ok((answer, connected))
        };
        self.slice.end(
            &self.context.probe,
            &self.accounting,
            SwitchReason::Service,
            None,
        );
        let (answer, over) =
            self.accounting
                .block(&self.context.probe, call, |answer, from, to| match answer {
                    Ok((answer, connected)) => {
                        let connected = connected.unwrap_or(from);
                        (answer.written, Wait::for_answer(connected, answer, wait))
                    }
                    Err(_) => (to, Wait::Connection),
                });
        self.slice = OpenSlice::begin(&self.context.probe, over);
        Ok(answer.map(drop)?)
    }

    /// Waits for a timer. Blocks the process until it is due.
    fn sleep(&mut self, wait: Elapsed, _: WaitMode) {
        let clock = self.context.probe.clock();
        let deadline = clock.now() + wait;
        let sleep = || clock.sleep_until(deadline);
        let (probe, accounting) = (&self.context.probe, &self.accounting);
        self.slice
            .end(probe, accounting, SwitchReason::Timer, Some(deadline));
        self.accounting
            .block(&self.context.probe, sleep, |(), _, _| {
                (deadline, Wait::Timer)
            });
        self.slice = OpenSlice::begin(&self.context.probe, deadline);
    }

    /// Yields. This process has no other request; the kernel may run another process.
    fn let_go(&mut self) {
        std::thread::yield_now();
    }

    /// Reads a counter of this process.
    fn counter(&mut self, counter: usize) -> u64 {
        self.probe().counter(counter)
    }

    /// Writes a counter back.
    fn set_counter(&mut self, counter: usize, value: u64) {
        self.probe().counted(counter, value);
    }

    /// Sends bytes. If the socket's buffer is full, blocks the process until there is room.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.socket.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let until = self.probe().now() + connection::SEND;
                    self.block_for_client(Interest::Write, Deadline::until(until))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn date(&self) -> Date {
        self.context.date_cache.at(self.received_at)
    }

    fn spent(&self) -> RequestTimes {
        self.accounting.spent
    }
}

impl Transport for Blocking<'_> {
    /// Receives bytes. If there are none, blocks the process until the client sends some.
    fn receive(&mut self, room: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            match self.socket.read(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.block_for_client(Interest::Read, deadline)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => {
                    self.received_at = self.probe().now();
                    return result;
                }
            }
        }
    }

    /// Receives the bytes that are there. Never blocks.
    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.socket.read(room)
    }

    /// Does nothing: this process has no other request to run first.
    fn goes_on(&mut self) {}

    /// Ends the sending side.
    fn hang_up(&mut self) {
        // If the client is gone, there is nothing to end.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Keeps no connection: the worker could serve no other client meanwhile.
    fn keeps(&self) -> Option<Elapsed> {
        None
    }

    fn received_at(&self) -> Stamp {
        self.received_at
    }

    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe) {
        (&mut self.accounting, &self.context.probe)
    }
}

/// The connection is closed: its last slice ends, and with it a request that has begun.
impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        self.slice.end(
            &self.context.probe,
            &self.accounting,
            SwitchReason::Ended,
            None,
        );
        self.accounting
            .end(&self.context.probe, self.context.probe.now(), false);
    }
}
