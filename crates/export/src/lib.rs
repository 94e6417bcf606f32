//! Export of a run: screens for pages and terminal players, and data in formats that other programs read.
//!
//! Screens are drawn from cells of any source. Data is the recording as it is: nothing is computed here but
//! differences, and every number agrees with the summary. Each file names its run and its trust, as far as
//! the format has room.

pub mod asciicast;
pub mod drawing;
pub mod film;
pub mod hlog;
#[cfg(test)]
mod made_up;
pub mod perfetto;
pub mod screens;
pub mod tables;
