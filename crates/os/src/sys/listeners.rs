//! Listening sockets of other processes, as the operating system shows them: on Linux in `/proc/PID/net/tcp` (proc(5))
//! and `/proc/PID/fd`. Elsewhere nothing is seen. A table is that of a process: one in a container has a network of its own.

#[cfg(not(target_os = "linux"))]
use std::net::SocketAddr;

/// Listening sockets of one port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Connections in their accept queues: established, and not accepted by any process.
    pub queued: u64,
    /// Inodes of the sockets.
    inodes: Vec<u64>,
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io::{BufRead as _, BufReader};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

    use super::super::socket_diagnosis;
    use super::Listeners;

    /// States of a socket in the table: it listens …
    const LISTENS: &str = "0A";
    /// … or it is a connection that the process has not closed.
    const OPEN: [&str; 2] = ["01", "08"];

    /// Returns the lines of the tables of a process's network, IPv4 and IPv6, without their heads. Sockets that listen come
    /// first in each.
    fn tables(pid: u32) -> impl Iterator<Item = impl Iterator<Item = String>> {
        let files = ["tcp", "tcp6"].map(|name| File::open(format!("/proc/{pid}/net/{name}")));
        files.into_iter().flatten().map(|file| {
            let table = BufReader::with_capacity(4_096, file);
            table.lines().skip(1).map_while(Result::ok)
        })
    }

    /// Line of a table.
    struct Row<'a> {
        local: &'a str,
        state: &'a str,
        queued: &'a str,
        inode: u64,
    }

    impl<'a> Row<'a> {
        fn read(line: &'a str) -> Option<Self> {
            let mut fields = line.split_ascii_whitespace().skip(1);
            let (local, _, state) = (fields.next()?, fields.next()?, fields.next()?);
            let (_, queued) = fields.next()?.split_once(':')?;
            Some(Self {
                local,
                state,
                queued,
                inode: fields.nth(4)?.parse().ok()?,
            })
        }

        fn is_at(&self, port: u16) -> bool {
            self.local
                .rsplit_once(':')
                .is_some_and(|(_, it)| u16::from_str_radix(it, 16) == Ok(port))
        }

        /// Returns its own address: words of 32 bits in the order of this machine, in hexadecimal.
        fn address(&self) -> Option<SocketAddr> {
            let (address, port) = self.local.split_once(':')?;
            let word = |at: usize| {
                let word = address.get(at..at + 8)?;
                Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
            };
            let address = if address.len() == 8 {
                IpAddr::from(Ipv4Addr::from(word(0)?))
            } else {
                let words = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
                IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(words).ok()?))
            };
            Some((address, u16::from_str_radix(port, 16).ok()?).into())
        }
    }

    /// Returns the sockets that listen on a port in the network of a process; [`None`] if there is none.
    pub fn listeners_of(pid: u32, port: u16) -> Option<Listeners> {
        let network = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
        let is_own = network("self").is_some_and(|own| network(&pid.to_string()) == Some(own));
        let answer = is_own
            .then(|| socket_diagnosis::listening_on(port))
            .flatten();
        answer.map_or_else(|| listeners_in_tables(pid, port), listeners_among)
    }

    fn listeners_among(sockets: Vec<(u64, u64)>) -> Option<Listeners> {
        let found = Listeners {
            queued: sockets.iter().map(|(queued, _)| queued).sum(),
            inodes: sockets.into_iter().map(|(_, inode)| inode).collect(),
        };
        (!found.inodes.is_empty()).then_some(found)
    }

    /// Returns the same by the tables, for other networks and kernels. Connections behind the listeners are not read.
    pub(super) fn listeners_in_tables(pid: u32, port: u16) -> Option<Listeners> {
        let mut found = None;
        for table in tables(pid) {
            listening(table, port, &mut found);
        }
        found
    }

    pub(super) fn listening(
        lines: impl Iterator<Item = String>,
        port: u16,
        found: &mut Option<Listeners>,
    ) {
        for line in lines {
            let row = Row::read(&line).filter(|row| row.state == LISTENS);
            let Some(row) = row else {
                break;
            };
            if row.is_at(port) {
                let found = found.get_or_insert_default();
                found.queued += u64::from_str_radix(row.queued, 16).unwrap_or(0);
                found.inodes.push(row.inode);
            }
        }
    }

    /// Returns the number of connections at a port, in the network of a process, that are accepted and not closed.
    pub fn open_connections(pid: u32, port: u16) -> u64 {
        let in_one = |table| open_in(table, port);
        tables(pid).map(in_one).sum()
    }

    pub(super) fn open_in(lines: impl Iterator<Item = String>, port: u16) -> u64 {
        let is_open = |line: &String| {
            // A connection in an accept queue belongs to no process, and has no inode.
            Row::read(line)
                .is_some_and(|row| OPEN.contains(&row.state) && row.inode != 0 && row.is_at(port))
        };
        lines.filter(is_open).count() as u64
    }

    /// Returns the addresses at which some of these processes listen, in the network of the first.
    pub fn addresses_of(pids: &[u32]) -> Vec<SocketAddr> {
        let inodes: Vec<u64> = pids.iter().flat_map(|pid| sockets_of(*pid)).collect();
        let Some(first) = pids.first() else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for line in tables(*first).flatten() {
            let row = Row::read(&line);
            let row = row.filter(|row| row.state == LISTENS && inodes.contains(&row.inode));
            found.extend(row.and_then(|row| row.address()));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Returns the inodes of the sockets that a process has open.
    fn sockets_of(pid: u32) -> impl Iterator<Item = u64> {
        let descriptors = fs::read_dir(format!("/proc/{pid}/fd"));
        let descriptors = descriptors.into_iter().flatten().flatten();
        let targets = descriptors.filter_map(|entry| fs::read_link(entry.path()).ok());
        targets.filter_map(|target| {
            let inode = target.to_str()?.strip_prefix("socket:[")?;
            inode.strip_suffix(']')?.parse().ok()
        })
    }

    impl Listeners {
        /// True if a process has one of them open.
        pub fn are_open_in(&self, pid: u32) -> bool {
            sockets_of(pid).any(|inode| self.inodes.contains(&inode))
        }
    }
}

#[cfg(target_os = "linux")]
pub use linux::{addresses_of, listeners_of, open_connections};

/// Listening sockets of a port: not seen here.
#[cfg(not(target_os = "linux"))]
pub fn listeners_of(_pid: u32, _port: u16) -> Option<Listeners> {
    None
}

/// Open connections at a port: not seen here.
#[cfg(not(target_os = "linux"))]
pub fn open_connections(_pid: u32, _port: u16) -> u64 {
    0
}

/// Addresses at which processes listen: not seen here.
#[cfg(not(target_os = "linux"))]
pub fn addresses_of(_pids: &[u32]) -> Vec<SocketAddr> {
    Vec::new()
}

#[cfg(not(target_os = "linux"))]
impl Listeners {
    /// Processes with a socket: not seen here.
    pub fn are_open_in(&self, _pid: u32) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_accept_queue_holds_what_nothing_has_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (own, port) = (std::process::id(), address.port());
        let queued = || listeners_of(own, port).expect("a listener").queued;
        assert_eq!((queued(), open_connections(own, port)), (0, 0));
        let clients = [(); 3].map(|()| TcpStream::connect(address).unwrap());
        assert_eq!((queued(), open_connections(own, port)), (3, 0));
        let accepted = listener.accept().unwrap();
        assert_eq!((queued(), open_connections(own, port)), (2, 1));
        assert!(listeners_of(own, port).unwrap().are_open_in(own));
        assert_eq!(
            linux::listeners_in_tables(own, port),
            listeners_of(own, port)
        );
        assert!(addresses_of(&[own]).contains(&address));
        drop((listener, clients, accepted));
        assert_eq!(listeners_of(own, port), None);
        assert!(!addresses_of(&[own]).contains(&address));
    }

    #[test]
    fn a_listener_of_ipv6_is_found_where_there_is_ipv6() {
        let Ok(listener) = TcpListener::bind("[::1]:0") else {
            return;
        };
        let address = listener.local_addr().unwrap();
        assert!(listeners_of(std::process::id(), address.port()).is_some());
        assert!(addresses_of(&[std::process::id()]).contains(&address));
    }

    /// Linux drops a connection only if the queue is longer than the backlog (`sk_acceptq_is_full`).
    #[test]
    fn a_backlog_of_two_holds_three() {
        use crate::sys::net;
        let listener = net::listen("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let address = listener.local_addr().unwrap();
        let clients = [(); 5].map(|()| net::begin_connect(address).unwrap());
        assert_eq!(
            listeners_of(std::process::id(), address.port())
                .unwrap()
                .queued,
            3
        );
        drop(clients);
    }

    #[test]
    fn sockets_of_one_port_are_added_and_those_of_others_are_not() {
        let table = [
            "0: 0100007F:1F90 00000000:0000 0A 00000000:00000005 00:00000000 0 1000 0 71 1",
            "1: 0100007F:0016 00000000:0000 0A 00000000:00000007 00:00000000 0 1000 0 72 1",
            "2: 0100007F:1F90 00000000:0000 0A 00000000:00000010 00:00000000 0 1000 0 73 1",
            "3: 0100007F:1F90 0100007F:8888 06 00000000:00000009 00:00000000 0 1000 0 0 1",
        ];
        let lines = table.iter().map(ToString::to_string);
        let expected = Listeners {
            queued: 21,
            inodes: vec![71, 73],
        };
        let mut found = None;
        linux::listening(lines, 8080, &mut found);
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn a_connection_is_open_if_it_is_accepted_and_not_closed_by_the_server() {
        let table = [
            "0: 0100007F:1F90 00000000:0000 0A 00000000:00000001 00:00000000 0 1000 0 71 1",
            "1: 0100007F:1F90 0100007F:8888 01 00000000:00000000 00:00000000 0 1000 0 81 1",
            "2: 0100007F:1F90 0100007F:8889 08 00000000:00000000 00:00000000 0 1000 0 82 1",
            "3: 0100007F:1F90 0100007F:888A 01 00000000:00000000 00:00000000 0 1000 0 0 1",
            "4: 0100007F:888A 0100007F:1F90 01 00000000:00000000 00:00000000 0 1000 0 83 1",
            "5: 0100007F:1F90 0100007F:8887 06 00000000:00000000 00:00000000 0 1000 0 0 1",
        ];
        let lines = table.iter().map(ToString::to_string);
        assert_eq!(linux::open_in(lines, 8080), 2);
    }
}
