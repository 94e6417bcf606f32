//! The nouns of the program: what can be played, in which units, colours and words it is told.

pub mod palette;
pub mod scenario;
pub mod svg;
pub mod units;
pub mod words;
