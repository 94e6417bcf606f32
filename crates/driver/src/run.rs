//! The driver of one variant: the life of its processes, as a state machine.
//!
//! ```text
//!   Services ─▶ Server ─▶ Load ─▶ Playing ─▶ Stopping ─▶ Over
//!      └───────────┴────────┴────────┴── anything breaks, or ^C ──▶ Over
//! ```
//!
//! The driver never waits: [`Driver::step`] does what is due now and returns the time until its next
//! call. The frontend spends that time. Dropping a driver kills and reaps its remaining processes.

mod children;
mod steering;
mod watchdog;
mod watching;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use serde::Serialize;

use self::steering::InterventionLog;
use self::watchdog::Watchdog;
use concsim_model::scenario::Variant;
use concsim_model::units::{Elapsed, Stamp};
use concsim_os::foreign::{self, RunningServer};
use concsim_os::handler::Access;
use concsim_os::load;
use concsim_os::recorder::{Live, ProcessIds};
use concsim_os::server::{arbiter, services};
use concsim_os::sys;
use concsim_os::sys::child::{Child, ChildEnv};
use concsim_os::sys::clock::Clock;
use concsim_os::sys::signals::Signal;
use concsim_os::telemetry::{RunWords, Scoreboard, Stage, Telemetry};
use concsim_record::{Recording, until_next_sample};

/// Time between two polls of the rings and of the processes' states.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(20);
/// Time from "go" to the first request: load needs 40 ms to announce a window that begins at once.
const LEAD_IN: Elapsed = Elapsed::from_millis(60);
/// Time limit for the processes to start, besides the time for which their workers boot.
const BOOT_PATIENCE: Elapsed = Elapsed::from_secs(20);
/// Time that stopping workers get beyond their own limits, before the rest is killed.
const STOP_PATIENCE: Elapsed = Elapsed::from_secs(2);
/// After ^C load waits 1 s at most for requests in flight; this is its limit to report the end …
const INTERRUPTED_LOAD: Elapsed = Elapsed::from_millis(1_400);
/// … and this is the limit of the server's workers to finish begun requests.
const INTERRUPTED_STOP: Elapsed = Elapsed::from_millis(400);
/// Time that the observer of a foreign server gets to kill everything that the server has started.
const OBSERVER_PATIENCE: Elapsed = Elapsed::from_secs(2);
/// Time limit for workers to exit before all are killed.
const HURRIED_STOP: Elapsed = Elapsed::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The services start.
    Services,
    /// The arbiter and its workers start.
    Server,
    /// Load computes its timetable.
    Load,
    /// Load sends requests.
    Playing,
    /// The server finishes begun requests.
    Stopping,
    /// Everything has ended.
    Over,
}

/// One variant in play.
#[derive(Debug)]
pub struct Driver<'a> {
    variant: &'a Variant,
    scoreboard: &'a Scoreboard,
    clock: Clock,
    live: Live<'a>,
    services: Option<Child>,
    arbiter: Option<Child>,
    load: Option<Child>,
    service_addresses: Vec<SocketAddr>,
    state: State,
    /// Beginning of the current phase.
    since: Stamp,
    /// Time of the interrupt, if there was one.
    interrupted: Option<Stamp>,
    /// True if the server was told to end at once.
    is_hurried: bool,
    next_sample: Stamp,
    notes: Vec<String>,
    /// Interventions so far, by hand or by the timeline.
    steered: InterventionLog,
    /// True for each edge of the window whose sample has been taken.
    edges: [bool; 2],
    watchdog: Watchdog,
    /// True if a server is watched that has load of others alone.
    has_no_load: bool,
}

impl<'a> Driver<'a> {
    /// Starts the first processes of a run of `variant`.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn begin(variant: &'a Variant, live: Live<'a>) -> sys::Result<Self> {
        let mut driver = Self::prepare(variant, live);
        driver.start_services()?;
        Ok(driver)
    }

    /// Starts the load of `variant` alone, against an existing server.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn against(
        target: load::Target,
        variant: &'a Variant,
        live: Live<'a>,
    ) -> sys::Result<Self> {
        let mut driver = Self::prepare(variant, live);
        driver.start_load(target)?;
        Ok(driver)
    }

    fn prepare(variant: &'a Variant, live: Live<'a>) -> Self {
        Self {
            variant,
            scoreboard: live.scoreboard(),
            clock: live.clock(),
            live,
            services: None,
            arbiter: None,
            load: None,
            service_addresses: Vec::new(),
            state: State::Services,
            since: Stamp::ZERO,
            interrupted: None,
            is_hurried: false,
            next_sample: Stamp::ZERO,
            notes: Vec::new(),
            steered: InterventionLog::default(),
            edges: [false; 2],
            watchdog: Watchdog::default(),
            has_no_load: false,
        }
    }

    /// Returns the recording so far.
    pub fn recording(&self) -> &Recording {
        self.live.recording()
    }

    /// Returns the current stage.
    pub fn stage(&self) -> Stage {
        match self.state {
            State::Services | State::Server | State::Load => Stage::Preparing,
            State::Playing => self.scoreboard.run().load.stage(),
            State::Stopping | State::Over => Stage::Done,
        }
    }

    /// Returns the current time of the run's clock.
    pub fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// Returns the processes' shared memory.
    fn scoreboard(&self) -> &'a Scoreboard {
        self.scoreboard
    }

    /// Returns the arbiter's process id, while it exists.
    fn arbiter_pid(&self) -> Option<u32> {
        self.arbiter.as_ref().map(Child::pid)
    }

    /// Returns the messages of the processes since the last call.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Ends the window now; requests in flight get 1 s at most. The regular end of a run without load.
    pub fn interrupt(&mut self) {
        if self.has_no_load && self.state == State::Playing {
            return self.close_window();
        }
        // After the last request nothing is left to interrupt.
        self.live.header_mut().interrupted = self.stage() != Stage::Done;
        self.interrupted = Some(self.clock.now());
        self.scoreboard.run().stop.store(1, Ordering::Release);
        if matches!(self.state, State::Services | State::Server | State::Load) {
            self.enter(State::Over);
        }
    }

    /// Does what is due. Returns the time until the next call, or `None` after the end.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn step(&mut self) -> sys::Result<Option<Elapsed>> {
        self.listen()?;
        self.live.drain();
        self.end_window_if_log_is_full();
        self.observe();
        self.follow_the_timeline();
        self.watch_the_children();
        if self.has_no_load {
            self.follow_the_window();
        }
        self.advance();
        if self.state == State::Over {
            return Ok(None);
        }
        Ok(Some(self.until_next_look()))
    }

    /// Kills and reaps the remaining processes, and returns the recording; also the reason, if a part of it
    /// could not be stored.
    pub fn end(mut self) -> (Recording, Option<String>) {
        drop((self.load.take(), self.arbiter.take(), self.services.take()));
        self.kill_foreign_group();
        let (recording, not_kept) = self.live.finish();
        let note = not_kept.map(|error| format!("not all of the recording is kept: {error}"));
        (recording, note)
    }

    /// Kills a foreign server whose observer was killed, and could not do so.
    fn kill_foreign_group(&self) {
        let group = self.scoreboard.run().foreign.group.load(Ordering::Acquire);
        if let Some(group) = u32::try_from(group).ok().filter(|group| *group > 0) {
            sys::foreign::signal_group(group, Signal::Kill);
        }
    }

    fn start_services(&mut self) -> sys::Result<()> {
        if self.variant.scenario.services.is_empty() {
            return self.start_server();
        }
        let orders = services::Orders {
            clock: self.clock,
            scenario: self.variant.scenario.clone(),
            telemetry: Telemetry::On,
        };
        self.services = Some(self.start("__services", &orders)?);
        Ok(())
    }

    fn start_server(&mut self) -> sys::Result<()> {
        if self.variant.scenario.server.is_foreign() {
            self.start_observer(None)
        } else {
            self.start_arbiter()
        }
    }

    fn start_arbiter(&mut self) -> sys::Result<()> {
        let orders = arbiter::Orders {
            clock: self.clock,
            scenario: self.variant.scenario.clone(),
            services: self.service_addresses.clone(),
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            telemetry: Telemetry::On,
            access: Access::default(),
        };
        self.arbiter = Some(self.start("__arbiter", &orders)?);
        self.enter(State::Server);
        Ok(())
    }

    /// Starts the observer of a foreign server, in place of the arbiter; the server runs already, or is started.
    fn start_observer(&mut self, running: Option<RunningServer>) -> sys::Result<()> {
        let orders = foreign::Orders {
            clock: self.clock,
            scenario: self.variant.scenario.clone(),
            services: self.service_addresses.clone(),
            running,
        };
        let observer = self.start("__observer", &orders)?;
        self.arbiter = Some(observer.with_patience(OBSERVER_PATIENCE));
        self.enter(State::Server);
        Ok(())
    }

    fn start_load(&mut self, target: load::Target) -> sys::Result<()> {
        let orders = load::Orders {
            clock: self.clock,
            scenario: self.variant.scenario.clone(),
            target,
            stamps_arrivals: self.arbiter.is_none() || self.variant.scenario.server.is_foreign(),
        };
        self.load = Some(self.start("__load", &orders)?);
        let cast = self.cast();
        self.live.sample_memory(cast);
        self.enter(State::Load);
        Ok(())
    }

    fn start(&self, role: &str, orders: &impl Serialize) -> sys::Result<Child> {
        let orders = serde_json::to_string(orders).expect("orders are always JSON");
        let legacy = ChildEnv {
            scoreboard: self.scoreboard.descriptor(),
            orders: &orders,
        };
        Child::start(role, &legacy)
    }

    fn advance(&mut self) {
        let now = self.clock.now();
        let waited = now.since(self.since);
        match self.state {
            State::Services | State::Server | State::Load if waited > self.boot_patience() => {
                let limit = self.boot_patience();
                self.break_off(format!("the processes were not up within {limit}"));
            }
            State::Load if self.scoreboard.run().load.ready.load(Ordering::Acquire) == 1 => {
                self.say_go();
            }
            State::Playing if self.scoreboard.run().load.stage() == Stage::Done => {
                self.live.header_mut().drained = now;
                self.close();
            }
            State::Playing if self.is_overdue(INTERRUPTED_LOAD) => {
                self.notes
                    .push("load did not stop in time and was killed".into());
                self.enter(State::Over);
            }
            State::Stopping if self.interrupted.is_some() && waited > INTERRUPTED_STOP => {
                self.stop_busy_server(waited);
            }
            State::Stopping if waited > self.stop_patience() => self.give_up_on_the_server(),
            State::Services
            | State::Server
            | State::Load
            | State::Playing
            | State::Stopping
            | State::Over => {}
        }
    }

    /// Ends the server of an interrupted run, even if its workers are busy. They leave at once, and the
    /// arbiter reports the time, so that the accounts of begun requests can be closed.
    fn stop_busy_server(&mut self, waited: Elapsed) {
        if waited > INTERRUPTED_STOP + HURRIED_STOP {
            return self.give_up_on_the_server();
        }
        if let Some(arbiter) = self.arbiter.as_mut().filter(|_| !self.is_hurried) {
            arbiter.interrupt();
            self.is_hurried = true;
        }
    }

    fn give_up_on_the_server(&mut self) {
        self.notes
            .push("the server did not stop in time and was killed".into());
        self.enter(State::Over);
    }

    /// Asks the server to stop. A server that the run did not start goes on.
    fn close(&mut self) {
        match &mut self.arbiter {
            Some(arbiter) => {
                arbiter.terminate();
                self.enter(State::Stopping);
            }
            None => self.enter(State::Over),
        }
    }

    /// Starts the timetable, a moment from now: all processes are ready.
    fn say_go(&mut self) {
        let go = self.clock.now() + LEAD_IN;
        self.live.header_mut().began = go;
        self.scoreboard.run().go.store(go.0, Ordering::Release);
        self.enter(State::Playing);
    }

    /// True if the run was interrupted longer ago than `patience`.
    fn is_overdue(&self, patience: Elapsed) -> bool {
        let interrupted = self.interrupted;
        interrupted.is_some_and(|at| self.clock.now().since(at) > patience)
    }

    /// Time limit for the processes to start. The workers may have to boot one after the other, on one core.
    fn boot_patience(&self) -> Elapsed {
        let server = &self.variant.scenario.server;
        let each = server.boot.cpu().0;
        BOOT_PATIENCE + Elapsed(each.saturating_mul(server.workers as u64))
    }

    fn stop_patience(&self) -> Elapsed {
        self.variant.scenario.server.graceful_timeout + STOP_PATIENCE
    }

    fn enter(&mut self, state: State) {
        self.since = self.clock.now();
        self.state = state;
        if state == State::Over || state == State::Stopping {
            let cast = self.cast();
            self.live.sample(cast);
        }
    }

    /// Takes the samples that are due: at regular instants, and at the window's edges.
    fn observe(&mut self) {
        let now = self.clock.now();
        let cast = self.cast();
        let window_was_over = self.edges[1];
        let crossed = self.crosses_an_edge(now);
        if crossed || now >= self.next_sample {
            let sample = self.live.sample(cast);
            let lines = sample.workers.len() + sample.cores.len();
            self.next_sample = now + until_next_sample(now, lines);
            if self.edges[1] && !window_was_over {
                self.live.sample_memory(cast);
            }
        } else {
            self.live.attribute_cpu(cast);
            self.live.sample_some_memory(cast);
        }
    }

    /// Ends the window if the log is full. The summary rests on every request, so no record may be dropped.
    fn end_window_if_log_is_full(&mut self) {
        let is_new = self.state == State::Playing && self.recording().header.log_full.is_none();
        if !is_new || !self.recording().log_is_full() {
            return;
        }
        self.live.header_mut().log_full = Some(self.clock.now());
        let stop = &self.scoreboard.run().stop;
        // An earlier ^C is not overwritten.
        let _ = stop.compare_exchange(
            0,
            RunWords::END_THE_WINDOW,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        let note = "the log of requests is full: the window ends here";
        self.notes.push(note.into());
    }

    fn crosses_an_edge(&mut self, now: Stamp) -> bool {
        let mut crossed = false;
        for (taken, edge) in self.edges.iter_mut().zip(edges(self.scoreboard)) {
            if !*taken && edge.is_some_and(|edge| now >= edge) {
                *taken = true;
                crossed = true;
            }
        }
        crossed
    }

    fn until_next_look(&self) -> Elapsed {
        let now = self.clock.now();
        let coming = edges(self.scoreboard).into_iter().zip(self.edges);
        let edges = coming.filter_map(|(edge, taken)| edge.filter(|_| !taken));
        let coming = edges.chain(self.next_timeline_event());
        coming
            .map(|at| at.since(now))
            .fold(LOOK_EVERY, Elapsed::min)
    }

    fn cast(&self) -> ProcessIds {
        ProcessIds {
            load: self.load.as_ref().map(Child::pid),
            services: self.services.as_ref().map(Child::pid),
            arbiter: self.arbiter.as_ref().map(Child::pid),
        }
    }
}

/// Returns the window's two edges, as far as load has announced them.
fn edges(scoreboard: &Scoreboard) -> [Option<Stamp>; 2] {
    let load = &scoreboard.run().load;
    [&load.window_begin, &load.window_end].map(|word| {
        let edge = word.load(Ordering::Acquire);
        (edge > 0).then_some(Stamp(edge))
    })
}
