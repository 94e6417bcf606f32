//! Connects that do not wait, in any number.
//!
//! A connection is identified by two addresses and two ports, and a closed one keeps its identity for a
//! minute (`TIME_WAIT`). One client address has some 28 000 ports for one server: at 2 000 connections a
//! second they are used up in 14 s. A loopback server has all of 127.0.0.0/8 as its neighbours, so
//! [`Dialer`] takes another source address for each connection. `bind` would fix the port along with the
//! address, and would look for a port that is not used at all; `IP_BIND_ADDRESS_NO_PORT` (ip(7)) leaves the
//! port to `connect`, which needs only a new combination.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;

use super::receive::stamp_arrivals;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, bind, connect, sockopt};

/// Number of source addresses used in turn: 254 of them have seven million ports.
const SOURCES: u32 = 254;

/// Begins connections to one address.
#[derive(Debug)]
pub struct Dialer {
    target: SocketAddr,
    /// Number of connections begun; it determines the next source address.
    dialled: u32,
    /// Keeps the kernel stamping arrivals between two connections: to begin and end that with each is slow. `None` if
    /// arrivals are not stamped.
    stamping: Option<OwnedFd>,
}

impl Dialer {
    /// Returns a dialer to `target`, of whose connections the system stamps arrivals or does not.
    #[must_use]
    pub fn to(target: SocketAddr, stamps_arrivals: bool) -> Self {
        let stamping = new_socket(target).ok().filter(|_| stamps_arrivals);
        stamping.iter().for_each(stamp_arrivals);
        Self {
            target,
            dialled: 0,
            stamping,
        }
    }

    /// Begins a connection. It may still be under way when this returns: a write then returns `WouldBlock`,
    /// and a poller reports it.
    ///
    /// # Errors
    /// Fails if `connect` fails at once, or if descriptors, ports or memory have run out, see
    /// [`is_exhaustion`].
    pub fn dial(&mut self) -> io::Result<TcpStream> {
        let source = self.next_source();
        let socket = new_socket(self.target)?;
        if let Some(source) = source {
            bind_address(&socket, source)?;
        }
        sockopt::set_tcp_nodelay(&socket, true)?;
        if self.stamping.is_some() {
            stamp_arrivals(&socket);
        }
        match connect(&socket, &self.target) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the next source address, for a server on the loopback interface of Linux. Other systems have
    /// no neighbours of 127.0.0.1 unless they are configured.
    fn next_source(&mut self) -> Option<Ipv4Addr> {
        let neighbours = cfg!(target_os = "linux") && self.target.is_ipv4();
        if !neighbours || !self.target.ip().is_loopback() {
            return None;
        }
        self.dialled = (self.dialled + 1) % SOURCES;
        Some(Ipv4Addr::from_bits(
            Ipv4Addr::LOCALHOST.to_bits() + self.dialled,
        ))
    }
}

/// True if an operation failed because this process, or the machine, has run out of a resource
/// (descriptors, ports, memory), and not because of the peer.
#[must_use]
pub fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::ADDRNOTAVAIL)
    )
}

#[cfg(target_os = "linux")]
fn new_socket(target: SocketAddr) -> io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, socket_with};
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(socket_with(
        family(target),
        SocketType::STREAM,
        flags,
        None,
    )?)
}

#[cfg(not(target_os = "linux"))]
fn new_socket(target: SocketAddr) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket(family(target), SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(socket)
}

fn family(target: SocketAddr) -> AddressFamily {
    match target {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    }
}

fn bind_address(socket: &OwnedFd, source: Ipv4Addr) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    leave_the_port_to_connect(socket)?;
    Ok(bind(socket, &SocketAddrV4::new(source, 0))?)
}

#[cfg(target_os = "linux")]
fn leave_the_port_to_connect(socket: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let yes: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of_val(&yes)).expect("an int is small");
    // SAFETY: the option takes an int, which lives on this stack, and the descriptor is open.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
            (&raw const yes).cast(),
            length,
        )
    };
    match answer {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn each_connection_to_a_loopback_server_has_another_source_address() {
        use std::collections::BTreeSet;
        use std::net::TcpListener;

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut dialer = Dialer::to(listener.local_addr().unwrap(), false);
        let sources: BTreeSet<_> = (0..20)
            .map(|_| {
                let _stream = dialer.dial().unwrap();
                listener.accept().unwrap().1.ip()
            })
            .collect();
        assert_eq!(sources.len(), 20);
        assert!(sources.iter().all(std::net::IpAddr::is_loopback));
    }

    #[test]
    fn after_many_turns_the_sources_are_still_neighbours() {
        let mut dialer = Dialer::to("127.0.0.1:80".parse().unwrap(), false);
        for _ in 0..1_000 {
            if let Some(source) = dialer.next_source() {
                assert!(source.is_loopback() && ![0, 255].contains(&source.octets()[3]));
            }
        }
    }

    #[test]
    fn a_call_to_another_host_leaves_the_local_address_to_the_system() {
        for target in ["192.0.2.1:80", "[::1]:80"] {
            assert_eq!(
                Dialer::to(target.parse().unwrap(), false).next_source(),
                None
            );
        }
    }
}
