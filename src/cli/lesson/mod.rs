//! `concsim lesson`: predict, observe, explain. Students who predict a demonstration understand it better than
//! those who only watch it (Crouch, Fagen, Callan and Mazur, American Journal of Physics 72:835, 2004).

mod answers;
mod list;
mod observe;
mod prompt;
mod report;
mod session;
mod texts;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use self::answers::{AnswerLog, Round};
use self::session::Session;
use super::colour::Colour;
use super::display::DisplayArgs;
use super::keyboard::{KeyboardArgs, LoadedKeys};
use super::run;
use super::source::{self, SearchResult, SourceArgs};
use super::talk;
use concsim_model::scenario::{Engine, Plan};
use concsim_os::sys::{interrupt, processes};
use concsim_record::summary::Summary;
use concsim_terminal::display;

/// Plays a lesson: predict, observe, explain.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example: concsim lesson io_bound --answers answers.jsonl"
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<LessonCommand>,
    /// Lesson: a scenario with questions, by its name or file; by default, the lessons are listed
    #[arg(value_name = "NAME|FILE")]
    lesson: Option<String>,
    /// Replace a value of the file: load.clients=2; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Play in virtual time, not with real processes
    #[arg(long)]
    sim: bool,
    /// Print lines alone, and show no screen; answers come from standard input, a line each
    #[arg(long)]
    plain: bool,
    /// File to which each answer is appended at once, as a line of JSON
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    keyboard: KeyboardArgs,
}

#[derive(Debug, clap::Subcommand)]
enum LessonCommand {
    /// Count the answers of a class: before the runs, and after
    #[command(after_help = "Example: concsim lesson report answers.jsonl")]
    Report(report::Args),
}

/// Lists the lessons, plays one, or reports answers.
///
/// # Errors
/// A file of answers that cannot be read or written, or a run that fails.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    match (&args.command, &args.lesson) {
        (Some(LessonCommand::Report(args)), _) => report::run(args),
        (None, None) => list::run(),
        (None, Some(name)) => play(name, args, colour),
    }
}

fn play(name: &str, args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let (engine, chosen) = (engine(args), chosen(name, args));
    let SearchResult::Plan(plan) = source::choose(&chosen, engine, colour)? else {
        return Ok(ExitCode::from(2));
    };
    if plan.questions.is_empty() {
        let text = format!("{name} asks nothing; `concsim lesson` lists the lessons");
        talk::print_message(text);
        return Ok(ExitCode::from(2));
    }
    let terminal = display::canvas().filter(|_| !args.plain);
    let LoadedKeys::Keymap(keymap) = args.keyboard.keymap(terminal, colour)? else {
        return Ok(ExitCode::from(2));
    };
    if !args.sim {
        for variant in &plan.variants {
            let needed = concsim_os::server::descriptors_needed(&variant.scenario);
            processes::allow_descriptors(needed)?;
        }
    }
    let log = AnswerLog::open(args.answers.as_deref(), &plan)?;
    let log = Rc::new(RefCell::new(log));
    interrupt::listen()?;
    let mut folder = run::folder_for(None, false, &plan)?;
    let mut session = Session::new(&plan, Rc::clone(&log));
    talk::print(&texts::setting(&plan, args.sim))?;
    let stage = terminal.map(|terminal| observe::Stage {
        terminal,
        options: args.display.options(colour),
        keymap,
        mouse: args.keyboard.mouse(),
    });
    let summary = match (stage, args.sim) {
        (stage, true) => observe::simulate(&plan, &mut session, folder.as_mut(), stage)?,
        (Some(stage), false) => observe::on_screen(&plan, &log, folder.as_mut(), stage)?,
        (None, false) => observe::in_lines(&plan, &mut session, folder.as_mut())?,
    };
    if let Some(folder) = &folder {
        let kept = folder.summarise(&concsim_report::json::of(&summary));
        run::report_folder(folder, &kept, true);
    }
    conclude(&plan, &mut session, &summary)
}

/// Asks again, and shows the verdicts. An interrupted lesson ends without either.
fn conclude(plan: &Plan, session: &mut Session<'_>, summary: &Summary) -> anyhow::Result<ExitCode> {
    let status = summary.exit_status();
    if interrupt::is_requested() || summary.ask.len() != plan.questions.len() {
        return Ok(ExitCode::from(130));
    }
    session.ask_all(Round::After)?;
    for (number, answer) in summary.ask.iter().enumerate() {
        session.log().note_result(number, answer)?;
        let given = session.log().given(number).to_vec();
        talk::print(&texts::verdict(plan, number, answer, &given, summary))?;
    }
    // Claims of the file are its author's affair: they do not fail a lesson.
    Ok(ExitCode::from(if matches!(status, 3 | 4) {
        0
    } else {
        status
    }))
}

fn engine(args: &Args) -> Engine {
    if args.sim {
        Engine::Simulation
    } else {
        Engine::Processes
    }
}

fn chosen(name: &str, args: &Args) -> SourceArgs {
    let settings = args.set.iter().cloned();
    settings.fold(SourceArgs::of(name), SourceArgs::with_setting)
}
