//! Foreign servers: another program in the place of concsim's own server, started, watched from outside and ended; or one
//! that runs already, and is only watched.
//!
//! ```text
//!   driver ── observer ── gunicorn (or any program) ── its workers
//!                │ every 10 ms: accept queue and listeners (sock_diag), state of each worker (/proc/PID/stat)
//!                │              answers and switches that the application counts, if it does
//!                └─▶ scoreboard: pid, phase and counts of each worker, the accept queue
//! ```
//!
//! The observer takes the place of the arbiter. It writes the ids of the worker processes to the scoreboard, and the recorder
//! reads their CPU time, switches, cores and memory, as it does for concsim's own workers. A foreign worker does not write to
//! the scoreboard, so its begun requests, its coroutines and the reasons of its waits are unknown.

mod app;
mod control;
mod orders;
mod running;
mod sight;
mod started;
mod workers;

use std::io::Write;
use std::os::fd::OwnedFd;

use self::control::{Control, Stop};
pub use self::orders::{Failure, Orders, RunningServer};
pub use self::running::{NotFound, command_of, find};
use self::sight::Sight;
use self::started::Started;
use crate::sys::foreign;
use crate::telemetry::Scoreboard;

/// Observes the server until it is told to stop or the lifeline ends. Starts it before, unless it runs already, and ends
/// it with everything that it has started.
///
/// # Errors
/// Fails if the server cannot be started, or ends by itself.
pub fn play(
    orders: Orders,
    scoreboard: &Scoreboard,
    lifeline: &OwnedFd,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    if let Some(server) = orders.running {
        let mut control = Control::listen(lifeline)?;
        let place = (server.pid, server.address.port());
        let sight = Sight::of(place, None, (orders.clock, scoreboard));
        return running::watch(server, sight, &mut control, output).map(drop);
    }
    foreign::become_their_keeper()?;
    let control = Control::listen(lifeline)?;
    let mut server = Started::start(orders, scoreboard, control)?;
    let stop = server.observe(output);
    server.end(matches!(stop, Ok(Stop::Graceful)));
    stop.map(drop)
}
