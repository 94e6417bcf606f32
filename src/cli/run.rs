//! `concsim run`: plays a scenario with real processes, variant after variant, and prints the result.

use concsim_os::recorder;
use concsim_os::recorder::Folder;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context as _;

use super::colour::Colour;
use super::display::{DisplayArgs, ResultArgs};
use super::foreign::ForeignArgs;
use super::keyboard::{KeyboardArgs, LoadedKeys};
use super::prediction::{PredictArgs, PredictionOutcome};
use super::repeat::{self, RepeatArgs, Wanted};
use super::source::{self, SearchResult, SourceArgs};
use super::talk;
use concsim_driver::console::chain;
use concsim_driver::frontend::{Frontend, Headless};
use concsim_driver::play::{play_one, unplayed};
use concsim_driver::run_store;
use concsim_driver::watch::WatchedFile;
use concsim_lab::prediction::{Predictor, Simulated};
use concsim_lab::repeats::{PredictedProcesses, Processes};
use concsim_model::palette::Glyphs;
use concsim_model::scenario::{Engine, Plan};
use concsim_os::sys::{interrupt, processes};
use concsim_record::summary;
use concsim_record::summary::{Run, Summary};
use concsim_report::card::{Extent, MORE, card};
use concsim_report::json;
use concsim_terminal::display;
use concsim_terminal::screen::{Cards, Screen};
use concsim_tui::Keymap;

/// Plays a scenario with real processes, and shows it.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[command(after_help = "Example: concsim run io_bound --set server.workers=4")]
pub struct Args {
    #[command(flatten)]
    chosen: SourceArgs,
    #[command(flatten)]
    foreign: ForeignArgs,
    /// Show no screen; progress goes to standard error, the result to standard output
    #[arg(long)]
    headless: bool,
    #[command(flatten)]
    repeats: RepeatArgs,
    #[command(flatten)]
    result: ResultArgs,
    /// Skip the questions of the scenario
    #[arg(long)]
    no_ask: bool,
    /// Keep no recording
    #[arg(long, conflicts_with = "out")]
    no_keep: bool,
    #[command(flatten)]
    predict: PredictArgs,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    keyboard: KeyboardArgs,
    /// Play again whenever the file is saved, until q or ^C
    #[arg(long, conflicts_with_all = [ "out", "repeat", "until"])]
    pub(super) watch: bool,
}

/// End of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Played {
    /// On a screen, which the user has left; with the exit status.
    OnScreen(u8),
    /// Without a screen; with the exit status.
    Headless(u8),
    /// Not begun: the scenario has mistakes, which have been shown.
    Wrong,
}

impl Played {
    /// Returns the exit status.
    pub(super) fn status(self) -> ExitCode {
        match self {
            Self::OnScreen(status) | Self::Headless(status) => ExitCode::from(status),
            Self::Wrong => ExitCode::from(2),
        }
    }
}

impl Args {
    /// Returns the terminal of the screen, if one is to be used.
    fn terminal(&self) -> Option<BorrowedFd<'static>> {
        display::canvas().filter(|_| !self.headless && !self.result.json)
    }

    /// Returns the chosen scenario.
    pub(super) fn chosen(&self) -> &SourceArgs {
        &self.chosen
    }

    /// Returns arguments that play the scenario of this name unchanged, on a screen if there is one.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self {
            chosen: SourceArgs::of(name),
            foreign: ForeignArgs::default(),
            headless: false,
            repeats: RepeatArgs::default(),
            result: ResultArgs::default(),
            no_ask: false,
            no_keep: false,
            predict: PredictArgs::default(),
            display: DisplayArgs::default(),
            keyboard: KeyboardArgs::default(),
            watch: false,
        }
    }
}

/// Plays every chosen variant and prints the result.
///
/// # Errors
/// A system limit that is too low for a run, before it begins.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    once(args, colour, None).map(Played::status)
}

/// Plays the scenario once; a save of the `watched` file ends it early.
pub(super) fn once(
    args: &Args,
    colour: Colour,
    watched: Option<&Rc<WatchedFile>>,
) -> anyhow::Result<Played> {
    let chosen = args.foreign.applied_to(&args.chosen);
    let plan = match source::choose(&chosen, Engine::Processes, colour)? {
        SearchResult::Plan(plan) => plan,
        SearchResult::Wrong => return Ok(Played::Wrong),
    };
    let terminal = args.terminal();
    let LoadedKeys::Keymap(keymap) = args.keyboard.keymap(terminal, colour)? else {
        return Ok(Played::Wrong);
    };
    for variant in &plan.variants {
        processes::allow_descriptors(concsim_os::server::descriptors_needed(&variant.scenario))?;
    }
    let predictor = match args.predict.predictor(&plan, colour)? {
        PredictionOutcome::Refused => return Ok(Played::Wrong),
        PredictionOutcome::NotAsked => None,
        PredictionOutcome::Predictable(predictor) => Some(predictor),
    };
    let wanted = match args.repeats.wanted(&plan) {
        Ok(wanted) => wanted,
        Err(unknown) => {
            talk::print_message(unknown);
            return Ok(Played::Wrong);
        }
    };
    // Repeats are predicted one by one, each before it is played.
    let predictor_of_one = predictor.as_ref().filter(|_| wanted.is_none());
    let predictions = predictor_of_one.map(|it| predict_all(it, &plan));
    interrupt::listen()?;
    let mut folder = folder_for(args.result.out.as_deref(), args.no_keep, &plan)?;
    if let Some(wanted) = wanted {
        return several(&plan, args, wanted, (folder, predictor), colour);
    }
    let context = RunContext {
        colour,
        keymap,
        watched,
        predictions,
    };
    let (summary, played, kept) = match play_with(&plan, args, context, folder.as_mut()) {
        Ok(played) => played,
        Err(error) => return Err(unplayed(folder, error)),
    };
    let folder = folder.as_ref();
    if watched.is_some_and(|watched| watched.was_saved()) {
        // Incomplete run: it must not evict older ones. Removal is best-effort.
        let half = folder.filter(|_| args.result.out.is_none());
        if let Some(half) = half {
            let _ = fs::remove_dir_all(half.path());
        }
        return Ok(played);
    }
    let glyphs = args.display.look(colour).glyphs;
    print(
        &plan,
        &summary,
        args.result.json,
        (glyphs, args.result.card.extent()),
    )?;
    if let Some((folder, kept)) = folder.zip(kept) {
        report_folder(folder, &kept, args.result.json);
    }
    Ok(played)
}

fn predict_all(predictor: &Predictor, plan: &Plan) -> Vec<Simulated> {
    let variants = plan.variants.iter();
    variants
        .map(|variant| predictor.predict(plan, variant))
        .collect()
}

/// Plays repeats without a screen, and prints the result.
fn several(
    plan: &Plan,
    args: &Args,
    wanted: Wanted,
    (folder, predictor): (Option<Folder>, Option<Predictor>),
    colour: Colour,
) -> anyhow::Result<Played> {
    let predicted = predictor.map(PredictedProcesses::new);
    let engine = repeat::Engine {
        player: match &predicted {
            Some(predicted) => predicted,
            None => &Processes,
        },
        jobs: 1,
        out: args.result.out.as_deref(),
        prints_lines: !args.result.json,
    };
    let Some(mut played) = repeat::play(plan, wanted, &engine, folder)? else {
        return Ok(Played::Headless(repeat::INTERRUPTED));
    };
    if let Some(predicted) = &predicted {
        predicted.add_predictions(plan, &mut played.summary);
    }
    let summary = &played.summary;
    let folder = played.folder.as_ref();
    let kept = folder.map(|folder| folder.summarise(&json::of(summary)));
    let style = (args.display.look(colour).glyphs, args.result.card.extent());
    print(plan, summary, args.result.json, style)?;
    if let Some((folder, kept)) = folder.zip(kept) {
        report_folder(folder, &kept, args.result.json);
    }
    Ok(Played::Headless(summary.exit_status()))
}

/// Reports the run's folder, or the reason for which its summary is missing.
pub(super) fn report_folder(folder: &Folder, kept: &io::Result<()>, is_quiet: bool) {
    match kept {
        Err(error) => talk::print_message(format_args!("the summary is not kept: {error}")),
        Ok(()) if is_quiet => {}
        Ok(()) => talk::print_message(format_args!("kept in {}", folder.path().display())),
    }
}

/// Returns the run's folder: that of the command line, else one in the run store, or none. A store that
/// cannot be written to does not stop a run.
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
    let folder = run_store::place_for(plan);
    Ok(folder
        .inspect_err(|error| {
            talk::print_message(format_args!("the run is not kept: {}", chain(error)));
        })
        .ok())
}

/// Context of a run, besides its arguments.
struct RunContext<'a> {
    colour: Colour,
    keymap: Keymap,
    watched: Option<&'a Rc<WatchedFile>>,
    /// Simulations of all variants.
    predictions: Option<Vec<Simulated>>,
}

/// Plays on a screen if there is one; the card stays until the user leaves it. Also returns the result of
/// saving the summary, which is saved before the card is shown, because the user may kill the program
/// there.
fn play_with(
    plan: &Plan,
    args: &Args,
    context: RunContext<'_>,
    mut folder: Option<&mut Folder>,
) -> anyhow::Result<(Summary, Played, Option<io::Result<()>>)> {
    let keep = |folder: Option<&Folder>, summary: &Summary| {
        folder.map(|folder| folder.summarise(&json::of(summary)))
    };
    let RunContext {
        colour,
        keymap,
        watched,
        predictions,
    } = context;
    let Some(terminal) = args.terminal() else {
        let mut headless = Headless::new(args.result.json).watching(watched);
        let summary = play(
            plan,
            &mut headless,
            folder.as_deref_mut(),
            predictions.as_deref(),
        )?;
        let kept = keep(folder.as_deref(), &summary);
        let status = summary.exit_status();
        return Ok((summary, Played::Headless(status), kept));
    };
    let cores = processes::cores_allowed().len();
    let options = args.display.options(colour);
    let screen = Screen::on(terminal, plan, cores, options)?.watching(watched);
    let mut screen = screen.steered_by(keymap, args.keyboard.mouse())?;
    if args.no_ask {
        screen = screen.without_questions();
    }
    let summary = play(
        plan,
        &mut screen,
        folder.as_deref_mut(),
        predictions.as_deref(),
    )?;
    let summary = summary.with_votes(screen.votes());
    let kept = keep(folder.as_deref(), &summary);
    if !screen.should_stop() {
        screen.show_card(&Cards::of(plan, &summary, options.look.glyphs))?;
    }
    let status = summary.exit_status();
    Ok((summary, Played::OnScreen(status), kept))
}

/// Plays one variant after the other. A failed variant does not stop the later ones.
pub(super) fn play(
    plan: &Plan,
    frontend: &mut impl Frontend,
    mut folder: Option<&mut Folder>,
    predictions: Option<&[Simulated]>,
) -> anyhow::Result<Summary> {
    let mut runs: Vec<Run> = Vec::new();
    for (index, variant) in plan.variants.iter().enumerate() {
        frontend.on_variant_start(plan, index)?;
        let recording = play_one(plan, variant, frontend, folder.as_deref_mut())?;
        let mut run = summary::summarise(&recording);
        run.prediction = predictions.map(|it| it[index].beside(&run, &recording));
        frontend.on_variant_end(&run, recording)?;
        runs.push(run);
        if frontend.should_stop() {
            break;
        }
    }
    Ok(Summary::of(plan, recorder::this_machine(), runs))
}

/// Prints the result: the card, or JSON alone.
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
