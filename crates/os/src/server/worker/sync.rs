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
use crate::server::blocking::{Blocking, Shared, ThreadContext};
use crate::server::connection;
use crate::server::door::longest_sleep;
use crate::server::log::log;
use crate::server::transport::Transport;
use crate::sys::poller::Poller;
use crate::sys::signals::Signal;
use crate::sys::{self, fork, net};
use crate::telemetry::Phase;
use concsim_engine::telemetry::task_number;
use concsim_model::scenario::Accept;
use concsim_model::units::Elapsed;

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(mut context: WorkerContext<'_>) -> sys::Result<i32> {
    let server = &context.config.scenario.server;
    let shared = Shared::open(
        &context.config.scenario,
        &context.config.services,
        context.config.pool,
        context.config.request_limit,
    )?;
    let mut door = WaitAtDoor::of(&context)?;
    let mut woken_for_a_client = false;
    for pass in 0.. {
        context.probe.heartbeat(context.probe.now());
        if shared.is_stopping() || context.signals.take().contains(&Signal::Terminate) {
            break;
        }
        match door.accept(&context) {
            Ok(socket) => {
                woken_for_a_client = false;
                serve_one(&context, &shared, socket, task_number(pass));
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
                woken_for_a_client = door.sleep(&context, longest_sleep(server))?;
            }
        }
    }
    exit(&context.probe);
    Ok(0)
}

/// Token of the listener, in an epoll instance.
const LISTENER: u64 = 0;
const SIGNALS: u64 = 1;

/// The way in which a sync worker sleeps at the door: it follows from [`Accept`].
enum WaitAtDoor {
    /// In a poll, which each connection ends for all workers that sleep.
    Poll,
    /// In an epoll instance of its own, of which the kernel chooses one.
    Epoll(Poller),
    /// In accept itself: what it returns for is a client, and never found by another worker before.
    Accept,
}

impl WaitAtDoor {
    fn of(context: &WorkerContext<'_>) -> sys::Result<Self> {
        match context.listener.sharing() {
            Accept::Shared | Accept::Reuseport => Ok(Self::Poll),
            Accept::Exclusive => {
                let poller = Poller::new()?;
                context.listener.watch(&poller, LISTENER)?;
                poller.add_listener(&context.signals, SIGNALS)?;
                Ok(Self::Epoll(poller))
            }
            Accept::Blocking => Ok(Self::Accept),
        }
    }

    /// Accepts a connection, and waits for one if that is the way.
    fn accept(&self, context: &WorkerContext<'_>) -> io::Result<TcpStream> {
        if matches!(self, Self::Accept) {
            context.probe.phase(Phase::Idle, context.probe.now());
        }
        context.listener.accept()
    }

    /// Sleeps until a client or a signal comes, or for `longest`. Returns true if a client is reported.
    fn sleep(&mut self, context: &WorkerContext<'_>, longest: Elapsed) -> sys::Result<bool> {
        match self {
            Self::Poll => {
                let sources = [context.listener.as_fd(), context.signals.as_fd()];
                net::wait_readable(sources, Some(longest)).map(|[client, _]| client)
            }
            Self::Epoll(poller) => {
                let mut ready = Vec::new();
                poller.wait(Some(longest), &mut ready)?;
                Ok(ready.iter().any(|source| source.token == LISTENER))
            }
            Self::Accept => Ok(false),
        }
    }
}

fn log_accept_error(error: &io::Error) {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::ConnectionAborted | ErrorKind::Interrupted => {}
        _ => log(&format!("a connection could not be taken: {error}")),
    }
}

/// Serves one connection, which events call `task`: one request, then closes it.
fn serve_one(context: &WorkerContext<'_>, shared: &Shared, socket: TcpStream, task: u32) {
    let (probe, accepted) = (&context.probe, context.probe.now());
    probe.accepted(accepted, task, net::client_number(&socket));
    probe.phase(Phase::Running, accepted);
    probe.runs_since(accepted);
    let thread = ThreadContext {
        index: 0,
        probe,
        date_cache: &context.date_cache,
        shared,
    };
    let waits = Blocking::accepted(&thread, task, accepted);
    let mut transport = Transport::new(socket, accepted, waits);
    connection::serve(&mut transport, &context.application);
    drop(transport);
    probe.end_run(accepted, probe.now());
}
