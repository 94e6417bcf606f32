//! The door of a server: its listening sockets, and the way in which its workers share them (`server.accept`).
//!
//! | `accept` | queues | a worker without work sleeps in | a connection wakes |
//! |---|---|---|---|
//! | `shared` | one | its poll | all that sleep: one accepts, the others find nothing (`EAGAIN`) |
//! | `exclusive` | one | its epoll instance | the one that has watched longest |
//! | `blocking` | one | accept itself, so only a sync worker | the one that has slept longest |
//! | `reuseport` | one for each worker | its poll | the owner of the queue that a hash chooses |
//!
//! gunicorn shares; with its option `reuse_port` each worker has a queue. A queue goes with its worker: the
//! connections in it are reset.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use crate::sys::poller::Poller;
use crate::sys::{self, ErrorContext, net};
use concsim_engine::policy;
use concsim_model::scenario::{Accept, Server};
use concsim_model::units::Elapsed;

/// Door of a server, in the arbiter, and in a worker until that listens.
pub(super) struct Door {
    /// The listener that workers share; with `reuseport` a socket that keeps their address and does not listen.
    socket: TcpListener,
    address: SocketAddr,
    accept: Accept,
    backlog: u32,
}

impl Door {
    /// Opens the door of a server at `address`; port 0 takes any free port.
    pub(super) fn open(address: SocketAddr, server: &Server) -> sys::Result<Self> {
        let socket = match server.accept {
            Accept::Reuseport => net::reserve(address)?,
            Accept::Shared | Accept::Exclusive | Accept::Blocking => {
                let listener = net::listen(address, server.backlog)?;
                net::wait_for_first_bytes(&listener);
                listener
            }
        };
        if server.accept == Accept::Blocking {
            net::wait_in_accept(&socket, longest_sleep(server))?;
        }
        Ok(Self {
            address: socket
                .local_addr()
                .doing("read the address of the server")?,
            socket,
            accept: server.accept,
            backlog: server.backlog,
        })
    }

    /// Address at which it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the same door, for a worker.
    pub(super) fn try_clone(&self) -> sys::Result<Self> {
        Ok(Self {
            socket: self
                .socket
                .try_clone()
                .doing("pass the listener to a worker")?,
            ..*self
        })
    }

    /// Returns the listener of the worker that calls this. A queue of its own begins here.
    pub(super) fn into_listener(self) -> sys::Result<Listener> {
        let socket = match self.accept {
            Accept::Reuseport => {
                let own = net::listen_at_reserved(self.address, self.backlog)?;
                net::wait_for_first_bytes(&own);
                own
            }
            Accept::Shared | Accept::Exclusive | Accept::Blocking => self.socket,
        };
        Ok(Listener {
            socket,
            accept: self.accept,
        })
    }
}

/// Returns the longest time for which a sync worker sleeps at the door.
///
/// If each connection wakes one worker, that one may have been killed or told to stop since. The others then look by
/// themselves within a heartbeat. In accept, a worker also learns this late of a signal that came right before.
pub(super) fn longest_sleep(server: &Server) -> Elapsed {
    let longest = policy::sync_sleep(server.timeout);
    match server.accept {
        Accept::Shared | Accept::Reuseport => longest,
        Accept::Exclusive | Accept::Blocking => longest.min(policy::HEARTBEAT),
    }
}

/// Listener of one worker. Dropped, it closes the worker's own queue; a shared queue stays with the others.
pub(super) struct Listener {
    socket: TcpListener,
    accept: Accept,
}

impl Listener {
    /// The way in which workers share it.
    pub(super) fn sharing(&self) -> Accept {
        self.accept
    }

    /// Accepts a connection, whose reads and writes do not wait.
    pub(super) fn accept(&self) -> io::Result<TcpStream> {
        net::accept(&self.socket, false)
    }

    /// Begins to watch for connections, which `poller` reports under `token`.
    pub(super) fn watch(&self, poller: &Poller, token: u64) -> sys::Result<()> {
        match self.accept {
            Accept::Exclusive => poller.add_exclusive_listener(&self.socket, token),
            Accept::Shared | Accept::Blocking | Accept::Reuseport => {
                poller.add_listener(&self.socket, token)
            }
        }
    }

    /// True if a poll that found nothing until its time was over says little: a connection wakes one worker, which
    /// may be gone.
    pub(super) fn may_be_overlooked(&self) -> bool {
        self.accept == Accept::Exclusive
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
