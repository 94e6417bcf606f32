//! The vocabulary of the program: scenarios, units, colours and words.

pub mod palette;
pub mod scenario;
pub mod svg;
pub mod units;
pub mod words;
