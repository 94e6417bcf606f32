//! The load generator: plays the same timetable and the same phases as the real one, on connections that
//! take no time. Its core time, if it costs any, is that of one more process.

use std::collections::VecDeque;

use super::Simulation;
use super::connection::{Connection, ConnectionId, NO_CLIENT, Place};
use super::event::{EntityId, SimEvent};
use super::observer::Observer;
use super::worker::TimeWeighted;
use concsim_engine::IdlePool;
use concsim_engine::policy::pause_after;
use concsim_engine::telemetry::{Event, Failure, Outcome, Stage};
use concsim_engine::timetable::{DueRequest, RunProgress, Timetable};
use concsim_model::scenario::{ConnectionMode, Scenario};
use concsim_model::units::Stamp;
use concsim_record::RecordSource;

/// Task of load's process.
#[derive(Clone, Copy, Debug)]
pub(super) enum LoadEvent {
    /// Sends a request.
    Send {
        number: u32,
        class: u16,
        client: u32,
        due: u64,
    },
    /// Reads an answer.
    Read { outcome: Outcome, client: u32 },
}

/// Load.
pub(super) struct LoadModel {
    pub(super) timetable: Timetable,
    pub(super) course: RunProgress,
    pub(super) stage: Stage,
    pub(super) entity: EntityId,
    /// Time of the timetable's next entry, in nanoseconds.
    pub(super) next: Option<u64>,
    jobs: VecDeque<LoadEvent>,
    idle: IdlePool<ConnectionId>,
    next_number: u32,
    births: u32,
    /// Deadline of each request in flight, in order of sending.
    patience: VecDeque<(u64, ConnectionId, u32)>,
    /// Times of the next deadline and of the next phase change on the calendar.
    patience_at: u64,
    course_at: u64,
    pub(super) in_system: TimeWeighted,
    pub(super) sent: u64,
    pub(super) ended: u64,
    pub(super) good: u64,
    /// Edges of the window: true if sampled.
    pub(super) edges: [bool; 2],
}

impl LoadModel {
    pub(super) fn new(scenario: &Scenario, begin: u64, entity: EntityId) -> Self {
        Self {
            timetable: Timetable::new(scenario, Stamp(begin)),
            course: RunProgress::new(scenario, Stamp(begin)),
            stage: Stage::WarmUp,
            entity,
            next: None,
            jobs: VecDeque::new(),
            idle: IdlePool::new(scenario),
            next_number: 0,
            births: 0,
            patience: VecDeque::new(),
            patience_at: u64::MAX,
            course_at: u64::MAX,
            in_system: TimeWeighted::default(),
            sent: 0,
            ended: 0,
            good: 0,
            edges: [false; 2],
        }
    }

    /// Updates the time of the timetable's next entry after a change.
    #[inline]
    pub(super) fn update_next_due(&mut self) {
        let next = self.timetable.soonest();
        self.next = next.filter(|at| self.course.allows(*at)).map(|at| at.0);
    }

    /// Returns the number of the next connection.
    pub(super) fn next_birth(&mut self) -> u32 {
        self.births = self.births.wrapping_add(1);
        self.births
    }

    /// Removes an idle connection; returns true if it was idle.
    pub(super) fn forget(&mut self, client: u32, id: ConnectionId) -> bool {
        self.idle.forget(number_of(client), id)
    }

    /// Removes and returns all idle connections.
    pub(super) fn take_all_idle(&mut self) -> Vec<ConnectionId> {
        self.idle.take_all()
    }
}

/// Number of a client; [`None`] for [`NO_CLIENT`].
#[inline]
fn number_of(client: u32) -> Option<usize> {
    (client != NO_CLIENT).then_some(client as usize)
}

impl<O: Observer> Simulation<'_, O> {
    /// Plays the timetable's entry that is due now.
    #[inline]
    pub(super) fn follow_the_timetable(&mut self) {
        let due = self.load.timetable.take();
        if let Some(due) = due
            && self.load.course.allows(due.at)
        {
            self.is_due(due);
        }
        self.load.update_next_due();
    }

    #[inline]
    fn is_due(&mut self, due: DueRequest) {
        self.load.in_system.step(self.now, 1);
        self.load.course.begun(due.at);
        let number = self.load.next_number;
        self.load.next_number += 1;
        let class = match due.extra {
            Some(extra) => extra.class,
            None => self.draws.class_of(self.scenario, u64::from(number)) as u16,
        };
        let client = due.client.map_or(NO_CLIENT, |client| client as u32);
        if self.machine_costs.generator == 0 {
            return self.send(number, class, client, due.at.0);
        }
        let due = due.at.0;
        self.load_does(LoadEvent::Send {
            number,
            class,
            client,
            due,
        });
    }

    fn load_does(&mut self, job: LoadEvent) {
        self.load.jobs.push_back(job);
        if self.load.jobs.len() == 1 {
            self.next_job();
        }
    }

    /// Starts load's next task: half of a request's cost to load is before it is sent, half when its answer
    /// is read.
    fn next_job(&mut self) {
        let half = self.machine_costs.generator / 2;
        let cost = match self.load.jobs.front() {
            Some(LoadEvent::Send { .. }) => half,
            Some(LoadEvent::Read { .. }) => self.machine_costs.generator - half,
            None => return,
        };
        let entity = self.load.entity;
        self.machine
            .work(self.now, entity, cost, &mut self.calendar);
    }

    /// Continues load's process after it has had its core time.
    pub(super) fn resume_load(&mut self) {
        match self.load.jobs.pop_front() {
            Some(LoadEvent::Send {
                number,
                class,
                client,
                due,
            }) => self.send(number, class, client, due),
            Some(LoadEvent::Read {
                mut outcome,
                client,
            }) => {
                outcome.done = Stamp(self.now);
                self.ends(&outcome, client);
            }
            None => {}
        }
        if self.load.jobs.is_empty() {
            let entity = self.load.entity;
            self.machine.sleep(self.now, entity, &mut self.calendar);
        } else {
            self.next_job();
        }
    }

    /// Sends a request, on a keep-alive connection if there is one, else on a new one.
    #[inline]
    fn send(&mut self, number: u32, class: u16, client: u32, due: u64) {
        let now = self.now;
        self.load.sent += 1;
        let kept = self.load.idle.take(number_of(client));
        if kept.is_none() {
            self.load.next_birth();
        }
        let id = if let Some(id) = kept {
            self.connections[id as usize].asks_again(number, class, client, due, now);
            self.tell_sent(id);
            self.became_ready(id);
            id
        } else {
            let mut connection = Connection::new(number, class, client, due, now);
            connection.birth = self.load.births;
            let id = self.connections.insert(connection) as ConnectionId;
            self.tell_sent(id);
            self.connect(id);
            id
        };
        let until = due.saturating_add(self.scenario.load.patience.0);
        self.load.patience.push_back((until, id, number));
        if self.load.patience_at == u64::MAX {
            self.load.patience_at = until.max(now);
            self.calendar.set(until.max(now), SimEvent::Patience);
        }
    }

    fn tell_sent(&mut self, id: ConnectionId) {
        if O::WANTS_EVENTS {
            let sent = self.connections[id as usize].report();
            self.observer.event(RecordSource::Load, &Event::Sent(sent));
        }
    }

    /// Delivers the answer to a connection's request.
    #[inline]
    pub(super) fn deliver(&mut self, id: ConnectionId, verdict: Result<u16, Failure>) {
        let now = self.now;
        let connection = &mut self.connections[id as usize];
        if !std::mem::take(&mut connection.is_asking) {
            return; // its client has left
        }
        let (outcome, client) = (connection.outcome(verdict, now), connection.client);
        if self.machine_costs.generator == 0 {
            return self.ends(&outcome, client);
        }
        self.load_does(LoadEvent::Read { outcome, client });
    }

    /// True if the client of an answered connection will use the connection again.
    pub(super) fn is_reusable(&self, id: ConnectionId) -> bool {
        self.scenario.load.connection == ConnectionMode::KeepAlive
            && !self.connections[id as usize].is_alone
            && !self.is_over
    }

    /// Keeps an answered connection idle for the next request, up to the keep-alive timeout.
    pub(super) fn keep_idle(&mut self, id: ConnectionId) {
        let connection = &self.connections[id as usize];
        let (turn, client) = (connection.turn, connection.client);
        if let Place::Inside { worker, .. } = connection.place
            && self.scenario.server.kind.has_threads()
        {
            self.workers[usize::from(worker)].idle += 1;
        }
        // The run may have ended with this answer; a worker learns this when its client has left.
        if self.is_over || !self.load.idle.keep(number_of(client), id) {
            // A request besides the load has no client to send again.
            self.connections[id as usize].is_alone = true;
            return self.became_ready(id);
        }
        let until = self.now + self.scenario.server.keepalive.0;
        self.calendar.set(until, SimEvent::IdleTooLong(id, turn));
    }

    /// Closes a keep-alive connection that has reached its idle timeout.
    pub(super) fn is_idle_too_long(&mut self, id: ConnectionId, turn: u32) {
        if self.still_waits(id, turn) {
            let client = self.connections[id as usize].client;
            self.load.forget(client, id);
            self.close_client_side(id);
        }
    }

    /// Closes the client's side of an idle connection.
    pub(super) fn close_client_side(&mut self, id: ConnectionId) {
        let turn = self.next_turn();
        let connection = &mut self.connections[id as usize];
        (connection.is_alone, connection.turn) = (true, turn);
        self.became_ready(id);
    }

    /// Ends a request; its client, if it has one, will send again.
    #[inline]
    pub(super) fn ends(&mut self, outcome: &Outcome, client: u32) {
        self.load.in_system.step(self.now, -1);
        self.load.ended += 1;
        self.load.good += u64::from(outcome.failure.is_none());
        self.observer.ended(outcome);
        if self.is_over {
            return;
        }
        self.load.course.ended(outcome.due, outcome.done);
        let client = number_of(client);
        if matches!(outcome.failure, None | Some(Failure::Status)) {
            self.load.course.answered(client);
        }
        if let Some(client) = client {
            let think = self.draws.think(self.scenario, u64::from(outcome.request));
            let pause = pause_after(outcome.failure, think);
            self.load.timetable.add_next(client, outcome.done + pause);
            self.load.update_next_due();
        }
        if self.load.course.depends_on_ends() {
            self.follow_the_course();
        }
    }

    /// Ends requests that have exceeded their clients' patience.
    pub(super) fn expire_requests(&mut self) {
        self.load.patience_at = u64::MAX;
        while let Some(&(until, id, number)) = self.load.patience.front() {
            let connection = self.connections.get_mut(id as usize);
            let waiting =
                connection.filter(|connection| connection.is_asking && connection.number == number);
            let Some(connection) = waiting else {
                self.load.patience.pop_front();
                continue;
            };
            if until > self.now {
                self.load.patience_at = until;
                self.calendar.set(until, SimEvent::Patience);
                return;
            }
            (connection.is_asking, connection.is_alone) = (false, true);
            let (outcome, client) = (
                connection.outcome(Err(Failure::Timeout), self.now),
                connection.client,
            );
            if let Place::Outside(_) = connection.place {
                self.connections.remove(id as usize);
            }
            self.load.patience.pop_front();
            self.ends(&outcome, client);
        }
    }

    /// Ends the window if the log of requests is full: the summary needs every request.
    pub(super) fn end_window_if_log_is_full(&mut self) {
        let now = Stamp(self.now);
        if self.observer.is_full() && self.log_full.is_none() && !self.is_over {
            self.log_full = Some(now);
            self.load.course.end_window(now);
            self.load.update_next_due();
            self.follow_the_course();
        }
    }

    /// Advances the phases of the run, samples the edges of the window, and sets the time of the next
    /// check.
    pub(super) fn follow_the_course(&mut self) {
        let now = Stamp(self.now);
        let stage = self.load.course.advance(now);
        let course = &self.load.course;
        let edges = [course.window_begin(), course.window_end()];
        let next = course.next_change(now).0;
        self.load.stage = stage;
        for (place, edge) in edges.into_iter().enumerate() {
            if edge.is_some_and(|edge| edge <= now) && !self.load.edges[place] {
                self.load.edges[place] = true;
                self.sample();
            }
        }
        if stage == Stage::Done {
            return self.close();
        }
        if next != u64::MAX && next != self.load.course_at {
            self.load.course_at = next;
            self.calendar.set(next, SimEvent::RunProgress);
        }
    }

    /// Fails all requests in flight, at the end of the run.
    pub(super) fn give_up_on_all(&mut self) {
        let asking = |(id, connection): (usize, &Connection)| connection.is_asking.then_some(id);
        let asking: Vec<usize> = self.connections.iter().filter_map(asking).collect();
        for id in asking {
            let connection = &mut self.connections[id];
            (connection.is_asking, connection.is_alone) = (false, true);
            let (outcome, client) = (
                connection.outcome(Err(Failure::Timeout), self.now),
                connection.client,
            );
            self.ends(&outcome, client);
        }
        for job in std::mem::take(&mut self.load.jobs) {
            let (outcome, client) = match job {
                LoadEvent::Read {
                    mut outcome,
                    client,
                } => {
                    outcome.done = Stamp(self.now);
                    (outcome, client)
                }
                LoadEvent::Send {
                    number,
                    class,
                    client,
                    due,
                } => {
                    let connection = Connection::new(number, class, client, due, 0);
                    (connection.outcome(Err(Failure::Timeout), self.now), client)
                }
            };
            self.ends(&outcome, client);
        }
    }
}
