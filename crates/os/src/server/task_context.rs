//! The two things that a hub and its tasks share: what each socket is ready for, and how a task waits.
//!
//! ```text
//!   task:  read ──WouldBlock──▶ TaskContext::wait_for(channel) ── parks ──▶ hub
//!   hub:   poller says "7 can be read" ──▶ channel 7's waiter joins the ready queue ──▶ task
//! ```
//!
//! A socket is registered once, edge-triggered, so its channel remembers what the kernel said until
//! the socket's owner has found the opposite. Everything here belongs to one thread.

use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::os::fd::AsFd;
use std::rc::Rc;

use slab::Slab;

use super::connection::{Deadline, Interest};
use super::deadlines::{self, Deadlines};
use crate::coroutine::{Parker, TaskId};
use crate::sys;
use crate::sys::poller::{Poller, Ready};
use crate::telemetry::{NO_REQUEST, Probe, SwitchReason};
use concsim_model::units::Stamp;

/// Why a task lets go of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitReason {
    /// It could go on.
    Yield,
    /// It waits for this instant.
    Timer(Stamp),
    /// It waits for a channel of its client.
    Client,
    /// It waits for a channel of a service.
    Service,
}

impl WaitReason {
    /// The reason as telemetry tells it.
    pub(super) fn then(self) -> SwitchReason {
        match self {
            Self::Yield => SwitchReason::Yielded,
            Self::Timer(_) => SwitchReason::Timer,
            Self::Client => SwitchReason::Client,
            Self::Service => SwitchReason::Service,
        }
    }
}

/// What is known of one socket's readiness, and who waits for more.
#[derive(Debug)]
pub(super) struct IoSource {
    /// Where it stands in the hub's list.
    place: Cell<usize>,
    /// A read may bring something. True at first: the owner tries before it waits.
    pub(super) readable: Cell<bool>,
    /// A write may be taken.
    pub(super) writable: Cell<bool>,
    /// The peer will send no more: an end follows what can be read.
    pub(super) closing: Cell<bool>,
    waiter: Cell<Option<(TaskId, Interest)>>,
    patience: Cell<Deadline>,
    timed_out: Cell<bool>,
    deadline: deadlines::Entry,
}

impl IoSource {
    /// Notes what the kernel says of the socket; the task that has waited for it, if one has.
    pub(super) fn note(&self, ready: Ready) -> Option<TaskId> {
        self.readable.set(self.readable.get() || ready.readable);
        self.writable.set(self.writable.get() || ready.writable);
        self.closing.set(self.closing.get() || ready.closed);
        let (task, interest) = self.waiter.get()?;
        let granted = match interest {
            Interest::Read => ready.readable,
            Interest::Write => ready.writable,
        };
        granted.then(|| self.waiter.set(None))?;
        Some(task)
    }

    /// Ends a wait whose patience is over at `now`; gives its task.
    fn expire(&self, now: Stamp) -> Option<TaskId> {
        let is_over = self.patience.get().until <= now;
        self.end_wait_if(is_over)
    }

    /// Ends a wait for a request that need not come, as the server stops; gives its task.
    pub(super) fn stop_idling(&self) -> Option<TaskId> {
        self.end_wait_if(self.patience.get().idle)
    }

    fn end_wait_if(&self, ends: bool) -> Option<TaskId> {
        let (task, _) = self.waiter.get().filter(|_| ends)?;
        self.waiter.set(None);
        self.timed_out.set(true);
        Some(task)
    }
}

/// A task has waited too long on a channel.
#[derive(Debug)]
pub(super) struct TimedOut;

/// What hub and tasks share.
pub(super) struct Shared {
    /// The worker's hand on the board.
    pub(super) probe: Probe,
    /// The kernel's side of the channels.
    pub(super) poller: RefCell<Poller>,
    /// Sockets that are open, by their token.
    pub(super) sources: RefCell<Slab<Rc<IoSource>>>,
    /// Until when tasks wait for them at most.
    pub(super) deadlines: RefCell<Deadlines>,
    /// When the task that ran last let go of the hub, unless it has ended.
    pub(super) let_go: Cell<Stamp>,
    /// Since when the running task could have run.
    pub(super) ready: Cell<Stamp>,
    /// When the running task was resumed.
    pub(super) resumed: Cell<Stamp>,
    /// When the poller last came back: since then, what it reported has been ready.
    pub(super) polled: Cell<Stamp>,
    /// Who runs.
    pub(super) running: Cell<TaskId>,
    /// For which request the running task works: for telemetry, set where it lets go.
    pub(super) request: Cell<u32>,
    /// The server stops: connections are not kept any more.
    pub(super) stopping: Cell<bool>,
    /// Who ran, and how often.
    pub(super) switches: RefCell<SwitchCounter>,
}

impl Shared {
    pub(super) fn new(probe: Probe) -> sys::Result<Self> {
        Ok(Self {
            probe,
            poller: RefCell::new(Poller::new()?),
            sources: RefCell::default(),
            deadlines: RefCell::default(),
            let_go: Cell::default(),
            ready: Cell::default(),
            resumed: Cell::default(),
            polled: Cell::default(),
            running: Cell::new(TaskId(0)),
            request: Cell::new(NO_REQUEST),
            stopping: Cell::new(false),
            switches: RefCell::default(),
        })
    }

    /// The task that runs could have run since `at`.
    pub(super) fn could_run_since(&self, at: Stamp) {
        self.ready.set(at);
        self.probe.could_run_since(at);
    }

    /// Registers a socket; its channel is told what the kernel says of it from now on.
    ///
    /// # Errors
    /// When the system has no memory left.
    pub(super) fn watch(self: &Rc<Self>, socket: impl AsFd) -> sys::Result<Registration> {
        let source = Rc::new(IoSource {
            place: Cell::default(),
            readable: Cell::new(true),
            writable: Cell::new(true),
            closing: Cell::new(false),
            waiter: Cell::new(None),
            patience: Cell::new(Deadline::ENDLESS),
            timed_out: Cell::new(false),
            deadline: deadlines::Entry::default(),
        });
        let place = self.sources.borrow_mut().insert(Rc::clone(&source));
        source.place.set(place);
        let watch = Registration {
            shared: Rc::clone(self),
            source,
        };
        self.poller.borrow().add_stream(socket, place as u64)?;
        Ok(watch)
    }

    /// Takes a task that has waited too long at `now`.
    pub(super) fn take_late(&self, now: Stamp) -> Option<TaskId> {
        let (sources, mut deadlines) = (self.sources.borrow(), self.deadlines.borrow_mut());
        while let Some((due, place)) = deadlines.take_due(now) {
            let Some(source) = sources.get(place) else {
                continue;
            };
            if !source.deadline.is_taken(due) {
                continue;
            }
            if let Some(task) = source.expire(now) {
                return Some(task);
            }
            if source.waiter.get().is_some() {
                deadlines.set(place, &source.deadline, source.patience.get().until);
            }
        }
        None
    }
}

/// A registered socket's channel; forgotten when this is dropped, which is when the socket is closed.
pub(super) struct Registration {
    shared: Rc<Shared>,
    source: Rc<IoSource>,
}

impl Deref for Registration {
    type Target = IoSource;
    fn deref(&self) -> &IoSource {
        &self.source
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let place = self.source.place.get();
        self.shared.sources.borrow_mut().remove(place);
    }
}

/// Who ran when, counted in runs: to tell a request how many others its worker ran meanwhile.
#[derive(Debug, Default)]
pub(super) struct SwitchCounter {
    runs: u64,
    /// The last run of each open task; 0: none yet, or no task.
    last_runs: Vec<u64>,
    closed: u64,
}

/// A place in the roll, to count from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SwitchSnapshot {
    runs: u64,
    closed: u64,
}

impl SwitchCounter {
    /// Task `id` runs.
    pub(super) fn runs(&mut self, id: TaskId) {
        let place = id.0 as usize;
        if self.last_runs.len() <= place {
            self.last_runs.resize(place + 1, 0);
        }
        self.runs += 1;
        self.last_runs[place] = self.runs;
    }

    /// Task `id` has ended.
    pub(super) fn closes(&mut self, id: TaskId) {
        self.last_runs[id.0 as usize] = 0;
        self.closed += 1;
    }

    /// The roll as it is now.
    pub(super) fn mark(&self) -> SwitchSnapshot {
        SwitchSnapshot {
            runs: self.runs,
            closed: self.closed,
        }
    }

    /// How many tasks other than `me` have run since `mark`.
    pub(super) fn others_since(&self, mark: SwitchSnapshot, me: TaskId) -> u64 {
        let ran = |last_run: &&u64| **last_run > mark.runs;
        let open = self.last_runs.iter().filter(ran).count() as u64;
        let mine = u64::from(
            self.last_runs
                .get(me.0 as usize)
                .is_some_and(|run| ran(&run)),
        );
        self.closed - mark.closed + open - mine
    }
}

/// One task's place at the hub: the way in which it waits.
pub(super) struct TaskContext<'task> {
    /// What it shares with the hub.
    pub(super) shared: Rc<Shared>,
    /// Which task it is.
    pub(super) id: TaskId,
    parker: &'task mut Parker<WaitReason>,
    /// For which request it works.
    pub(super) request: u32,
    /// When it let go of the hub last.
    pub(super) let_go: Stamp,
}

impl<'task> TaskContext<'task> {
    /// The place of the task that runs now, at its beginning.
    pub(super) fn take(shared: &Rc<Shared>, parker: &'task mut Parker<WaitReason>) -> Self {
        Self {
            id: shared.running.get(),
            shared: Rc::clone(shared),
            parker,
            request: NO_REQUEST,
            let_go: Stamp::ZERO,
        }
    }

    /// Lets go of the hub; returns when the task is resumed. The clock is read once, for the end of
    /// the run and for the beginning of the wait.
    pub(super) fn pause(&mut self, pause: WaitReason) {
        self.let_go = self.shared.probe.now();
        self.shared.let_go.set(self.let_go);
        self.shared.request.set(self.request);
        self.shared.probe.waits();
        self.parker.park(pause);
    }

    /// Waits until the channel may grant the wish, at least once.
    pub(super) fn wait_for(
        &mut self,
        source: &IoSource,
        interest: Interest,
        pause: WaitReason,
        patience: Deadline,
    ) -> Result<(), TimedOut> {
        source.patience.set(patience);
        source.waiter.set(Some((self.id, interest)));
        let mut deadlines = self.shared.deadlines.borrow_mut();
        deadlines.set(source.place.get(), &source.deadline, patience.until);
        drop(deadlines);
        self.pause(pause);
        if source.timed_out.take() {
            return Err(TimedOut);
        }
        Ok(())
    }
}

impl Drop for TaskContext<'_> {
    fn drop(&mut self) {
        self.shared.request.set(self.request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_others_are_counted_once_each_however_often_they_ran() {
        let mut switches = SwitchCounter::default();
        let [me, a, b, c] = [0, 1, 2, 3].map(TaskId);
        for id in [me, a, b] {
            switches.runs(id);
        }
        let mark = switches.mark();
        for id in [a, a, c, me, a] {
            switches.runs(id);
        }
        assert_eq!(switches.others_since(mark, me), 2);
        switches.closes(c);
        assert_eq!(switches.others_since(mark, me), 2, "one of them has ended");
        switches.runs(c);
        assert_eq!(
            switches.others_since(mark, me),
            3,
            "another one has its place"
        );
    }
}
