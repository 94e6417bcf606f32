//! What can be taken away from a run: screens, for pages and players of terminals, and data, in forms that
//! other programs read.
//!
//! Screens are drawn from cells, whoever filled them. Data is a recording as it is, without a number that
//! the summary does not know: nothing is computed here but differences. Each file says what it is of and
//! whether it may be believed, as far as its form has room for that.

pub mod asciicast;
pub mod drawing;
pub mod hlog;
pub mod metrics;
pub mod perfetto;
pub mod tables;
mod told;

pub use told::PlayedVariant;
