//! The parts of a request's waits: for a thread, for a connection, in a service's queue, for the answer.
//!
//! ```text
//!   begins    thread    connection    served    answered
//!     ├─ thread ─┼─ connection ─┼─ queue ─┼─ call ─┤
//! ```

use serde::{Deserialize, Serialize};

use super::coded::coded;
use concsim_model::units::{Elapsed, Stamp};

coded! {
    /// Purpose of a wait, until its next part begins.
    #[derive(PartialOrd, Ord)]
    pub enum WaitPurpose {
        /// A thread of the worker's pool: all are in use.
        Thread = 1, "thread";
        /// A connection to a service: all of the pool are in use.
        Connection = 2, "connection";
        /// A place in the service: it serves as many calls as it can at once.
        Queue = 3, "queue";
        /// The answer of a service that serves the call.
        Answer = 4, "answer";
        /// A timer.
        Timer = 5, "timer";
    }
}

impl WaitPurpose {
    /// True if it waits for something that others use, rather than for the service or the timer itself.
    #[must_use]
    pub fn is_queue(self) -> bool {
        match self {
            Self::Thread | Self::Connection | Self::Queue => true,
            Self::Answer | Self::Timer => false,
        }
    }
}

/// Sums over the waits of one request, by part. They add up to [`Served::waited`](super::Served::waited).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitParts {
    /// Instant at which the request ended.
    pub at: Stamp,
    /// Number in the run; [`super::NO_REQUEST`] if it had none.
    pub request: u32,
    /// Task that served it.
    pub task: u32,
    /// Wait for a thread of the worker's pool.
    pub thread: Elapsed,
    /// Wait for a connection to a service: until one was free, or until a new one was open.
    pub connection: Elapsed,
    /// Wait from the call's sending until the service began to serve it.
    pub queue: Elapsed,
    /// Wait from there to the answer.
    pub call: Elapsed,
    /// Wait for timers.
    pub sleep: Elapsed,
    /// Wait for bytes of the client, or for room for bytes to it.
    pub client: Elapsed,
}

impl WaitParts {
    /// Returns its parts, in the order of the fields.
    #[must_use]
    pub fn parts(&self) -> [Elapsed; 6] {
        [
            self.thread,
            self.connection,
            self.queue,
            self.call,
            self.sleep,
            self.client,
        ]
    }

    /// Adds a call whose wait lasts from `begun` to `over`. Its connection was there at `connected`, and
    /// the service began to serve it at `served`; both are clamped to the wait.
    pub fn add_call(&mut self, begun: Stamp, connected: Stamp, served: Stamp, over: Stamp) {
        let over = over.max(begun);
        let connected = connected.clamp(begun, over);
        let served = served.clamp(connected, over);
        self.connection += connected.since(begun);
        self.queue += served.since(connected);
        self.call += over.since(served);
    }

    /// Sum of all parts.
    #[must_use]
    pub fn total(&self) -> Elapsed {
        let parts = self.parts().into_iter();
        parts.fold(Elapsed::ZERO, |total, part| total + part)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_call_has_three_parts_one_behind_the_other() {
        let mut parts = WaitParts::default();
        parts.add_call(Stamp(10), Stamp(15), Stamp(22), Stamp(40));
        assert_eq!(parts.connection, Elapsed(5));
        assert_eq!(parts.queue, Elapsed(7));
        assert_eq!(parts.call, Elapsed(18));
    }

    proptest! {
        #[test]
        fn whatever_the_clocks_said_the_parts_add_up_to_the_wait(stamps: [u32; 4]) {
            let [begun, connected, served, over] = stamps.map(|stamp| Stamp(stamp.into()));
            let mut parts = WaitParts::default();
            parts.add_call(begun, connected, served, over);
            prop_assert_eq!(parts.total(), over.since(begun));
        }
    }
}
