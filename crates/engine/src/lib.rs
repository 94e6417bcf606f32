//! The rules that both engines share, the real server and the simulation: when each request is due, which
//! coroutine runs next, which worker slot is free, the order of waiters for a limited resource, the constants
//! of [`policy`], and the events by which an engine reports.

mod idle_pool;
pub mod memory;
mod places;
pub mod policy;
mod ready_queue;
pub mod telemetry;
pub mod timetable;
pub mod worker_table;

pub use idle_pool::IdlePool;
pub use places::Places;
pub use ready_queue::{ReadyQueue, TaskId, Turn};
