//! `concsim compare`: two stored runs side by side, with intervals if they were repeated.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::runs::report_losses;
use super::talk;
use concsim_driver::run_store;
use concsim_model::scenario::Plan;
use concsim_record::repeats::Repeats;
use concsim_record::storage;
use concsim_record::summary::Summary;
use concsim_report::comparison::{Side, compare};

/// Compares two kept runs: their numbers with difference and ratio, and the differences between their
/// scenarios.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim compare last-1 last\n         concsim run io_bound --repeat 10 --out two && concsim run io_bound --repeat 10 --out four --set server.workers=4 && concsim compare two four"
)]
pub struct Args {
    /// Folder of a kept run, `last`, or `last-1` for the one before
    #[arg(value_name = "DIR|last")]
    a: PathBuf,
    /// Run to compare it with, named in the same way
    #[arg(value_name = "DIR|last")]
    b: PathBuf,
    /// Print JSON alone on standard output
    #[arg(long)]
    json: bool,
}

/// Compares them.
///
/// # Errors
/// A run that cannot be read.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (a, b) = (open(&args.a)?, open(&args.b)?);
    let names = [&args.a, &args.b].map(|path| path.display().to_string());
    let side = |(plan, summary), name| Side {
        name,
        plan,
        summary,
    };
    let comparison = compare(side((&a.0, &a.1), &names[0]), side((&b.0, &b.1), &names[1]));
    let text = if args.json {
        comparison.to_json()
    } else {
        comparison.to_text()
    };
    talk::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the plan and the summary of a stored run, of all its repeats if there are several, and reports its
/// unreadable parts.
fn open(path: &Path) -> anyhow::Result<(Plan, Summary)> {
    let folder = run_store::find(path)?;
    let kept = storage::open(&folder)?;
    report_losses(&kept);
    let Some((repeats, unreadable)) = Repeats::stored(&folder, &kept) else {
        let summary = kept.summary();
        return Ok((kept.plan, summary));
    };
    for repeat in unreadable {
        talk::print_message(format_args!("{}: not all can be read", repeat.display()));
    }
    let machine = kept.recordings[0].header.machine.clone();
    let summary = repeats.summary(&kept.plan, machine);
    Ok((kept.plan, summary))
}
