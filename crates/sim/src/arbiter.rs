//! The visible part of the arbiter: forks, deaths, the heartbeat, and the timeline's interventions. It
//! costs no core time. The assignment of workers to slots is decided by the same code as in the real
//! arbiter.

use std::ops::Range;

use super::Simulation;
use super::connection::{Connection, ConnectionId, Place};
use super::event::SimEvent;
use super::hub::{self, Hub};
use super::lock::Lock;
use super::machine::Kind;
use super::observer::Observer;
use super::thread::{Thread, ThreadState};
use super::worker::{Boot, Links, Pool, Worker};
use concsim_engine::policy::{self, ABORTED, ARBITER_TICK, EndOfProcess, KILLED};
use concsim_engine::telemetry::{Event, Failure, Marker, Phase};
use concsim_engine::worker_table::Verdict;
use concsim_model::scenario::Intervention;
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_record::RecordSource;

/// Time from the fork of a worker until it serves, as on a laptop; in nanoseconds.
pub(super) const BOOT: u64 = 3_000_000;
/// Pid of the first worker; not a pid of a real process.
const FIRST_PID: u32 = 1_001;

impl<O: Observer> Simulation<'_, O> {
    /// Forks a process for each slot of the server that has none, at once: the first ones, and those of a reload.
    pub(super) fn fork_all(&mut self) {
        while let Some(slot) = self.vacancy() {
            self.fork(slot);
        }
    }

    /// Forks replacements, each after a pause since the last one.
    pub(super) fn fill_vacancies(&mut self) {
        while let Some(slot) = self.vacancy() {
            if self.now < self.next_respawn {
                return self.calendar.set(self.next_respawn, SimEvent::Respawn);
            }
            let age = self.fork(slot);
            let Elapsed(pause) = policy::respawn_pause(self.scenario.seed, age);
            self.next_respawn = self.now + pause;
        }
    }

    /// Next slot of the server without a process, as long as the run is not over.
    fn vacancy(&self) -> Option<usize> {
        self.table.free_slot().filter(|_| !self.is_over)
    }

    /// Forks a process. Returns its age: the number of the fork.
    fn fork(&mut self, slot: usize) -> u64 {
        while self.workers.len() <= slot {
            self.workers.push(Worker::vacant(self.scenario));
        }
        let age = self.table.next_age();
        let pid = FIRST_PID + age as u32 - 1;
        self.table.insert(slot, pid, age);
        let server = &self.scenario.server;
        let has_loop = server.kind.has_a_loop();
        let threads: Vec<Thread> = (0..server.threads_of_a_worker())
            .map(|thread| self.thread(slot, thread))
            .collect();
        let now = self.now;
        let worker = &mut self.workers[slot];
        worker.lives += 1;
        (worker.pid, worker.is_alive) = (pid, true);
        (worker.stopping, worker.frozen) = (false, false);
        (worker.heartbeat, worker.begun, worker.idle) = (now, 0, 0);
        worker.cache = 0;
        let limit = policy::request_limit(server, self.scenario.seed, age);
        worker.limit = limit.unwrap_or(u64::MAX);
        // The first workers have booted when the run begins.
        worker.boot = match server.boot_of_a_worker().0 {
            cpu @ 1.. if now > 0 => Boot::Ahead(cpu),
            _ => Boot::Over,
        };
        worker.set_threads(threads);
        worker.hub = has_loop.then(|| Hub::new(server.connections));
        worker.lock = Lock::default();
        worker.links = Links::of(self.scenario);
        worker.pool = Pool::default();
        worker.enter(Phase::Booting, now);
        let at = Stamp(now);
        let worker = slot as u32;
        self.report_event(RecordSource::Arbiter, &Event::Forked { at, worker, pid });
        // The first thread boots for all.
        let threads = if self.workers[slot].boot == Boot::Over {
            0..self.workers[slot].threads.len()
        } else {
            0..1
        };
        self.rouse(slot, threads, now + BOOT);
        age
    }

    /// Makes threads ready at an instant.
    fn rouse(&mut self, slot: usize, threads: Range<usize>, at: u64) {
        for thread in threads {
            let turn = self.next_turn();
            let thread = &mut self.workers[slot].threads[thread];
            thread.turn = turn;
            let happening = SimEvent::Roused(thread.entity, turn);
            self.calendar.set(at, happening);
        }
    }

    /// Notes that a worker has had the core time for its boot: it serves.
    pub(super) fn has_booted(&mut self, slot: usize) {
        self.workers[slot].boot = Boot::Over;
        let others = 1..self.workers[slot].threads.len();
        self.rouse(slot, others, self.now);
    }

    fn thread(&mut self, worker: usize, thread: usize) -> Thread {
        let entity = self.machine.add(Kind::Worker);
        self.owners.resize(entity as usize + 1, (usize::MAX, 0));
        self.owners[entity as usize] = (worker, thread);
        Thread::new(entity)
    }

    /// Ends a worker that was told to exit, or exits by itself.
    pub(super) fn leaves(&mut self, worker: usize, status: i32) {
        self.remove_process(worker, status);
    }

    /// Ends a worker's process in the middle of its work.
    pub(super) fn dies(&mut self, worker: usize, status: i32) {
        if self.workers[worker].is_alive {
            self.remove_process(worker, status);
        }
    }

    fn remove_process(&mut self, slot: usize, status: i32) {
        let (now, pid) = (self.now, self.workers[slot].pid);
        let entities: Vec<u32> = self.workers[slot]
            .threads
            .iter()
            .map(|it| it.entity)
            .collect();
        for entity in &entities {
            self.no_longer_watches(*entity);
            self.machine.interrupt(now, *entity, &mut self.calendar);
        }
        self.add_final_counts(slot, &entities);
        let worker = &mut self.workers[slot];
        worker.is_alive = false;
        worker.enter(Phase::Gone, now);
        worker.set_threads(Vec::new());
        worker.hub = None;
        worker.next_requests.clear();
        worker.open = 0;
        let left = std::mem::take(&mut worker.door);
        let at = Stamp(now);
        let number = slot as u32;
        let was_told = worker.stopping;
        let process = self.table.dismiss(pid);
        let cause = policy::cause_of_end(EndOfProcess {
            status,
            was_silent: process.is_some_and(|(_, process)| process.was_silent()),
            was_told,
            is_killing: self.is_over,
        });
        self.report_event(
            RecordSource::Arbiter,
            &Event::Died {
                at,
                worker: number,
                pid,
                status,
                cause,
            },
        );
        for id in self.connections_in(slot).into_iter().chain(left) {
            self.is_reset(id);
        }
        self.wake_for_what_is_left();
        self.fill_vacancies();
    }

    /// Adds a dead process's counts to those of its slot.
    fn add_final_counts(&mut self, slot: usize, entities: &[u32]) {
        let now = self.now;
        let (mut cpu, mut voluntary, mut involuntary) = (0, 0, 0);
        for entity in entities {
            cpu += self.machine.cpu_of(now, *entity);
            let (slept, was_taken_off) = self.machine.switches_of(*entity);
            (voluntary, involuntary) = (voluntary + slept, involuntary + was_taken_off);
        }
        let cut = self.open_run(&self.workers[slot]);
        let worker = &mut self.workers[slot];
        let owed = worker.hub.as_ref().map_or(0, |hub| {
            let (ready, parked) = hub.ready_and_parked();
            2 * (ready + parked) + u64::from(hub.running().is_some())
        });
        let counts = &mut worker.counts;
        counts.half_done += if self.has_coroutines { owed } else { 0 };
        counts.cpu += cpu;
        counts.voluntary += voluntary;
        counts.involuntary += involuntary;
        let begun = counts.begun.count;
        counts.lost_tasks += begun;
        counts.longest_run = counts.longest_run.max(cut);
        counts.begun.step(now, -begun.cast_signed());
    }

    /// Resets a connection whose worker's process is gone.
    fn is_reset(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(id as usize) else {
            return;
        };
        let client = connection.client;
        let is_silent = connection.is_silent();
        self.load.forget(client, id);
        self.deliver(id, Err(Failure::Reset));
        self.connections.remove(id as usize);
        self.may_connect_again(is_silent);
    }

    /// Tells a worker to finish its requests and exit. It keeps idle connections until they expire, and answers
    /// what comes on them.
    pub(super) fn stop_gracefully(&mut self, slot: usize) {
        if !self.workers[slot].is_alive || self.workers[slot].stopping {
            return;
        }
        self.workers[slot].stopping = true;
        // A queue of its own is closed with the listener, which resets the connections in it.
        if !self.workers[slot].listens(self.scenario.server.kind) {
            for id in std::mem::take(&mut self.workers[slot].door) {
                self.is_reset(id);
            }
        }
        if self.workers[slot].hub.is_some() {
            return self.wake_hub(slot);
        }
        self.wake_all_threads(slot);
    }

    /// Replaces a worker that begins the last of its requests.
    fn may_be_replaced(&mut self, slot: usize) {
        let worker = &mut self.workers[slot];
        worker.begun += 1;
        if worker.begun >= worker.limit {
            self.stop_gracefully(slot);
        }
    }

    /// Runs each second: a worker that is silent for longer than `timeout` is aborted, and a second later
    /// killed.
    pub(super) fn tick(&mut self) {
        if self.is_over {
            return;
        }
        self.calendar.set(self.now + ARBITER_TICK.0, SimEvent::Tick);
        let Some(timeout) = self.scenario.server.timeout else {
            return;
        };
        let now = Stamp(self.now);
        let workers = &self.workers;
        let heartbeat = |slot: usize| heartbeat_of(&workers[slot], now);
        let verdicts = self.table.judge(now, timeout, heartbeat);
        for (slot, _, verdict) in verdicts {
            match verdict {
                // A stopped process does not handle the signal.
                Verdict::Abort if self.workers[slot].frozen => {}
                Verdict::Abort => self.dies(slot, ABORTED),
                Verdict::Kill => self.dies(slot, KILLED),
            }
        }
    }

    /// Plays a timeline event that is due.
    pub(super) fn play_timeline_event(&mut self, index: u16) {
        let now = Stamp(self.now);
        if self.is_over || self.load.course.window_end().is_some_and(|end| end <= now) {
            return;
        }
        let intervention = self.scenario.timeline[usize::from(index)].intervention;
        let target = self.target_of(intervention);
        if intervention.needs_a_worker() && target.is_none() {
            return;
        }
        let marker = Marker {
            at: now,
            intervention,
            worker: target.map(|slot| slot as u16),
            timeline_event: Some(index),
        };
        self.report_event(RecordSource::Driver, &Event::Marked(marker));
        self.carry_out(intervention, target);
    }

    fn carry_out(&mut self, intervention: Intervention, target: Option<usize>) {
        match (intervention, target) {
            (Intervention::AddWorker, _) => {
                self.table.add();
                self.fill_vacancies();
            }
            (Intervention::RemoveWorker, _) => {
                if let Some((slot, _)) = self.table.remove_oldest() {
                    self.stop_gracefully(slot);
                }
            }
            (Intervention::Reload, _) => {
                let wanted = self.scenario.server.workers;
                let leaving = self.table.replace_all(wanted).unwrap_or_default();
                self.fork_all();
                for (slot, _) in leaving {
                    self.stop_gracefully(slot);
                }
            }
            (Intervention::KillWorker, Some(slot)) => self.dies(slot, KILLED),
            (Intervention::StopWorker, Some(slot)) => self.freeze(slot, true),
            (Intervention::ContinueWorker, Some(slot)) => self.freeze(slot, false),
            // The timetable handles the changes of the load itself.
            (
                Intervention::KillWorker
                | Intervention::StopWorker
                | Intervention::ContinueWorker
                | Intervention::SetLoad(_)
                | Intervention::SetRate(_)
                | Intervention::SetClients(_)
                | Intervention::Send(_),
                _,
            ) => {}
        }
    }

    /// Returns the slot of the first worker that can be the target of an intervention.
    fn target_of(&self, intervention: Intervention) -> Option<usize> {
        let mut workers = self.workers.iter();
        workers.position(|worker| worker.is_alive && intervention.can_target(worker.frozen))
    }

    fn freeze(&mut self, slot: usize, freezes: bool) {
        let now = self.now;
        let worker = &mut self.workers[slot];
        if freezes {
            worker.heartbeat = heartbeat_of(worker, Stamp(now)).0;
        }
        worker.frozen = freezes;
        let entities: Vec<u32> = worker.threads.iter().map(|thread| thread.entity).collect();
        for entity in entities {
            if freezes {
                self.machine.freeze(now, entity, &mut self.calendar);
            } else {
                self.machine
                    .continue_entity(now, entity, &mut self.calendar);
            }
        }
        if !freezes && self.scenario.server.kind.has_threads() {
            self.fills_its_queue(slot);
        }
    }

    /// Ends the run after load has finished: workers finish their requests within the graceful timeout.
    pub(super) fn close(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        self.drained = Stamp(self.now);
        self.load.next = None;
        self.give_up_on_all();
        self.end_silence();
        let kept = self.load.take_all_idle();
        for id in kept {
            self.close_client_side(id);
        }
        self.sample();
        for slot in 0..self.workers.len() {
            self.stop_gracefully(slot);
        }
        let Elapsed(patience) = self.scenario.server.graceful_timeout;
        self.calendar
            .set(self.now + patience, SimEvent::KillRemaining);
    }

    /// Kills the workers that have not exited yet.
    pub(super) fn kill_remaining(&mut self) {
        for slot in 0..self.workers.len() {
            self.dies(slot, KILLED);
        }
    }
}

/// Time of a worker's last heartbeat: a worker that sleeps at the listener or in its poller beats by
/// itself, unless it is stopped.
fn heartbeat_of(worker: &Worker, now: Stamp) -> Stamp {
    let is_idle = match &worker.hub {
        Some(hub) => hub.state == hub::State::Asleep,
        // A thread that never serves beats for the process.
        None => {
            worker.threads.len() > 1
                || worker
                    .threads
                    .iter()
                    .any(|it| it.doing == ThreadState::Sleeping)
        }
    };
    if is_idle && !worker.frozen && worker.boot == Boot::Over {
        now
    } else {
        Stamp(worker.heartbeat)
    }
}

impl Worker {
    /// Returns the CPU time of all processes that have ended.
    pub(super) fn cpu_of_the_dead(&self) -> CpuTime {
        CpuTime(self.counts.cpu)
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// Accepts a connection: from now on it counts as begun.
    pub(super) fn accept(&mut self, worker: usize, id: ConnectionId, task: u32) {
        let now = self.now;
        let connection = &mut self.connections[id as usize];
        (connection.accepted, connection.is_taken) = (now, true);
        connection.place = Place::Inside {
            worker: worker as u16,
            handler: task,
        };
        let found = &mut self.workers[worker];
        found.counts.accepted += 1;
        found.open += 1;
        found.counts.begun.step(now, 1);
        found.counts.peak = found.counts.peak.max(found.counts.begun.count);
        if O::WANTS_EVENTS {
            let at = Stamp(now);
            let source = RecordSource::Worker(worker as u16);
            let connection = Some(self.connections[id as usize].birth);
            let accepted = Event::Accepted {
                at,
                task,
                connection,
            };
            self.observer.event(source, &accepted);
        }
    }

    /// Notes that the first bytes of a request are read.
    pub(super) fn begins(&mut self, worker: usize, id: ConnectionId) {
        let now = self.now;
        let connection = &mut self.connections[id as usize];
        (connection.has_begun, connection.has_unread) = (true, false);
        connection.first_read = now;
        if !connection.is_taken {
            (connection.is_taken, connection.accepted) = (true, now);
            let counts = &mut self.workers[worker].counts;
            counts.begun.step(now, 1);
            counts.peak = counts.peak.max(counts.begun.count);
        }
        self.may_be_replaced(worker);
        self.connections[id as usize].stays = self.keeps_connections(worker);
    }

    /// True if an answer that begins now leaves its connection open.
    fn keeps_connections(&self, worker: usize) -> bool {
        let keepalive = policy::keepalive(&self.scenario.server);
        keepalive.is_some() && !self.workers[worker].stopping
    }

    /// Notes that the last byte of an answer is written; returns true if the connection is kept alive.
    pub(super) fn is_answered(&mut self, worker: usize, id: ConnectionId, task: u32) -> bool {
        let now = self.now;
        let connection = &mut self.connections[id as usize];
        connection.is_taken = false;
        let (served, waited) = (
            connection.served(task, now),
            connection.wait_parts(task, now),
        );
        let status = connection.status;
        let counts = &mut self.workers[worker].counts;
        counts.begun.step(now, -1);
        counts.requests += 1;
        if O::WANTS_EVENTS {
            let source = RecordSource::Worker(worker as u16);
            if let Some(waited) = waited {
                self.observer.event(source, &Event::Waited(waited));
            }
            self.observer.event(source, &Event::Served(served));
        }
        let keeps = self.connections[id as usize].stays && self.is_reusable(id);
        self.deliver(id, Ok(status));
        keeps
    }

    /// Closes a connection.
    pub(super) fn disconnect(&mut self, worker: usize, id: ConnectionId) {
        let now = self.now;
        let connection = &self.connections[id as usize];
        if connection.is_taken {
            // Its client closed the connection before the request was begun.
            let served = connection.served(self.task_of(worker, connection), now);
            self.workers[worker].counts.begun.step(now, -1);
            self.report_event(RecordSource::Worker(worker as u16), &Event::Served(served));
        }
        let gone = self.connections.remove(id as usize);
        self.may_connect_again(gone.is_silent());
        self.workers[worker].open = self.workers[worker].open.saturating_sub(1);
        if self.scenario.server.kind.has_threads() {
            self.fills_its_queue(worker);
        }
    }

    /// Returns the task by which a worker's events name a connection.
    fn task_of(&self, worker: usize, connection: &Connection) -> u32 {
        let Place::Inside { handler, .. } = connection.place else {
            return 0;
        };
        match self.workers[worker].hub {
            Some(_) => handler,
            None => self.workers[worker].threads[handler as usize].task,
        }
    }

    /// Returns the connections that a worker has accepted. The search is linear: a list for each worker would cost
    /// every connection more than the rare end of a process.
    fn connections_in(&self, slot: usize) -> Vec<ConnectionId> {
        let is_inside =
            |place| matches!(place, Place::Inside { worker, .. } if usize::from(worker) == slot);
        let connections = self.connections.iter();
        let inside = connections.filter(|(_, connection)| is_inside(connection.place));
        inside.map(|(id, _)| id as ConnectionId).collect()
    }

    /// Notes that a connection's wait has blocked its process.
    pub(super) fn was_blocked(&mut self, worker: usize, id: ConnectionId, task: u32) {
        let now = self.now;
        let connection = &mut self.connections[id as usize];
        connection.end_wait(now);
        let (from, request) = (connection.begun, connection.works_for());
        connection.begun = 0;
        self.gives_link_back(id);
        if O::WANTS_SWITCHES {
            let event = Event::BlockedIn {
                from: Stamp(from),
                to: Stamp(now),
                task,
                request,
            };
            self.observer
                .event(RecordSource::Worker(worker as u16), &event);
        }
    }
}
