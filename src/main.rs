//! Entry point: parses the command line, dispatches, and turns the result into an exit status.

use std::process::ExitCode;

use clap::Parser as _;
use concsim::cli::{Cli, failure};
use concsim::sys::processes;

fn main() -> ExitCode {
    match processes::allow_stack() {
        Ok(()) => command(),
        Err(error) => failure::report(&error.into()),
    }
}

/// Carries out the command line.
fn command() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => cli
            .dispatch()
            .unwrap_or_else(|error| failure::report(&error)),
        Err(error) => failure::of_the_command_line(&error),
    }
}
