//! The coroutine worker: a [`World`](crate::handler::World) for each open connection. A wait parks the
//! coroutine.
//!
//! ```text
//!   hub:   poll ──▶ accept ── connections ──▶ new tasks ──▶ run each ready task once ──▶ poll …
//!   task:  serve one request ──▶ keep the connection ──▶ serve the next …
//!             └── a wait ──▶ park: back to the hub
//! ```
//!
//! Each connection has a task of its own, in straight-line code. A task tries its socket first and parks only
//! if the kernel returns `WouldBlock`; the hub runs another task meanwhile. The worker beats once a turn of
//! the hub. An `unpatched` wait bypasses the hub: it blocks the process, and with it all tasks.
//!
//! The counterpart is the file `sync.rs`, in the same order.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::rc::Rc;

use super::{HubResources, WorkerContext, serve_by_hub};
use crate::coroutine::{Resumed, Stacks, Task};
use crate::handler::RequestTimes;
use crate::server::accounting::{RequestAccounting, Wait};
use crate::server::connection;
use crate::server::date_cache::DateCache;
use crate::server::hub::Tasks;
use crate::server::service_pool::{Place, PooledConnection};
use crate::server::task_context::{
    IoSource, Registration, Shared, SwitchSnapshot, TaskContext, TimedOut, WaitReason,
};
use crate::server::thread_pool::PooledWait;
use crate::server::transport::{Deadline, Interest, Transport, WaitStrategy};
use crate::server::wire::Answer;
use crate::sys;
use crate::telemetry::Probe;
use concsim_engine::policy::is_yield;
use concsim_model::scenario::WaitMode;
use concsim_model::units::{Elapsed, Stamp};

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(context: WorkerContext<'_>) -> sys::Result<i32> {
    serve_by_hub(context, |shared, resources| Coroutines {
        shared,
        resources,
        stacks: Stacks::new(),
    })
}

/// Coroutines of a hub.
struct Coroutines {
    shared: Rc<Shared>,
    resources: Rc<HubResources>,
    stacks: Stacks<WaitReason>,
}

impl Tasks for Coroutines {
    type Task = Task<WaitReason>;

    fn prepare(&self) -> bool {
        self.stacks.prepare()
    }

    fn begin(&self, socket: TcpStream, accepted: Stamp) -> Self::Task {
        let (shared, resources) = (Rc::clone(&self.shared), Rc::clone(&self.resources));
        self.shared.probe.task_begun();
        self.stacks.start(move |parker| {
            let mut task = TaskContext::take(&shared, parker);
            serve_one(&mut task, &resources, socket, accepted);
        })
    }

    fn resume(&self, task: &mut Self::Task) -> Resumed<WaitReason> {
        self.shared.probe.coroutine_switch();
        let resumed = task.resume();
        self.shared.probe.coroutine_switch();
        resumed
    }

    /// One for the running task, two for each other.
    fn switches_to_come(waiting: usize, running: usize) -> usize {
        2 * waiting + running
    }
}

/// Serves one connection in its task: one request after the other, then closes it.
fn serve_one(
    task: &mut TaskContext<'_>,
    resources: &HubResources,
    socket: TcpStream,
    accepted: Stamp,
) {
    // If there is no memory for a registration, the connection is closed.
    let Ok(source) = task.shared.register(&socket) else {
        return;
    };
    task.shared.could_run_since(accepted);
    let switches_before = task.shared.switches.borrow().snapshot();
    let waits = Parking {
        accounting: RequestAccounting::accepted(task.id.0, accepted),
        switches_before,
        task,
        resources,
        source,
    };
    let mut transport = Transport::new(socket, accepted, waits);
    connection::serve(&mut transport, &resources.application);
}

/// Waits of the requests of one task. Each parks the task, unless it is `unpatched`.
struct Parking<'connection, 'task> {
    /// Handle to the hub, which runs other tasks while this one is parked.
    task: &'connection mut TaskContext<'task>,
    resources: &'connection HubResources,
    /// Readiness of the client's socket, as far as the hub's poller has reported it.
    source: Registration,
    accounting: RequestAccounting,
    /// State of the switch counter when the request began: tells how many other tasks have run since.
    switches_before: SwitchSnapshot,
}

impl<'task> Parking<'_, 'task> {
    /// Parks the task by `wait`, given its handle and the client's socket: the hub runs other tasks of this
    /// process. Returns the result of `wait`.
    ///
    /// `end_of` returns the end and the purpose of the wait, given that result and the instants at which
    /// the task parked and at which the hub last polled.
    fn park<T>(
        &mut self,
        wait: impl FnOnce(&mut TaskContext<'task>, &IoSource) -> T,
        end_of: impl FnOnce(&T, Stamp, Stamp) -> (Stamp, Wait),
    ) -> T {
        self.task.request = self.accounting.works_for();
        let result = wait(self.task, &self.source);
        let polled = self.task.shared.polled.get();
        let (over, purpose) = end_of(&result, self.task.yielded_at, polled);
        self.task.goes_on(&mut self.accounting, over, purpose);
        result
    }

    /// Blocks the process in the system call `sleep`, and with it all tasks. Returns its result.
    ///
    /// `end_of` returns the end and the purpose of the wait, given that result and the instants at which
    /// the call began and returned.
    fn block<T>(
        &mut self,
        sleep: impl FnOnce() -> T,
        end_of: impl FnOnce(&T, Stamp, Stamp) -> (Stamp, Wait),
    ) -> T {
        let probe = &self.task.shared.probe;
        self.accounting.block(probe, sleep, end_of).0
    }

    /// Parks the task until the poller reports the client's socket.
    fn park_for_client(&mut self, interest: Interest, deadline: Deadline) -> io::Result<()> {
        let waited = self.park(
            |task, client| task.wait_for(client, interest, WaitReason::Client, deadline),
            |_, _, polled| (polled, Wait::Client),
        );
        waited.map_err(|TimedOut| ErrorKind::TimedOut.into())
    }

    /// Takes a place in the pool of connections to a service. Parks the task until one is free.
    fn place_at(&mut self, service: usize) -> Place {
        let pool = &self.resources.services;
        if let Some(place) = pool.take(service) {
            return place;
        }
        let grant = pool.wait(service, self.task.id);
        let (place, _) = self.park(
            |task, _| {
                task.pause(WaitReason::Service);
                grant.take()
            },
            |(_, granted), _, _| (*granted, Wait::Connection),
        );
        place
    }

    /// Parks the task until a thread of the pool has executed `wait`.
    fn park_for_pool(&mut self, wait: PooledWait) -> io::Result<()> {
        self.task.request = self.accounting.works_for();
        let reason = self.task.hand_to_pool(wait);
        self.task.pause(reason);
        self.task.goes_on_after_pool(&mut self.accounting)
    }

    /// Takes a connection to a service from the pool, or opens one.
    fn connection_to(&mut self, service: usize) -> io::Result<PooledConnection> {
        let pooled = self.place_at(service).connection()?;
        // On one machine a connection is mostly open at once. A task that parked for it all the same would
        // send its call only after the tasks that are ready now.
        if !pooled.connection.is_connected() {
            self.park(
                |task, _| task.wait_for_service(&pooled.registration, Interest::Write),
                |(), _, polled| (polled, Wait::Connection),
            );
            pooled.connection.finish_connect()?;
        }
        Ok(pooled)
    }

    /// Sets a new connection up and calls a service. Parks the task until the answer is there.
    fn call_parking(&mut self, pooled: &mut PooledConnection, wait: Elapsed) -> io::Result<()> {
        if let Some(connect) = pooled.set_up_time() {
            pooled.connection.send_set_up(connect)?;
            self.await_answer(pooled, |answer, _| (answer.written, Wait::Connection))?;
        }
        pooled.connection.send_call(wait, self.accounting.request)?;
        self.await_answer(pooled, |answer, yielded_at| {
            Wait::for_answer(yielded_at, answer, wait)
        })
    }

    /// Parks the task until the answer is there; `end_of` returns the end and the purpose of the wait, given
    /// the answer and the instant at which the task parked.
    fn await_answer(
        &mut self,
        pooled: &mut PooledConnection,
        end_of: impl Fn(&Answer, Stamp) -> (Stamp, Wait),
    ) -> io::Result<()> {
        let mut answered = false;
        while !answered {
            let answer = self.park(
                |task, _| {
                    task.wait_for_service(&pooled.registration, Interest::Read);
                    pooled.connection.take_answer()
                },
                |answer, yielded_at, polled| match answer {
                    Ok(Some(answer)) => end_of(answer, yielded_at),
                    // A part of the answer has come: the service was serving the call.
                    Ok(None) => (polled, Wait::part_of_answer(yielded_at)),
                    Err(_) => (polled, Wait::Connection),
                },
            );
            answered = answer?.is_some();
        }
        Ok(())
    }

    /// Sets a new connection up and calls a service. Blocks the process until the answer is there.
    fn call_blocking(&mut self, pooled: &mut PooledConnection, wait: Elapsed) -> io::Result<()> {
        let (clock, request) = (self.probe().clock(), self.accounting.request);
        let answer = self.block(
            || pooled.call_blocking(wait, request, clock),
            |answer, began, returned| match answer {
                Ok((answer, connected)) => {
                    Wait::for_answer(connected.unwrap_or(began), answer, wait)
                }
                Err(_) => (returned, Wait::Connection),
            },
        );
        answer.map(drop)
    }
}

impl WaitStrategy for Parking<'_, '_> {
    /// Parks the task until the client's socket is ready.
    fn wait_for_client(
        &mut self,
        _: &TcpStream,
        interest: Interest,
        deadline: Deadline,
    ) -> io::Result<()> {
        if interest == Interest::Read {
            self.source.readable.set(false);
        }
        self.park_for_client(interest, deadline)
    }

    /// Calls a service. Parks the task until the answer is there; `unpatched`, blocks the process; `in threads`,
    /// blocks a thread of the pool.
    fn call(&mut self, service: usize, wait: Elapsed, mode: WaitMode) -> io::Result<()> {
        if mode == WaitMode::InThreads {
            let request = self.accounting.request;
            return self.park_for_pool(PooledWait::Call {
                service,
                wait,
                request,
            });
        }
        let mut pooled = self.connection_to(service)?;
        if mode == WaitMode::Unpatched {
            self.call_blocking(&mut pooled, wait)?;
        } else {
            self.call_parking(&mut pooled, wait)?;
        }
        pooled.give_back();
        Ok(())
    }

    /// Waits for a timer. Parks the task until it is due; `unpatched`, blocks the process; `in threads`, blocks
    /// a thread of the pool.
    fn sleep(&mut self, wait: Elapsed, mode: WaitMode) {
        let clock = self.probe().clock();
        let due = clock.now() + wait;
        match mode {
            WaitMode::Patched if is_yield(wait) => self.yield_now(),
            WaitMode::Patched => self.park(
                |task, _| task.pause(WaitReason::Timer(due)),
                |(), _, _| (due, Wait::Timer),
            ),
            WaitMode::InThreads => {
                let slept = self.park_for_pool(PooledWait::Sleep(wait));
                debug_assert!(slept.is_ok(), "a timer does not fail");
            }
            WaitMode::Unpatched => {
                self.block(|| clock.sleep_until(due), |(), _, _| (due, Wait::Timer));
            }
        }
    }

    /// Yields. The hub runs the other ready tasks first. The wait is over at once: its length is 0.
    fn yield_now(&mut self) {
        self.park(
            |task, _| task.pause(WaitReason::Yield),
            |(), yielded_at, _| (yielded_at, Wait::Timer),
        );
    }

    /// Parks if the poller has reported no bytes since the last ones were read; yields if the task has read
    /// without a wait for too long.
    fn before_read(&mut self, deadline: Deadline) -> io::Result<()> {
        if !self.source.readable.get() {
            return self.park_for_client(Interest::Read, deadline);
        }
        if self.task.has_transferred_its_share() {
            self.yield_now();
            if deadline.until <= self.task.shared.polled.get() {
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Notes if more bytes may be there. Returns the instant at which the hub resumed the task.
    fn after_read(&mut self, count: usize, room: usize) -> Stamp {
        self.source.has_read(count, room);
        if !self.accounting.has_come() {
            self.switches_before = self.task.shared.switches.borrow().snapshot();
        }
        self.task.shared.resumed.get()
    }

    /// Yields if the task has written without a wait for too long.
    fn between_writes(&mut self) {
        if self.task.has_transferred_its_share() {
            self.yield_now();
        }
    }

    /// Yields if the task has run for too long: other tasks may be ready.
    fn between_requests(&mut self) {
        if self.task.has_run_its_share() {
            self.yield_now();
        }
    }

    fn request_begins(&self) {
        self.task.shared.request_begins();
    }

    /// Keeps the connection for `server.keepalive`: a parked task costs only memory.
    fn keepalive(&self) -> Option<Elapsed> {
        self.resources.keepalive
    }

    fn is_stopping(&self) -> bool {
        self.task.shared.stopping.get()
    }

    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe) {
        (&mut self.accounting, &self.task.shared.probe)
    }

    fn spent(&self) -> RequestTimes {
        let switches = self.task.shared.switches.borrow();
        RequestTimes {
            others: switches.others_since(self.switches_before, self.task.id),
            ..self.accounting.spent
        }
    }

    fn probe(&self) -> &Probe {
        &self.task.shared.probe
    }

    fn dates(&self) -> &DateCache {
        &self.resources.date_cache
    }
}

/// The connection ends, and with it a request that has begun. The hub records the task's last slice.
impl Drop for Parking<'_, '_> {
    fn drop(&mut self) {
        let probe = &self.task.shared.probe;
        self.accounting.end(probe, probe.now(), false);
        self.task.request = self.accounting.works_for();
    }
}
