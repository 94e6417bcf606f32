//! Attacks: commands that try to break the program many times over and print a table of the results.
//!
//! ```text
//!   cargo test --test it attack -- --ignored --nocapture
//! ```

mod clients;
mod kills;
mod mutants;
mod servers;
