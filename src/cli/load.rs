//! `concsim load`: a scenario's load alone, against any server.
//!
//! The scenario decides the requests and their instants. The inside of the server at the target is unknown,
//! so the result has the clients' view alone, without concurrency or parallelism.

use concsim_os::recorder;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use super::colour::Colour;
use super::display::ResultArgs;
use super::repeat::{self, RepeatArgs};
use super::run;
use super::source::{self, SearchResult, SourceArgs};
use super::talk;
use concsim_driver::frontend::{Frontend, Headless};
use concsim_driver::play;
use concsim_driver::run::Driver;
use concsim_lab::repeats::{Part, Player};
use concsim_model::scenario::{Engine, Plan, Variant};
use concsim_os::load::{Authority, Target};
use concsim_os::recorder::Folder;
use concsim_os::recorder::Live;
use concsim_os::sys::interrupt;
use concsim_os::telemetry::{RINGS_BY_DEFAULT, Scoreboard};
use concsim_record::Recording;
use concsim_record::summary::{self, Summary};
use concsim_report::json;

/// Time limit for a server to accept a first connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Plays the load of a scenario against any HTTP server.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: concsim load hello --target http://127.0.0.1:8000 --out seen && concsim export csv seen"
)]
pub struct Args {
    #[command(flatten)]
    chosen: SourceArgs,
    /// Server to load: http://HOST:PORT. Requests are GET /REQUEST?n=NUMBER&d=NANOSECONDS,…
    #[arg(long, value_name = "URL")]
    target: Authority,
    #[command(flatten)]
    repeats: RepeatArgs,
    #[command(flatten)]
    result: ResultArgs,
}

/// Plays the load of the chosen variant (the first by default) and prints the result.
///
/// # Errors
/// No server at the target, or a system limit that is too low for the load.
pub fn load(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let plan = match source::choose(&args.chosen, Engine::Nobody, colour)? {
        SearchResult::Plan(plan) => against(*plan, &args.target),
        SearchResult::Wrong => return Ok(ExitCode::from(2)),
    };
    let target = Target {
        address: find(&args.target)?,
        host: args.target.to_string(),
    };
    let wanted = match args.repeats.wanted(&plan) {
        Ok(wanted) => wanted,
        Err(unknown) => {
            talk::print_message(unknown);
            return Ok(ExitCode::from(2));
        }
    };
    interrupt::listen()?;
    let mut folder = match &args.result.out {
        Some(out) => run::folder_for(Some(out), false, &plan)?,
        None => None,
    };
    let summary = if let Some(wanted) = wanted {
        let engine = repeat::Engine {
            player: &AgainstServer(target),
            jobs: 1,
            out: args.result.out.as_deref(),
            prints_lines: !args.result.json,
        };
        match repeat::play(&plan, wanted, &engine, folder)? {
            Some(played) => {
                folder = played.folder;
                played.summary
            }
            None => return Ok(ExitCode::from(repeat::INTERRUPTED)),
        }
    } else {
        match play_once(&plan, target, args.result.json, folder.as_mut()) {
            Ok(summary) => summary,
            Err(error) => return Err(play::unplayed(folder, error)),
        }
    };
    run::print(
        &plan,
        &summary,
        args.result.json,
        (colour.look().glyphs, args.result.card.extent()),
    )?;
    if let Some(folder) = &folder {
        let kept = folder.summarise(&json::of(&summary));
        run::report_folder(folder, &kept, args.result.json);
    }
    Ok(ExitCode::from(exit_status(&summary, &args.target)))
}

/// Returns the exit status, as of a run. A server that answers no request is a failure, which is reported.
fn exit_status(summary: &Summary, target: &Authority) -> u8 {
    let due: usize = summary.runs.iter().map(|run| run.due).sum();
    let answers = summary
        .runs
        .iter()
        .map(|run| run.completed + run.failed.status);
    match summary.exit_status() {
        0 if due > 0 && answers.sum::<usize>() == 0 => {
            talk::print_message(format_args!(
                "http://{target} answered none of {due} requests"
            ));
            1
        }
        status => status,
    }
}

/// Returns the plan of one load against one server, without the scenario's own server: its other variants
/// and its claims are dropped.
fn against(mut plan: Plan, target: &Authority) -> Plan {
    plan.variants.truncate(1);
    plan.variants[0].name = target.to_string();
    plan.expectations.clear();
    plan
}

/// Returns an address of the target at which a server listens.
fn find(target: &Authority) -> anyhow::Result<SocketAddr> {
    let no_answer = || format!("no server answers at http://{target}");
    let addresses = target
        .to_string()
        .to_socket_addrs()
        .with_context(no_answer)?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(address),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(error).with_context(no_answer)
}

fn play_once(
    plan: &Plan,
    target: Target,
    quiet: bool,
    folder: Option<&mut Folder>,
) -> anyhow::Result<Summary> {
    let mut frontend = Headless::new(quiet);
    frontend.on_variant_start(plan, 0)?;
    let recording = play_load(plan, &plan.variants[0], target, &mut frontend, folder)?;
    let run = summary::summarise(&recording);
    Ok(Summary::of(plan, recorder::this_machine(), vec![run]))
}

fn play_load(
    plan: &Plan,
    variant: &Variant,
    target: Target,
    frontend: &mut impl Frontend,
    folder: Option<&mut Folder>,
) -> anyhow::Result<Recording> {
    let scoreboard = Scoreboard::new(RINGS_BY_DEFAULT)?;
    let header = play::header_of(plan, variant);
    let writer = play::writer_for(folder, &header, |text| frontend.on_note(text));
    let live = Live::new(&scoreboard, header, writer);
    let driver = Driver::against(target, variant, live)?;
    play::drive(driver, frontend)
}

/// Plays repeats of a load against one server.
struct AgainstServer(Target);

impl Player for AgainstServer {
    fn play(&self, part: Part<'_>) -> anyhow::Result<Recording> {
        let mut frontend = part.frontend();
        let Part {
            plan,
            variant,
            folder,
            ..
        } = part;
        play_load(plan, variant, self.0.clone(), &mut frontend, folder)
    }
}
