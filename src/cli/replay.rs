//! `concsim replay`: a stored run, on the screen of a live run.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::process::ExitCode;

use super::colour::Colour;
use super::display::{CardArgs, DisplayArgs};
use super::keyboard::{KeyboardArgs, LoadedKeys};
use super::run;
use super::runs;
use super::runs::report_losses;
use super::talk;
use concsim_driver::run_list::kept;
use concsim_driver::run_store;
use concsim_model::scenario::Plan;
use concsim_model::words::counted;
use concsim_os::sys::interrupt;
use concsim_record::summary::Summary;
use concsim_record::{Recording, storage};
use concsim_terminal::display::{self, DisplayOptions};
use concsim_terminal::screen::Cards;
use concsim_terminal::screen::Screen;
use concsim_tui::{Keymap, Mouse, Row};

/// Shows a kept run: pause, step back, slow down.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim replay last")]
pub struct Args {
    /// Folder of a kept run, `last`, or `last-1` for the one before; without it, a list to pick from
    #[arg(value_name = "DIR|last")]
    run: Option<PathBuf>,
    /// Repeat to show, of a run that was repeated; by default the first
    #[arg(long, value_name = "K", requires = "run", value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// Print the summary as JSON alone on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    card: CardArgs,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    keyboard: KeyboardArgs,
}

/// Replays on a screen if there is one; otherwise prints the result of the run.
///
/// # Errors
/// A run that does not exist, or of which nothing can be read.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let screen = display::canvas().filter(|_| !args.json);
    let LoadedKeys::Keymap(keymap) = args.keyboard.keymap(screen, colour)? else {
        return Ok(ExitCode::from(2));
    };
    let folder = match (&args.run, screen) {
        (Some(run), _) => run_store::find(run)?,
        (None, None) => return offer(),
        (None, Some(_)) => match runs::pick()? {
            Some(folder) => folder,
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    let folder = repeat_of(folder, args.repeat)?;
    let kept = storage::open(&folder)?;
    report_losses(&kept);
    let is_whole = kept.torn.is_empty() && kept.missing.is_empty();
    let summary = kept.summary();
    let options = args.display.options(colour);
    if let Some(terminal) = screen {
        let stage = ReplaySession {
            terminal,
            options,
            keymap,
            mouse: args.keyboard.mouse(),
        };
        show(&kept.plan, kept.recordings, &summary, stage)?;
    }
    run::print(
        &kept.plan,
        &summary,
        args.json,
        (options.look.glyphs, args.card.extent()),
    )?;
    // The readable part was shown; the exit status reports the loss.
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the folder of a repeat; without a number that of the first, and reports the others.
fn repeat_of(folder: PathBuf, repeat: Option<u32>) -> anyhow::Result<PathBuf> {
    let count = storage::repeat_count(&folder);
    match repeat {
        None if count > 1 => {
            talk::print_message(format_args!(
                "the first of {count} repeats; --repeat 2 shows the second"
            ));
            Ok(folder)
        }
        None => Ok(folder),
        Some(repeat) => {
            let repeat = repeat as usize;
            anyhow::ensure!(
                repeat <= count,
                "unknown repeat {repeat}: {} has {}",
                folder.display(),
                counted(count as u64, "repeat")
            );
            Ok(storage::repeat_folder(&folder, repeat))
        }
    }
}

/// Lists the stored runs, for a command line that names none and has no terminal to pick one on. The status
/// is 2.
fn offer() -> anyhow::Result<ExitCode> {
    let (_, kept) = kept()?;
    talk::print_message("no run given; write `concsim replay last`, or one of these");
    talk::raw(runs::table(&kept));
    Ok(ExitCode::from(2))
}

/// Terminal and display options for runs that are over.
pub(super) struct ReplaySession {
    pub(super) terminal: BorrowedFd<'static>,
    pub(super) options: DisplayOptions,
    pub(super) keymap: Keymap,
    pub(super) mouse: Mouse,
}

/// Shows runs that are over, until the user quits.
pub(super) fn show(
    plan: &Plan,
    recordings: Vec<Recording>,
    summary: &Summary,
    stage: ReplaySession,
) -> anyhow::Result<()> {
    interrupt::listen()?;
    let subject = plan.subject();
    let rows = summary.runs.iter();
    let rows = rows.map(|run| Row::of(run, subject.as_deref())).collect();
    let cards = Cards::of(plan, summary, stage.options.look.glyphs);
    let screen = Screen::on(stage.terminal, plan, summary.machine.cores, stage.options)?;
    let mut screen = screen.steered_by(stage.keymap, stage.mouse)?;
    screen.replay(recordings, rows, &cards)?;
    Ok(())
}
