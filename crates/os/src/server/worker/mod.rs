//! A worker: one child process of the arbiter, from its fork to its end.
//!
//! Startup and exit are the same for all kinds of workers and are here; a connection and its transport are
//! the same, too, one floor below. [`sync`], [`threads`] and [`coroutine`] hold the difference, in the same
//! order, to be read side by side. A World is all that the handler of a request can do: compute, wait, send.
//! [`callback`] has no Worlds: without a stack, nothing can wait in the middle of straight-line code.
//!
//! | | [`sync`] | [`threads`] | [`coroutine`] | [`callback`] |
//! |---|---|---|---|---|
//! | Worlds at once | one | one for each thread | one for each open connection | none |
//! | a wait | blocks the process | blocks the thread; others run | parks the task; the hub runs another | returns to the hub, which runs another |
//! | an `unpatched` wait | the same | the same | blocks the process, and all tasks with it | the same |
//! | a wait `in threads` | the same | the same | parks the task; a thread of the pool waits | the same |
//! | accepts | after the last response | once a poll, while there is room | once a turn of the hub, while there is room | the same |
//! | after a response | closes the connection | keeps it for `server.keepalive` | the same | the same |
//! | heartbeat | once a pass of the loop | by the main thread | once a turn of the hub | the same |

mod callback;
mod coroutine;
pub(super) mod pool_process;
mod sync;
mod threads;

use std::io::Write;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::panic;
use std::rc::Rc;

use super::compute;
use super::date_cache::DateCache;
use super::door::{Door, Listener};
use super::hub::{Hub, HubExit, Tasks};
use super::log::log;
use super::process_memory::{self, Loader};
use super::service_pool::ServicePool;
use super::task_context::Shared;
use super::thread_pool::ThreadPool;
use crate::handler::Access;
use crate::handler::{Application, Whoami};
use crate::sys::clock::Clock;
use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, child, fork, poller, processes, signals};
use crate::telemetry::{Phase, Probe, Scoreboard, Telemetry};
use concsim_engine::policy::{self, BOOT_FAILED, CANNOT_LOAD, LOAD_FAILED, OVERFLOWED};
use concsim_model::scenario::{Boot, Scenario, WorkerKind};
use concsim_model::units::{Elapsed, letter};

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
    /// Address of the pool of processes that compute for it, if there is one.
    pub(super) pool: Option<SocketAddr>,
    /// Pipe that ends when the arbiter is gone.
    pub(super) lifeline: OwnedFd,
    /// Pipe for the reason why the worker cannot get ready.
    pub(super) last_words: std::fs::File,
    /// Shared memory for everything else that it reports.
    pub(super) scoreboard: &'static Scoreboard,
    /// Clock of the run.
    pub(super) clock: Clock,
    /// Number of requests that it may begin; `None` is no limit.
    pub(super) request_limit: Option<u64>,
    /// Kinds of telemetry that it writes: events too, or counters only.
    pub(super) telemetry: Telemetry,
    /// Rules for the requests that it plays.
    pub(super) access: Access,
}

/// State that all kinds of workers serve with.
struct WorkerContext<'life> {
    application: Application,
    date_cache: DateCache,
    listener: Listener,
    signals: Signals,
    probe: Probe,
    config: &'life WorkerConfig,
}

/// Runs a worker at the server's `door`, from its fork to its end. Returns its exit code.
pub(super) fn run(config: &WorkerConfig, door: Door) -> i32 {
    init_process(config)
        .and_then(|signals| load_and_serve(config, signals, door.into_listener()?))
        .unwrap_or_else(|error| {
            leave_last_words(config, &error.to_string());
            BOOT_FAILED
        })
}

/// Loads the application, unless the arbiter has done so, and serves. The worker does not beat meanwhile, and takes
/// signals when it serves, as gunicorn's do. A queue of its own is open from the start, as gunicorn's.
fn load_and_serve(config: &WorkerConfig, signals: Signals, listener: Listener) -> sys::Result<i32> {
    let server = &config.scenario.server;
    if server.boot == Boot::Fails {
        leave_last_words(config, CANNOT_LOAD);
        return Ok(LOAD_FAILED);
    }
    compute::burn(server.boot_of_a_worker(), config.clock, |_, _, _| {});
    serve(config, signals, listener)
}

fn leave_last_words(config: &WorkerConfig, reason: &str) {
    // If the arbiter is gone, there is nowhere to report the reason.
    let _ = (&config.last_words).write_all(reason.as_bytes());
}

fn serve(config: &WorkerConfig, signals: Signals, listener: Listener) -> sys::Result<i32> {
    let _application = process_memory::load(&config.scenario.server, Loader::Worker)?;
    let context = WorkerContext {
        application: Application::new(
            config.scenario.clone(),
            config.access.clone(),
            whoami(config),
        ),
        date_cache: DateCache::default(),
        listener,
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
        WorkerKind::Threads => threads::serve(context),
        WorkerKind::Callback => callback::serve(context),
    }
}

/// Resources that all tasks of a hub use. The state that they share with the hub is [`Shared`].
struct HubResources {
    application: Application,
    date_cache: DateCache,
    /// Longest time that a connection may stay idle; `None` closes it after each response.
    keepalive: Option<Elapsed>,
    services: ServicePool,
}

/// Serves by a hub until it is told to stop; `tasks` returns its tasks. Returns the exit code.
fn serve_by_hub<T: Tasks>(
    context: WorkerContext<'_>,
    tasks: impl FnOnce(Rc<Shared>, Rc<HubResources>) -> T,
) -> sys::Result<i32> {
    let config = context.config;
    let pool = ThreadPool::start(&config.scenario, &config.services, config.clock)?;
    let shared = Rc::new(Shared::new(context.probe, pool, config.request_limit)?);
    let resources = Rc::new(HubResources {
        application: context.application,
        date_cache: context.date_cache,
        keepalive: policy::keepalive(&context.config.scenario.server),
        services: ServicePool::open(
            &shared,
            &context.config.scenario.services,
            &context.config.services,
            context.config.pool,
        )?,
    });
    let hub = Hub::new(
        Rc::clone(&shared),
        context.listener,
        context.signals,
        context.config.scenario.server.connections,
        tasks(Rc::clone(&shared), resources),
    )?;
    let ended = hub.run()?;
    exit(&shared.probe);
    Ok(match ended {
        HubExit::Drained => 0,
        HubExit::Overflowed => OVERFLOWED,
    })
}

/// Sets up the forked process: how it ends, its signals and its standard output.
fn init_process(config: &WorkerConfig) -> sys::Result<Signals> {
    child::die_with_parent(config.arbiter)?;
    child::die_when_cut(&config.lifeline)?;
    fork::silence_stdout()?;
    report_panics_in_one_line(whoami(config));
    let word = &config.scoreboard.slot(config.index).aborted;
    let signals = Signals::listen(&[Signal::Terminate, Signal::Reopen])?;
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
