//! The coroutine worker: many requests in one process. A wait parks the coroutine.
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
//! The counterpart is the file `sync.rs`.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;

use super::{WorkerContext, exit};
use crate::handler::{Application, CallFailed, RequestTimes, World};
use crate::http::response::Date;
use crate::server::accounting::{RequestAccounting, Wait};
use crate::server::calls::ServiceConnection;
use crate::server::connection::{self, Deadline, Interest, Transport};
use crate::server::date_cache::DateCache;
use crate::server::hub::{Ended, Hub};
use crate::server::task_context::{
    Registration, Shared, SwitchSnapshot, TaskContext, TimedOut, WaitReason,
};
use crate::sys::{self, Doing};
use crate::telemetry::Probe;
use concsim_engine::policy::{self, OVERFLOWED};
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(context: WorkerContext<'_>) -> sys::Result<i32> {
    let shared = Rc::new(Shared::new(context.probe)?);
    let worker = Rc::new(WorkerShared {
        application: context.application,
        date_cache: context.date_cache,
        keepalive: policy::keepalive(&context.config.scenario.server),
        pool: Pool::open(&shared, &context.config.services)?,
    });
    let play = move |task_context: &mut TaskContext<'_>, socket: TcpStream, accepted: Stamp| {
        // If there is no memory for a registration, the connection is closed.
        if let Ok(source) = task_context.shared.watch(&socket) {
            let mut transport = Cooperative::new(task_context, &worker, socket, source, accepted);
            connection::serve(&mut transport, &worker.application);
        }
    };
    let hub = Hub::new(
        Rc::clone(&shared),
        &context.config.listener,
        context.signals,
        context.config.scenario.server.connections,
        play,
    )?;
    let ended = hub.run()?;
    exit(&shared.probe);
    Ok(match ended {
        Ended::Drained => 0,
        Ended::Overflowed => OVERFLOWED,
    })
}

/// Longest run of a task whose socket is always ready, before it yields. Each such task delays every run of
/// another task by this much.
const SHARE: Elapsed = Elapsed(500_000);
/// Number of reads and writes without a wait between readings of the clock.
const TRANSFERS: u32 = 4;

/// State that all tasks of a worker share.
struct WorkerShared {
    application: Application,
    date_cache: DateCache,
    /// Longest time that a connection may stay idle; `None` closes it after each response.
    keepalive: Option<Elapsed>,
    pool: Pool,
}

/// Connections to services that no call is using.
struct Pool {
    services: Vec<SocketAddr>,
    idle: RefCell<Vec<Vec<PooledConnection>>>,
}

/// Connection to a service, and its registration at the hub.
struct PooledConnection {
    connection: ServiceConnection,
    registration: Registration,
}

impl Pool {
    /// Creates a pool with one connection to each service.
    fn open(shared: &Rc<Shared>, services: &[SocketAddr]) -> sys::Result<Self> {
        let mut idle = Vec::new();
        for service in services {
            let connection = ServiceConnection::connect(*service).doing("connect to a service")?;
            let registration = shared.watch(&connection)?;
            idle.push(vec![PooledConnection {
                connection,
                registration,
            }]);
        }
        Ok(Self {
            services: services.to_vec(),
            idle: RefCell::new(idle),
        })
    }

    fn take(&self, service: usize) -> Option<PooledConnection> {
        self.idle.borrow_mut()[service].pop()
    }

    fn give_back(&self, service: usize, pooled: PooledConnection) {
        self.idle.borrow_mut()[service].push(pooled);
    }
}

/// World of one connection of a coroutine worker: every wait parks the task, unless it is `unpatched`.
struct Cooperative<'context, 'task> {
    task_context: &'context mut TaskContext<'task>,
    worker: &'context WorkerShared,
    socket: TcpStream,
    source: Registration,
    received_at: Stamp,
    accounting: RequestAccounting,
    switch_snapshot: SwitchSnapshot,
    /// Number of reads and writes without a wait.
    transfers: u32,
}

impl<'context, 'task> Cooperative<'context, 'task> {
    fn new(
        task_context: &'context mut TaskContext<'task>,
        worker: &'context WorkerShared,
        socket: TcpStream,
        source: Registration,
        accepted: Stamp,
    ) -> Self {
        let accounting = RequestAccounting::accepted(task_context.id.0, accepted);
        let switch_snapshot = task_context.shared.switches.borrow().mark();
        task_context.shared.could_run_since(accepted);
        Self {
            task_context,
            worker,
            socket,
            source,
            received_at: accepted,
            accounting,
            switch_snapshot,
            transfers: 0,
        }
    }

    fn probe(&self) -> &Probe {
        &self.task_context.shared.probe
    }

    /// Parks the task by `park`. Returns its result, the end of the last run and the beginning of this one.
    fn park<T>(&mut self, park: impl FnOnce(&mut Self) -> T) -> (T, Stamp, Stamp) {
        self.task_context.request = self.accounting.works_for();
        let parked = park(self);
        self.accounting.slice_begins();
        self.probe().runs_request(self.accounting.request);
        (
            parked,
            self.task_context.let_go,
            self.task_context.shared.resumed.get(),
        )
    }

    /// Yields if the task has run for its [`SHARE`]: a socket that is always ready never parks it, and the
    /// hub could neither run other tasks nor beat. Returns true if it yielded.
    fn yield_after_share(&mut self) -> bool {
        let shared = &self.task_context.shared;
        let has_run_long = shared.probe.now().since(shared.resumed.get()) >= SHARE;
        if has_run_long {
            self.let_go();
        }
        has_run_long
    }

    /// Counts a read or a write without a wait. Returns true if the task yielded after it.
    fn transfer(&mut self) -> bool {
        self.transfers = self.transfers.wrapping_add(1);
        self.transfers.is_multiple_of(TRANSFERS) && self.yield_after_share()
    }

    /// Accounts a wait from `begun` to `over`, after which the task ran again at `resumed`.
    fn record_wait(&mut self, begun: Stamp, over: Stamp, resumed: Stamp, wait: Wait) {
        self.task_context.shared.could_run_since(over.max(begun));
        if self.accounting.has_come() {
            let probe = &self.task_context.shared.probe;
            let length = self.accounting.waited(probe, (begun, over, resumed), wait);
            self.accounting.spent.parked += length;
            self.accounting.spent.let_go += 1;
        }
    }

    /// Parks the task until the client's socket is ready.
    fn park_for_client(&mut self, interest: Interest, deadline: Deadline) -> io::Result<()> {
        let (waited, begun, resumed) = self.park(|transport| {
            transport.task_context.wait_for(
                &transport.source,
                interest,
                WaitReason::Client,
                deadline,
            )
        });
        let polled = self.task_context.shared.polled.get();
        self.record_wait(begun, polled, resumed, Wait::Client);
        waited.map_err(|TimedOut| ErrorKind::TimedOut.into())
    }

    /// Takes a connection to a service from the pool, or opens one.
    fn connection_to(&mut self, service: usize) -> io::Result<PooledConnection> {
        if let Some(pooled) = self.worker.pool.take(service) {
            return Ok(pooled);
        }
        let connection = ServiceConnection::begin(self.worker.pool.services[service])?;
        let registration = self.task_context.shared.watch(&connection);
        let registration = registration.map_err(|error| error.source)?;
        // On one machine a connection is mostly open at once. A task that parked for it all the same would
        // send its call only after the tasks that are ready now.
        if !connection.is_connected() {
            let (begun, resumed) = self.park_for_service(&registration, Interest::Write);
            let polled = self.task_context.shared.polled.get();
            self.record_wait(begun, polled, resumed, Wait::Connection);
            connection.finish_connect()?;
        }
        Ok(PooledConnection {
            connection,
            registration,
        })
    }

    /// Parks the task until the service's socket is ready.
    fn park_for_service(
        &mut self,
        registration: &Registration,
        interest: Interest,
    ) -> (Stamp, Stamp) {
        let (_, begun, resumed) = self.park(|transport| {
            let task_context = &mut *transport.task_context;
            task_context.wait_for(
                registration,
                interest,
                WaitReason::Service,
                Deadline::ENDLESS,
            )
        });
        (begun, resumed)
    }

    /// Calls a service. Parks the task until the answer is there.
    fn call_parking(&mut self, pooled: &mut PooledConnection, wait: Elapsed) -> io::Result<()> {
        pooled.connection.ask(wait, self.accounting.request)?;
        loop {
            let (begun, resumed) = self.park_for_service(&pooled.registration, Interest::Read);
            if let Some(answer) = pooled.connection.take_answer()? {
                let call = Wait::for_answer(begun, &answer, wait);
                self.record_wait(begun, answer.written, resumed, call);
                return Ok(());
            }
            // A part of the answer has come: the service was serving the call.
            let call = Wait::Call {
                connected: begun,
                served: begun,
            };
            self.record_wait(begun, self.task_context.shared.polled.get(), resumed, call);
        }
    }

    /// Calls a service. Blocks the process until the answer is there.
    fn call_blocking(&mut self, pooled: &mut PooledConnection, wait: Elapsed) -> io::Result<()> {
        let request = self.accounting.request;
        let call = || pooled.connection.call_blocking(wait, request);
        let probe = &self.task_context.shared.probe;
        let (answer, _) = self
            .accounting
            .block(probe, call, |answer, from, to| match answer {
                Ok(answer) => (answer.written, Wait::for_answer(from, answer, wait)),
                Err(_) => (to, Wait::Connection),
            });
        answer.map(drop)
    }
}

impl World for Cooperative<'_, '_> {
    /// Uses the core. No other task of this process can run meanwhile.
    fn compute(&mut self, cpu: CpuTime) {
        self.accounting
            .compute(&self.task_context.shared.probe, cpu);
    }

    /// Calls a service. Parks the task until the answer is there; `unpatched`, blocks the process.
    fn call(&mut self, service: usize, wait: Elapsed, mode: WaitMode) -> Result<(), CallFailed> {
        let mut pooled = self.connection_to(service)?;
        match mode {
            WaitMode::Patched => self.call_parking(&mut pooled, wait)?,
            WaitMode::Unpatched => self.call_blocking(&mut pooled, wait)?,
            WaitMode::InThreads => unreachable!("refused before it is played"),
        }
        self.worker.pool.give_back(service, pooled);
        Ok(())
    }

    /// Waits for a timer. Parks the task until it is due; `unpatched`, blocks the process.
    fn sleep(&mut self, wait: Elapsed, mode: WaitMode) {
        let deadline = self.probe().now() + wait;
        match mode {
            WaitMode::Patched => {
                let ((), begun, resumed) = self
                    .park(|transport| transport.task_context.pause(WaitReason::Timer(deadline)));
                self.record_wait(begun, deadline, resumed, Wait::Timer);
            }
            WaitMode::InThreads => unreachable!("refused before it is played"),
            WaitMode::Unpatched => {
                let probe = &self.task_context.shared.probe;
                let sleep = || probe.clock().sleep_until(deadline);
                self.accounting
                    .block(probe, sleep, |(), _, _| (deadline, Wait::Timer));
            }
        }
    }

    /// Yields. The hub runs the other ready tasks first.
    fn let_go(&mut self) {
        let ((), begun, resumed) =
            self.park(|transport| transport.task_context.pause(WaitReason::Yield));
        self.record_wait(begun, begun, resumed, Wait::Timer);
    }

    /// Reads a counter of this process.
    fn counter(&mut self, counter: usize) -> u64 {
        self.probe().counter(counter)
    }

    /// Writes a counter back.
    fn set_counter(&mut self, counter: usize, value: u64) {
        self.probe().counted(counter, value);
    }

    /// Sends bytes. If the socket's buffer is full, parks the task until there is room.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.socket.write(bytes) {
                Ok(count) => {
                    bytes = &bytes[count..];
                    if !bytes.is_empty() {
                        self.transfer();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let until = self.probe().now() + connection::SEND;
                    self.park_for_client(Interest::Write, Deadline::until(until))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn date(&self) -> Date {
        self.worker.date_cache.at(self.received_at)
    }

    fn spent(&self) -> RequestTimes {
        let switches = self.task_context.shared.switches.borrow();
        RequestTimes {
            others: switches.others_since(self.switch_snapshot, self.task_context.id),
            ..self.accounting.spent
        }
    }
}

impl Transport for Cooperative<'_, '_> {
    /// Receives bytes. If there are none, parks the task until the client sends some.
    fn receive(&mut self, room: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            if !self.source.readable.get() {
                self.park_for_client(Interest::Read, deadline)?;
            } else if self.transfer() && deadline.until <= self.task_context.shared.polled.get() {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.socket.read(room) {
                Ok(count) => {
                    // A short read has taken all bytes: the kernel will report the next ones
                    // (epoll(7), question 9). It reports nothing more once the peer has closed.
                    let drained = count < room.len() && !self.source.closing.get();
                    self.source.readable.set(!drained);
                    self.received_at = self.task_context.shared.resumed.get();
                    if !self.accounting.has_come() {
                        self.switch_snapshot = self.task_context.shared.switches.borrow().mark();
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.source.readable.set(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Receives the bytes that are there. Never parks.
    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.socket.read(room)
    }

    /// Yields if the task has run for its share: other tasks may be ready.
    fn goes_on(&mut self) {
        self.yield_after_share();
    }

    /// Ends the sending side.
    fn hang_up(&mut self) {
        // If the client is gone, there is nothing to end.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Keeps the connection for `server.keepalive`: a parked task costs only memory.
    fn keeps(&self) -> Option<Elapsed> {
        self.worker
            .keepalive
            .filter(|_| !self.task_context.shared.stopping.get())
    }

    fn received_at(&self) -> Stamp {
        self.received_at
    }

    fn accounting(&mut self) -> (&mut RequestAccounting, &Probe) {
        (&mut self.accounting, &self.task_context.shared.probe)
    }
}

/// The connection is closed: a request that has begun ends with it.
impl Drop for Cooperative<'_, '_> {
    fn drop(&mut self) {
        let probe = &self.task_context.shared.probe;
        self.accounting.end(probe, probe.now(), false);
        self.task_context.request = self.accounting.works_for();
    }
}
