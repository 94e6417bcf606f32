//! Stories about the numbers of made-up runs.

mod judge;
mod summary;
mod trust;
