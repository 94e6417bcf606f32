//! The door: parses the command line, dispatches, and turns what came of it into an exit status.

use std::process::ExitCode;

use clap::Parser as _;
use concsim::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().dispatch() {
        Ok(status) => status,
        Err(error) => {
            eprintln!("concsim: {error:#}");
            ExitCode::FAILURE
        }
    }
}
