//! Stories about the numbers of made-up runs.

mod evaluate;
mod summary;
mod trust;
