//! Concurrency in one thread: the stackful coroutine ([`Task`]). The queue that decides which one runs next
//! is the [`ReadyQueue`], which the simulation uses too.
//!
//! Nothing here knows a clock, a descriptor or a request. The reason for a wait is a type of the caller,
//! and the caller decides when the wait is over.

mod task;

pub use concsim_engine::{ReadyQueue, TaskId, Turn};
pub use task::{Parker, Resumed, STACK_BYTES, Stacks, Task};
