//! `concsim run`: plays a scenario for real, variant after variant, and says what came of it.

use concsim_os::recorder;
use concsim_os::recorder::Folder;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context as _;

use super::audience::{Audience, Headless};
use super::colour::Colour;
use super::failure::chain;
use super::keyboard::{Found, KeyboardArgs};
use super::performance::Performance;
use super::prediction::{Foresight, PredictArgs, Predictions};
use super::rehearsal::{self, Watched};
use super::screen::Screen;
use super::shelf;
use super::showing::{self, CardArgs, Showing};
use super::source::{self, Chosen, SourceArgs};
use super::talk;
use concsim_model::palette::Glyphs;
use concsim_model::scenario::{Engine, Plan, Variant};
use concsim_model::units::Elapsed;
use concsim_os::recorder::Live;
use concsim_os::sys::{interrupt, processes};
use concsim_os::telemetry::{RINGS_BY_DEFAULT, Scoreboard};
use concsim_record::storage::RecordingWriter;
use concsim_record::summary::{Run, Summary};
use concsim_record::{Header, Recording, summary};
use concsim_report::card::{Extent, MORE, card};
use concsim_report::json;
use concsim_tui::Keymap;

/// Plays a scenario for real, and watches it.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[command(after_help = "Example: concsim run io_bound --set server.workers=4")]
pub struct Args {
    #[command(flatten)]
    chosen: SourceArgs,
    /// Show no screen; progress goes to standard error, the result to standard output
    #[arg(long)]
    headless: bool,
    /// Print the summary as JSON on standard output, and nothing else
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    card: CardArgs,
    /// Keep the recording in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Skip the questions of the scenario
    #[arg(long)]
    no_ask: bool,
    /// Keep no recording
    #[arg(long, conflicts_with = "out")]
    no_keep: bool,
    #[command(flatten)]
    predict: PredictArgs,
    #[command(flatten)]
    showing: Showing,
    #[command(flatten)]
    keyboard: KeyboardArgs,
    /// Play again whenever the file is saved, until q or ^C
    #[arg(long, conflicts_with = "out")]
    watch: bool,
}

/// How a playing went.
#[derive(Clone, Copy, Debug)]
pub(super) enum Played {
    /// Before somebody's eyes, who has left; with the exit status.
    OnScreen(u8),
    /// Without a screen.
    Headless(u8),
    /// Not at all: the scenario has mistakes, which have been shown.
    Wrong,
}

impl Played {
    /// As the exit status says it.
    pub(super) fn status(self) -> ExitCode {
        match self {
            Self::OnScreen(status) | Self::Headless(status) => ExitCode::from(status),
            Self::Wrong => ExitCode::from(2),
        }
    }
}

impl Args {
    /// The terminal to play on, if it is to be on one.
    fn terminal(&self) -> Option<BorrowedFd<'static>> {
        showing::canvas().filter(|_| !self.headless && !self.json)
    }

    /// The scenario that was chosen.
    pub(super) fn chosen(&self) -> &SourceArgs {
        &self.chosen
    }

    /// Plays the scenario of this name as it is, on a screen if there is one.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self {
            chosen: SourceArgs::of(name),
            headless: false,
            json: false,
            card: CardArgs::default(),
            out: None,
            no_ask: false,
            no_keep: false,
            predict: PredictArgs::default(),
            showing: Showing::default(),
            keyboard: KeyboardArgs::default(),
            watch: false,
        }
    }
}

/// Plays every chosen variant and prints the result.
///
/// # Errors
/// When the machine refuses what a run needs before anything is played.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    if args.watch {
        return rehearsal::run(args, colour);
    }
    once(args, colour, None).map(Played::status)
}

/// Plays it once; not to its end if the file that is `watched` is saved before that.
pub(super) fn once(
    args: &Args,
    colour: Colour,
    watched: Option<&Rc<Watched>>,
) -> anyhow::Result<Played> {
    let plan = match source::choose(&args.chosen, Engine::Processes, colour)? {
        Chosen::Plan(plan) => plan,
        Chosen::Wrong => return Ok(Played::Wrong),
    };
    let terminal = args.terminal();
    let Found::Keymap(keymap) = args.keyboard.keymap(terminal, colour)? else {
        return Ok(Played::Wrong);
    };
    for variant in &plan.variants {
        processes::allow_descriptors(concsim_os::server::descriptors_needed(&variant.scenario))?;
    }
    let predictions = match args.predict.predict(&plan, colour)? {
        Foresight::Wrong => return Ok(Played::Wrong),
        Foresight::Unwanted => None,
        Foresight::Of(predictions) => Some(predictions),
    };
    interrupt::listen()?;
    let mut folder = folder_for(args.out.as_deref(), args.no_keep, &plan)?;
    let staging = Staging {
        colour,
        keymap,
        watched,
        predictions: predictions.as_ref(),
    };
    let (summary, played, kept) = match play_with(&plan, args, staging, folder.as_mut()) {
        Ok(played) => played,
        Err(error) => return Err(unplayed(folder, error)),
    };
    let folder = folder.as_ref();
    if watched.is_some_and(|watched| watched.was_saved()) {
        // It was not played to its end: others on the shelf are worth more. What cannot be removed stays.
        let half = folder.filter(|_| args.out.is_none());
        if let Some(half) = half {
            let _ = fs::remove_dir_all(half.path());
        }
        return Ok(played);
    }
    let glyphs = args.showing.look(colour).glyphs;
    print(&plan, &summary, args.json, (glyphs, args.card.extent()))?;
    if let Some((folder, kept)) = folder.zip(kept) {
        say_whether_kept(folder, &kept, args.json);
    }
    Ok(played)
}

/// The error of a run, after what it left of a folder has been removed.
pub(super) fn unplayed(folder: Option<Folder>, error: anyhow::Error) -> anyhow::Error {
    if let Some(folder) = folder {
        folder.remove_unplayed();
    }
    error
}

/// Where the run is, or why its summary is not there.
pub(super) fn say_whether_kept(folder: &Folder, kept: &io::Result<()>, is_quiet: bool) {
    match kept {
        Err(error) => talk::say(format_args!("the summary is not kept: {error}")),
        Ok(()) if is_quiet => {}
        Ok(()) => talk::say(format_args!("kept in {}", folder.path().display())),
    }
}

/// Who keeps the recording of a variant; what was played before is worth more than a place for this.
pub(super) fn keeper_for(
    folder: Option<&mut Folder>,
    header: &Header,
    say: impl FnOnce(String),
) -> Option<RecordingWriter> {
    let keeper = folder?.keep(header);
    let not_kept = |error: &io::Error| say(format!("{} is not kept: {error}", header.variant));
    keeper.inspect_err(not_kept).ok()
}

/// Where the run is kept: where it is told to be, else on the shelf, unless it is not to be kept. A shelf
/// that cannot be written to does not stop a run.
pub(super) fn folder_for(
    out: Option<&Path>,
    no_keep: bool,
    plan: &Plan,
) -> anyhow::Result<Option<Folder>> {
    if let Some(path) = out {
        let folder = Folder::create(path, plan);
        let folder = folder.with_context(|| format!("cannot keep the run in {}", path.display()));
        return folder.map(Some);
    }
    if no_keep {
        return Ok(None);
    }
    let folder = shelf::place_for(plan);
    Ok(folder
        .inspect_err(|error| talk::say(format_args!("the run is not kept: {}", chain(error))))
        .ok())
}

/// What a playing needs besides what was asked for.
struct Staging<'a> {
    colour: Colour,
    keymap: Keymap,
    watched: Option<&'a Rc<Watched>>,
    predictions: Option<&'a Predictions>,
}

/// On a screen if there is one; the card stays on it until it is left. Also whether the summary is kept,
/// which is before anybody looks at the card: who knows how they leave it.
fn play_with(
    plan: &Plan,
    args: &Args,
    staging: Staging<'_>,
    mut folder: Option<&mut Folder>,
) -> anyhow::Result<(Summary, Played, Option<io::Result<()>>)> {
    let keep = |folder: Option<&Folder>, summary: &Summary| {
        folder.map(|folder| folder.summarise(&json::of(summary)))
    };
    let Staging {
        colour,
        keymap,
        watched,
        predictions,
    } = staging;
    let Some(terminal) = args.terminal() else {
        let mut headless = Headless::new(args.json).watching(watched);
        let summary = play(plan, &mut headless, folder.as_deref_mut(), predictions)?;
        let kept = keep(folder.as_deref(), &summary);
        let status = summary.exit_status();
        return Ok((summary, Played::Headless(status), kept));
    };
    let cores = processes::cores_allowed().len();
    let manner = args.showing.manner(colour);
    let screen = Screen::on(terminal, plan, cores, manner)?.watching(watched);
    let mut screen = screen.steered_by(keymap, args.keyboard.mouse())?;
    if args.no_ask {
        screen = screen.without_questions();
    }
    let summary = play(plan, &mut screen, folder.as_deref_mut(), predictions)?;
    let summary = summary.with_votes(screen.votes());
    let kept = keep(folder.as_deref(), &summary);
    if !screen.wants_to_leave() {
        screen.show_card(&Cards::of(plan, &summary, manner.look.glyphs))?;
    }
    let status = summary.exit_status();
    Ok((summary, Played::OnScreen(status), kept))
}

/// Plays one variant after the other. A variant that breaks down does not stop the later ones.
fn play(
    plan: &Plan,
    audience: &mut impl Audience,
    mut folder: Option<&mut Folder>,
    predictions: Option<&Predictions>,
) -> anyhow::Result<Summary> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, variant) in plan.variants.iter().enumerate() {
        audience.announce(plan, index)?;
        let recording = play_one(plan, variant, audience, folder.as_deref_mut())?;
        let run = summary::summarise(&recording);
        let run = match predictions {
            Some(predictions) => predictions.beside(index, run, &recording),
            None => run,
        };
        audience.applaud(&run, recording)?;
        runs.push(run);
        if audience.wants_to_leave() {
            break;
        }
    }
    Ok(Summary::of(plan, recorder::this_machine(), runs))
}

/// Plays one variant to its end.
pub(super) fn play_one(
    plan: &Plan,
    variant: &Variant,
    audience: &mut impl Audience,
    folder: Option<&mut Folder>,
) -> anyhow::Result<Recording> {
    let scoreboard = Scoreboard::new(RINGS_BY_DEFAULT)?;
    let header = Header::of(plan, variant, recorder::this_machine());
    let keeper = keeper_for(folder, &header, |said| audience.hear(said));
    let live = Live::new(&scoreboard, header, keeper);
    let performance = Performance::begin(variant, live)?;
    watch(performance, audience)
}

/// Watches a performance to its end, which comes sooner if the audience wants to leave.
pub(super) fn watch(
    mut performance: Performance<'_>,
    audience: &mut impl Audience,
) -> anyhow::Result<Recording> {
    let mut leaving = false;
    while let Some(spare) = performance.step()? {
        audience.watch(&mut performance, spare)?;
        if audience.wants_to_leave() && !leaving {
            leaving = true;
            performance.interrupt();
        }
    }
    // What was said last.
    audience.watch(&mut performance, Elapsed::ZERO)?;
    let (recording, note) = performance.end();
    if let Some(note) = note {
        audience.hear(note);
    }
    Ok(recording)
}

/// Both forms of the card.
#[derive(Debug)]
pub(super) struct Cards {
    pub(super) short: String,
    pub(super) full: String,
}

impl Cards {
    pub(super) fn of(plan: &Plan, summary: &Summary, glyphs: Glyphs) -> Self {
        let card = |extent| card(plan, summary, glyphs, extent);
        Self {
            short: card(Extent::Short),
            full: card(Extent::Full),
        }
    }
}

/// Prints the result: the card, or JSON and nothing else.
pub(super) fn print(
    plan: &Plan,
    summary: &Summary,
    as_json: bool,
    (glyphs, extent): (Glyphs, Extent),
) -> anyhow::Result<()> {
    let text = if as_json {
        json::of(summary)
    } else {
        card(plan, summary, glyphs, extent)
    };
    let more = if as_json || extent == Extent::Full {
        String::new()
    } else {
        format!("{MORE}\n")
    };
    talk::print(&format!("{}\n{more}", text.trim_end()))?;
    Ok(())
}
