//! The application: straight-line code that plays a script in the [`World`] that it is given.
//!
//! ```text
//!   http::Request ─▶ Application::ask ─▶ Asked ─▶ Application::answer ─▶ World: compute, call, …, send
//! ```
//!
//! The same code runs under every kind of worker. The World decides whether a wait blocks the process or
//! parks the coroutine. A handler touches no clock, socket, file or thread, and cannot tell where it runs:
//! the argument does here what gevent does by patching the standard library.

mod access;
mod application;
mod ask;
mod description;
mod play;
mod reply;
mod world;

#[cfg(test)]
mod conversations;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use application::{AnswerOutcome, Application, caught};
pub use ask::{DEMAND_LIMIT, RequestedWork};
pub use description::Whoami;
pub use play::{StopReason, longest_slice, step_panic};
pub use reply::Reply;
pub use world::{CallFailed, RequestTimes, World, overflow_the_stack};
