//! The pre-fork server: an arbiter, its workers, and the services that they call.
//!
//! ```text
//!   arbiter ──fork──▶ worker::sync        accept, serve, close, again; a wait blocks the process
//!              ├────▶ worker::threads     accept, hand over to a pool; a wait blocks its thread
//!              ├────▶ worker::coroutine   hub + one task for each connection; a wait parks the task
//!              └────▶ worker::callback    the same hub; a task is a state machine, and a wait returns
//!                       │
//!                       └─ connection ─ handler ─ World: compute, call ──wire──▶ services
//! ```
//!
//! Best read in this order: [`worker`](self) `sync`, `threads` and `coroutine` side by side, then `hub`,
//! `worker::callback` and [`arbiter`].

mod accounting;
pub mod arbiter;
mod blocking;
mod blocking_pool;
mod calls;
pub mod compute;
mod compute_lock;
mod connection;
mod date_cache;
mod deadlines;
mod door;
mod hub;
mod log;
mod process_memory;
mod request_limit;
mod service_pool;
pub mod services;
mod task_context;
mod thread_pool;
mod timers;
mod transport;
pub mod wire;
mod worker;

use concsim_model::scenario::Scenario;
use concsim_model::units::Elapsed;

/// Time without accepts after the system had no descriptor for a connection. (gevent waits for 10 ms first,
/// and for a second at most.)
const ACCEPT_PAUSE: Elapsed = Elapsed::from_millis(100);

/// Descriptors that every worker has open (standard streams, scoreboard, door, poller, pipes), and some to
/// spare.
const DESCRIPTORS_OF_A_WORKER: u64 = 64;

/// Returns the number of descriptors that one process of this server may need at once: for each connection
/// its socket, and one more while it calls a service.
#[must_use]
pub fn descriptors_needed(scenario: &Scenario) -> u64 {
    let connections = scenario.server.concurrency_limit_of(1) as u64;
    let mut steps = scenario.requests.iter().flat_map(|request| &request.script);
    let calls = steps.any(|step| step.service().is_some());
    DESCRIPTORS_OF_A_WORKER + scenario.services.len() as u64 + connections * (1 + u64::from(calls))
}
