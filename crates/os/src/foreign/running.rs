//! A server that runs already: found by the id of a process, and watched until it ends or the observer is told to stop.
//! Nothing is signalled, and nothing is changed.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::control::{Control, Stop};
use super::orders::{Failure, RunningServer};
use super::sight::{LOOK_EVERY, Sight};
use super::workers::Workers;
use crate::sys::listeners;
use crate::sys::processes::{self, ObservedProcess};
use crate::telemetry::ChildMessage;
use concsim_model::words::printable;

/// Reasons why a running server cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// The system does not show other processes.
    #[error("only Linux shows the listeners and the children of other processes")]
    System,
    /// There is no such process.
    #[error("there is no process {0}")]
    Process(u32),
    /// Neither the process nor a descendant listens.
    #[error(
        "process {0} and its children listen on no TCP port; those of another user are seen by root alone"
    )]
    Listener(u32),
    /// It listens on several ports.
    #[error("process {pid} listens on the ports {ports}: choose one with --port")]
    Several {
        /// The process.
        pid: u32,
        /// Its ports, in a list.
        ports: String,
    },
    /// It does not listen on the given port.
    #[error("process {pid} does not listen on port {port}; its ports are {ports}")]
    Port {
        /// The process.
        pid: u32,
        /// The given port.
        port: u16,
        /// Its ports, in a list.
        ports: String,
    },
}

/// Finds the server of a process, which listens on `port`; [`None`] for its only one.
///
/// # Errors
/// There is no such process or port, or there are several ports.
pub fn find(pid: u32, port: Option<u16>, is_alone: bool) -> Result<RunningServer, NotFound> {
    if cfg!(not(target_os = "linux")) {
        return Err(NotFound::System);
    }
    if processes::whereabouts_of(pid).is_none() {
        return Err(NotFound::Process(pid));
    }
    let addresses = listeners::addresses_of(&family_of(pid));
    let mut ports: Vec<u16> = addresses.iter().map(SocketAddr::port).collect();
    ports.sort_unstable();
    ports.dedup();
    let list = || {
        let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
        ports.join(", ")
    };
    let wanted = match (port, ports.as_slice()) {
        (_, []) => return Err(NotFound::Listener(pid)),
        (Some(port), all) if all.contains(&port) => port,
        (Some(port), _) => {
            return Err(NotFound::Port {
                pid,
                port,
                ports: list(),
            });
        }
        (None, [only]) => *only,
        (None, _) => return Err(NotFound::Several { pid, ports: list() }),
    };
    let address = addresses.into_iter().find(|it| it.port() == wanted);
    let address = address.ok_or(NotFound::Listener(pid))?;
    Ok(RunningServer {
        pid,
        address: reachable(address),
        workers: workers_of(pid, wanted),
        is_alone,
    })
}

/// Returns the number of workers of the server now.
fn workers_of(pid: u32, port: u16) -> usize {
    let listeners = listeners::listeners_of(pid, port);
    listeners.map_or(0, |it| Workers::default().serving(pid, &it).len())
}

/// Returns the command line of a process, cut to one that a heading can show.
#[must_use]
pub fn command_of(pid: u32) -> String {
    const MOST: usize = 60;
    let words = processes::command_line_of(pid).join(" ");
    let text = printable(&words);
    let mut letters = text.chars();
    let cut: String = letters.by_ref().take(MOST).collect();
    if letters.next().is_some() {
        format!("{cut}…")
    } else {
        cut
    }
}

/// Returns a process and all its descendants.
fn family_of(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(parent) = family.get(next) {
        family.extend(processes::children_of(*parent));
        next += 1;
    }
    family
}

/// Returns the address at which a client of this machine reaches a listener.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

/// Watches the server until the observer is told to stop.
///
/// # Errors
/// The server ends by itself.
pub(super) fn watch(
    server: RunningServer,
    mut sight: Sight<'_>,
    control: &mut Control<'_>,
    output: &mut dyn Write,
) -> Result<Stop, Failure> {
    let root = ObservedProcess::new(server.pid);
    if server.is_alone {
        sight = sight.with_connections();
    }
    sight.look();
    let addresses = vec![server.address];
    // If the driver no longer reads, the lifeline says so too.
    let _ = ChildMessage::Ready { addresses }.write_line(&mut &mut *output);
    loop {
        if let Some(stop) = control.wait(LOOK_EVERY) {
            return Ok(stop);
        }
        if root.proc_stat().is_none() {
            sight.look_at_workers();
            return Err(Failure::Vanished(server.pid));
        }
        sight.look();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_server_of_a_process_is_found_by_a_port() {
        let one = TcpListener::bind("0.0.0.0:0").unwrap();
        let two = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = std::process::id();
        let port = one.local_addr().unwrap().port();
        let found = find(own, Some(port), true).unwrap();
        assert_eq!(found.address, ([127, 0, 0, 1], port).into());
        assert_eq!(found.workers, 1);
        let refused = find(own, None, true).unwrap_err().to_string();
        for listener in [&one, &two] {
            let port = listener.local_addr().unwrap().port().to_string();
            assert!(refused.contains(&port), "{refused}");
        }
        let refused = find(own, Some(1), true).unwrap_err().to_string();
        assert!(refused.contains("does not listen on port 1;"), "{refused}");
    }

    #[test]
    fn a_process_that_is_not_there_or_does_not_listen_is_refused() {
        let refused = find(u32::MAX, None, true).unwrap_err().to_string();
        assert_eq!(refused, format!("there is no process {}", u32::MAX));
        let mut silent = std::process::Command::new("sleep");
        let mut silent = silent.arg("60").spawn().unwrap();
        let refused = find(silent.id(), None, true).unwrap_err().to_string();
        silent.kill().unwrap();
        silent.wait().unwrap();
        assert!(refused.contains("listen on no TCP port"), "{refused}");
    }
}
