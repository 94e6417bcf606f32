//! The door: parses the command line, dispatches, and turns what came of it into an exit status.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use concsim::cli::Cli;

fn main() -> ExitCode {
    match Cli::parse().dispatch() {
        Ok(status) => status,
        // Whoever read the output has read enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Where nobody listens any more, nothing is said.
            let _ = writeln!(io::stderr(), "concsim: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
