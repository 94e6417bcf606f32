//! Room of a server for connections and requests, which follows from its settings alone.

use super::{Accept, Server, WorkerKind};

/// `net.core.somaxconn`: no listener's queue is longer, whatever was asked for.
const SOMAXCONN: usize = 4_096;

impl Server {
    /// Places at the door: one more than the listener was asked for (the kernel's test is `>`).
    #[must_use]
    pub fn places_at_the_door(&self) -> usize {
        (self.backlog as usize).min(SOMAXCONN) + 1
    }

    /// The same of all queues: with `reuseport` each worker has a listener of its own.
    #[must_use]
    pub fn places_of_all_queues(&self) -> usize {
        let queues = match self.accept {
            Accept::Reuseport => self.workers,
            Accept::Shared | Accept::Exclusive | Accept::Blocking => 1,
        };
        queues.saturating_mul(self.places_at_the_door())
    }

    /// The most requests that can be begun at once: the ceiling of concurrency.
    #[must_use]
    pub fn concurrency_limit(&self) -> usize {
        self.concurrency_limit_of(self.workers)
    }

    /// The same with so many workers.
    #[must_use]
    pub fn concurrency_limit_of(&self, workers: usize) -> usize {
        match self.kind {
            WorkerKind::Sync => workers,
            WorkerKind::Threads => workers * self.threads,
            WorkerKind::Coroutine | WorkerKind::Callback => workers * self.connections,
        }
    }

    /// The unit that computes on one core at a time: a process, or one of its threads if they need no lock.
    #[must_use]
    pub fn computes_alone(&self) -> &'static str {
        if self.parallelism_limit_of(1) > 1 {
            "thread"
        } else {
            "process"
        }
    }

    /// The most requests that can compute at once with so many workers, if there are cores for all.
    #[must_use]
    pub fn parallelism_limit_of(&self, workers: usize) -> usize {
        match self.kind {
            WorkerKind::Threads if !self.gil => workers * self.threads,
            WorkerKind::Sync
            | WorkerKind::Coroutine
            | WorkerKind::Threads
            | WorkerKind::Callback => workers,
        }
    }
}
