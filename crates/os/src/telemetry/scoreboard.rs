//! The scoreboard: the layout of the shared memory, and the writer of each word.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::{Gauge, Mailbox, Phase, Ring, SLOTS, Stage};
use crate::sys;
use crate::sys::shared::Region;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Most services of a scenario.
pub const SERVICES: usize = 16;
/// Most counters of a scenario.
pub const COUNTERS: usize = 8;
/// Number of records of a worker's ring: half a second at 120 000 events a second.
pub const RINGS_BY_DEFAULT: u64 = 1 << 16;

const ARBITER_RECORDS: u64 = 1 << 12;
const PAGE: usize = 4096;

/// Kinds of telemetry that workers write. Counters, gauges and phases are always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Telemetry {
    /// Events too: each run of a coroutine, each request.
    On,
    /// Counters only: to measure the cost of events.
    Off,
}

/// Words about the run as a whole.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct RunWords {
    /// 0 until the driver says go; then the instant at which the timetable begins. Written by the driver.
    pub go: AtomicU64,
    /// 1 once the run is to end by hand (^C); [`RunWords::END_THE_WINDOW`] if only the window is to end
    /// early. Written by the driver.
    pub stop: AtomicU64,
    /// Another amount of load: requests per million seconds, or clients. Written by the driver.
    pub amount: Mailbox,
    /// One more request, see [`ExtraRequest`](super::ExtraRequest). Written by the driver.
    pub extra: Mailbox,
    _drivers_line: [AtomicU64; 4],
    /// Words of load.
    pub load: LoadWords,
    /// Words of the observer of a foreign server.
    pub foreign: ForeignWords,
}

impl RunWords {
    /// Value of `stop`: no new request is due, and open ones have their whole patience.
    pub const END_THE_WINDOW: u64 = 2;
}

/// Words of load. Written by load alone; by the driver in a run without load.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct LoadWords {
    stage: AtomicU64,
    /// Beginning of the counted window; 0 until it is decided, at least 20 ms before.
    pub window_begin: AtomicU64,
    /// End of the counted window; 0 until it is decided.
    pub window_end: AtomicU64,
    /// Number of requests sent so far.
    pub sent: AtomicU64,
    /// Number of requests that ended so far, well or not.
    pub ended: AtomicU64,
    /// Number of those that were answered well.
    pub good: AtomicU64,
    /// Number of requests that were due and never sent, for lack of descriptors or memory.
    pub dropped: AtomicU64,
    /// 1 once load is ready.
    pub ready: AtomicU64,
    /// Requests due and not ended: stepped when due and at the end.
    pub in_system: Gauge,
    turns: AtomicU64,
}

impl LoadWords {
    /// Number of turns of load's loop so far: at least one in 10 ms while it plays.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Counts a turn.
    pub fn count_turn(&self) {
        add(&self.turns, 1);
    }

    /// Returns the stage that is being played.
    pub fn stage(&self) -> Stage {
        Stage::from_raw(self.stage.load(Ordering::Acquire)).unwrap_or_default()
    }

    /// Publishes the stage that is played from now on.
    pub fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u64, Ordering::Release);
    }
}

/// Words about a foreign server. Written by its observer alone.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct ForeignWords {
    /// Process group of the server; 0 if there is none.
    pub group: AtomicU64,
    /// 1 once its accept queue has been read.
    pub is_seen: AtomicU64,
    /// 1 once its connections have been counted.
    pub is_open_seen: AtomicU64,
    /// Connections in its accept queue, by samples.
    pub queued: Gauge,
    /// Connections that it has accepted and not closed, by samples.
    pub open: Gauge,
}

/// Words about one worker, by it and by the arbiter. Counters are sums over all incarnations.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct Slot {
    // Written by the arbiter.
    /// Number of processes that have had this slot; 0 if it was never used.
    pub incarnation: AtomicU64,
    /// Process id of the present or last process.
    pub pid: AtomicU64,
    /// Number of its fork: the oldest process has the lowest.
    pub age: AtomicU64,
    /// Instant at which the process was reaped; 0 while it lives.
    pub died_at: AtomicU64,
    /// CPU time of all reaped incarnations, in ns, from wait4(2).
    pub cpu_of_the_dead: AtomicU64,
    /// Number of requests that were begun and lost with a process that died.
    pub lost_tasks: AtomicU64,
    /// 1 while the slot belongs to the server: its worker lives or will be respawned.
    pub wanted: AtomicU64,
    _arbiters_line: AtomicU64,

    // Written by the worker.
    phase: AtomicU64,
    /// Instant at which the phase began.
    pub phase_since: AtomicU64,
    /// Instant of the last turn of the hub, or pass of the sync loop.
    pub heartbeat: AtomicU64,
    /// Instant since which the same coroutine (or request) has had the worker; 0 if none has.
    pub running_since: AtomicU64,
    /// Longest run of one coroutine, in ns.
    pub longest_run: AtomicU64,
    /// Number of connections accepted.
    pub accepted: AtomicU64,
    /// Number of accepts that found nothing: another worker was faster.
    pub accept_eagain: AtomicU64,
    /// Number of responses whose last byte was written.
    pub requests: AtomicU64,
    /// Number of coroutines begun. Counted at accept.
    pub tasks: AtomicU64,
    /// Number of waits and yields. Counted by the task where it parks.
    pub waits: AtomicU64,
    /// Number of switches, hub to task and task to hub. Counted by the hub around resume.
    pub coroutine_switches: AtomicU64,
    /// Number of switches that this incarnation's tasks still have to make if they end regularly; the
    /// switch law subtracts it for a worker that died. Counted by the hub.
    pub half_done: AtomicU64,
    /// Most requests that this worker had begun at once.
    pub peak_concurrency: AtomicU64,
    /// Number of coroutines that are ready while the worker runs another.
    pub ready: AtomicU64,
    /// Number of coroutines that are parked.
    pub parked: AtomicU64,
    /// Number of voluntary process switches, by getrusage(2), when the worker left.
    pub voluntary: AtomicU64,
    /// Number of involuntary process switches, by getrusage(2), when the worker left.
    pub involuntary: AtomicU64,
    /// CPU time when the worker left, by getrusage(2), in ns.
    pub cpu: AtomicU64,
    /// Instant at which the process was told to abort; 0 for never. Written by its SIGABRT handler.
    pub aborted: AtomicU64,
    /// Number of the request that has the worker, plus one; 0 if there is none, or none with a number.
    pub running_request: AtomicU64,
    /// Instant since which the running coroutine (or request) could have run.
    pub running_ready: AtomicU64,
    /// Numbers that the application in a worker of a foreign server counts, as
    /// [`Counted::from_raw`](concsim_record::Counted::from_raw) reads them. Written by the observer.
    pub counted: AtomicU64,
    _workers_line: [AtomicU64; 2],
    /// Requests begun and not finished.
    pub begun: Gauge,
    /// Counters of `count` steps.
    pub counters: [CounterWords; COUNTERS],
}

/// One counter of one process.
#[repr(C)]
#[derive(Debug, Default)]
pub struct CounterWords {
    /// Number of additions.
    pub additions: AtomicU64,
    /// Value of the counter. Less than `additions` if updates were lost.
    pub value: AtomicU64,
}

impl Slot {
    /// Returns the phase of the worker; `None` if this version does not know the word.
    pub fn phase(&self) -> Option<Phase> {
        Phase::from_raw(self.phase.load(Ordering::Acquire))
    }

    /// Publishes the phase of the worker from `now` on.
    #[inline]
    pub fn set_phase(&self, phase: Phase, now: Stamp) {
        self.phase_since.store(now.0, Ordering::Relaxed);
        self.phase.store(phase as u64, Ordering::Release);
    }
}

/// Operations of the arbiter on a slot between two processes, when it alone writes all words.
impl Slot {
    /// Prepares the slot for the process that is forked next.
    pub fn prepare(&self, now: Stamp, age: u64) {
        add(&self.incarnation, 1);
        self.age.store(age, Ordering::Relaxed);
        for last_words in [&self.aborted, &self.cpu, &self.voluntary, &self.involuntary] {
            last_words.store(0, Ordering::Relaxed);
        }
        self.heartbeat.store(now.0, Ordering::Relaxed);
        self.set_phase(Phase::Booting, now);
    }

    /// Assigns the slot to the process that has just been forked.
    pub fn give_to(&self, pid: u32) {
        self.pid.store(u64::from(pid), Ordering::Relaxed);
        self.died_at.store(0, Ordering::Release);
    }

    /// Longest run of one coroutine by `now`, including the present run.
    pub fn longest_run_by(&self, now: Stamp) -> Elapsed {
        let since = self.running_since.load(Ordering::Acquire);
        let over = Elapsed(self.longest_run.load(Ordering::Relaxed));
        if since == 0 {
            over
        } else {
            over.max(now.since(Stamp(since)))
        }
    }

    /// Notes the end of the slot's process at `now`, after `cpu` of CPU time: the requests that it had
    /// begun are lost, and none of its tasks is running, ready or parked any more.
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

/// Words of one service.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub struct ServiceSlot {
    /// Number of calls answered.
    pub answered: AtomicU64,
    /// Most calls that it held at once.
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

/// Shared memory of one run.
///
/// Sparse: the ring of a worker takes memory once the first worker of its slot is forked.
#[derive(Debug)]
pub struct Scoreboard {
    region: Region,
    records: u64,
}

impl Scoreboard {
    /// Creates the scoreboard of a new run, with `records` (a power of two) places in each worker's ring.
    ///
    /// # Errors
    /// Fails if the system has no memory or no descriptor left.
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
    /// Fails if the system has none left: a write to the ring would end the worker (`SIGBUS`).
    pub fn reserve_worker_ring(&self, worker: usize) -> sys::Result<()> {
        assert!(worker < SLOTS, "a worker's index is below {SLOTS}");
        self.reserve_ring(worker, self.records)
    }

    /// Maps the scoreboard behind a descriptor that this process inherited.
    ///
    /// # Errors
    /// Fails if the descriptor is not that of a scoreboard.
    pub fn inherited(descriptor: OwnedFd, records: u64) -> sys::Result<Self> {
        let region = Region::inherited(descriptor)?;
        assert!(
            region.bytes() >= bytes(records),
            "parent and child agree on the size of the scoreboard"
        );
        Ok(Self { region, records })
    }

    /// Descriptor to pass to children.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.region.descriptor()
    }

    /// Number of records that a worker's ring holds.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Returns the words about the run.
    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in ring.rs"
    )]
    pub fn run(&self) -> &RunWords {
        // SAFETY: consists of atomics only.
        unsafe { self.region.view(0) }
    }

    /// Returns the words of one worker.
    ///
    /// # Panics
    /// Panics if there is no such slot.
    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in ring.rs"
    )]
    pub fn slot(&self, worker: usize) -> &Slot {
        assert!(worker < SLOTS, "a worker's index is below {SLOTS}");
        // SAFETY: consists of atomics only.
        unsafe { self.region.view(SLOTS_AT + worker * SLOT_BYTES) }
    }

    /// Returns the words of one service.
    ///
    /// # Panics
    /// Panics if there is no such slot.
    #[expect(
        unsafe_code,
        reason = "views of shared memory are made here and in ring.rs"
    )]
    pub fn service(&self, service: usize) -> &ServiceSlot {
        assert!(service < SERVICES, "a service's index is below {SERVICES}");
        // SAFETY: consists of atomics only.
        unsafe { self.region.view(SERVICES_AT + service * SERVICE_BYTES) }
    }

    /// Iterates over the slots that were ever used, with their index.
    pub fn used_slots(&self) -> impl Iterator<Item = (usize, &Slot)> {
        (0..SLOTS)
            .map(|worker| (worker, self.slot(worker)))
            .filter(|(_, slot)| slot.incarnation.load(Ordering::Acquire) > 0)
    }

    /// Returns the ring of one worker's events.
    pub fn worker_ring(&self, worker: usize) -> Ring<'_> {
        assert!(worker < SLOTS, "a worker's index is below {SLOTS}");
        self.ring(worker, self.records)
    }

    /// Returns the ring of load: the outcomes of all requests.
    pub fn load_ring(&self) -> Ring<'_> {
        self.ring(SLOTS, self.records)
    }

    /// Returns the ring of the services' answers.
    pub fn services_ring(&self) -> Ring<'_> {
        self.ring(SLOTS + 1, self.records)
    }

    /// Returns the ring of the arbiter's events.
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
