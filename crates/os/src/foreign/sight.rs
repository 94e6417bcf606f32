//! Parts of a foreign server that are seen from outside at an instant: its workers, its accept queue, and its connections.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::workers::Workers;
use crate::sys::clock::Clock;
use crate::sys::listeners;
use crate::telemetry::{Gauge, Scoreboard};
use concsim_model::units::{Elapsed, Stamp};

/// Time between two looks.
pub(super) const LOOK_EVERY: Elapsed = Elapsed::from_millis(10);
/// Number of looks between two searches for workers.
const LOOKS_OF_A_SEARCH: u32 = 10;
/// Connections are counted again after this many times the time that it took: the table may have thousands of lines.
const REST: u64 = 50;

/// A server, and the scoreboard to which is written what is seen of it.
pub(super) struct Sight<'a> {
    clock: Clock,
    scoreboard: &'a Scoreboard,
    root: u32,
    port: u16,
    workers: Workers,
    looks: u32,
    /// Instant from which connections may be counted again; [`None`] if they are not counted.
    next_count: Option<Stamp>,
}

impl<'a> Sight<'a> {
    /// Returns the sight of the server with this first process, which listens on this port; its workers count
    /// themselves in files of the folder `counts`.
    pub(super) fn of(
        (root, port): (u32, u16),
        counts: Option<PathBuf>,
        (clock, scoreboard): (Clock, &'a Scoreboard),
    ) -> Self {
        Self {
            clock,
            scoreboard,
            root,
            port,
            workers: Workers::counted_in(counts),
            looks: 0,
            next_count: None,
        }
    }

    /// Counts the server's connections, too.
    pub(super) fn with_connections(self) -> Self {
        Self {
            next_count: Some(Stamp::ZERO),
            ..self
        }
    }

    /// Writes what is seen of the server now; the first time, and now and then, also looks for workers.
    pub(super) fn look(&mut self) {
        let found = listeners::listeners_of(self.root, self.port);
        let now = self.clock.now();
        if let Some(listeners) = &found {
            if self.looks.is_multiple_of(LOOKS_OF_A_SEARCH) {
                self.workers
                    .find(self.root, listeners, self.scoreboard, now);
            }
            let foreign = &self.scoreboard.run().foreign;
            set(&foreign.queued, listeners.queued, now);
            foreign.is_seen.store(1, Ordering::Release);
        }
        self.looks += 1;
        self.look_at_workers();
        if self.next_count.is_some_and(|next| now >= next) {
            self.count_connections(now);
        }
    }

    /// Writes the state of the workers now.
    pub(super) fn look_at_workers(&mut self) {
        self.workers.look(self.scoreboard, self.clock.now());
    }

    fn count_connections(&mut self, begun: Stamp) {
        let open = listeners::open_connections(self.root, self.port);
        let now = self.clock.now();
        let foreign = &self.scoreboard.run().foreign;
        set(&foreign.open, open, now);
        foreign.is_open_seen.store(1, Ordering::Release);
        self.next_count = Some(now + Elapsed(REST * now.since(begun).0));
    }
}

fn set(gauge: &Gauge, count: u64, now: Stamp) {
    gauge.step(now, count.cast_signed() - gauge.count().cast_signed());
}
