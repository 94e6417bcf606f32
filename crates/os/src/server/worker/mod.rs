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

use super::hub::say;
use super::today::Today;
use crate::handler::Access;
use crate::handler::{Application, Whoami};
use crate::sys::clock::Clock;
use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, family, fork, poller, signals};
use crate::telemetry::{Board, Phase, Probe, Telemetry};
use concsim_model::scenario::{Scenario, WorkerKind};
use concsim_model::units::letter;

/// Exit code of a worker that could not get ready: the whole server stops, since the next one could
/// not either. As gunicorn's.
pub(super) const BOOT_FAILED: i32 = 3;

/// Everything that a worker starts with.
pub(super) struct Post {
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
    pub(super) board: &'static Board,
    /// The run's clock.
    pub(super) clock: Clock,
    /// Whether it tells each event.
    pub(super) telemetry: Telemetry,
    /// Requests that it plays.
    pub(super) access: Access,
}

/// What both kinds of workers serve with.
struct Kit<'life> {
    application: Application,
    today: Today,
    signals: Signals,
    probe: Probe,
    post: &'life Post,
}

/// A worker's whole life. Gives its exit code.
pub(super) fn live(post: &Post) -> i32 {
    settle_in(post)
        .and_then(|signals| serve(post, signals))
        .unwrap_or_else(|error| {
            // The arbiter may be gone; then nobody is left who could be told.
            let _ = (&post.last_words).write_all(error.to_string().as_bytes());
            BOOT_FAILED
        })
}

fn serve(post: &Post, signals: Signals) -> sys::Result<i32> {
    let kit = Kit {
        application: Application::new(post.scenario.clone(), post.access.clone(), whoami(post)),
        today: Today::default(),
        signals,
        probe: Probe::new(post.board, post.index, post.clock, post.telemetry),
        post,
    };
    match post.scenario.server.kind {
        WorkerKind::Sync => sync::serve(kit),
        WorkerKind::Coroutine => coroutine::serve(kit),
        WorkerKind::Threads | WorkerKind::Callback => unreachable!("refused before it is played"),
    }
}

/// Makes an ordinary process of a fresh fork.
fn settle_in(post: &Post) -> sys::Result<Signals> {
    family::die_with_parent(post.arbiter)?;
    family::die_when_cut(&post.lifeline)?;
    fork::silence_stdout()?;
    tell_of_panics_in_one_line(whoami(post));
    let word = &post.board.slot(post.index).aborted;
    let signals = Signals::listen(&[Signal::Terminate])?;
    signals::leave_when_asked_to_be_quick()?;
    signals::abort_into(word, post.clock)?;
    poller::wait_precisely();
    Ok(signals)
}

/// The last thing that a worker does which ends regularly.
fn leave(probe: &Probe) {
    probe.phase(Phase::Draining, probe.now());
    probe.leaves(fork::used(), probe.now());
}

fn whoami(post: &Post) -> Whoami {
    Whoami {
        worker: post.index,
        pid: std::process::id(),
        kind: post.scenario.server.kind,
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
        say(&format!(
            "worker {name} (pid {}): panicked: {text}{place}",
            me.pid
        ));
    }));
}
