//! What can stand on the calendar. Each names what it is about by a small number; where that may have
//! become something else meanwhile, with a turn that is valid only once.

use super::connection::ConnectionId;
use super::machine::EntityId;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SimEvent {
    /// A core has to look at what it runs.
    Core {
        /// Which.
        core: u32,
        /// The one that it waits for.
        turn: u32,
    },
    /// A connection's wait is over.
    WaitOver(ConnectionId, u32),
    /// The process that slept in a wait could run.
    Roused(EntityId, u32),
    /// A service has an answer.
    Answer(u32),
    /// A client tries again to get into a full queue.
    Knock(ConnectionId, u32),
    /// A kept connection has been idle for too long.
    IdleTooLong(ConnectionId, u32),
    /// A thread has waited for the lock for one interval.
    LockInterval(EntityId, u32),
    /// Whoever is next to lose patience may do so.
    Patience,
    /// The arbiter looks at its workers.
    Tick,
    /// A cue of the timeline, by position.
    TimelineEvent(u16),
    /// Everything is sampled.
    Sample,
    /// The course of the run may go on.
    Course,
    /// Whoever has not left by now is killed.
    LastOrders,
}
