//! Plays the variants of a lesson: with real processes, on a screen or by lines, or in virtual time. Each is played
//! after its questions.

use std::cell::RefCell;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use super::answers::AnswerLog;
use super::session::Session;
use super::texts;
use crate::cli::{replay, run, sim, talk};
use concsim_driver::frontend::{Frontend, Headless};
use concsim_driver::run::Driver;
use concsim_model::scenario::Plan;
use concsim_model::units::Elapsed;
use concsim_model::words::digits;
use concsim_os::recorder::Folder;
use concsim_os::sys::{interrupt, processes};
use concsim_record::Recording;
use concsim_record::summary::{Run, Summary, summarise};
use concsim_terminal::display::DisplayOptions;
use concsim_terminal::screen::{Cards, Screen};
use concsim_tui::capture::captions;
use concsim_tui::{Keymap, Mouse};

/// Captions of one variant.
const MOST_CAPTIONS: usize = 3;

/// Terminal and display options.
pub(super) struct Stage {
    pub(super) terminal: BorrowedFd<'static>,
    pub(super) options: DisplayOptions,
    pub(super) keymap: Keymap,
    pub(super) mouse: Mouse,
}

/// Plays real processes on the screen, which asks the questions.
pub(super) fn on_screen(
    plan: &Plan,
    log: &Rc<RefCell<AnswerLog>>,
    folder: Option<&mut Folder>,
    stage: Stage,
) -> anyhow::Result<Summary> {
    let cores = processes::cores_allowed().len();
    let glyphs = stage.options.look.glyphs;
    let screen = Screen::on(stage.terminal, plan, cores, stage.options)?;
    let log = Rc::clone(log);
    let noted = move |question: usize, votes: &[u64]| log.borrow_mut().add_votes(question, votes);
    let mut screen = screen
        .steered_by(stage.keymap, stage.mouse)?
        .reporting_votes(Box::new(noted));
    let summary = run::play(plan, &mut screen, folder, None)?;
    if !screen.should_stop() {
        screen.show_card(&Cards::of(plan, &unanswered(&summary), glyphs))?;
    }
    Ok(summary.clone().with_votes(screen.votes()))
}

/// Simulates; a screen, if there is one, shows all variants after the last question.
pub(super) fn simulate(
    plan: &Plan,
    session: &mut Session<'_>,
    mut folder: Option<&mut Folder>,
    stage: Option<Stage>,
) -> anyhow::Result<Summary> {
    let mut recordings = Vec::new();
    for (number, variant) in plan.variants.iter().enumerate() {
        session.ask_before(number)?;
        if interrupt::is_requested() {
            break;
        }
        recordings.push(sim::play_one(plan, variant, folder.as_deref_mut()));
        if stage.is_none() {
            print_observation(plan, &recordings)?;
        }
    }
    let runs: Vec<Run> = recordings.iter().map(summarise).collect();
    let machine = concsim_sim::machine_of(&plan.variants[0].scenario);
    let summary = Summary::of(plan, machine, runs);
    if let Some(stage) = stage.filter(|_| !interrupt::is_requested()) {
        let stage = replay::ReplaySession {
            terminal: stage.terminal,
            options: stage.options,
            keymap: stage.keymap,
            mouse: stage.mouse,
        };
        replay::show(plan, recordings, &unanswered(&summary), stage)?;
    }
    Ok(summary)
}

/// Plays real processes, and prints lines.
pub(super) fn in_lines(
    plan: &Plan,
    session: &mut Session<'_>,
    folder: Option<&mut Folder>,
) -> anyhow::Result<Summary> {
    let mut frontend = Lines {
        plan,
        session,
        progress: Headless::new(false),
        recordings: Vec::new(),
    };
    run::play(plan, &mut frontend, folder, None)
}

/// Returns the summary without answers, which the card would give away before the second round.
fn unanswered(summary: &Summary) -> Summary {
    let mut summary = summary.clone();
    summary.ask.clear();
    summary
}

/// Frontend that asks before each variant, and prints its observation after it.
struct Lines<'a, 'p> {
    plan: &'a Plan,
    session: &'a mut Session<'p>,
    progress: Headless,
    recordings: Vec<Recording>,
}

impl Frontend for Lines<'_, '_> {
    fn on_variant_start(&mut self, plan: &Plan, variant: usize) -> anyhow::Result<()> {
        self.session.ask_before(variant)?;
        self.progress.on_variant_start(plan, variant)
    }

    fn on_progress(&mut self, driver: &mut Driver<'_>, spare: Elapsed) -> anyhow::Result<()> {
        self.progress.on_progress(driver, spare)
    }

    fn on_note(&mut self, note: String) {
        self.progress.on_note(note);
    }

    fn on_variant_end(&mut self, _: &Run, recording: Recording) -> anyhow::Result<()> {
        self.recordings.push(recording);
        print_observation(self.plan, &self.recordings)
    }
}

/// Prints the captions and the numbers of the last recording.
fn print_observation(plan: &Plan, recordings: &[Recording]) -> anyhow::Result<()> {
    let Some(recording) = recordings.last() else {
        return Ok(());
    };
    let captions = captions(plan, recordings, MOST_CAPTIONS);
    let captions = captions
        .into_iter()
        .map(|(at, text)| (at.to_string(), text));
    let captions: Vec<(String, String)> = captions.collect();
    let text = texts::observed(
        &recording.header.variant,
        &captions,
        &numbers(&summarise(recording)),
    );
    talk::print(&text)?;
    Ok(())
}

/// Returns the numbers of a run in one sentence.
fn numbers(run: &Run) -> String {
    let milliseconds = |it: f64| Elapsed((it * 1e6).round() as u64).to_string();
    let latency = run.latency_ms.mean.map(milliseconds);
    let latency = latency.unwrap_or_else(|| "–".to_owned());
    let known = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), digits);
    format!(
        "In the window: {} answers per second, a mean latency of {}, concurrency {}, parallelism {}, {} at the door.",
        known(run.throughput_per_s),
        latency,
        known(run.concurrency),
        known(run.parallelism),
        known(run.at_the_door),
    )
}
