//! The sync worker: one request at a time. A wait blocks the process.
//!
//! The loop is gunicorn's (`workers/sync.py`): take a connection; if there was one, serve it, close
//! it, and go straight back; if there was none, see whether the arbiter is still there and sleep
//! until somebody comes to the door. It beats once each pass, so a request that takes longer than
//! `timeout` gets its worker killed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use super::{Kit, leave};
use crate::handler::{CallFailed, Spent, World};
use crate::http::response::Date;
use crate::server::calls::Link;
use crate::server::connection::{self, Line, Patience};
use crate::server::hub::say;
use crate::server::tally::{Tally, Wait};
use crate::sys::signals::Signal;
use crate::sys::{self, Doing, fork, net, processes};
use crate::telemetry::{Event, Phase, Probe, Ran, Then};
use concsim_model::scenario::Manner;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// How long the worker sleeps at the door at most if there is no heartbeat to keep.
const NAP: Elapsed = Elapsed::from_secs(1);

/// Serves until it is told to stop. Gives the exit code.
pub(super) fn serve(mut kit: Kit<'_>) -> sys::Result<i32> {
    let mut links = Vec::new();
    for service in &kit.post.services {
        links.push(Some(Link::connect(*service).doing("connect to a service")?));
    }
    let timeout = kit.post.scenario.server.timeout;
    let nap = timeout.map_or(NAP, |timeout| Elapsed(timeout.0 / 2));
    let mut somebody_is_there = false;
    for connection in 0.. {
        kit.probe.heartbeat(kit.probe.now());
        if kit.signals.take().contains(&Signal::Terminate) {
            break;
        }
        match net::accept(&kit.post.listener, false) {
            Ok(socket) => serve_one(&kit, &mut links, socket, connection),
            Err(error) => {
                complain(&error);
                if somebody_is_there && error.kind() == ErrorKind::WouldBlock {
                    kit.probe.found_nothing();
                }
                if fork::parent() != kit.post.arbiter {
                    break;
                }
                kit.probe.phase(Phase::Idle, kit.probe.now());
                let sources = [kit.post.listener.as_fd(), kit.signals.as_fd()];
                [somebody_is_there, _] = net::wait_readable(sources, Some(nap))?;
            }
        }
    }
    leave(&kit.probe);
    Ok(0)
}

fn complain(error: &io::Error) {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::ConnectionAborted => {}
        _ => say(&format!("a connection could not be taken: {error}")),
    }
}

/// Serves one connection: one request, then it is closed.
fn serve_one(kit: &Kit<'_>, links: &mut [Option<Link>], socket: TcpStream, connection: u32) {
    let accepted = kit.probe.now();
    let task = connection & 0x00FF_FFFF;
    let connection = net::client_number(&socket);
    kit.probe.accepted(accepted, task, connection);
    kit.probe.phase(Phase::Running, accepted);
    kit.probe.runs_since(accepted);
    let mut line = Blocking {
        kit,
        links,
        socket,
        received_at: accepted,
        tally: Tally::of_a_guest(task, accepted),
        stretch: Stretch {
            ready: accepted,
            from: accepted,
        },
    };
    connection::serve(&mut line, &kit.application);
    drop(line);
    kit.probe.let_go(accepted, kit.probe.now());
}

/// The World of a sync worker's one request: every wait blocks the process.
struct Blocking<'worker> {
    kit: &'worker Kit<'worker>,
    links: &'worker mut [Option<Link>],
    socket: TcpStream,
    received_at: Stamp,
    tally: Tally,
    stretch: Stretch,
}

/// Time in which the request has the process, from one call in which it blocks to the next.
struct Stretch {
    ready: Stamp,
    from: Stamp,
}

impl Stretch {
    /// It begins now, and could have begun at `ready`.
    fn begun(probe: &Probe, ready: Stamp) -> Self {
        let from = probe.now();
        Self {
            ready: ready.min(from),
            from,
        }
    }

    /// It ends now; `due` is the instant of the timer that the request waits for from now on.
    fn ends(&self, probe: &Probe, tally: &Tally, then: Then, due: Option<Stamp>) {
        probe.event(&Event::Ran(Ran {
            ready: self.ready,
            from: self.from,
            to: probe.now(),
            task: tally.task,
            request: tally.works_for(),
            then,
            due,
            core: processes::own_core(),
        }));
    }
}

impl Blocking<'_> {
    fn probe(&self) -> &Probe {
        &self.kit.probe
    }

    fn block_for_client(&mut self, wish: Wish, patience: Patience) -> io::Result<()> {
        let left = patience.until.since(self.probe().now());
        let left = (patience.until != Stamp::NEVER).then_some(left);
        let sleep = || match wish {
            Wish::Read => net::wait_readable([self.socket.as_fd()], left).map(|[can]| can),
            Wish::Write => net::wait_writable(&self.socket, left),
        };
        self.stretch
            .ends(&self.kit.probe, &self.tally, Then::Client, None);
        let (slept, over) = self
            .tally
            .block(&self.kit.probe, sleep, |_, _, to| (to, Wait::Client));
        self.stretch = Stretch::begun(&self.kit.probe, over);
        match slept {
            Ok(true) => Ok(()),
            // A signal ends the wait early; only when the time is over it is too late.
            Ok(false) if self.probe().now() < patience.until => Ok(()),
            Ok(false) => Err(ErrorKind::TimedOut.into()),
            Err(error) => Err(error.source),
        }
    }
}

#[derive(Clone, Copy)]
enum Wish {
    Read,
    Write,
}

impl World for Blocking<'_> {
    fn compute(&mut self, cpu: CpuTime) {
        self.tally.compute(&self.kit.probe, cpu);
    }

    fn call(&mut self, service: usize, wait: Elapsed, _: Manner) -> Result<(), CallFailed> {
        let (address, place) = (self.kit.post.services[service], &mut self.links[service]);
        let (clock, request) = (self.kit.probe.clock(), self.tally.request);
        let call = || -> io::Result<_> {
            let (mut link, connected) = match place.take() {
                Some(link) => (link, None),
                None => (Link::connect(address)?, Some(clock.now())),
            };
            let answer = link.call_blocking(wait, request)?;
            *place = Some(link);
            Ok((answer, connected))
        };
        self.stretch
            .ends(&self.kit.probe, &self.tally, Then::Service, None);
        let (answer, over) =
            self.tally
                .block(&self.kit.probe, call, |answer, from, to| match answer {
                    Ok((answer, connected)) => {
                        let connected = connected.unwrap_or(from);
                        (answer.written, Wait::for_answer(connected, answer, wait))
                    }
                    Err(_) => (to, Wait::Connection),
                });
        self.stretch = Stretch::begun(&self.kit.probe, over);
        Ok(answer.map(drop)?)
    }

    fn sleep(&mut self, wait: Elapsed, _: Manner) {
        let clock = self.kit.probe.clock();
        let deadline = clock.now() + wait;
        let sleep = || clock.sleep_until(deadline);
        let (probe, tally) = (&self.kit.probe, &self.tally);
        self.stretch.ends(probe, tally, Then::Timer, Some(deadline));
        self.tally
            .block(&self.kit.probe, sleep, |(), _, _| (deadline, Wait::Timer));
        self.stretch = Stretch::begun(&self.kit.probe, deadline);
    }

    /// There is no other request in this process; the system may run another process.
    fn let_go(&mut self) {
        std::thread::yield_now();
    }

    fn counter(&mut self, counter: usize) -> u64 {
        self.probe().counter(counter)
    }

    fn set_counter(&mut self, counter: usize, value: u64) {
        self.probe().counted(counter, value);
    }

    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.socket.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let until = self.probe().now() + connection::SEND;
                    self.block_for_client(Wish::Write, Patience::until(until))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn date(&self) -> Date {
        self.kit.today.at(self.received_at)
    }

    fn spent(&self) -> Spent {
        self.tally.spent
    }
}

impl Line for Blocking<'_> {
    fn receive(&mut self, room: &mut [u8], patience: Patience) -> io::Result<usize> {
        loop {
            match self.socket.read(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.block_for_client(Wish::Read, patience)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => {
                    self.received_at = self.probe().now();
                    return result;
                }
            }
        }
    }

    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.socket.read(room)
    }

    /// Other requests wait for this one's end anyway.
    fn goes_on(&mut self) {}

    fn hang_up(&mut self) {
        // A client that is gone already sees nothing.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// A sync worker that kept a connection would serve nobody else meanwhile.
    fn keeps(&self) -> Option<Elapsed> {
        None
    }

    fn received_at(&self) -> Stamp {
        self.received_at
    }

    fn tally(&mut self) -> (&mut Tally, &Probe) {
        (&mut self.tally, &self.kit.probe)
    }
}

impl Drop for Blocking<'_> {
    fn drop(&mut self) {
        self.stretch
            .ends(&self.kit.probe, &self.tally, Then::Ended, None);
        self.tally.end(&self.kit.probe, self.kit.probe.now(), false);
    }
}
