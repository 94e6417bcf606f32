//! `concsim serve`: the server alone, for any load generator.
//!
//! Services and arbiter are started as for a run, and the rings are emptied as by a recorder, so that
//! telemetry has the same cost as in a run. On a terminal a table of the workers is kept up to date; it
//! contains the master's process id, for the signals TTIN and TTOU.

use std::net::SocketAddr;
use std::process::ExitCode;

use super::colour::Colour;
use super::source::{self, SearchResult};
use super::talk;
use concsim_driver::serve::{ServeOptions, ServeSession, address};
use concsim_model::scenario::{Engine, Plan, Variant};
use concsim_model::units::Elapsed;
use concsim_os::handler::{Access, DEMAND_LIMIT};
use concsim_os::server;
use concsim_os::sys::{interrupt, processes};
use concsim_os::telemetry::{RINGS_BY_DEFAULT, Scoreboard, Telemetry};

/// Serves a scenario without load, for any load generator.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An answer is one line, which says what happened to its request. It is filled with blanks to a multiple of 240 bytes, \
    since load generators that compare lengths (ab without -l) take an answer of another length for a failure.\n\n\
    Example: concsim serve hello --bind 127.0.0.1:8000\n         concsim serve hello --metrics 9464"
)]
pub struct Args {
    #[command(flatten)]
    chosen: source::SourceArgs,
    /// Address to listen on; port 0 takes any free port and reports it
    #[arg(long, value_name = "PORT|ADDRESS", value_parser = address, default_value = "127.0.0.1:8000")]
    bind: SocketAddr,
    /// Address for the counters that Prometheus reads: a port of this machine alone, or an address with a
    /// port
    #[arg(long, value_name = "PORT|ADDRESS", value_parser = address)]
    metrics: Option<SocketAddr>,
    /// Allowed host name in requests, besides addresses and localhost; repeatable. `any` allows all, and
    /// pages of other sites
    #[arg(long, value_name = "NAME|any")]
    allow_host: Vec<String>,
    /// Longest duration of a step that a client may set by ?d=
    #[arg(long, value_name = "LENGTH", value_parser = length, default_value = "10s")]
    longest_step: Elapsed,
    /// Let workers write counters but no events: to measure the cost of telemetry
    #[arg(long, hide = true)]
    no_telemetry: bool,
}

fn length(text: &str) -> Result<Elapsed, String> {
    let length = concsim_model::scenario::length(text).filter(|it| *it <= DEMAND_LIMIT);
    length.ok_or_else(|| "a length of time such as 10s, at most 1h".into())
}

impl Args {
    fn options(&self) -> ServeOptions {
        ServeOptions {
            bind: self.bind,
            metrics: self.metrics,
            access: self.access(),
            telemetry: if self.no_telemetry {
                Telemetry::Off
            } else {
                Telemetry::On
            },
        }
    }

    /// Returns the requests that are allowed.
    fn access(&self) -> Access {
        let allows_any = self.allow_host.iter().any(|it| it == "any");
        Access {
            hosts: (!allows_any).then(|| self.allow_host.clone()),
            longest_step: Some(self.longest_step),
        }
    }
}

/// Serves until ^C.
///
/// # Errors
/// A server that cannot start, or breaks down.
pub fn serve(args: &Args, colour: Colour) -> anyhow::Result<ExitCode> {
    let plan = match source::choose(&args.chosen, Engine::Processes, colour)? {
        SearchResult::Plan(plan) => plan,
        SearchResult::Wrong => return Ok(ExitCode::from(2)),
    };
    let variant = first_variant(&plan);
    if variant.scenario.server.is_foreign() {
        talk::print_message(
            "a scenario with `server.command` is served by that command; concsim serve has no part in it",
        );
        return Ok(ExitCode::from(2));
    }
    processes::allow_descriptors(server::descriptors_needed(&variant.scenario))?;
    interrupt::listen()?;
    let scoreboard = Scoreboard::new(RINGS_BY_DEFAULT)?;
    let mut session = ServeSession::open(&args.options(), variant, &scoreboard)?;
    session.run_until_interrupted()?;
    session.close()?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the first variant, which is the one served; reports it if there was a choice.
fn first_variant(plan: &Plan) -> &Variant {
    let first = plan.variants.first().expect("a plan has a variant");
    if let more @ 2.. = plan.variants.len() {
        let name = &first.name;
        talk::print_message(format_args!(
            "serving `{name}`, the first of {more} variants (see --variant)"
        ));
    }
    first
}
