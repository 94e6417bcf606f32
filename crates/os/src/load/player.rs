//! The loop that plays a load: it sends due requests, reads answers, and sleeps until the next of either.
//!
//! Requests are sent before each read: a thousand answers in a row must not delay the next request. There
//! is no spinning, since on a small machine load would take the core that it measures; the lateness of each
//! request is in its outcome.

use std::collections::{BTreeSet, VecDeque};
use std::io::Write;
use std::sync::atomic::Ordering;

use super::Orders;
use super::connection::{Connection, Exchange, Progress, Sending, failure_of};
use super::probe::LoadProbe;
use super::requests::{PreparedRequest, Requests};
use super::silent::SilentClients;
use crate::sys::Result;
use crate::sys::clock::Clock;
use crate::sys::connect::{Dialer, is_exhaustion};
use crate::sys::generational_slab::{GenerationalSlab, Token};
use crate::sys::poller::{Poller, Ready};
use crate::telemetry::{
    ChildMessage, ExtraRequest, Failure, LastSeen, RunWords, Scoreboard, Stage,
};
use concsim_engine::IdlePool;
use concsim_engine::policy::pause_after;
use concsim_engine::timetable::{Change, DueRequest, RunProgress, Timetable};
use concsim_model::scenario::{Arrivals, Scenario, draw};
use concsim_model::units::{Elapsed, Stamp};

/// Longest `Location` that is kept, in bytes.
const LONGEST_LOCATION: usize = 200;
/// Number of bytes of one read.
const READ_BYTES: usize = 64 * 1024;
/// Interval between checks for orders of the driver: another load, or the end.
const LISTEN_EVERY: Elapsed = Elapsed::from_millis(10);

/// Plays one load against one server.
pub(super) struct Player<'a> {
    clock: Clock,
    scenario: &'a Scenario,
    words: &'a RunWords,
    poller: Poller,
    dialer: Dialer,
    timetable: Timetable,
    course: RunProgress,
    requests: Requests<'a>,
    probe: LoadProbe<'a>,
    connections: GenerationalSlab<Connection>,
    idle: IdlePool<Token>,
    silent: SilentClients,
    /// Orders for another amount of load that were carried out.
    amounts: LastSeen,
    /// Orders for another request that were carried out.
    extras: LastSeen,
    /// Time limits of the requests under way, in the order in which they were due. Those of requests that
    /// have ended are dropped when they come to the front.
    time_limits: VecDeque<(Stamp, Token, u32)>,
    ready: Vec<Ready>,
    /// Connections with unread bytes from the last turn, each once: the poller does not report them again.
    unread: Vec<Token>,
    buffer: Box<[u8]>,
    output: &'a mut dyn Write,
    /// Statuses whose first `Location` was reported.
    reported_locations: BTreeSet<u16>,
}

impl<'a> Player<'a> {
    /// Returns a player whose timetable begins at `begin`.
    pub(super) fn new(
        orders: &'a Orders,
        scoreboard: &'a Scoreboard,
        begin: Stamp,
        out: &'a mut dyn Write,
    ) -> Result<Self> {
        let scenario = &orders.scenario;
        Ok(Self {
            clock: orders.clock,
            scenario,
            words: scoreboard.run(),
            poller: Poller::new()?,
            dialer: Dialer::to(orders.target.address, orders.stamps_arrivals),
            timetable: Timetable::new(scenario, begin),
            course: RunProgress::new(scenario, begin),
            requests: Requests::new(scenario, &orders.target.host),
            probe: LoadProbe::new(scoreboard),
            connections: GenerationalSlab::default(),
            idle: IdlePool::new(scenario),
            silent: SilentClients::new(scenario.load.silent, begin),
            amounts: LastSeen::default(),
            extras: LastSeen::default(),
            time_limits: VecDeque::new(),
            ready: Vec::new(),
            unread: Vec::new(),
            buffer: vec![0; READ_BYTES].into(),
            output: out,
            reported_locations: BTreeSet::new(),
        })
    }

    /// Plays the load to its end.
    pub(super) fn play(mut self) -> Result<()> {
        while self.advance() != Stage::Done {
            self.requests.write_some_ahead();
            self.turn()?;
        }
        self.give_up_on_all();
        self.probe.stage(Stage::Done);
        Ok(())
    }

    /// Advances and publishes the stage of the run, but for the last: open requests are given up before it.
    fn advance(&mut self) -> Stage {
        let now = self.clock.now();
        match self.words.stop.load(Ordering::Acquire) {
            0 => {}
            RunWords::END_THE_WINDOW => self.course.end_window(now),
            _by_hand => self.course.stop(now),
        }
        let stage = self.course.advance(now);
        let (begin, end) = (self.course.window_begin(), self.course.window_end());
        self.probe.window(begin, end);
        if stage != Stage::Done {
            self.probe.stage(stage);
        }
        stage
    }

    /// Sleeps until there is work, and does it.
    fn turn(&mut self) -> Result<()> {
        self.words.load.count_turn();
        let mut ready = std::mem::take(&mut self.ready);
        let timeout = if self.unread.is_empty() {
            self.time_to_sleep()
        } else {
            Elapsed::ZERO
        };
        self.poller.wait(Some(timeout), &mut ready)?;
        self.forget_closed(&ready);
        self.send_what_is_due()?;
        // An event of an unread connection is handled first: it means nothing once the answer is complete.
        let unread = std::mem::take(&mut self.unread);
        for event in &ready {
            self.handle(*event);
            self.send_what_is_due()?;
        }
        for token in unread {
            self.read_on(token);
            self.send_what_is_due()?;
        }
        self.ready = ready;
        self.expire_requests();
        let now = self.send_what_is_due()?;
        self.connect_silent_clients(now)?;
        self.listen_to_the_driver(now);
        Ok(())
    }

    /// Opens the connections of silent clients that are due.
    fn connect_silent_clients(&mut self, now: Stamp) -> Result<()> {
        while self.silent.take_due(now) {
            match self.dialer.dial() {
                Ok(stream) => {
                    let token = self.register(Connection::new(stream))?;
                    self.silent.opened(token);
                }
                Err(_) => self.silent.failed(now),
            }
        }
        Ok(())
    }

    /// Carries out orders of the driver from `now` on. All requests that were due before have been sent.
    fn listen_to_the_driver(&mut self, now: Stamp) {
        if let Some((_, amount)) = self.words.amount.receive(&mut self.amounts) {
            let change = match self.scenario.load.arrivals {
                Arrivals::Open { .. } | Arrivals::Scheduled => Change::Rate(amount as f64 / 1e6),
                Arrivals::Closed { .. } => Change::Clients(amount as usize),
            };
            self.timetable.steer(now, change);
        }
        if let Some((times, message)) = self.words.extra.receive(&mut self.extras) {
            for _ in 0..times {
                let change = Change::Extra(ExtraRequest::from_message(message));
                self.timetable.steer(now, change);
            }
        }
    }

    /// Forgets idle connections that the server has closed. This comes before sending, which must not use
    /// them, and takes no time.
    fn forget_closed(&mut self, ready: &[Ready]) {
        for event in ready.iter().filter(|event| event.closed) {
            let token = Token::from_raw(event.token);
            let is_idle = |there: &mut Connection| there.exchange().is_none();
            if self.connections.get(token).is_some_and(is_idle) {
                self.forget(token);
            }
        }
    }

    fn time_to_sleep(&mut self) -> Elapsed {
        let next_due = self
            .timetable
            .soonest()
            .filter(|due| self.course.allows(*due));
        let next_loss = self.time_limits.front().map(|(until, ..)| *until);
        let now = self.clock.now();
        let next_change = Some(self.course.next_change(now));
        [next_due, next_loss, self.silent.soonest(), next_change]
            .into_iter()
            .flatten()
            .fold(now + LISTEN_EVERY, Stamp::min)
            .since(now)
    }

    /// Sends every due request. Returns the instant up to which all were sent.
    fn send_what_is_due(&mut self) -> Result<Stamp> {
        loop {
            let now = self.clock.now();
            let next = self.timetable.soonest();
            if next.is_none_or(|due| !self.course.allows(due) || now < due) {
                return Ok(now);
            }
            // `None`: the entry was a change of the load.
            let Some(due) = self.timetable.take() else {
                continue;
            };
            self.probe.due(due.at);
            self.course.begun(due.at);
            let request = self.requests.take_for(due.extra);
            self.send(due, &request)?;
            self.requests.give_back(request.bytes);
        }
    }

    /// Sends on an idle connection, or else on a new one.
    fn send(&mut self, due: DueRequest, request: &PreparedRequest) -> Result<()> {
        let mut exchange = Exchange {
            number: request.number,
            class: request.class,
            client: due.client,
            due: due.at,
            sent: Stamp::ZERO,
            first_byte: Stamp::ZERO,
            opened: false,
            connection: None,
            unread: None,
        };
        while let Some(token) = self.idle.take(due.client) {
            let clock = self.clock;
            let Some(connection) = self.connections.get(token) else {
                continue;
            };
            match connection.send(&mut exchange, &request.bytes, clock) {
                Sending::UnderWay => {
                    self.note_sent(token, &exchange);
                    return Ok(());
                }
                // The server has closed it and no byte was written: another connection is no retry.
                Sending::Unwritten(_) => self.forget(token),
            }
        }
        self.dial(exchange, &request.bytes)
    }

    /// Sends on a new connection.
    fn dial(&mut self, mut exchange: Exchange, bytes: &[u8]) -> Result<()> {
        exchange.opened = true;
        let stream = match self.dialer.dial() {
            Ok(stream) => stream,
            Err(error) => {
                self.note_no_connection(exchange, &error);
                return Ok(());
            }
        };
        let mut connection = Connection::new(stream);
        match connection.send(&mut exchange, bytes, self.clock) {
            Sending::UnderWay => {
                let token = self.register(connection)?;
                self.note_sent(token, &exchange);
            }
            Sending::Unwritten(failure) => {
                self.probe.sent(&exchange);
                self.end(&exchange, Err(failure), self.clock.now());
            }
        }
        Ok(())
    }

    /// Notes a request without a connection: it was refused at once, or a resource is missing here.
    fn note_no_connection(&mut self, mut exchange: Exchange, error: &std::io::Error) {
        let now = self.clock.now();
        if is_exhaustion(error) {
            self.probe.dropped();
            self.end(&exchange, Err(Failure::Refused), now);
        } else {
            exchange.sent = now;
            self.probe.sent(&exchange);
            self.end(&exchange, Err(failure_of(error)), now);
        }
    }

    fn register(&mut self, connection: Connection) -> Result<Token> {
        let token = self.connections.add(connection);
        let connection = self.connections.get(token).expect("added just now");
        self.poller
            .add_stream(connection.stream(), token.to_raw())?;
        Ok(token)
    }

    fn note_sent(&mut self, token: Token, exchange: &Exchange) {
        self.probe.sent(exchange);
        let until = exchange.due + self.scenario.load.patience;
        self.time_limits.push_back((until, token, exchange.number));
    }

    fn forget(&mut self, token: Token) {
        self.silent.closed(token, self.clock.now());
        self.connections.remove(token);
    }

    fn handle(&mut self, event: Ready) {
        let token = Token::from_raw(event.token);
        let Some(connection) = self.connections.get(token) else {
            return;
        };
        let was_unread = connection.is_unread();
        let progress = connection.handle(event, &mut self.buffer, self.clock);
        self.note(token, progress, was_unread);
    }

    /// Goes on reading at the point where the last turn stopped.
    fn read_on(&mut self, token: Token) {
        if let Some(connection) = self.connections.get(token) {
            let progress = connection.read_on(&mut self.buffer, self.clock);
            self.note(token, progress, false);
        }
    }

    /// Acts on a connection's progress. `is_listed`: it is among the unread ones already.
    fn note(&mut self, token: Token, progress: Progress, is_listed: bool) {
        match progress {
            Progress::Waiting => {}
            Progress::Unread if is_listed => {}
            Progress::Unread => self.unread.push(token),
            Progress::Closed => self.forget(token),
            Progress::Over {
                exchange,
                verdict,
                done,
                stays,
            } => {
                let connection = self.connections.get(token);
                let location = connection.and_then(Connection::take_location);
                if let (Ok(status @ 300..400), Some(location)) = (verdict, location) {
                    self.say_location(status, location);
                }
                if !(stays && self.idle.keep(exchange.client, token)) {
                    self.forget(token);
                }
                self.end(&exchange, verdict, done);
            }
        }
    }

    /// Reports the target of the first redirect of each status to the driver.
    fn say_location(&mut self, status: u16, mut location: String) {
        if self.reported_locations.insert(status) {
            location.truncate(location.floor_char_boundary(LONGEST_LOCATION));
            // If the driver is gone, there is nowhere to report it.
            let _ = ChildMessage::Redirected { status, location }.write_line(&mut self.output);
        }
    }

    /// Ends a request. Its client, if it has one, is due again.
    fn end(
        &mut self,
        exchange: &Exchange,
        verdict: std::result::Result<u16, Failure>,
        done: Stamp,
    ) {
        let outcome = exchange.outcome(verdict, done);
        self.probe.ended(&outcome);
        self.course.ended(exchange.due, done);
        if verdict.is_ok() {
            self.course.answered(exchange.client);
        }
        if let Some(client) = exchange.client {
            let think = draw::think(self.scenario, u64::from(exchange.number));
            let pause = pause_after(verdict.err(), think);
            self.timetable.add_next(client, done + pause);
        }
    }

    /// Ends requests that took longer than their patience.
    fn expire_requests(&mut self) {
        while let Some(&(until, token, number)) = self.time_limits.front() {
            let connection = self.connections.get(token);
            let under_way = connection.and_then(|there| there.exchange());
            let exchange = under_way
                .filter(|exchange| exchange.number == number)
                .copied();
            let now = self.clock.now();
            if exchange.is_some() && now < until {
                return;
            }
            self.time_limits.pop_front();
            if let Some(exchange) = exchange {
                self.forget(token);
                self.end(&exchange, Err(Failure::Timeout), now);
            }
        }
    }

    /// Ends all open requests, which have failed: the run is over.
    fn give_up_on_all(&mut self) {
        let now = self.clock.now();
        for exchange in self.connections.iter().filter_map(Connection::exchange) {
            let outcome = exchange.outcome(Err(Failure::Timeout), now);
            self.probe.ended(&outcome);
        }
    }
}
