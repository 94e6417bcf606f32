//! `concsim keys`: the keys in force, as a file to start from.

use std::path::PathBuf;
use std::process::ExitCode;

use super::colour::Colour;
use super::keyboard::{self, LoadedKeys};
use super::talk;

/// Prints the keys in force, as a file to change and pass to --keys.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim keys > ~/.config/concsim/keys.toml")]
pub struct Args {
    /// File of keys; by default concsim/keys.toml in the folder for settings
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
}

/// Prints the keys in force. The status is 2 if their file has mistakes.
///
/// # Errors
/// A file that cannot be read, or standard output that cannot be written.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    match keyboard::find(args.keys.as_deref(), colour)? {
        LoadedKeys::Keymap(keymap) => {
            talk::print(&keymap.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        LoadedKeys::Wrong => Ok(ExitCode::from(2)),
    }
}
