//! The second engine: the same plan in virtual time, on a machine that the scenario describes.
//!
//! ```text
//!   Timetable ─▶ load ─▶ accept queue ─▶ worker: process (sync, threads) or hub ─▶ script ─▶ service
//!                 ▲                         │ wants core time
//!                 └── answers ──────────────┤
//!                                           ▼
//!                              machine: cores, and the entities on them
//!   calendar: future events, in a total order            observer: receives events
//! ```
//!
//! It reads no clock, opens no socket and no file, and depends neither on chance, nor on the order of a
//! hash, nor on the machine that it runs on: the same file, seed and version give the same recording, byte
//! for byte. Demands and due times of requests are drawn by the functions of the real engine; a hub keeps
//! its tasks in the same ready queue.
//!
//! Events at one instant are processed in this order: entities that have had their last share of a core;
//! events of the calendar, in order of insertion; requests due by the timetable; and only then entities
//! that have a core continue. So two clients that connect at the same instant are both at the door before a
//! worker looks, as on a real machine, where waking takes a moment.

mod accept_queue;
mod arbiter;
mod calendar;
mod connection;
mod event;
mod hub;
pub mod limits;
mod load;
mod lock;
mod machine;
mod observer;
mod offload;
mod process;
mod sampling;
mod script;
mod service;
mod silent;
#[cfg(test)]
mod tests;
mod thread;
mod worker;

use std::collections::VecDeque;
use std::io::{self, Write};

use slab::Slab;

use self::calendar::Calendar;
use self::connection::{ConnectionId, Connections};
use self::event::{EntityId, SimEvent};
use self::load::LoadModel;
use self::machine::{Kind, Machine};
pub use self::observer::{Observer, Totals, WithoutSwitches};
use self::offload::ProcessPool;
use self::service::{Call, Service, ServiceEvent};
use self::worker::{Boot, Worker};
use concsim_engine::policy::ARBITER_TICK;
use concsim_engine::telemetry::{Event, Phase, WORKER_SLOTS};
use concsim_engine::worker_table::WorkerTable;
use concsim_model::scenario::draw::Draws;
use concsim_model::scenario::{Plan, Scenario, Variant, WorkerKind};
use concsim_model::units::Stamp;
use concsim_record::{RecordSource, Recorder, Recording, Window};

/// Time at which load begins, in nanoseconds: by then the first workers serve.
const BEGIN: u64 = 60_000_000;

/// Result of a simulation as a whole, for a recording's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// Time at which load began.
    pub began: Stamp,
    /// The counted window.
    pub window: Option<Window>,
    /// Time at which the last request of the window had ended.
    pub drained: Stamp,
    /// Time at which the log of requests was full.
    pub log_full: Option<Stamp>,
    /// Number of events taken from the calendar.
    pub event_count: u64,
}

/// Returns the machine of a scenario, as a recording names it.
#[must_use]
pub fn machine_of(scenario: &Scenario) -> concsim_record::Machine {
    concsim_record::Machine {
        cores: scenario.machine.cores,
        kernel: "simulated".into(),
        cpu: "simulated".into(),
    }
}

/// Returns the header of a simulation before it begins.
#[must_use]
pub fn header_of(plan: &Plan, variant: &Variant) -> concsim_record::Header {
    let machine = machine_of(&variant.scenario);
    concsim_record::Header {
        origin: concsim_record::Origin::Simulated,
        began: Stamp(BEGIN),
        core_waits_are_seen: true,
        ..concsim_record::Header::of(plan, variant, machine)
    }
}

/// Plays a scenario to its end, and reports to `observer`.
pub fn play<O: Observer>(scenario: &Scenario, observer: &mut O) -> Played {
    let mut simulation = Simulation::new(scenario, observer);
    simulation.play();
    simulation.played()
}

/// Plays a scenario to its end into a recording; also returns the error if not all of it could be written.
pub fn record<W: Write>(
    scenario: &Scenario,
    mut recorder: Recorder<W>,
) -> (Recording, Option<io::Error>) {
    let played = play(scenario, &mut recorder);
    closed(recorder, played)
}

/// Plays a scenario into a recording in memory, with everything that a summary needs, but without switches.
#[must_use]
pub fn record_without_switches(scenario: &Scenario, header: concsim_record::Header) -> Recording {
    let mut observer = WithoutSwitches(Recorder::<io::Sink>::new(header, None));
    let played = play(scenario, &mut observer);
    closed(observer.0, played).0
}

/// Completes a recording with the result of the simulation.
fn closed<W: Write>(mut recorder: Recorder<W>, played: Played) -> (Recording, Option<io::Error>) {
    let header = recorder.header_mut();
    header.began = played.began;
    header.window = played.window;
    header.drained = played.drained;
    header.log_full = played.log_full;
    recorder.close()
}

/// Costs of operations, in nanoseconds of core time except the last.
#[derive(Clone, Copy, Debug)]
struct Costs {
    accept: u64,
    request: u64,
    coroutine_switch: u64,
    generator: u64,
    service: u64,
    /// Wall-clock time, in nanoseconds.
    wake_up: u64,
}

/// One run in virtual time.
struct Simulation<'a, O> {
    scenario: &'a Scenario,
    observer: &'a mut O,
    /// Present instant, in nanoseconds.
    now: u64,
    calendar: Calendar<SimEvent>,
    machine: Machine,
    machine_costs: Costs,
    /// Worker and thread of each entity; load and services have no worker.
    owners: Vec<(usize, usize)>,
    workers: Vec<Worker>,
    table: WorkerTable,
    /// Time before which no replacement is forked.
    next_respawn: u64,
    connections: Connections,
    draws: Draws,
    load: LoadModel,
    /// The queue that workers share.
    door: VecDeque<ConnectionId>,
    room_at_the_door: usize,
    wakers: accept_queue::Wakers,
    /// Number of sleepers kept before outdated ones are dropped.
    sleepers_kept: usize,
    services: Vec<Service>,
    services_strand: EntityId,
    pool: ProcessPool,
    calls: Slab<Call>,
    service_events: VecDeque<ServiceEvent>,
    has_coroutines: bool,
    has_lock: bool,
    turns: u32,
    overshoots: u64,
    choices: u64,
    is_over: bool,
    drained: Stamp,
    log_full: Option<Stamp>,
}

impl<'a, O: Observer> Simulation<'a, O> {
    fn new(scenario: &'a Scenario, observer: &'a mut O) -> Self {
        let mut machine = Machine::new(&scenario.machine);
        let load = machine.add(Kind::Load);
        let services = machine.add(Kind::Services);
        let pool = ProcessPool::new(scenario.server.processes, &mut machine);
        let costs = &scenario.machine;
        let mut simulation = Self {
            scenario,
            observer,
            now: 0,
            calendar: Calendar::new(),
            machine,
            machine_costs: Costs {
                accept: costs.accept.0,
                request: costs.request.0,
                coroutine_switch: costs.coroutine_switch.0,
                generator: costs.generator.0,
                service: costs.service.0,
                wake_up: costs.wake_up.0,
            },
            owners: vec![(usize::MAX, 0); 2 + scenario.server.processes],
            workers: Vec::new(),
            table: WorkerTable::new(WORKER_SLOTS, scenario.server.workers),
            next_respawn: 0,
            connections: Connections::new(),
            draws: Draws::new(scenario.seed),
            load: LoadModel::new(scenario, BEGIN, load),
            door: VecDeque::new(),
            room_at_the_door: scenario.server.places_at_the_door(),
            wakers: accept_queue::Wakers::default(),
            sleepers_kept: 4 * WORKER_SLOTS,
            services: service::of(scenario),
            services_strand: services,
            pool,
            calls: Slab::new(),
            service_events: VecDeque::new(),
            has_coroutines: scenario.server.kind == WorkerKind::Coroutine,
            has_lock: false,
            turns: 0,
            overshoots: 0,
            choices: 0,
            is_over: false,
            drained: Stamp::ZERO,
            log_full: None,
        };
        simulation.has_lock = simulation.needs_lock();
        simulation
    }

    fn play(&mut self) {
        self.fork_all();
        self.calendar.set(ARBITER_TICK.0, SimEvent::Tick);
        for (index, event) in self.scenario.timeline.iter().enumerate() {
            let at = BEGIN + event.at.0;
            self.calendar.set(at, SimEvent::TimelineEvent(index as u16));
        }
        self.run_runnable();
        if O::WANTS_EVENTS {
            self.sample_regularly();
        }
        self.calendar.set(BEGIN, SimEvent::RunProgress);
        self.begin_silent_clients();
        self.load.update_next_due();
        while !(self.is_over && self.are_all_idle()) {
            self.go_to_the_next_instant();
            self.run_runnable();
        }
        self.sample();
    }

    fn are_all_idle(&self) -> bool {
        self.workers.iter().all(|worker| !worker.is_alive)
    }

    /// Advances to the next instant with an event, and processes all of its events.
    #[inline]
    fn go_to_the_next_instant(&mut self) {
        let mut is_there = false;
        loop {
            let noted = self.calendar.next().unwrap_or(u64::MAX);
            let shared = self.machine.next().unwrap_or(u64::MAX);
            let due = self.load.next.unwrap_or(u64::MAX);
            let at = noted.min(shared).min(due);
            if is_there && at > self.now {
                return;
            }
            assert!(
                at < u64::MAX,
                "a run that is not over has something to come"
            );
            (self.now, is_there) = (self.now.max(at), true);
            if shared == at {
                self.machine.is_due(self.now);
            } else if noted == at {
                let (_, happening) = self.calendar.take().expect("it is there");
                self.happens(happening);
            } else {
                self.follow_the_timetable();
            }
        }
    }

    #[inline]
    fn run_runnable(&mut self) {
        while let Some(entity) = self.machine.finished() {
            if self.machine.has_taken_off() {
                self.report_preemptions();
            }
            if entity == self.load.entity {
                self.resume_load();
            } else if entity == self.services_strand {
                self.resume_services();
            } else if let Some(process) = self.pool.process_of(entity) {
                self.resume_process(process);
            } else if let Some((worker, thread)) = self.thread_of(entity) {
                if self.workers[worker].boot != Boot::Over {
                    self.has_booted(worker);
                }
                if self.workers[worker].hub.is_some() {
                    self.resume_hub(worker);
                } else {
                    self.resume_thread(worker, thread);
                }
            }
        }
    }

    fn happens(&mut self, happening: SimEvent) {
        match happening {
            SimEvent::Core { core, turn } => {
                self.machine
                    .core_is_due(self.now, core, turn, &mut self.calendar);
                if self.machine.has_taken_off() {
                    self.report_preemptions();
                }
            }
            SimEvent::WaitOver(id, turn) => {
                if self.still_waits(id, turn) {
                    self.wait_is_over(id);
                }
            }
            SimEvent::Roused(entity, turn) => {
                if let Some((worker, thread)) = self.thread_of(entity)
                    && self.workers[worker].threads[thread].turn == turn
                {
                    let boot = self.workers[worker].boot.begin();
                    self.work(worker, thread, boot);
                }
            }
            SimEvent::Respawn => self.fill_vacancies(),
            SimEvent::Answer(call) => self.has_an_answer(call),
            SimEvent::SetUp(id, turn) => {
                if self.still_waits(id, turn) {
                    self.has_what_the_call_needs(id);
                }
            }
            SimEvent::ConnectAgain(id, turn) => {
                if self.still_waits(id, turn) {
                    self.connect(id);
                }
            }
            SimEvent::IdleTooLong(id, turn) => self.is_idle_too_long(id, turn),
            SimEvent::LockInterval(entity, switches) => self.interval_is_over(entity, switches),
            SimEvent::SilentClient => self.silent_client_comes(),
            SimEvent::Patience => self.expire_requests(),
            SimEvent::Tick => self.tick(),
            SimEvent::TimelineEvent(index) => self.play_timeline_event(index),
            SimEvent::Sample => self.sample_regularly(),
            SimEvent::RunProgress if !self.is_over => self.follow_the_course(),
            SimEvent::KillRemaining if self.is_over => self.kill_remaining(),
            SimEvent::RunProgress | SimEvent::KillRemaining => {}
        }
    }

    /// Returns a number that is valid for one wait only.
    #[inline]
    fn next_turn(&mut self) -> u32 {
        self.turns = self.turns.wrapping_add(1).max(1);
        self.turns
    }

    /// Reports an event other than a switch.
    fn report_event(&mut self, source: RecordSource, event: &Event) {
        if O::WANTS_EVENTS {
            self.observer.event(source, event);
        }
    }

    /// Reports computations that the machine interrupted, as workers notice it themselves.
    fn report_preemptions(&mut self) {
        for taken in self.machine.taken_off() {
            let Some((worker, thread)) = self.thread_of(taken.entity).filter(|_| O::WANTS_SWITCHES)
            else {
                continue;
            };
            let Some((task, id)) = self.computes_for(worker, thread) else {
                continue;
            };
            let event = Event::Preempted {
                from: Stamp(taken.from),
                to: Stamp(taken.to),
                task,
                request: self.connections[id as usize].works_for(),
                core: Some(taken.core),
            };
            self.observer
                .event(RecordSource::Worker(worker as u16), &event);
        }
    }

    /// Returns the task and connection for which a thread computes, if it does.
    fn computes_for(&self, worker: usize, thread: usize) -> Option<(u32, ConnectionId)> {
        let worker = &self.workers[worker];
        if worker.phase != Phase::Running {
            return None;
        }
        if let Some(hub) = &worker.hub {
            let task = hub.running()?;
            return Some((task.0, *hub.queue.peek(task)));
        }
        let state = &worker.threads[thread];
        match state.doing {
            thread::ThreadState::Serving(id) if state.computes > 0 => Some((state.task, id)),
            _ => None,
        }
    }

    fn played(&self) -> Played {
        Played {
            began: Stamp(BEGIN),
            window: self.window(),
            drained: self.drained,
            log_full: self.log_full,
            event_count: self.calendar.written(),
        }
    }
}
