//! Standard output and standard error of the subcommands: those of the driver, and mistakes in colour.

use super::colour::Colour;
use concsim_model::scenario::Problems;

pub use concsim_driver::console::{data, is_on_a_terminal, print, print_message, raw};

/// Writes all mistakes of a file or of the command line on standard error, each under its line.
pub fn say_mistakes(problems: &Problems, colour: Colour) {
    raw(format_args!("{}\n", problems.render(colour.in_messages())));
}
