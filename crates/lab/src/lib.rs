//! The experiments: calibration, predictions and their parity with real runs, sweeps, repeats,
//! pictures of documents, and pages about runs.
//!
//! Each plays many runs, simulated or real, and returns its findings; the command line prints them.

pub mod calibrate;
pub mod demo;
pub mod documents;
pub mod inputs;
pub mod length;
pub mod library;
pub mod parity;
pub mod prediction;
mod progress;
pub mod repeats;
pub mod report;
pub mod server_parity;
pub mod steps;
pub mod sweep;
