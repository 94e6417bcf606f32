//! The sync worker: one [`World`](crate::handler::World) at once. A wait blocks the process.
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
//! The counterpart is the file `coroutine.rs`, in the same order.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::AsFd;

use super::{WorkerContext, exit};
use crate::handler::RequestTimes;
use crate::server::accounting::{OpenSlice, RequestAccounting, Wait};
use crate::server::calls::ServiceConnection;
use crate::server::connection;
use crate::server::date_cache::DateCache;
use crate::server::log::log;
use crate::server::transport::{Deadline, Interest, Transport, WaitStrategy};
use crate::sys::signals::Signal;
use crate::sys::{self, ErrorContext, fork, net};
use crate::telemetry::{Phase, Probe, SwitchReason};
use concsim_engine::policy;
use concsim_engine::telemetry::task_number;
use concsim_model::scenario::WaitMode;
use concsim_model::units::{Elapsed, Stamp};

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(mut context: WorkerContext<'_>) -> sys::Result<i32> {
    let mut services = Vec::new();
    for address in &context.config.services {
        services.push(Some(
            ServiceConnection::connect(*address).doing("connect to a service")?,
        ));
    }
    let longest_sleep = policy::sync_sleep(context.config.scenario.server.timeout);
    let mut woken_for_a_client = false;
    for pass in 0.. {
        context.probe.heartbeat(context.probe.now());
        if context.signals.take().contains(&Signal::Terminate) {
            break;
        }
        match net::accept(&context.config.listener, false) {
            Ok(socket) => {
                woken_for_a_client = false;
                serve_one(&context, &mut services, socket, task_number(pass));
            }
            Err(error) => {
                log_accept_error(&error);
                // It was woken for a client, and another worker was faster.
                if woken_for_a_client && error.kind() == ErrorKind::WouldBlock {
                    context.probe.found_nothing();
                }
                if fork::parent() != context.config.arbiter {
                    break;
                }
                context.probe.phase(Phase::Idle, context.probe.now());
                let sources = [context.config.listener.as_fd(), context.signals.as_fd()];
                [woken_for_a_client, _] = net::wait_readable(sources, Some(longest_sleep))?;
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

/// Serves one connection, which events call `task`: one request, then closes it.
fn serve_one(
    context: &WorkerContext<'_>,
    services: &mut [Option<ServiceConnection>],
    socket: TcpStream,
    task: u32,
) {
    let (probe, accepted) = (&context.probe, context.probe.now());
    probe.accepted(accepted, task, net::client_number(&socket));
    probe.phase(Phase::Running, accepted);
    probe.runs_since(accepted);
    let waits = Blocking {
        context,
        services,
        accounting: RequestAccounting::accepted(task, accepted),
        slice: OpenSlice::accepted(accepted),
    };
    let mut transport = Transport::new(socket, accepted, waits);
    connection::serve(&mut transport, &context.application);
    drop(transport);
    probe.end_run(accepted, probe.now());
}

/// Waits of the one request of a sync worker. Each blocks the process.
struct Blocking<'worker> {
    context: &'worker WorkerContext<'worker>,
    /// Connection to each service, by index; `None` after a call on it has failed.
    services: &'worker mut [Option<ServiceConnection>],
    accounting: RequestAccounting,
    /// Run of the request since its last wait, or since the accept.
    slice: OpenSlice,
}

impl Blocking<'_> {
    /// Blocks the process in the system call `sleep`: nothing else of this process runs. Returns its result.
    ///
    /// `end_of` returns the end and the purpose of the wait, given that result and the instants at which
    /// the call began and returned.
    fn block<T>(
        &mut self,
        reason: SwitchReason,
        due: Option<Stamp>,
        sleep: impl FnOnce() -> T,
        end_of: impl FnOnce(&T, Stamp, Stamp) -> (Stamp, Wait),
    ) -> T {
        let probe = &self.context.probe;
        self.slice.end(probe, &self.accounting, reason, due);
        let (result, over) = self.accounting.block(probe, sleep, end_of);
        self.slice = OpenSlice::begin(probe, over);
        result
    }
}

impl WaitStrategy for Blocking<'_> {
    /// Blocks the process until the client's socket is ready.
    fn wait_for_client(
        &mut self,
        socket: &TcpStream,
        interest: Interest,
        deadline: Deadline,
    ) -> io::Result<()> {
        let left = deadline.until.since(self.probe().now());
        let left = (deadline.until != Stamp::NEVER).then_some(left);
        let sleep = || match interest {
            Interest::Read => net::wait_readable([socket.as_fd()], left).map(|[ready]| ready),
            Interest::Write => net::wait_writable(socket, left),
        };
        let is_ready = self.block(SwitchReason::Client, None, sleep, |_, _, returned| {
            (returned, Wait::Client)
        });
        let is_ready = is_ready.map_err(|error| error.source)?;
        if !is_ready && self.probe().now() >= deadline.until {
            return Err(ErrorKind::TimedOut.into());
        }
        // If a signal has ended the wait early, the caller tries in vain, and waits again.
        Ok(())
    }

    /// Calls a service. Blocks the process until the answer is there, in every mode.
    fn call(&mut self, service: usize, wait: Elapsed, _: WaitMode) -> io::Result<()> {
        let address = self.context.config.services[service];
        let (clock, request) = (self.context.probe.clock(), self.accounting.request);
        let idle = self.services[service].take();
        let call = || -> io::Result<_> {
            let (mut connection, connected) = match idle {
                Some(connection) => (connection, None),
                None => (ServiceConnection::connect(address)?, Some(clock.now())),
            };
            let answer = connection.call_blocking(wait, request)?;
            Ok((connection, answer, connected))
        };
        let called = self.block(
            SwitchReason::Service,
            None,
            call,
            |called, began, returned| match called {
                Ok((_, answer, connected)) => {
                    Wait::for_answer(connected.unwrap_or(began), answer, wait)
                }
                Err(_) => (returned, Wait::Connection),
            },
        );
        self.services[service] = Some(called?.0);
        Ok(())
    }

    /// Waits for a timer. Blocks the process until it is due, in every mode.
    fn sleep(&mut self, wait: Elapsed, _: WaitMode) {
        let clock = self.context.probe.clock();
        let due = clock.now() + wait;
        let sleep = || clock.sleep_until(due);
        self.block(SwitchReason::Timer, Some(due), sleep, |(), _, _| {
            (due, Wait::Timer)
        });
    }

    /// Yields the core. This process has no other request; the kernel may run another process.
    fn yield_now(&mut self) {
        std::thread::yield_now();
    }

    /// Returns the present instant: a read returns as soon as the bytes are there.
    fn after_read(&mut self, _: usize, _: usize) -> Stamp {
        self.probe().now()
    }

    /// Keeps no connection: the worker could serve no other client meanwhile.
    fn keepalive(&self) -> Option<Elapsed> {
        None
    }

    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe) {
        (&mut self.accounting, &self.context.probe)
    }

    fn spent(&self) -> RequestTimes {
        self.accounting.spent
    }

    fn probe(&self) -> &Probe {
        &self.context.probe
    }

    fn dates(&self) -> &DateCache {
        &self.context.date_cache
    }
}

/// The connection ends: its last slice ends, and with it a request that has begun.
impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        let probe = &self.context.probe;
        self.slice
            .end(probe, &self.accounting, SwitchReason::Ended, None);
        self.accounting.end(probe, probe.now(), false);
    }
}
