//! The pre-fork server: an arbiter, its workers, and the services that they call.

pub mod services;
pub mod wire;
