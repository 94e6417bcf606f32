//! Samples, as the recorder of a real run reads them from the scoreboard and from the operating system.

use super::Simulation;
use super::event::SimEvent;
use super::observer::Observer;
use super::thread::{Thread, ThreadState};
use super::worker::Worker;
use concsim_engine::memory::{self, ProcessMemory};
use concsim_model::scenario::Scenario;
use concsim_model::units::{CpuTime, Elapsed, Stamp};
use concsim_record::{
    CoreSample, Counted, ListLengths, LoadSample, Sample, Window, WorkerSample, until_next_sample,
};

/// Memory of the server's processes at one instant, if the scenario states any.
struct MemoryOfProcesses {
    is_stated: bool,
    /// Number of processes that share a preloaded application: the workers, the pool and the arbiter.
    processes: u64,
}

impl MemoryOfProcesses {
    fn of(scenario: &Scenario, workers: &[Worker]) -> Self {
        let alive = workers.iter().filter(|worker| worker.is_alive).count();
        let others = scenario.server.processes as u64 + 1;
        Self {
            is_stated: memory::is_stated(scenario),
            processes: alive as u64 + others,
        }
    }

    /// Returns the proportional set size and the private memory of a worker, in KiB.
    fn of_worker(&self, scenario: &Scenario, worker: &Worker) -> (u64, u64) {
        if !worker.is_alive {
            return (0, 0);
        }
        self.kib(ProcessMemory::of_worker(&scenario.server, worker.cache))
    }

    fn of_arbiter(&self, scenario: &Scenario) -> (u64, u64) {
        self.kib(ProcessMemory::of_arbiter(&scenario.server))
    }

    fn kib(&self, memory: ProcessMemory) -> (u64, u64) {
        if !self.is_stated {
            return (0, 0);
        }
        let proportional = memory.proportional(self.processes);
        (proportional / 1_024, memory.private / 1_024)
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// Takes a regular sample.
    pub(super) fn sample_regularly(&mut self) {
        self.sample();
        self.end_window_if_log_is_full();
        let lines = self.workers.len() + self.scenario.machine.cores;
        let after = until_next_sample(Stamp(self.now), lines);
        self.calendar.set(self.now + after.0, SimEvent::Sample);
    }

    /// Takes a sample.
    pub(super) fn sample(&mut self) {
        if !O::WANTS_EVENTS {
            return;
        }
        let memory = MemoryOfProcesses::of(self.scenario, &self.workers);
        let workers = (0..self.workers.len()).map(|index| {
            let (pss_kib, private_kib) = memory.of_worker(self.scenario, &self.workers[index]);
            WorkerSample {
                pss_kib,
                private_kib,
                ..self.look_at(index)
            }
        });
        let workers: Vec<WorkerSample> = workers.collect();
        let (arbiter_pss_kib, arbiter_private_kib) = memory.of_arbiter(self.scenario);
        let load = &self.load;
        let cpu = |entity| CpuTime(self.machine.cpu_of(self.now, entity));
        let sample = Sample {
            at: Stamp(self.now),
            stage: load.stage,
            window: self.window(),
            seen: ListLengths::default(),
            workers,
            processes: self.look_at_processes(|of_one| memory.kib(of_one)),
            cores: self.look_at_cores(),
            load: LoadSample {
                sent: load.sent,
                ended: load.ended,
                good: load.good,
                dropped: 0,
                in_system: load.in_system.reading(),
                cpu: cpu(load.entity),
            },
            queued: None,
            open: None,
            services_cpu: cpu(self.services_strand),
            arbiter_cpu: CpuTime::ZERO,
            arbiter_pss_kib,
            arbiter_private_kib,
        };
        self.observer.sample(sample);
    }

    /// Returns the counted window, as far as known.
    pub(super) fn window(&self) -> Option<Window> {
        let course = &self.load.course;
        let (begin, end) = (course.window_begin()?, course.window_end()?);
        (begin < end).then_some(Window { begin, end })
    }

    fn look_at_cores(&self) -> Vec<CoreSample> {
        let cores = self.machine.cores(self.now).into_iter().enumerate();
        cores
            .map(|(core, [workers, load, services])| CoreSample {
                core,
                busy: CpuTime(workers + load + services),
                steal: CpuTime::ZERO,
                workers: CpuTime(workers),
                load: CpuTime(load),
                services: CpuTime(services),
            })
            .collect()
    }

    fn look_at(&self, index: usize) -> WorkerSample {
        let worker = &self.workers[index];
        let counts = &worker.counts;
        let (mut cpu, mut voluntary, mut involuntary) = (0, 0, 0);
        for thread in &worker.threads {
            cpu += self.machine.cpu_of(self.now, thread.entity);
            let (slept, was_taken_off) = self.machine.switches_of(thread.entity);
            (voluntary, involuntary) = (voluntary + slept, involuntary + was_taken_off);
        }
        let (ready, parked) = worker
            .hub
            .as_ref()
            .map_or((0, 0), super::hub::Hub::ready_and_parked);
        let (running_since, running_request) = self.runs(worker);
        let running = u64::from(
            worker
                .hub
                .as_ref()
                .is_some_and(|hub| hub.running().is_some()),
        );
        let owed = if self.has_coroutines {
            2 * (ready + parked) + running
        } else {
            0
        };
        let first = worker.threads.first();
        WorkerSample {
            index,
            pid: worker.pid,
            respawns: worker.lives.saturating_sub(1),
            phase: worker.phase,
            phase_since: Stamp(worker.phase_since),
            wants_a_core: worker
                .threads
                .iter()
                .any(|thread| self.machine.wants_a_core(thread.entity)),
            is_stopped: worker
                .threads
                .iter()
                .any(|thread| self.machine.is_frozen(thread.entity)),
            core: first
                .and_then(|thread| self.machine.core_of(thread.entity))
                .map_or(index % self.scenario.machine.cores, |core| core as usize),
            cpu: worker.cpu_of_the_dead() + CpuTime(cpu),
            without_a_core: None,
            begun: counts.begun.reading(),
            ready,
            parked,
            running_since: running_since.map(Stamp),
            running_ready: worker
                .hub
                .as_ref()
                .and_then(|hub| hub.running().map(|_| Stamp(worker.threads[0].ready))),
            running_request,
            longest_run: Elapsed(counts.longest_run.max(self.open_run(worker))),
            accepted: counts.accepted,
            accept_eagain: counts.found_nothing,
            requests: counts.requests,
            tasks: counts.tasks,
            waits: counts.waits,
            coroutine_switches: counts.switches,
            half_done: counts.half_done + owed,
            lost_tasks: counts.lost_tasks,
            peak_concurrency: counts.peak,
            voluntary: counts.voluntary + voluntary,
            involuntary: counts.involuntary + involuntary,
            pss_kib: 0,
            private_kib: 0,
            counters: counts.counters.clone(),
            counted: Counted::Nothing,
        }
    }

    /// Returns the length of the longest run in progress in a worker: several threads have one each.
    pub(super) fn open_run(&self, worker: &Worker) -> u64 {
        if worker.hub.is_some() {
            return self.runs(worker).0.map_or(0, |since| self.now - since);
        }
        let served = worker.threads.iter().filter_map(Thread::connection);
        let connections = served.filter_map(|id| self.connections.get(id as usize));
        let lengths = connections.map(|connection| self.now - connection.accepted);
        lengths.max().unwrap_or(0)
    }

    /// Returns the time since which the same connection has had a worker, and its request.
    fn runs(&self, worker: &Worker) -> (Option<u64>, Option<u32>) {
        let request = |id: u32| {
            let connection = self.connections.get(id as usize)?;
            connection.has_begun.then_some(connection.number)
        };
        if let Some(hub) = &worker.hub {
            let Some(task) = hub.running() else {
                return (None, None);
            };
            return (Some(worker.threads[0].from), request(*hub.queue.peek(task)));
        }
        // Among several threads, one in the process's phase, preferably a computing one.
        let serves = |thread: &Thread| match thread.doing {
            ThreadState::Taking(id) | ThreadState::Serving(id) => {
                Some((id, 1 + u8::from(self.machine.computes(thread.entity))))
            }
            ThreadState::Waiting(id) => Some((id, 0)),
            ThreadState::Sleeping | ThreadState::Looking { .. } | ThreadState::Gone => None,
        };
        let threads = worker.threads.iter().rev().filter_map(serves);
        let serves = threads.max_by_key(|(_, busy)| *busy).map(|(id, _)| id);
        let since = serves.and_then(|id| Some(self.connections.get(id as usize)?.accepted));
        (since, serves.and_then(request))
    }
}
