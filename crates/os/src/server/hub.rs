//! The hub: the loop of a coroutine worker. Whoever lets go comes back here, and here it is decided
//! who is next.
//!
//! ```text
//!        ┌────────────────────────────────────────────────────────────────────┐
//!        ▼                                                                    │
//!   1 poll ─▶ 2 due timers, then ready sockets, join the queue in order ─▶    │
//!             3 who stands at the door is taken in, while there is room ─▶    │
//!             4 each task that is in the queue now runs once, for 5 ms at most┘
//! ```
//!
//! A task that yields in 4 waits for the next turn, so a computation in slices cannot keep the hub
//! from its sockets. Nor can a long queue: after 5 ms the hub looks up before it goes on with the next
//! in line, as gevent does. One that computes in a single piece can, since nobody takes the core
//! from it, and its hub publishes nothing meanwhile. The hub knows nothing of HTTP or of scripts: what a task does is its user's business.
//!
//! In 3 everybody at the door is taken in, up to a hundred a turn, which is gevent's own rule
//! (`max_accept` in `gevent/baseserver.py`). gunicorn takes one a turn when it has several workers,
//! for an even balance; with requests that compute first, people then stand at the door while a
//! worker has room for a thousand: one that computes for 20 ms and waits for 80 ms never has more
//! than five begun, which hides what coroutines are for.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;

use super::log::log;
use super::task_context::{Shared, TaskContext, WaitReason};
use super::timers::Timers;
use crate::coroutine::{ReadyQueue, Resumed, Stacks, Task, TaskId};
use crate::sys::poller::Ready;
use crate::sys::signals::{Signal, Signals};
use crate::sys::{self, net, processes};
use crate::telemetry::{Event, Phase, RunSlice, SwitchReason};
use concsim_model::units::{Elapsed, Stamp};

/// Tokens that are no channel's.
const LISTENER: u64 = u64::MAX;
const SIGNALS: u64 = u64::MAX - 1;

/// A hub with nothing to do beats at least this often: twice within the shortest `server.timeout`.
const HEARTBEAT: Elapsed = Elapsed::from_secs(1);
/// How long the hub runs tasks before it looks up; what one task does in one piece may take longer.
/// (gevent's loop: `sys.getswitchinterval()`, 5 ms unless it was set.)
const TURN: Elapsed = Elapsed::from_millis(5);
/// How many connections one turn takes at most, so that a crowd cannot keep the hub from its tasks.
const ACCEPTS_A_TURN: usize = 100;
/// How long the door is left alone when the system had no descriptor for a connection.
const DOOR_PAUSE: Elapsed = Elapsed::from_millis(100);

/// A refusal is reported once, until the door was open for so long.
const DOOR_REPORT: Elapsed = Elapsed::from_secs(1);

/// Why a hub ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was told to stop, and everything that it had begun has ended.
    Drained,
    /// A task ran out of stack: whatever it had locked or borrowed stays so.
    Overflowed,
}

/// One worker's hub. `P` plays a connection in a task.
pub(super) struct Hub<'life, P> {
    shared: Rc<Shared>,
    play: Rc<P>,
    queue: ReadyQueue<Task<WaitReason>>,
    stacks: Stacks<WaitReason>,
    timers: Timers,
    listener: &'life TcpListener,
    /// Whether the poller reports the listener.
    at_the_door: bool,
    /// When the door may be looked at again.
    door_closed_until: Stamp,
    signals: Signals,
    phase: Phase,
    /// What the poller reported last; kept to be used again.
    ready: Vec<Ready>,
}

impl<'life, P: Fn(&mut TaskContext<'_>, TcpStream, Stamp) + 'static> Hub<'life, P> {
    /// A hub that holds at most `connections` of the listener's, each played by `play` in a task of
    /// its own.
    pub(super) fn new(
        shared: Rc<Shared>,
        listener: &'life TcpListener,
        signals: Signals,
        connections: usize,
        play: P,
    ) -> sys::Result<Self> {
        shared.poller.borrow().add_listener(&signals, SIGNALS)?;
        Ok(Self {
            shared,
            play: Rc::new(play),
            queue: ReadyQueue::new(connections),
            stacks: Stacks::new(),
            timers: Timers::default(),
            listener,
            at_the_door: false,
            door_closed_until: Stamp::ZERO,
            signals,
            phase: Phase::Booting,
            ready: Vec::new(),
        })
    }

    /// Turns until it was told to stop and is drained.
    pub(super) fn run(mut self) -> sys::Result<Ended> {
        while !(self.shared.stopping.get() && self.queue.open_count() == 0) {
            let somebody_at_the_door = self.poll()?;
            self.join_whose_wait_is_over();
            if somebody_at_the_door {
                self.take_from_the_door();
            }
            if let Some(ended) = self.run_the_ready() {
                return Ok(ended);
            }
        }
        Ok(Ended::Drained)
    }

    /// 1: heartbeat, and what the kernel has to say; whether somebody is at the door.
    fn poll(&mut self) -> sys::Result<bool> {
        let now = self.shared.probe.now();
        self.go_to_the_door_or_leave_it(now)?;
        let timeout = self.until_something_is_due(now);
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
        Ok(self.ready.iter().any(|ready| ready.token == LISTENER))
    }

    /// A full hub leaves the listener to the other workers.
    fn go_to_the_door_or_leave_it(&mut self, now: Stamp) -> sys::Result<()> {
        let wanted =
            self.queue.has_room() && !self.shared.stopping.get() && self.door_closed_until <= now;
        if wanted != self.at_the_door {
            let poller = self.shared.poller.borrow();
            if wanted {
                poller.add_listener(self.listener, LISTENER)?;
            } else {
                poller.remove(self.listener)?;
            }
            self.at_the_door = wanted;
        }
        Ok(())
    }

    fn until_something_is_due(&self, now: Stamp) -> Elapsed {
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

    /// 2: due timers, then ready sockets, in the kernel's order.
    fn join_whose_wait_is_over(&mut self) {
        let now = self.shared.polled.get();
        while let Some(id) = self.timers.take_due(now) {
            self.queue.wake(id);
        }
        let shared = Rc::clone(&self.shared);
        let sources = shared.sources.borrow();
        for ready in &self.ready {
            match ready.token {
                LISTENER => {}
                // Read even by one who stops already: a byte left in the pipe would wake it for ever.
                SIGNALS => {
                    if self.signals.take().contains(&Signal::Terminate) {
                        self.shared.stopping.set(true);
                        for id in sources.iter().filter_map(|(_, it)| it.stop_idling()) {
                            self.queue.wake(id);
                        }
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

    /// 3: takes who stands at the door, as long as there is room.
    fn take_from_the_door(&mut self) {
        for taken in 0..ACCEPTS_A_TURN {
            if !self.queue.has_room() || self.shared.stopping.get() {
                return;
            }
            if !self.stacks.prepare() {
                return self.leave_at_the_door("no memory for another stack");
            }
            match net::accept(self.listener, false) {
                Ok(socket) => self.open(socket),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // After the first one nobody was faster: they have all been taken.
                    if taken == 0 {
                        self.shared.probe.found_nothing();
                    }
                    return;
                }
                // Gone again before it was taken: accept(2), "ERRORS".
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    return self.leave_at_the_door(&error.to_string());
                }
            }
        }
    }

    /// Leaves connections in the listener's queue for a while: what is open may end meanwhile.
    fn leave_at_the_door(&mut self, reason: &str) {
        let now = self.shared.polled.get();
        if self.door_closed_until + DOOR_REPORT <= now || self.door_closed_until == Stamp::ZERO {
            log(&format!("a connection could not be taken: {reason}"));
        }
        self.door_closed_until = now + DOOR_PAUSE;
    }

    fn open(&mut self, socket: TcpStream) {
        let accepted = self.shared.polled.get();
        let connection = net::client_number(&socket);
        let (shared, play) = (Rc::clone(&self.shared), Rc::clone(&self.play));
        let task = self.stacks.start(move |parker| {
            let mut task_context = TaskContext::take(&shared, parker);
            play(&mut task_context, socket, accepted);
        });
        let id = self.queue.open(task);
        self.shared.probe.task_begun();
        self.shared.probe.accepted(accepted, id.0, connection);
    }

    /// 4: each task that is ready now runs once; who is left when time is up goes first next turn.
    fn run_the_ready(&mut self) -> Option<Ended> {
        if self.queue.ready_count() == 0 {
            return None;
        }
        let mut now = self.shared.probe.now();
        self.enter(Phase::Running, now);
        let look_up_at = now + TURN;
        let mut turn = self.queue.begin_turn();
        while now < look_up_at
            && let Some(id) = self.queue.next(&mut turn)
        {
            match self.run_one(id, now) {
                Ok(let_go) => now = let_go,
                Err(ended) => return Some(ended),
            }
        }
        self.publish_tasks(0);
        None
    }

    /// Runs a task from `from` until it lets go; says when that was.
    fn run_one(&mut self, id: TaskId, from: Stamp) -> Result<Stamp, Ended> {
        let shared = Rc::clone(&self.shared);
        let probe = &shared.probe;
        shared.running.set(id);
        shared.resumed.set(from);
        shared.ready.set(from);
        shared.switches.borrow_mut().runs(id);
        probe.runs_since(from);
        self.publish_tasks(1);
        probe.coroutine_switch();
        let resumed = self.queue.task(id).resume();
        probe.coroutine_switch();
        let to = match &resumed {
            Resumed::Parked(_) => shared.let_go.get(),
            Resumed::Ended | Resumed::Panicked(_) | Resumed::Overflowed => probe.now(),
        };
        probe.let_go(from, to);
        let then = self.settle(id, &resumed)?;
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

    /// Puts a task that let go where it belongs.
    fn settle(&mut self, id: TaskId, resumed: &Resumed<WaitReason>) -> Result<SwitchReason, Ended> {
        match resumed {
            Resumed::Parked(pause) => {
                match pause {
                    WaitReason::Yield => self.queue.rejoin(id),
                    WaitReason::Client | WaitReason::Service => self.queue.park(id),
                    WaitReason::Timer(deadline) => {
                        self.queue.park(id);
                        self.timers.set(*deadline, id);
                    }
                }
                Ok(pause.then())
            }
            // A panic has unwound the task, which closed its connection; the hook has told of it.
            Resumed::Ended | Resumed::Panicked(_) => {
                drop(self.queue.close(id));
                self.shared.switches.borrow_mut().closes(id);
                Ok(SwitchReason::Ended)
            }
            Resumed::Overflowed => {
                drop(self.queue.close(id));
                self.publish_tasks(0);
                Err(Ended::Overflowed)
            }
        }
    }

    fn publish_tasks(&self, running: usize) {
        let ready = self.queue.ready_count();
        let parked = self.queue.open_count() - ready - running;
        self.shared.probe.tasks(ready, parked, running);
    }

    fn enter(&mut self, phase: Phase, at: Stamp) {
        if self.phase != phase {
            self.phase = phase;
            self.shared.probe.phase(phase, at);
        }
    }
}
