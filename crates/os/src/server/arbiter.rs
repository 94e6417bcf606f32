//! The arbiter: the master process. It binds, forks and supervises; it never serves.
//!
//! ```text
//!   bind ─▶ fork all ─▶ ┌ wait ≤ 1 s for signals, or for the driver's end ┐ ─▶ stop ─▶ reap all
//!                       │  CHLD: reap      TTIN, TTOU: one more, one less │
//!                       │  each second: abort the silent, then kill them  │
//!                       └  each slot without a process gets one ──────────┘
//! ```
//!
//! It keeps to one thread, so that it may fork at any time. The behaviour is gunicorn's
//! (`gunicorn/arbiter.py`), including the tick of one second for everything timed. Unlike gunicorn, it also
//! ends a worker that is silent for too long while it boots.

mod pool;
mod respawns;
mod stopping;

use std::fs::File;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use self::pool::ProcessPool;
use self::respawns::{Respawns, SHORT_LIVES_LIMIT};
use super::compute;
use super::door::Door;
use super::process_memory::{self, Loader};
use super::worker::{self, WorkerConfig};
use crate::handler::Access;
use crate::sys::clock::Clock;
use crate::sys::fork::{self, Death};
use crate::sys::memory::WrittenPages;
use crate::sys::signals::{self, Signal, Signals};
use crate::sys::{ErrorContext, pipe};
use crate::telemetry::{
    ChildMessage, Event, Phase, SLOTS, Scoreboard, Telemetry, TerminationCause, Writer,
};
use concsim_engine::policy::{
    self, ARBITER_TICK, BOOT_FAILED, CANNOT_LOAD, EndOfProcess, KILLED, LOAD_FAILED, OVERFLOWED,
};
use concsim_engine::telemetry::WORKER_SLOTS;
use concsim_engine::worker_table::{Verdict, WorkerTable};
use concsim_model::scenario::{Boot, Scenario};
use concsim_model::units::{Elapsed, Stamp, letter};
use concsim_model::words::length;
use concsim_record::describe_termination;

/// Orders of the driver to the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Clock of the run.
    pub clock: Clock,
    /// Scenario to serve, with its workers.
    pub scenario: Scenario,
    /// Addresses of the services, in the scenario's order.
    pub services: Vec<SocketAddr>,
    /// Address to listen on; port 0 takes any free port.
    pub bind: SocketAddr,
    /// Kinds of telemetry that workers write.
    pub telemetry: Telemetry,
    /// Rules for the requests that are played.
    pub access: Access,
}

/// Interval between checks while workers boot or are being reaped.
const BOOT_POLL: Elapsed = Elapsed::from_millis(5);
/// Time that a server waits for its workers after a second request to stop quickly.
const FORCED_STOP_TIMEOUT: Elapsed = Elapsed::from_secs(2);

/// Reasons why the server cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The system refused an operation.
    #[error(transparent)]
    System(#[from] crate::sys::Error),
    /// The master process could not get ready.
    #[error("boot the server: {0}")]
    Load(&'static str),
    /// A worker could not get ready; the next one could not either.
    #[error("boot {worker}: {reason}")]
    Boot {
        /// Name of the worker.
        worker: String,
        /// Message of the worker, or a description of its end.
        reason: String,
    },
}

/// Reasons to leave the arbiter's loop; the more urgent is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    /// Workers finish what they began.
    Graceful,
    /// Workers leave at once.
    Quick,
    /// The driver is gone: all workers are killed.
    Orphaned,
}

/// Serves until it is told to stop, or the lifeline ends. When this returns, no worker is left.
///
/// # Errors
/// Fails if the address is taken, if a worker cannot be forked, or if one cannot get ready.
pub fn play(
    orders: Orders,
    scoreboard: &'static Scoreboard,
    lifeline: &OwnedFd,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let mut arbiter = Arbiter::start(orders, scoreboard, lifeline, output)?;
    let stop = arbiter.supervise();
    // In every case, no worker is left behind.
    arbiter.stop_all(*stop.as_ref().unwrap_or(&Stop::Quick));
    stop.map(drop)
}

struct Arbiter<'a> {
    orders: Orders,
    scoreboard: &'static Scoreboard,
    ring: Writer<'static>,
    /// `None` once the server stops: the door is closed before the last worker leaves.
    door: Option<Door>,
    address: SocketAddr,
    lifeline: &'a OwnedFd,
    signals: Signals,
    table: WorkerTable,
    /// Processes that compute for the workers.
    pool: ProcessPool,
    /// Workers that are told to stop as soon as the new ones have been forked.
    leaving: Vec<(usize, u32)>,
    /// Writing ends of the workers' lifelines, by slot.
    lifelines: Vec<Option<OwnedFd>>,
    /// Pipe (reading and writing end) for the reason why a worker cannot get ready.
    last_words: (File, File),
    /// Application, if it is loaded before the fork: all workers share its pages.
    _application: Option<WrittenPages>,
    /// Counter of workers that died at once: it stops a server that would respawn them for ever.
    respawns: Respawns,
    next_tick: Stamp,
    /// Instant before which no replacement is forked.
    next_respawn: Stamp,
    /// Number of requests to open the logs again.
    reopened: u64,
    is_up: bool,
    /// True while workers that did not finish in time are being killed.
    is_killing: bool,
    output: &'a mut dyn Write,
}

impl<'a> Arbiter<'a> {
    fn start(
        orders: Orders,
        scoreboard: &'static Scoreboard,
        lifeline: &'a OwnedFd,
        output: &'a mut dyn Write,
    ) -> Result<Self, Failure> {
        load_application(&orders)?;
        let door = Door::open(orders.bind, &orders.scenario.server)?;
        let signals = Signals::listen(&[
            Signal::Terminate,
            Signal::Interrupt,
            Signal::Quit,
            Signal::ChildEnded,
            Signal::More,
            Signal::Fewer,
            Signal::HangUp,
            Signal::Reopen,
        ])?;
        Ok(Self {
            ring: Writer::new(scoreboard.arbiter_ring()),
            address: door.address(),
            door: Some(door),
            lifeline,
            signals,
            table: WorkerTable::new(WORKER_SLOTS, orders.scenario.server.workers),
            pool: ProcessPool::open(orders.scenario.server.processes)?,
            leaving: Vec::new(),
            lifelines: (0..SLOTS).map(|_| None).collect(),
            last_words: pipe::nonblocking()?,
            _application: process_memory::load(&orders.scenario.server, Loader::Arbiter)?,
            respawns: Respawns::new(SLOTS),
            next_tick: orders.clock.now() + ARBITER_TICK,
            next_respawn: Stamp::ZERO,
            reopened: 0,
            is_up: false,
            is_killing: false,
            scoreboard,
            orders,
            output,
        })
    }

    fn now(&self) -> Stamp {
        self.orders.clock.now()
    }

    /// Supervises until there is a reason to stop.
    fn supervise(&mut self) -> Result<Stop, Failure> {
        self.fill_the_pool()?;
        self.fill_vacancies()?;
        loop {
            self.announce_when_up();
            if self.sleep_until_tick() {
                return Ok(Stop::Orphaned);
            }
            let signals = self.signals.take();
            let stops = signals.into_iter().filter_map(|it| self.handle_signal(it));
            // A request to be quick is not lost behind one to be graceful.
            if let Some(stop) = stops.max() {
                return Ok(stop);
            }
            self.reap()?;
            self.end_silent_workers();
            self.fill_the_pool()?;
            self.fill_vacancies()?;
            self.retire_replaced();
        }
    }

    /// Sleeps until a signal comes or a tick is due. Returns true if the driver is gone.
    fn sleep_until_tick(&self) -> bool {
        let now = self.now();
        let until_tick = self.next_tick.since(now);
        self.poll_timeout(if !self.is_up {
            until_tick.min(BOOT_POLL)
        } else if self.table.free_slot().is_some() {
            until_tick.min(self.next_respawn.since(now))
        } else {
            until_tick
        })
    }

    fn handle_signal(&mut self, signal: Signal) -> Option<Stop> {
        match signal {
            Signal::Terminate => return Some(Stop::Graceful),
            Signal::Interrupt | Signal::Quit => return Some(Stop::Quick),
            Signal::More => self.add_a_worker(),
            Signal::Fewer => self.remove_a_worker(),
            Signal::HangUp => self.replace_all(),
            Signal::Reopen => self.reopen_logs(),
            Signal::ChildEnded | Signal::Abort | Signal::Kill | Signal::Stop | Signal::Continue => {
            }
        }
        None
    }

    fn add_a_worker(&mut self) {
        match self.table.add() {
            Some(slot) => {
                let count = self.table.wanted();
                self.note(&format!("worker {} joins: {count} now", letter(slot)));
            }
            None => self.note(&format!(
                "a server has at most {WORKER_SLOTS} workers: no more were added"
            )),
        }
    }

    /// Passes the signal on. There are no log files here; gunicorn's workers open theirs again.
    fn reopen_logs(&mut self) {
        self.reopened += 1;
        self.signal_all(Signal::Reopen);
        let count = self.reopened;
        self.note(&format!(
            "SIGUSR1 ({count}): logs go to standard error, so there are no files to open again"
        ));
    }

    /// Forks new workers, then tells the old ones to finish, as gunicorn's `reload`: as many as the scenario says,
    /// however many were added or removed since. The door stays open.
    fn replace_all(&mut self) {
        match self.table.replace_all(self.orders.scenario.server.workers) {
            // A reload before the last one was carried out adds to it.
            Some(leaving) => self.leaving.extend(leaving),
            None => self.note("no reload: not enough free slots for the new workers"),
        }
    }

    fn retire_replaced(&mut self) {
        let leaving = std::mem::take(&mut self.leaving);
        for (slot, pid) in &leaving {
            self.scoreboard
                .slot(*slot)
                .wanted
                .store(0, Ordering::Relaxed);
            // The process may have been reaped meanwhile; its id may be that of a new worker.
            if self.table.is_going(*slot, *pid) {
                signals::send(*pid, Signal::Terminate);
            }
        }
        if !leaving.is_empty() {
            let count = self.table.wanted();
            self.note(&format!(
                "reloaded: {count} new workers, {} go",
                leaving.len()
            ));
        }
    }

    fn remove_a_worker(&mut self) {
        let Some((slot, pid)) = self.table.remove_oldest() else {
            return self.note("the last worker cannot be removed");
        };
        self.scoreboard
            .slot(slot)
            .wanted
            .store(0, Ordering::Relaxed);
        signals::send(pid, Signal::Terminate);
        let count = self.table.wanted();
        self.note(&format!(
            "worker {} (pid {pid}), the oldest, goes: {count} now",
            letter(slot)
        ));
    }

    /// Announces that the server is ready, once all its first workers are.
    fn announce_when_up(&mut self) {
        let booted = |(slot, _)| {
            let phase = self.scoreboard.slot(slot).phase();
            phase.is_some_and(|phase| phase != Phase::Booting)
        };
        if !self.is_up && self.table.free_slot().is_none() && self.table.living().all(booted) {
            self.is_up = true;
            let addresses = vec![self.address];
            self.send_message(&ChildMessage::Ready { addresses });
        }
    }

    /// Forks a worker for each slot without one. Pauses after each replacement, but not after the first workers, nor
    /// after those of a reload.
    fn fill_vacancies(&mut self) -> Result<(), Failure> {
        let paces = self.is_up && self.leaving.is_empty();
        while let Some(slot) = self.table.free_slot() {
            if !paces {
                self.fork_worker(slot)?;
            } else if self.next_respawn <= self.now() {
                let age = self.fork_worker(slot)?;
                let pause = policy::respawn_pause(self.orders.scenario.seed, age);
                self.next_respawn = self.now() + pause;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Forks a worker. Returns its age: the number of the fork.
    fn fork_worker(&mut self, slot: usize) -> Result<u64, Failure> {
        let age = self.table.next_age();
        self.respawns.forked(slot, self.now());
        let door = self.door_for_a_worker()?;
        let pid = self.fork_into(slot, age, move |config| worker::run(config, door))?;
        self.table.insert(slot, pid, age);
        let (at, worker) = (self.now(), slot as u32);
        self.ring
            .push(&Event::Forked { at, worker, pid }.to_record());
        Ok(age)
    }

    /// Forks a process with a slot of the scoreboard, which runs `life`. Returns its pid.
    fn fork_into(
        &mut self,
        slot: usize,
        age: u64,
        life: impl FnOnce(&WorkerConfig) -> i32,
    ) -> Result<u32, Failure> {
        let words = self.scoreboard.slot(slot);
        if words.incarnation.load(Ordering::Relaxed) == 0 {
            self.scoreboard.reserve_worker_ring(slot)?;
        }
        words.wanted.store(1, Ordering::Relaxed);
        words.prepare(self.now(), age);
        let (lifeline, kept_end) = pipe::nonblocking()?;
        let config = self.config(slot, age, lifeline.into())?;
        let siblings = self.lifelines.iter_mut();
        let mut inherited: Vec<&mut Option<OwnedFd>> = siblings.collect();
        let mut kept_end = Some(OwnedFd::from(kept_end));
        let own = &mut kept_end;
        let pid = fork::fork(move || {
            // A copy of the writing end of another process's lifeline would keep that process alive.
            inherited.push(own);
            for end in inherited {
                drop(end.take());
            }
            life(&config)
        })?;
        self.lifelines[slot] = kept_end;
        words.give_to(pid);
        Ok(pid)
    }

    fn door_for_a_worker(&self) -> Result<Door, Failure> {
        let door = self.door.as_ref();
        let door = door.expect("no worker is forked once the door is closed");
        Ok(door.try_clone()?)
    }

    fn config(&self, slot: usize, age: u64, lifeline: OwnedFd) -> Result<WorkerConfig, Failure> {
        let scenario = &self.orders.scenario;
        Ok(WorkerConfig {
            index: slot,
            arbiter: std::process::id(),
            request_limit: policy::request_limit(&scenario.server, scenario.seed, age),
            scenario: scenario.clone(),
            services: self.orders.services.clone(),
            pool: self.pool.address()?,
            access: self.orders.access.clone(),
            lifeline,
            last_words: self
                .last_words
                .1
                .try_clone()
                .doing("pass a pipe to a worker")?,
            scoreboard: self.scoreboard,
            clock: self.orders.clock,
            telemetry: self.orders.telemetry,
        })
    }

    /// Reaps every child that has ended. Fails if a worker could not get ready.
    fn reap(&mut self) -> Result<(), Failure> {
        while let Some(death) = fork::reap() {
            self.on_exit(death)?;
        }
        Ok(())
    }

    fn on_exit(&mut self, death: Death) -> Result<(), Failure> {
        if self.process_ended(death)? {
            return Ok(());
        }
        let Death { pid, status, cpu } = death;
        let Some((slot, process)) = self.table.dismiss(pid) else {
            return Ok(());
        };
        self.lifelines[slot] = None;
        let (at, words) = (self.now(), self.scoreboard.slot(slot));
        // A worker killed from outside says nothing about the next one.
        let never_up = words.phase() == Some(Phase::Booting) && status != KILLED;
        words.remove(at, cpu);
        let worker = slot as u32;
        let cause = policy::cause_of_end(EndOfProcess {
            status,
            was_silent: process.was_silent(),
            was_told: process.is_stopping || self.door.is_none(),
            is_killing: self.is_killing,
        });
        let died = Event::Died {
            at,
            worker,
            pid,
            status,
            cause,
        };
        self.ring.push(&died.to_record());
        let timeout = self.orders.scenario.server.timeout;
        let how = describe_exit(status, cause, timeout);
        let name = format!("worker {} (pid {pid})", letter(slot));
        // Once the server was up, a worker that ended while it booted is replaced, unless it says that the next one
        // will fail too.
        let is_hopeless = never_up && !process.is_stopping && !self.is_up;
        if matches!(status, BOOT_FAILED | LOAD_FAILED) || is_hopeless {
            let reason = self.last_words_or(how);
            return Err(Failure::Boot {
                worker: name,
                reason,
            });
        }
        if status != 0 && cause.is_none() && status != KILLED {
            let accepted = self.scoreboard.used_slots();
            let accepted = accepted.map(|(_, slot)| slot.accepted.load(Ordering::Relaxed));
            if self.respawns.died(slot, at, accepted.sum()) {
                let reason = format!(
                    "{SHORT_LIVES_LIMIT} workers in a row died within a second and took no connection; \
                     the last one {how}"
                );
                return Err(Failure::Boot {
                    worker: name,
                    reason,
                });
            }
        }
        if status != 0 {
            let is_replaced = self.door.is_some() && self.table.is_wanted(slot);
            let result = if is_replaced {
                ": another takes its place"
            } else {
                ""
            };
            self.note(&format!("{name} {how}{result}"));
        }
        Ok(())
    }

    fn last_words_or(&mut self, otherwise: String) -> String {
        let mut bytes = [0; 512];
        // An empty pipe is an error here (`WouldBlock`): there is no message.
        let count = self.last_words.0.read(&mut bytes).unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
        if text.is_empty() { otherwise } else { text }
    }

    /// Aborts, each second, the workers that are silent for longer than `timeout`; kills them a second
    /// later.
    fn end_silent_workers(&mut self) {
        let now = self.now();
        if now < self.next_tick {
            return;
        }
        self.next_tick = now + ARBITER_TICK;
        let Some(timeout) = self.orders.scenario.server.timeout else {
            return;
        };
        let scoreboard = self.scoreboard;
        let heartbeat = |slot| {
            let heartbeat = &scoreboard.slot(slot).heartbeat;
            Stamp(heartbeat.load(Ordering::Relaxed))
        };
        for (slot, pid, verdict) in self.table.judge(now, timeout, heartbeat) {
            let name = format!("worker {} (pid {pid})", letter(slot));
            match verdict {
                Verdict::Abort => {
                    let limit = length(timeout);
                    self.note(&format!(
                        "{name} is silent for longer than timeout ({limit}): sent SIGABRT"
                    ));
                    signals::send(pid, Signal::Abort);
                }
                Verdict::Kill => {
                    self.note(&format!("{name} did not abort: sent SIGKILL"));
                    signals::send(pid, Signal::Kill);
                }
            }
        }
    }

    fn note(&mut self, text: &str) {
        self.send_message(&ChildMessage::Note { text: text.into() });
    }

    fn send_message(&mut self, text: &ChildMessage) {
        // If the driver no longer reads, the lifeline says so too.
        let _ = text.write_line(&mut self.output);
    }
}

/// Loads the application in this process, if the workers are to have it from the start.
fn load_application(orders: &Orders) -> Result<(), Failure> {
    let server = &orders.scenario.server;
    if !server.preload {
        return Ok(());
    }
    if server.boot == Boot::Fails {
        return Err(Failure::Load(CANNOT_LOAD));
    }
    compute::burn(server.boot.cpu(), orders.clock, |_, _, _| {});
    Ok(())
}

/// Returns a predicate: `was killed: silent for longer than timeout (2 s)`, `ended with exit status 3`.
fn describe_exit(status: i32, cause: Option<TerminationCause>, timeout: Option<Elapsed>) -> String {
    let description = describe_termination(status, cause, timeout);
    match (cause, status) {
        (Some(TerminationCause::Silent | TerminationCause::Overdue), _) => {
            format!("was {description}")
        }
        (_, OVERFLOWED) => "ran out of stack in a request and left".into(),
        (_, 0..) => format!("ended with {description}"),
        _ => format!("was killed by {description}"),
    }
}
