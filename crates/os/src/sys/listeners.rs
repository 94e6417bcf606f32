//! Listening sockets of other processes, as the operating system shows them: on Linux in `/proc/net/tcp` (proc(5))
//! and `/proc/PID/fd`. Elsewhere nothing is seen.

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

    use super::Listeners;

    /// State of a listening socket in the table.
    const LISTENS: &str = "0A";

    /// Returns the sockets that listen on a port of IPv4; [`None`] if there is none. They come first in the table,
    /// so that thousands of closed connections behind them are not read.
    pub fn listeners_of(port: u16) -> Option<Listeners> {
        let table = BufReader::with_capacity(4_096, File::open("/proc/net/tcp").ok()?);
        let lines = table.lines().skip(1).map_while(Result::ok);
        listening(lines, port)
    }

    pub(super) fn listening(lines: impl Iterator<Item = String>, port: u16) -> Option<Listeners> {
        let mut found = None::<Listeners>;
        for line in lines {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let &[_, local, _, state, sizes, _, _, _, _, inode, ..] = fields.as_slice() else {
                break;
            };
            if state != LISTENS {
                break;
            }
            if !local.ends_with(&format!(":{port:04X}")) {
                continue;
            }
            let (_, queued) = sizes.split_once(':')?;
            let found = found.get_or_insert_default();
            found.queued += u64::from_str_radix(queued, 16).ok()?;
            found.inodes.push(inode.parse().ok()?);
        }
        found
    }

    impl Listeners {
        /// True if a process has one of them open.
        pub fn are_open_in(&self, pid: u32) -> bool {
            let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
                return false;
            };
            let targets = descriptors.flatten();
            let mut targets = targets.filter_map(|entry| fs::read_link(entry.path()).ok());
            targets.any(|target| {
                let inode = target.to_str().and_then(|it| it.strip_prefix("socket:["));
                let inode = inode.and_then(|it| it.strip_suffix(']')?.parse().ok());
                inode.is_some_and(|inode: u64| self.inodes.contains(&inode))
            })
        }
    }
}

#[cfg(target_os = "linux")]
pub use linux::listeners_of;

/// Listening sockets of a port: not seen here.
#[cfg(not(target_os = "linux"))]
pub fn listeners_of(_port: u16) -> Option<Listeners> {
    None
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
        let queued = || listeners_of(address.port()).expect("a listener").queued;
        assert_eq!(queued(), 0);
        let clients = [(); 3].map(|()| TcpStream::connect(address).unwrap());
        assert_eq!(queued(), 3);
        let accepted = listener.accept().unwrap();
        assert_eq!(queued(), 2);
        assert!(
            listeners_of(address.port())
                .unwrap()
                .are_open_in(std::process::id())
        );
        drop((listener, clients, accepted));
        assert_eq!(listeners_of(address.port()), None);
    }

    /// Linux drops a connection only if the queue is longer than the backlog (`sk_acceptq_is_full`).
    #[test]
    fn a_backlog_of_two_holds_three() {
        use crate::sys::net;
        let listener = net::listen("127.0.0.1:0".parse().unwrap(), 2).unwrap();
        let address = listener.local_addr().unwrap();
        let clients = [(); 5].map(|()| net::begin_connect(address).unwrap());
        assert_eq!(listeners_of(address.port()).unwrap().queued, 3);
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
        assert_eq!(linux::listening(lines, 8080), Some(expected));
    }
}
