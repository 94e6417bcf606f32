//! State that a hub and its tasks share: the readiness of each socket, and how a task waits.
//!
//! ```text
//!   task:  read ──WouldBlock──▶ TaskContext::wait_for(source) ── parks ──▶ hub
//!   hub:   poller reports "7 is readable" ──▶ the waiter of source 7 joins the ready queue ──▶ task
//! ```
//!
//! The bookkeeping of a wait is [`TaskState`]; a task with a stack of its own has a [`TaskContext`], by which it
//! parks.
//!
//! A socket is registered once, edge-triggered: its source remembers what the kernel reported until the
//! socket's owner has found the opposite. Everything here belongs to one thread.

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::AsFd;
use std::rc::Rc;

use slab::Slab;

use super::accounting::{RequestAccounting, Wait};
use super::deadlines::{self, Deadlines};
use super::request_limit::RequestLimit;
use super::thread_pool::{PooledWait, ThreadPool};
use super::transport::{Deadline, Interest};
use crate::coroutine::{Parker, TaskId};
use crate::sys;
use crate::sys::poller::{Poller, Ready};
use crate::telemetry::{NO_REQUEST, Probe, SwitchReason};
use concsim_model::units::{Elapsed, Stamp};

/// Longest run of a task whose socket is always ready, before it yields. Each such task delays every run of
/// another task by this much.
const SHARE: Elapsed = Elapsed(500_000);
/// Number of reads and writes without a wait between readings of the clock.
const TRANSFERS: u32 = 4;

const HAS_A_POOL: &str = "a worker whose steps wait in threads has a pool";

/// Reasons for a task to let go of the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitReason {
    /// It yields: it could go on.
    Yield,
    /// It waits until this instant.
    Timer(Stamp),
    /// It waits for a source of its client.
    Client,
    /// It waits for a source of a service.
    Service,
    /// It waits for a thread of the pool to execute a wait with this reason.
    InThreads(SwitchReason),
}

impl WaitReason {
    /// Returns the reason in the terms of telemetry.
    pub(super) fn then(self) -> SwitchReason {
        match self {
            Self::Yield => SwitchReason::Yielded,
            Self::Timer(_) => SwitchReason::Timer,
            Self::Client => SwitchReason::Client,
            Self::Service => SwitchReason::Service,
            Self::InThreads(reason) => reason,
        }
    }
}

/// Readiness of one socket, and the task that waits for more.
#[derive(Debug)]
pub(super) struct IoSource {
    /// Index in the hub's list of sources.
    place: Cell<usize>,
    /// True if a read may return something. True at first: the owner tries before it waits.
    pub(super) readable: Cell<bool>,
    /// True if a write may be taken.
    pub(super) writable: Cell<bool>,
    /// True if the peer will send no more: an end follows the bytes that can be read.
    pub(super) closing: Cell<bool>,
    waiter: Cell<Option<(TaskId, Interest)>>,
    deadline: Cell<Deadline>,
    timed_out: Cell<bool>,
    entry: deadlines::Entry,
}

impl IoSource {
    /// Notes what the kernel reports of the socket. Returns the task whose wait is over, if any.
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

    /// Notes a read of `count` bytes into `room`. A short read has taken all bytes: the kernel will report
    /// the next ones (epoll(7), question 9). It reports nothing more once the peer has closed.
    pub(super) fn has_read(&self, count: usize, room: usize) {
        let drained = count < room && !self.closing.get();
        self.readable.set(!drained);
    }

    /// True if the last wait reached its deadline; once for each wait.
    pub(super) fn take_timeout(&self) -> bool {
        self.timed_out.take()
    }

    /// Ends a wait whose deadline has passed at `now`. Returns its task.
    fn expire(&self, now: Stamp) -> Option<TaskId> {
        let is_over = self.deadline.get().until <= now;
        let (task, _) = self.waiter.get().filter(|_| is_over)?;
        self.waiter.set(None);
        self.timed_out.set(true);
        Some(task)
    }
}

/// Error of a wait that reached its deadline.
#[derive(Debug)]
pub(super) struct TimedOut;

/// State that the hub and its tasks share.
pub(super) struct Shared {
    /// Probe of the worker: its counters on the scoreboard.
    pub(super) probe: Probe,
    /// Poller that reports on the sources.
    pub(super) poller: RefCell<Poller>,
    /// Sources of open sockets, by token.
    pub(super) sources: RefCell<Slab<Rc<IoSource>>>,
    /// Deadlines of the waits for them.
    pub(super) deadlines: RefCell<Deadlines>,
    /// Tasks that another task has made ready.
    pub(super) woken: RefCell<Vec<TaskId>>,
    /// Instant at which the last task let go of the hub; not set by one that has ended.
    pub(super) yielded_at: Cell<Stamp>,
    /// Instant since which the running task could have run.
    pub(super) ready: Cell<Stamp>,
    /// Instant at which the running task was resumed.
    pub(super) resumed: Cell<Stamp>,
    /// Instant of the last poll's return: since then, what it reported has been ready.
    pub(super) polled: Cell<Stamp>,
    /// Task that runs.
    pub(super) running: Cell<TaskId>,
    /// Request that the running task works for, for telemetry; set where the task lets go.
    pub(super) request: Cell<u32>,
    /// True if the worker stops: connections are kept no longer.
    pub(super) stopping: Cell<bool>,
    limit: RequestLimit,
    /// Counter of the runs of tasks.
    pub(super) switches: RefCell<SwitchCounter>,
    /// Pool of threads, if a step of the scenario waits in one.
    pool: Option<ThreadPool>,
}

impl Shared {
    /// Returns the state of a hub that begins `limit` requests at most.
    pub(super) fn new(
        probe: Probe,
        pool: Option<ThreadPool>,
        limit: Option<u64>,
    ) -> sys::Result<Self> {
        Ok(Self {
            probe,
            poller: RefCell::new(Poller::new()?),
            sources: RefCell::default(),
            deadlines: RefCell::default(),
            woken: RefCell::default(),
            yielded_at: Cell::default(),
            ready: Cell::default(),
            resumed: Cell::default(),
            polled: Cell::default(),
            running: Cell::new(TaskId(0)),
            request: Cell::new(NO_REQUEST),
            stopping: Cell::new(false),
            limit: RequestLimit::new(limit),
            switches: RefCell::default(),
            pool,
        })
    }

    /// Makes a parked task ready: it has what it waits for from the running task.
    pub(super) fn wakes(&self, task: TaskId) {
        self.woken.borrow_mut().push(task);
    }

    /// Pool of threads; `None` if no step of the scenario waits in one.
    pub(super) fn pool(&self) -> Option<&ThreadPool> {
        self.pool.as_ref()
    }

    /// Counts a request that begins: the last one of `server.max_requests` stops the worker.
    pub(super) fn request_begins(&self) {
        if self.limit.is_reached_by_another() {
            self.stopping.set(true);
        }
    }

    /// Notes that the running task could have run since `at`.
    pub(super) fn could_run_since(&self, at: Stamp) {
        self.ready.set(at);
        self.probe.could_run_since(at);
    }

    /// Registers a socket; its source is updated by the hub from now on.
    ///
    /// # Errors
    /// Fails if the system has no memory left.
    pub(super) fn register(self: &Rc<Self>, socket: impl AsFd) -> sys::Result<Registration> {
        let source = Rc::new(IoSource {
            place: Cell::default(),
            readable: Cell::new(true),
            writable: Cell::new(true),
            closing: Cell::new(false),
            waiter: Cell::new(None),
            deadline: Cell::new(Deadline::ENDLESS),
            timed_out: Cell::new(false),
            entry: deadlines::Entry::default(),
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

    /// Takes a task whose wait has timed out at `now`.
    pub(super) fn take_late(&self, now: Stamp) -> Option<TaskId> {
        let (sources, mut deadlines) = (self.sources.borrow(), self.deadlines.borrow_mut());
        while let Some((due, place)) = deadlines.take_due(now) {
            let Some(source) = sources.get(place) else {
                continue;
            };
            if !source.entry.is_taken(due) {
                continue;
            }
            if let Some(task) = source.expire(now) {
                return Some(task);
            }
            if source.waiter.get().is_some() {
                deadlines.set(place, &source.entry, source.deadline.get().until);
            }
        }
        None
    }
}

/// Registered socket. Dropped when the socket is closed, which removes its source.
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

/// Counts the runs of tasks: a request reports how many other tasks its worker ran meanwhile.
#[derive(Debug, Default)]
pub(super) struct SwitchCounter {
    runs: u64,
    /// Count at the last run of each open task; 0 if there is none.
    last_runs: Vec<u64>,
    closed: u64,
}

/// State of a [`SwitchCounter`] to count from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SwitchSnapshot {
    runs: u64,
    closed: u64,
}

impl SwitchCounter {
    /// Notes a run of task `id`.
    pub(super) fn runs(&mut self, id: TaskId) {
        let place = id.0 as usize;
        if self.last_runs.len() <= place {
            self.last_runs.resize(place + 1, 0);
        }
        self.runs += 1;
        self.last_runs[place] = self.runs;
    }

    /// Notes the end of task `id`.
    pub(super) fn closes(&mut self, id: TaskId) {
        self.last_runs[id.0 as usize] = 0;
        self.closed += 1;
    }

    /// Returns the present state.
    pub(super) fn snapshot(&self) -> SwitchSnapshot {
        SwitchSnapshot {
            runs: self.runs,
            closed: self.closed,
        }
    }

    /// Number of tasks other than `me` that have run since `before`.
    pub(super) fn others_since(&self, before: SwitchSnapshot, me: TaskId) -> u64 {
        let ran = |last_run: &&u64| **last_run > before.runs;
        let open = self.last_runs.iter().filter(ran).count() as u64;
        let mine = u64::from(
            self.last_runs
                .get(me.0 as usize)
                .is_some_and(|run| ran(&run)),
        );
        self.closed - before.closed + open - mine
    }
}

/// State of one task at its hub.
pub(super) struct TaskState {
    /// State shared with the hub.
    pub(super) shared: Rc<Shared>,
    /// Id of the task.
    pub(super) id: TaskId,
    /// Request that the task works for.
    pub(super) request: u32,
    /// Instant at which it last let go of the hub.
    pub(super) yielded_at: Stamp,
    /// Number of its reads and writes without a wait.
    transfers: u32,
}

impl TaskState {
    /// Returns the state of the task that runs now, at its beginning.
    pub(super) fn take(shared: &Rc<Shared>) -> Self {
        Self {
            id: shared.running.get(),
            shared: Rc::clone(shared),
            request: NO_REQUEST,
            yielded_at: Stamp::ZERO,
            transfers: 0,
        }
    }

    /// True if the task has run for its [`SHARE`] and should yield.
    pub(super) fn has_run_its_share(&self) -> bool {
        let shared = &self.shared;
        shared.probe.now().since(shared.resumed.get()) >= SHARE
    }

    /// Counts a read or a write without a wait. Returns true if the task should yield: a socket that is
    /// always ready never parks it, and the hub could neither run other tasks nor beat.
    pub(super) fn has_transferred_its_share(&mut self) -> bool {
        self.transfers = self.transfers.wrapping_add(1);
        self.transfers.is_multiple_of(TRANSFERS) && self.has_run_its_share()
    }

    /// Notes that the task waits for the source of a service's connection.
    pub(super) fn waits_for_service(&self, source: &IoSource, interest: Interest) {
        self.waits_for(source, interest, Deadline::ENDLESS);
    }

    /// Notes that the task waits for a source.
    pub(super) fn waits_for(&self, source: &IoSource, interest: Interest, deadline: Deadline) {
        source.deadline.set(deadline);
        source.waiter.set(Some((self.id, interest)));
        let mut deadlines = self.shared.deadlines.borrow_mut();
        deadlines.set(source.place.get(), &source.entry, deadline.until);
    }

    /// Notes that the task lets go of the hub. The clock is read once, for both the end of the run and the
    /// beginning of the wait.
    pub(super) fn lets_go(&mut self) {
        self.yielded_at = self.shared.probe.now();
        self.shared.yielded_at.set(self.yielded_at);
        self.shared.request.set(self.request);
    }

    /// Hands a wait to a thread of the pool. Returns the reason for which the task lets go until it is over.
    pub(super) fn hand_to_pool(&self, wait: PooledWait) -> WaitReason {
        let pool = self.shared.pool().expect(HAS_A_POOL);
        pool.hand_over(self.id, wait);
        WaitReason::InThreads(wait.then())
    }

    /// Notes that the task goes on after a wait that a thread of the pool has executed. Fails if that has
    /// failed.
    pub(super) fn goes_on_after_pool(&self, accounting: &mut RequestAccounting) -> io::Result<()> {
        let shared = &self.shared;
        let outcome = shared.pool().expect(HAS_A_POOL).outcome_of(self.id);
        accounting.slice_begins();
        shared.probe.runs_request(accounting.request);
        shared.could_run_since(outcome.over.max(self.yielded_at));
        let times = (self.yielded_at, outcome.over, shared.resumed.get());
        accounting.park_in_threads(&shared.probe, times, outcome.had_thread, outcome.purpose);
        outcome.result
    }

    /// Notes that the task goes on after a wait of its request, which was over at `over`.
    pub(super) fn goes_on(&self, accounting: &mut RequestAccounting, over: Stamp, wait: Wait) {
        let shared = &self.shared;
        accounting.slice_begins();
        shared.probe.runs_request(accounting.request);
        shared.could_run_since(over.max(self.yielded_at));
        let times = (self.yielded_at, over, shared.resumed.get());
        accounting.park(&shared.probe, times, wait);
    }
}

impl Drop for TaskState {
    fn drop(&mut self) {
        self.shared.request.set(self.request);
    }
}

/// Handle of one task with a stack of its own to its hub, by which it waits.
pub(super) struct TaskContext<'task> {
    state: TaskState,
    parker: &'task mut Parker<WaitReason>,
}

impl<'task> TaskContext<'task> {
    /// Returns the handle of the task that runs now, at its beginning.
    pub(super) fn take(shared: &Rc<Shared>, parker: &'task mut Parker<WaitReason>) -> Self {
        Self {
            state: TaskState::take(shared),
            parker,
        }
    }

    /// Lets go of the hub; returns when the task is resumed.
    pub(super) fn pause(&mut self, pause: WaitReason) {
        self.state.lets_go();
        self.shared.probe.count_wait();
        self.parker.park(pause);
    }

    /// Parks, at least once, until the source of a service's connection may be ready.
    pub(super) fn wait_for_service(&mut self, source: &IoSource, interest: Interest) {
        let waited = self.wait_for(source, interest, WaitReason::Service, Deadline::ENDLESS);
        debug_assert!(waited.is_ok(), "a wait without a limit does not time out");
    }

    /// Parks, at least once, until the source may be ready.
    ///
    /// # Errors
    /// [`TimedOut`] at the deadline.
    pub(super) fn wait_for(
        &mut self,
        source: &IoSource,
        interest: Interest,
        pause: WaitReason,
        deadline: Deadline,
    ) -> Result<(), TimedOut> {
        self.waits_for(source, interest, deadline);
        self.pause(pause);
        if source.take_timeout() {
            return Err(TimedOut);
        }
        Ok(())
    }
}

impl Deref for TaskContext<'_> {
    type Target = TaskState;
    fn deref(&self) -> &TaskState {
        &self.state
    }
}

impl DerefMut for TaskContext<'_> {
    fn deref_mut(&mut self) -> &mut TaskState {
        &mut self.state
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
        let before = switches.snapshot();
        for id in [a, a, c, me, a] {
            switches.runs(id);
        }
        assert_eq!(switches.others_since(before, me), 2);
        switches.closes(c);
        assert_eq!(
            switches.others_since(before, me),
            2,
            "one of them has ended"
        );
        switches.runs(c);
        assert_eq!(
            switches.others_since(before, me),
            3,
            "another one has its place"
        );
    }
}
