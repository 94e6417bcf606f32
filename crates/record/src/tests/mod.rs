//! Tests of the numbers of synthetic runs.

mod disturbance;
mod evaluate;
mod summary;
mod trust;
