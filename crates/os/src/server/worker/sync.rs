//! The sync worker: one request at a time. A wait blocks the process.
//!
//! The loop is gunicorn's (`workers/sync.py`): take a connection; if there was one, serve it, close
//! it, and go straight back; if there was none, see whether the arbiter is still there and sleep
//! until somebody comes to the door. It beats once each pass, so a request that takes longer than
//! `timeout` gets its worker killed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use super::{WorkerContext, exit};
use crate::handler::{CallFailed, Spent, World};
use crate::http::response::Date;
use crate::server::accounting::{RequestAccounting, Wait};
use crate::server::calls::ServiceConnection;
use crate::server::connection::{self, Deadline, Interest, Transport};
use crate::server::log::log;
use crate::sys::signals::Signal;
use crate::sys::{self, Doing, fork, net, processes};
use crate::telemetry::{Event, Phase, Probe, RunSlice, SwitchReason};
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// How long the worker sleeps at the door at most if there is no heartbeat to keep.
const POLL_TIMEOUT: Elapsed = Elapsed::from_secs(1);

/// Serves until it is told to stop. Gives the exit code.
pub(super) fn serve(mut context: WorkerContext<'_>) -> sys::Result<i32> {
    let mut connections = Vec::new();
    for service in &context.config.services {
        connections.push(Some(
            ServiceConnection::connect(*service).doing("connect to a service")?,
        ));
    }
    let timeout = context.config.scenario.server.timeout;
    let poll_timeout = timeout.map_or(POLL_TIMEOUT, |timeout| Elapsed(timeout.0 / 2));
    let mut somebody_is_there = false;
    for connection in 0.. {
        context.probe.heartbeat(context.probe.now());
        if context.signals.take().contains(&Signal::Terminate) {
            break;
        }
        match net::accept(&context.config.listener, false) {
            Ok(socket) => serve_one(&context, &mut connections, socket, connection),
            Err(error) => {
                log_accept_error(&error);
                if somebody_is_there && error.kind() == ErrorKind::WouldBlock {
                    context.probe.found_nothing();
                }
                if fork::parent() != context.config.arbiter {
                    break;
                }
                context.probe.phase(Phase::Idle, context.probe.now());
                let sources = [context.config.listener.as_fd(), context.signals.as_fd()];
                [somebody_is_there, _] = net::wait_readable(sources, Some(poll_timeout))?;
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

/// Serves one connection: one request, then it is closed.
fn serve_one(
    context: &WorkerContext<'_>,
    connections: &mut [Option<ServiceConnection>],
    socket: TcpStream,
    connection: u32,
) {
    let accepted = context.probe.now();
    let task = connection & 0x00FF_FFFF;
    let connection = net::client_number(&socket);
    context.probe.accepted(accepted, task, connection);
    context.probe.phase(Phase::Running, accepted);
    context.probe.runs_since(accepted);
    let mut line = Blocking {
        context,
        connections,
        socket,
        received_at: accepted,
        accounting: RequestAccounting::accepted(task, accepted),
        slice: OpenSlice {
            ready: accepted,
            from: accepted,
        },
    };
    connection::serve(&mut line, &context.application);
    drop(line);
    context.probe.let_go(accepted, context.probe.now());
}

/// The World of a sync worker's one request: every wait blocks the process.
struct Blocking<'worker> {
    context: &'worker WorkerContext<'worker>,
    connections: &'worker mut [Option<ServiceConnection>],
    socket: TcpStream,
    received_at: Stamp,
    accounting: RequestAccounting,
    slice: OpenSlice,
}

/// Time in which the request has the process, from one call in which it blocks to the next.
struct OpenSlice {
    ready: Stamp,
    from: Stamp,
}

impl OpenSlice {
    /// It begins now, and could have begun at `ready`.
    fn begun(probe: &Probe, ready: Stamp) -> Self {
        let from = probe.now();
        Self {
            ready: ready.min(from),
            from,
        }
    }

    /// It ends now; `due` is the instant of the timer that the request waits for from now on.
    fn ends(
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

    fn block_for_client(&mut self, interest: Interest, patience: Deadline) -> io::Result<()> {
        let left = patience.until.since(self.probe().now());
        let left = (patience.until != Stamp::NEVER).then_some(left);
        let sleep = || match interest {
            Interest::Read => net::wait_readable([self.socket.as_fd()], left).map(|[can]| can),
            Interest::Write => net::wait_writable(&self.socket, left),
        };
        self.slice.ends(
            &self.context.probe,
            &self.accounting,
            SwitchReason::Client,
            None,
        );
        let (slept, over) = self
            .accounting
            .block(&self.context.probe, sleep, |_, _, to| (to, Wait::Client));
        self.slice = OpenSlice::begun(&self.context.probe, over);
        match slept {
            Ok(true) => Ok(()),
            // A signal ends the wait early; only when the time is over it is too late.
            Ok(false) if self.probe().now() < patience.until => Ok(()),
            Ok(false) => Err(ErrorKind::TimedOut.into()),
            Err(error) => Err(error.source),
        }
    }
}

impl World for Blocking<'_> {
    fn compute(&mut self, cpu: CpuTime) {
        self.accounting.compute(&self.context.probe, cpu);
    }

    fn call(&mut self, service: usize, wait: Elapsed, _: WaitMode) -> Result<(), CallFailed> {
        let (address, place) = (
            self.context.config.services[service],
            &mut self.connections[service],
        );
        let (clock, request) = (self.context.probe.clock(), self.accounting.request);
        let call = || -> io::Result<_> {
            let (mut connection, connected) = match place.take() {
                Some(connection) => (connection, None),
                None => (ServiceConnection::connect(address)?, Some(clock.now())),
            };
            let answer = connection.call_blocking(wait, request)?;
            *place = Some(connection);
            Ok((answer, connected))
        };
        self.slice.ends(
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
        self.slice = OpenSlice::begun(&self.context.probe, over);
        Ok(answer.map(drop)?)
    }

    fn sleep(&mut self, wait: Elapsed, _: WaitMode) {
        let clock = self.context.probe.clock();
        let deadline = clock.now() + wait;
        let sleep = || clock.sleep_until(deadline);
        let (probe, accounting) = (&self.context.probe, &self.accounting);
        self.slice
            .ends(probe, accounting, SwitchReason::Timer, Some(deadline));
        self.accounting
            .block(&self.context.probe, sleep, |(), _, _| {
                (deadline, Wait::Timer)
            });
        self.slice = OpenSlice::begun(&self.context.probe, deadline);
    }

    /// There is no other request in this process; the system may run another process.
    fn let_go(&mut self) {
        std::thread::yield_now();
    }

    fn counter(&mut self, counter: usize) -> u64 {
        self.probe().counter(counter)
    }

    fn set_counter(&mut self, counter: usize, value: u64) {
        self.probe().counted(counter, value);
    }

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

    fn spent(&self) -> Spent {
        self.accounting.spent
    }
}

impl Transport for Blocking<'_> {
    fn receive(&mut self, room: &mut [u8], patience: Deadline) -> io::Result<usize> {
        loop {
            match self.socket.read(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.block_for_client(Interest::Read, patience)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => {
                    self.received_at = self.probe().now();
                    return result;
                }
            }
        }
    }

    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.socket.read(room)
    }

    /// Other requests wait for this one's end anyway.
    fn goes_on(&mut self) {}

    fn hang_up(&mut self) {
        // A client that is gone already sees nothing.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// A sync worker that kept a connection would serve nobody else meanwhile.
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

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        self.slice.ends(
            &self.context.probe,
            &self.accounting,
            SwitchReason::Ended,
            None,
        );
        self.accounting
            .end(&self.context.probe, self.context.probe.now(), false);
    }
}
