//! `concsim sweep`: a scenario at every point of a grid, and a table of the results.
//!
//! ```text
//!   --over ─▶ axes ─▶ grid: points × variants = rows ─▶ played, in any order ─▶ points.jsonl
//!                                   └── those that are there already ◀──────────────┘  └─▶ points.csv
//! ```
//!
//! A simulated row depends on its place in the grid alone, so the table is independent of the number of
//! threads, of their order, and of interruptions.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, Command, FromArgMatches};

use super::colour::Colour;
use super::repeat::RepeatArgs;
use super::source::{self, SourceArgs};
use super::talk;
use concsim_lab::sweep::folder::{Folder, SweepInfo};
use concsim_lab::sweep::grid::{Grid, GridRow, Shard};
use concsim_lab::sweep::merge::merge;
use concsim_lab::sweep::{Jobs, axis, first, fixed, identity, play_the_rest};
use concsim_model::scenario::{Engine, Problems};
use concsim_os::sys::interrupt;

/// A sweep, or shards to be joined.
#[derive(Debug)]
pub enum Args {
    /// A sweep to play.
    Sweep(Box<Sweep>),
    /// Shards to join.
    Merge(Merge),
}

/// Written by hand, since the derived form takes a flattened option for absent whose only positional is
/// nested.
impl FromArgMatches for Args {
    fn from_arg_matches(found: &ArgMatches) -> Result<Self, clap::Error> {
        match found.subcommand() {
            Some((_, found)) => Merge::from_arg_matches(found).map(Self::Merge),
            None => Sweep::from_arg_matches(found).map(|it| Self::Sweep(Box::new(it))),
        }
    }

    fn update_from_arg_matches(&mut self, found: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(found)?;
        Ok(())
    }
}

impl clap::Args for Args {
    fn augment_args(command: Command) -> Command {
        let merge = Command::new("merge").about("Join the shards of a sweep");
        Sweep::augment_args(command)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
            .subcommand(Merge::augment_args(merge))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Plays a scenario at every point of a grid, in virtual time unless told otherwise.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim sweep io_bound --over server.workers=1..8 --over load.clients=10,100"
)]
pub struct Sweep {
    #[command(flatten)]
    chosen: SourceArgs,
    /// Axis of the grid, with the keys of --set: server.workers=1..64, load.clients=10,100
    #[arg(long, value_name = "KEY=VALUES", required = true)]
    over: Vec<String>,
    /// Play real processes, one point after the other
    #[arg(long)]
    measured: bool,
    /// Number of points simulated at once; by default the number of cores
    #[arg(long, value_name = "N", conflicts_with = "measured")]
    jobs: Option<std::num::NonZeroUsize>,
    #[command(flatten)]
    repeats: RepeatArgs,
    /// Share of the points to play: 3/16 is the third of sixteen
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Output directory; an interrupted sweep resumes from it; by default sweep-NAME
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Join the shards of a sweep
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim sweep merge sweep-io_bound-1of2 sweep-io_bound-2of2 --out whole"
)]
pub struct Merge {
    /// Folders of the shards
    #[arg(value_name = "DIR", required = true)]
    shards: Vec<PathBuf>,
    /// Output directory of the whole
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace existing rows that differ
    #[arg(long)]
    replace: bool,
}

/// Begins or resumes a sweep.
///
/// # Errors
/// A folder of another sweep, or one that cannot be written to.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    match args {
        Args::Sweep(args) => sweep(args, colour),
        Args::Merge(args) => join(args),
    }
}

fn sweep(args: &Sweep, colour: Colour) -> anyhow::Result<ExitCode> {
    let wrong = |problems: &Problems| {
        talk::say_mistakes(problems, colour);
        Ok(ExitCode::from(2))
    };
    let (engine, jobs) = if args.measured {
        (Engine::Processes, Jobs::Measured)
    } else {
        (Engine::Simulation, Jobs::Simulated(args.jobs))
    };
    let Some((bytes, file)) = source::find(&args.chosen)? else {
        return Ok(ExitCode::from(2));
    };
    let text = match concsim_model::scenario::text_of(bytes, &file) {
        Ok(text) => text,
        Err(problems) => return wrong(&problems),
    };
    let base = args.chosen.overrides(engine);
    let axes = match axis::read(&args.over, &fixed(&base)) {
        Ok(axes) => axes,
        Err(problems) => return wrong(&problems),
    };
    let repeats = match args.repeats.of_rows() {
        Ok(repeats) => repeats,
        Err(unknown) => {
            talk::print_message(unknown);
            return Ok(ExitCode::from(2));
        }
    };
    let grid = Grid {
        text,
        file,
        base,
        axes,
        repeats,
    };
    let whole = grid
        .places()
        .and_then(|places| Ok((first(&grid, &places)?, places)));
    let (plan, places) = match whole {
        Ok(whole) => whole,
        Err(problems) => return wrong(&problems),
    };
    let shard = args.shard;
    let about = SweepInfo {
        sweep: identity(&grid, &plan, jobs, places.len()),
        shard: shard.map(|shard| shard.to_string()),
    };
    let ending = shard.map_or_else(String::new, Shard::ending);
    let by_default = || PathBuf::from(format!("sweep-{}{ending}", plan.name()));
    let mut folder = Folder::open(&args.out.clone().unwrap_or_else(by_default), about)?;
    let is_here = |place: &&GridRow| shard.is_none_or(|shard| shard.has(place.index));
    let here: Vec<&GridRow> = places.iter().filter(is_here).collect();
    let unplayed = play_the_rest(jobs, &grid, &plan, &here, &mut folder)?;
    if unplayed > 0 && interrupt::is_requested() {
        say_how_to_go_on(&folder, here.len() - unplayed, here.len());
        return Ok(ExitCode::from(130));
    }
    folder.finish()?;
    Ok(say_how_it_ended(&folder))
}

/// Reports after ^C the finished rows, and the command that resumes the sweep.
fn say_how_to_go_on(folder: &Folder, there: usize, all: usize) {
    let path = folder.path().display();
    talk::print_message(format_args!(
        "interrupted: {there} of {all} rows are in {path}"
    ));
    talk::raw(format_args!(
        "  help: the same command goes on with the rest\n"
    ));
}

/// Reports the place of the rows; returns 1 if a point could not be played.
fn say_how_it_ended(folder: &Folder) -> ExitCode {
    let failed = folder
        .rows
        .values()
        .filter(|row| row.error.is_some())
        .count();
    let rows = folder.rows.len();
    let path = folder.path().join("points.csv");
    talk::print_message(format_args!(
        "{rows} rows, {failed} failed, in {}",
        path.display()
    ));
    status(folder)
}

/// Returns 1 if a point could not be played.
fn status(folder: &Folder) -> ExitCode {
    let has_failed = folder.rows.values().any(|row| row.error.is_some());
    ExitCode::from(u8::from(has_failed))
}

/// Joins shards, and reports the whole.
fn join(args: &Merge) -> anyhow::Result<ExitCode> {
    let whole = merge(&args.shards, &args.out, args.replace)?;
    talk::print_message(format_args!(
        "{} rows in {}",
        whole.rows.len(),
        whole.path().display()
    ));
    Ok(status(&whole))
}
