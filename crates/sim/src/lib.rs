//! The second engine: the same plan in virtual time, on a machine that the scenario describes.
//!
//! ```text
//!   Timetable ─▶ crowd ─▶ door ─▶ worker: process (sync, threads) or hub ─▶ script ─▶ service
//!                  ▲                  │ wants core time
//!                  └── answers ───────┤
//!                                     ▼
//!                        machine: cores, and who runs on them
//!   calendar: what is still to come, in a total order          observer: who is told
//! ```
//!
//! It knows no clock, no socket and no file, and nothing in it depends on chance, on the order of a hash
//! or on the machine that it runs on: the same file, seed and version give the same recording, byte for
//! byte. What a request demands, and when it is due, is drawn by the functions that the real engine uses;
//! a hub keeps its tasks in the same ready queue.
//!
//! Whatever happens at one instant happens in this order: who has had the last of a shared core; what is on
//! the calendar, in the order in which it was written down; what is due by the timetable; and only then
//! does anybody who has a core go on. So two who connect at the same instant are both at the door before a
//! worker looks, as they are on a real machine, where it takes a moment to wake.

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
mod process;
mod sampling;
mod script;
mod service;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::VecDeque;
use std::io::{self, Write};

use slab::Slab;

use self::calendar::Calendar;
use self::connection::{ConnectionId, Connections};
use self::event::SimEvent;
use self::load::LoadModel;
use self::machine::{EntityId, Kind, Machine};
pub use self::observer::{Observer, Totals, WithoutSwitches};
use self::service::{Call, Service, ServiceEvent};
use self::worker::Worker;
use concsim_engine::roster::Roster;
use concsim_engine::telemetry::{Event, Phase, SLOTS};
use concsim_model::scenario::draw::Demands;
use concsim_model::scenario::{Plan, Scenario, Variant, WorkerKind};
use concsim_model::units::Stamp;
use concsim_record::{Recorder, Recording, Who, Window};

/// When load begins: by then the first workers are up.
const BEGIN: u64 = 60_000_000;

/// How a simulation went as a whole: what a recording's header says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// When load began.
    pub began: Stamp,
    /// The counted window.
    pub window: Option<Window>,
    /// When the last request of it had ended.
    pub drained: Stamp,
    /// When there was no room for more of the log.
    pub log_full: Option<Stamp>,
    /// How much happened, as far as it stood on the calendar.
    pub happenings: u64,
}

/// The machine that a scenario is simulated on, as a recording names it.
#[must_use]
pub fn machine_of(scenario: &Scenario) -> concsim_record::Machine {
    concsim_record::Machine {
        cores: scenario.machine.cores,
        kernel: "simulated".into(),
        cpu: "simulated".into(),
    }
}

/// What is known of a simulation before it begins.
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

/// Plays a scenario to its end, and tells `observer` of it.
pub fn play<O: Observer>(scenario: &Scenario, observer: &mut O) -> Played {
    let mut simulation = Simulation::new(scenario, observer);
    simulation.play();
    simulation.played()
}

/// Plays a scenario to its end into a recording; with it, why not all of it could be kept.
pub fn record<W: Write>(
    scenario: &Scenario,
    mut recorder: Recorder<W>,
) -> (Recording, Option<io::Error>) {
    let played = play(scenario, &mut recorder);
    closed(recorder, played)
}

/// The same in memory, with all that a summary rests on and nothing that is only looked at.
#[must_use]
pub fn record_without_switches(scenario: &Scenario, header: concsim_record::Header) -> Recording {
    let mut observer = WithoutSwitches(Recorder::<io::Sink>::new(header, None));
    let played = play(scenario, &mut observer);
    closed(observer.0, played).0
}

/// With what is known of a recording once it is whole.
fn closed<W: Write>(mut recorder: Recorder<W>, played: Played) -> (Recording, Option<io::Error>) {
    let header = recorder.header_mut();
    header.began = played.began;
    header.window = played.window;
    header.drained = played.drained;
    header.log_full = played.log_full;
    recorder.close()
}

/// What things cost, in nanoseconds of core time but for the last.
#[derive(Clone, Copy, Debug)]
struct Costs {
    accept: u64,
    request: u64,
    coroutine_switch: u64,
    generator: u64,
    service: u64,
    /// On the wall.
    wake_up: u64,
}

/// One playing in virtual time.
struct Simulation<'a, O> {
    scenario: &'a Scenario,
    observer: &'a mut O,
    /// The instant that it is at, in nanoseconds.
    now: u64,
    calendar: Calendar<SimEvent>,
    machine: Machine,
    machine_costs: Costs,
    /// Which worker and thread each entity is; of load and services there is no worker.
    owners: Vec<(usize, usize)>,
    workers: Vec<Worker>,
    roster: Roster,
    connections: Connections,
    demands: Demands,
    load: LoadModel,
    /// The queue that workers share.
    door: VecDeque<ConnectionId>,
    room_at_the_door: usize,
    wakers: accept_queue::Wakers,
    /// How many names of sleepers are kept before those are dropped that are out of date.
    sleepers_kept: usize,
    services: Vec<Service>,
    services_strand: EntityId,
    calls: Slab<Call>,
    chores: VecDeque<ServiceEvent>,
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
            owners: vec![(usize::MAX, 0); 2],
            workers: Vec::new(),
            roster: Roster::new(SLOTS, scenario.server.workers),
            connections: Connections::new(),
            demands: Demands::new(scenario.seed),
            load: LoadModel::new(scenario, BEGIN, load),
            door: VecDeque::new(),
            room_at_the_door: scenario.server.places_at_the_door(),
            wakers: accept_queue::Wakers::default(),
            sleepers_kept: 4 * SLOTS,
            services: vec![Service::default(); scenario.services.len()],
            services_strand: services,
            calls: Slab::new(),
            chores: VecDeque::new(),
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
        self.fill_vacancies();
        self.calendar.set(arbiter::TICK, SimEvent::Tick);
        for (cue, wanted) in self.scenario.timeline.iter().enumerate() {
            let at = BEGIN + wanted.at.0;
            self.calendar.set(at, SimEvent::TimelineEvent(cue as u16));
        }
        self.run_whoever_can();
        if O::WANTS_EVENTS {
            self.sample_regularly();
        }
        self.calendar.set(BEGIN, SimEvent::Course);
        self.load.look_ahead();
        while !(self.is_over && self.nobody_works()) {
            self.go_to_the_next_instant();
            self.run_whoever_can();
        }
        self.sample();
    }

    fn nobody_works(&self) -> bool {
        self.workers.iter().all(|worker| !worker.is_alive)
    }

    /// Goes to the next instant at which there is something to do, and does all of it.
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
    fn run_whoever_can(&mut self) {
        while let Some(entity) = self.machine.finished() {
            if self.machine.has_taken_off() {
                self.tell_who_was_taken_off();
            }
            if entity == self.load.entity {
                self.resume_load();
            } else if entity == self.services_strand {
                self.resume_services();
            } else if let Some((worker, thread)) = self.thread_of(entity) {
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
                    self.tell_who_was_taken_off();
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
                    self.work(worker, thread, 0);
                }
            }
            SimEvent::Answer(call) => self.has_an_answer(call),
            SimEvent::Knock(id, turn) => {
                if self.still_waits(id, turn) {
                    self.connect(id);
                }
            }
            SimEvent::IdleTooLong(id, turn) => self.is_idle_too_long(id, turn),
            SimEvent::LockInterval(entity, switches) => self.interval_is_over(entity, switches),
            SimEvent::Patience => self.lose_patience(),
            SimEvent::Tick => self.tick(),
            SimEvent::TimelineEvent(cue) => self.plays_cue(cue),
            SimEvent::Sample => self.sample_regularly(),
            SimEvent::Course if !self.is_over => self.follow_the_course(),
            SimEvent::LastOrders if self.is_over => self.last_orders(),
            SimEvent::Course | SimEvent::LastOrders => {}
        }
    }

    /// A number that is valid for one wait alone.
    #[inline]
    fn next_turn(&mut self) -> u32 {
        self.turns = self.turns.wrapping_add(1).max(1);
        self.turns
    }

    /// Tells of something that is no switch.
    fn tell(&mut self, who: Who, event: &Event) {
        if O::WANTS_EVENTS {
            self.observer.event(who, event);
        }
    }

    /// Computations that were interrupted by the machine, as workers notice themselves.
    fn tell_who_was_taken_off(&mut self) {
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
            self.observer.event(Who::Worker(worker as u16), &event);
        }
    }

    /// For whom a thread computes, if it does.
    fn computes_for(&self, worker: usize, thread: usize) -> Option<(u32, ConnectionId)> {
        let worker = &self.workers[worker];
        if worker.phase != Phase::Running {
            return None;
        }
        if let Some(hub) = &worker.hub {
            let task = hub.running()?;
            return Some((task.0, *hub.queue.peek(task)));
        }
        let thread = &worker.threads[thread];
        match thread.doing {
            worker::Doing::Serving(id) if thread.computes > 0 => Some((thread.task, id)),
            _ => None,
        }
    }

    fn played(&self) -> Played {
        Played {
            began: Stamp(BEGIN),
            window: self.window(),
            drained: self.drained,
            log_full: self.log_full,
            happenings: self.calendar.written(),
        }
    }
}
