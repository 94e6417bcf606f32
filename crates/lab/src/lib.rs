//! The experiments: calibration, predictions and their parity with real runs, sweeps.
//!
//! Each plays many runs, simulated or real, and returns its findings; the command line prints them.

pub mod calibrate;
pub mod length;
pub mod parity;
pub mod prediction;
pub mod steps;
pub mod sweep;
