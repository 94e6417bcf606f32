//! Pool of connections to one service that the threads of a worker share. A thread that finds no place sleeps
//! until one passes to it; the counterpart for tasks of a hub is `service_pool.rs`.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::calls::ServiceConnection;
use super::wire::Answer;
use crate::sys::clock::Clock;
use crate::sys::{self, ErrorContext};
use concsim_engine::Places;
use concsim_model::scenario::Service;
use concsim_model::units::{Elapsed, Stamp};

/// Connections of a worker to one service.
pub(super) struct BlockingPool {
    address: SocketAddr,
    /// Time to set up a new connection.
    connect: Elapsed,
    /// False if each connection carries one call.
    keeps: bool,
    state: Mutex<State>,
}

struct State {
    /// Connections that no thread uses.
    idle: Vec<ServiceConnection>,
    /// Places for connections, and the threads that wait for one.
    places: Places<Sender<()>>,
}

/// Place in a pool, and the connection that has it, if one is open. Dropped, both go back.
pub(super) struct Lease<'pool> {
    pool: &'pool BlockingPool,
    connection: Option<ServiceConnection>,
}

/// Call that was answered.
pub(super) struct Answered<'pool> {
    pub(super) answer: Answer,
    /// Instant at which the call had a connection, if it waited for one.
    pub(super) connected: Option<Stamp>,
    /// Connection of the call; the caller gives it back when it has its answer.
    pub(super) lease: Lease<'pool>,
}

impl BlockingPool {
    /// Opens a connection to a service. Blocks the process until it is open.
    pub(super) fn open(service: &Service, address: SocketAddr) -> sys::Result<Self> {
        let connection = ServiceConnection::connect(address).doing("connect to a service")?;
        Ok(Self {
            address,
            connect: service.connect,
            keeps: true,
            state: Mutex::new(State {
                idle: vec![connection],
                places: Places::new(service.pool),
            }),
        })
    }

    /// Returns the way to the pool of processes: a connection for each job, so that the first idle process has it.
    pub(super) fn for_jobs(address: SocketAddr) -> Self {
        Self {
            address,
            connect: Elapsed::ZERO,
            keeps: false,
            state: Mutex::new(State {
                idle: Vec::new(),
                places: Places::new(None),
            }),
        }
    }

    /// Calls for a request; the answer comes after `wait`. Blocks the thread for a place, for a new connection and
    /// for the answer. A connection on which a call has failed is closed.
    pub(super) fn call(
        &self,
        wait: Elapsed,
        request: u32,
        clock: Clock,
    ) -> io::Result<Answered<'_>> {
        let (mut lease, mut has_waited) = self.lease();
        let idle = self.state().idle.pop();
        has_waited |= idle.is_none();
        let mut connection = match idle {
            Some(connection) => connection,
            None => ServiceConnection::connect(self.address)?,
        };
        if !connection.is_set_up(self.connect) {
            connection.set_up_blocking(self.connect)?;
            has_waited = true;
        }
        let connected = has_waited.then(|| clock.now());
        let answer = connection.call_blocking(wait, request)?;
        lease.connection = Some(connection).filter(|_| self.keeps);
        Ok(Answered {
            answer,
            connected,
            lease,
        })
    }

    /// Takes a place, and waits for one if all are in use. Returns true if it has waited.
    fn lease(&self) -> (Lease<'_>, bool) {
        let mut state = self.state();
        let is_taken = state.places.take();
        if !is_taken {
            let (waiter, grant) = mpsc::channel();
            state.places.wait(waiter);
            drop(state);
            // The sender stays in the queue until the place passes to this thread.
            let is_mine = grant.recv();
            debug_assert!(is_mine.is_ok(), "a waiter is not forgotten");
        }
        let lease = Lease {
            pool: self,
            connection: None,
        };
        (lease, !is_taken)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No thread panics while it has the state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.idle.extend(self.connection.take());
        while let Some(waiter) = state.places.release() {
            if waiter.send(()).is_ok() {
                return;
            }
        }
    }
}
