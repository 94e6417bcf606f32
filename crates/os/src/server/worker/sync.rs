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
use crate::server::log::log;
use crate::server::transport::Transport;
use crate::sys::signals::Signal;
use crate::sys::{self, fork, net};
use crate::telemetry::Phase;
use concsim_engine::policy;
use concsim_engine::telemetry::task_number;

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(mut context: WorkerContext<'_>) -> sys::Result<i32> {
    let server = &context.config.scenario.server;
    let shared = Shared::open(server, &context.config.services)?;
    let longest_sleep = policy::sync_sleep(server.timeout);
    let mut woken_for_a_client = false;
    for pass in 0.. {
        context.probe.heartbeat(context.probe.now());
        if context.signals.take().contains(&Signal::Terminate) {
            break;
        }
        match net::accept(&context.config.listener, false) {
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
