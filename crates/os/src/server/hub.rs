//! The hub: the loop of a worker with coroutines or callbacks. Every task that lets go returns here, and the
//! hub picks the next one.
//!
//! ```text
//!        ┌────────────────────────────────────────────────────────────────────┐
//!        ▼                                                                    │
//!   1 poll ─▶ 2 due timers, then ready sockets, join the queue in order ─▶    │
//!             3 clients at the door are accepted, while there is room ─▶      │
//!             4 each task that is in the queue now runs once, for 5 ms at most┘
//! ```
//!
//! A task that yields in 4 waits for the next turn, so a computation in slices cannot keep the hub from its
//! sockets. Nor can a long queue: after 5 ms the hub polls again before it goes on with the queue, as
//! gevent does. A computation in one piece can: nothing preempts a task, and the hub publishes nothing
//! meanwhile. The hub knows nothing of HTTP, scripts or stacks: its caller supplies the [`Tasks`].
//!
//! In 3 all clients at the door are accepted, up to a hundred a turn, as in gevent (`max_accept` in
//! `gevent/baseserver.py`). gunicorn accepts one a turn if it has several workers, for an even balance.
//! Then clients stand at the door of a worker with room for a thousand: if requests first compute 20 ms and
//! then wait 80 ms, such a worker never has more than five begun, which hides what coroutines are for.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::rc::Rc;

use super::ACCEPT_PAUSE;
use super::door::Listener;
use super::log::log;
use super::task_context::{Shared, WaitReason};
use super::timers::Timers;
use crate::coroutine::{ReadyQueue, Resumed, TaskId};
use crate::sys::poller::Ready;
use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, net, processes};
use crate::telemetry::{Event, Phase, RunSlice, SwitchReason};
use concsim_engine::policy::{ACCEPTS_PER_TURN, HEARTBEAT, HUB_TURN};
use concsim_model::units::{Elapsed, Stamp};

/// Tokens that are not of a source.
const LISTENER: u64 = u64::MAX;
const SIGNALS: u64 = u64::MAX - 1;
const POOL: u64 = u64::MAX - 2;

/// Time that the door must be open before another refusal is logged.
const DOOR_REPORT: Elapsed = Elapsed::from_secs(1);

/// Reasons for the end of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HubExit {
    /// It was told to stop, and every task has ended.
    Drained,
    /// A task ran out of stack: whatever it had locked or borrowed stays so.
    Overflowed,
}

/// Reasons to look for clients at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// The poller reports one.
    Woken,
    /// The poller has reported nothing for long, which may be because another worker was woken and is gone.
    Unasked,
}

/// Tasks of a hub, one for each connection: coroutines, or state machines.
pub(super) trait Tasks {
    /// One task.
    type Task;

    /// Makes sure that another task can begin. Returns false if there is no memory for it.
    fn prepare(&self) -> bool {
        true
    }

    /// Begins the task of a connection that was accepted at `accepted`. It runs when it is resumed.
    fn begin(&self, socket: TcpStream, accepted: Stamp) -> Self::Task;

    /// Runs a task until it lets go.
    fn resume(&self, task: &mut Self::Task) -> Resumed<WaitReason>;

    /// Returns the number of switches to come if `waiting` tasks and the `running` one end without another
    /// wait. Without stacks there are none.
    fn switches_to_come(_waiting: usize, _running: usize) -> usize {
        0
    }
}

/// Hub of one worker.
pub(super) struct Hub<T: Tasks> {
    shared: Rc<Shared>,
    tasks: T,
    queue: ReadyQueue<T::Task>,
    timers: Timers,
    /// `None` once it stops: a queue of its own is closed, and not left to its last task.
    listener: Option<Listener>,
    /// True if the poller reports the listener.
    at_the_door: bool,
    /// Instant at which accepts may resume.
    door_closed_until: Stamp,
    signals: Signals,
    phase: Phase,
    /// Result of the last poll; its memory is used again.
    ready: Vec<Ready>,
}

impl<T: Tasks> Hub<T> {
    /// Creates a hub that holds at most `connections` of the listener's, each served by a task of its own.
    pub(super) fn new(
        shared: Rc<Shared>,
        listener: Listener,
        signals: Signals,
        connections: usize,
        tasks: T,
    ) -> sys::Result<Self> {
        shared.poller.borrow().add_listener(&signals, SIGNALS)?;
        if let Some(pool) = shared.pool() {
            shared.poller.borrow().add_listener(pool, POOL)?;
        }
        Ok(Self {
            shared,
            tasks,
            queue: ReadyQueue::new(connections),
            timers: Timers::default(),
            listener: Some(listener),
            at_the_door: false,
            door_closed_until: Stamp::ZERO,
            signals,
            phase: Phase::Booting,
            ready: Vec::new(),
        })
    }

    /// Turns until it is told to stop and has drained.
    pub(super) fn run(mut self) -> sys::Result<HubExit> {
        while !(self.shared.stopping.get() && self.queue.open_count() == 0) {
            let reason = self.poll()?;
            self.wake_ready_tasks();
            if let Some(reason) = reason {
                self.accept_connections(reason);
            }
            if let Some(ended) = self.run_ready_tasks() {
                return Ok(ended);
            }
        }
        Ok(HubExit::Drained)
    }

    /// 1: beats and polls. Returns the reason to look for clients at the door.
    fn poll(&mut self) -> sys::Result<Option<Look>> {
        let now = self.shared.probe.now();
        self.watch_the_door(now)?;
        let timeout = self.poll_timeout(now);
        if timeout > Elapsed::ZERO {
            self.enter(
                if self.shared.stopping.get() {
                    Phase::Draining
                } else {
                    Phase::Idle
                },
                now,
            );
        }
        let mut poller = self.shared.poller.borrow_mut();
        poller.wait(Some(timeout), &mut self.ready)?;
        let back = self.shared.probe.now();
        self.shared.polled.set(back);
        self.shared.probe.heartbeat(back);
        if self.ready.iter().any(|ready| ready.token == LISTENER) {
            return Ok(Some(Look::Woken));
        }
        let waited_in_vain = self.ready.is_empty() && timeout == HEARTBEAT;
        let may_be_overlooked = self
            .listener
            .as_ref()
            .is_some_and(Listener::may_be_overlooked);
        Ok((waited_in_vain && may_be_overlooked).then_some(Look::Unasked))
    }

    /// Registers the listener, or removes it: a full hub leaves its clients to the other workers.
    fn watch_the_door(&mut self, now: Stamp) -> sys::Result<()> {
        let wanted =
            self.queue.has_room() && !self.shared.stopping.get() && self.door_closed_until <= now;
        if wanted != self.at_the_door {
            let poller = self.shared.poller.borrow();
            match &self.listener {
                Some(listener) if wanted => listener.watch(&poller, LISTENER)?,
                Some(listener) => poller.remove(listener)?,
                None => {}
            }
            self.at_the_door = wanted;
        }
        if self.shared.stopping.get() {
            self.listener = None;
        }
        Ok(())
    }

    fn poll_timeout(&self, now: Stamp) -> Elapsed {
        if self.queue.ready_count() > 0 {
            return Elapsed::ZERO;
        }
        let late = self.shared.deadlines.borrow().earliest();
        let door = (self.door_closed_until > now).then_some(self.door_closed_until);
        let due = [self.timers.earliest(), late, door];
        due.into_iter()
            .flatten()
            .map(|due| due.since(now))
            .fold(HEARTBEAT, Elapsed::min)
    }

    /// 2: wakes the tasks of due timers, then of ready sockets, in the kernel's order, then of timeouts.
    fn wake_ready_tasks(&mut self) {
        let now = self.shared.polled.get();
        while let Some(id) = self.timers.take_due(now) {
            self.queue.wake(id);
        }
        let shared = Rc::clone(&self.shared);
        let sources = shared.sources.borrow();
        for ready in &self.ready {
            match ready.token {
                LISTENER => {}
                POOL => {
                    let pool = shared.pool().expect("the poller reports the pool");
                    pool.drain_wakes();
                    while let Some(id) = pool.next_over() {
                        self.queue.wake(id);
                    }
                }
                // Also read by a hub that stops already: a byte left in the pipe would wake it for ever.
                SIGNALS => {
                    if self.signals.take().contains(&Signal::Terminate) {
                        self.shared.stopping.set(true);
                    }
                }
                place => {
                    if let Some(id) = sources[place as usize].note(*ready) {
                        self.queue.wake(id);
                    }
                }
            }
        }
        while let Some(id) = shared.take_late(now) {
            self.queue.wake(id);
        }
    }

    /// 3: accepts the clients at the door, as long as there is room.
    fn accept_connections(&mut self, reason: Look) {
        for taken in 0..ACCEPTS_PER_TURN {
            if !self.queue.has_room() || self.shared.stopping.get() {
                return;
            }
            if !self.tasks.prepare() {
                return self.pause_accepting("no memory for another stack");
            }
            let Some(listener) = &self.listener else {
                return;
            };
            match listener.accept() {
                Ok(socket) => self.open(socket),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // An accept after the first one finds nothing because this hub has taken all of them.
                    if taken == 0 && reason == Look::Woken {
                        self.shared.probe.found_nothing();
                    }
                    return;
                }
                // The client had left before: accept(2), "ERRORS".
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    return self.pause_accepting(&error.to_string());
                }
            }
        }
    }

    /// Leaves connections in the listener's queue for a while; open ones may end meanwhile.
    fn pause_accepting(&mut self, reason: &str) {
        let now = self.shared.polled.get();
        if self.door_closed_until + DOOR_REPORT <= now || self.door_closed_until == Stamp::ZERO {
            log(&format!("a connection could not be taken: {reason}"));
        }
        self.door_closed_until = now + ACCEPT_PAUSE;
    }

    fn open(&mut self, socket: TcpStream) {
        let accepted = self.shared.polled.get();
        let connection = net::client_number(&socket);
        let id = self.queue.open(self.tasks.begin(socket, accepted));
        self.shared.probe.accepted(accepted, id.0, connection);
    }

    /// 4: runs each task that is ready now once. The rest, when time is up, go first in the next turn.
    fn run_ready_tasks(&mut self) -> Option<HubExit> {
        if self.queue.ready_count() == 0 {
            return None;
        }
        let mut now = self.shared.probe.now();
        self.enter(Phase::Running, now);
        let turn_ends = now + HUB_TURN;
        let mut turn = self.queue.begin_turn();
        while now < turn_ends
            && let Some(id) = self.queue.next(&mut turn)
        {
            match self.run_one(id, now) {
                Ok(yielded_at) => now = yielded_at,
                Err(ended) => return Some(ended),
            }
        }
        self.publish_tasks(0);
        None
    }

    /// Runs a task from `from` until it lets go. Returns the instant at which it did.
    fn run_one(&mut self, id: TaskId, from: Stamp) -> Result<Stamp, HubExit> {
        let shared = Rc::clone(&self.shared);
        let probe = &shared.probe;
        shared.running.set(id);
        shared.resumed.set(from);
        shared.ready.set(from);
        shared.switches.borrow_mut().runs(id);
        probe.runs_since(from);
        self.publish_tasks(1);
        let resumed = self.tasks.resume(self.queue.task(id));
        let to = match &resumed {
            Resumed::Parked(_) => shared.yielded_at.get(),
            Resumed::Ended | Resumed::Panicked(_) | Resumed::Overflowed => probe.now(),
        };
        probe.end_run(from, to);
        for woken in shared.woken.borrow_mut().drain(..) {
            self.queue.wake(woken);
        }
        let then = self.requeue(id, &resumed)?;
        probe.event(&Event::RunSlice(RunSlice {
            ready: shared.ready.get().min(from),
            from,
            to,
            task: id.0,
            request: shared.request.get(),
            then,
            due: match &resumed {
                Resumed::Parked(WaitReason::Timer(due)) => Some(*due),
                _ => None,
            },
            core: processes::own_core(),
        }));
        Ok(to)
    }

    /// Puts a task that let go into the queue, among the timers, or aside; closes it if it has ended.
    fn requeue(
        &mut self,
        id: TaskId,
        resumed: &Resumed<WaitReason>,
    ) -> Result<SwitchReason, HubExit> {
        match resumed {
            Resumed::Parked(pause) => {
                match pause {
                    WaitReason::Yield => self.queue.rejoin(id),
                    WaitReason::Client | WaitReason::Service | WaitReason::InThreads(_) => {
                        self.queue.park(id);
                    }
                    WaitReason::Timer(deadline) => {
                        self.queue.park(id);
                        self.timers.set(*deadline, id);
                    }
                }
                Ok(pause.then())
            }
            // A panic has unwound the task, which closed its connection; the hook has reported it.
            Resumed::Ended | Resumed::Panicked(_) => {
                drop(self.queue.close(id));
                self.shared.switches.borrow_mut().closes(id);
                Ok(SwitchReason::Ended)
            }
            Resumed::Overflowed => {
                drop(self.queue.close(id));
                self.publish_tasks(0);
                Err(HubExit::Overflowed)
            }
        }
    }

    fn publish_tasks(&self, running: usize) {
        let ready = self.queue.ready_count();
        let parked = self.queue.open_count() - ready - running;
        let switches = T::switches_to_come(ready + parked, running);
        self.shared.probe.tasks(ready, parked, switches);
    }

    fn enter(&mut self, phase: Phase, at: Stamp) {
        if self.phase != phase {
            self.phase = phase;
            self.shared.probe.phase(phase, at);
        }
    }
}
