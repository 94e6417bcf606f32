//! The lock around computing in a process with threads, as `CPython`'s: its holder computes, and releases
//! it when it waits. A waiting thread waits for an interval, and then requests the lock; if another thread
//! got it meanwhile, it waits for another interval.
//!
//! (`Python/ceval_gil.c`; the interval is `sys.getswitchinterval()`.) Among several waiting threads the
//! kernel chooses there, and a random draw here. A thread that gives the lock away in a computation ends its
//! run slice and yields, in both engines.

use super::Simulation;
use super::event::EntityId;
use super::event::SimEvent;
use super::observer::Observer;
use super::thread::ThreadState;
use concsim_engine::policy::SWITCH_INTERVAL;
use concsim_engine::telemetry::SwitchReason;

/// One lock.
#[derive(Clone, Debug, Default)]
pub(super) struct Lock {
    /// The thread that holds it.
    holder: Option<usize>,
    /// Threads that wait for it, with the core time that each needs.
    waiting: Vec<(usize, u64)>,
    /// Number of times it went from one thread to another.
    switches: u32,
    /// True if a thread has requested it.
    is_asked_for: bool,
}

impl<O: Observer> Simulation<'_, O> {
    /// Requests core time for a thread, and first the lock if its process has one.
    #[inline]
    pub(super) fn work(&mut self, worker: usize, thread: usize, cpu: u64) {
        let entity = self.workers[worker].threads[thread].entity;
        if !self.has_lock {
            return self.machine.work(self.now, entity, cpu, &mut self.calendar);
        }
        let lock = &mut self.workers[worker].lock;
        match lock.holder {
            None => {
                lock.holder = Some(thread);
                self.machine.work(self.now, entity, cpu, &mut self.calendar);
            }
            Some(holder) if holder == thread => {
                if lock.is_asked_for && !lock.waiting.is_empty() {
                    self.machine.sleep(self.now, entity, &mut self.calendar);
                    self.hand_over(worker);
                    self.queue_for_lock(worker, thread, cpu);
                } else {
                    self.machine.work(self.now, entity, cpu, &mut self.calendar);
                }
            }
            Some(_) => {
                self.machine.sleep(self.now, entity, &mut self.calendar);
                self.queue_for_lock(worker, thread, cpu);
            }
        }
    }

    fn queue_for_lock(&mut self, worker: usize, thread: usize, cpu: u64) {
        let state = &self.workers[worker].threads[thread];
        // The run of its connection ends, if it has computed in it.
        if let Some(id) = state.connection().filter(|_| state.from < self.now)
            && !matches!(state.doing, ThreadState::Waiting(_))
        {
            self.report_run(worker, thread, id, SwitchReason::Yielded);
        }
        let found = &mut self.workers[worker];
        found.lock.waiting.push((thread, cpu));
        let thread = &mut found.threads[thread];
        thread.wants_lock_since = Some(self.now);
        let entity = thread.entity;
        self.wait_for_an_interval(worker, entity);
    }

    fn wait_for_an_interval(&mut self, worker: usize, entity: EntityId) {
        let switches = self.workers[worker].lock.switches;
        let happening = SimEvent::LockInterval(entity, switches);
        self.calendar.set(self.now + SWITCH_INTERVAL.0, happening);
    }

    /// Releases the lock of a thread that waits for something else.
    pub(super) fn release(&mut self, worker: usize, thread: usize) {
        if !self.has_lock {
            return;
        }
        let found = &mut self.workers[worker];
        if found.threads[thread].wants_lock_since.take().is_some() {
            found.lock.waiting.retain(|(waiting, _)| *waiting != thread);
        }
        if found.lock.holder == Some(thread) {
            self.hand_over(worker);
        }
    }

    /// Gives the lock to one of the waiting threads.
    fn hand_over(&mut self, worker: usize) {
        self.choices += 1;
        let lock = &mut self.workers[worker].lock;
        (lock.holder, lock.is_asked_for) = (None, false);
        if lock.waiting.is_empty() {
            return;
        }
        let lucky = self.draws.choice(self.choices, lock.waiting.len());
        let (thread, cpu) = lock.waiting.remove(lucky);
        lock.holder = Some(thread);
        lock.switches = lock.switches.wrapping_add(1);
        let thread = &mut self.workers[worker].threads[thread];
        thread.gets_lock(self.now);
        let entity = thread.entity;
        self.machine.work(self.now, entity, cpu, &mut self.calendar);
    }

    /// Handles the end of a thread's interval, which began when the lock had switched `switches` times.
    pub(super) fn interval_is_over(&mut self, entity: EntityId, switches: u32) {
        let Some((worker, thread)) = self.thread_of(entity) else {
            return;
        };
        let found = &mut self.workers[worker];
        if found.threads[thread].wants_lock_since.is_none() {
            return;
        }
        let lock = &mut found.lock;
        if lock.switches == switches {
            lock.is_asked_for = true;
            self.drop_on_request(worker);
        }
        if self.workers[worker].threads[thread]
            .wants_lock_since
            .is_some()
        {
            self.wait_for_an_interval(worker, entity);
        }
    }

    /// Takes the lock from its holder in the middle of a computation; the holder then waits for it again.
    fn drop_on_request(&mut self, worker: usize) {
        let Some(holder) = self.workers[worker].lock.holder else {
            return;
        };
        let entity = self.workers[worker].threads[holder].entity;
        if !self.machine.computes(entity) {
            return; // between two computations: it releases the lock when it asks for more
        }
        let left = self.machine.interrupt(self.now, entity, &mut self.calendar);
        self.hand_over(worker);
        self.queue_for_lock(worker, holder, left);
    }

    /// True if workers of this scenario compute under a lock.
    pub(super) fn needs_lock(&self) -> bool {
        self.scenario.server.has_a_lock()
    }
}
