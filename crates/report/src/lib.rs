//! Reports: the results of a run, as text for readers and as JSON for programs.
//!
//! They are made from summaries alone, equal for both engines.

mod blind;
mod bounds;
pub mod card;
pub mod comparison;
pub mod json;
pub mod page;
pub mod parity;
mod repeats;
mod sentences;
pub mod server_parity;
mod table;
mod theory;
mod trust;
mod why;
mod words;

pub use words::wrap;
