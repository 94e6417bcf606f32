//! Sockets, where the standard library does not go: a listener with a backlog of one's own, accepts
//! and connects that do not wait.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, ipproto, sockopt};

use super::{Doing, Result};
use crate::units::Elapsed;

/// A listener that does not block, with a queue of `backlog` connections (which the system may cut:
/// listen(2), `somaxconn`).
///
/// # Errors
/// When the address is taken, or not one of this machine.
pub fn listen(address: SocketAddr, backlog: u32) -> Result<TcpListener> {
    let doing = || format!("listen at {address}");
    let socket = tcp_socket(address).doing(doing())?;
    // A port whose last connections are only being forgotten (TIME_WAIT) is free.
    sockopt::set_socket_reuseaddr(&socket, true).doing(doing())?;
    rustix::net::bind(&socket, &address).doing(doing())?;
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    rustix::net::listen(&socket, backlog).doing(doing())?;
    Ok(TcpListener::from(socket))
}

/// Takes a connection from the door, without waiting; `WouldBlock` if there is none. Reads and
/// writes of the connection wait if `waits`.
pub fn accept(listener: &TcpListener, waits: bool) -> io::Result<TcpStream> {
    #[cfg(target_os = "linux")]
    let socket = {
        use rustix::net::SocketFlags;
        let manner = if waits {
            SocketFlags::empty()
        } else {
            SocketFlags::NONBLOCK
        };
        rustix::net::accept_with(listener, manner | SocketFlags::CLOEXEC)?
    };
    #[cfg(not(target_os = "linux"))]
    let socket = {
        let socket = rustix::net::accept(listener)?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&socket, !waits)?;
        socket
    };
    // Without this a response of two writes waits for the client's delayed acknowledgement.
    sockopt::set_tcp_nodelay(&socket, true)?;
    Ok(TcpStream::from(socket))
}

/// Begins a connection and does not wait for it: it is there when it can be written to, and
/// [`TcpStream::take_error`] then says whether it failed.
pub fn begin_connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = tcp_socket(address)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(TcpStream::from(socket)),
        Err(refused) => Err(refused.into()),
    }
}

/// A socket that does not wait and is closed on `exec`.
fn tcp_socket(address: SocketAddr) -> io::Result<std::os::fd::OwnedFd> {
    let family = AddressFamily::of(address);
    #[cfg(target_os = "linux")]
    let socket = {
        use rustix::net::SocketFlags;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?
    };
    #[cfg(not(target_os = "linux"))]
    let socket = {
        let socket = rustix::net::socket(family, SocketType::STREAM, Some(ipproto::TCP))?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        socket
    };
    Ok(socket)
}

trait Family {
    fn of(address: SocketAddr) -> Self;
}

impl Family for AddressFamily {
    fn of(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(_) => Self::INET,
            SocketAddr::V6(_) => Self::INET6,
        }
    }
}

/// Waits until one of `sources` can be read, or `timeout` is over (`None`: without end); says which
/// can. A signal ends the wait early with none.
///
/// # Errors
/// When the system has no memory left.
pub fn wait_readable<const N: usize>(
    sources: [std::os::fd::BorrowedFd<'_>; N],
    timeout: Option<Elapsed>,
) -> Result<[bool; N]> {
    wait_for(sources, PollFlags::IN, timeout)
}

/// Waits until `stream` can be written to, or `timeout` is over; says whether it can.
///
/// # Errors
/// When the system has no memory left.
pub fn wait_writable(stream: impl AsFd, timeout: Option<Elapsed>) -> Result<bool> {
    wait_for([stream.as_fd()], PollFlags::OUT, timeout).map(|[can]| can)
}

fn wait_for<const N: usize>(
    sources: [std::os::fd::BorrowedFd<'_>; N],
    what: PollFlags,
    timeout: Option<Elapsed>,
) -> Result<[bool; N]> {
    let mut polled = sources.map(|source| PollFd::from_borrowed_fd(source, what));
    let timeout = timeout.map(|length| Timespec {
        tv_sec: (length.0 / 1_000_000_000).cast_signed(),
        tv_nsec: (length.0 % 1_000_000_000).cast_signed(),
    });
    match poll(&mut polled, timeout.as_ref()) {
        Ok(_) => Ok(polled.map(|source| !source.revents().is_empty())),
        Err(Errno::INTR) => Ok([false; N]),
        Err(error) => Err(error).doing("wait for a descriptor"),
    }
}
