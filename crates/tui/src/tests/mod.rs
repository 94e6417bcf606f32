//! Tests of the screen on synthetic frames: no process is started and no clock is read.

mod any_recording;
mod captions;
mod cards;
mod crowd;
mod hall;
mod means;
mod numbers;
mod old_recordings;
mod pressing;
mod questions;
mod robustness;
mod same_cells;
mod same_numbers;
mod screens;
mod shared_words;
mod staging;
mod states;
mod travel;
mod turns;
mod views;
mod waiting_places;
