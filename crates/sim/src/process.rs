//! A worker without a loop, sync or with threads: each of its threads accepts one connection, serves it to
//! its end, and tries to accept again before it sleeps (gunicorn's `workers/sync.py`). A wait blocks the
//! thread, and frees its core. With threads the main thread accepts for the others, into a queue: that takes no
//! core time of its own here.

use std::num::NonZeroU64;

use super::Simulation;
use super::connection::{ConnectionId, Place};
use super::event::EntityId;
use super::event::SimEvent;
use super::hub;
use super::observer::Observer;
use super::script::Need;
use super::thread::{Thread, ThreadState};
use concsim_engine::telemetry::{Phase, SwitchReason, task_number};
use concsim_model::scenario::Accept;

impl<O: Observer> Simulation<'_, O> {
    /// Returns the worker and the thread of an entity, if they live.
    #[inline]
    pub(super) fn thread_of(&self, entity: EntityId) -> Option<(usize, usize)> {
        let (worker, thread) = *self.owners.get(entity as usize)?;
        let found = self.workers.get(worker)?;
        let lives = found.is_alive && found.threads.get(thread)?.entity == entity;
        lives.then_some((worker, thread))
    }

    /// Wakes a thread that sleeps at the listener.
    pub(super) fn wake(&mut self, entity: EntityId) {
        let Some((worker, thread)) = self.thread_of(entity) else {
            return;
        };
        self.no_longer_watches(entity);
        match &mut self.workers[worker].hub {
            Some(hub) => hub.state = hub::State::Polling { woken: true },
            None => self.workers[worker].set_doing(thread, ThreadState::Looking { woken: true }),
        }
        self.wake_thread(worker, thread);
    }

    /// Makes a thread ready after its wake-up time.
    pub(super) fn wake_thread(&mut self, worker: usize, thread: usize) {
        let latency = self.machine_costs.wake_up;
        if latency == 0 {
            return self.work(worker, thread, 0);
        }
        let turn = self.next_turn();
        let thread = &mut self.workers[worker].threads[thread];
        thread.turn = turn;
        let happening = SimEvent::Roused(thread.entity, turn);
        self.calendar.set(self.now + latency, happening);
    }

    /// Wakes a thread that sleeps at the listener for the next request of a keep-alive connection.
    pub(super) fn wake_a_thread(&mut self, worker: usize) {
        let threads = self.workers[worker].threads.iter();
        let mut sleeping = threads.filter(|thread| thread.doing == ThreadState::Sleeping);
        if let Some(entity) = sleeping.next().map(|thread| thread.entity) {
            self.wake(entity);
        }
    }

    /// Wakes all threads that sleep at the listener.
    pub(super) fn wake_all_threads(&mut self, worker: usize) {
        let sleeps = |thread: &&Thread| thread.doing == ThreadState::Sleeping;
        let sleeping = self.workers[worker].threads.iter().filter(sleeps);
        let sleeping: Vec<EntityId> = sleeping.map(|thread| thread.entity).collect();
        for entity in sleeping {
            self.wake(entity);
        }
    }

    /// Runs a thread on its core until it needs core time or loses the core.
    pub(super) fn resume_thread(&mut self, worker: usize, thread: usize) {
        let entity = self.workers[worker].threads[thread].entity;
        loop {
            let goes_on = match self.workers[worker].threads[thread].doing {
                ThreadState::Looking { woken } => self.accept_or_sleep(worker, thread, woken),
                ThreadState::Taking(id) => {
                    self.workers[worker].set_doing(thread, ThreadState::Serving(id));
                    true
                }
                ThreadState::Serving(id) => self.serve(worker, thread, id),
                ThreadState::Waiting(id) => {
                    self.unblock(worker, thread, id);
                    true
                }
                ThreadState::Sleeping | ThreadState::Gone => false,
            };
            if !goes_on || !self.machine.has_core(entity) {
                return;
            }
        }
    }

    /// Accepts the next connection, or puts the thread to sleep at the listener.
    fn accept_or_sleep(&mut self, worker: usize, thread: usize, woken: bool) -> bool {
        let found = &mut self.workers[worker];
        found.heartbeat = self.now;
        let kept = found.next_requests.pop_front();
        if found.stopping && kept.is_none() {
            if found.idle == 0 {
                self.thread_leaves(worker, thread);
            } else {
                self.thread_sleeps(worker, thread, false);
            }
            return false;
        }
        let has_main_thread = self.scenario.server.kind.has_threads();
        let found = match kept {
            Some(kept) => Some(kept),
            None if has_main_thread => None,
            None => self.take_from_the_door(worker),
        };
        let Some(id) = found else {
            // accept(2) does not return to a worker that is woken in it for nothing.
            let is_blocking = self.scenario.server.accept == Accept::Blocking;
            let is_told = woken && !is_blocking && !has_main_thread;
            self.workers[worker].counts.found_nothing += u64::from(is_told);
            self.thread_sleeps(worker, thread, !has_main_thread);
            if has_main_thread {
                // It may have booted just now.
                self.fills_its_queue(worker);
            }
            return false;
        };
        self.takes(worker, thread, id, kept.is_none())
    }

    /// Puts a thread to sleep until a request comes: on a kept connection or, if it `watches` the door, on a new one.
    fn thread_sleeps(&mut self, worker: usize, thread: usize, watches: bool) {
        self.workers[worker].set_doing(thread, ThreadState::Sleeping);
        self.enter_by_threads(worker);
        self.sleep_at_the_door(worker, thread, watches);
    }

    fn takes(&mut self, worker: usize, thread: usize, id: ConnectionId, is_new: bool) -> bool {
        let (now, costs) = (self.now, self.machine_costs);
        let queued = &self.connections[id as usize];
        // Accepted by the main thread, for a thread that is free now.
        let accepted = match queued.place {
            Place::Inside { handler, .. } if queued.is_taken => Some(handler),
            Place::Outside(_) | Place::AtTheDoor | Place::Inside { .. } => None,
        };
        let task = accepted.unwrap_or_else(|| {
            let task = self.workers[worker].next_task;
            self.workers[worker].next_task = task_number(task + 1);
            task
        });
        let mut cost = costs.request;
        let mut ready = now;
        if is_new {
            cost += costs.accept;
            self.accept(worker, id, task);
        } else {
            cost += if accepted.is_some() { costs.accept } else { 0 };
            ready = self.connections[id as usize].accepted;
        }
        let connection = &mut self.connections[id as usize];
        let asks = connection.has_unread;
        connection.place = Place::Inside {
            worker: worker as u16,
            handler: thread as u32,
        };
        let state = &mut self.workers[worker].threads[thread];
        state.begin_run(task, ready, now);
        if self.connections[id as usize].is_silent() && !self.is_over {
            self.blocks(worker, thread, id, SwitchReason::Client);
            self.limit_silence(id);
            return false;
        }
        if !asks {
            // A keep-alive connection has ended.
            self.workers[worker].set_doing(thread, ThreadState::Looking { woken: false });
            self.disconnect(worker, id);
            return true;
        }
        let doing = match cost {
            0 => ThreadState::Serving(id),
            _ => ThreadState::Taking(id),
        };
        self.workers[worker].set_doing(thread, doing);
        self.begins(worker, id);
        self.workers[worker].enter(Phase::Running, now);
        if cost > 0 {
            self.work(worker, thread, cost);
        }
        cost == 0
    }

    /// Continues a connection's script; returns true if the thread continues at once.
    fn serve(&mut self, worker: usize, thread: usize, id: ConnectionId) -> bool {
        if self.connections[id as usize].is_silent() {
            self.end_run_slice(worker, thread, id, SwitchReason::Ended);
            self.workers[worker].set_doing(thread, ThreadState::Looking { woken: false });
            self.disconnect(worker, id);
            return true;
        }
        match self.play_on(worker, thread, id) {
            Need::Compute(_) | Need::Overflow => false,
            // This thread has no other connection.
            Need::LetGo => true,
            Need::Sleep { wait, mode } => {
                self.connections[id as usize].timer = NonZeroU64::new(self.now + wait);
                self.blocks(worker, thread, id, SwitchReason::Timer);
                self.begin_sleep(id, wait, mode);
                false
            }
            Need::Call {
                service,
                wait,
                mode,
            } => {
                self.blocks(worker, thread, id, SwitchReason::Service);
                self.begin_call(id, service, wait, mode);
                false
            }
            Need::Offload(cpu) => {
                self.blocks(worker, thread, id, SwitchReason::Service);
                self.begin_offload(id, cpu);
                false
            }
            Need::Done => self.thread_answers(worker, thread, id),
        }
    }

    fn thread_answers(&mut self, worker: usize, thread: usize, id: ConnectionId) -> bool {
        let task = self.workers[worker].threads[thread].task;
        let keeps = self.is_answered(worker, id, task);
        self.end_run_slice(worker, thread, id, SwitchReason::Ended);
        self.workers[worker].set_doing(thread, ThreadState::Looking { woken: false });
        if keeps {
            let turn = self.next_turn();
            let connection = &mut self.connections[id as usize];
            (connection.turn, connection.begun, connection.has_begun) = (turn, 0, false);
            self.keep_idle(id);
        } else {
            self.disconnect(worker, id);
        }
        true
    }

    /// Ends a run slice, in which a connection had its thread without a wait.
    fn end_run_slice(
        &mut self,
        worker: usize,
        thread: usize,
        id: ConnectionId,
        then: SwitchReason,
    ) {
        if then == SwitchReason::Ended {
            // From the accept on: a sync worker has one request for its whole life.
            let accepted = self.connections[id as usize].accepted;
            let counts = &mut self.workers[worker].counts;
            counts.longest_run = counts.longest_run.max(self.now - accepted);
        }
        self.report_run(worker, thread, id, then);
    }

    /// Puts a thread to sleep in a wait of its connection.
    fn blocks(&mut self, worker: usize, thread: usize, id: ConnectionId, then: SwitchReason) {
        self.end_run_slice(worker, thread, id, then);
        let (now, turn) = (self.now, self.next_turn());
        let connection = &mut self.connections[id as usize];
        (connection.begun, connection.turn, connection.blocks) = (now, turn, true);
        let state = &mut self.workers[worker].threads[thread];
        state.turn = turn;
        let entity = state.entity;
        self.workers[worker].set_doing(thread, ThreadState::Waiting(id));
        self.enter_by_threads(worker);
        self.release(worker, thread);
        self.machine.sleep(now, entity, &mut self.calendar);
    }

    fn unblock(&mut self, worker: usize, thread: usize, id: ConnectionId) {
        let now = self.now;
        let state = &mut self.workers[worker].threads[thread];
        let (task, over) = (state.task, self.connections[id as usize].over);
        state.begin_run(task, over, now);
        self.workers[worker].set_doing(thread, ThreadState::Serving(id));
        self.workers[worker].enter(Phase::Running, now);
        self.was_blocked(worker, id, task);
    }

    fn enter_by_threads(&mut self, worker: usize) {
        let worker = &mut self.workers[worker];
        worker.enter(worker.activity.phase(), self.now);
    }

    fn thread_leaves(&mut self, worker: usize, thread: usize) {
        let entity = self.workers[worker].threads[thread].entity;
        self.workers[worker].set_doing(thread, ThreadState::Gone);
        self.release(worker, thread);
        let threads = &self.workers[worker].threads;
        if threads
            .iter()
            .all(|thread| thread.doing == ThreadState::Gone)
        {
            self.leaves(worker, 0);
        } else {
            self.machine.sleep(self.now, entity, &mut self.calendar);
        }
    }
}
