//! Screens that leave the terminal: one as a drawing for a page, a run of them as a recording that
//! players of terminals show.
//!
//! Drawn from cells, whoever filled them: nothing here knows what a run is.

pub mod cast;
pub mod drawing;
