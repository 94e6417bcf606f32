//! `concsim export`: screens of a stored run, for pages and players of terminal recordings, and its data,
//! for other programs.

mod data;
mod screens;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::runs::report_losses;
use concsim_driver::run_store;
use concsim_export::tables::Form;
use concsim_export::{hlog, perfetto};
use concsim_record::storage::{self, StoredRun};

/// Exports a kept run: screens or data.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim export csv last -o tables")]
pub struct Args {
    #[command(subcommand)]
    what: ExportCommand,
}

#[derive(Debug, clap::Subcommand)]
enum ExportCommand {
    /// Export one screen as SVG, or screens as text
    #[command(
        after_help = "Example: concsim export screen last --variant coroutine --at 3.2s -o screen.svg"
    )]
    Screen(screens::ScreenArgs),
    /// Export all screens as an asciicast
    #[command(after_help = "Example: concsim export cast last -o run.cast")]
    Cast(screens::CastArgs),
    /// Export screens as one SVG that moves, for pages
    #[command(
        after_help = "Example: concsim export film last --keys 2 --every 100ms -o lanes.svg\n\nReaders who prefer less motion, and printers, see the last screen."
    )]
    Film(screens::FilmArgs),
    /// Export tables as CSV: runs, requests, samples, workers, cores, switches
    #[command(
        after_help = "Example: concsim export csv last -o tables\n         concsim export csv last --table requests > requests.csv\n\nThe columns and their units are in docs/data.md."
    )]
    Csv(data::TableArgs),
    /// Export the same tables as JSON Lines
    #[command(
        after_help = "Example: concsim export jsonl last -o tables\n\nThe columns and their units are in docs/data.md."
    )]
    Jsonl(data::TableArgs),
    /// Export a trace for ui.perfetto.dev: cores, workers, coroutines and requests over time
    #[command(after_help = "Example: concsim export perfetto last -o run.pftrace")]
    Perfetto(data::FileArgs),
    /// Export latencies as an interval log of HdrHistogram
    #[command(after_help = "Example: concsim export hlog last -o run.hlog")]
    Hlog(data::FileArgs),
}

/// Selection of a run.
#[derive(Debug, clap::Args)]
struct Source {
    /// Folder of a kept run, `last`, or `last-1` for the one before
    #[arg(value_name = "DIR|last")]
    run: PathBuf,
}

impl Source {
    /// Reads the run, and reports its unreadable parts.
    fn open(&self) -> anyhow::Result<StoredRun> {
        let kept = storage::open(&run_store::find(&self.run)?)?;
        report_losses(&kept);
        Ok(kept)
    }
}

/// Writes the files.
///
/// # Errors
/// A run, instant or variant that does not exist, or a file that cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.what {
        ExportCommand::Screen(args) => screens::write_screen(args),
        ExportCommand::Cast(args) => screens::write_cast(args),
        ExportCommand::Film(args) => screens::write_film(args),
        ExportCommand::Csv(args) => data::write_tables(args, Form::Csv),
        ExportCommand::Jsonl(args) => data::write_tables(args, Form::Jsonl),
        ExportCommand::Perfetto(args) => {
            data::refuse_terminal(args, "run.pftrace")?;
            data::write_file(args, |views, to| perfetto::write(views, to))
        }
        ExportCommand::Hlog(args) => data::write_file(args, |views, to| hlog::write(views, to)),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the file to write to; [`None`]: standard output.
fn named(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| *path != Path::new("-"))
}
