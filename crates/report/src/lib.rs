//! A lens: what a run showed, as text for people and as JSON for programs.
//!
//! It looks at summaries and at nothing else, and never asks who played.

mod blind;
pub mod card;
pub mod comparison;
pub mod json;
pub mod page;
pub mod parity;
mod story;
mod table;
mod theory;
mod trust;
mod why;
mod words;
