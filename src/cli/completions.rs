//! `concsim completions`: completion scripts of this program's command line for shells.

use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::talk;

/// Prints completions for a shell.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim completions bash > ~/.local/share/bash-completion/completions/concsim"
)]
pub struct Args {
    /// Shell to complete for
    shell: Shell,
}

/// Prints them on standard output.
///
/// # Errors
/// Standard output that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut command = super::Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "concsim", &mut script);
    talk::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
