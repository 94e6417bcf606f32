//! The screen tried on moments made up here: no process is started and no clock is read.

mod robustness;
mod screens;
mod staging;
mod turns;
