//! Waits: timers, and calls of services, with their limited resources: connections to a service, places in
//! it, threads of a pool.

use super::Simulation;
use super::connection::{CallPlan, CallStage, ConnectionId, Place};
use super::event::SimEvent;
use super::observer::Observer;
use concsim_engine::telemetry::{Event, WaitPurpose};
use concsim_engine::{Places, TaskId};
use concsim_model::scenario::{Scenario, WaitMode};
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
    request: u32,
}

/// A service: the calls that it serves at once, and those that wait for that.
pub(super) type Service = Places<u32>;

/// Returns the services of a scenario.
pub(super) fn of(scenario: &Scenario) -> Vec<Service> {
    let services = scenario.services.iter();
    services.map(|it| Places::new(it.capacity)).collect()
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
    pub(super) fn enter_part(&mut self, id: ConnectionId, part: WaitPurpose) {
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
        let thread_count = self.scenario.server.threadpool;
        let pool = &mut self.workers[usize::from(worker)].pool;
        if pool.in_use < thread_count {
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
        if connection.call.is_some() {
            return self.wants_a_link(next);
        }
        connection.over = self.now + connection.left;
        self.enter_part(next, WaitPurpose::Timer);
        self.set_timer(next);
    }

    /// Starts a connection's call of a service.
    pub(super) fn begin_call(&mut self, id: ConnectionId, service: u16, wait: u64, mode: WaitMode) {
        let connection = &mut self.connections[id as usize];
        (connection.by_timer, connection.left) = (false, wait);
        (connection.awaits, connection.awaits_since) = (WaitPurpose::Answer, self.now);
        connection.call = Some(CallPlan {
            service,
            mode,
            stage: CallStage::Planned,
        });
        if !self.hands_to_pool(id, mode) {
            self.wants_a_link(id);
        }
    }

    /// True if a worker has a place for another connection to a service.
    pub(super) fn has_room_for_a_link(&self, worker: usize, service: u16) -> bool {
        self.workers[worker].links[usize::from(service)]
            .places
            .has_room()
    }

    /// Returns the index of the connections among which a call has its own.
    fn place_of_links(&self, id: ConnectionId, call: CallPlan) -> usize {
        let is_of_threads = match self.connections[id as usize].place {
            Place::Inside { worker, .. } => self.workers[usize::from(worker)].hub.is_some(),
            _ => false,
        } && call.mode == WaitMode::InThreads;
        let services = self.scenario.services.len();
        usize::from(call.service) + if is_of_threads { services } else { 0 }
    }

    /// Takes a place in the pool of connections to the service that is to be called, or queues for one.
    fn wants_a_link(&mut self, id: ConnectionId) {
        let connection = &self.connections[id as usize];
        let turn = connection.turn;
        let (Place::Inside { worker, .. }, Some(call)) = (connection.place, connection.call) else {
            return;
        };
        let place = self.place_of_links(id, call);
        let places = &mut self.workers[usize::from(worker)].links[place].places;
        if places.take() {
            return self.has_a_link(id, call);
        }
        places.wait((id, turn));
        self.enter_part(id, WaitPurpose::Connection);
    }

    /// Continues with a place in the pool: sends the call if a connection is there, else sets one up.
    fn has_a_link(&mut self, id: ConnectionId, call: CallPlan) {
        let Place::Inside { worker, .. } = self.connections[id as usize].place else {
            return;
        };
        let place = self.place_of_links(id, call);
        let links = &mut self.workers[usize::from(worker)].links[place];
        let is_new = links.idle == 0;
        links.idle -= usize::from(!is_new);
        let connect = self.scenario.services[usize::from(call.service)].connect.0;
        if !is_new || connect == 0 {
            return self.send_call(id, call);
        }
        let at = self.now + connect + self.overshoot();
        let connection = &mut self.connections[id as usize];
        connection.call = Some(CallPlan {
            stage: CallStage::InSetUp,
            ..call
        });
        self.calendar.set(at, SimEvent::SetUp(id, connection.turn));
        self.enter_part(id, WaitPurpose::Connection);
    }

    /// Continues a planned call that has its place in the pool, or whose connection is set up: at once if a
    /// thread waits in it, else by its task.
    pub(super) fn has_what_the_call_needs(&mut self, id: ConnectionId) {
        self.enter_part(id, WaitPurpose::Answer);
        let connection = &mut self.connections[id as usize];
        connection.over = self.now;
        let Place::Inside { worker, handler } = connection.place else {
            return;
        };
        if connection.blocks || connection.is_pooled {
            self.goes_on_with_call(id);
        } else {
            self.wake_task(usize::from(worker), TaskId(handler));
        }
    }

    /// Takes the next part of a planned call.
    pub(super) fn goes_on_with_call(&mut self, id: ConnectionId) {
        let Some(call) = self.connections[id as usize].call else {
            return;
        };
        match call.stage {
            CallStage::Planned => self.has_a_link(id, call),
            CallStage::InSetUp => self.send_call(id, call),
            CallStage::Sent => {}
        }
    }

    fn send_call(&mut self, id: ConnectionId, call: CallPlan) {
        let connection = &mut self.connections[id as usize];
        connection.call = Some(CallPlan {
            stage: CallStage::Sent,
            ..call
        });
        let call = Call {
            service: call.service,
            connection: id,
            turn: connection.turn,
            wait: connection.left,
            called_at: self.now,
            due: 0,
            request: connection.works_for(),
        };
        let call = self.calls.insert(call) as u32;
        if self.machine_costs.service > 0 {
            // The call is queued until the service reads it.
            self.enter_part(id, WaitPurpose::Queue);
        }
        self.service_does(ServiceEvent::Read(call));
    }

    /// Gives the connection to a service back after the call: its request has its thread again.
    pub(super) fn gives_link_back(&mut self, id: ConnectionId) {
        let connection = &mut self.connections[id as usize];
        let Place::Inside { worker, .. } = connection.place else {
            return;
        };
        let Some(call) = connection
            .call
            .take_if(|call| call.stage == CallStage::Sent)
        else {
            return;
        };
        let (worker, place) = (usize::from(worker), self.place_of_links(id, call));
        self.workers[worker].links[place].idle += 1;
        while let Some((next, turn)) = self.workers[worker].links[place].places.release() {
            if self.still_waits(next, turn) {
                return self.has_what_the_call_needs(next);
            }
        }
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
                let (connection, turn) = (call.connection, call.turn);
                let service = &mut self.services[usize::from(call.service)];
                if service.take() {
                    return self.is_served(id);
                }
                service.wait(id);
                if self.machine_costs.service == 0 && self.still_waits(connection, turn) {
                    self.enter_part(connection, WaitPurpose::Queue);
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
        self.serves_the_next(usize::from(call.service));
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
        if self.still_waits(call.connection, call.turn) {
            self.connections[call.connection as usize].over = self.now;
            self.wait_is_over(call.connection);
        }
    }

    /// Serves the call that has waited longest. A call of a worker that has died is dropped: its connection
    /// is closed.
    fn serves_the_next(&mut self, service: usize) {
        while let Some(next) = self.services[service].release() {
            let call = self.calls[next as usize];
            if self.still_waits(call.connection, call.turn) {
                return self.is_served(next);
            }
            self.calls.remove(next as usize);
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
            self.gives_link_back(id);
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
