//! `concsim watch`: the screen and the summary of a server that runs already, which is neither signalled nor stopped.

use std::os::fd::BorrowedFd;
use std::process::ExitCode;

use super::colour::Colour;
use super::display::{DisplayArgs, ResultArgs};
use super::keyboard::{KeyboardArgs, LoadedKeys};
use super::run;
use super::source::{self, SearchResult, SourceArgs};
use super::talk;
use concsim_driver::frontend::{Frontend, Headless};
use concsim_driver::play::{self, unplayed};
use concsim_driver::run::Driver;
use concsim_model::scenario::{self, Arrivals, Engine, Overrides, Plan};
use concsim_os::foreign::{self, RunningServer};
use concsim_os::recorder::{self, Folder, Live};
use concsim_os::sys::{interrupt, processes};
use concsim_os::telemetry::{RINGS_BY_DEFAULT, Scoreboard};
use concsim_record::Recording;
use concsim_record::summary::{self, Summary};
use concsim_report::json;
use concsim_terminal::display;
use concsim_terminal::screen::{Cards, Screen};

/// Watches a server that runs already, of any program. On Linux alone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: concsim watch $(pgrep -o gunicorn) --seconds 10 --headless")]
pub struct Args {
    /// Id of the server's first process: a master, or the only worker
    pid: u32,
    /// Port at which it listens; by default its only one
    #[arg(long)]
    port: Option<u16>,
    /// Kind that its workers are taken for, from which follows the most that they can have begun; by default sync, or
    /// that of the load's scenario
    #[arg(long, value_name = "KIND", value_parser = ["sync", "coroutine", "threads", "callback"])]
    kind: Option<String>,
    /// Play the load of this scenario against it: a file, or a name
    #[arg(long, value_name = "FILE|NAME")]
    load: Option<String>,
    /// Seconds to watch it; by default until q or ^C, or for the duration of the load
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: Option<u32>,
    /// Show no screen; progress goes to standard error, the result to standard output
    #[arg(long)]
    headless: bool,
    #[command(flatten)]
    result: ResultArgs,
    #[command(flatten)]
    display: DisplayArgs,
    #[command(flatten)]
    keyboard: KeyboardArgs,
}

impl Args {
    /// Returns the terminal of the screen, if one is to be used.
    fn terminal(&self) -> Option<BorrowedFd<'static>> {
        display::canvas().filter(|_| !self.headless && !self.result.json)
    }
}

/// Watches the server and prints the result.
///
/// # Errors
/// A system limit that is too low for the load.
pub fn run(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let found = foreign::find(args.pid, args.port, args.load.is_none());
    let server = match found {
        Ok(server) => server,
        Err(reason) => {
            talk::print_message(reason);
            return Ok(ExitCode::from(2));
        }
    };
    let plan = match &args.load {
        Some(name) => match with_load(name, args, colour)? {
            Some(plan) => plan,
            None => return Ok(ExitCode::from(2)),
        },
        None => without_load(args),
    };
    let plan = seen_as(plan, server);
    let terminal = args.terminal();
    let LoadedKeys::Keymap(keymap) = args.keyboard.keymap(terminal, colour)? else {
        return Ok(ExitCode::from(2));
    };
    processes::allow_descriptors(concsim_os::server::descriptors_needed(
        &plan.variants[0].scenario,
    ))?;
    interrupt::listen()?;
    let mut folder = match args.result.out.as_deref() {
        Some(out) => run::folder_for(Some(out), false, &plan)?,
        None => None,
    };
    let options = args.display.options(colour);
    let played = match terminal {
        None => {
            let mut headless = Headless::new(args.result.json);
            watch(&plan, server, &mut headless, folder.as_mut())
        }
        Some(terminal) => {
            let cores = processes::cores_allowed().len();
            let screen = Screen::on(terminal, &plan, cores, options)?;
            let screen = screen.steered_by(keymap, args.keyboard.mouse())?;
            let mut screen = screen.without_questions();
            let played = watch(&plan, server, &mut screen, folder.as_mut());
            if let Ok(summary) = &played
                && !screen.should_stop()
            {
                screen.show_card(&Cards::of(&plan, summary, options.look.glyphs))?;
            }
            played
        }
    };
    let summary = match played {
        Ok(summary) => summary,
        Err(error) => return Err(unplayed(folder, error)),
    };
    let style = (options.look.glyphs, args.result.card.extent());
    run::print(&plan, &summary, args.result.json, style)?;
    if let Some(folder) = &folder {
        let kept = folder.summarise(&json::of(&summary));
        run::report_folder(folder, &kept, args.result.json);
    }
    Ok(ExitCode::from(summary.exit_status()))
}

/// Returns the plan of a load, without the scenario's claims and questions; [`None`] if it has mistakes, which are shown.
fn with_load(name: &str, args: &Args, colour: Colour) -> anyhow::Result<Option<Plan>> {
    let mut chosen = SourceArgs::of(name);
    if let Some(seconds) = args.seconds {
        chosen = chosen.with_setting(format!("duration={seconds}s"));
    }
    if let Some(kind) = &args.kind {
        chosen = chosen.with_setting(format!("server.kind={kind}"));
    }
    let SearchResult::Plan(mut plan) = source::choose(&chosen, Engine::Nobody, colour)? else {
        return Ok(None);
    };
    plan.variants.truncate(1);
    plan.expectations.clear();
    plan.questions.clear();
    Ok(Some(*plan))
}

/// Longest watch.
const DAY_S: u32 = 86_400;

/// Returns the plan of a watch without load: no client, and a window of this length.
fn without_load(args: &Args) -> Plan {
    let seconds = args.seconds.unwrap_or(DAY_S);
    let kind = args.kind.as_deref().unwrap_or("sync");
    let text = format!(
        "warmup = \"0s\"\nduration = \"{seconds}s\"\nserver.kind = \"{kind}\"\n\
         requests.any.steps = []\nload.clients = 1\n"
    );
    let mut plan = scenario::read(&text, "watch", &Overrides::default()).expect("a valid scenario");
    if let Arrivals::Closed { clients, .. } = &mut plan.variants[0].scenario.load.arrivals {
        *clients = 0;
    }
    plan
}

/// Returns the plan with the running server in the place of the scenario's.
fn seen_as(mut plan: Plan, server: RunningServer) -> Plan {
    let command = foreign::command_of(server.pid);
    let variant = &mut plan.variants[0];
    variant.name = format!("process {}", server.pid);
    if server.is_alone {
        plan.title.clone_from(&command);
    }
    let taken_for = &mut variant.scenario.server;
    taken_for.command = Some(command);
    taken_for.workers = server.workers.max(1);
    variant.scenario.timeline.clear();
    plan
}

fn watch(
    plan: &Plan,
    server: RunningServer,
    frontend: &mut impl Frontend,
    folder: Option<&mut Folder>,
) -> anyhow::Result<Summary> {
    frontend.on_variant_start(plan, 0)?;
    let recording = record(plan, server, frontend, folder)?;
    let run = summary::summarise(&recording);
    frontend.on_variant_end(&run, recording)?;
    Ok(Summary::of(plan, recorder::this_machine(), vec![run]))
}

fn record(
    plan: &Plan,
    server: RunningServer,
    frontend: &mut impl Frontend,
    folder: Option<&mut Folder>,
) -> anyhow::Result<Recording> {
    let variant = &plan.variants[0];
    let scoreboard = Scoreboard::new(RINGS_BY_DEFAULT)?;
    let header = play::header_of(plan, variant);
    let writer = play::writer_for(folder, &header, |text| frontend.on_note(text));
    let live = Live::new(&scoreboard, header, writer);
    let driver = Driver::watching(server, variant, live)?;
    play::drive(driver, frontend)
}
