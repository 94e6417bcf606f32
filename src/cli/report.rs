//! `concsim report`: stored runs as one self-contained HTML file.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::talk;
use concsim_driver::run_store;
use concsim_lab::inputs::LoadedInputs;
use concsim_lab::report::html;
use concsim_os::sys::files;
use concsim_record::storage;

/// Writes a page about kept runs: results, explanations, trust, figures and data.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim report last -o report.html\n         concsim report monday tuesday --title 'Twice the same' -o both.html"
)]
pub struct Args {
    /// Folders of kept runs, or `last`
    #[arg(value_name = "DIR|last", required = true)]
    runs: Vec<PathBuf>,
    /// Output file; by default standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Title of the page; by default that of the scenario, or the names of several
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

/// Writes the report.
///
/// # Errors
/// A run that cannot be read, or a file that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let open = |folder: &PathBuf| {
        let folder = run_store::find(folder)?;
        Ok((storage::open(&folder)?, folder))
    };
    let found = LoadedInputs {
        kept: args.runs.iter().map(open).collect::<anyhow::Result<_>>()?,
        ..LoadedInputs::default()
    };
    let text = html(&found, args.title.as_deref());
    match &args.output {
        Some(path) => {
            files::write_whole(path, text.as_bytes())
                .with_context(|| path.display().to_string())?;
        }
        None => talk::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}
