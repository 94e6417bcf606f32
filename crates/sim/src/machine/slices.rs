//! Slices: a core has one entity at a time, and preempts it when its slice is over and another entity wants
//! the core. With one queue for all cores (round-robin), or one for each.
//!
//! An entity keeps its core while no other one waits: the end of its slice is in the calendar only while
//! another entity waits.
//!
//! Load and services take the core of a worker if none is idle, as workers of a real run are nicer: that of the
//! worker that woke them, which goes on first afterwards. So a client that has its answer connects again before
//! that worker looks at the door.
//!
//! With a queue for each core, another waking entity goes to its last core if that is idle, else to any idle core,
//! else into the queue of its last core. A core without work takes an entity from the longest queue. A core
//! whose slice is over does so too if its own queue is shorter by two.

use std::collections::VecDeque;

use super::sharing::pace;
use super::{Common, Preemption, SchedEntity, State};
use crate::calendar::Calendar;
use crate::event::{EntityId, SimEvent};
use concsim_model::scenario::{self, Scheduler};

#[derive(Clone, Debug, Default)]
struct Core {
    running: Option<EntityId>,
    last: Option<EntityId>,
    /// Time up to which its entity's core time is counted.
    since: u64,
    /// End of the entity's slice.
    slice_ends: u64,
    /// Number of its valid event in the calendar.
    turn: u32,
    /// True if the end of the slice is in the calendar.
    is_armed: bool,
    /// True if it is in the list of unarmed cores.
    is_listed: bool,
    /// Entities that wait for this core.
    queue: VecDeque<EntityId>,
}

#[derive(Debug)]
pub(super) struct Slices {
    slice: u64,
    switch: u64,
    efficiency: f64,
    has_queues: bool,
    cores: Vec<Core>,
    /// Bit set of idle cores.
    idle: Vec<u64>,
    busy: u64,
    /// Entities that wait for any core.
    queue: VecDeque<EntityId>,
    /// Number of waiting entities, in all queues.
    waiting: usize,
    /// Busy cores without the end of a slice in the calendar.
    unarmed: Vec<u32>,
}

impl Slices {
    pub(super) fn new(machine: &scenario::Machine) -> Self {
        let cores = machine.cores;
        let mut idle = vec![0; cores.div_ceil(64)];
        for core in 0..cores {
            idle[core / 64] |= 1 << (core % 64);
        }
        Self {
            slice: machine.slice.0,
            switch: machine.process_switch.0,
            efficiency: machine.efficiency,
            has_queues: machine.scheduler == Scheduler::PerCore,
            cores: vec![Core::default(); cores],
            idle,
            busy: 0,
            queue: VecDeque::new(),
            waiting: 0,
            unarmed: Vec::new(),
        }
    }

    pub(super) fn work(
        &mut self,
        now: u64,
        id: EntityId,
        common: &mut Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        match common.entities[id as usize].state {
            State::OnCore(core) => self.continue_on_core(now, core, common, calendar),
            State::Asleep => self.wake(now, id, common, calendar),
            State::Ready => {}
        }
    }

    fn wake(
        &mut self,
        now: u64,
        id: EntityId,
        common: &mut Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        let home = common.entities[id as usize].core;
        if let Some(core) = self.idle_core(home) {
            self.start(now, core, id, common, calendar);
        } else if let Some(core) = self.core_of_a_worker(id, home, common) {
            let worker = self.take_core(now, core, common);
            self.start(now, core, id, common, calendar);
            self.queue_first(now, worker, core, calendar);
        } else {
            common.entities[id as usize].state = State::Ready;
            self.wait(now, id, home, calendar);
        }
    }

    /// Returns the core that an entity was on, if idle, else the first idle one.
    fn idle_core(&self, home: u32) -> Option<u32> {
        if self.idle[home as usize / 64] & 1 << (home % 64) != 0 {
            return Some(home);
        }
        let word = self.idle.iter().position(|word| *word != 0)?;
        Some(word as u32 * 64 + self.idle[word].trailing_zeros())
    }

    /// Returns the core that load or services take from a worker: that of the worker that woke them, else the
    /// one that they were on, else any.
    fn core_of_a_worker(&self, id: EntityId, home: u32, common: &Common) -> Option<u32> {
        if common.is_worker(id) {
            return None;
        }
        let waker = common.resumed.filter(|id| common.is_worker(*id));
        if let Some(State::OnCore(core)) = waker.map(|id| common.entities[id as usize].state) {
            return Some(core);
        }
        let mut cores = [home].into_iter().chain(0..self.cores.len() as u32);
        cores.find(|core| {
            let running = self.cores[*core as usize].running;
            running.is_some_and(|id| common.is_worker(id) && common.entities[id as usize].left > 0)
        })
    }

    /// Takes a core from its entity, and returns the entity.
    fn take_core(&mut self, now: u64, core: u32, common: &mut Common) -> EntityId {
        self.count(now, core, common);
        self.count_all_at_this_pace(now, common);
        let id = self.cores[core as usize]
            .running
            .expect("a core that is taken runs an entity");
        let entity = &mut common.entities[id as usize];
        (entity.state, entity.preempted_at) = (State::Ready, Some(now));
        entity.involuntary += 1;
        self.vacate(core);
        id
    }

    /// Puts an entity at the head of its queue: it goes on before all that wait.
    fn queue_first(
        &mut self,
        now: u64,
        id: EntityId,
        home: u32,
        calendar: &mut Calendar<SimEvent>,
    ) {
        self.wait(now, id, home, calendar);
        let queue = if self.has_queues {
            &mut self.cores[home as usize].queue
        } else {
            &mut self.queue
        };
        queue.rotate_right(1);
    }

    fn wait(&mut self, now: u64, id: EntityId, home: u32, calendar: &mut Calendar<SimEvent>) {
        self.waiting += 1;
        if self.has_queues {
            self.cores[home as usize].queue.push_back(id);
            if !self.cores[home as usize].is_armed {
                self.arm(now, home, calendar);
            }
        } else {
            self.queue.push_back(id);
            for core in std::mem::take(&mut self.unarmed) {
                self.cores[core as usize].is_listed = false;
                if !self.cores[core as usize].is_armed {
                    self.arm(now, core, calendar);
                }
            }
        }
    }

    /// Puts the end of the present slice into the calendar. A slice that has lasted longer, as no entity
    /// waited, ends where the next one would have ended.
    fn arm(&mut self, now: u64, core: u32, calendar: &mut Calendar<SimEvent>) {
        let core_state = &mut self.cores[core as usize];
        if core_state.running.is_none() {
            return;
        }
        if core_state.slice_ends <= now {
            let slices = (now - core_state.slice_ends) / self.slice + 1;
            core_state.slice_ends += slices * self.slice;
        }
        core_state.is_armed = true;
        // Earlier events of this core stay valid: the first one counts.
        let turn = core_state.turn;
        calendar.set(core_state.slice_ends, SimEvent::Core { core, turn });
    }

    fn start(
        &mut self,
        now: u64,
        core: u32,
        id: EntityId,
        common: &mut Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        self.count_all_at_this_pace(now, common);
        self.idle[core as usize / 64] &= !(1 << (core % 64));
        self.busy += 1;
        let entity = &mut common.entities[id as usize];
        if let Some(from) = entity.preempted_at.take() {
            common.preemptions.push(Preemption {
                entity: id,
                from,
                to: now,
                core: entity.core,
            });
        }
        (entity.state, entity.core) = (State::OnCore(core), core);
        let core_state = &mut self.cores[core as usize];
        if core_state.last.is_some_and(|last| last != id) {
            entity.left += self.switch;
        }
        (core_state.running, core_state.last) = (Some(id), Some(id));
        (core_state.since, core_state.slice_ends) = (now, now + self.slice);
        self.continue_on_core(now, core, common, calendar);
        self.all_go_on_at_another_pace(now, common, calendar);
    }

    /// Continues the entity on a core, unless its slice is over and another entity waits.
    fn continue_on_core(
        &mut self,
        now: u64,
        core: u32,
        common: &mut Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        let others_wait = self.has_waiting(core);
        let core_state = &mut self.cores[core as usize];
        let id = core_state
            .running
            .expect("a core that continues runs an entity");
        core_state.turn = core_state.turn.wrapping_add(1);
        core_state.is_armed = false;
        core_state.since = now;
        let left = common.entities[id as usize].left;
        if left == 0 {
            common.finish(id);
            return;
        }
        if others_wait && now >= core_state.slice_ends {
            return self.preempt(now, core, common, calendar);
        }
        self.set_due(now, core, left, calendar);
    }

    /// Puts into the calendar the time at which the entity on a core has had `left` more, or its slice if
    /// another entity waits.
    fn set_due(&mut self, now: u64, core: u32, left: u64, calendar: &mut Calendar<SimEvent>) {
        let others_wait = self.has_waiting(core);
        let mut until = now + self.stretched(left);
        let core_state = &mut self.cores[core as usize];
        let turn = core_state.turn;
        if others_wait {
            core_state.is_armed = true;
            until = until.min(core_state.slice_ends);
        } else if !self.has_queues && !std::mem::replace(&mut core_state.is_listed, true) {
            self.unarmed.push(core);
        }
        calendar.set(until.max(now), SimEvent::Core { core, turn });
    }

    /// Counts the core time of all entities at the present speed: busy cores slow each other, so this
    /// precedes a change of their number.
    fn count_all_at_this_pace(&mut self, now: u64, common: &mut Common) {
        if self.efficiency < 1.0 {
            for core in 0..self.cores.len() as u32 {
                self.count(now, core, common);
            }
        }
    }

    /// Sets all due times again after the number of busy cores has changed.
    fn all_go_on_at_another_pace(
        &mut self,
        now: u64,
        common: &Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        if self.efficiency >= 1.0 {
            return;
        }
        for core in 0..self.cores.len() as u32 {
            let core_state = &mut self.cores[core as usize];
            let running = core_state.running;
            let left = running.map_or(0, |id| common.entities[id as usize].left);
            if left > 0 {
                core_state.turn = core_state.turn.wrapping_add(1);
                core_state.is_armed = false;
                self.set_due(now, core, left, calendar);
            }
        }
    }

    /// Time that `cpu` of core time takes with the present number of busy cores.
    fn stretched(&self, cpu: u64) -> u64 {
        if self.efficiency >= 1.0 {
            return cpu;
        }
        (cpu as f64 / self.pace()).ceil() as u64
    }

    /// Core time that a busy core gives in `time` with the present number of busy cores.
    fn core_time_in(&self, time: u64) -> u64 {
        if self.efficiency >= 1.0 {
            return time;
        }
        (time as f64 * self.pace()).round() as u64
    }

    fn pace(&self) -> f64 {
        pace(self.efficiency, self.busy, self.cores.len() as u64)
    }

    fn has_waiting(&self, core: u32) -> bool {
        if self.has_queues {
            !self.cores[core as usize].queue.is_empty()
        } else {
            self.waiting > 0
        }
    }

    fn preempt(
        &mut self,
        now: u64,
        core: u32,
        common: &mut Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        if self.has_queues {
            self.balance(core);
        }
        let id = self.take_core(now, core, common);
        // First the waiting entity gets the core, then this one joins the queue behind all others.
        let next = self.next_for(core);
        self.waiting += 1;
        if self.has_queues {
            self.cores[core as usize].queue.push_back(id);
        } else {
            self.queue.push_back(id);
        }
        let next = next.or_else(|| self.next_for(core));
        if let Some(next) = next {
            self.start(now, core, next, common, calendar);
        }
    }

    fn vacate(&mut self, core: u32) {
        let core_state = &mut self.cores[core as usize];
        core_state.running = None;
        core_state.is_armed = false;
        core_state.turn = core_state.turn.wrapping_add(1);
        self.idle[core as usize / 64] |= 1 << (core % 64);
        self.busy -= 1;
    }

    /// Takes the entity that gets a free core.
    fn next_for(&mut self, core: u32) -> Option<EntityId> {
        if self.waiting == 0 {
            return None;
        }
        let found = if self.has_queues {
            let own = self.cores[core as usize].queue.pop_front();
            own.or_else(|| {
                let longest = self.longest_queue();
                self.cores[longest].queue.pop_front()
            })
        } else {
            self.queue.pop_front()
        };
        self.waiting -= usize::from(found.is_some());
        found
    }

    fn longest_queue(&self) -> usize {
        let lengths = self.cores.iter().map(|core| core.queue.len());
        let longest = lengths.enumerate().rev().max_by_key(|(_, length)| *length);
        longest.map_or(0, |(core, _)| core)
    }

    /// Takes an entity from the longest queue, if this core's queue is shorter by two.
    fn balance(&mut self, core: u32) {
        let longest = self.longest_queue();
        let own = self.cores[core as usize].queue.len();
        if self.cores[longest].queue.len() >= own + 2
            && let Some(id) = self.cores[longest].queue.pop_back()
        {
            self.cores[core as usize].queue.push_back(id);
        }
    }

    pub(super) fn is_due(
        &mut self,
        now: u64,
        core: u32,
        turn: u32,
        common: &mut Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        if self.cores[core as usize].turn == turn && self.cores[core as usize].running.is_some() {
            self.count(now, core, common);
            self.continue_on_core(now, core, common, calendar);
        }
    }

    pub(super) fn leave(
        &mut self,
        now: u64,
        id: EntityId,
        common: &mut Common,
        calendar: &mut Calendar<SimEvent>,
    ) {
        match common.entities[id as usize].state {
            State::Asleep => {}
            State::Ready => {
                let frozen = common.entities[id as usize].frozen;
                if !frozen {
                    self.forget(id);
                }
            }
            State::OnCore(core) => {
                self.count(now, core, common);
                self.count_all_at_this_pace(now, common);
                self.vacate(core);
                if let Some(next) = self.next_for(core) {
                    self.start(now, core, next, common, calendar);
                } else {
                    self.all_go_on_at_another_pace(now, common, calendar);
                }
            }
        }
    }

    /// Removes an entity from its queue by a linear search: this is rare.
    fn forget(&mut self, id: EntityId) {
        let queues = self.cores.iter_mut().map(|core| &mut core.queue);
        for queue in queues.chain([&mut self.queue]) {
            let before = queue.len();
            queue.retain(|other| *other != id);
            self.waiting -= before - queue.len();
        }
    }

    /// Counts the core time of the entity on a core.
    fn count(&mut self, now: u64, core: u32, common: &mut Common) {
        let core_state = &mut self.cores[core as usize];
        let Some(id) = core_state.running else {
            return;
        };
        let since = std::mem::replace(&mut core_state.since, now);
        let given = self.core_time_in(now - since);
        let entity = &mut common.entities[id as usize];
        entity.cpu += given;
        common.core_times[core as usize][entity.kind as usize] += given;
        entity.left = entity.left.saturating_sub(given);
    }

    /// Returns the core time of an entity since the last count.
    pub(super) fn uncounted(&self, now: u64, id: EntityId, entity: &SchedEntity) -> u64 {
        match entity.state {
            State::OnCore(core) if self.cores[core as usize].running == Some(id) => {
                self.core_time_in(now - self.cores[core as usize].since)
            }
            State::OnCore(_) | State::Ready | State::Asleep => 0,
        }
    }

    pub(super) fn add_uncounted(&self, now: u64, common: &Common, booked: &mut [[u64; 3]]) {
        for (core, booked) in self.cores.iter().zip(booked) {
            if let Some(id) = core.running {
                let kind = common.entities[id as usize].kind;
                booked[kind as usize] += self.core_time_in(now - core.since);
            }
        }
    }
}
