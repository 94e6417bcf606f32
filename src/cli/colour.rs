//! Use of colours, by the command line, else by the environment and the terminal.

use std::io::{self, IsTerminal as _};

use clap::ColorChoice;

use concsim_model::palette::{Colours, Look};

/// Choice of the command line.
#[derive(Clone, Copy, Debug)]
pub struct Colour(pub ColorChoice);

impl Colour {
    /// Returns the look of the screen. The command line overrides the environment.
    #[must_use]
    pub fn look(self) -> Look {
        let chosen = self.0;
        Look::of_environment(|name| match (name, chosen) {
            ("NO_COLOR", ColorChoice::Always) => None,
            ("NO_COLOR", ColorChoice::Never) => Some("1".into()),
            _ => std::env::var(name).ok(),
        })
    }

    /// True if messages on standard error are coloured.
    #[must_use]
    pub fn in_messages(self) -> bool {
        match self.0 {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => io::stderr().is_terminal() && self.look().colours != Colours::None,
        }
    }
}
