//! The slow outside world: one process, one thread, every service of the scenario on a socket of its
//! own.
//!
//! A call says how long it takes; its answer is due that long after the call was read. Ten thousand
//! of them wait in one heap, the soonest on top, and the process sleeps until that one is due or
//! somebody calls. Every answer says when it was written, and the board keeps how late that was: a run
//! whose services were late proves nothing about its workers. This file knows nothing of HTTP, of
//! workers or of what they are called for.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use slab::Slab;

use super::wire::{Answer, CALL_BYTES, Call};
use crate::scenario::Scenario;
use crate::sys::clock::Clock;
use crate::sys::poller::{Poller, Ready, wait_precisely};
use crate::sys::{Doing, Result, net, processes};
use crate::telemetry::{Board, Event, Said, Telemetry, Writer, add};
use crate::units::{Elapsed, Stamp};

/// What the driver wants of the services.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// The run's clock.
    pub clock: Clock,
    /// Its services are opened, in its order.
    pub scenario: Scenario,
    /// Whether each answer is an event, or counted only.
    pub telemetry: Telemetry,
}

/// Opens the scenario's services, says where they listen, and answers calls until it is killed.
///
/// # Errors
/// When a socket is refused, or nobody listens to `voice`.
pub fn play(orders: &Orders, board: &Board, mut voice: &mut dyn Write) -> Result<()> {
    wait_precisely();
    // One for each connection that a worker may open to call; the driver has refused what is too much.
    processes::allow_all_descriptors();
    let count = orders.scenario.services.len();
    let mut services = Services::open(count, orders.clock, orders.telemetry, board)?;
    let addresses = services.addresses()?;
    Said::Ready { addresses }
        .say(&mut voice)
        .doing("say where the services listen")?;
    loop {
        services.turn(None)?;
    }
}

/// How long the queue of connections that nobody has taken yet may be: a pool of coroutine workers
/// may call for the first time all at once.
const BACKLOG: u32 = 4096;
/// How many due answers are collected before they are written: enough to share a write between
/// answers on one connection, too few to make the first of them late.
const ANSWERED_AT_ONCE: usize = 64;
/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;
/// Tokens from here on are listeners; below are connections.
const LISTENERS: u64 = 1 << 63;

struct Services<'a> {
    clock: Clock,
    board: &'a Board,
    ring: Option<Writer<'a>>,
    poller: Poller,
    listeners: Vec<TcpListener>,
    connections: Slab<Connection>,
    /// Calls that wait, the soonest on top.
    waiting: BinaryHeap<Reverse<Waiting>>,
    /// Connections with answers to write, while one batch is collected.
    touched: Vec<usize>,
    ready: Vec<Ready>,
    buffer: Box<[u8]>,
    /// Serial number of the last connection.
    serial: u32,
}

/// A call that was read and is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Stamp,
    asked: Stamp,
    id: u64,
    connection: Token,
}

/// Names a connection for as long as the process lives: places in the slab are used again, serial
/// numbers are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Token {
    place: u32,
    serial: u32,
}

impl Token {
    fn to_raw(self) -> u64 {
        u64::from(self.serial & 0x7FFF_FFFF) << 32 | u64::from(self.place)
    }

    fn from_raw(raw: u64) -> Self {
        Self {
            place: raw as u32,
            serial: (raw >> 32) as u32,
        }
    }
}

/// One worker's connection to one service.
struct Connection {
    stream: TcpStream,
    service: usize,
    serial: u32,
    /// The beginning of a call whose end has not come yet.
    partial: Vec<u8>,
    /// Answers that are due and not written.
    due: Vec<Waiting>,
    /// Bytes that the kernel had no room for.
    unsent: Vec<u8>,
    /// Calls read and not answered.
    held: i64,
}

impl<'a> Services<'a> {
    /// Opens `count` services on free ports of the loopback interface.
    fn open(count: usize, clock: Clock, telemetry: Telemetry, board: &'a Board) -> Result<Self> {
        let poller = Poller::new()?;
        let mut listeners = Vec::new();
        for service in 0..count {
            let listener = net::listen((Ipv4Addr::LOCALHOST, 0).into(), BACKLOG)?;
            poller.add_listener(&listener, LISTENERS | service as u64)?;
            listeners.push(listener);
        }
        let ring = match telemetry {
            Telemetry::On => Some(Writer::new(board.services_ring())),
            Telemetry::Off => None,
        };
        Ok(Self {
            clock,
            board,
            ring,
            poller,
            listeners,
            connections: Slab::new(),
            waiting: BinaryHeap::new(),
            touched: Vec::new(),
            ready: Vec::new(),
            buffer: vec![0; READ_BYTES].into(),
            serial: 0,
        })
    }

    fn addresses(&self) -> Result<Vec<SocketAddr>> {
        self.listeners
            .iter()
            .map(|listener| listener.local_addr().doing("learn a service's address"))
            .collect()
    }

    /// Sleeps until something is to be done, at most `at_most`, and does it.
    fn turn(&mut self, at_most: Option<Elapsed>) -> Result<()> {
        let next = self.waiting.peek().map(|Reverse(call)| call.due);
        let until_next = next.map(|due| due.since(self.clock.now()));
        let timeout = [until_next, at_most].into_iter().flatten().min();
        let mut ready = std::mem::take(&mut self.ready);
        self.poller.wait(timeout, &mut ready)?;
        self.answer_what_is_due();
        for event in &ready {
            self.handle(*event)?;
            // A long row of events must not make an answer late.
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
        if self.connection(token).is_none() {
            return Ok(());
        }
        let place = token.place as usize;
        if event.writable {
            self.write(place);
        }
        if event.readable && self.connections.contains(place) {
            self.read(place, event.closed);
        }
        Ok(())
    }

    fn connection(&mut self, token: Token) -> Option<&mut Connection> {
        self.connections
            .get_mut(token.place as usize)
            .filter(|connection| connection.serial == token.serial)
    }

    /// Takes every connection that is there.
    fn accept(&mut self, service: usize) -> Result<()> {
        loop {
            match net::accept(&self.listeners[service], false) {
                Ok(stream) => self.welcome(stream, service)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The worker is gone again, or a signal came.
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error).doing("accept a call's connection"),
            }
        }
    }

    fn welcome(&mut self, stream: TcpStream, service: usize) -> Result<()> {
        self.serial = (self.serial + 1) & 0x7FFF_FFFF;
        let serial = self.serial;
        let entry = self.connections.vacant_entry();
        let place = entry.key() as u32;
        self.poller
            .add_stream(&stream, Token { place, serial }.to_raw())?;
        entry.insert(Connection {
            stream,
            service,
            serial,
            partial: Vec::new(),
            due: Vec::new(),
            unsent: Vec::new(),
            held: 0,
        });
        Ok(())
    }

    /// Reads every call that is there. `closed`: the worker has said its last, read on to the end.
    fn read(&mut self, place: usize, closed: bool) {
        loop {
            let connection = &mut self.connections[place];
            match connection.stream.read(&mut self.buffer) {
                Ok(0) => return self.close(place),
                Ok(bytes) => {
                    self.take_calls(place, bytes);
                    if bytes < READ_BYTES && !closed {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.close(place),
            }
        }
    }

    /// Finds the calls in the first `bytes` bytes of the buffer, and in what was left over before.
    fn take_calls(&mut self, place: usize, bytes: usize) {
        let asked = self.clock.now();
        let connection = &mut self.connections[place];
        connection.partial.extend_from_slice(&self.buffer[..bytes]);
        let token = Token {
            place: place as u32,
            serial: connection.serial,
        };
        let (calls, rest) = connection.partial.as_chunks::<CALL_BYTES>();
        let slot = self.board.service(connection.service);
        for call in calls.iter().map(Call::from_bytes) {
            self.waiting.push(Reverse(Waiting {
                due: asked + call.wait,
                asked,
                id: call.id,
                connection: token,
            }));
        }
        let count = calls.len().cast_signed() as i64;
        let whole = connection.partial.len() - rest.len();
        connection.partial.drain(..whole);
        connection.held += count;
        slot.held.step(asked, count);
        slot.peak.fetch_max(slot.held.count(), Ordering::Relaxed);
    }

    /// Writes every answer that is due by now, some at a time.
    fn answer_what_is_due(&mut self) {
        while self.collect_due_answers() {
            for index in 0..self.touched.len() {
                self.write(self.touched[index]);
            }
            self.touched.clear();
        }
    }

    /// Puts answers that are due on their connections, and says whether there were any.
    fn collect_due_answers(&mut self) -> bool {
        let Some(Reverse(first)) = self.waiting.peek() else {
            return false;
        };
        let now = self.clock.now();
        if first.due > now {
            return false;
        }
        for _ in 0..ANSWERED_AT_ONCE {
            match self.waiting.peek() {
                Some(Reverse(call)) if call.due <= now => {}
                _ => break,
            }
            let Some(Reverse(call)) = self.waiting.pop() else {
                break;
            };
            // A worker that has hung up gets no answer.
            if let Some(connection) = self.connection(call.connection) {
                let first_of_batch = connection.due.is_empty();
                connection.due.push(call);
                if first_of_batch {
                    self.touched.push(call.connection.place as usize);
                }
            }
        }
        true
    }

    /// Writes what is due on one connection.
    fn write(&mut self, place: usize) {
        let Some(connection) = self.connections.get_mut(place) else {
            return;
        };
        if !connection.due.is_empty() {
            let written = self.clock.now();
            connection.put_answers(written);
            self.note_answers(place, written);
        }
        let connection = &mut self.connections[place];
        if connection.flush().is_err() {
            self.close(place);
        }
    }

    fn note_answers(&mut self, place: usize, written: Stamp) {
        let connection = &mut self.connections[place];
        let service = connection.service;
        let count = connection.due.len();
        connection.held -= count.cast_signed() as i64;
        for call in connection.due.drain(..) {
            let event = Event::Answered {
                service: service as u32,
                asked: call.asked,
                due: call.due,
                written,
            };
            if let Some(ring) = &mut self.ring {
                ring.push(&event.to_record());
            }
        }
        let slot = self.board.service(service);
        add(&slot.answered, count as u64);
        slot.held.step(written, -(count.cast_signed() as i64));
    }

    /// Forgets a connection, and the calls that were held for it.
    fn close(&mut self, place: usize) {
        let connection = self.connections.remove(place);
        let slot = self.board.service(connection.service);
        slot.held.step(self.clock.now(), -connection.held);
    }
}

impl Connection {
    /// Turns the answers that are due into bytes to send.
    fn put_answers(&mut self, written: Stamp) {
        for call in &self.due {
            let answer = Answer {
                id: call.id,
                due: call.due,
                written,
            };
            self.unsent.extend_from_slice(&answer.to_bytes());
        }
    }

    /// Sends what can be sent now; the poller reports when more can.
    fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(bytes) => drop(self.unsent.drain(..bytes)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::wire::ANSWER_BYTES;
    use crate::telemetry::Reader;

    /// Services that are played by the test itself, one turn at a time.
    fn opened(board: &Board) -> Services<'_> {
        Services::open(2, Clock::starting_now(), Telemetry::On, board).unwrap()
    }

    fn caller_of(services: &Services<'_>, service: usize) -> TcpStream {
        let address = services.addresses().unwrap()[service];
        TcpStream::connect(address).unwrap()
    }

    fn call(id: u64, wait_ms: u64) -> [u8; CALL_BYTES] {
        let wait = Elapsed::from_millis(wait_ms);
        Call { id, wait }.to_bytes()
    }

    fn play_until_answered(services: &mut Services<'_>, service: usize, count: u64) {
        let board = services.board;
        while board.service(service).answered.load(Ordering::Relaxed) < count {
            services.turn(Some(Elapsed::from_millis(10))).unwrap();
        }
    }

    fn play_for_some_turns(services: &mut Services<'_>) {
        for _ in 0..5 {
            services.turn(Some(Elapsed::from_millis(5))).unwrap();
        }
    }

    fn answers(caller: &mut TcpStream, count: usize) -> Vec<Answer> {
        let mut bytes = vec![0; ANSWER_BYTES * count];
        caller.read_exact(&mut bytes).unwrap();
        let (frames, _) = bytes.as_chunks();
        frames.iter().map(Answer::from_bytes).collect()
    }

    #[test]
    fn an_answer_comes_when_it_is_due_and_says_when_it_was_written() {
        let board = Board::new(64).unwrap();
        let mut services = opened(&board);
        let mut caller = caller_of(&services, 1);
        caller.write_all(&call(7, 20)).unwrap();
        play_until_answered(&mut services, 1, 1);

        let answer = answers(&mut caller, 1)[0];
        assert_eq!(answer.id, 7);
        assert!(answer.written >= answer.due, "never early");
        let mut events = Vec::new();
        Reader::new(board.services_ring()).drain(|record| events.push(Event::from_record(record)));
        let due = answer.due;
        let expected = Event::Answered {
            service: 1,
            asked: Stamp(due.0 - 20_000_000),
            due,
            written: answer.written,
        };
        assert_eq!(events, [Some(expected)]);
    }

    #[test]
    fn a_later_call_with_a_shorter_wait_is_answered_first() {
        let board = Board::new(64).unwrap();
        let mut services = opened(&board);
        let mut caller = caller_of(&services, 0);
        caller
            .write_all(&[call(1, 60), call(2, 5), call(3, 0)].concat())
            .unwrap();
        play_until_answered(&mut services, 0, 3);
        let order: Vec<_> = answers(&mut caller, 3).iter().map(|a| a.id).collect();
        assert_eq!(order, [3, 2, 1]);
    }

    #[test]
    fn two_thousand_calls_are_held_at_once_and_each_is_answered() {
        let board = Board::new(64).unwrap();
        let mut services = opened(&board);
        let mut callers: Vec<_> = (0..20).map(|_| caller_of(&services, 0)).collect();
        for (number, caller) in callers.iter_mut().enumerate() {
            let calls = (0..100).map(|id| call(number as u64 * 100 + id, 300));
            caller
                .write_all(&calls.collect::<Vec<_>>().concat())
                .unwrap();
        }
        play_until_answered(&mut services, 0, 2_000);

        for (number, caller) in callers.iter_mut().enumerate() {
            let mut ids: Vec<_> = answers(caller, 100).iter().map(|a| a.id).collect();
            ids.sort_unstable();
            assert!(
                ids.into_iter()
                    .eq(number as u64 * 100..number as u64 * 100 + 100)
            );
        }
        let slot = board.service(0);
        assert_eq!(slot.peak.load(Ordering::Relaxed), 2_000);
        assert_eq!(slot.held.count(), 0);
    }

    #[test]
    fn a_call_may_come_in_pieces() {
        let board = Board::new(64).unwrap();
        let mut services = opened(&board);
        let mut caller = caller_of(&services, 0);
        let bytes = [call(1, 0), call(2, 0)].concat();
        for piece in bytes.chunks(5) {
            caller.write_all(piece).unwrap();
            services.turn(Some(Elapsed::from_millis(50))).unwrap();
        }
        play_until_answered(&mut services, 0, 2);
        assert_eq!(answers(&mut caller, 2)[1].id, 2);
    }

    #[test]
    fn the_calls_of_a_worker_that_hung_up_are_forgotten() {
        let board = Board::new(64).unwrap();
        let mut services = opened(&board);
        let mut caller = caller_of(&services, 0);
        caller.write_all(&call(1, 10)).unwrap();
        while board.service(0).held.count() == 0 {
            services.turn(Some(Elapsed::from_millis(5))).unwrap();
        }
        drop(caller);
        play_for_some_turns(&mut services);
        assert_eq!(board.service(0).held.count(), 0);

        // Its place is taken by another, who must not get the answer.
        let mut other = caller_of(&services, 0);
        other.write_all(&call(2, 20)).unwrap();
        play_until_answered(&mut services, 0, 1);
        assert_eq!(answers(&mut other, 1)[0].id, 2);
    }
}
