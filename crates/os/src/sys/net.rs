//! Sockets, beyond the standard library: a listener with a chosen backlog, accepts and connects that do not
//! wait.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, ipproto, sockopt};

use super::{ErrorContext, Result};
#[cfg(target_os = "linux")]
use concsim_engine::policy::FIRST_BYTES;
use concsim_model::units::Elapsed;

/// Creates a listener that does not block, with a queue of `backlog` connections (which the system may cut:
/// listen(2), `somaxconn`).
///
/// # Errors
/// Fails if the address is taken, or not one of this machine.
pub fn listen(address: SocketAddr, backlog: u32) -> Result<TcpListener> {
    let listener = bind(address, Port::Own)
        .and_then(|socket| listen_with(socket, backlog))
        .doing(format!("listen at {address}"))?;
    if address.ip().is_loopback() {
        check_route(&listener).doing(format!("reach {address} (is the loopback interface up?)"))?;
    }
    Ok(listener)
}

/// Reserves an address for [`listen_at_reserved`]. Port 0 takes any free port. The socket does not listen, so no
/// connection is given to it.
///
/// # Errors
/// Fails if the address is taken, or not one of this machine, or if the system does not spread connections over
/// the listeners of one address.
pub fn reserve(address: SocketAddr) -> Result<TcpListener> {
    if cfg!(not(target_os = "linux")) {
        return Err(io::Error::from(io::ErrorKind::Unsupported))
            .doing("listen once in each worker");
    }
    let reserved = bind(address, Port::Shared).map(TcpListener::from);
    let reserved = reserved.doing(format!("reserve {address}"))?;
    if address.ip().is_loopback() {
        check_route(&reserved).doing(format!("reach {address} (is the loopback interface up?)"))?;
    }
    Ok(reserved)
}

/// Creates one of several listeners at a reserved address, each with a queue of its own: the kernel chooses one
/// for each connection, by a hash of its addresses and ports (socket(7), `SO_REUSEPORT`). Closing it resets the
/// connections in its queue.
///
/// # Errors
/// Fails if the address is not reserved by this user.
pub fn listen_at_reserved(address: SocketAddr, backlog: u32) -> Result<TcpListener> {
    bind(address, Port::Shared)
        .and_then(|socket| listen_with(socket, backlog))
        .doing(format!("listen at {address} beside other workers"))
}

/// Use of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    /// By one socket.
    Own,
    /// By all sockets of one user that ask for it.
    Shared,
}

fn bind(address: SocketAddr, port: Port) -> io::Result<OwnedFd> {
    let socket = tcp_socket(address)?;
    // A port whose last connections are only in TIME_WAIT is free.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if port == Port::Shared {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    Ok(socket)
}

fn listen_with(socket: OwnedFd, backlog: u32) -> io::Result<TcpListener> {
    let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
    rustix::net::listen(&socket, backlog)?;
    Ok(TcpListener::from(socket))
}

/// Makes accepts of a listener sleep until a connection comes, a signal comes (`Interrupted`), or `longest` is
/// over (`WouldBlock`); in all processes that share it.
///
/// # Errors
/// Fails if the system refuses the option.
pub fn wait_in_accept(listener: &TcpListener, longest: Elapsed) -> Result<()> {
    let limit = Some(std::time::Duration::from_nanos(longest.0));
    rustix::io::ioctl_fionbio(listener, false)
        .and_then(|()| sockopt::set_socket_timeout(listener, sockopt::Timeout::Recv, limit))
        .doing("let workers wait in accept")
}

/// Fails unless this machine has a route to the listener. Nothing is sent: connecting a datagram socket
/// only looks up the route.
fn check_route(listener: &TcpListener) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    UdpSocket::bind((address.ip(), 0))?.connect(address)
}

/// Makes a client appear at the door only when the first bytes of its request are there, as far as the
/// system can hold it back: tcp(7), `TCP_DEFER_ACCEPT`. A client that sends nothing appears after a second
/// all the same. Without support everything works as well, but it is left to chance whether the worker has
/// to wait for the first bytes after an accept.
pub fn wait_for_first_bytes(listener: &TcpListener) {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        let a_second = FIRST_BYTES.0 / 1_000_000_000;
        let a_second = libc::c_int::try_from(a_second).expect("it is short");
        let length = libc::socklen_t::try_from(size_of_val(&a_second)).expect("an int is small");
        // SAFETY: the option takes an int, which lives on this stack, and the descriptor is open. A failure
        // changes nothing.
        unsafe {
            libc::setsockopt(
                listener.as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_DEFER_ACCEPT,
                (&raw const a_second).cast(),
                length,
            )
        };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = listener;
}

/// Returns a number of the client's end of an accepted connection, which is unique among those that are
/// open: its port, and the part of its address in which the addresses of this machine differ. `None` if the
/// system does not report it.
pub fn client_number(accepted: &TcpStream) -> Option<u32> {
    accepted.peer_addr().ok().map(number_of)
}

/// Returns the same number, at the client's end.
pub fn own_number(stream: &TcpStream) -> Option<u32> {
    stream.local_addr().ok().map(number_of)
}

/// Computes the number. Clients connect from many addresses of 127.0.0.0/8, so ports alone are not unique.
fn number_of(end: SocketAddr) -> u32 {
    let address = match end {
        SocketAddr::V4(end) => end.ip().to_bits() & 0xFFFF,
        SocketAddr::V6(_) => 0,
    };
    address << 16 | u32::from(end.port())
}

/// Accepts a connection, without waiting unless the listener does; `WouldBlock` if there is none. Reads and writes of the connection
/// wait if `waits`.
pub fn accept(listener: &TcpListener, waits: bool) -> io::Result<TcpStream> {
    #[cfg(target_os = "linux")]
    let socket = {
        use rustix::net::SocketFlags;
        let flags = if waits {
            SocketFlags::empty()
        } else {
            SocketFlags::NONBLOCK
        };
        rustix::net::accept_with(listener, flags | SocketFlags::CLOEXEC)?
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

/// Begins a connection without waiting for it. It is complete when it can be written to;
/// [`TcpStream::take_error`] then returns its failure.
pub fn begin_connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = tcp_socket(address)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(TcpStream::from(socket)),
        Err(refused) => Err(refused.into()),
    }
}

/// Creates a socket that does not wait and is closed on `exec`.
fn tcp_socket(address: SocketAddr) -> io::Result<OwnedFd> {
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

/// Waits until one of `sources` can be read, or until `timeout` (`None`: without end). Returns which can be
/// read. A signal ends the wait early with none.
///
/// # Errors
/// Fails if the system has no memory left.
pub fn wait_readable<const N: usize>(
    sources: [std::os::fd::BorrowedFd<'_>; N],
    timeout: Option<Elapsed>,
) -> Result<[bool; N]> {
    wait_for(sources, PollFlags::IN, timeout)
}

/// Waits until `stream` can be written to, or until `timeout`. Returns true if it can.
///
/// # Errors
/// Fails if the system has no memory left.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_one_port_from_two_addresses_have_two_numbers() {
        let numbers = ["127.0.0.1:40000", "127.0.0.2:40000", "127.0.0.1:40001"]
            .map(|end| number_of(end.parse().unwrap()));
        assert!(numbers[0] != numbers[1] && numbers[0] != numbers[2]);
        assert_ne!(numbers[1], numbers[2]);
    }

    fn loopback() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_queue_of_its_own_is_reset_with_its_listener_and_a_reserved_address_has_none() {
        use std::io::Read as _;

        let reserved = reserve(loopback()).unwrap();
        let address = reserved.local_addr().unwrap();
        let refused = TcpStream::connect(address).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let listeners = [(); 2].map(|()| listen_at_reserved(address, 8).unwrap());
        let mut clients = [(); 8].map(|()| TcpStream::connect(address).unwrap());
        let queued =
            listeners.map(|listener| std::iter::from_fn(|| accept(&listener, false).ok()).count());
        assert_eq!(queued.iter().sum::<usize>(), 8, "{queued:?}");
        let last = listen_at_reserved(address, 8).unwrap();
        let mut waiting = TcpStream::connect(address).unwrap();
        drop(last);
        let reset = waiting.read(&mut [0]).unwrap_err();
        assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
        for client in &mut clients {
            assert_eq!(
                client.read(&mut [0]).unwrap(),
                0,
                "it was accepted and closed"
            );
        }
    }

    #[test]
    fn an_accept_waits_for_a_client_or_until_its_time_is_over() {
        const A_WHILE: Elapsed = Elapsed::from_millis(20);
        let listener = listen(loopback(), 8).unwrap();
        wait_in_accept(&listener, A_WHILE).unwrap();
        let clock = crate::sys::clock::Clock::starting_now();
        let nothing = accept(&listener, false).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        // The kernel counts it in ticks, of which the first may be short.
        let waited = clock.now().since(concsim_model::units::Stamp::ZERO);
        assert!(waited >= Elapsed(A_WHILE.0 / 2), "{waited}");
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        accept(&listener, false).unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_client_is_at_the_door_once_its_first_bytes_are_there() {
        use std::io::Write as _;

        let listener = listen("127.0.0.1:0".parse().unwrap(), 8).unwrap();
        wait_for_first_bytes(&listener);
        listener.set_nonblocking(true).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let nobody = accept(&listener, false).unwrap_err();
        assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock);
        client.write_all(b"GET").unwrap();
        wait_readable([listener.as_fd()], None).unwrap();
        let taken = accept(&listener, false).unwrap();
        let mut room = [0; 8];
        assert_eq!(io::Read::read(&mut (&taken), &mut room).unwrap(), 3);
    }
}
