//! The events by which an engine reports what it does.

mod coded;
mod event;
mod extra;
mod marker;
mod number;
mod reading;
mod request;
mod stage;
mod termination;
mod wait;

pub use event::{Event, Phase, Record};
pub use extra::ExtraRequest;
pub use marker::{Marker, millionths};
pub use number::{HIGHEST_REQUEST, NO_REQUEST, stated_request, task_number};
pub use reading::Reading;
pub use request::{Failure, Outcome, RunSlice, SentRequest, Served, SwitchReason};
pub use stage::Stage;
pub use termination::TerminationCause;
pub use wait::{WaitParts, WaitPurpose};

/// Workers that a server can have at once. A worker keeps its slot when it is respawned.
pub const WORKER_SLOTS: usize = 256;

/// Processes that report: the workers, and behind them those of the pool that computes for them.
pub const SLOTS: usize = WORKER_SLOTS + 16;
