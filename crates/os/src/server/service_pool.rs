//! Pools of a worker with a hub: its connections to each service. Each connection is used by one task at a
//! time, and then by the next.
//!
//! ```text
//!   task:   takes a place ──▶ connection: an idle one, or a new one ──▶ call ──▶ gives both back
//!              └── none is free: parks ◀── the place passes to the task that has waited longest
//! ```
//!
//! `services.NAME.pool` is the number of places. A task waits for one by the hub, even if the call itself is
//! `unpatched`: pools are written in the language that gevent patches.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use super::calls::ServiceConnection;
use super::task_context::{Registration, Shared};
use super::wire::Answer;
use crate::coroutine::TaskId;
use crate::sys::clock::Clock;
use crate::sys::{self, ErrorContext};
use concsim_engine::Places;
use concsim_model::scenario::Service;
use concsim_model::units::{Elapsed, Stamp};

/// Connections of a worker to all services, and behind them to the pool of processes.
pub(super) struct ServicePool(Vec<Rc<Pool>>);

/// Connections of a worker to one service.
struct Pool {
    shared: Rc<Shared>,
    address: SocketAddr,
    /// Time to set up a new connection.
    connect: Elapsed,
    /// False if each connection carries one call.
    keeps: bool,
    idle: RefCell<Vec<(ServiceConnection, Registration)>>,
    places: RefCell<Places<Waiter>>,
}

/// Task that waits for a place.
struct Waiter {
    task: TaskId,
    grant: Rc<Grant>,
}

/// Place for a task that waits for one.
#[derive(Default)]
pub(super) struct Grant(Cell<Option<(Place, Stamp)>>);

impl Grant {
    /// Takes the place, and the instant at which it was free. The task is resumed when it is there.
    pub(super) fn take(&self) -> (Place, Stamp) {
        self.0.take().expect("a task is resumed with its place")
    }
}

/// Right to one connection. Dropped, it passes to the task that has waited longest.
pub(super) struct Place(Rc<Pool>);

/// Connection to a service, its registration at the hub, and its place.
pub(super) struct PooledConnection {
    /// The connection.
    pub(super) connection: ServiceConnection,
    /// Source of its socket, by which a task waits for it.
    pub(super) registration: Registration,
    place: Place,
}

impl ServicePool {
    /// Creates a pool with one connection to each service. Blocks the process until they are open.
    pub(super) fn open(
        shared: &Rc<Shared>,
        services: &[Service],
        addresses: &[SocketAddr],
        processes: Option<SocketAddr>,
    ) -> sys::Result<Self> {
        let mut pools = Vec::new();
        for (service, address) in services.iter().zip(addresses) {
            let connection = ServiceConnection::connect(*address).doing("connect to a service")?;
            let registration = shared.register(&connection)?;
            pools.push(Rc::new(Pool {
                shared: Rc::clone(shared),
                address: *address,
                connect: service.connect,
                keeps: true,
                idle: RefCell::new(vec![(connection, registration)]),
                places: RefCell::new(Places::new(service.pool)),
            }));
        }
        // A connection for each job, so that the first idle process has it.
        pools.extend(processes.map(|address| {
            Rc::new(Pool {
                shared: Rc::clone(shared),
                address,
                connect: Elapsed::ZERO,
                keeps: false,
                idle: RefCell::default(),
                places: RefCell::new(Places::new(None)),
            })
        }));
        Ok(Self(pools))
    }

    /// Returns the connections to a service; to the pool of processes, which is behind all services.
    fn pool(&self, service: usize) -> &Rc<Pool> {
        &self.0[service.min(self.0.len() - 1)]
    }

    /// Takes a place for a connection to a service; `None` if all are in use.
    pub(super) fn take(&self, service: usize) -> Option<Place> {
        let pool = self.pool(service);
        let is_taken = pool.places.borrow_mut().take();
        is_taken.then(|| Place(Rc::clone(pool)))
    }

    /// Queues a task, which is about to park, for a place.
    pub(super) fn wait(&self, service: usize, task: TaskId) -> Rc<Grant> {
        let grant = Rc::new(Grant::default());
        let waiter = Waiter {
            task,
            grant: Rc::clone(&grant),
        };
        self.pool(service).places.borrow_mut().wait(waiter);
        grant
    }
}

impl Place {
    /// Takes an idle connection, or begins to open one, which may have to be waited for.
    pub(super) fn connection(self) -> io::Result<PooledConnection> {
        let idle = self.0.idle.borrow_mut().pop();
        let (connection, registration) = if let Some(idle) = idle {
            idle
        } else {
            let connection = ServiceConnection::begin(self.0.address)?;
            let registration = self.0.shared.register(&connection);
            (connection, registration.map_err(|error| error.source)?)
        };
        Ok(PooledConnection {
            connection,
            registration,
            place: self,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let pool = &self.0;
        let waiter = pool.places.borrow_mut().release();
        if let Some(Waiter { task, grant }) = waiter {
            let place = Self(Rc::clone(pool));
            grant.0.set(Some((place, pool.shared.probe.now())));
            pool.shared.wakes(task);
        }
    }
}

impl PooledConnection {
    /// Time that its set-up takes; `None` if that is over.
    pub(super) fn set_up_time(&self) -> Option<Elapsed> {
        let connect = self.place.0.connect;
        (!self.connection.is_set_up(connect)).then_some(connect)
    }

    /// Sets a new connection up and calls. Blocks the process until the answer is there. Returns it, and the
    /// instant at which the set-up was over, if there was one.
    pub(super) fn call_blocking(
        &mut self,
        wait: Elapsed,
        request: u32,
        clock: Clock,
    ) -> io::Result<(Answer, Option<Stamp>)> {
        let mut connected = None;
        if let Some(connect) = self.set_up_time() {
            self.connection.set_up_blocking(connect)?;
            connected = Some(clock.now());
        }
        let answer = self.connection.call_blocking(wait, request)?;
        Ok((answer, connected))
    }

    /// Gives the connection back after its call. Dropped instead, it is closed.
    pub(super) fn give_back(self) {
        let pool = &self.place.0;
        if pool.keeps {
            let idle = (self.connection, self.registration);
            pool.idle.borrow_mut().push(idle);
        }
    }
}
