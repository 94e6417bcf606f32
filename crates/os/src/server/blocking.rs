//! Waits that block: a thread serves one connection, and sleeps in the kernel for each wait. A sync worker
//! has one such thread, and a worker with threads has several.
//!
//! ```text
//!   thread:   runs ── a wait ──▶ sleeps in one system call ──▶ runs …
//!                │                                      ▲
//!                └─ gives up the lock of the process ─▶ takes it again   (`server.gil`)
//! ```

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use super::accounting::{OpenSlice, RequestAccounting, Wait};
use super::blocking_pool::BlockingPool;
use super::compute_lock::ComputeLock;
use super::date_cache::DateCache;
use super::request_limit::RequestLimit;
use super::transport::{Deadline, Interest, WaitStrategy};
use crate::handler::RequestTimes;
use crate::sys::{self, net};
use crate::telemetry::{Phase, Probe, SwitchReason};
use concsim_engine::policy;
use concsim_model::scenario::{Scenario, WaitMode};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// State that the threads of a worker share.
pub(super) struct Shared {
    /// Connections to each service, and behind them to the pool of processes.
    services: Vec<BlockingPool>,
    /// Longest time that a connection may stay idle; `None` closes it after each response.
    keepalive: Option<Elapsed>,
    /// True once the worker stops: answers promise no further request.
    stopping: AtomicBool,
    limit: RequestLimit,
    /// Lock around computing; `None` if threads compute at once, or if there is one thread.
    lock: Option<ComputeLock>,
}

impl Shared {
    /// Opens a connection to each service. Blocks the process until they are open.
    pub(super) fn open(
        scenario: &Scenario,
        addresses: &[SocketAddr],
        processes: Option<SocketAddr>,
        limit: Option<u64>,
    ) -> sys::Result<Self> {
        let (server, services) = (&scenario.server, &scenario.services);
        let open = |(service, address): (_, &SocketAddr)| BlockingPool::open(service, *address);
        let services = services.iter().zip(addresses).map(open);
        let processes = processes.map(|address| Ok(BlockingPool::for_jobs(address)));
        Ok(Self {
            services: services.chain(processes).collect::<sys::Result<_>>()?,
            keepalive: policy::keepalive(server),
            stopping: AtomicBool::new(false),
            limit: RequestLimit::new(limit),
            lock: server.has_a_lock().then(ComputeLock::default),
        })
    }

    /// Longest time that an idle connection is kept.
    pub(super) fn keepalive(&self) -> Option<Elapsed> {
        self.keepalive
    }

    /// True once the worker was told to stop, or has begun the last of its requests.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Notes that the worker stops.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// Resources of one thread that serves.
pub(super) struct ThreadContext<'worker> {
    /// Index among the threads of the worker.
    pub(super) index: usize,
    /// Probe of this thread.
    pub(super) probe: &'worker Probe,
    /// Cache of the date that its answers carry.
    pub(super) date_cache: &'worker DateCache,
    /// State that it shares with the other threads.
    pub(super) shared: &'worker Shared,
}

impl ThreadContext<'_> {
    /// Takes the lock around computing, if the process has one.
    fn acquire(&self) {
        if let Some(lock) = &self.shared.lock {
            self.probe.wants_the_lock(self.probe.now());
            lock.acquire(self.index);
            self.probe.phase(Phase::Running, self.probe.now());
        }
    }

    fn release(&self) {
        if let Some(lock) = &self.shared.lock {
            lock.release();
        }
    }
}

/// Waits of the requests of one connection. Each blocks its thread.
pub(super) struct Blocking<'thread> {
    thread: &'thread ThreadContext<'thread>,
    accounting: RequestAccounting,
    /// Run of the connection since its last wait.
    slice: OpenSlice,
}

impl<'thread> Blocking<'thread> {
    /// Begins to serve a connection that the thread accepted itself, at `accepted`.
    pub(super) fn accepted(
        thread: &'thread ThreadContext<'thread>,
        task: u32,
        accepted: Stamp,
    ) -> Self {
        Self {
            thread,
            accounting: RequestAccounting::accepted(task, accepted),
            slice: OpenSlice::accepted(accepted),
        }
    }

    /// Begins to serve a connection that another thread has handed over; it could have been served since
    /// `ready`. Takes the lock around computing, if the process has one.
    pub(super) fn handed_over(
        thread: &'thread ThreadContext<'thread>,
        accounting: RequestAccounting,
        ready: Stamp,
    ) -> Self {
        thread.acquire();
        Self {
            thread,
            accounting,
            slice: OpenSlice::begin(thread.probe, ready),
        }
    }

    /// Computes with the lock, which this thread has. Whenever another thread requests the lock, hands it over
    /// and waits for it again.
    fn compute_behind(&mut self, lock: &ComputeLock, cpu: CpuTime) {
        let mut left = cpu;
        loop {
            let probe = self.thread.probe;
            let is_requested = || lock.is_requested();
            let used = self.accounting.compute_until(probe, left, is_requested);
            if used >= left {
                return;
            }
            left = left - used;
            self.slice
                .end(probe, &self.accounting, SwitchReason::Yielded, None);
            let ready = probe.now();
            probe.wants_the_lock(ready);
            lock.hand_over(self.thread.index);
            self.slice = OpenSlice::begin(probe, ready);
            let from = probe.now();
            probe.phase(Phase::Running, from);
            self.accounting.waited_for_lock(from.since(ready));
        }
    }

    /// Blocks the thread in the system call `sleep`: nothing else of this thread runs. Returns its result.
    ///
    /// `end_of` returns the end and the purpose of the wait, given that result and the instants at which
    /// the call began and returned.
    fn block<T>(
        &mut self,
        reason: SwitchReason,
        due: Option<Stamp>,
        sleep: impl FnOnce() -> T,
        end_of: impl FnOnce(&T, Stamp, Stamp) -> (Stamp, Wait),
    ) -> T {
        let (thread, probe) = (self.thread, self.thread.probe);
        self.slice.end(probe, &self.accounting, reason, due);
        let sleep_without_lock = || {
            thread.release();
            let result = sleep();
            let returned = probe.now();
            thread.acquire();
            (result, returned)
        };
        let ((result, _), over) =
            self.accounting
                .block(probe, sleep_without_lock, |(result, returned), began, _| {
                    end_of(result, began, *returned)
                });
        self.slice = OpenSlice::begin(probe, over);
        result
    }
}

impl WaitStrategy for Blocking<'_> {
    /// Computes; behind the lock of the process, if it has one.
    fn compute(&mut self, cpu: CpuTime) {
        match &self.thread.shared.lock {
            Some(lock) => self.compute_behind(lock, cpu),
            None => self.accounting.compute(self.thread.probe, cpu),
        }
    }

    /// Blocks the thread until the client's socket is ready.
    fn wait_for_client(
        &mut self,
        socket: &TcpStream,
        interest: Interest,
        deadline: Deadline,
    ) -> io::Result<()> {
        let left = deadline.until.since(self.probe().now());
        let left = (deadline.until != Stamp::NEVER).then_some(left);
        let sleep = || match interest {
            Interest::Read => net::wait_readable([socket.as_fd()], left).map(|[ready]| ready),
            Interest::Write => net::wait_writable(socket, left),
        };
        let is_ready = self.block(SwitchReason::Client, None, sleep, |_, _, returned| {
            (returned, Wait::Client)
        });
        let is_ready = is_ready.map_err(|error| error.source)?;
        if !is_ready && self.probe().now() >= deadline.until {
            return Err(ErrorKind::TimedOut.into());
        }
        // If a signal has ended the wait early, the caller tries in vain, and waits again.
        Ok(())
    }

    /// Calls a service. Blocks the thread until the answer is there, in every mode.
    fn call(&mut self, service: usize, wait: Elapsed, _: WaitMode) -> io::Result<()> {
        let services = &self.thread.shared.services;
        let service = &services[service.min(services.len() - 1)];
        let (clock, request) = (self.thread.probe.clock(), self.accounting.request);
        let called = self.block(
            SwitchReason::Service,
            None,
            || service.call(wait, request, clock),
            |called, began, returned| match called {
                Ok(called) => {
                    let connected = called.connected.unwrap_or(began);
                    Wait::for_answer(connected, &called.answer, wait)
                }
                Err(_) => (returned, Wait::Connection),
            },
        );
        // The thread runs again, with the lock if there is one, before the next one gets the connection.
        called.map(|called| drop(called.lease))
    }

    /// Waits for a timer. Blocks the thread until it is due, in every mode.
    fn sleep(&mut self, wait: Elapsed, _: WaitMode) {
        let clock = self.thread.probe.clock();
        let due = clock.now() + wait;
        let sleep = || clock.sleep_until(due);
        self.block(SwitchReason::Timer, Some(due), sleep, |(), _, _| {
            (due, Wait::Timer)
        });
    }

    /// Yields the core. This thread has no other request; the kernel may run another thread.
    fn yield_now(&mut self) {
        std::thread::yield_now();
    }

    /// Returns the present instant: a read returns as soon as the bytes are there.
    fn after_read(&mut self, _: usize, _: usize) -> Stamp {
        self.probe().now()
    }

    fn request_begins(&self) {
        if self.thread.shared.limit.is_reached_by_another() {
            self.thread.shared.stop();
        }
    }

    fn keepalive(&self) -> Option<Elapsed> {
        self.thread.shared.keepalive()
    }

    fn is_stopping(&self) -> bool {
        self.thread.shared.is_stopping()
    }

    /// Leaves an idle connection to the main thread: this one can serve another meanwhile.
    fn leaves_idle_connections(&self) -> bool {
        true
    }

    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe) {
        (&mut self.accounting, self.thread.probe)
    }

    fn spent(&self) -> RequestTimes {
        self.accounting.spent
    }

    fn probe(&self) -> &Probe {
        self.thread.probe
    }

    fn dates(&self) -> &DateCache {
        self.thread.date_cache
    }
}

/// The connection leaves its thread: its last slice ends, and with it a request that has begun.
impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        let probe = self.thread.probe;
        self.slice
            .end(probe, &self.accounting, SwitchReason::Ended, None);
        self.accounting.end(probe, probe.now(), false);
        self.thread.release();
    }
}
