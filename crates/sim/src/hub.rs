//! A worker with a loop: the turn of `server::hub`, in virtual time, with the same ready queue.
//!
//! ```text
//!        ┌──────────────────────────────────────────────────────────────────┐
//!        ▼                                                                  │
//!   1 poll ─▶ 2 due timers, then ready sockets, join the queue in order ─▶  │
//!             3 accepts, up to a hundred, while there is room ─▶            │
//!             4 each task in the queue runs once, for 5 ms at most ─────────┘
//! ```
//!
//! Tasks are not preempted by the hub; the machine may take the core from the worker. A worker with
//! callbacks runs the same loop, but has no coroutines to switch between.

use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::Simulation;
use super::connection::{ConnectionId, Place};
use super::observer::Observer;
use super::script::Need;
use concsim_engine::policy::{ACCEPTS_PER_TURN, HUB_TURN, is_yield};
use concsim_engine::telemetry::{Phase, SwitchReason};
use concsim_engine::{ReadyQueue, TaskId, Turn};
use concsim_model::scenario::WaitMode;
use concsim_model::units::Elapsed;

/// State of a hub in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Sleeping in the poller, with nothing to do.
    Asleep,
    /// Polling (1).
    Polling {
        /// True if it slept before.
        woken: bool,
    },
    /// After accepting, before running tasks (between 3 and 4).
    TurnBegins,
    /// Between two tasks (4).
    Turning,
    /// A task runs.
    Running(TaskId),
    /// The process sleeps in a wait of this task.
    Blocked(TaskId),
}

/// A loop, and its tasks.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) state: State,
    pub(super) queue: ReadyQueue<ConnectionId>,
    timers: VecDeque<TaskId>,
    sockets: VecDeque<TaskId>,
    turn: Turn,
    look_up_at: u64,
    polled: u64,
}

impl Hub {
    pub(super) fn new(connections: usize) -> Self {
        let queue = ReadyQueue::new(connections);
        Self {
            state: State::Polling { woken: false },
            turn: queue.begin_turn(),
            queue,
            timers: VecDeque::new(),
            sockets: VecDeque::new(),
            look_up_at: 0,
            polled: 0,
        }
    }

    /// Returns the running task, if there is one.
    pub(super) fn running(&self) -> Option<TaskId> {
        match self.state {
            State::Running(task) | State::Blocked(task) => Some(task),
            State::Asleep | State::Polling { .. } | State::TurnBegins | State::Turning => None,
        }
    }

    /// Returns the numbers of ready and of parked tasks.
    pub(super) fn ready_and_parked(&self) -> (u64, u64) {
        let ready = self.queue.ready_count();
        let running = usize::from(self.running().is_some());
        let parked = self.queue.open_count() - ready - running;
        (ready as u64, parked as u64)
    }

    fn has_news(&self) -> bool {
        !self.timers.is_empty() || !self.sockets.is_empty()
    }
}

impl<O: Observer> Simulation<'_, O> {
    fn hub(&mut self, worker: usize) -> &mut Hub {
        let hub = &mut self.workers[worker].hub;
        hub.as_mut().expect("a worker with a loop has a hub")
    }

    /// Makes a parked task ready after its wait.
    pub(super) fn task_is_ready(&mut self, worker: usize, task: TaskId, by_timer: bool) {
        let hub = self.hub(worker);
        if by_timer {
            hub.timers.push_back(task);
        } else {
            hub.sockets.push_back(task);
        }
        self.wake_hub(worker);
    }

    /// Makes a parked task ready, as a task of the same hub does, or a thread of its pool.
    pub(super) fn wake_task(&mut self, worker: usize, task: TaskId) {
        let hub = self.hub(worker);
        if hub.running().is_some() {
            hub.queue.wake(task);
        } else {
            self.task_is_ready(worker, task, false);
        }
    }

    /// Wakes a sleeping hub to poll.
    pub(super) fn wake_hub(&mut self, worker: usize) {
        if self.hub(worker).state == State::Asleep {
            let entity = self.workers[worker].threads[0].entity;
            self.wake(entity);
        }
    }

    /// Runs the hub on its core until it needs core time or loses the core.
    pub(super) fn resume_hub(&mut self, worker: usize) {
        let entity = self.workers[worker].threads[0].entity;
        loop {
            let goes_on = match self.hub(worker).state {
                State::Asleep => false,
                State::Polling { woken } => self.poll(worker, woken),
                State::TurnBegins => self.begin_turn(worker),
                State::Turning => self.run_next(worker),
                State::Running(task) => self.run_on(worker, task),
                State::Blocked(task) => {
                    self.unblock_hub(worker, task);
                    self.run_on(worker, task)
                }
            };
            if !goes_on || !self.machine.has_core(entity) {
                return;
            }
        }
    }

    /// Runs steps 1 to 3.
    fn poll(&mut self, worker: usize, woken: bool) -> bool {
        let now = self.now;
        self.workers[worker].heartbeat = now;
        let hub = self.hub(worker);
        hub.polled = now;
        let has_news = hub.has_news();
        for task in hub.timers.drain(..).chain(hub.sockets.drain(..)) {
            hub.queue.wake(task);
        }
        let mut cost = 0;
        let mut taken = 0;
        while taken < ACCEPTS_PER_TURN && self.may_take(worker) {
            let Some(id) = self.take_from_the_door(worker) else {
                break;
            };
            taken += 1;
            cost += self.machine_costs.accept;
            self.open_task(worker, id);
        }
        if woken && taken == 0 && !has_news && self.may_take(worker) {
            self.workers[worker].counts.found_nothing += 1;
        }
        self.hub(worker).state = State::TurnBegins;
        self.uses(worker, cost)
    }

    fn may_take(&mut self, worker: usize) -> bool {
        !self.workers[worker].stopping && self.hub(worker).queue.has_room()
    }

    /// Uses core time; returns true if none is needed.
    fn uses(&mut self, worker: usize, cost: u64) -> bool {
        if cost == 0 {
            return true;
        }
        let phase = Phase::Running;
        self.workers[worker].enter(phase, self.now);
        self.work(worker, 0, cost);
        false
    }

    fn open_task(&mut self, worker: usize, id: ConnectionId) {
        let task = self.hub(worker).queue.open(id);
        self.workers[worker].counts.tasks += u64::from(self.has_coroutines);
        self.accept(worker, id, task.0);
    }

    /// Begins step 4, or puts the hub to sleep.
    fn begin_turn(&mut self, worker: usize) -> bool {
        let now = self.now;
        let (stopping, may_take) = (self.workers[worker].stopping, self.may_take(worker));
        let may_accept = may_take && self.has_waiting(worker);
        let hub = self.hub(worker);
        if hub.queue.ready_count() > 0 {
            hub.turn = hub.queue.begin_turn();
            hub.look_up_at = now + HUB_TURN.0;
            hub.state = State::Turning;
            self.workers[worker].enter(Phase::Running, now);
            return true;
        }
        if hub.has_news() || may_accept {
            hub.state = State::Polling { woken: false };
            return true;
        }
        if stopping && hub.queue.open_count() == 0 {
            self.leaves(worker, 0);
            return false;
        }
        hub.state = State::Asleep;
        let phase = if stopping {
            Phase::Draining
        } else {
            Phase::Idle
        };
        self.workers[worker].enter(phase, now);
        self.sleep_at_the_door(worker, 0, may_take);
        false
    }

    fn run_next(&mut self, worker: usize) -> bool {
        let (now, costs, has_coroutines) = (self.now, self.machine_costs, self.has_coroutines);
        let hub = self.hub(worker);
        let next = (now < hub.look_up_at)
            .then(|| hub.queue.next(&mut hub.turn))
            .flatten();
        let Some(task) = next else {
            hub.state = State::Polling { woken: false };
            return true;
        };
        let id = *hub.queue.task(task);
        hub.state = State::Running(task);
        let connection = &mut self.connections[id as usize];
        let could_run = if connection.begun == 0 {
            connection.accepted
        } else {
            connection.end_wait(now);
            connection.over.max(connection.begun)
        };
        connection.begun = 0;
        let mut cost = costs.coroutine_switch;
        if connection.has_unread {
            self.begins(worker, id);
            cost += costs.request;
        }
        self.workers[worker].threads[0].begin_run(task.0, could_run, now);
        self.gives_link_back(id);
        self.workers[worker].counts.switches += u64::from(has_coroutines);
        self.uses(worker, cost)
    }

    /// Continues a task that has had its core time.
    fn run_on(&mut self, worker: usize, task: TaskId) -> bool {
        let id = *self.hub(worker).queue.task(task);
        let connection = &self.connections[id as usize];
        if connection.is_silent() && connection.over == 0 {
            self.begin_wait(worker, task, id, SwitchReason::Client, WaitMode::Patched);
            self.limit_silence(id);
            return true;
        }
        if !connection.has_begun {
            // It was woken by the end of the connection, not by a request.
            return self.closes(worker, task, id);
        }
        // A call that was sent is over by now, and its connection given back.
        if let Some(call) = self.connections[id as usize].call {
            // It has waited for its connection to a service.
            self.begin_wait(worker, task, id, SwitchReason::Service, call.mode);
            self.goes_on_with_call(id);
            return call.mode != WaitMode::Unpatched;
        }
        match self.play_on(worker, 0, id) {
            Need::Compute(_) | Need::Overflow => false,
            Need::LetGo => self.yields(worker, task, id),
            Need::Sleep { wait, mode } if mode == WaitMode::Patched && is_yield(Elapsed(wait)) => {
                self.yields(worker, task, id)
            }
            Need::Sleep { wait, mode } => {
                let due = NonZeroU64::new(self.now + wait);
                self.connections[id as usize].timer = due.filter(|_| mode != WaitMode::InThreads);
                self.begin_wait(worker, task, id, SwitchReason::Timer, mode);
                self.begin_sleep(id, wait, mode);
                mode != WaitMode::Unpatched
            }
            Need::Call {
                service,
                wait,
                mode,
            } => {
                // A task waits for a place in the pool by the hub, whatever its library does in the call.
                let is_queued = !self.has_room_for_a_link(worker, service);
                let parks = is_queued || mode != WaitMode::Unpatched;
                let first = if parks { WaitMode::Patched } else { mode };
                self.begin_wait(worker, task, id, SwitchReason::Service, first);
                self.begin_call(id, service, wait, mode);
                parks
            }
            Need::Offload(cpu) => {
                self.begin_wait(worker, task, id, SwitchReason::Service, WaitMode::Patched);
                self.begin_offload(id, cpu);
                true
            }
            Need::Done => self.answers(worker, task, id),
        }
    }

    fn yields(&mut self, worker: usize, task: TaskId, id: ConnectionId) -> bool {
        let now = self.now;
        let connection = &mut self.connections[id as usize];
        (connection.begun, connection.over) = (now, now);
        self.end_run(worker, task, id, SwitchReason::Yielded);
        true
    }

    fn begin_wait(
        &mut self,
        worker: usize,
        task: TaskId,
        id: ConnectionId,
        then: SwitchReason,
        mode: WaitMode,
    ) {
        let (now, turn) = (self.now, self.next_turn());
        let connection = &mut self.connections[id as usize];
        (connection.begun, connection.turn) = (now, turn);
        connection.blocks = mode == WaitMode::Unpatched;
        connection.by_timer = then == SwitchReason::Timer;
        if mode != WaitMode::Unpatched {
            return self.end_run(worker, task, id, then);
        }
        self.hub(worker).state = State::Blocked(task);
        self.workers[worker].enter(Phase::Blocked, now);
        let entity = self.workers[worker].threads[0].entity;
        self.workers[worker].threads[0].turn = turn;
        self.machine.sleep(now, entity, &mut self.calendar);
    }

    /// Continues a hub whose process has slept in a wait and has its core again.
    fn unblock_hub(&mut self, worker: usize, task: TaskId) {
        let now = self.now;
        let hub = self.hub(worker);
        let id = *hub.queue.task(task);
        hub.state = State::Running(task);
        self.workers[worker].enter(Phase::Running, now);
        self.was_blocked(worker, id, task.0);
    }

    /// Yields the hub: the task waits or stays ready.
    fn end_run(&mut self, worker: usize, task: TaskId, id: ConnectionId, then: SwitchReason) {
        let has_coroutines = self.has_coroutines;
        let counts = &mut self.workers[worker].counts;
        counts.waits += u64::from(has_coroutines);
        self.run_is_over(worker, id, then);
        let hub = self.hub(worker);
        hub.state = State::Turning;
        if then == SwitchReason::Yielded {
            hub.queue.rejoin(task);
        } else {
            hub.queue.park(task);
        }
    }

    fn run_is_over(&mut self, worker: usize, id: ConnectionId, then: SwitchReason) {
        let found = &mut self.workers[worker];
        let length = self.now - found.threads[0].from;
        found.counts.switches += u64::from(self.has_coroutines);
        found.counts.longest_run = found.counts.longest_run.max(length);
        self.report_run(worker, 0, id, then);
    }

    /// Ends an answer after its last byte: the connection is kept alive or closed.
    fn answers(&mut self, worker: usize, task: TaskId, id: ConnectionId) -> bool {
        let keeps = self.is_answered(worker, id, task.0);
        if !keeps {
            return self.closes(worker, task, id);
        }
        let turn = self.next_turn();
        let connection = &mut self.connections[id as usize];
        connection.turn = turn;
        (connection.begun, connection.over) = (self.now, self.now);
        connection.by_timer = false;
        self.end_run(worker, task, id, SwitchReason::Client);
        let connection = &mut self.connections[id as usize];
        // Between two requests the wait is the client's, not a request's.
        (connection.has_begun, connection.begun) = (false, 0);
        self.keep_idle(id);
        true
    }

    fn closes(&mut self, worker: usize, task: TaskId, id: ConnectionId) -> bool {
        self.run_is_over(worker, id, SwitchReason::Ended);
        let hub = self.hub(worker);
        hub.state = State::Turning;
        hub.queue.close(task);
        self.disconnect(worker, id);
        true
    }

    /// Makes a task ready for the next request on a keep-alive connection, or for its end.
    pub(super) fn became_ready(&mut self, id: ConnectionId) {
        let now = self.now;
        let Place::Inside { worker, handler } = self.connections[id as usize].place else {
            return;
        };
        let connection = &mut self.connections[id as usize];
        connection.accepted = now;
        let worker = usize::from(worker);
        if !self.scenario.server.kind.has_threads() {
            return self.task_is_ready(worker, TaskId(handler), false);
        }
        let found = &mut self.workers[worker];
        found.next_requests.push_back(id);
        found.idle -= 1;
        if found.stopping && found.idle == 0 {
            // Those for which there is nothing left to do end.
            return self.wake_all_threads(worker);
        }
        self.wake_a_thread(worker);
    }
}
