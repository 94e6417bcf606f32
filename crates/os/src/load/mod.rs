//! The people at the door: plays the timetable against a server, and keeps honest time.
//!
//! ```text
//!   Timetable ── who is due next? ──▶ Player ── Connection: send, read ──▶ the server
//!      ▲                               │  │
//!      └── a client is due again ──────┘  └─▶ LoadProbe: what became of it ──▶ the board
//!                       Course: warm-up, counting, draining, done
//! ```
//!
//! One thread, one loop over a poller, and for each connection a small state machine: no coroutines
//! here, so that load is judged by other means than those it judges. What makes it honest:
//!
//! - A request is **due** at an instant that the server has no influence on (open), or that follows
//!   from the client's last answer (closed), and latency counts from there. A request that is sent
//!   late is sent at once and its lateness is kept; none is ever skipped, and nobody catches up at
//!   double speed. (Gil Tene's "coordinated omission" is what happens otherwise.)
//! - An open load has as many requests in flight as come to be; there is no pool to run out of.
//! - `sent` is stamped right before the first `write`, which for a new connection is right after
//!   `connect`: a handshake that is not through by then is time spent at the server's door. `done` is
//!   stamped right after the `read` that completes the answer.
//! - Requests that are due in the window are waited for after it: to leave them out would leave out
//!   the slow ones.
//!
//! Everything here also drives servers that are not ours; it knows nothing of workers.

mod answer;
mod connection;
mod idle_pool;
mod player;
mod probe;
mod requests;
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
pub use answer::{Answer, Broken, Whole};
use concsim_engine::timetable::NOTICE;
use concsim_model::scenario::{Arrivals, Scenario};
use concsim_model::units::{Elapsed, Stamp};
use player::Player;
pub use target::{Authority, NoTarget, Target};

/// What the driver wants of load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// The run's clock.
    pub clock: Clock,
    /// Its requests and its load are played.
    pub scenario: Scenario,
    /// Against whom.
    pub target: Target,
}

/// Says that it is ready, waits for the driver's `go`, and plays the scenario's load from warm-up to
/// the last straggler. All it has to say, it says on the board.
///
/// # Errors
/// When the scenario has more clients than this process may have connections, or the poller fails.
pub fn play(orders: &Orders, scoreboard: &Scoreboard, voice: &mut dyn Write) -> Result<()> {
    wait_precisely();
    wake_promptly();
    allow_connections(&orders.scenario)?;
    let words = scoreboard.run();
    words.load.ready.store(1, Ordering::Release);
    match wait_for_go(orders.clock, scoreboard)? {
        Some(begin) => Player::new(orders, scoreboard, begin, voice)?.play()?,
        None => words.load.set_stage(Stage::Done),
    }
    Ok(())
}

/// Descriptors besides the connections: poller, board, lifeline, standard streams.
const OTHER_DESCRIPTORS: u64 = 64;
/// How often to look whether the driver has said go.
const LOOK_FOR_GO: Elapsed = Elapsed::from_millis(1);

/// A closed load has one connection for each client. How many an open load will need depends on the
/// server: it gets all there are, and says how many requests found none.
fn allow_connections(scenario: &Scenario) -> Result<()> {
    match scenario.load.arrivals {
        Arrivals::Closed { .. } => {
            processes::allow_descriptors(scenario.most_clients() as u64 + OTHER_DESCRIPTORS)
        }
        Arrivals::Open { .. } => {
            processes::allow_all_descriptors();
            Ok(())
        }
    }
}

/// When the timetable begins: when the driver says, and in time for a window that begins with it to
/// be announced. `None` if the driver wants it all to end instead.
fn wait_for_go(clock: Clock, scoreboard: &Scoreboard) -> Result<Option<Stamp>> {
    let mut nobody = Poller::new()?;
    let words = scoreboard.run();
    loop {
        if words.stop.load(Ordering::Acquire) != 0 {
            return Ok(None);
        }
        match words.go.load(Ordering::Acquire) {
            0 => nobody.wait(Some(LOOK_FOR_GO), &mut Vec::new())?,
            go => return Ok(Some(Stamp(go).max(clock.now() + NOTICE))),
        }
    }
}
