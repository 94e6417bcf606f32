//! `concsim completions`: what a shell has to know to complete this program's command line.

use std::io;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

/// Prints completions for a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim completions bash > ~/.local/share/bash-completion/completions/concsim"
)]
pub struct Args {
    /// For which shell
    shell: Shell,
}

/// Prints them on standard output.
pub fn run(args: &Args) -> ExitCode {
    let mut command = super::Cli::command();
    clap_complete::generate(args.shell, &mut command, "concsim", &mut io::stdout());
    ExitCode::SUCCESS
}
