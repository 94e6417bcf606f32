//! Telemetry: shared memory that many processes write and the driver reads.
//!
//! ```text
//!   Scoreboard ── one anonymous mapping, inherited by every process of the run
//!    ├─ RunWords      words of the driver and of load: go, window, stage
//!    ├─ Slot[256]     one per worker: phase, counters, gauges ── one writer per word
//!    ├─ Ring[256]     one per worker: every run of a coroutine, every request, every preemption
//!    ├─ Ring          the arbiter's: forks, deaths, signals
//!    └─ Ring          load's: the outcome of every request
//! ```
//!
//! It contains no pointer, enum or `bool`: another process may write any word at any time, or die between
//! two of them. Each counter is exact; several together are approximate. A [`Gauge`] is consistent in
//! itself. A ring record is there whole or not at all: a full ring drops the record and counts it, and
//! never makes a worker wait.

mod gauge;
mod mailbox;
mod message;
mod probe;
mod ring;
mod scoreboard;
mod threads;

pub use concsim_engine::telemetry::*;
pub use gauge::Gauge;
pub use mailbox::{LastSeen, Mailbox};
pub use message::ChildMessage;
pub use probe::Probe;
pub use ring::{Reader, Ring, Writer};
pub use scoreboard::{
    COUNTERS, CounterWords, ForeignWords, LoadWords, RINGS_BY_DEFAULT, RunWords, SERVICES,
    Scoreboard, ServiceSlot, Slot, Telemetry, add,
};
