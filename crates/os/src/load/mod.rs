//! The load generator: sends the requests of the timetable, without coordinated omission.
//!
//! ```text
//!   Timetable ── next request due ──▶ Player ── Connection: send, read ──▶ the server
//!      ▲                               │  │
//!      └── a client is due again ──────┘  └─▶ LoadProbe: outcomes ──▶ the scoreboard
//!                       Course: warm-up, counting, draining, done
//! ```
//!
//! One thread, one loop over a poller, and for each connection a small state machine: it uses no
//! coroutines, so that load does not share the means of the servers that it measures. Its rules:
//!
//! - A request is **due** at an instant that the server has no influence on (open), or that follows from
//!   the client's last answer (closed), and latency counts from there. A request that is late is sent at once
//!   and its lateness is recorded; none is ever skipped, and none is sent faster to catch up. (Otherwise: Gil
//!   Tene's "coordinated omission".)
//! - An open load has as many requests in flight as are due and not answered; there is no pool to exhaust.
//! - `sent` is stamped right before the first `write`, which for a new connection is right after `connect`:
//!   a handshake that is not complete by then is time spent at the server's door. `done` is stamped right
//!   after the `read` that completes the answer.
//! - Requests that are due in the window are waited for after it: to leave them out would leave out the
//!   slow ones.
//!
//! It also drives servers of other programs, and knows nothing of workers.

mod answer;
mod connection;
mod player;
mod probe;
mod requests;
mod silent;
mod target;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use crate::sys::clock::Clock;
use crate::sys::poller::{Poller, wait_precisely, wake_promptly};
use crate::sys::{Result, processes};
use crate::telemetry::{Scoreboard, Stage};
pub use answer::{Answer, CompleteAnswer, ProtocolError};
use concsim_engine::timetable::NOTICE;
use concsim_model::scenario::{Arrivals, Scenario};
use concsim_model::units::{Elapsed, Stamp};
use player::Player;
pub use target::{Authority, NoTarget, Target};

/// Orders of the driver to load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Clock of the run.
    pub clock: Clock,
    /// Scenario whose requests and load are played.
    pub scenario: Scenario,
    /// Server to send requests to.
    pub target: Target,
    /// True if the system stamps arrivals, which takes some time of each request: for a server whose workers do not
    /// report when they wrote an answer.
    pub stamps_arrivals: bool,
}

/// Announces that it is ready, waits for the driver's `go`, and plays the scenario's load from warm-up to
/// the last answer. Reports everything on the scoreboard.
///
/// # Errors
/// Fails if the scenario has more clients than this process may have connections, or if the poller fails.
pub fn play(orders: &Orders, scoreboard: &Scoreboard, output: &mut dyn Write) -> Result<()> {
    wait_precisely();
    wake_promptly();
    allow_connections(&orders.scenario)?;
    let words = scoreboard.run();
    words.load.ready.store(1, Ordering::Release);
    match wait_for_go(orders.clock, scoreboard)? {
        Some(begin) => Player::new(orders, scoreboard, begin, output)?.play()?,
        None => words.load.set_stage(Stage::Done),
    }
    Ok(())
}

/// Number of descriptors besides the connections: poller, scoreboard, lifeline, standard streams.
const OTHER_DESCRIPTORS: u64 = 64;
/// Interval between checks for the driver's `go`.
const LOOK_FOR_GO: Elapsed = Elapsed::from_millis(1);

/// Raises the limit of descriptors. A closed load needs one for each client. The need of another load
/// depends on the server: it gets all that the system gives, and counts requests that found none.
fn allow_connections(scenario: &Scenario) -> Result<()> {
    match scenario.load.arrivals {
        Arrivals::Closed { .. } => {
            let clients = scenario.most_clients() + scenario.load.silent;
            processes::allow_descriptors(clients as u64 + OTHER_DESCRIPTORS)
        }
        Arrivals::Open { .. } | Arrivals::Scheduled => {
            processes::allow_all_descriptors();
            Ok(())
        }
    }
}

/// Waits for the driver's `go`. Returns the beginning of the timetable, late enough to announce a window
/// that begins with it; `None` if the driver ends the run instead.
fn wait_for_go(clock: Clock, scoreboard: &Scoreboard) -> Result<Option<Stamp>> {
    let mut empty = Poller::new()?;
    let words = scoreboard.run();
    loop {
        if words.stop.load(Ordering::Acquire) != 0 {
            return Ok(None);
        }
        match words.go.load(Ordering::Acquire) {
            0 => empty.wait(Some(LOOK_FOR_GO), &mut Vec::new())?,
            go => return Ok(Some(Stamp(go).max(clock.now() + NOTICE))),
        }
    }
}
