//! Waits: timers, and calls of services, with their limited resources: connections to a service, places in
//! it, threads of a pool.

use std::collections::VecDeque;

use super::Simulation;
use super::connection::{ConnectionId, Place};
use super::event::SimEvent;
use super::observer::Observer;
use concsim_engine::TaskId;
use concsim_engine::telemetry::{Event, WaitPurpose};
use concsim_model::scenario::{POOL_THREADS, WaitMode};
use concsim_model::units::Stamp;
use concsim_record::RecordSource;

/// A call in progress.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    service: u16,
    /// Connection that waits for it, and the number of that wait.
    connection: ConnectionId,
    turn: u32,
    wait: u64,
    called_at: u64,
    due: u64,
    /// Worker whose connection to the service it uses.
    worker: u16,
    life: u64,
    request: u32,
}

/// A service.
#[derive(Clone, Debug, Default)]
pub(super) struct Service {
    serves: usize,
    queue: VecDeque<u32>,
}

/// Task of the services' process.
#[derive(Clone, Copy, Debug)]
pub(super) enum ServiceEvent {
    /// Reads a call.
    Read(u32),
    /// Writes its answer.
    Write(u32),
}

impl<O: Observer> Simulation<'_, O> {
    /// Returns the overshoot of the next wait, in nanoseconds.
    fn overshoot(&mut self) -> u64 {
        let table = &self.scenario.machine.overshoot;
        if table.0.is_empty() {
            return 0;
        }
        self.overshoots += 1;
        table.at(self.draws.overshoot(self.overshoots)).0
    }

    /// Starts a connection's wait for a timer.
    pub(super) fn begin_sleep(&mut self, id: ConnectionId, wait: u64, mode: WaitMode) {
        let overshoot = self.overshoot();
        let connection = &mut self.connections[id as usize];
        connection.by_timer = true;
        connection.left = wait.saturating_add(overshoot);
        connection.over = self.now + wait;
        (connection.awaits, connection.awaits_since) = (WaitPurpose::Timer, self.now);
        if self.hands_to_pool(id, mode) {
            return;
        }
        self.set_timer(id);
    }

    /// Starts another part of a connection's wait. Reported only for a wait with a queue: a wait of one
    /// part is known by its beginning and its end.
    fn enter_part(&mut self, id: ConnectionId, part: WaitPurpose) {
        let now = self.now;
        let connection = &mut self.connections[id as usize];
        let is_queue = |part| {
            matches!(
                part,
                WaitPurpose::Thread | WaitPurpose::Connection | WaitPurpose::Queue
            )
        };
        let is_told = is_queue(part) || is_queue(connection.awaits);
        connection.enter_part(part, now);
        let Place::Inside { worker, handler } = connection.place else {
            return;
        };
        if !is_told || !O::WANTS_SWITCHES {
            return;
        }
        let request = connection.works_for();
        let worker = usize::from(worker);
        let task = match &self.workers[worker].hub {
            Some(_) => handler,
            None => self.workers[worker].threads[handler as usize].task,
        };
        let event = Event::Awaits {
            at: Stamp(now),
            task,
            request,
            part,
        };
        self.observer
            .event(RecordSource::Worker(worker as u16), &event);
    }

    fn set_timer(&mut self, id: ConnectionId) {
        let connection = &self.connections[id as usize];
        let happening = SimEvent::WaitOver(id, connection.turn);
        self.calendar.set(self.now + connection.left, happening);
    }

    /// True if a wait needs a thread of the pool first.
    fn hands_to_pool(&mut self, id: ConnectionId, mode: WaitMode) -> bool {
        let Place::Inside { worker, .. } = self.connections[id as usize].place else {
            return false;
        };
        if mode != WaitMode::InThreads || self.workers[usize::from(worker)].hub.is_none() {
            return false;
        }
        self.connections[id as usize].is_pooled = true;
        let pool = &mut self.workers[usize::from(worker)].pool;
        if pool.in_use < POOL_THREADS {
            pool.in_use += 1;
            return false;
        }
        pool.queue.push_back(id);
        self.enter_part(id, WaitPurpose::Thread);
        true
    }

    /// Passes a thread of the pool from a finished wait to the next.
    fn leaves_the_pool(&mut self, worker: usize) {
        let pool = &mut self.workers[worker].pool;
        let Some(next) = pool.queue.pop_front() else {
            pool.in_use -= 1;
            return;
        };
        let connection = &mut self.connections[next as usize];
        if let Some(service) = connection.calls.take() {
            let wait = connection.left;
            return self.wants_a_link(next, service, wait);
        }
        connection.over = self.now + connection.left;
        self.enter_part(next, WaitPurpose::Timer);
        self.set_timer(next);
    }

    /// Starts a connection's call of a service.
    pub(super) fn begin_call(&mut self, id: ConnectionId, service: u16, wait: u64, mode: WaitMode) {
        let connection = &mut self.connections[id as usize];
        connection.by_timer = false;
        (connection.awaits, connection.awaits_since) = (WaitPurpose::Answer, self.now);
        if self.hands_to_pool(id, mode) {
            let connection = &mut self.connections[id as usize];
            (connection.calls, connection.left) = (Some(service), wait);
            return;
        }
        self.wants_a_link(id, service, wait);
    }

    fn wants_a_link(&mut self, id: ConnectionId, service: u16, wait: u64) {
        let connection = &self.connections[id as usize];
        let (turn, place, request) = (connection.turn, connection.place, connection.works_for());
        let Place::Inside { worker, .. } = place else {
            return;
        };
        let limit = self.scenario.services[usize::from(service)].pool;
        let links = &mut self.workers[usize::from(worker)].links[usize::from(service)];
        if limit.is_some_and(|limit| links.in_use >= limit) {
            links.queue.push_back((id, turn, wait));
            return self.enter_part(id, WaitPurpose::Connection);
        }
        links.in_use += 1;
        let call = Call {
            service,
            connection: id,
            turn,
            wait,
            called_at: self.now,
            due: 0,
            worker,
            life: self.workers[usize::from(worker)].lives,
            request,
        };
        let call = self.calls.insert(call) as u32;
        if self.machine_costs.service > 0 {
            // The call is queued until the service reads it.
            self.enter_part(id, WaitPurpose::Queue);
        }
        self.service_does(ServiceEvent::Read(call));
    }

    /// Gives the services' process a task, which may take core time.
    fn service_does(&mut self, event: ServiceEvent) {
        if self.machine_costs.service == 0 {
            return self.has_done(event);
        }
        self.service_events.push_back(event);
        if self.service_events.len() == 1 {
            self.next_service_event();
        }
    }

    fn next_service_event(&mut self) {
        let half = self.machine_costs.service / 2;
        let cost = match self.service_events.front() {
            Some(ServiceEvent::Read(_)) => half,
            Some(ServiceEvent::Write(_)) => self.machine_costs.service - half,
            None => return,
        };
        let entity = self.services_strand;
        self.machine
            .work(self.now, entity, cost, &mut self.calendar);
    }

    /// Continues the services' process after it has had its core time.
    pub(super) fn resume_services(&mut self) {
        if let Some(event) = self.service_events.pop_front() {
            self.has_done(event);
        }
        if self.service_events.is_empty() {
            let entity = self.services_strand;
            self.machine.sleep(self.now, entity, &mut self.calendar);
        } else {
            self.next_service_event();
        }
    }

    fn has_done(&mut self, event: ServiceEvent) {
        match event {
            ServiceEvent::Read(id) => {
                let call = &mut self.calls[id as usize];
                call.called_at = self.now;
                let index = usize::from(call.service);
                let capacity = self.scenario.services[index].capacity;
                let service = &mut self.services[index];
                if capacity.is_some_and(|capacity| service.serves >= capacity) {
                    service.queue.push_back(id);
                    let (connection, turn) = (call.connection, call.turn);
                    if self.machine_costs.service == 0 && self.still_waits(connection, turn) {
                        self.enter_part(connection, WaitPurpose::Queue);
                    }
                } else {
                    self.is_served(id);
                }
            }
            ServiceEvent::Write(id) => self.is_written(id),
        }
    }

    fn is_served(&mut self, id: u32) {
        let overshoot = self.overshoot();
        let call = &mut self.calls[id as usize];
        call.due = self.now + call.wait;
        let at = call.due + overshoot;
        let (connection, turn) = (call.connection, call.turn);
        self.services[usize::from(call.service)].serves += 1;
        self.calendar.set(at, SimEvent::Answer(id));
        if self.still_waits(connection, turn) {
            self.enter_part(connection, WaitPurpose::Answer);
        }
    }

    /// Handles a service's answer.
    pub(super) fn has_an_answer(&mut self, id: u32) {
        self.service_does(ServiceEvent::Write(id));
    }

    fn is_written(&mut self, id: u32) {
        let call = self.calls.remove(id as usize);
        let service = &mut self.services[usize::from(call.service)];
        service.serves -= 1;
        if let Some(next) = service.queue.pop_front() {
            self.is_served(next);
        }
        if O::WANTS_EVENTS {
            let event = Event::Answered {
                service: u32::from(call.service),
                request: call.request,
                asked: Stamp(call.called_at),
                due: Stamp(call.due),
                written: Stamp(self.now),
            };
            self.observer.event(RecordSource::Services, &event);
        }
        let worker = usize::from(call.worker);
        if self.workers[worker].is_alive && self.workers[worker].lives == call.life {
            self.release_connection(worker, call.service);
        }
        if self.still_waits(call.connection, call.turn) {
            self.connections[call.connection as usize].over = self.now;
            self.wait_is_over(call.connection);
        }
    }

    fn release_connection(&mut self, worker: usize, service: u16) {
        let links = &mut self.workers[worker].links[usize::from(service)];
        links.in_use -= 1;
        while let Some((id, turn, wait)) = self.workers[worker].links[usize::from(service)]
            .queue
            .pop_front()
        {
            if self.still_waits(id, turn) {
                return self.wants_a_link(id, service, wait);
            }
        }
    }

    /// True if a connection exists and is in the wait with this number.
    pub(super) fn still_waits(&self, id: ConnectionId, turn: u32) -> bool {
        let connection = self.connections.get(id as usize);
        connection.is_some_and(|connection| connection.turn == turn)
    }

    /// Ends a connection's wait: wakes its process, or informs its hub.
    pub(super) fn wait_is_over(&mut self, id: ConnectionId) {
        let connection = &mut self.connections[id as usize];
        let Place::Inside { worker, handler } = connection.place else {
            return;
        };
        let worker = usize::from(worker);
        let (blocks, by_timer) = (connection.blocks, connection.by_timer);
        let was_pooled = std::mem::take(&mut connection.is_pooled);
        if was_pooled {
            self.leaves_the_pool(worker);
        }
        if !blocks {
            return self.task_is_ready(worker, TaskId(handler), by_timer);
        }
        let thread = if self.workers[worker].hub.is_some() {
            0
        } else {
            handler as usize
        };
        self.wake_thread(worker, thread);
    }
}
