//! The services that a scenario calls: one process, one thread, and a socket for each service.
//!
//! A call states how long it takes; its answer is due that long after the call was read. A service with a
//! `capacity` serves so many calls at once; the others wait in its queue, in the order in which they were read.
//! Ten thousand calls wait in one heap, the earliest on top. The process sleeps until that one is due or another
//! call comes.
//! Every answer carries the instant at which it was written, and the scoreboard keeps how late that was: a
//! run whose services were late proves nothing about its workers. This file knows nothing of HTTP, of
//! workers or of the purpose of a call.

mod connection;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::ACCEPT_PAUSE;
use super::wire::{Call, SET_UP};
use crate::sys::clock::Clock;
use crate::sys::connect::is_exhaustion;
use crate::sys::generational_slab::{GenerationalSlab, Token};
use crate::sys::poller::{Poller, Ready, wait_precisely, wake_promptly};
use crate::sys::{ErrorContext, Result, net, processes};
use crate::telemetry::{ChildMessage, Event, Scoreboard, Telemetry, Writer, add};
use concsim_engine::Places;
use concsim_model::scenario::Scenario;
use concsim_model::units::{Elapsed, Stamp};
use connection::Connection;

/// Orders of the driver to the services.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// Clock of the run.
    pub clock: Clock,
    /// Scenario whose services are opened, in its order.
    pub scenario: Scenario,
    /// Kinds of telemetry: an event for each answer, or counters only.
    pub telemetry: Telemetry,
}

/// Opens the scenario's services, announces their addresses, and answers calls until it is killed.
///
/// # Errors
/// Fails if a socket is refused, or if `output` is closed.
pub fn play(orders: &Orders, scoreboard: &Scoreboard, mut output: &mut dyn Write) -> Result<()> {
    wait_precisely();
    wake_promptly();
    // Each connection for a call needs one; the driver has refused a scenario that needs too many.
    processes::allow_all_descriptors();
    let capacities = orders.scenario.services.iter().map(|it| it.capacity);
    let capacities: Vec<_> = capacities.collect();
    let mut services = Services::open(&capacities, orders.clock, orders.telemetry, scoreboard)?;
    let addresses = services.addresses()?;
    ChildMessage::Ready { addresses }
        .write_line(&mut output)
        .doing("read the address of the services")?;
    loop {
        services.turn(None)?;
    }
}

/// Length of the queue of connections that were not accepted yet: all coroutines of the workers may make
/// their first call at once.
const BACKLOG: u32 = 4096;
/// Number of due answers that are collected before they are written: enough to share a write between
/// answers on one connection, too few to make the first one late.
const ANSWERED_AT_ONCE: usize = 64;
/// Number of calls of closed connections that are always kept until they are due.
const FORGOTTEN_AT_MOST: usize = 1024;
/// Number of bytes of one read.
const READ_BYTES: usize = 64 * 1024;
/// First token of the listeners; lower ones are connections.
const LISTENERS: u64 = 1 << 63;

struct Services<'a> {
    clock: Clock,
    scoreboard: &'a Scoreboard,
    ring: Option<Writer<'a>>,
    poller: Poller,
    listeners: Vec<TcpListener>,
    connections: GenerationalSlab<Connection>,
    /// Copy of a listener: a descriptor by which connections are refused when the system has no other left.
    spare: Option<TcpListener>,
    /// Services that accept nothing for lack of a descriptor, each with the instant at which they resume.
    closed: Vec<(usize, Stamp)>,
    /// Places of each service, and the calls that wait for one.
    places: Vec<Places<Queued>>,
    /// True for each service with a limit of places.
    is_limited: Vec<bool>,
    /// Calls that are served, the earliest due on top.
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// Number of calls, served or in a queue, whose connection is closed.
    forgotten: usize,
    /// Connections with answers to write, while one batch is collected.
    with_answers: Vec<Token>,
    ready: Vec<Ready>,
    buffer: Box<[u8]>,
}

/// Call that is served and not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Stamp,
    asked: Stamp,
    id: u64,
    connection: Token,
    request: u32,
    /// Service of whose places it has one, if these are limited.
    place: Option<usize>,
}

/// Call that was read and waits until its service has a place for it.
#[derive(Clone, Copy, Debug)]
struct Queued {
    asked: Stamp,
    connection: Token,
    call: Call,
}

impl<'a> Services<'a> {
    /// Opens a service for each of `capacities` on free ports of the loopback interface.
    fn open(
        capacities: &[Option<usize>],
        clock: Clock,
        telemetry: Telemetry,
        scoreboard: &'a Scoreboard,
    ) -> Result<Self> {
        let poller = Poller::new()?;
        let mut listeners = Vec::new();
        for service in 0..capacities.len() {
            let listener = net::listen((Ipv4Addr::LOCALHOST, 0).into(), BACKLOG)?;
            poller.add_listener(&listener, LISTENERS | service as u64)?;
            listeners.push(listener);
        }
        let spare = listeners.first().and_then(|it| it.try_clone().ok());
        let ring = match telemetry {
            Telemetry::On => Some(Writer::new(scoreboard.services_ring())),
            Telemetry::Off => None,
        };
        Ok(Self {
            clock,
            scoreboard,
            ring,
            poller,
            listeners,
            connections: GenerationalSlab::default(),
            spare,
            closed: Vec::new(),
            places: capacities.iter().map(|it| Places::new(*it)).collect(),
            is_limited: capacities.iter().map(Option::is_some).collect(),
            waiting: BinaryHeap::new(),
            forgotten: 0,
            with_answers: Vec::new(),
            ready: Vec::new(),
            buffer: vec![0; READ_BYTES].into(),
        })
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>> {
        self.listeners
            .iter()
            .map(|listener| listener.local_addr().doing("read the address of a service"))
            .collect()
    }

    /// Sleeps until there is work, at most `at_most`, and does it.
    fn turn(&mut self, at_most: Option<Elapsed>) -> Result<()> {
        let next = self.waiting.peek().map(|Reverse(call)| call.due);
        let until_next = next.map(|due| due.since(self.clock.now()));
        let pause = (!self.closed.is_empty()).then_some(ACCEPT_PAUSE);
        let timeout = [until_next, at_most, pause].into_iter().flatten().min();
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.wait(timeout, &mut ready)?;
        self.open_again()?;
        self.answer_what_is_due();
        for event in &ready {
            self.handle(*event)?;
            // A long batch of events must not make an answer late.
            self.answer_what_is_due();
        }
        self.ready = ready;
        Ok(())
    }

    fn handle(&mut self, event: Ready) -> Result<()> {
        if event.token >= LISTENERS {
            return self.accept((event.token - LISTENERS) as usize);
        }
        let token = Token::from_raw(event.token);
        if event.writable {
            self.write(token);
        }
        if event.readable {
            self.read(token);
        }
        Ok(())
    }

    /// Accepts every connection that is there.
    fn accept(&mut self, service: usize) -> Result<()> {
        loop {
            let mut accepted = net::accept(&self.listeners[service], false);
            let is_exhausted = accepted.as_ref().is_err_and(is_exhaustion);
            if is_exhausted {
                accepted = self.accept_by_the_spare_descriptor(service);
            }
            match accepted {
                // This connection's call fails. In the queue it could wait for ever: workers keep their
                // connections.
                Ok(stream) if is_exhausted => {
                    drop(stream);
                    self.spare = self.listeners[service].try_clone().ok();
                }
                Ok(stream) => self.take(stream, service),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The worker is gone again, or a signal came.
                Err(error) if is_passing(&error) => {}
                Err(error) if is_exhaustion(&error) => {
                    self.poller.remove(&self.listeners[service])?;
                    self.closed.push((service, self.clock.now() + ACCEPT_PAUSE));
                    return Ok(());
                }
                Err(error) => return Err(error).doing("accept a call's connection"),
            }
        }
    }

    /// Accepts with the spare descriptor freed: the system needs one before it looks into the queue.
    fn accept_by_the_spare_descriptor(&mut self, service: usize) -> io::Result<TcpStream> {
        self.spare = None;
        let accepted = net::accept(&self.listeners[service], false);
        if accepted.is_err() {
            self.spare = self.listeners[service].try_clone().ok();
        }
        accepted
    }

    fn take(&mut self, stream: TcpStream, service: usize) {
        let token = self.connections.add(Connection::new(stream, service));
        let connection = self.connections.get(token).expect("added just now");
        let watched = self.poller.add_stream(connection.stream(), token.to_raw());
        if watched.is_err() {
            // The system has no memory to watch it (epoll_ctl(2), ENOSPC): the call fails.
            self.close(token);
        }
    }

    /// Listens again at services that lacked a descriptor, once their pause is over.
    fn open_again(&mut self) -> Result<()> {
        let now = self.clock.now();
        for (service, _) in self.closed.extract_if(.., |(_, until)| *until <= now) {
            let listener = &self.listeners[service];
            self.poller
                .add_listener(listener, LISTENERS | service as u64)?;
        }
        Ok(())
    }

    /// Reads every call that is there.
    fn read(&mut self, token: Token) {
        let Some(connection) = self.connections.get(token) else {
            return;
        };
        let is_open = connection.read(&mut self.buffer);
        let asked = self.clock.now();
        let service = connection.service;
        let places = &mut self.places[service];
        let count = connection.take_calls(|call| {
            let queued = Queued {
                asked,
                connection: token,
                call,
            };
            let is_limited = self.is_limited[service] && call.id != SET_UP;
            if is_limited && !places.take() {
                return places.wait(queued);
            }
            let place = is_limited.then_some(service);
            self.waiting.push(Reverse(queued.served(asked, place)));
        });
        connection.held += count;
        let slot = self.scoreboard.service(service);
        slot.held.step(asked, change(count));
        let peak = slot.peak.load(Ordering::Relaxed).max(slot.held.count());
        slot.peak.store(peak, Ordering::Relaxed);
        let is_overfull = connection.is_overfull();
        if !is_open || is_overfull {
            self.close(token);
        }
    }

    /// Writes every answer that is due by now, in batches.
    fn answer_what_is_due(&mut self) {
        while self.collect_due_answers() {
            let mut touched = std::mem::take(&mut self.with_answers);
            for token in touched.drain(..) {
                self.write(token);
            }
            self.with_answers = touched;
        }
    }

    /// Puts a batch of due answers on their connections. Returns true if there were any.
    fn collect_due_answers(&mut self) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        let now = self.clock.now();
        for collected in 0..ANSWERED_AT_ONCE {
            let Some(call) = self.take_due(now) else {
                return collected > 0;
            };
            self.write_answer(call);
            if let Some(service) = call.place {
                self.serve_next(service, now);
            }
        }
        true
    }

    /// Serves the call that has waited longest for a place of a service. Calls of closed connections are
    /// dropped.
    fn serve_next(&mut self, service: usize, now: Stamp) {
        while let Some(queued) = self.places[service].release() {
            if self.connections.get(queued.connection).is_some() {
                let served = queued.served(now, Some(service));
                return self.waiting.push(Reverse(served));
            }
            self.forgotten = self.forgotten.saturating_sub(1);
        }
    }

    fn take_due(&mut self, now: Stamp) -> Option<Waiting> {
        let soonest = self.waiting.peek_mut()?;
        (soonest.0.due <= now).then(|| PeekMut::pop(soonest).0)
    }

    /// Puts an answer on its connection, unless the worker has closed that.
    fn write_answer(&mut self, call: Waiting) {
        let token = call.connection;
        if let Some(connection) = self.connections.get(token) {
            connection.due.push(call);
            if connection.due.len() == 1 {
                self.with_answers.push(token);
            }
        } else {
            self.forgotten = self.forgotten.saturating_sub(1);
        }
    }

    /// Writes the due answers of one connection.
    fn write(&mut self, token: Token) {
        let Some(connection) = self.connections.get(token) else {
            return;
        };
        if !connection.due.is_empty() {
            let written = self.clock.now();
            connection.put_answers(written);
            note_answers(connection, written, self.scoreboard, self.ring.as_mut());
        }
        if !connection.flush() {
            self.close(token);
        }
    }

    /// Closes a connection and forgets its calls.
    fn close(&mut self, token: Token) {
        if let Some(connection) = self.connections.remove(token) {
            let slot = self.scoreboard.service(connection.service);
            slot.held.step(self.clock.now(), -change(connection.held));
            let held = connection.held + usize::from(connection.is_in_set_up);
            self.forgotten += held.saturating_sub(connection.due.len());
            self.drop_the_forgotten();
        }
    }

    /// Drops the calls of closed connections once they are the majority, but for those that have one of a
    /// limited number of places: a service serves on. A call may be due in an hour; at this rate each check costs
    /// next to nothing.
    fn drop_the_forgotten(&mut self) {
        if self.forgotten > FORGOTTEN_AT_MOST.max(self.waiting.len() / 2) {
            let connections = &mut self.connections;
            self.waiting.retain(|Reverse(call)| {
                call.place.is_some() || connections.get(call.connection).is_some()
            });
            for places in &mut self.places {
                places.retain_waiting(|queued| connections.get(queued.connection).is_some());
            }
            self.forgotten = 0;
        }
    }
}

impl Queued {
    /// Returns the call as it is served from `now` on.
    fn served(self, now: Stamp, place: Option<usize>) -> Waiting {
        Waiting {
            due: now + self.call.wait,
            asked: self.asked,
            id: self.call.id,
            connection: self.connection,
            request: self.call.request,
            place,
        }
    }
}

/// Reports on the scoreboard that the due answers of a connection have been written.
fn note_answers(
    connection: &mut Connection,
    written: Stamp,
    scoreboard: &Scoreboard,
    mut ring: Option<&mut Writer<'_>>,
) {
    let slot = scoreboard.service(connection.service);
    if connection.due.iter().any(|call| call.id == SET_UP) {
        connection.is_in_set_up = false;
        connection.due.retain(|call| call.id != SET_UP);
    }
    let count = connection.due.len();
    connection.held -= count;
    add(&slot.answered, count as u64);
    slot.held.step(written, -change(count));
    for call in connection.due.drain(..) {
        let event = Event::Answered {
            service: connection.service as u32,
            request: call.request,
            asked: call.asked,
            due: call.due,
            written,
        };
        if let Some(ring) = &mut ring {
            ring.push(&event.to_record());
        }
    }
}

/// Returns `count` as the change of a gauge.
fn change(count: usize) -> i64 {
    i64::try_from(count).expect("calls fit into memory")
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests;
