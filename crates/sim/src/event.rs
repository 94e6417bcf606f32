//! Events of the simulation. Each identifies its subject by a small number; if the number may have been
//! reused, also by a turn that is valid only once.

use super::connection::ConnectionId;

/// Identifies a process or thread that the machine schedules.
pub(super) type EntityId = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SimEvent {
    /// A core has to check its entity.
    Core {
        /// Number of the core.
        core: u32,
        /// Number of the event that the core waits for.
        turn: u32,
    },
    /// A connection's wait is over.
    WaitOver(ConnectionId, u32),
    /// A process that slept in a wait is ready.
    Roused(EntityId, u32),
    /// A service has an answer.
    Answer(u32),
    /// A connection to a service is set up.
    SetUp(ConnectionId, u32),
    /// A client retries to connect to a full queue.
    ConnectAgain(ConnectionId, u32),
    /// A keep-alive connection has reached its idle timeout.
    IdleTooLong(ConnectionId, u32),
    /// A client that sends nothing comes to the door.
    SilentClient,
    /// A thread has waited for the lock for one interval.
    LockInterval(EntityId, u32),
    /// The next client may run out of patience.
    Patience,
    /// The arbiter may fork another replacement.
    Respawn,
    /// The arbiter checks its workers.
    Tick,
    /// A timeline event, by index.
    TimelineEvent(u16),
    /// A regular sample is due.
    Sample,
    /// The run may enter its next phase.
    RunProgress,
    /// Workers that have not exited by now are killed.
    KillRemaining,
}
