//! A hub for demonstrations: named coroutines of one thread, and the rules of greenlet and gevent for them.
//!
//! ```text
//!              ┌─────── switch_to: directly, 1 switch ───────┐
//!   worker_a ──┤                                             ├─▶ worker_b
//!              └─▶ hub: ready queue, poll, timers ──────────┘
//!                      yield_now: 2 switches
//! ```
//!
//! - The hub is the parent of each coroutine: one that ends leaves control to the hub.
//! - A yield (`sleep(0)`) joins the ready queue; a sleep waits for a timer.
//! - A kill and a timeout are errors of the wait, raised when the coroutine is resumed: nothing interrupts
//!   a coroutine that runs.
//! - If all coroutines wait, and no timer is set, the hub ends with an error instead of waiting for ever.
//! - A coroutine can be resumed by its own thread alone.
//!
//! The hub of a worker (`concsim_os`, `server/hub.rs`) has sockets, too, and no direct hand-overs.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::rc::Rc;
use std::thread::{self, ThreadId};

use concsim_model::units::{Elapsed, Stamp};
use concsim_os::coroutine::{Parker, Resumed, Stacks, Task};
use concsim_os::sys;
use concsim_os::sys::clock::Clock;
use concsim_os::sys::poller::Poller;
use serde::Serialize;

/// Name of the hub in traces.
pub(super) const HUB: &str = "hub";

/// Switch of control, as `greenlet.settrace` reports it: after the stacks are switched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Switch {
    /// `throw` if control came with an error, else `switch`.
    pub event: &'static str,
    /// Coroutine, or hub, that had control.
    pub origin: String,
    /// Coroutine, or hub, that has it now.
    pub target: String,
}

/// Coroutine of some thread. May be sent to other threads, which cannot resume it.
#[derive(Clone, Debug)]
pub(super) struct Address {
    thread: ThreadId,
    thread_name: String,
    index: usize,
}

/// Error that a wait returns because something has raised it in the waiting coroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Thrown {
    /// It was killed.
    #[error("killed")]
    Killed,
    /// Its time is over.
    #[error("timed out")]
    TimedOut,
}

/// Error of a hand-over to a coroutine of another thread.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot switch to a different thread\n\tCurrent:  {current}\n\tExpected: {expected}")]
pub(super) struct DifferentThread {
    /// Thread that has tried it.
    pub(super) current: String,
    /// Thread of the coroutine.
    pub(super) expected: String,
}

/// Error of a hub all of whose coroutines wait for nothing that can happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "This operation would block forever: parked without a timer: {}",
    parked.join(", ")
)]
pub(super) struct BlockedForever {
    /// Names of the coroutines.
    pub(super) parked: Vec<String>,
}

/// Reason for which a coroutine leaves control to the hub.
enum LetGo {
    /// Another coroutine is to run now.
    To(usize),
    /// It yields.
    Yield,
    /// It waits for this instant.
    Until(Stamp),
    /// It waits until it is woken.
    Wait,
}

/// State that the hub and its coroutines share.
struct Shared {
    thread: ThreadId,
    thread_name: String,
    clock: Clock,
    names: RefCell<Vec<&'static str>>,
    /// Index of the coroutine that has control; [`None`]: the hub.
    running: Cell<Option<usize>>,
    trace: RefCell<Option<Vec<Switch>>>,
    ready: RefCell<VecDeque<usize>>,
    timers: RefCell<BinaryHeap<Reverse<(Stamp, usize, Purpose)>>>,
    /// Errors to be raised at the next resume.
    thrown: RefCell<BTreeMap<usize, Thrown>>,
    /// Turn of each coroutine's wait: a timer of an earlier wait is over.
    waits: RefCell<Vec<Wait>>,
}

/// Effect of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    /// Ends the sleep with this number.
    Wake(u64),
    /// Raises a timeout.
    TimeOut,
}

/// Wait of a coroutine.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    number: u64,
    is_parked: bool,
}

impl Wait {
    /// True if the coroutine is in the wait with this number.
    fn is_in(self, number: u64) -> bool {
        self.is_parked && self.number == number
    }
}

/// Hub of the thread that made it.
pub(super) struct Hub {
    shared: Rc<Shared>,
    stacks: Stacks<LetGo>,
    tasks: Vec<Option<Task<LetGo>>>,
    poller: Poller,
}

/// Handle of the coroutine that runs.
pub(super) struct Me<'task> {
    shared: Rc<Shared>,
    index: usize,
    parker: &'task mut Parker<LetGo>,
}

impl Hub {
    /// Creates a hub without coroutines for this thread, which `thread_name` names.
    ///
    /// # Errors
    /// Fails if the system has no poller left.
    pub(super) fn new(thread_name: &str) -> sys::Result<Self> {
        Ok(Self {
            shared: Rc::new(Shared {
                thread: thread::current().id(),
                thread_name: thread_name.to_owned(),
                clock: Clock::starting_now(),
                names: RefCell::default(),
                running: Cell::new(None),
                trace: RefCell::default(),
                ready: RefCell::default(),
                timers: RefCell::default(),
                thrown: RefCell::default(),
                waits: RefCell::default(),
            }),
            stacks: Stacks::new(),
            tasks: Vec::new(),
            poller: Poller::new()?,
        })
    }

    /// Records each switch from now on.
    #[must_use]
    pub(super) fn traced(self) -> Self {
        *self.shared.trace.borrow_mut() = Some(Vec::new());
        self
    }

    /// Adds a coroutine. It starts when the hub runs and it is its turn, or with the first hand-over to it.
    pub(super) fn spawn(
        &mut self,
        name: &'static str,
        body: impl FnOnce(&mut Me<'_>) + 'static,
    ) -> Address {
        let address = self.add(name, body);
        self.shared.ready.borrow_mut().push_back(address.index);
        address
    }

    /// Adds a coroutine that starts with the first hand-over to it.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        body: impl FnOnce(&mut Me<'_>) + 'static,
    ) -> Address {
        let index = self.tasks.len();
        let shared = Rc::clone(&self.shared);
        let task = self.stacks.start(move |parker| {
            body(&mut Me {
                shared,
                index,
                parker,
            });
        });
        self.tasks.push(Some(task));
        self.shared.names.borrow_mut().push(name);
        self.shared.waits.borrow_mut().push(Wait::default());
        self.shared.address(index)
    }

    /// Runs until all coroutines have ended.
    ///
    /// # Errors
    /// Fails if all that are left wait for nothing that can happen.
    ///
    /// # Panics
    /// Panics if a coroutine does.
    pub(super) fn run(&mut self) -> Result<(), BlockedForever> {
        loop {
            self.expire_timers();
            let turn = self.shared.ready.borrow().len();
            for _ in 0..turn {
                let next = self.shared.ready.borrow_mut().pop_front();
                if let Some(next) = next {
                    self.run_from(next);
                }
            }
            self.poll();
            if turn > 0 {
                continue;
            }
            let parked = self.open_coroutines();
            if parked.is_empty() {
                return Ok(());
            }
            let Some(due) = self.shared.earliest_timer() else {
                return Err(BlockedForever { parked });
            };
            self.shared.clock.sleep_until(due);
        }
    }

    /// Returns the names of the coroutines that have not ended.
    fn open_coroutines(&self) -> Vec<String> {
        let names = self.shared.names.borrow();
        let all = self.tasks.iter().zip(names.iter());
        let open = all.filter(|(task, _)| task.is_some());
        open.map(|(_, name)| (*name).to_owned()).collect()
    }

    /// Returns the recorded switches.
    #[must_use]
    pub(super) fn switches(&self) -> Vec<Switch> {
        self.shared.trace.borrow().clone().unwrap_or_default()
    }

    /// Polls, as the hub of a worker does once a turn. No descriptor is registered.
    fn poll(&mut self) {
        // A poll of nothing does not fail; a signal ends it early.
        let _ = self.poller.wait(Some(Elapsed::ZERO), &mut Vec::new());
    }

    fn expire_timers(&self) {
        let now = self.shared.clock.now();
        loop {
            let mut timers = self.shared.timers.borrow_mut();
            let is_due = timers.peek().is_some_and(|Reverse(it)| it.0 <= now);
            if !is_due {
                return;
            }
            let Some(Reverse((_, index, purpose))) = timers.pop() else {
                return;
            };
            drop(timers);
            match purpose {
                Purpose::Wake(number) => {
                    if self.shared.waits.borrow()[index].is_in(number) {
                        self.shared.wake(index);
                    }
                }
                Purpose::TimeOut => {
                    if self.tasks[index].is_some() {
                        self.shared.throw(index, Thrown::TimedOut);
                    }
                }
            }
        }
    }

    /// Runs a coroutine, and each to which control is handed over, until control comes back to the hub.
    fn run_from(&mut self, first: usize) {
        let mut next = Some(first);
        while let Some(index) = next {
            // A hand-over to a coroutine that has ended is one to its parent, the hub.
            let Some(task) = &mut self.tasks[index] else {
                break;
            };
            self.shared.gets_control(Some(index));
            let resumed = task.resume();
            next = match resumed {
                Resumed::Parked(LetGo::To(other)) => Some(other),
                Resumed::Parked(LetGo::Yield) => {
                    self.shared.ready.borrow_mut().push_back(index);
                    None
                }
                Resumed::Parked(LetGo::Until(due)) => {
                    let number = self.shared.waits.borrow()[index].number;
                    let timer = Reverse((due, index, Purpose::Wake(number)));
                    self.shared.timers.borrow_mut().push(timer);
                    None
                }
                Resumed::Parked(LetGo::Wait) => None,
                Resumed::Ended => {
                    self.tasks[index] = None;
                    None
                }
                Resumed::Panicked(payload) => std::panic::resume_unwind(payload),
                Resumed::Overflowed => panic!("a coroutine ran out of stack"),
            };
        }
        self.shared.gets_control(None);
    }
}

impl Shared {
    fn address(&self, index: usize) -> Address {
        Address {
            thread: self.thread,
            thread_name: self.thread_name.clone(),
            index,
        }
    }

    fn name_of(&self, index: Option<usize>) -> String {
        index
            .map_or(HUB, |index| self.names.borrow()[index])
            .to_owned()
    }

    /// Notes that control has gone to a coroutine, or to the hub.
    #[inline]
    fn gets_control(&self, target: Option<usize>) {
        let origin = self.running.replace(target);
        if self.trace.borrow().is_some() {
            self.record(origin, target);
        }
    }

    #[cold]
    fn record(&self, origin: Option<usize>, target: Option<usize>) {
        let is_thrown = target.is_some_and(|index| self.thrown.borrow().contains_key(&index));
        let switch = Switch {
            event: if is_thrown { "throw" } else { "switch" },
            origin: self.name_of(origin),
            target: self.name_of(target),
        };
        self.trace.borrow_mut().get_or_insert_default().push(switch);
    }

    /// Returns the instant of the earliest timer that still ends something.
    fn earliest_timer(&self) -> Option<Stamp> {
        let waits = self.waits.borrow();
        let mut timers = self.timers.borrow_mut();
        while let Some(Reverse((due, index, purpose))) = timers.peek() {
            let is_over = match purpose {
                Purpose::Wake(number) => !waits[*index].is_in(*number),
                Purpose::TimeOut => !waits[*index].is_parked,
            };
            if !is_over {
                return Some(*due);
            }
            timers.pop();
        }
        None
    }

    fn begins_to_wait(&self, index: usize) {
        let mut waits = self.waits.borrow_mut();
        waits[index].number += 1;
        waits[index].is_parked = true;
    }

    /// Makes a parked coroutine ready.
    fn wake(&self, index: usize) {
        let wait = &mut self.waits.borrow_mut()[index];
        if std::mem::take(&mut wait.is_parked) {
            self.ready.borrow_mut().push_back(index);
        }
    }

    /// Raises an error in a coroutine, at its next resume. Ends its wait.
    fn throw(&self, index: usize, error: Thrown) {
        self.thrown.borrow_mut().insert(index, error);
        self.wake(index);
    }
}

impl Me<'_> {
    /// Hands control to another coroutine directly. Returns when control is handed back.
    ///
    /// # Errors
    /// Fails if the other coroutine belongs to another thread.
    #[inline]
    pub(super) fn switch_to(&mut self, other: &Address) -> Result<(), DifferentThread> {
        if other.thread != self.shared.thread {
            return Err(DifferentThread {
                current: self.shared.thread_name.clone(),
                expected: other.thread_name.clone(),
            });
        }
        self.parker.park(LetGo::To(other.index));
        Ok(())
    }

    /// Yields to the ready queue (`sleep(0)`): runs again in the next turn of the hub.
    ///
    /// # Errors
    /// Fails if something has raised an error in this coroutine meanwhile.
    #[inline]
    pub(super) fn yield_now(&mut self) -> Result<(), Thrown> {
        self.parker.park(LetGo::Yield);
        self.raised()
    }

    /// Sleeps by a timer.
    ///
    /// # Errors
    /// Fails if something has raised an error in this coroutine meanwhile.
    pub(super) fn sleep(&mut self, length: Elapsed) -> Result<(), Thrown> {
        let due = self.shared.clock.now() + length;
        self.park(LetGo::Until(due))
    }

    /// Waits for another coroutine, until an error is raised in this one.
    ///
    /// # Errors
    /// Fails if something has raised an error in this coroutine meanwhile.
    pub(super) fn wait(&mut self) -> Result<(), Thrown> {
        self.park(LetGo::Wait)
    }

    /// Puts another coroutine, which has handed control over, into the hub's ready queue.
    pub(super) fn schedule(&self, other: &Address) {
        self.shared.ready.borrow_mut().push_back(other.index);
    }

    /// Number of recorded switches so far.
    #[must_use]
    pub(super) fn switch_count(&self) -> usize {
        self.shared.trace.borrow().as_ref().map_or(0, Vec::len)
    }

    /// Kills another coroutine: its wait fails at its next resume.
    pub(super) fn kill(&self, other: &Address) {
        self.shared.throw(other.index, Thrown::Killed);
    }

    /// Sets a time limit for this coroutine: a wait fails at its first resume after it.
    pub(super) fn limit(&self, length: Elapsed) {
        let due = self.shared.clock.now() + length;
        let timer = Reverse((due, self.index, Purpose::TimeOut));
        self.shared.timers.borrow_mut().push(timer);
    }

    /// Computes for this long without letting go.
    pub(super) fn compute(&self, length: Elapsed) {
        let until = self.shared.clock.now() + length;
        while self.shared.clock.now() < until {
            std::hint::spin_loop();
        }
    }

    fn park(&mut self, reason: LetGo) -> Result<(), Thrown> {
        self.shared.begins_to_wait(self.index);
        self.parker.park(reason);
        self.raised()
    }

    #[inline]
    fn raised(&self) -> Result<(), Thrown> {
        let mut thrown = self.shared.thrown.borrow_mut();
        if thrown.is_empty() {
            return Ok(());
        }
        thrown.remove(&self.index).map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("thread", &self.shared.thread_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
