//! The real engine: a pre-fork HTTP server, its load, and the clocks and shared memory to observe them. All
//! access to the operating system is here.

pub mod coroutine;
pub mod foreign;
pub mod handler;
pub mod http;
pub mod load;
pub mod recorder;
pub mod server;
pub mod sys;
pub mod telemetry;
