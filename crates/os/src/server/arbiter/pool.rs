//! The pool of processes that compute for the workers (`server.processes`): forked by the arbiter beside them, and
//! replaced when they end. gunicorn has a second master for that, the dirty arbiter (`gunicorn/dirty/arbiter.py`).

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::{Arbiter, Failure};
use crate::server::worker::pool_process;
use crate::sys::fork::Death;
use crate::sys::signals::{self, Signal};
use crate::sys::{self, ErrorContext, net};
use concsim_engine::policy::{BOOT_FAILED, KILLED};
use concsim_engine::telemetry::WORKER_SLOTS;
use concsim_model::units::letter;

/// Maximum number of jobs that wait for a process: all coroutines of the workers may send one at once.
const BACKLOG: u32 = 4_096;

/// The processes, and the socket at which they take jobs.
#[derive(Debug, Default)]
pub(super) struct ProcessPool {
    jobs: Option<TcpListener>,
    /// Pid of each process; `None` if it has none.
    processes: Vec<Option<u32>>,
}

impl ProcessPool {
    /// Opens the pool of a server, if it has one; its processes are forked later.
    pub(super) fn open(processes: usize) -> sys::Result<Self> {
        if processes == 0 {
            return Ok(Self::default());
        }
        Ok(Self {
            jobs: Some(net::listen((Ipv4Addr::LOCALHOST, 0).into(), BACKLOG)?),
            processes: vec![None; processes],
        })
    }

    /// Address at which it takes jobs.
    pub(super) fn address(&self) -> sys::Result<Option<SocketAddr>> {
        let address = self.jobs.as_ref().map(TcpListener::local_addr);
        address.transpose().doing("read the address of the pool")
    }
}

impl Arbiter<'_> {
    /// Forks a process for each place of the pool without one.
    pub(super) fn fill_the_pool(&mut self) -> Result<(), Failure> {
        while let Some(place) = self.pool.processes.iter().position(Option::is_none) {
            let jobs = self.pool.jobs.as_ref();
            let jobs = jobs.expect("a pool with processes has a socket");
            let jobs = jobs.try_clone().doing("pass the jobs to a process")?;
            let slot = WORKER_SLOTS + place;
            let pid = self.fork_into(slot, 0, move |config| pool_process::run(config, &jobs))?;
            self.pool.processes[place] = Some(pid);
        }
        Ok(())
    }

    /// Notes the end of a process of the pool; returns false if the process was none of them. Another takes its
    /// place. A process that cannot begin stops the server: the next one could not either.
    pub(super) fn process_ended(&mut self, death: Death) -> Result<bool, Failure> {
        let mut processes = self.pool.processes.iter();
        let Some(place) = processes.position(|pid| *pid == Some(death.pid)) else {
            return Ok(false);
        };
        let slot = WORKER_SLOTS + place;
        self.pool.processes[place] = None;
        self.lifelines[slot] = None;
        self.scoreboard.slot(slot).remove(self.now(), death.cpu);
        if self.door.is_none() {
            return Ok(true);
        }
        let name = format!("process {} (pid {})", letter(slot), death.pid);
        if death.status == BOOT_FAILED {
            let reason = self.last_words_or("ended while it booted".into());
            return Err(Failure::Boot {
                worker: name,
                reason,
            });
        }
        let how = if death.status == KILLED {
            "was killed".into()
        } else {
            format!("ended with status {}", death.status)
        };
        self.note(&format!("{name} {how}: another takes its place"));
        Ok(true)
    }

    /// Ends the pool: no worker is left that waits for it.
    pub(super) fn end_the_pool(&mut self) {
        for pid in self.pool.processes.iter().flatten() {
            signals::send(*pid, Signal::Kill);
        }
    }

    /// True if a process of the pool is left.
    pub(super) fn has_processes(&self) -> bool {
        self.pool.processes.iter().any(Option::is_some)
    }
}
