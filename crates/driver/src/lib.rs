//! The driver of real runs: starts, watches, steers and stops the processes of a run, and keeps its recording.
//!
//! It draws nothing: a [`frontend::Frontend`] is shown what goes on.

pub mod console;
pub mod frontend;
pub mod play;
pub mod process;
pub mod run;
pub mod run_list;
pub mod run_store;
pub mod serve;
pub mod watch;
