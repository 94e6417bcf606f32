//! A worker: one child process of the arbiter, from its fork to its end.
//!
//! Startup and exit are the same for all kinds of workers and are here; a connection and its transport are
//! the same, too, one floor below. [`sync`], [`threads`] and [`coroutine`] hold the difference, in the same
//! order, to be read side by side. A World is all that the handler of a request can do: compute, wait, send.
//!
//! | | [`sync`] | [`threads`] | [`coroutine`] |
//! |---|---|---|---|
//! | Worlds at once | one | one for each thread | one for each open connection |
//! | a wait | blocks the process | blocks the thread; others run | parks the task; the hub runs another |
//! | an `unpatched` wait | the same | the same | blocks the process, and all tasks with it |
//! | accepts | after the last response | while a thread is free | once a turn of the hub, while there is room |
//! | after a response | closes the connection | keeps it for `server.keepalive` | the same |
//! | heartbeat | once a pass of the loop | by the main thread | once a turn of the hub |

mod coroutine;
mod sync;
mod threads;

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::panic;

use super::date_cache::DateCache;
use super::log::log;
use crate::handler::Access;
use crate::handler::{Application, Whoami};
use crate::sys::clock::Clock;
use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, ErrorContext, child, fork, poller, processes, signals};
use crate::telemetry::{Phase, Probe, Scoreboard, Telemetry};
use concsim_engine::policy::BOOT_FAILED;
use concsim_model::scenario::{Scenario, WorkerKind};
use concsim_model::units::letter;

/// Everything that a worker is started with.
pub(super) struct WorkerConfig {
    /// Slot of the worker.
    pub(super) index: usize,
    /// Process id of the arbiter.
    pub(super) arbiter: u32,
    /// Scenario to serve.
    pub(super) scenario: Scenario,
    /// Addresses of the services, in the scenario's order.
    pub(super) services: Vec<SocketAddr>,
    /// Listening socket that all workers share.
    pub(super) listener: TcpListener,
    /// Pipe that ends when the arbiter is gone.
    pub(super) lifeline: OwnedFd,
    /// Pipe for the reason why the worker cannot get ready.
    pub(super) last_words: std::fs::File,
    /// Shared memory for everything else that it reports.
    pub(super) scoreboard: &'static Scoreboard,
    /// Clock of the run.
    pub(super) clock: Clock,
    /// Kinds of telemetry that it writes: events too, or counters only.
    pub(super) telemetry: Telemetry,
    /// Rules for the requests that it plays.
    pub(super) access: Access,
}

/// State that all kinds of workers serve with.
struct WorkerContext<'life> {
    application: Application,
    date_cache: DateCache,
    signals: Signals,
    probe: Probe,
    config: &'life WorkerConfig,
}

/// Runs a worker from its fork to its end. Returns its exit code.
pub(super) fn run(config: &WorkerConfig) -> i32 {
    init_process(config)
        .and_then(|signals| serve(config, signals))
        .unwrap_or_else(|error| {
            // If the arbiter is gone, there is nowhere to report the error.
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
    let kind = config.scenario.server.kind;
    let Some(serve) = loop_of(kind) else {
        return Err(io::Error::from(io::ErrorKind::Unsupported))
            .doing(format!("serve as a `{}` worker", kind.word()));
    };
    serve(context)
}

/// Loop of a worker, from its first accept to its exit code.
type Serve = fn(WorkerContext<'_>) -> sys::Result<i32>;

/// Returns the loop of a kind of worker. `None` for a kind that real processes do not play: the table of
/// kinds says so too, and a scenario that needs one is refused with its line.
fn loop_of(kind: WorkerKind) -> Option<Serve> {
    match kind {
        WorkerKind::Sync => Some(sync::serve),
        WorkerKind::Coroutine => Some(coroutine::serve),
        WorkerKind::Threads => Some(threads::serve),
        WorkerKind::Callback => None,
    }
}

/// Sets up the forked process: how it ends, its signals and its standard output.
fn init_process(config: &WorkerConfig) -> sys::Result<Signals> {
    child::die_with_parent(config.arbiter)?;
    child::die_when_cut(&config.lifeline)?;
    fork::silence_stdout()?;
    report_panics_in_one_line(whoami(config));
    let word = &config.scoreboard.slot(config.index).aborted;
    let signals = Signals::listen(&[Signal::Terminate])?;
    signals::leave_when_asked_to_be_quick()?;
    signals::abort_into(word, config.clock)?;
    poller::wait_precisely();
    processes::become_nice(config.scenario.server.nice);
    Ok(signals)
}

/// Publishes the end of a worker that ends regularly, and the resources that it used.
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

/// Reports a panic in one line: a backtrace would need more stack than a coroutine has.
fn report_panics_in_one_line(me: Whoami) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_a_loop_if_the_table_says_that_real_processes_play_it() {
        for kind in WorkerKind::ALL {
            assert_eq!(loop_of(kind).is_some(), kind.is_real(), "{}", kind.word());
        }
    }
}
