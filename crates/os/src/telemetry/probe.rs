//! A worker's access to the scoreboard, and its only way to report.
//!
//! Every method takes the instant of its event, because reading the clock is most of the cost of telemetry:
//! one reading serves as the end of one run and the beginning of the next. Nothing here allocates or waits.
//! Counters, gauges and phases are always written; events can be switched off, to measure their cost.
//!
//! A worker with several threads has a probe for each of them; they write in turns ([`Threads`]).

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use super::threads::{Threads, Turn};
use super::{Event, NO_REQUEST, Phase, Scoreboard, Served, Slot, Telemetry, Writer, add};
use crate::sys::clock::Clock;
use crate::sys::fork::ResourceUsage;
use concsim_model::units::Stamp;

/// Slot and ring of one worker.
#[derive(Debug)]
pub struct Probe {
    slot: &'static Slot,
    /// `None` if events are switched off. Borrowed for one push at a time.
    ring: Option<RefCell<Writer<'static>>>,
    /// Place among the threads of the worker, if it has several. The ring is theirs then.
    of_threads: Option<OfThreads>,
    clock: Clock,
    /// Switches that earlier incarnations left half done.
    inherited_half_done: u64,
}

/// Place of a probe among those of a worker's threads.
#[derive(Debug)]
struct OfThreads {
    all: Arc<Threads>,
    /// Index of the thread; `None` for the one that serves no connection.
    index: Option<usize>,
}

impl Probe {
    /// Returns the probe of the process that has slot `worker` now.
    #[must_use]
    pub fn new(
        scoreboard: &'static Scoreboard,
        worker: usize,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Self {
        let slot = scoreboard.slot(worker);
        let ring = match telemetry {
            Telemetry::On => Some(RefCell::new(Writer::new(scoreboard.worker_ring(worker)))),
            Telemetry::Off => None,
        };
        Self {
            slot,
            ring,
            of_threads: None,
            clock,
            inherited_half_done: slot.half_done.load(Ordering::Relaxed),
        }
    }

    /// Divides the probe of a process: one for the thread that serves no connection, and `count` for those
    /// that do.
    #[must_use]
    pub fn for_threads(self, count: usize) -> (Self, Vec<Self>) {
        let ring = self.ring.map(RefCell::into_inner);
        let all = Arc::new(Threads::new(ring, count));
        let of_one = |index| Self {
            slot: self.slot,
            ring: None,
            of_threads: Some(OfThreads {
                all: Arc::clone(&all),
                index,
            }),
            clock: self.clock,
            inherited_half_done: self.inherited_half_done,
        };
        (of_one(None), (0..count).map(Some).map(of_one).collect())
    }

    /// Waits for this thread's turn to write, if the worker has several threads.
    #[inline]
    fn turn(&self) -> Option<MutexGuard<'_, Turn>> {
        self.of_threads.as_ref().map(|threads| threads.all.turn())
    }

    /// Changes the state of this thread by `change`, and publishes that of the process at `at`. Returns
    /// false if the worker has one thread.
    #[inline]
    fn changes(&self, at: Stamp, change: impl FnOnce(&mut Turn, Option<usize>)) -> bool {
        let Some(threads) = &self.of_threads else {
            return false;
        };
        let mut turn = threads.all.turn();
        change(&mut turn, threads.index);
        let state = turn.state();
        if self.slot.phase() != Some(state.phase) {
            self.slot.set_phase(state.phase, at);
        }
        let words = [
            (&self.slot.running_request, state.running_request),
            (&self.slot.running_since, state.running_since),
        ];
        for (word, value) in words {
            word.store(value, Ordering::Release);
        }
        true
    }

    /// Reads the clock.
    #[inline]
    pub fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// Clock of the run.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Writes an event, unless events are switched off.
    #[inline]
    pub fn event(&self, event: &Event) {
        if let Some(ring) = &self.ring {
            ring.borrow_mut().push(&event.to_record());
        } else if let Some(mut turn) = self.turn()
            && let Some(ring) = &mut turn.ring
        {
            ring.push(&event.to_record());
        }
    }

    /// Adds to a counter of the slot.
    #[inline]
    fn count(&self, word: &AtomicU64, amount: u64) {
        let _turn = self.turn();
        add(word, amount);
    }

    /// Publishes the phase of the worker from `at` on.
    #[inline]
    pub fn phase(&self, phase: Phase, at: Stamp) {
        if !self.changes(at, |turn, thread| turn.set_phase(thread, phase)) {
            self.slot.set_phase(phase, at);
        }
    }

    /// Notes that this thread of several could compute since `at`, and waits for the lock of the process.
    pub fn wants_the_lock(&self, at: Stamp) {
        self.changes(at, Turn::wants_the_lock);
    }

    /// Publishes a heartbeat: a turn of the hub, or a pass of the sync loop.
    #[inline]
    pub fn heartbeat(&self, at: Stamp) {
        self.slot.heartbeat.store(at.0, Ordering::Relaxed);
    }

    /// Notes an accepted connection. Its first request counts as begun.
    pub fn accepted(&self, at: Stamp, task: u32, connection: Option<u32>) {
        self.count(&self.slot.accepted, 1);
        self.event(&Event::Accepted {
            at,
            task,
            connection,
        });
        self.begun(at);
    }

    /// Notes an accept that found nothing: another worker was faster.
    pub fn found_nothing(&self) {
        self.count(&self.slot.accept_eagain, 1);
    }

    /// Notes that a request has begun.
    #[inline]
    pub fn begun(&self, at: Stamp) {
        let _turn = self.turn();
        self.slot.begun.up(at);
        raise(&self.slot.peak_concurrency, self.slot.begun.count());
    }

    /// Notes the end of a request: its last byte is written (`answered`), or its connection is gone.
    #[inline]
    pub fn ended(&self, served: Served, answered: bool) {
        self.step_down(served.written, answered);
        self.event(&Event::Served(served));
    }

    #[inline]
    fn step_down(&self, at: Stamp, answered: bool) {
        let _turn = self.turn();
        self.slot.begun.down(at);
        if answered {
            add(&self.slot.requests, 1);
        }
    }

    /// Counts a coroutine that was begun. Called at accept.
    pub fn task_begun(&self) {
        add(&self.slot.tasks, 1);
    }

    /// Counts a wait or a yield. Called by the coroutine where it parks.
    #[inline]
    pub fn count_wait(&self) {
        add(&self.slot.waits, 1);
    }

    /// Counts a switch from the hub to a task or back. Called by the hub around resume.
    #[inline]
    pub fn coroutine_switch(&self) {
        add(&self.slot.coroutine_switches, 1);
    }

    /// Notes that one request or coroutine has the worker since `at`.
    #[inline]
    pub fn runs_since(&self, at: Stamp) {
        if self.changes(at, |turn, thread| turn.has_connection_since(thread, at)) {
            return;
        }
        self.slot.running_ready.store(at.0, Ordering::Relaxed);
        self.slot.running_since.store(at.0, Ordering::Relaxed);
    }

    /// Notes that it could have run since `at`, before it got the worker.
    #[inline]
    pub fn could_run_since(&self, at: Stamp) {
        self.slot.running_ready.store(at.0, Ordering::Relaxed);
    }

    /// Notes the number of its request.
    #[inline]
    pub fn runs_request(&self, number: u32) {
        let word = if number == NO_REQUEST {
            0
        } else {
            u64::from(number) + 1
        };
        if self.changes(self.now(), |turn, thread| turn.has_request(thread, word)) {
            return;
        }
        self.slot.running_request.store(word, Ordering::Relaxed);
    }

    /// Notes that it had the worker from `from` to `to`, and let go.
    #[inline]
    pub fn end_run(&self, from: Stamp, to: Stamp) {
        // A reader that finds no present run must find this one in the longest run.
        if self.changes(to, |turn, thread| {
            raise(&self.slot.longest_run, to.since(from).0);
            turn.has_no_connection(thread);
        }) {
            return;
        }
        raise(&self.slot.longest_run, to.since(from).0);
        self.slot.running_request.store(0, Ordering::Relaxed);
        self.slot.running_since.store(0, Ordering::Release);
    }

    /// Publishes the number of tasks that are `ready` and `parked`, and the number of switches to come if all
    /// end without another wait.
    #[inline]
    pub fn tasks(&self, ready: usize, parked: usize, switches_to_come: usize) {
        let half_done = self.inherited_half_done + switches_to_come as u64;
        self.slot.ready.store(ready as u64, Ordering::Relaxed);
        self.slot.parked.store(parked as u64, Ordering::Relaxed);
        self.slot.half_done.store(half_done, Ordering::Relaxed);
    }

    /// Value of a counter in this process.
    pub fn counter(&self, counter: usize) -> u64 {
        self.slot.counters[counter].value.load(Ordering::Relaxed)
    }

    /// Counts an addition to a counter, which has `value` now.
    pub fn counted(&self, counter: usize, value: u64) {
        let _turn = self.turn();
        let words = &self.slot.counters[counter];
        add(&words.additions, 1);
        words.value.store(value, Ordering::Relaxed);
    }

    /// Counts a computation of a process of the pool.
    pub fn job_done(&self) {
        add(&self.slot.requests, 1);
    }

    /// Publishes the end of the process, and the resources that it used.
    pub fn leaves(&self, used: ResourceUsage, at: Stamp) {
        self.slot.cpu.store(used.cpu.0, Ordering::Relaxed);
        self.slot.voluntary.store(used.voluntary, Ordering::Relaxed);
        self.slot
            .involuntary
            .store(used.involuntary, Ordering::Relaxed);
        self.phase(Phase::Gone, at);
    }

    /// Returns the word for the handler of an abort.
    pub fn abort_word(&self) -> &'static AtomicU64 {
        &self.slot.aborted
    }
}

fn raise(word: &AtomicU64, value: u64) {
    if value > word.load(Ordering::Relaxed) {
        word.store(value, Ordering::Relaxed);
    }
}
