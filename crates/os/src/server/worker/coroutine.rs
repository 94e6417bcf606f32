//! The coroutine worker: many requests in one process. A wait parks the coroutine.
//!
//! Each connection is played by a task of its own, in straight-line code. Its socket is tried first;
//! only when the kernel says `WouldBlock` the task parks, and the hub runs another meanwhile. What is
//! `unpatched` does not know the hub: it blocks the process, and with it everybody.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;

use super::{Kit, leave};
use crate::handler::{Application, CallFailed, Spent, World};
use crate::http::response::Date;
use crate::server::calls::Link;
use crate::server::connection::{self, Line, Patience};
use crate::server::hub::{Ended, Hub};
use crate::server::seat::{Pause, RollMark, Seat, Shared, TooLong, Watch, Wish};
use crate::server::tally::{Tally, Wait};
use crate::server::today::Today;
use crate::sys::{self, Doing};
use crate::telemetry::{OVERFLOWED, Probe};
use concsim_model::scenario::Manner;
use concsim_model::units::{CpuTime, Elapsed, Stamp};

/// Serves until it is told to stop. Gives the exit code.
pub(super) fn serve(kit: Kit<'_>) -> sys::Result<i32> {
    let shared = Rc::new(Shared::new(kit.probe)?);
    let floor = Rc::new(Floor {
        application: kit.application,
        today: kit.today,
        keepalive: Some(kit.post.scenario.server.keepalive)
            .filter(|keepalive| *keepalive > Elapsed::ZERO),
        pool: Pool::open(&shared, &kit.post.services)?,
    });
    let play = move |seat: &mut Seat<'_>, socket: TcpStream, accepted: Stamp| {
        // Without memory for a registration the client sees an end.
        if let Ok(channel) = seat.shared.watch(&socket) {
            let mut line = Cooperative::new(seat, &floor, socket, channel, accepted);
            connection::serve(&mut line, &floor.application);
        }
    };
    let hub = Hub::new(
        Rc::clone(&shared),
        &kit.post.listener,
        kit.signals,
        kit.post.scenario.server.connections,
        play,
    )?;
    let ended = hub.run()?;
    leave(&shared.probe);
    Ok(match ended {
        Ended::Drained => 0,
        Ended::Overflowed => OVERFLOWED,
    })
}

/// The longest run of a connection whose socket is always ready, before other tasks go first. Each run of
/// another task waits for that long once for each such connection.
const SHARE: Elapsed = Elapsed(500_000);
/// Reads or writes of a connection that do not wait, between two looks at the clock.
const TRANSFERS: u32 = 4;

/// What all tasks of a worker use together.
struct Floor {
    application: Application,
    today: Today,
    /// How long a connection may stay idle; `None`: it is closed after each response.
    keepalive: Option<Elapsed>,
    pool: Pool,
}

/// Connections to services that no call uses just now.
struct Pool {
    services: Vec<SocketAddr>,
    idle: RefCell<Vec<Vec<Watched>>>,
}

/// A connection to a service, and what the hub knows of it.
struct Watched {
    link: Link,
    watch: Watch,
}

impl Pool {
    /// A pool with one connection to each service.
    fn open(shared: &Rc<Shared>, services: &[SocketAddr]) -> sys::Result<Self> {
        let mut idle = Vec::new();
        for service in services {
            let link = Link::connect(*service).doing("connect to a service")?;
            let watch = shared.watch(&link)?;
            idle.push(vec![Watched { link, watch }]);
        }
        Ok(Self {
            services: services.to_vec(),
            idle: RefCell::new(idle),
        })
    }

    fn take(&self, service: usize) -> Option<Watched> {
        self.idle.borrow_mut()[service].pop()
    }

    fn give_back(&self, service: usize, watched: Watched) {
        self.idle.borrow_mut()[service].push(watched);
    }
}

/// The World of one connection of a coroutine worker: waits park, unless they are unpatched.
struct Cooperative<'seat, 'task> {
    seat: &'seat mut Seat<'task>,
    floor: &'seat Floor,
    socket: TcpStream,
    channel: Watch,
    received_at: Stamp,
    tally: Tally,
    roll_mark: RollMark,
    /// Reads and writes since the clock was last looked at.
    transfers: u32,
}

impl<'seat, 'task> Cooperative<'seat, 'task> {
    fn new(
        seat: &'seat mut Seat<'task>,
        floor: &'seat Floor,
        socket: TcpStream,
        channel: Watch,
        accepted: Stamp,
    ) -> Self {
        let tally = Tally::of_a_guest(seat.id.0, accepted);
        let roll_mark = seat.shared.roll.borrow().mark();
        seat.shared.could_run_since(accepted);
        Self {
            seat,
            floor,
            socket,
            channel,
            received_at: accepted,
            tally,
            roll_mark,
            transfers: 0,
        }
    }

    fn probe(&self) -> &Probe {
        &self.seat.shared.probe
    }

    /// Parks, and says from when to when: the instants at which its runs ended and began.
    fn park<T>(&mut self, park: impl FnOnce(&mut Self) -> T) -> (T, Stamp, Stamp) {
        self.seat.request = self.tally.works_for();
        let parked = park(self);
        self.tally.stretch_begins();
        self.probe().runs_request(self.tally.request);
        (parked, self.seat.let_go, self.seat.shared.resumed.get())
    }

    /// Lets the others go first if the task has run for its share: a socket that is always ready never
    /// parks it, and its hub could neither serve others nor beat.
    /// Says whether it did.
    fn be_fair(&mut self) -> bool {
        let shared = &self.seat.shared;
        let has_run_long = shared.probe.now().since(shared.resumed.get()) >= SHARE;
        if has_run_long {
            self.let_go();
        }
        has_run_long
    }

    /// Notes a read or a write that did not wait; says whether others went first.
    fn transfer(&mut self) -> bool {
        self.transfers = self.transfers.wrapping_add(1);
        self.transfers.is_multiple_of(TRANSFERS) && self.be_fair()
    }

    fn was_parked(&mut self, begun: Stamp, over: Stamp, resumed: Stamp, wait: Wait) {
        self.seat.shared.could_run_since(over.max(begun));
        if self.tally.has_come() {
            let probe = &self.seat.shared.probe;
            let length = self.tally.waited(probe, (begun, over, resumed), wait);
            self.tally.spent.parked += length;
            self.tally.spent.let_go += 1;
        }
    }

    /// Parks until the client's socket may grant the wish.
    fn wait_for_client(&mut self, wish: Wish, patience: Patience) -> io::Result<()> {
        let (waited, begun, resumed) = self.park(|line| {
            line.seat
                .wait_for(&line.channel, wish, Pause::Client, patience)
        });
        let polled = self.seat.shared.polled.get();
        self.was_parked(begun, polled, resumed, Wait::Client);
        waited.map_err(|TooLong| ErrorKind::TimedOut.into())
    }

    /// A connection to the service that no other call uses.
    fn link_to(&mut self, service: usize) -> io::Result<Watched> {
        if let Some(watched) = self.floor.pool.take(service) {
            return Ok(watched);
        }
        let link = Link::begin(self.floor.pool.services[service])?;
        let watch = self.seat.shared.watch(&link);
        let watch = watch.map_err(|error| error.source)?;
        // On one machine it is mostly through at once; parking all the same would send the call only
        // after whoever computes next.
        if !link.is_connected() {
            let (begun, resumed) = self.wait_for_service(&watch, Wish::Write);
            let polled = self.seat.shared.polled.get();
            self.was_parked(begun, polled, resumed, Wait::Connection);
            link.finish_connect()?;
        }
        Ok(Watched { link, watch })
    }

    /// Parks until the service's socket may grant the wish.
    fn wait_for_service(&mut self, watch: &Watch, wish: Wish) -> (Stamp, Stamp) {
        let (_, begun, resumed) = self.park(|line| {
            let seat = &mut *line.seat;
            seat.wait_for(watch, wish, Pause::Service, Patience::ENDLESS)
        });
        (begun, resumed)
    }

    fn call_parked(&mut self, watched: &mut Watched, wait: Elapsed) -> io::Result<()> {
        watched.link.ask(wait, self.tally.request)?;
        loop {
            let (begun, resumed) = self.wait_for_service(&watched.watch, Wish::Read);
            if let Some(answer) = watched.link.take_answer()? {
                let call = Wait::for_answer(begun, &answer, wait);
                self.was_parked(begun, answer.written, resumed, call);
                return Ok(());
            }
            // A part of the answer has come: it is being served.
            let call = Wait::Call {
                connected: begun,
                served: begun,
            };
            self.was_parked(begun, self.seat.shared.polled.get(), resumed, call);
        }
    }

    fn call_blocked(&mut self, watched: &mut Watched, wait: Elapsed) -> io::Result<()> {
        let request = self.tally.request;
        let call = || watched.link.call_blocking(wait, request);
        let probe = &self.seat.shared.probe;
        let (answer, _) = self
            .tally
            .block(probe, call, |answer, from, to| match answer {
                Ok(answer) => (answer.written, Wait::for_answer(from, answer, wait)),
                Err(_) => (to, Wait::Connection),
            });
        answer.map(drop)
    }
}

impl World for Cooperative<'_, '_> {
    fn compute(&mut self, cpu: CpuTime) {
        self.tally.compute(&self.seat.shared.probe, cpu);
    }

    fn call(&mut self, service: usize, wait: Elapsed, manner: Manner) -> Result<(), CallFailed> {
        let mut watched = self.link_to(service)?;
        match manner {
            Manner::Patched => self.call_parked(&mut watched, wait)?,
            Manner::Unpatched => self.call_blocked(&mut watched, wait)?,
            Manner::InThreads => unreachable!("refused before it is played"),
        }
        self.floor.pool.give_back(service, watched);
        Ok(())
    }

    fn sleep(&mut self, wait: Elapsed, manner: Manner) {
        let deadline = self.probe().now() + wait;
        match manner {
            Manner::Patched => {
                let ((), begun, resumed) =
                    self.park(|line| line.seat.pause(Pause::Timer(deadline)));
                self.was_parked(begun, deadline, resumed, Wait::Timer);
            }
            Manner::InThreads => unreachable!("refused before it is played"),
            Manner::Unpatched => {
                let probe = &self.seat.shared.probe;
                let sleep = || probe.clock().sleep_until(deadline);
                self.tally
                    .block(probe, sleep, |(), _, _| (deadline, Wait::Timer));
            }
        }
    }

    fn let_go(&mut self) {
        let ((), begun, resumed) = self.park(|line| line.seat.pause(Pause::Yield));
        self.was_parked(begun, begun, resumed, Wait::Timer);
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
                Ok(count) => {
                    bytes = &bytes[count..];
                    if !bytes.is_empty() {
                        self.transfer();
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let until = self.probe().now() + connection::SEND;
                    self.wait_for_client(Wish::Write, Patience::until(until))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn date(&self) -> Date {
        self.floor.today.at(self.received_at)
    }

    fn spent(&self) -> Spent {
        let roll = self.seat.shared.roll.borrow();
        Spent {
            others: roll.others_since(self.roll_mark, self.seat.id),
            ..self.tally.spent
        }
    }
}

impl Line for Cooperative<'_, '_> {
    fn receive(&mut self, room: &mut [u8], patience: Patience) -> io::Result<usize> {
        loop {
            if !self.channel.readable.get() {
                self.wait_for_client(Wish::Read, patience)?;
            } else if self.transfer() && patience.until <= self.seat.shared.polled.get() {
                return Err(ErrorKind::TimedOut.into());
            }
            match self.socket.read(room) {
                Ok(count) => {
                    // A short read has taken all there was: the kernel will say when there is more
                    // (epoll(7), question 9). Once the peer has closed it will say nothing again.
                    let drained = count < room.len() && !self.channel.closing.get();
                    self.channel.readable.set(!drained);
                    self.received_at = self.seat.shared.resumed.get();
                    if !self.tally.has_come() {
                        self.roll_mark = self.seat.shared.roll.borrow().mark();
                    }
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.channel.readable.set(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn read_now(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.socket.read(room)
    }

    fn goes_on(&mut self) {
        self.be_fair();
    }

    fn hang_up(&mut self) {
        // A client that is gone already sees nothing.
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    fn keeps(&self) -> Option<Elapsed> {
        self.floor
            .keepalive
            .filter(|_| !self.seat.shared.stopping.get())
    }

    fn received_at(&self) -> Stamp {
        self.received_at
    }

    fn tally(&mut self) -> (&mut Tally, &Probe) {
        (&mut self.tally, &self.seat.shared.probe)
    }
}

impl Drop for Cooperative<'_, '_> {
    fn drop(&mut self) {
        let probe = &self.seat.shared.probe;
        self.tally.end(probe, probe.now(), false);
        self.seat.request = self.tally.works_for();
    }
}
