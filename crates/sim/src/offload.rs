//! The pool of processes that compute for the workers: steps `compute … in processes`.
//!
//! ```text
//!   worker:    …  computes ── job ──▶ waits, as for a service ──────────▶ goes on …
//!   pool:                      queue ──▶ the first idle process computes ──┘
//! ```
//!
//! All workers share one queue; a process that is idle takes the job that has waited longest.

use std::collections::VecDeque;

use super::Simulation;
use super::connection::ConnectionId;
use super::event::EntityId;
use super::machine::{Kind, Machine};
use super::observer::Observer;
use concsim_engine::memory::ProcessMemory;
use concsim_engine::telemetry::{
    Event, NO_REQUEST, Phase, RunSlice, SwitchReason, WORKER_SLOTS, WaitPurpose,
};
use concsim_model::units::{CpuTime, Stamp};
use concsim_record::{RecordSource, WorkerSample};

/// Pid of the first process; not a pid of a real process.
const FIRST_PID: u32 = 901;

/// A computation for a connection that waits for it.
#[derive(Clone, Copy, Debug)]
struct Job {
    connection: ConnectionId,
    /// Number of its wait.
    turn: u32,
    cpu: u64,
}

/// One process.
#[derive(Debug)]
struct PoolProcess {
    entity: EntityId,
    job: Option<Job>,
    /// Beginning of its job, or of its idle time.
    since: u64,
    done: u32,
}

/// All processes, and the jobs that wait for one.
#[derive(Debug)]
pub(super) struct ProcessPool {
    processes: Vec<PoolProcess>,
    queue: VecDeque<Job>,
}

impl ProcessPool {
    /// Returns a pool of idle processes.
    pub(super) fn new(processes: usize, machine: &mut Machine) -> Self {
        let process = |_| PoolProcess {
            entity: machine.add(Kind::Worker),
            job: None,
            since: 0,
            done: 0,
        };
        Self {
            processes: (0..processes).map(process).collect(),
            queue: VecDeque::new(),
        }
    }

    /// Returns the process of an entity.
    pub(super) fn process_of(&self, entity: EntityId) -> Option<usize> {
        self.processes.iter().position(|it| it.entity == entity)
    }
}

impl<O: Observer> Simulation<'_, O> {
    /// Starts a connection's wait for a computation.
    pub(super) fn begin_offload(&mut self, id: ConnectionId, cpu: u64) {
        let connection = &mut self.connections[id as usize];
        connection.by_timer = false;
        (connection.awaits, connection.awaits_since) = (WaitPurpose::Answer, self.now);
        let turn = connection.turn;
        let job = Job {
            connection: id,
            turn,
            cpu,
        };
        let idle = self.pool.processes.iter().position(|it| it.job.is_none());
        if let Some(process) = idle {
            return self.begin_job(process, job);
        }
        self.pool.queue.push_back(job);
        self.enter_part(id, WaitPurpose::Queue);
    }

    fn begin_job(&mut self, process: usize, job: Job) {
        let found = &mut self.pool.processes[process];
        (found.job, found.since) = (Some(job), self.now);
        let entity = found.entity;
        self.machine
            .work(self.now, entity, job.cpu, &mut self.calendar);
    }

    /// Continues a process that has computed its job.
    pub(super) fn resume_process(&mut self, process: usize) {
        let now = self.now;
        let found = &mut self.pool.processes[process];
        let (entity, from) = (found.entity, found.since);
        let Some(job) = found.job.take() else {
            return;
        };
        (found.since, found.done) = (now, found.done + 1);
        let task = found.done;
        if O::WANTS_SWITCHES {
            let ran = RunSlice {
                ready: Stamp(from),
                from: Stamp(from),
                to: Stamp(now),
                task,
                request: NO_REQUEST,
                then: SwitchReason::Ended,
                due: None,
                core: self.machine.core_of(entity),
            };
            let source = RecordSource::Worker((WORKER_SLOTS + process) as u16);
            self.observer.event(source, &Event::RunSlice(ran));
        }
        if self.still_waits(job.connection, job.turn) {
            self.connections[job.connection as usize].over = now;
            self.wait_is_over(job.connection);
        }
        while let Some(next) = self.pool.queue.pop_front() {
            // A connection whose worker has died has no wait.
            if self.still_waits(next.connection, next.turn) {
                self.enter_part(next.connection, WaitPurpose::Answer);
                return self.begin_job(process, next);
            }
        }
        self.machine.sleep(now, entity, &mut self.calendar);
    }

    /// Returns the state of all processes; `kib` counts the memory of one, in KiB.
    pub(super) fn look_at_processes(
        &self,
        kib: impl Fn(ProcessMemory) -> (u64, u64),
    ) -> Vec<WorkerSample> {
        let server = &self.scenario.server;
        let arbiters = ProcessMemory::of_arbiter(server);
        let one = |(place, process): (usize, &PoolProcess)| {
            let entity = process.entity;
            let (voluntary, involuntary) = self.machine.switches_of(entity);
            let (pss_kib, private_kib) = kib(arbiters);
            WorkerSample {
                index: WORKER_SLOTS + place,
                pid: FIRST_PID + place as u32,
                phase: match process.job {
                    Some(_) => Phase::Running,
                    None => Phase::Idle,
                },
                phase_since: Stamp(process.since),
                wants_a_core: self.machine.wants_a_core(entity),
                core: self
                    .machine
                    .core_of(entity)
                    .map_or(place % self.scenario.machine.cores, |core| core as usize),
                cpu: CpuTime(self.machine.cpu_of(self.now, entity)),
                requests: u64::from(process.done),
                voluntary,
                involuntary,
                pss_kib,
                private_kib,
                ..WorkerSample::default()
            }
        };
        self.pool.processes.iter().enumerate().map(one).collect()
    }
}
