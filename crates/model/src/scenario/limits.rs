//! Capacity of a server for connections and requests, which follows from its settings alone.

use super::{Accept, Server};

/// `net.core.somaxconn`: upper limit of any listener's queue.
const SOMAXCONN: usize = 4_096;

impl Server {
    /// Returns the number of places at the door: one more than the listener's backlog (the kernel's test is
    /// `>`).
    #[must_use]
    pub fn places_at_the_door(&self) -> usize {
        (self.backlog as usize).min(SOMAXCONN) + 1
    }

    /// Returns the places of all queues together: with `reuseport` each worker has a listener of its own.
    #[must_use]
    pub fn places_of_all_queues(&self) -> usize {
        let queues = match self.accept {
            Accept::Reuseport => self.workers,
            Accept::Shared | Accept::Exclusive | Accept::Blocking => 1,
        };
        queues.saturating_mul(self.places_at_the_door())
    }

    /// Returns the most requests that can be begun at once: the ceiling of concurrency.
    #[must_use]
    pub fn concurrency_limit(&self) -> usize {
        self.concurrency_limit_of(self.workers)
    }

    /// Returns the same for a number of workers.
    #[must_use]
    pub fn concurrency_limit_of(&self, workers: usize) -> usize {
        workers * self.begun_by_a_worker()
    }

    /// Returns the unit that computes on one core at a time: a process, or one of its threads if they need no
    /// lock.
    #[must_use]
    pub fn computes_alone(&self) -> &'static str {
        if self.units_of(1) > 1 {
            "thread"
        } else {
            "process"
        }
    }

    /// Returns the most requests that can compute at once with `workers` and the pool, if there are cores for all.
    #[must_use]
    pub fn parallelism_limit_of(&self, workers: usize) -> usize {
        self.units_of(workers) + self.processes
    }

    fn units_of(&self, workers: usize) -> usize {
        if self.has_a_lock() {
            workers
        } else {
            workers * self.threads_of_a_worker()
        }
    }
}
