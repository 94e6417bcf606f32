//! Foreign servers: another program in the place of concsim's own server, started, watched from outside and ended.
//!
//! ```text
//!   driver ── observer ── gunicorn (or any program) ── its workers
//!                │ every 10 ms: accept queue and listeners (/proc/net/tcp), state of each worker (/proc/PID/stat)
//!                └─▶ scoreboard: pid and phase of each worker, the accept queue
//! ```
//!
//! The observer takes the place of the arbiter. It writes the ids of the worker processes to the scoreboard, and the recorder
//! reads their CPU time, switches, cores and memory, as it does for concsim's own workers. A foreign worker does not write to
//! the scoreboard, so its begun requests, its coroutines and the reasons of its waits are unknown.

mod app;
mod workers;

use std::io::{self, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use self::workers::Workers;
use crate::sys::clock::Clock;
use crate::sys::foreign::{self, ForeignProgram, signal_group};
use crate::sys::signals::{self, Signal, Signals};
use crate::sys::{ErrorContext as _, fork, listeners, net, processes};
use crate::telemetry::{ChildMessage, Scoreboard};
use concsim_model::scenario::Scenario;
use concsim_model::scenario::command::Places;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::describe_termination;

/// Orders of the driver to the observer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Clock of the run.
    pub clock: Clock,
    /// Scenario, with the command of the server.
    pub scenario: Scenario,
}

/// Time between two samples.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(10);
/// Number of samples between two searches for workers.
const SAMPLES_OF_A_SEARCH: u32 = 10;
/// Time limit for the server's answer to a first request.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
/// Time limit for the end of killed processes.
const KILL_PATIENCE: Elapsed = Elapsed::from_secs(1);

/// Reasons why the observer cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system refused an operation.
    #[error(transparent)]
    System(#[from] crate::sys::Error),
    /// The server ended by itself.
    #[error("go on: `{command}` ended with {how}{output}")]
    Ended {
        /// Its command.
        command: String,
        /// Description of its end.
        how: String,
        /// Last lines of its output, each after a line break.
        output: String,
    },
}

/// Starts the server, observes it until it is told to stop or the lifeline ends, and ends it with everything that it
/// has started.
///
/// # Errors
/// Fails if the server cannot be started, or ends by itself.
pub fn play(
    orders: Orders,
    scoreboard: &Scoreboard,
    lifeline: &OwnedFd,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    foreign::become_their_keeper()?;
    let mut observer = Observer::start(orders, scoreboard, lifeline)?;
    let stop = observer.observe(output);
    observer.end(matches!(stop, Ok(Stop::Graceful)));
    stop.map(drop)
}

/// Reasons to end the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// It finishes what it has begun.
    Graceful,
    /// It ends at once.
    Quick,
}

struct Observer<'a> {
    orders: Orders,
    scoreboard: &'a Scoreboard,
    lifeline: &'a OwnedFd,
    signals: Signals,
    address: SocketAddr,
    command: String,
    program: ForeignProgram,
    /// End of the started process, if it has ended.
    ended: Option<i32>,
    workers: Workers,
    /// Folder with the application. Removed with the observer.
    _app: Option<TempDir>,
}

impl<'a> Observer<'a> {
    fn start(
        orders: Orders,
        scoreboard: &'a Scoreboard,
        lifeline: &'a OwnedFd,
    ) -> Result<Self, Failure> {
        let signals = Signals::listen(&[
            Signal::Terminate,
            Signal::Interrupt,
            Signal::Quit,
            Signal::ChildEnded,
            Signal::More,
            Signal::Fewer,
            Signal::HangUp,
        ])?;
        let address = free_address()?;
        let server = &orders.scenario.server;
        let app = app::folder_for(server)?;
        let host = address.ip().to_string();
        let places = Places {
            host: &host,
            port: address.port(),
            app: app
                .as_ref()
                .and_then(|it| it.path().to_str())
                .unwrap_or_default(),
        };
        let arguments = server.arguments(places).unwrap_or_default();
        let environment = app::environment(&orders.scenario, places.app);
        let program = ForeignProgram::start(&arguments, &environment, server.nice)?;
        let group = &scoreboard.run().foreign.group;
        group.store(u64::from(program.pid()), Ordering::Release);
        Ok(Self {
            scoreboard,
            lifeline,
            signals,
            address,
            command: arguments.join(" "),
            program,
            ended: None,
            workers: Workers::default(),
            _app: app,
            orders,
        })
    }

    fn now(&self) -> Stamp {
        self.orders.clock.now()
    }

    /// Observes until there is a reason to stop.
    fn observe(&mut self, output: &mut dyn Write) -> Result<Stop, Failure> {
        let mut is_up = false;
        for sample in 0_u32.. {
            if let Some(stop) = self.wait(LOOK_EVERY) {
                return Ok(stop);
            }
            self.reap();
            if let Some(status) = self.ended {
                return Err(self.failure(status));
            }
            if !is_up && answers(self.address) {
                is_up = true;
                self.look_for_workers();
                let addresses = vec![self.address];
                // If the driver no longer reads, the lifeline says so too.
                let _ = ChildMessage::Ready { addresses }.write_line(&mut &mut *output);
            } else if is_up {
                self.look(sample.is_multiple_of(SAMPLES_OF_A_SEARCH));
            }
        }
        Ok(Stop::Quick)
    }

    /// Waits for `length`, or until a signal or output comes. Returns the reason to stop, if there is one.
    fn wait(&mut self, length: Elapsed) -> Option<Stop> {
        let sources = [self.signals.as_fd(), self.lifeline.as_fd()];
        // On ENOMEM this returns at once; the caller retries.
        let is_cut = net::wait_readable(sources, Some(length)).is_ok_and(|[_, cut]| cut);
        self.program.read_output();
        let signals = self.signals.take();
        if is_cut
            || signals
                .iter()
                .any(|it| matches!(it, Signal::Interrupt | Signal::Quit))
        {
            return Some(Stop::Quick);
        }
        signals
            .contains(&Signal::Terminate)
            .then_some(Stop::Graceful)
    }

    /// Writes what is seen of the server now.
    fn look(&mut self, is_search: bool) {
        let now = self.now();
        if is_search {
            self.look_for_workers();
        }
        self.workers.look(self.scoreboard, now);
        if let Some(found) = listeners::listeners_of(self.address.port()) {
            let foreign = &self.scoreboard.run().foreign;
            let change = found.queued.cast_signed() - foreign.queued.count().cast_signed();
            foreign.queued.step(now, change);
            foreign.is_seen.store(1, Ordering::Release);
        }
    }

    fn look_for_workers(&mut self) {
        if let Some(listeners) = listeners::listeners_of(self.address.port()) {
            let now = self.now();
            let root = self.program.pid();
            self.workers.find(root, &listeners, self.scoreboard, now);
        }
    }

    /// Reaps all processes that have ended: the server, and those whose parents have ended.
    fn reap(&mut self) {
        while let Some(death) = fork::reap() {
            if death.pid == self.program.pid() {
                self.ended = Some(death.status);
            }
        }
    }

    fn failure(&mut self, status: i32) -> Failure {
        self.program.read_output();
        let mut output = String::new();
        for line in self.program.newest_lines() {
            output.push_str("\n  ");
            output.push_str(line);
        }
        Failure::Ended {
            command: self.command.clone(),
            how: describe_termination(status, None, None),
            output,
        }
    }

    /// Ends the server and everything that it has started; first asks it, if there is time.
    fn end(&mut self, is_graceful: bool) {
        let group = self.program.pid();
        if is_graceful && self.ended.is_none() {
            signals::send(group, Signal::Terminate);
            let limit = self.now() + self.orders.scenario.server.graceful_timeout;
            while self.ended.is_none() && self.now() < limit {
                if self.wait(LOOK_EVERY) == Some(Stop::Quick) {
                    break;
                }
                self.workers.look(self.scoreboard, self.now());
                self.reap();
            }
        }
        let limit = self.now() + KILL_PATIENCE;
        loop {
            signal_group(group, Signal::Kill);
            self.reap();
            let left = processes::children_of(std::process::id());
            if left.is_empty() || self.now() >= limit {
                break;
            }
            for pid in left {
                signals::send(pid, Signal::Kill);
            }
            self.wait(Elapsed::from_millis(1));
        }
        self.workers.look(self.scoreboard, self.now());
        self.scoreboard
            .run()
            .foreign
            .group
            .store(0, Ordering::Release);
    }
}

/// Returns an address at which nothing listens now.
fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).doing("find a free port")?;
    Ok(listener.local_addr().doing("find a free port")?)
}

/// True if a server at this address answers a request, with whatever status.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> io::Result<bool> {
        let mut server = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
        server.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        write!(
            server,
            "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut first = [0; 5];
        server.read_exact(&mut first)?;
        Ok(first == *b"HTTP/")
    };
    ask().unwrap_or(false)
}
