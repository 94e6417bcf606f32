//! `concsim replay`: a run that was kept, on the screen on which it was played.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::ExitCode;

use super::colour::Colour;
use super::keyboard::{Found, KeyboardArgs};
use super::run::{self, Cards};
use super::screen::Screen;
use super::shelf;
use super::showing::{self, CardArgs, Manner, Showing};
use super::talk;
use crate::recording::summary::{Run, Summary, summarise};
use crate::recording::{Recording, kept};
use crate::scenario::Plan;
use crate::sys::interrupt;
use crate::tui::{Keymap, Mouse, Row};

/// Shows a run that was kept: pause it, go back, slow it down.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim replay last")]
pub struct Args {
    /// The folder of a kept run, or `last`
    #[arg(value_name = "DIR|last")]
    run: PathBuf,
    /// The summary as JSON on standard output, and nothing else
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
    let kept = kept::open(&shelf::find(&args.run)?)?;
    for (file, tear) in &kept.torn {
        talk::say(format_args!("{}: {tear}", file.display()));
    }
    for variant in &kept.missing {
        talk::say(format_args!(
            "variant {variant}: nothing of its recording can be read"
        ));
    }
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

/// Where a run that is over is looked at, and how.
pub(super) struct Stage {
    pub(super) terminal: BorrowedFd<'static>,
    pub(super) manner: Manner,
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
