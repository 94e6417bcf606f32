//! A worker's own hand on the board: the only way in which it says what it does.
//!
//! Every method takes the instant that it is about, because reading the clock is most of what
//! telemetry costs: one reading serves as the end of one run and the beginning of the next.
//! Nothing here allocates or waits. Counters, gauges and phases are always written; events can be
//! switched off, to measure what they cost.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Event, NO_REQUEST, Phase, Scoreboard, Served, Slot, Telemetry, Writer, add};
use crate::sys::clock::Clock;
use crate::sys::fork::Used;
use concsim_model::units::Stamp;

/// One worker's slot and ring.
#[derive(Debug)]
pub struct Probe {
    slot: &'static Slot,
    /// `None` when events are switched off. Borrowed for a push and never longer.
    ring: Option<RefCell<Writer<'static>>>,
    clock: Clock,
    /// Switches that incarnations before this one left half done.
    inherited_half_done: u64,
}

impl Probe {
    /// The hand of the process that has slot `worker` now.
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
            clock,
            inherited_half_done: slot.half_done.load(Ordering::Relaxed),
        }
    }

    /// Reads the clock.
    #[inline]
    pub fn now(&self) -> Stamp {
        self.clock.now()
    }

    /// The run's clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Writes an event, unless events are switched off.
    #[inline]
    pub fn event(&self, event: &Event) {
        if let Some(ring) = &self.ring {
            ring.borrow_mut().push(&event.to_record());
        }
    }

    /// What the worker does from `at` on.
    #[inline]
    pub fn phase(&self, phase: Phase, at: Stamp) {
        self.slot.set_phase(phase, at);
    }

    /// A turn of the hub, or a pass of the sync loop.
    #[inline]
    pub fn heartbeat(&self, at: Stamp) {
        self.slot.heartbeat.store(at.0, Ordering::Relaxed);
    }

    /// A connection was taken from the door. Its first request counts as begun.
    pub fn accepted(&self, at: Stamp, task: u32, connection: Option<u32>) {
        add(&self.slot.accepted, 1);
        self.event(&Event::Accepted {
            at,
            task,
            connection,
        });
        self.begun(at);
    }

    /// An accept found nothing: another worker was faster.
    pub fn found_nothing(&self) {
        add(&self.slot.accept_eagain, 1);
    }

    /// A request has begun.
    #[inline]
    pub fn begun(&self, at: Stamp) {
        self.slot.begun.up(at);
        raise(&self.slot.peak_concurrency, self.slot.begun.count());
    }

    /// A request has ended: its last byte is written (`answered`), or its connection is gone.
    #[inline]
    pub fn ended(&self, served: Served, answered: bool) {
        self.slot.begun.down(served.written);
        if answered {
            add(&self.slot.requests, 1);
        }
        self.event(&Event::Served(served));
    }

    /// A coroutine was begun. Counted at accept.
    pub fn task_begun(&self) {
        add(&self.slot.tasks, 1);
    }

    /// A coroutine waits, or yields. Counted by itself, where it parks.
    #[inline]
    pub fn waits(&self) {
        add(&self.slot.waits, 1);
    }

    /// The hub goes to a task, or comes back from one. Counted by the hub around resume.
    #[inline]
    pub fn coroutine_switch(&self) {
        add(&self.slot.coroutine_switches, 1);
    }

    /// The same request or coroutine has the worker since `at`.
    #[inline]
    pub fn runs_since(&self, at: Stamp) {
        self.slot.running_ready.store(at.0, Ordering::Relaxed);
        self.slot.running_since.store(at.0, Ordering::Relaxed);
    }

    /// What has the worker could have run since `at`, which is before it did.
    #[inline]
    pub fn could_run_since(&self, at: Stamp) {
        self.slot.running_ready.store(at.0, Ordering::Relaxed);
    }

    /// What has the worker is request `number`.
    #[inline]
    pub fn runs_request(&self, number: u32) {
        let word = if number == NO_REQUEST {
            0
        } else {
            u64::from(number) + 1
        };
        self.slot.running_request.store(word, Ordering::Relaxed);
    }

    /// What had the worker since `from` let go of it at `to`.
    #[inline]
    pub fn let_go(&self, from: Stamp, to: Stamp) {
        // The reader that finds no run going on must find this one among those that are over.
        raise(&self.slot.longest_run, to.since(from).0);
        self.slot.running_request.store(0, Ordering::Relaxed);
        self.slot.running_since.store(0, Ordering::Release);
    }

    /// How many coroutines are ready and how many are parked, beside the `running` (0 or 1); and
    /// with that, how many switches are still to come if all of them end without another wait: two
    /// for each that does not run, one for the one that does.
    #[inline]
    pub fn tasks(&self, ready: usize, parked: usize, running: usize) {
        let half_done = 2 * (ready + parked) + running;
        let half_done = self.inherited_half_done + half_done as u64;
        self.slot.ready.store(ready as u64, Ordering::Relaxed);
        self.slot.parked.store(parked as u64, Ordering::Relaxed);
        self.slot.half_done.store(half_done, Ordering::Relaxed);
    }

    /// What a counter says in this process.
    pub fn counter(&self, counter: usize) -> u64 {
        self.slot.counters[counter].value.load(Ordering::Relaxed)
    }

    /// One was added to a counter, by someone who made it say `value`.
    pub fn counted(&self, counter: usize, value: u64) {
        let words = &self.slot.counters[counter];
        add(&words.additions, 1);
        words.value.store(value, Ordering::Relaxed);
    }

    /// The process leaves; this is what it used.
    pub fn leaves(&self, used: Used, at: Stamp) {
        self.slot.cpu.store(used.cpu.0, Ordering::Relaxed);
        self.slot.voluntary.store(used.voluntary, Ordering::Relaxed);
        self.slot
            .involuntary
            .store(used.involuntary, Ordering::Relaxed);
        self.phase(Phase::Gone, at);
    }

    /// Where the handler of an abort leaves its word.
    pub fn abort_word(&self) -> &'static AtomicU64 {
        &self.slot.aborted
    }
}

fn raise(word: &AtomicU64, value: u64) {
    if value > word.load(Ordering::Relaxed) {
        word.store(value, Ordering::Relaxed);
    }
}
