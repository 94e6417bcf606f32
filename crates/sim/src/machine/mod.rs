//! The machine: cores, and the entities that run on them.
//!
//! An *entity* is a process, or one thread of it. It asks for core time ([`Machine::work`]) and, when it
//! has had it, is in [`Machine::finished`], still on its core, until it asks for more or goes to sleep. So
//! events at one instant need no entry in the calendar.
//!
//! ```text
//!              work                  has had it
//!   asleep ──────────▶ ready ─▶ on a core ──────▶ finished ──┐
//!      ▲                  ▲        │ slice over       │      │ work
//!      │                  └────────┘                  │◀─────┘
//!      └──────────────────────── sleep ───────────────┘
//! ```
//!
//! Two kinds of scheduler share this interface: an ideal one that shares all cores evenly ([`sharing`]),
//! and two that give slices ([`slices`]).

mod sharing;
mod slices;

use std::collections::VecDeque;

use self::sharing::CoreSharing;
use self::slices::Slices;
use super::calendar::Calendar;
use super::event::{EntityId, SimEvent};
use concsim_model::scenario::{self, Scheduler};

/// Owner of core time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A worker process.
    Worker = 0,
    /// The load process.
    Load = 1,
    /// The process of the services.
    Services = 2,
}

/// State of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Asleep,
    /// Ready, without a core.
    Ready,
    OnCore(u32),
}

/// A process or thread that a core runs.
#[derive(Clone, Debug)]
pub(super) struct SchedEntity {
    kind: Kind,
    state: State,
    /// Core time that it still wants.
    left: u64,
    /// Core time that it has had, up to the last count.
    cpu: u64,
    /// Core that it was on last.
    core: u32,
    /// True if it is stopped until it is thawed (SIGSTOP).
    frozen: bool,
    /// True if it is in the list of finished entities.
    is_listed: bool,
    /// Time since which its core has been taken from it.
    preempted_at: Option<u64>,
    /// End of its work on the clock of shares …
    ends: sharing::Share,
    /// … and number of the valid end.
    turn: u32,
    voluntary: u64,
    involuntary: u64,
}

/// A preemption: entity, interval and core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Preemption {
    pub(super) entity: EntityId,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) core: u32,
}

/// State common to all schedulers.
#[derive(Debug)]
struct Common {
    entities: Vec<SchedEntity>,
    /// Entities that have had their core time, in order.
    finished: VecDeque<EntityId>,
    preemptions: Vec<Preemption>,
    /// Entity that acts at this instant, after its core time.
    resumed: Option<EntityId>,
    /// Core time of each core, by [`Kind`].
    core_times: Vec<[u64; 3]>,
}

impl Common {
    fn is_worker(&self, id: EntityId) -> bool {
        self.entities[id as usize].kind == Kind::Worker
    }

    /// Notes that an entity has had its core time.
    #[inline]
    fn finish(&mut self, id: EntityId) {
        let is_told = &mut self.entities[id as usize].is_listed;
        if !std::mem::replace(is_told, true) {
            self.finished.push_back(id);
        }
    }
}

#[derive(Debug)]
enum Level {
    Sharing(CoreSharing),
    Slices(Slices),
}

/// All cores, and all entities.
#[derive(Debug)]
pub(super) struct Machine {
    common: Common,
    level: Level,
}

impl Machine {
    pub(super) fn new(machine: &scenario::Machine) -> Self {
        let level = match machine.scheduler {
            Scheduler::Ideal => Level::Sharing(CoreSharing::new(machine)),
            Scheduler::RoundRobin | Scheduler::PerCore => Level::Slices(Slices::new(machine)),
        };
        Self {
            common: Common {
                entities: Vec::new(),
                finished: VecDeque::new(),
                preemptions: Vec::new(),
                resumed: None,
                core_times: vec![[0; 3]; machine.cores],
            },
            level,
        }
    }

    /// Adds an entity, which sleeps.
    pub(super) fn add(&mut self, kind: Kind) -> EntityId {
        self.common.entities.push(SchedEntity {
            kind,
            state: State::Asleep,
            left: 0,
            cpu: 0,
            core: 0,
            frozen: false,
            is_listed: false,
            preempted_at: None,
            ends: 0,
            turn: 0,
            voluntary: 0,
            involuntary: 0,
        });
        (self.common.entities.len() - 1) as EntityId
    }

    /// Requests core time for an entity; even 0 needs a core.
    #[inline]
    pub(super) fn work(
        &mut self,
        now: u64,
        id: EntityId,
        cpu: u64,
        calendar: &mut Calendar<SimEvent>,
    ) {
        self.common.entities[id as usize].left += cpu;
        if self.common.entities[id as usize].frozen {
            self.common.entities[id as usize].state = State::Ready;
            return;
        }
        match &mut self.level {
            Level::Sharing(sharing) => sharing.work(now, id, &mut self.common),
            Level::Slices(slices) => slices.work(now, id, &mut self.common, calendar),
        }
    }

    /// Puts an entity on a core to sleep.
    #[inline]
    pub(super) fn sleep(&mut self, now: u64, id: EntityId, calendar: &mut Calendar<SimEvent>) {
        let entity = &mut self.common.entities[id as usize];
        if let State::OnCore(_) = entity.state {
            entity.voluntary += 1;
            self.leave(now, id, calendar);
        }
    }

    /// Interrupts an entity; returns the core time that it still wanted.
    pub(super) fn interrupt(
        &mut self,
        now: u64,
        id: EntityId,
        calendar: &mut Calendar<SimEvent>,
    ) -> u64 {
        self.leave(now, id, calendar);
        std::mem::take(&mut self.common.entities[id as usize].left)
    }

    fn leave(&mut self, now: u64, id: EntityId, calendar: &mut Calendar<SimEvent>) {
        match &mut self.level {
            Level::Sharing(sharing) => sharing.leave(now, id, &mut self.common),
            Level::Slices(slices) => slices.leave(now, id, &mut self.common, calendar),
        }
        let entity = &mut self.common.entities[id as usize];
        entity.state = State::Asleep;
        entity.preempted_at = None;
    }

    /// Stops an entity: it gets no core until it is thawed.
    pub(super) fn freeze(&mut self, now: u64, id: EntityId, calendar: &mut Calendar<SimEvent>) {
        let was_awake = self.common.entities[id as usize].state != State::Asleep;
        if was_awake {
            self.leave(now, id, calendar);
            self.common.entities[id as usize].state = State::Ready;
        }
        self.common.entities[id as usize].frozen = true;
    }

    /// Continues a stopped entity.
    pub(super) fn continue_entity(
        &mut self,
        now: u64,
        id: EntityId,
        calendar: &mut Calendar<SimEvent>,
    ) {
        let entity = &mut self.common.entities[id as usize];
        entity.frozen = false;
        if entity.state == State::Ready {
            entity.state = State::Asleep;
            self.work(now, id, 0, calendar);
        }
    }

    /// Handles a core's event of the calendar.
    pub(super) fn core_is_due(
        &mut self,
        now: u64,
        core: u32,
        turn: u32,
        calendar: &mut Calendar<SimEvent>,
    ) {
        if let Level::Slices(slices) = &mut self.level {
            slices.is_due(now, core, turn, &mut self.common, calendar);
        }
    }

    /// Returns the time at which the next sharing entity has had its core time; slices have that in the
    /// calendar.
    #[inline]
    pub(super) fn next(&mut self) -> Option<u64> {
        match &mut self.level {
            Level::Sharing(sharing) => sharing.next(&self.common),
            Level::Slices(_) => None,
        }
    }

    /// Handles that instant.
    #[inline]
    pub(super) fn is_due(&mut self, now: u64) {
        if let Level::Sharing(sharing) = &mut self.level {
            sharing.is_due(now, &mut self.common);
        }
    }

    /// Returns the next entity that has had its core time.
    #[inline]
    pub(super) fn finished(&mut self) -> Option<EntityId> {
        self.common.resumed = None;
        while let Some(id) = self.common.finished.pop_front() {
            let entity = &mut self.common.entities[id as usize];
            entity.is_listed = false;
            // An entity that was interrupted or frozen meanwhile is listed again later, or not at all.
            if !entity.frozen && entity.left == 0 && entity.state != State::Asleep {
                self.common.resumed = Some(id);
                return Some(id);
            }
        }
        None
    }

    /// True if an entity has a core.
    #[inline]
    pub(super) fn has_core(&self, id: EntityId) -> bool {
        matches!(self.common.entities[id as usize].state, State::OnCore(_))
    }

    /// Returns the preemptions since the last call.
    pub(super) fn taken_off(&mut self) -> Vec<Preemption> {
        std::mem::take(&mut self.common.preemptions)
    }

    /// True if [`Self::taken_off`] has entries.
    #[inline]
    pub(super) fn has_taken_off(&self) -> bool {
        !self.common.preemptions.is_empty()
    }

    /// Returns the core that an entity is on; [`None`] if all share all.
    pub(super) fn core_of(&self, id: EntityId) -> Option<u32> {
        match &self.level {
            Level::Sharing(_) => None,
            Level::Slices(_) => Some(self.common.entities[id as usize].core),
        }
    }

    /// True if an entity is ready and has no core.
    pub(super) fn wants_a_core(&self, id: EntityId) -> bool {
        let entity = &self.common.entities[id as usize];
        entity.state == State::Ready && !entity.frozen
    }

    /// True if an entity is stopped until it is thawed.
    pub(super) fn is_frozen(&self, id: EntityId) -> bool {
        self.common.entities[id as usize].frozen
    }

    /// True if an entity is computing.
    pub(super) fn computes(&self, id: EntityId) -> bool {
        let entity = &self.common.entities[id as usize];
        entity.left > 0 && entity.state != State::Asleep && !entity.frozen
    }

    /// Returns the core time that an entity has had by now.
    pub(super) fn cpu_of(&self, now: u64, id: EntityId) -> u64 {
        let entity = &self.common.entities[id as usize];
        entity.cpu
            + match &self.level {
                Level::Sharing(sharing) => sharing.uncounted(now, entity),
                Level::Slices(slices) => slices.uncounted(now, id, entity),
            }
    }

    /// Returns the numbers of voluntary and involuntary switches of an entity.
    pub(super) fn switches_of(&self, id: EntityId) -> (u64, u64) {
        let entity = &self.common.entities[id as usize];
        (entity.voluntary, entity.involuntary)
    }

    /// Returns the core time of each core by now, by [`Kind`].
    pub(super) fn cores(&self, now: u64) -> Vec<[u64; 3]> {
        let mut booked = self.common.core_times.clone();
        match &self.level {
            Level::Slices(slices) => slices.add_uncounted(now, &self.common, &mut booked),
            Level::Sharing(_) => {
                let mut all = [0; 3];
                for (id, entity) in self.common.entities.iter().enumerate() {
                    all[entity.kind as usize] += self.cpu_of(now, id as EntityId);
                }
                let cores = booked.len() as u64;
                booked.fill(all.map(|sum| sum / cores));
            }
        }
        booked
    }
}

#[cfg(test)]
mod tests;
