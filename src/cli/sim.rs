//! `concsim sim`: plays a scenario in virtual time, variant after variant, and prints the result. The same
//! file, seed and version give the same result, on every machine.

use super::colour::Colour;
use super::display::{CardArgs, DisplayArgs};
use super::keyboard::{KeyboardArgs, LoadedKeys};
use super::repeat::{self, RepeatArgs, RepeatNumbers, Wanted};
use super::replay::{self, ReplaySession};
use super::run;
use super::source::{self, SearchResult, SourceArgs};
use super::talk;
use concsim_driver::play::writer_for;
use concsim_lab::calibrate;
use concsim_lab::repeats::Simulations;
use concsim_model::scenario::{Engine, Plan, Variant};
use concsim_os::recorder::Folder;
use concsim_os::sys::{interrupt, processes};
use concsim_record::summary::{Run, Summary, summarise};
use concsim_record::{Recorder, Recording};
use concsim_report::json;
use concsim_sim::limits::MOST_STEPS;
use concsim_terminal::display;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Plays a scenario in virtual time, and shows the result.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim sim io_bound --set machine.cores=64 --set server.workers=129"
)]
pub struct Args {
    #[command(flatten)]
    chosen: SourceArgs,
    /// File with the [machine] to simulate; `calibrated` is that of `concsim calibrate`
    #[arg(long, value_name = "FILE")]
    machine: Option<PathBuf>,
    /// Show no screen; print the result on standard output
    #[arg(long)]
    headless: bool,
    /// Print the summary as JSON alone on standard output
    #[arg(long)]
    json: bool,
    /// Most steps of a simulation, by an estimate, before it is refused; each takes up to 1 us
    #[arg(long, value_name = "COUNT", default_value_t = MOST_STEPS)]
    most_steps: u64,
    #[command(flatten)]
    repeats: RepeatArgs,
    /// Number of repeats played at once; by default the number of cores
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    card: CardArgs,
    /// Keep the recording in this folder, which must be new or empty; repeats in folders below it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep no recording
    #[arg(long, conflicts_with = "out")]
    no_keep: bool,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    keyboard: KeyboardArgs,
}

impl Args {
    /// Returns arguments that simulate the scenario of this name unchanged, and show the result on a screen
    /// if there is one.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self {
            chosen: SourceArgs::of(name),
            machine: None,
            headless: false,
            most_steps: MOST_STEPS,
            repeats: RepeatArgs::default(),
            jobs: None,
            card: CardArgs::default(),
            json: false,
            out: None,
            no_keep: false,
            display: DisplayArgs::default(),
            keyboard: KeyboardArgs::default(),
        }
    }
}

/// Simulates every chosen variant, and shows or prints the result.
///
/// # Errors
/// A recording that cannot be stored.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let machine = match args.machine.as_deref().map(calibrate::find).transpose()? {
        Some(Err(none)) => {
            talk::print_message(none);
            return Ok(ExitCode::from(2));
        }
        found => found.and_then(Result::ok),
    };
    let plan = match source::choose_on(machine, &args.chosen, Engine::Simulation, colour)? {
        SearchResult::Plan(plan) => plan,
        SearchResult::Wrong => return Ok(ExitCode::from(2)),
    };
    let terminal = display::canvas().filter(|_| !args.headless && !args.json);
    let LoadedKeys::Keymap(keymap) = args.keyboard.keymap(terminal, colour)? else {
        return Ok(ExitCode::from(2));
    };
    for variant in &plan.variants {
        if let Err(refused) = concsim_sim::limits::check_within(&variant.scenario, args.most_steps)
        {
            talk::print_message(format_args!("{} is not simulated: {refused}", variant.name));
            return Ok(ExitCode::from(2));
        }
    }
    let wanted = match args.repeats.wanted(&plan) {
        Ok(wanted) => wanted,
        Err(unknown) => {
            talk::print_message(unknown);
            return Ok(ExitCode::from(2));
        }
    };
    let mut folder = run::folder_for(args.out.as_deref(), args.no_keep, &plan)?;
    let (recordings, summary) = if let Some(wanted) = wanted {
        let Some(played) = play_repeats(&plan, wanted, args, folder)? else {
            return Ok(ExitCode::from(repeat::INTERRUPTED));
        };
        folder = played.folder;
        (played.first, played.summary)
    } else {
        let recordings = play_all(&plan, folder.as_mut());
        let runs: Vec<Run> = recordings.iter().map(summarise).collect();
        let machine = concsim_sim::machine_of(&plan.variants[0].scenario);
        (recordings, Summary::of(&plan, machine, runs))
    };
    if let Some(folder) = &folder {
        let kept = folder.summarise(&json::of(&summary));
        run::report_folder(folder, &kept, args.json);
    }
    let options = args.display.options(colour);
    if let Some(terminal) = terminal.filter(|_| !interrupt::is_requested()) {
        let mouse = args.keyboard.mouse();
        let stage = ReplaySession {
            terminal,
            options,
            keymap,
            mouse,
        };
        replay::show(&plan, recordings, &summary, stage)?;
    }
    run::print(
        &plan,
        &summary,
        args.json,
        (options.look.glyphs, args.card.extent()),
    )?;
    Ok(ExitCode::from(summary.exit_status()))
}
fn play_repeats(
    plan: &Plan,
    wanted: Wanted,
    args: &Args,
    folder: Option<Folder>,
) -> anyhow::Result<Option<RepeatNumbers>> {
    interrupt::listen_once()?;
    let cores = || processes::cores_allowed().len();
    let engine = repeat::Engine {
        player: &Simulations,
        jobs: args.jobs.map_or_else(cores, NonZeroUsize::get),
        out: args.out.as_deref(),
        prints_lines: false,
    };
    repeat::play(plan, wanted, &engine, folder)
}

fn play_all(plan: &Plan, mut folder: Option<&mut Folder>) -> Vec<Recording> {
    let variants = plan.variants.iter();
    variants
        .map(|variant| play_one(plan, variant, folder.as_deref_mut()))
        .collect()
}

/// Simulates one variant.
pub(super) fn play_one(plan: &Plan, variant: &Variant, folder: Option<&mut Folder>) -> Recording {
    let header = concsim_sim::header_of(plan, variant);
    let keeper = writer_for(folder, &header, talk::print_message);
    let (recording, failed) = concsim_sim::record(&variant.scenario, Recorder::new(header, keeper));
    if let Some(error) = failed {
        talk::print_message(format_args!(
            "{}: not all of the recording is kept: {error}",
            variant.name
        ));
    }
    recording
}
