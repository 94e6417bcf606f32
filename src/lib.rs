//! > A **Scenario** is played by an engine (the real **Server** under **Load**, or the **Simulation**) and
//! > becomes a **Recording**; **lenses** show Recordings.
//!
//! This package is the command line. The crates below it implement that sentence; read them in this order:
//! [`scenario`] (input of a run), [`handler`] (a request's steps, through the `World` that it is given),
//! [`server`] (the same handler under a sync and under a coroutine worker, side by side),
//! [`telemetry`] (events of the workers), [`recording`] (record of the whole run).

pub mod cli;

pub use concsim_engine::{timetable, worker_table};
pub use concsim_model::{palette, scenario, units};
pub use concsim_os::{coroutine, handler, http, load, recorder, server, sys, telemetry};
pub use {
    concsim_export as export, concsim_figure as figure, concsim_record as recording,
    concsim_report as report, concsim_sim as sim, concsim_theory as theory, concsim_tui as tui,
};
