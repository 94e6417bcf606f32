//! The growing recording of a run, read by the driver from the scoreboard and the operating system.
//!
//! [`Live::drain`] is called every few milliseconds, so that no ring fills up; [`Live::sample`] at
//! regular instants and at the edges of the counted window. Reading never makes a worker wait.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cpu_attribution::{Cores, CpuAttribution, ProcessObservation, WatchedProcesses};
use super::memory::{MemoryReadings, Owner};
use crate::sys::clock::Clock;
use crate::sys::processes::{self, ProcessSwitches};
use crate::telemetry::{Event, Marker, Reader, Reading, Scoreboard, Slot};
use concsim_engine::telemetry::WORKER_SLOTS;
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_record::storage::RecordingWriter;
use concsim_record::{
    Counted, Header, LoadSample, Machine, RecordSource, Recorder, Recording, Sample, Window,
    WorkerSample,
};

/// Most threads of a worker that are observed one by one. Of more, only the main thread is: the observer would
/// need too much of a core.
const MOST_OBSERVED_THREADS: usize = 64;

/// Ids of a run's processes besides its workers, which are on the scoreboard.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessIds {
    /// Load process.
    pub load: Option<u32>,
    /// Services' process.
    pub services: Option<u32>,
    /// Arbiter.
    pub arbiter: Option<u32>,
}

/// Reads the scoreboard into a recording.
#[derive(Debug)]
pub struct Live<'a> {
    scoreboard: &'a Scoreboard,
    clock: Clock,
    recorder: Recorder,
    workers: BTreeMap<usize, Reader<'a>>,
    arbiter: Reader<'a>,
    load: Reader<'a>,
    services: Reader<'a>,
    cores: Cores,
    watched: WatchedProcesses,
    /// Process switches of workers at the last reading, and of their dead predecessors.
    switches: BTreeMap<usize, SlotMemory>,
    /// Last reading of load's gauge.
    in_system: Reading,
    /// Last reading of the accept queue of a foreign server.
    queued: Reading,
    /// Last reading of the connections of a server that is watched without load.
    open: Reading,
    memory: MemoryReadings,
    used: CpuReadings,
}

/// Last readings of the CPU time of the run's other processes.
#[derive(Clone, Copy, Debug, Default)]
struct CpuReadings {
    load: CpuTime,
    services: CpuTime,
    arbiter: CpuTime,
}

/// Earlier readings of a slot: process switches of all its processes, CPU time, and its gauge.
#[derive(Clone, Copy, Debug, Default)]
struct SlotMemory {
    pid: u32,
    of_the_dead: ProcessSwitches,
    now: ProcessSwitches,
    begun: Reading,
    /// CPU time. The sum that a process published before it died may be less than a reading before that.
    cpu: CpuTime,
    /// Time without a core of all its processes but the present one …
    earlier_without_a_core: Elapsed,
    /// … and of that one, if it was ever read.
    without_a_core: Option<Elapsed>,
}

impl<'a> Live<'a> {
    /// Begins an empty recording, and writes it to disk if there is a writer.
    pub fn new(
        scoreboard: &'a Scoreboard,
        header: Header,
        writer: Option<RecordingWriter>,
    ) -> Self {
        Self {
            scoreboard,
            clock: Clock::starting_now(),
            recorder: Recorder::new(header, writer),
            workers: BTreeMap::new(),
            arbiter: Reader::new(scoreboard.arbiter_ring()),
            load: Reader::new(scoreboard.load_ring()),
            services: Reader::new(scoreboard.services_ring()),
            cores: Cores::begin(),
            watched: WatchedProcesses::default(),
            switches: BTreeMap::new(),
            in_system: Reading::default(),
            queued: Reading::default(),
            open: Reading::default(),
            memory: MemoryReadings::default(),
            used: CpuReadings::default(),
        }
    }

    /// Returns the scoreboard that it reads.
    pub fn scoreboard(&self) -> &'a Scoreboard {
        self.scoreboard
    }

    /// Clock of the run.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Returns the recording so far.
    pub fn recording(&self) -> &Recording {
        self.recorder.recording()
    }

    /// Returns the header, to be completed while the run goes on.
    pub fn header_mut(&mut self) -> &mut Header {
        self.recorder.header_mut()
    }

    /// Takes all events and outcomes that are in the rings now.
    pub fn drain(&mut self) {
        for (worker, _) in self.scoreboard.used_slots() {
            let ring = self.scoreboard.worker_ring(worker);
            let reader = self
                .workers
                .entry(worker)
                .or_insert_with(|| Reader::new(ring));
            let source = RecordSource::Worker(worker as u16);
            reader.drain(|record| self.recorder.note(source, record));
        }
        let recorder = &mut self.recorder;
        self.arbiter
            .drain(|record| recorder.note(RecordSource::Arbiter, record));
        self.services
            .drain(|record| recorder.note(RecordSource::Services, record));
        self.load
            .drain(|record| recorder.note(RecordSource::Load, record));
        let rings = self.workers.values().chain([&self.arbiter, &self.services]);
        let dropped = rings.map(Reader::dropped).sum();
        recorder.has_lost(dropped, self.load.dropped());
    }

    /// Notes an intervention in the run.
    pub fn mark(&mut self, marker: Marker) {
        let record = Event::Marked(marker).to_record();
        self.recorder.note(RecordSource::Driver, &record);
    }

    /// Adds a sample of everything, as of now.
    pub fn sample(&mut self, pids: ProcessIds) -> &Sample {
        self.learn_the_window();
        let sample = self.take_sample(pids);
        self.recorder.add(sample)
    }

    /// Reads the memory of all processes of the server, for later samples: outside of the counted window.
    pub fn sample_memory(&mut self, pids: ProcessIds) {
        self.memory.read_all(&self.owners_of_memory(pids));
    }

    /// Reads the memory of one process of the server, in turns, if it is time for that.
    pub fn sample_some_memory(&mut self, pids: ProcessIds) {
        self.memory
            .read_next(&self.owners_of_memory(pids), self.clock);
    }

    fn owners_of_memory(&self, pids: ProcessIds) -> Vec<(Owner, u32)> {
        let arbiter = pids.arbiter.map(|pid| (Owner::Arbiter, pid));
        let slots = self.scoreboard.used_slots();
        let living = slots.filter(|(_, slot)| read(&slot.died_at) == 0);
        let workers = living.map(|(index, slot)| (Owner::Worker(index), slot_pid(slot)));
        arbiter.into_iter().chain(workers).collect()
    }

    /// Books CPU time to cores. The more often this is done, the more likely it is that a process used its
    /// CPU time on the core where it is found.
    pub fn attribute_cpu(&mut self, pids: ProcessIds) {
        let has_threads = self.workers_have_threads();
        for (_, slot) in self.scoreboard.used_slots() {
            let watched = &mut self.watched;
            if has_threads {
                let threads = ids_of(slot, has_threads);
                self.cores.attribute_threads(&threads, watched);
            } else {
                let pid = slot_pid(slot);
                self.cores.attribute(pid, CpuAttribution::Workers, watched);
            }
        }
        let others = [
            (pids.load, CpuAttribution::Load),
            (pids.services, CpuAttribution::Services),
        ];
        for (pid, booking) in others {
            let pid = pid.unwrap_or(0);
            self.cores.attribute(pid, booking, &mut self.watched);
        }
    }

    /// True if each worker has several threads, which are observed one by one.
    fn workers_have_threads(&self) -> bool {
        let server = &self.recording().header.scenario.server;
        server.threads_of_a_worker() > 1 && server.threads <= MOST_OBSERVED_THREADS
    }

    /// Ends the recording. The error says why it could not be stored completely.
    pub fn finish(mut self) -> (Recording, Option<io::Error>) {
        self.drain();
        self.learn_the_window();
        self.recorder.close()
    }

    fn learn_the_window(&mut self) {
        let load = &self.scoreboard.run().load;
        let begin = load.window_begin.load(Ordering::Acquire);
        let end = load.window_end.load(Ordering::Acquire);
        // An announced window is taken back if the run is stopped before it begins.
        let is_known = begin > 0 && end > begin;
        let window = is_known.then_some(Window {
            begin: Stamp(begin),
            end: Stamp(end),
        });
        if self.recording().header.window != window {
            self.recorder.header_mut().window = window;
            self.recorder.keep_the_header();
        }
    }

    fn take_sample(&mut self, pids: ProcessIds) -> Sample {
        self.attribute_cpu(pids);
        let mut unreadable = 0;
        let seen = look_at_workers(
            (self.scoreboard, self.workers_have_threads()),
            &mut self.watched,
            &mut self.switches,
            self.clock,
            &mut unreadable,
        );
        self.used.read(pids);
        let load = LoadSample {
            cpu: self.used.load,
            ..look_at_load(self.scoreboard, &mut self.in_system, &mut unreadable)
        };
        let foreign = &self.scoreboard.run().foreign;
        let queued = (read(&foreign.is_seen) == 1)
            .then(|| latest(foreign.queued.read(), &mut self.queued, &mut unreadable));
        let open = (read(&foreign.is_open_seen) == 1)
            .then(|| latest(foreign.open.read(), &mut self.open, &mut unreadable));
        self.recorder.could_not_read(unreadable);
        let at = self.clock.now();
        let workers = seen.into_iter().map(|seen| {
            let memory = self.memory.of(Owner::Worker(seen.index));
            WorkerSample {
                pss_kib: memory.pss_kib,
                private_kib: memory.private_kib,
                ..seen
            }
        });
        let (workers, processes) = workers.partition(|seen| seen.index < WORKER_SLOTS);
        let arbiter = self.memory.of(Owner::Arbiter);
        Sample {
            at,
            stage: self.scoreboard.run().load.stage(),
            window: self.recording().header.window,
            seen: self.recording().seen(),
            workers,
            processes,
            cores: self.cores.now(),
            load,
            queued,
            open,
            services_cpu: self.used.services,
            arbiter_cpu: self.used.arbiter,
            arbiter_pss_kib: arbiter.pss_kib,
            arbiter_private_kib: arbiter.private_kib,
        }
    }
}

/// Returns the state of the workers, from the scoreboard and the operating system.
fn look_at_workers(
    (scoreboard, have_threads): (&Scoreboard, bool),
    watched: &mut WatchedProcesses,
    switches: &mut BTreeMap<usize, SlotMemory>,
    clock: Clock,
    unreadable: &mut u64,
) -> Vec<WorkerSample> {
    let ids: Vec<Vec<u32>> = scoreboard
        .used_slots()
        .map(|(_, slot)| ids_of(slot, have_threads))
        .collect();
    let looks = watched.look_at_workers(&ids, clock.now());
    let seen = scoreboard.used_slots().zip(looks).zip(&ids);
    seen.map(|(((index, slot), look), ids)| {
        let count = switches.entry(index).or_default();
        count.add_switches(slot_pid(slot), ids, slot);
        look_at_worker((index, slot), (clock, look), count, unreadable)
    })
    .collect()
}

fn look_at_worker(
    (index, slot): (usize, &Slot),
    (clock, look): (Clock, ProcessObservation),
    count: &mut SlotMemory,
    unreadable: &mut u64,
) -> WorkerSample {
    let pid = slot_pid(slot);
    let phase = slot.phase();
    count.cpu = worker_cpu(slot, pid).max(count.cpu);
    *unreadable += u64::from(phase.is_none());
    WorkerSample {
        index,
        pid,
        respawns: read(&slot.incarnation).saturating_sub(1),
        phase: phase.unwrap_or_default(),
        phase_since: Stamp(read(&slot.phase_since)),
        wants_a_core: look.wants_a_core,
        is_stopped: look.is_stopped,
        core: look.core.unwrap_or(0),
        cpu: count.cpu,
        without_a_core: count.without_a_core(look.without_a_core),
        begun: latest(slot.begun.read(), &mut count.begun, unreadable),
        ready: read(&slot.ready),
        parked: read(&slot.parked),
        running_since: Some(Stamp(read(&slot.running_since))).filter(|since| since.0 > 0),
        running_ready: Some(Stamp(read(&slot.running_ready))).filter(|ready| ready.0 > 0),
        running_request: u32::try_from(read(&slot.running_request))
            .ok()
            .and_then(|word| word.checked_sub(1)),
        // Reading the operating system has taken time: a present run counts up to now.
        longest_run: slot.longest_run_by(clock.now()),
        accepted: read(&slot.accepted),
        accept_eagain: read(&slot.accept_eagain),
        requests: read(&slot.requests),
        tasks: read(&slot.tasks),
        waits: read(&slot.waits),
        coroutine_switches: read(&slot.coroutine_switches),
        half_done: read(&slot.half_done),
        lost_tasks: read(&slot.lost_tasks),
        peak_concurrency: read(&slot.peak_concurrency),
        voluntary: count.of_the_dead.voluntary + count.now.voluntary,
        involuntary: count.of_the_dead.involuntary + count.now.involuntary,
        pss_kib: 0,
        private_kib: 0,
        counters: slot
            .counters
            .iter()
            .map(|counter| (read(&counter.additions), read(&counter.value)))
            .collect(),
        counted: Counted::from_raw(read(&slot.counted)),
    }
}

/// Samples workers without a recording.
#[derive(Debug)]
pub struct WorkerSampler {
    clock: Clock,
    watched: WatchedProcesses,
    switches: BTreeMap<usize, SlotMemory>,
    cpu: BTreeMap<usize, CpuTime>,
}

impl Default for WorkerSampler {
    fn default() -> Self {
        Self {
            clock: Clock::starting_now(),
            watched: WatchedProcesses::default(),
            switches: BTreeMap::new(),
            cpu: BTreeMap::new(),
        }
    }
}

impl WorkerSampler {
    /// Returns the state of the workers now. If a worker was respawned more than once since the last call,
    /// the process switches of the incarnations in between are unknown.
    pub fn sample_workers(&mut self, scoreboard: &Scoreboard) -> Vec<WorkerSample> {
        let (watched, switches) = (&mut self.watched, &mut self.switches);
        let seen = look_at_workers((scoreboard, false), watched, switches, self.clock, &mut 0);
        let workers = seen.into_iter().map(|seen| {
            // The system rounds the CPU time of a process that has died, and a sum must never decrease.
            let most = self.cpu.entry(seen.index).or_default();
            *most = seen.cpu.max(*most);
            WorkerSample { cpu: *most, ..seen }
        });
        workers.collect()
    }
}

impl SlotMemory {
    /// Reads the switches of the slot's process, and keeps those of its predecessors. A process that has
    /// ended regularly has published its final counts.
    fn add_switches(&mut self, pid: u32, threads: &[u32], slot: &Slot) {
        if self.pid != pid {
            self.of_the_dead.voluntary += self.now.voluntary;
            self.of_the_dead.involuntary += self.now.involuntary;
            (self.pid, self.now) = (pid, ProcessSwitches::default());
            self.earlier_without_a_core += self.without_a_core.take().unwrap_or_default();
        }
        let last_words = ProcessSwitches {
            voluntary: read(&slot.voluntary),
            involuntary: read(&slot.involuntary),
        };
        let alive = (read(&slot.died_at) == 0).then(|| switches_of_all(threads));
        let seen = alive.flatten().unwrap_or(last_words);
        // The counts that a process published before it died may be less than a reading before that.
        self.now.voluntary = seen.voluntary.max(self.now.voluntary);
        self.now.involuntary = seen.involuntary.max(self.now.involuntary);
    }

    /// Returns the time without a core of all processes of the slot; `now` is that of the present one, [`None`]
    /// once it has ended.
    fn without_a_core(&mut self, now: Option<Elapsed>) -> Option<Elapsed> {
        self.without_a_core = now.max(self.without_a_core);
        Some(self.earlier_without_a_core + self.without_a_core?)
    }
}

/// Returns the switches of a process, the sum of its threads'; `None` if it has ended.
fn switches_of_all(threads: &[u32]) -> Option<ProcessSwitches> {
    let each = threads.iter().filter_map(|id| processes::switches_of(*id));
    each.reduce(|sum, of_one| ProcessSwitches {
        voluntary: sum.voluntary + of_one.voluntary,
        involuntary: sum.involuntary + of_one.involuntary,
    })
}

/// Returns the ids by which the process of a slot is observed: those of its threads, or its own.
fn ids_of(slot: &Slot, has_threads: bool) -> Vec<u32> {
    let pid = slot_pid(slot);
    let threads = if has_threads {
        processes::threads_of(pid)
    } else {
        Vec::new()
    };
    if threads.is_empty() {
        vec![pid]
    } else {
        threads
    }
}

/// Returns the CPU time of a slot: of its process and of all that had it before.
fn worker_cpu(slot: &Slot, pid: u32) -> CpuTime {
    let dead = CpuTime(read(&slot.cpu_of_the_dead));
    if read(&slot.died_at) > 0 {
        return dead;
    }
    dead + processes::cpu_of(pid).unwrap_or(CpuTime(read(&slot.cpu)))
}

fn look_at_load(
    scoreboard: &Scoreboard,
    in_system: &mut Reading,
    unreadable: &mut u64,
) -> LoadSample {
    let load = &scoreboard.run().load;
    LoadSample {
        sent: read(&load.sent),
        ended: read(&load.ended),
        good: read(&load.good),
        dropped: read(&load.dropped),
        in_system: latest(load.in_system.read(), in_system, unreadable),
        ..LoadSample::default()
    }
}

/// Returns the latest reading of a gauge. A writer that loses its core in the middle of a step leaves none;
/// then the last reading before that step counts.
fn latest(read: Option<Reading>, last: &mut Reading, unreadable: &mut u64) -> Reading {
    *unreadable += u64::from(read.is_none());
    *last = read.unwrap_or(*last);
    *last
}

impl CpuReadings {
    fn read(&mut self, pids: ProcessIds) {
        self.load = used_by(pids.load, self.load);
        self.services = used_by(pids.services, self.services);
        self.arbiter = used_by(pids.arbiter, self.arbiter);
    }
}

/// Returns the CPU time of a process so far; for one that has ended, the last reading.
fn used_by(pid: Option<u32>, last: CpuTime) -> CpuTime {
    let now = pid.and_then(processes::cpu_of);
    now.map_or(last, |now| now.max(last))
}

fn slot_pid(slot: &Slot) -> u32 {
    read(&slot.pid) as u32
}

fn read(word: &AtomicU64) -> u64 {
    word.load(Ordering::Acquire)
}

/// Describes the machine that this runs on.
#[must_use]
pub fn this_machine() -> Machine {
    Machine {
        cores: processes::cores_allowed().len(),
        kernel: processes::kernel(),
        cpu: processes::cpu_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_ended_has_used_what_was_read_of_it_last() {
        let before = used_by(Some(std::process::id()), CpuTime::ZERO);
        assert!(before > CpuTime::ZERO);
        // No process has this id.
        for gone in [Some(u32::MAX), None] {
            assert_eq!(used_by(gone, before), before);
        }
    }

    #[test]
    fn a_gauge_whose_writer_stands_in_the_middle_of_a_step_is_as_it_was_read_last() {
        let [one, two] = [3, 4].map(|count| Reading {
            count,
            changed_at: Stamp(100),
            integral: 70,
        });
        let (mut last, mut unreadable) = (Reading::default(), 0);
        let reads = [Some(one), None, None, Some(two)];
        let counts = reads.map(|read| latest(read, &mut last, &mut unreadable).count);
        assert_eq!((counts, unreadable), ([3, 3, 3, 4], 2));
    }

    #[test]
    fn the_switches_of_a_process_never_fall_when_it_dies() {
        use std::sync::atomic::Ordering::Relaxed;
        let scoreboard = Scoreboard::new(1).unwrap();
        let slot = scoreboard.slot(0);
        let mut memory = SlotMemory {
            pid: 7,
            now: ProcessSwitches {
                voluntary: 5,
                involuntary: 9,
            },
            ..SlotMemory::default()
        };
        // It published its count, then lost its core once more, and died.
        slot.voluntary.store(6, Relaxed);
        slot.involuntary.store(8, Relaxed);
        slot.died_at.store(1, Relaxed);
        memory.add_switches(7, &[7], slot);
        assert_eq!((memory.now.voluntary, memory.now.involuntary), (6, 9));
        memory.add_switches(8, &[8], slot);
        assert_eq!(memory.of_the_dead.involuntary, 9);
    }
}
