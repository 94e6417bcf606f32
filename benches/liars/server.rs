//! A server that serves one request after the other, each for the time that its script says.
//!
//! It answers the k-th request that arrives at `max(arrival, end of the one before) + service`, an instant that it
//! computes from the kernel's stamp of the arrival and sleeps until: lateness of one answer does not move the next.
//! It logs how late each answer was, so that a disturbance of the server counts as the server's own time.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};

use concsim::sys::clock::Clock;
use concsim::sys::net;
use concsim::sys::poller::{Poller, Ready, wait_precisely, wake_promptly};
use concsim::sys::receive::{Received, receive, stamp_arrivals};
use concsim::units::{Elapsed, Stamp};
use rustix::net::sockopt::set_socket_linger;
use rustix::thread::{CpuSet, sched_setaffinity};

use super::truth::{Script, Service};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LISTENER: u64 = u64::MAX;
/// Longest sleep between two checks of `stop`.
const LOOK_UP: Elapsed = Elapsed::from_millis(20);
/// Core of this server; load has the next one.
const CORE: usize = 0;

/// Serves on its own core until `stop` is set. Returns how late each answer was, in the order of arrival.
pub(crate) fn serve(listener: &TcpListener, script: &Script, stop: &AtomicBool) -> Vec<Elapsed> {
    let mut own_core = CpuSet::new();
    own_core.set(CORE);
    // With a single core the rows of a disturbed generator are those of a disturbed server.
    let _ = sched_setaffinity(None, &own_core);
    wait_precisely();
    wake_promptly();
    let mut server = Server {
        clock: Clock::starting_now(),
        poller: Poller::new().expect("a poller can be made"),
        connections: Vec::new(),
        queue: VecDeque::new(),
        free: Stamp::ZERO,
        arrived: 0,
        late: Vec::new(),
    };
    stamp_arrivals(listener);
    let watched = server.poller.add_listener(listener, LISTENER);
    watched.expect("a listener can be watched");
    let mut ready = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        server.wait(&mut ready);
        for event in &ready {
            match event.token {
                LISTENER => server.accept(listener),
                token if event.readable => server.read(token as usize, script),
                _ => {}
            }
        }
        server.answer();
    }
    server.late
}

struct Server {
    clock: Clock,
    poller: Poller,
    /// All connections that there have ever been; `None` for those that are closed.
    connections: Vec<Option<TcpStream>>,
    /// Requests that are not answered, in the order of arrival.
    queue: VecDeque<Job>,
    /// Instant at which the last of them ends.
    free: Stamp,
    /// Number of requests that have arrived.
    arrived: usize,
    late: Vec<Elapsed>,
}

struct Job {
    connection: usize,
    end: Stamp,
    is_reset: bool,
}

impl Server {
    fn wait(&mut self, ready: &mut Vec<Ready>) {
        let now = self.clock.now();
        let next = self.queue.front().map(|job| job.end.since(now));
        let timeout = next.unwrap_or(LOOK_UP).min(LOOK_UP);
        let waited = self.poller.wait(Some(timeout), ready);
        waited.expect("a poller can wait");
    }

    fn accept(&mut self, listener: &TcpListener) {
        while let Ok(stream) = net::accept(listener, false) {
            let token = self.connections.len() as u64;
            let watched = self.poller.add_stream(&stream, token);
            watched.expect("a connection can be watched");
            self.connections.push(Some(stream));
        }
    }

    /// Reads all bytes that are there. A request is small and arrives whole.
    fn read(&mut self, connection: usize, script: &Script) {
        let mut buffer = [0; 4096];
        while let Some(stream) = &self.connections[connection] {
            match receive(stream, &mut buffer) {
                Ok(Received { count: 0, .. }) => self.connections[connection] = None,
                Ok(Received { unread, .. }) => {
                    let unread = unread.unwrap_or_default();
                    let arrived = self.clock.now().0.saturating_sub(unread.0);
                    self.enqueue(connection, Stamp(arrived), script);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.connections[connection] = None,
            }
        }
    }

    fn enqueue(&mut self, connection: usize, arrived: Stamp, script: &Script) {
        let Service { time, is_reset } = script.service(self.arrived);
        self.arrived += 1;
        self.free = self.free.max(arrived) + time;
        self.queue.push_back(Job {
            connection,
            end: self.free,
            is_reset,
        });
    }

    /// Answers all requests whose service is over.
    fn answer(&mut self) {
        while let Some(job) = self.queue.pop_front_if(|job| job.end <= self.clock.now()) {
            let connection = &mut self.connections[job.connection];
            if job.is_reset {
                reset(connection.take());
            } else if let Some(stream) = connection {
                // A client that is gone needs no answer.
                let _ = stream.write_all(ANSWER);
            }
            self.late.push(self.clock.now().since(job.end));
        }
    }
}

/// Closes a connection so that its client sees a reset.
fn reset(stream: Option<TcpStream>) {
    if let Some(stream) = stream {
        let at_once = Some(std::time::Duration::ZERO);
        set_socket_linger(&stream, at_once).expect("a connection can be reset");
    }
}
