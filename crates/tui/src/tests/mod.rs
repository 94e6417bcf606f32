//! Tests of the screen on synthetic frames: no process is started and no clock is read.

mod any_recording;
mod cards;
mod crowd;
mod hall;
mod means;
mod numbers;
mod old_recordings;
mod one_truth;
mod pressing;
mod questions;
mod robustness;
mod same_cells;
mod same_words;
mod screens;
mod sights;
mod staging;
mod states;
mod travel;
mod turns;
mod views;
mod waiting_places;
