//! The coroutine worker: many requests in one process. A wait parks the coroutine.
//!
//! Each connection is played by a task of its own, in straight-line code. Its socket is tried first;
//! only when the kernel says `WouldBlock` the task parks, and the hub runs another meanwhile. What is
//! `unpatched` does not know the hub: it blocks the process, and with it everybody.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;

use super::{WorkerContext, exit};
use crate::handler::{Application, CallFailed, Spent, World};
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
use crate::telemetry::{OVERFLOWED, Probe};
use concsim_model::scenario::WaitMode;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Serves until it is told to stop. Gives the exit code.
pub(super) fn serve(context: WorkerContext<'_>) -> sys::Result<i32> {
    let shared = Rc::new(Shared::new(context.probe)?);
    let worker = Rc::new(WorkerShared {
        application: context.application,
        date_cache: context.date_cache,
        keepalive: Some(context.config.scenario.server.keepalive)
            .filter(|keepalive| *keepalive > Elapsed::ZERO),
        pool: Pool::open(&shared, &context.config.services)?,
    });
    let play = move |task_context: &mut TaskContext<'_>, socket: TcpStream, accepted: Stamp| {
        // Without memory for a registration the client sees an end.
        if let Ok(source) = task_context.shared.watch(&socket) {
            let mut line = Cooperative::new(task_context, &worker, socket, source, accepted);
            connection::serve(&mut line, &worker.application);
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

/// The longest run of a connection whose socket is always ready, before other tasks go first. Each run of
/// another task waits for that long once for each such connection.
const SHARE: Elapsed = Elapsed(500_000);
/// Reads or writes of a connection that do not wait, between two looks at the clock.
const TRANSFERS: u32 = 4;

/// What all tasks of a worker use together.
struct WorkerShared {
    application: Application,
    date_cache: DateCache,
    /// How long a connection may stay idle; `None`: it is closed after each response.
    keepalive: Option<Elapsed>,
    pool: Pool,
}

/// Connections to services that no call uses just now.
struct Pool {
    services: Vec<SocketAddr>,
    idle: RefCell<Vec<Vec<PooledConnection>>>,
}

/// A connection to a service, and what the hub knows of it.
struct PooledConnection {
    connection: ServiceConnection,
    registration: Registration,
}

impl Pool {
    /// A pool with one connection to each service.
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

/// The World of one connection of a coroutine worker: waits park, unless they are unpatched.
struct Cooperative<'seat, 'task> {
    task_context: &'seat mut TaskContext<'task>,
    worker: &'seat WorkerShared,
    socket: TcpStream,
    source: Registration,
    received_at: Stamp,
    accounting: RequestAccounting,
    switch_snapshot: SwitchSnapshot,
    /// Reads and writes since the clock was last looked at.
    transfers: u32,
}

impl<'seat, 'task> Cooperative<'seat, 'task> {
    fn new(
        task_context: &'seat mut TaskContext<'task>,
        worker: &'seat WorkerShared,
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

    /// Parks, and says from when to when: the instants at which its runs ended and began.
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

    /// Lets the others go first if the task has run for its share: a socket that is always ready never
    /// parks it, and its hub could neither serve others nor beat.
    /// Says whether it did.
    fn be_fair(&mut self) -> bool {
        let shared = &self.task_context.shared;
        let has_run_long = shared.probe.now().since(shared.resumed.get()) >= SHARE;
        if has_run_long {
            self.let_go();
        }
        has_run_long
    }

    /// Notes a read or a write that did not wait; says whether others went first.
    fn transfer(&mut self) -> bool {
        self.transfers = self.transfers.wrapping_add(1);
        self.transfers.is_multiple_of(TRANSFERS) && self.be_fair()
    }

    fn was_parked(&mut self, begun: Stamp, over: Stamp, resumed: Stamp, wait: Wait) {
        self.task_context.shared.could_run_since(over.max(begun));
        if self.accounting.has_come() {
            let probe = &self.task_context.shared.probe;
            let length = self.accounting.waited(probe, (begun, over, resumed), wait);
            self.accounting.spent.parked += length;
            self.accounting.spent.let_go += 1;
        }
    }

    /// Parks until the client's socket may grant the wish.
    fn wait_for_client(&mut self, interest: Interest, patience: Deadline) -> io::Result<()> {
        let (waited, begun, resumed) = self.park(|line| {
            line.task_context
                .wait_for(&line.source, interest, WaitReason::Client, patience)
        });
        let polled = self.task_context.shared.polled.get();
        self.was_parked(begun, polled, resumed, Wait::Client);
        waited.map_err(|TimedOut| ErrorKind::TimedOut.into())
    }

    /// A connection to the service that no other call uses.
    fn link_to(&mut self, service: usize) -> io::Result<PooledConnection> {
        if let Some(pooled) = self.worker.pool.take(service) {
            return Ok(pooled);
        }
        let connection = ServiceConnection::begin(self.worker.pool.services[service])?;
        let registration = self.task_context.shared.watch(&connection);
        let registration = registration.map_err(|error| error.source)?;
        // On one machine it is mostly through at once; parking all the same would send the call only
        // after whoever computes next.
        if !connection.is_connected() {
            let (begun, resumed) = self.wait_for_service(&registration, Interest::Write);
            let polled = self.task_context.shared.polled.get();
            self.was_parked(begun, polled, resumed, Wait::Connection);
            connection.finish_connect()?;
        }
        Ok(PooledConnection {
            connection,
            registration,
        })
    }

    /// Parks until the service's socket may grant the wish.
    fn wait_for_service(
        &mut self,
        registration: &Registration,
        interest: Interest,
    ) -> (Stamp, Stamp) {
        let (_, begun, resumed) = self.park(|line| {
            let task_context = &mut *line.task_context;
            task_context.wait_for(
                registration,
                interest,
                WaitReason::Service,
                Deadline::ENDLESS,
            )
        });
        (begun, resumed)
    }

    fn call_parked(&mut self, pooled: &mut PooledConnection, wait: Elapsed) -> io::Result<()> {
        pooled.connection.ask(wait, self.accounting.request)?;
        loop {
            let (begun, resumed) = self.wait_for_service(&pooled.registration, Interest::Read);
            if let Some(answer) = pooled.connection.take_answer()? {
                let call = Wait::for_answer(begun, &answer, wait);
                self.was_parked(begun, answer.written, resumed, call);
                return Ok(());
            }
            // A part of the answer has come: it is being served.
            let call = Wait::Call {
                connected: begun,
                served: begun,
            };
            self.was_parked(begun, self.task_context.shared.polled.get(), resumed, call);
        }
    }

    fn call_blocked(&mut self, pooled: &mut PooledConnection, wait: Elapsed) -> io::Result<()> {
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
    fn compute(&mut self, cpu: CpuTime) {
        self.accounting
            .compute(&self.task_context.shared.probe, cpu);
    }

    fn call(&mut self, service: usize, wait: Elapsed, manner: WaitMode) -> Result<(), CallFailed> {
        let mut pooled = self.link_to(service)?;
        match manner {
            WaitMode::Patched => self.call_parked(&mut pooled, wait)?,
            WaitMode::Unpatched => self.call_blocked(&mut pooled, wait)?,
            WaitMode::InThreads => unreachable!("refused before it is played"),
        }
        self.worker.pool.give_back(service, pooled);
        Ok(())
    }

    fn sleep(&mut self, wait: Elapsed, manner: WaitMode) {
        let deadline = self.probe().now() + wait;
        match manner {
            WaitMode::Patched => {
                let ((), begun, resumed) =
                    self.park(|line| line.task_context.pause(WaitReason::Timer(deadline)));
                self.was_parked(begun, deadline, resumed, Wait::Timer);
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

    fn let_go(&mut self) {
        let ((), begun, resumed) = self.park(|line| line.task_context.pause(WaitReason::Yield));
        self.was_parked(begun, begun, resumed, Wait::Timer);
    }

    fn counter(&mut self, counter: usize) -> u64 {
        self.probe().counter(counter)
    }

    fn set_counter(&mut self, counter: usize, value: u64) {
        self.probe().counted(counter, value);
    }

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
                    self.wait_for_client(Interest::Write, Deadline::until(until))?;
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

    fn spent(&self) -> Spent {
        let switches = self.task_context.shared.switches.borrow();
        Spent {
            others: switches.others_since(self.switch_snapshot, self.task_context.id),
            ..self.accounting.spent
        }
    }
}

impl Transport for Cooperative<'_, '_> {
    fn receive(&mut self, room: &mut [u8], patience: Deadline) -> io::Result<usize> {
        loop {
            if !self.source.readable.get() {
                self.wait_for_client(Interest::Read, patience)?;
            } else if self.transfer() && patience.until <= self.task_context.shared.polled.get() {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.socket.read(room) {
                Ok(count) => {
                    // A short read has taken all there was: the kernel will say when there is more
                    // (epoll(7), question 9). Once the peer has closed it will say nothing again.
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

    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.socket.read(room)
    }

    fn goes_on(&mut self) {
        self.be_fair();
    }

    fn hang_up(&mut self) {
        // A client that is gone already sees nothing.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

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

impl Drop for Cooperative<'_, '_> {
    fn drop(&mut self) {
        let probe = &self.task_context.shared.probe;
        self.accounting.end(probe, probe.now(), false);
        self.task_context.request = self.accounting.works_for();
    }
}
