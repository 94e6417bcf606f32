//! > A **Scenario** is played by an engine (the real **Server** under **Load**, or the **Simulation**) and
//! > becomes a **Recording**; **lenses** look at Recordings.
//!
//! Every folder is a word of that sentence. To understand the program, read in this order:
//! [`scenario`] (what to play), `handler` (what a request does, through the `World` that it is given),
//! `server::worker` (the same handler under a sync and under a coroutine worker, side by side),
//! [`telemetry`] (what workers say), [`recording`] (what became of it all).

pub mod cli;
pub mod coroutine;
pub mod export;
pub mod figure;
pub mod handler;
pub mod http;
pub mod load;
pub mod palette;
pub mod recording;
pub mod report;
pub mod roster;
pub mod scenario;
pub mod server;
pub mod sim;
mod svg;
pub mod sys;
pub mod telemetry;
pub mod theory;
pub mod timetable;
pub mod tui;
pub mod units;
mod words;
