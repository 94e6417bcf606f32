//! Overlap: one stackful coroutine ([`Task`]), and the queue that decides who runs next
//! ([`ReadyQueue`]).
//!
//! Nothing here knows a clock, a descriptor or a request. What a task waits *for* is a type that its
//! user brings along; when it is over is the user's business too.

mod ready_queue;
mod task;

pub use ready_queue::{ReadyQueue, TaskId, Turn};
pub use task::{Parker, Resumed, STACK_BYTES, Stacks, Task};
