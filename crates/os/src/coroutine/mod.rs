//! Overlap: one stackful coroutine ([`Task`]). The queue that decides which one runs next is the
//! [`ReadyQueue`], which the simulation uses too.
//!
//! Nothing here knows a clock, a descriptor or a request. What a task waits *for* is a type that its
//! user brings along; when it is over is the user's business too.

mod task;

pub use concsim_engine::{ReadyQueue, TaskId, Turn};
pub use task::{Parker, Resumed, STACK_BYTES, Stacks, Task};
