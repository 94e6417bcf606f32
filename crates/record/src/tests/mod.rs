//! Tests of the numbers of synthetic runs.

mod evaluate;
mod summary;
mod trust;
