//! Pool of threads of a worker with a hub. Tasks hand it the waits that would block the process (`in threads`).
//!
//! ```text
//!   task:     hands a wait over, and parks                              goes on with its outcome
//!                     │                                                    ▲
//!   thread:           └─▶ sleeps in one system call ─▶ a byte in a pipe    │
//!   hub:                                                └─▶ polls: the task joins the ready queue
//! ```
//!
//! While all threads are in use, waits queue in the order in which they were handed over, as in the thread
//! pool of gevent's hub (`gevent/threadpool.py`) and in the executors of asyncio and tornado. The threads
//! serve no requests and report nothing: an outcome says when it began and when it was over, and the task
//! accounts it. They start with the worker; gevent starts each when it is first needed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::accounting::Wait;
use super::blocking_pool::BlockingPool;
use crate::coroutine::TaskId;
use crate::sys::clock::Clock;
use crate::sys::{self, ErrorContext, pipe, signals};
use crate::telemetry::SwitchReason;
use concsim_model::scenario::{Scenario, Step, WaitMode};
use concsim_model::units::{Elapsed, Stamp};

/// Stack of a thread in bytes: it sleeps, or exchanges a few bytes.
const STACK_BYTES: usize = 256 << 10;

/// Wait that a thread of the pool executes.
#[derive(Clone, Copy, Debug)]
pub(super) enum PooledWait {
    /// A timer.
    Sleep(Elapsed),
    /// A call of a service.
    Call {
        /// Index of the service.
        service: usize,
        /// Time that the service takes.
        wait: Elapsed,
        /// Number of the request.
        request: u32,
    },
}

impl PooledWait {
    /// Returns the reason for which its task lets go.
    pub(super) fn then(self) -> SwitchReason {
        match self {
            Self::Sleep(_) => SwitchReason::Timer,
            Self::Call { .. } => SwitchReason::Service,
        }
    }
}

/// Outcome of a wait.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Instant at which it had a thread; [`None`] if one was free at once.
    pub(super) had_thread: Option<Stamp>,
    /// End of the wait.
    pub(super) over: Stamp,
    /// Purpose of the wait once it had a thread.
    pub(super) purpose: Wait,
    /// Error of a call.
    pub(super) result: io::Result<()>,
}

/// Wait that was handed over.
struct Job {
    task: TaskId,
    wait: PooledWait,
    handed_over: Stamp,
    /// True if all threads were in use.
    is_queued: bool,
}

/// State that the threads share with the hub.
struct Shared {
    jobs: Mutex<Jobs>,
    /// Notified when there is a job.
    added: Condvar,
    /// Connections to the services that steps call in threads.
    services: BTreeMap<usize, BlockingPool>,
    clock: Clock,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    /// Number of threads that have a job, or will take one that was not queued.
    in_use: usize,
    /// Number of jobs in `waiting` that wait for a thread in use.
    queued: usize,
}

/// The pool, in the hands of the hub's thread.
pub(super) struct ThreadPool {
    shared: Arc<Shared>,
    thread_count: usize,
    /// End of the pipe that is readable if a wait is over.
    wakes: File,
    over: Receiver<(TaskId, Outcome)>,
    /// Outcomes whose tasks have not gone on yet.
    outcomes: RefCell<BTreeMap<u32, Outcome>>,
}

impl ThreadPool {
    /// Starts the threads, if a step of the scenario waits in one.
    pub(super) fn start(
        scenario: &Scenario,
        services: &[SocketAddr],
        clock: Clock,
    ) -> sys::Result<Option<Self>> {
        let steps = scenario.requests.iter().flat_map(|it| &it.script);
        let pooled = steps.filter(|step| step.wait_mode() == Some(WaitMode::InThreads));
        let pooled: Vec<&Step> = pooled.collect();
        if pooled.is_empty() {
            return Ok(None);
        }
        let called: BTreeSet<usize> = pooled.iter().filter_map(|step| step.service()).collect();
        let open = |index: usize| {
            let pool = BlockingPool::open(&scenario.services[index], services[index])?;
            Ok((index, pool))
        };
        let shared = Arc::new(Shared {
            jobs: Mutex::default(),
            added: Condvar::new(),
            services: called.into_iter().map(open).collect::<sys::Result<_>>()?,
            clock,
        });
        let thread_count = scenario.server.threadpool;
        let (done, over) = mpsc::channel();
        let (wakes, wake) = pipe::nonblocking()?;
        let wake = Arc::new(wake);
        signals::start_threads_without(|| {
            for _ in 0..thread_count {
                let thread = PoolThread {
                    shared: Arc::clone(&shared),
                    done: done.clone(),
                    wake: Arc::clone(&wake),
                };
                let builder = thread::Builder::new().stack_size(STACK_BYTES);
                let started = builder.spawn(move || thread.run());
                started.doing("start a thread of the pool")?;
            }
            Ok(())
        })?;
        Ok(Some(Self {
            shared,
            thread_count,
            wakes,
            over,
            outcomes: RefCell::default(),
        }))
    }

    /// Hands a wait of `task` to a thread, now or as soon as one is free. The hub wakes the task when the
    /// wait is over.
    pub(super) fn hand_over(&self, task: TaskId, wait: PooledWait) {
        let mut jobs = self.shared.jobs();
        jobs.add(self.thread_count, task, wait, self.shared.clock.now());
        drop(jobs);
        self.shared.added.notify_one();
    }

    /// Takes the outcome of a wait that is over, for the hub, which wakes the task.
    pub(super) fn next_over(&self) -> Option<TaskId> {
        let (task, outcome) = self.over.try_recv().ok()?;
        self.outcomes.borrow_mut().insert(task.0, outcome);
        Some(task)
    }

    /// Empties the pipe that woke the hub. Called before [`Self::next_over`]: a byte that comes later wakes
    /// the hub again.
    pub(super) fn drain_wakes(&self) {
        // The bytes only wake the hub; one read leaves none or wakes it again.
        let _ = (&self.wakes).read(&mut [0; 512]);
    }

    /// Returns the outcome of a task's wait.
    ///
    /// # Panics
    /// Panics if the hub has not taken it: a task in a wait of the pool is woken by its end alone.
    pub(super) fn outcome_of(&self, task: TaskId) -> Outcome {
        let outcome = self.outcomes.borrow_mut().remove(&task.0);
        outcome.expect("a task goes on when its wait is over")
    }
}

impl AsFd for ThreadPool {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.wakes.as_fd()
    }
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // No thread panics while it has the jobs.
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a job.
    fn next(&self) -> Job {
        let mut jobs = self.jobs();
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                return job;
            }
            let woken = self.added.wait(jobs);
            jobs = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Executes a job. Blocks the thread.
    fn execute(&self, job: &Job) -> Outcome {
        let began = if job.is_queued {
            self.clock.now()
        } else {
            job.handed_over
        };
        let (over, purpose, result) = match job.wait {
            PooledWait::Sleep(wait) => {
                let due = began + wait;
                self.clock.sleep_until(due);
                (due, Wait::Timer, Ok(()))
            }
            PooledWait::Call {
                service,
                wait,
                request,
            } => match self.services[&service].call(wait, request, self.clock) {
                Ok(called) => {
                    let connected = called.connected.unwrap_or(began);
                    let (over, purpose) = Wait::for_answer(connected, &called.answer, wait);
                    (over, purpose, Ok(()))
                }
                Err(error) => (self.clock.now(), Wait::Connection, Err(error)),
            },
        };
        Outcome {
            had_thread: job.is_queued.then_some(began),
            over,
            purpose,
            result,
        }
    }
}

impl Jobs {
    fn add(&mut self, thread_count: usize, task: TaskId, wait: PooledWait, handed_over: Stamp) {
        let is_queued = self.in_use >= thread_count;
        if is_queued {
            self.queued += 1;
        } else {
            self.in_use += 1;
        }
        self.waiting.push_back(Job {
            task,
            wait,
            handed_over,
            is_queued,
        });
    }

    /// Passes the thread of a job that has ended to the next in the queue.
    fn ended(&mut self) {
        if self.queued > 0 {
            self.queued -= 1;
        } else {
            self.in_use -= 1;
        }
    }
}

/// One thread of the pool.
struct PoolThread {
    shared: Arc<Shared>,
    done: Sender<(TaskId, Outcome)>,
    wake: Arc<File>,
}

impl PoolThread {
    /// Executes one job after the other, until the process ends.
    fn run(self) {
        loop {
            let job = self.shared.next();
            let outcome = self.shared.execute(&job);
            self.shared.jobs().ended();
            if self.done.send((job.task, outcome)).is_err() {
                return; // The hub is gone.
            }
            // A full pipe wakes the hub, too.
            let _ = (&*self.wake).write_all(&[0]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_beyond_the_number_of_threads_queue_and_each_end_passes_its_thread_on() {
        let mut jobs = Jobs::default();
        let at = Stamp::ZERO;
        for task in 0..5 {
            jobs.add(2, TaskId(task), PooledWait::Sleep(Elapsed(1)), at);
        }
        let queued: Vec<bool> = jobs.waiting.iter().map(|job| job.is_queued).collect();
        assert_eq!(queued, [false, false, true, true, true]);
        for _ in 0..3 {
            jobs.ended();
            assert_eq!(jobs.in_use, 2, "another wait has the thread");
        }
        jobs.ended();
        jobs.ended();
        assert_eq!((jobs.in_use, jobs.queued), (0, 0));
    }

    #[test]
    fn a_wait_on_a_free_thread_begins_when_it_was_handed_over_and_a_queued_one_later() {
        let scenario = concsim_model::scenario::read(
            "server.kind = 'coroutine'\nserver.threadpool = 1\n\
             requests.it.steps = ['sleep 2ms in threads']\nload.clients = 1",
            "it.toml",
            &concsim_model::scenario::Overrides::default(),
        );
        let clock = Clock::starting_now();
        let plan = scenario.expect("it is one");
        let pool = ThreadPool::start(&plan.variants[0].scenario, &[], clock)
            .expect("threads start")
            .expect("a step waits in one");
        let before = clock.now();
        for task in [7, 8] {
            pool.hand_over(TaskId(task), PooledWait::Sleep(Elapsed::from_millis(2)));
        }
        let mut ended = Vec::new();
        while ended.len() < 2 {
            ended.extend(pool.next_over());
            thread::yield_now();
        }
        assert_eq!(ended, [TaskId(7), TaskId(8)]);
        let [first, second] = [7, 8].map(|task| pool.outcome_of(TaskId(task)));
        assert_eq!(first.had_thread, None);
        assert!(first.over >= before + Elapsed::from_millis(2));
        let had_thread = second.had_thread.expect("one thread was in use");
        assert!(had_thread >= first.over);
        assert_eq!(second.over, had_thread + Elapsed::from_millis(2));
    }
}
