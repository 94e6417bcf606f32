//! `concsim replay`: a run that was kept, on the screen on which it was played.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::ExitCode;

use super::colour::Colour;
use super::keyboard::{Found, KeyboardArgs};
use super::run::{self, Cards};
use super::screen::Screen;
use super::showing::{self, CardArgs, DisplayOptions, Showing};
use super::talk;
use super::{runs, shelf};
use concsim_model::scenario::Plan;
use concsim_os::sys::interrupt;
use concsim_record::summary::{Run, Summary, summarise};
use concsim_record::{Recording, storage};
use concsim_tui::{Keymap, Mouse, Row};

/// Shows a run that was kept: pause it, go back, slow it down.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim replay last")]
pub struct Args {
    /// Folder of a kept run, `last`, or `last-1` for the one before; without, a list to pick from
    #[arg(value_name = "DIR|last")]
    run: Option<PathBuf>,
    /// Print the summary as JSON on standard output, and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    card: CardArgs,
    #[command(flatten)]
    showing: Showing,
    #[command(flatten)]
    keyboard: KeyboardArgs,
}

/// Replays on a screen if there is one; without, prints what came of the run.
///
/// # Errors
/// When there is no such run, or nothing of it can be read.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let screen = showing::canvas().filter(|_| !args.json);
    let Found::Keymap(keymap) = args.keyboard.keymap(screen, colour)? else {
        return Ok(ExitCode::from(2));
    };
    let folder = match (&args.run, screen) {
        (Some(run), _) => shelf::find(run)?,
        (None, None) => return offer(),
        (None, Some(_)) => match runs::pick()? {
            Some(folder) => folder,
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    let kept = storage::open(&folder)?;
    shelf::report_losses(&kept);
    let is_whole = kept.torn.is_empty() && kept.missing.is_empty();
    let runs: Vec<Run> = kept.recordings.iter().map(summarise).collect();
    let machine = kept.recordings[0].header.machine.clone();
    let summary = Summary::of(&kept.plan, machine, runs);
    let manner = args.showing.manner(colour);
    if let Some(terminal) = screen {
        let stage = Stage {
            terminal,
            manner,
            keymap,
            mouse: args.keyboard.mouse(),
        };
        show(&kept.plan, kept.recordings, &summary, stage)?;
    }
    run::print(
        &kept.plan,
        &summary,
        args.json,
        (manner.look.glyphs, args.card.extent()),
    )?;
    // What there is was shown; that it is not all is said to whoever asks.
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The list of kept runs, for a command line that names none and has no terminal to pick one on. The status is
/// 2.
fn offer() -> anyhow::Result<ExitCode> {
    let (_, kept) = runs::kept()?;
    talk::say("no run is named; write `concsim replay last`, or one of these");
    talk::raw(runs::table(&kept));
    Ok(ExitCode::from(2))
}

/// Where a run that is over is looked at, and how.
pub(super) struct Stage {
    pub(super) terminal: BorrowedFd<'static>,
    pub(super) manner: DisplayOptions,
    pub(super) keymap: Keymap,
    pub(super) mouse: Mouse,
}

/// Shows runs that are over, until somebody leaves.
pub(super) fn show(
    plan: &Plan,
    recordings: Vec<Recording>,
    summary: &Summary,
    stage: Stage,
) -> anyhow::Result<()> {
    interrupt::listen()?;
    let subject = plan.subject();
    let rows = summary.runs.iter();
    let rows = rows.map(|run| Row::of(run, subject.as_deref())).collect();
    let cards = Cards::of(plan, summary, stage.manner.look.glyphs);
    let screen = Screen::on(stage.terminal, plan, summary.machine.cores, stage.manner)?;
    let mut screen = screen.steered_by(stage.keymap, stage.mouse)?;
    screen.replay(recordings, rows, &cards)?;
    Ok(())
}
