//! Connections of a worker with a hub to its services: each is used by one task at a time, and then by the
//! next.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::calls::ServiceConnection;
use super::task_context::{Registration, Shared};
use crate::sys::{self, ErrorContext};

/// Connections to services that no task is using.
pub(super) struct ServicePool {
    addresses: Vec<SocketAddr>,
    idle: RefCell<Vec<Vec<PooledConnection>>>,
}

/// Connection to a service, and its registration at the hub.
pub(super) struct PooledConnection {
    /// The connection.
    pub(super) connection: ServiceConnection,
    /// Source of its socket, by which a task waits for it.
    pub(super) registration: Registration,
}

impl ServicePool {
    /// Creates a pool with one connection to each service. Blocks the process until they are open.
    pub(super) fn open(shared: &Rc<Shared>, addresses: &[SocketAddr]) -> sys::Result<Self> {
        let mut idle = Vec::new();
        for address in addresses {
            let connection = ServiceConnection::connect(*address).doing("connect to a service")?;
            let registration = shared.register(&connection)?;
            idle.push(vec![PooledConnection {
                connection,
                registration,
            }]);
        }
        Ok(Self {
            addresses: addresses.to_vec(),
            idle: RefCell::new(idle),
        })
    }

    /// Address of a service.
    pub(super) fn address(&self, service: usize) -> SocketAddr {
        self.addresses[service]
    }

    /// Takes an idle connection to a service; `None` if all are in use.
    pub(super) fn take(&self, service: usize) -> Option<PooledConnection> {
        self.idle.borrow_mut()[service].pop()
    }

    /// Gives a connection back after its call.
    pub(super) fn give_back(&self, service: usize, pooled: PooledConnection) {
        self.idle.borrow_mut()[service].push(pooled);
    }
}
