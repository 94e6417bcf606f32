//! Export of a run as data, in formats that other programs read.
//!
//! Data is the recording as it is: nothing is computed here but differences, and every number agrees with
//! the summary. Each file names its run and its trust, as far as the format has room.

pub mod hlog;
#[cfg(test)]
mod made_up;
pub mod perfetto;
pub mod tables;
