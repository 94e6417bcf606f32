//! The board: where in the shared memory what lies, and who writes it.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::{Gauge, Mailbox, Phase, Ring, SLOTS, Stage};
use crate::sys;
use crate::sys::shared::Region;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Services that a scenario can name.
pub const SERVICES: usize = 16;
/// Counters that a scenario can name.
pub const COUNTERS: usize = 8;
/// Records of a worker's ring: at 120 000 events a second this holds half a second of them.
pub const RINGS_BY_DEFAULT: u64 = 1 << 16;

const ARBITER_RECORDS: u64 = 1 << 12;
const PAGE: usize = 4096;

/// Whether workers write events. Counters, gauges and phases are always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Telemetry {
    /// Each run of a coroutine, each request.
    On,
    /// Nothing but counters: to measure what telemetry costs.
    Off,
}

/// Words about the run as a whole.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct RunWords {
    /// 0 until the driver says go; then the instant at which the timetable begins. Driver's.
    pub go: AtomicU64,
    /// 1 once a person wants the run to end (^C); [`RunWords::END_THE_WINDOW`] if only the window is to
    /// end early. Driver's.
    pub stop: AtomicU64,
    /// Rung for another amount of load: requests in a million seconds, or clients. Driver's.
    pub amount: Mailbox,
    /// Rung for one request more, see [`Extra`](super::Extra). Driver's.
    pub extra: Mailbox,
    _drivers_line: [AtomicU64; 4],
    /// What load is doing.
    pub load: LoadWords,
}

impl RunWords {
    /// In `stop`: nothing new is to be due, and whatever is under way is waited for as ever.
    pub const END_THE_WINDOW: u64 = 2;
}

/// What load says of itself; it alone writes here.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct LoadWords {
    stage: AtomicU64,
    /// When the counted window begins; 0 while that is not known. Known at least 20 ms before.
    pub window_begin: AtomicU64,
    /// When it ends; 0 while that is not known.
    pub window_end: AtomicU64,
    /// Requests sent so far.
    pub sent: AtomicU64,
    /// Requests that ended so far, well or not.
    pub ended: AtomicU64,
    /// Those of them that were answered well.
    pub good: AtomicU64,
    /// Requests that were due and never sent, for want of descriptors or memory.
    pub dropped: AtomicU64,
    /// 1 once load is ready to go.
    pub ready: AtomicU64,
    /// Requests due and not ended: stepped at due and at the end.
    pub in_system: Gauge,
    turns: AtomicU64,
}

impl LoadWords {
    /// Turns of load's loop so far: at least one in 10 ms while it plays.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Counts one more.
    pub fn count_turn(&self) {
        add(&self.turns, 1);
    }

    /// What is being played.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            1 => Stage::WarmUp,
            2 => Stage::Counting,
            3 => Stage::Draining,
            4 => Stage::Done,
            _ => Stage::Preparing,
        }
    }

    /// Says what is being played from now on.
    pub fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u64, Ordering::Release);
    }
}

/// One worker, as it and the arbiter describe it. Counters are of all incarnations together.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct Slot {
    // The arbiter's words.
    /// How many processes have had this slot; 0: never used.
    pub incarnation: AtomicU64,
    /// The process that has it now, or had it last.
    pub pid: AtomicU64,
    /// In which order the arbiter forked it: the oldest has the lowest.
    pub age: AtomicU64,
    /// When the process was reaped; 0 while it lives.
    pub died_at: AtomicU64,
    /// CPU time of all reaped incarnations, ns, from wait4(2).
    pub cpu_of_the_dead: AtomicU64,
    /// Requests that were begun and lost with a process that died.
    pub lost_tasks: AtomicU64,
    /// 1 while the slot belongs to the server: its worker lives or will be respawned.
    pub wanted: AtomicU64,
    _arbiters_line: AtomicU64,

    // The worker's words.
    phase: AtomicU64,
    /// When the phase began.
    pub phase_since: AtomicU64,
    /// The last turn of the hub, or pass of the sync loop.
    pub heartbeat: AtomicU64,
    /// Since when the same coroutine (or request) has had the worker; 0: none has.
    pub running_since: AtomicU64,
    /// The longest that one coroutine had the worker without letting go, ns.
    pub longest_run: AtomicU64,
    /// Connections taken from the door.
    pub accepted: AtomicU64,
    /// Accepts that found nothing: another worker was faster.
    pub accept_eagain: AtomicU64,
    /// Responses whose last byte was written.
    pub requests: AtomicU64,
    /// Coroutines begun. Counted at accept.
    pub tasks: AtomicU64,
    /// Waits and yields. Counted by the task where it parks.
    pub waits: AtomicU64,
    /// Hub to task and task to hub, one each. Counted by the hub around resume.
    pub coroutine_switches: AtomicU64,
    /// Of this incarnation's tasks, switches that are still to come if they end regularly; what the
    /// switch law subtracts for a worker that died. Counted by the hub.
    pub half_done: AtomicU64,
    /// The most requests this worker had begun at once.
    pub peak_concurrency: AtomicU64,
    /// Coroutines ready, while the worker runs another.
    pub ready: AtomicU64,
    /// Coroutines parked.
    pub parked: AtomicU64,
    /// Voluntary process switches, by getrusage(2), when the worker left.
    pub voluntary: AtomicU64,
    /// Involuntary ones.
    pub involuntary: AtomicU64,
    /// CPU time by getrusage(2) when the worker left, ns.
    pub cpu: AtomicU64,
    /// When the process was told to abort; 0: never. Written by its SIGABRT handler.
    pub aborted: AtomicU64,
    /// The request that has the worker, and one; 0: none, or none that said its number.
    pub running_request: AtomicU64,
    /// Since when what has the worker could have run.
    pub running_ready: AtomicU64,
    _workers_line: [AtomicU64; 3],
    /// Requests begun and not finished.
    pub begun: Gauge,
    /// The counters of `count` steps: times that the step was played, and the counter's value.
    pub counters: [CounterWords; COUNTERS],
}

/// One counter of one process.
#[repr(C)]
#[derive(Debug, Default)]
pub struct CounterWords {
    /// How often one was added.
    pub additions: AtomicU64,
    /// What the counter says. Less than `additions` if updates were lost.
    pub value: AtomicU64,
}

impl Slot {
    /// What the worker does; `None` if the word is none that this version knows.
    pub fn phase(&self) -> Option<Phase> {
        Phase::from_raw(self.phase.load(Ordering::Acquire))
    }

    /// Says what the worker does from `now` on.
    #[inline]
    pub fn set_phase(&self, phase: Phase, now: Stamp) {
        self.phase_since.store(now.0, Ordering::Relaxed);
        self.phase.store(phase as u64, Ordering::Release);
    }
}

/// What the arbiter does with a slot between two of its processes, when all words are its own.
impl Slot {
    /// Makes the slot ready for the process that is forked next.
    pub fn prepare(&self, now: Stamp, age: u64) {
        add(&self.incarnation, 1);
        self.age.store(age, Ordering::Relaxed);
        for last_words in [&self.aborted, &self.cpu, &self.voluntary, &self.involuntary] {
            last_words.store(0, Ordering::Relaxed);
        }
        self.heartbeat.store(now.0, Ordering::Relaxed);
        self.set_phase(Phase::Booting, now);
    }

    /// The process that has just been forked has the slot from now on.
    pub fn give_to(&self, pid: u32) {
        self.pid.store(u64::from(pid), Ordering::Relaxed);
        self.died_at.store(0, Ordering::Release);
    }

    /// The longest that one coroutine had the worker by `now`, be it the one that has it.
    pub fn longest_run_by(&self, now: Stamp) -> Elapsed {
        let since = self.running_since.load(Ordering::Acquire);
        let over = Elapsed(self.longest_run.load(Ordering::Relaxed));
        if since == 0 {
            over
        } else {
            over.max(now.since(Stamp(since)))
        }
    }

    /// The slot's process has ended, at `now`, after so much CPU time: what it had begun is lost, and
    /// nothing of it is running, ready or parked any more.
    pub fn remove(&self, now: Stamp, cpu: CpuTime) {
        add(&self.cpu_of_the_dead, cpu.0);
        add(&self.lost_tasks, self.begun.count());
        let longest_run = self.longest_run_by(now);
        self.longest_run.store(longest_run.0, Ordering::Relaxed);
        self.died_at.store(now.0, Ordering::Release);
        self.begun.clear(now);
        for of_the_living in [&self.running_since, &self.ready, &self.parked] {
            of_the_living.store(0, Ordering::Relaxed);
        }
        self.set_phase(Phase::Gone, now);
    }
}

/// Adds to a counter of shared memory that this process alone writes: a load and a store, no locked
/// instruction.
#[inline]
pub fn add(word: &AtomicU64, amount: u64) {
    word.store(
        word.load(Ordering::Relaxed).wrapping_add(amount),
        Ordering::Relaxed,
    );
}

/// What one service says of itself.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct ServiceSlot {
    /// Calls answered.
    pub answered: AtomicU64,
    /// The most calls it held at once.
    pub peak: AtomicU64,
    /// Calls that it holds now.
    pub held: Gauge,
}

const SLOT_BYTES: usize = size_of::<Slot>();
const SERVICE_BYTES: usize = size_of::<ServiceSlot>();
const SLOTS_AT: usize = PAGE;
const SERVICES_AT: usize = SLOTS_AT + SLOTS * SLOT_BYTES;
const RINGS_AT: usize = (SERVICES_AT + SERVICES * SERVICE_BYTES).next_multiple_of(PAGE);

const _: () = assert!(size_of::<RunWords>() <= PAGE);
const _: () = assert!(SLOT_BYTES.is_multiple_of(64) && SERVICE_BYTES.is_multiple_of(64));

/// All shared memory of one run.
///
/// Sparse: the ring of a worker takes memory once the first worker of its slot is forked.
#[derive(Debug)]
pub struct Scoreboard {
    region: Region,
    records: u64,
}

impl Scoreboard {
    /// Makes the board of a new run, with `records` (a power of two) places in each worker's ring.
    ///
    /// # Errors
    /// When the system has no memory or no descriptor left.
    pub fn new(records: u64) -> sys::Result<Self> {
        let region = Region::new(bytes(records))?;
        let scoreboard = Self { region, records };
        scoreboard.region.reserve(0..RINGS_AT)?;
        let others = [
            (SLOTS, records),
            (SLOTS + 1, records),
            (SLOTS + 2, ARBITER_RECORDS),
        ];
        for (number, capacity) in others {
            scoreboard.reserve_ring(number, capacity)?;
        }
        Ok(scoreboard)
    }

    /// Gives memory to the ring of a slot that no worker has had yet.
    ///
    /// # Errors
    /// When the system has none left: written to all the same, the ring would end the worker (`SIGBUS`).
    pub fn reserve_worker_ring(&self, worker: usize) -> sys::Result<()> {
        assert!(worker < SLOTS, "a worker's index is below {SLOTS}");
        self.reserve_ring(worker, self.records)
    }

    /// The board behind a descriptor that this process inherited.
    ///
    /// # Errors
    /// When the descriptor is none of a board.
    pub fn inherited(descriptor: OwnedFd, records: u64) -> sys::Result<Self> {
        let region = Region::inherited(descriptor)?;
        assert!(
            region.bytes() >= bytes(records),
            "parent and child agree on the size of the board"
        );
        Ok(Self { region, records })
    }

    /// The descriptor to hand to children.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.region.descriptor()
    }

    /// How many records a worker's ring holds.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Words about the run.
    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in ring.rs"
    )]
    pub fn run(&self) -> &RunWords {
        // SAFETY: made of atomics alone.
        unsafe { self.region.view(0) }
    }

    /// The words of one worker.
    ///
    /// # Panics
    /// When there is no such slot.
    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in ring.rs"
    )]
    pub fn slot(&self, worker: usize) -> &Slot {
        assert!(worker < SLOTS, "a worker's index is below {SLOTS}");
        // SAFETY: made of atomics alone.
        unsafe { self.region.view(SLOTS_AT + worker * SLOT_BYTES) }
    }

    /// The words of one service.
    ///
    /// # Panics
    /// When there is no such slot.
    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in ring.rs"
    )]
    pub fn service(&self, service: usize) -> &ServiceSlot {
        assert!(service < SERVICES, "a service's index is below {SERVICES}");
        // SAFETY: made of atomics alone.
        unsafe { self.region.view(SERVICES_AT + service * SERVICE_BYTES) }
    }

    /// The slots that were ever used, with their index.
    pub fn used_slots(&self) -> impl Iterator<Item = (usize, &Slot)> {
        (0..SLOTS)
            .map(|worker| (worker, self.slot(worker)))
            .filter(|(_, slot)| slot.incarnation.load(Ordering::Acquire) > 0)
    }

    /// The ring of one worker's events.
    pub fn worker_ring(&self, worker: usize) -> Ring<'_> {
        assert!(worker < SLOTS, "a worker's index is below {SLOTS}");
        self.ring(worker, self.records)
    }

    /// The ring of the outcomes of all requests, written by load.
    pub fn load_ring(&self) -> Ring<'_> {
        self.ring(SLOTS, self.records)
    }

    /// The ring of the services' answers.
    pub fn services_ring(&self) -> Ring<'_> {
        self.ring(SLOTS + 1, self.records)
    }

    /// The ring of the arbiter's events.
    pub fn arbiter_ring(&self) -> Ring<'_> {
        self.ring(SLOTS + 2, ARBITER_RECORDS)
    }

    fn ring(&self, number: usize, capacity: u64) -> Ring<'_> {
        Ring::at(&self.region, self.ring_at(number), capacity)
    }

    fn ring_at(&self, number: usize) -> usize {
        RINGS_AT + number * Ring::bytes(self.records).next_multiple_of(PAGE)
    }

    fn reserve_ring(&self, number: usize, capacity: u64) -> sys::Result<()> {
        let begin = self.ring_at(number);
        self.region.reserve(begin..begin + Ring::bytes(capacity))
    }
}

fn bytes(records: u64) -> usize {
    let ring = Ring::bytes(records).next_multiple_of(PAGE);
    RINGS_AT + (SLOTS + 2) * ring + Ring::bytes(ARBITER_RECORDS).max(ring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ring_and_slot_lies_in_the_board() {
        let scoreboard = Scoreboard::new(64).unwrap();
        scoreboard
            .slot(SLOTS - 1)
            .accepted
            .store(1, Ordering::Relaxed);
        scoreboard
            .service(SERVICES - 1)
            .peak
            .store(1, Ordering::Relaxed);
        for ring in [
            scoreboard.worker_ring(0),
            scoreboard.worker_ring(SLOTS - 1),
            scoreboard.load_ring(),
            scoreboard.services_ring(),
            scoreboard.arbiter_ring(),
        ] {
            assert_eq!(ring.published(), 0);
        }
        assert_eq!(scoreboard.used_slots().count(), 0);
    }

    #[test]
    fn a_run_that_goes_on_or_is_cut_by_a_death_may_be_the_longest() {
        let scoreboard = Scoreboard::new(64).unwrap();
        let slot = scoreboard.slot(0);
        let longest_at = |ms: u64| slot.longest_run_by(Stamp(ms * 1_000_000));
        slot.longest_run.store(30_000_000, Ordering::Relaxed);
        assert_eq!(longest_at(900), Elapsed::from_millis(30));
        slot.running_since.store(880_000_000, Ordering::Relaxed);
        assert_eq!(longest_at(900), Elapsed::from_millis(30));
        assert_eq!(longest_at(950), Elapsed::from_millis(70));
        slot.remove(Stamp(960_000_000), CpuTime::ZERO);
        assert_eq!(longest_at(2_000), Elapsed::from_millis(80));
    }

    #[test]
    fn a_child_that_maps_the_same_descriptor_sees_the_same_slot() {
        let scoreboard = Scoreboard::new(64).unwrap();
        let descriptor = scoreboard.descriptor().try_clone_to_owned().unwrap();
        let twin = Scoreboard::inherited(descriptor, 64).unwrap();
        scoreboard.slot(3).incarnation.store(1, Ordering::Release);
        assert_eq!(
            twin.used_slots()
                .map(|(worker, _)| worker)
                .collect::<Vec<_>>(),
            [3]
        );
    }
}
