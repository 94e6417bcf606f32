//! `concsim figures`: redraws every picture of Markdown files by the commands in the files, which stand in
//! a comment above the picture, or in a block beside it that the reader sees.

use std::path::PathBuf;
use std::process::ExitCode;

use concsim_lab::documents::redraw;

/// Draws all pictures of Markdown files again, by the commands in them.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A picture is drawn by the comment `<!-- concsim figure … -->` above it (or `export`), or by the block of \
                  commands of which one ends in `-o` with its file's name. The folders of `concsim sim … --out NAME` (or sweep, \
                  or run) are for the moment.\n\n\
                  Example: concsim figures README.md docs/post.md\n         concsim figures --check"
)]
pub struct Args {
    /// Markdown files; by default README.md and those of docs/
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; list the pictures that differ from the output of their commands, and fail if there
    /// are any
    #[arg(long)]
    check: bool,
}

/// Draws the pictures, or lists the stale ones.
///
/// # Errors
/// A document that cannot be read.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let outcome = redraw(&args.files, args.check)?;
    let fails = outcome.mistakes > 0 || (args.check && outcome.stale > 0);
    Ok(ExitCode::from(u8::from(fails)))
}
