//! A worker: one child process of the arbiter, from its fork to its end.
//!
//! What both kinds share is here: it makes itself known, gets ready, and leaves. How it serves is in
//! [`sync`] and [`coroutine`], which are best read side by side.

mod coroutine;
mod sync;

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::panic;

use super::date_cache::DateCache;
use super::log::log;
use crate::handler::Access;
use crate::handler::{Application, Whoami};
use crate::sys::clock::Clock;
use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, child, fork, poller, signals};
use crate::telemetry::{Phase, Probe, Scoreboard, Telemetry};
use concsim_model::scenario::{Scenario, WorkerKind};
use concsim_model::units::letter;

/// Exit code of a worker that could not get ready: the whole server stops, since the next one could
/// not either. As gunicorn's.
pub(super) const BOOT_FAILED: i32 = 3;

/// Everything that a worker starts with.
pub(super) struct WorkerConfig {
    /// Its slot.
    pub(super) index: usize,
    /// The process that forked it.
    pub(super) arbiter: u32,
    /// What to serve.
    pub(super) scenario: Scenario,
    /// Where the services are, in the scenario's order.
    pub(super) services: Vec<SocketAddr>,
    /// The door.
    pub(super) listener: TcpListener,
    /// Ends when the arbiter is gone.
    pub(super) lifeline: OwnedFd,
    /// Where a worker that cannot get ready says why.
    pub(super) last_words: std::fs::File,
    /// Where it says everything else.
    pub(super) scoreboard: &'static Scoreboard,
    /// The run's clock.
    pub(super) clock: Clock,
    /// Whether it tells each event.
    pub(super) telemetry: Telemetry,
    /// Requests that it plays.
    pub(super) access: Access,
}

/// What both kinds of workers serve with.
struct WorkerContext<'life> {
    application: Application,
    date_cache: DateCache,
    signals: Signals,
    probe: Probe,
    config: &'life WorkerConfig,
}

/// A worker's whole life. Gives its exit code.
pub(super) fn run(config: &WorkerConfig) -> i32 {
    init_process(config)
        .and_then(|signals| serve(config, signals))
        .unwrap_or_else(|error| {
            // The arbiter may be gone; then nobody is left who could be told.
            let _ = (&config.last_words).write_all(error.to_string().as_bytes());
            BOOT_FAILED
        })
}

fn serve(config: &WorkerConfig, signals: Signals) -> sys::Result<i32> {
    let context = WorkerContext {
        application: Application::new(
            config.scenario.clone(),
            config.access.clone(),
            whoami(config),
        ),
        date_cache: DateCache::default(),
        signals,
        probe: Probe::new(
            config.scoreboard,
            config.index,
            config.clock,
            config.telemetry,
        ),
        config,
    };
    match config.scenario.server.kind {
        WorkerKind::Sync => sync::serve(context),
        WorkerKind::Coroutine => coroutine::serve(context),
        WorkerKind::Threads | WorkerKind::Callback => unreachable!("refused before it is played"),
    }
}

/// Makes an ordinary process of a fresh fork.
fn init_process(config: &WorkerConfig) -> sys::Result<Signals> {
    child::die_with_parent(config.arbiter)?;
    child::die_when_cut(&config.lifeline)?;
    fork::silence_stdout()?;
    tell_of_panics_in_one_line(whoami(config));
    let word = &config.scoreboard.slot(config.index).aborted;
    let signals = Signals::listen(&[Signal::Terminate])?;
    signals::leave_when_asked_to_be_quick()?;
    signals::abort_into(word, config.clock)?;
    poller::wait_precisely();
    Ok(signals)
}

/// The last thing that a worker does which ends regularly.
fn exit(probe: &Probe) {
    probe.phase(Phase::Draining, probe.now());
    probe.leaves(fork::used(), probe.now());
}

fn whoami(config: &WorkerConfig) -> Whoami {
    Whoami {
        worker: config.index,
        pid: std::process::id(),
        kind: config.scenario.server.kind,
    }
}

/// A backtrace would need more stack than a coroutine has.
fn tell_of_panics_in_one_line(me: Whoami) {
    panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map_or_else(String::new, |at| format!(" ({at})"));
        let text = panic.payload_as_str().unwrap_or("no reason was given");
        let name = letter(me.worker);
        log(&format!(
            "worker {name} (pid {}): panicked: {text}{place}",
            me.pid
        ));
    }));
}
