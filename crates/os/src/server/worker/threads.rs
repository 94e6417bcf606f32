//! The worker with threads: a [`World`](crate::handler::World) for each thread. A wait blocks the thread.
//!
//! ```text
//!   main thread:  poll ──▶ accept one connection ──▶ queue it for the threads ──▶ poll …
//!                  ▲          └── an idle connection has its next request ──▶ queue it
//!                  │
//!   threads:       └── take a connection ──▶ serve one request ──▶ close it, or give it back ──▶ take …
//!                                               └── a wait ──▶ block this thread; the others run
//! ```
//!
//! The loop is gunicorn's (`workers/gthread.py`). The main thread polls, accepts and beats, once a second at
//! least, so a request that takes long does not make the worker silent. It accepts one connection a turn while the
//! worker has fewer than `server.connections`, whether a thread is free or not: a client may wait inside a busy worker
//! while another worker is idle. Between two requests a connection waits in the main thread's poller and costs no
//! thread. Signals are the main thread's alone.
//!
//! With `server.gil`, threads compute one at a time: see [`ComputeLock`](crate::server::compute_lock). The
//! main thread needs no lock.
//!
//! The counterparts are the files `sync.rs` and `coroutine.rs`, in the same order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::{WorkerContext, exit};
use crate::handler::Application;
use crate::server::ACCEPT_PAUSE;
use crate::server::accounting::RequestAccounting;
use crate::server::blocking::{Blocking, Shared, ThreadContext};
use crate::server::connection::{self, Served};
use crate::server::date_cache::DateCache;
use crate::server::door::Listener;
use crate::server::log::log;
use crate::server::transport::Transport;
use crate::sys::poller::{Poller, Ready};
use crate::sys::signals::{self, Signal, Signals};
use crate::sys::{self, ErrorContext, net, pipe};
use crate::telemetry::{Phase, Probe};
use concsim_engine::policy::HEARTBEAT;
use concsim_engine::telemetry::task_number;
use concsim_model::units::{Elapsed, Stamp};

/// Tokens that are not of an idle connection.
const LISTENER: u64 = u64::MAX;
const SIGNALS: u64 = u64::MAX - 1;
const THREADS: u64 = u64::MAX - 2;

/// Serves until it is told to stop. Returns the exit code.
pub(super) fn serve(context: WorkerContext<'_>) -> sys::Result<i32> {
    let server = &context.config.scenario.server;
    let shared = Shared::open(
        &context.config.scenario,
        &context.config.services,
        context.config.pool,
        context.config.request_limit,
    )?;
    let (probe, probes) = context.probe.for_threads(server.threads);
    let (work, taken) = mpsc::channel();
    let (given_back, back) = mpsc::channel();
    let (wakes, wake) = pipe::nonblocking()?;
    let taken = Mutex::new(taken);
    let main = MainThread {
        probe: &probe,
        shared: &shared,
        listener: Some(context.listener),
        signals: context.signals,
        poller: Poller::new()?,
        wakes,
        idle: BTreeMap::new(),
        task_count: 0,
        most_connections: server.connections,
        busy_count: 0,
        at_the_door: false,
        door_closed_until: Stamp::ZERO,
        work,
        back,
    };
    thread::scope(|scope| {
        signals::start_threads_without(|| {
            for (index, probe) in probes.into_iter().enumerate() {
                let thread = PoolThread {
                    index,
                    probe,
                    date_cache: DateCache::default(),
                    application: &context.application,
                    shared: &shared,
                    taken: &taken,
                    given_back: given_back.clone(),
                    wake: &wake,
                };
                let builder = thread::Builder::new().name(format!("thread {index}"));
                builder
                    .spawn_scoped(scope, move || thread.serve())
                    .doing("start a thread")?;
            }
            Ok(())
        })?;
        // When it returns, the channel of work ends, and with it each thread.
        main.run()
    })?;
    exit(&probe);
    Ok(0)
}

/// Connection for a thread to serve.
struct Work {
    socket: TcpStream,
    /// Number of its task in events.
    task: u32,
    /// Instant at which it was accepted, or at which its next request came.
    since: Stamp,
    /// True if it was just accepted: its first request has begun.
    is_new: bool,
}

/// Connection between two requests.
struct IdleConnection {
    socket: TcpStream,
    /// Instant at which it is closed.
    until: Stamp,
}

/// The thread that accepts, and hands connections to the others.
struct MainThread<'worker> {
    probe: &'worker Probe,
    shared: &'worker Shared,
    /// `None` once it stops: a queue of its own is closed, and not left to its last request.
    listener: Option<Listener>,
    signals: Signals,
    poller: Poller,
    /// Pipe with a byte for each connection that a thread has served.
    wakes: File,
    /// Connections between two requests, by token: the first one is closed first.
    idle: BTreeMap<u64, IdleConnection>,
    /// Number of times that a connection was handed to a thread: the next task.
    task_count: u32,
    /// Number of connections that it has at most.
    most_connections: usize,
    /// Number of connections that are with threads, or wait for one.
    busy_count: usize,
    /// True if the poller reports the listener.
    at_the_door: bool,
    /// Instant at which accepts may resume.
    door_closed_until: Stamp,
    work: Sender<Work>,
    /// Connections that threads have served; `None` for one that has ended.
    back: Receiver<Option<TcpStream>>,
}

impl MainThread<'_> {
    /// Polls until the server stops and all requests are answered.
    fn run(mut self) -> sys::Result<()> {
        self.poller.add_listener(&self.signals, SIGNALS)?;
        self.poller.add_listener(&self.wakes, THREADS)?;
        let mut ready = Vec::new();
        while !(self.shared.is_stopping() && self.has_no_connection()) {
            let now = self.probe.now();
            let phase = if self.shared.is_stopping() {
                Phase::Draining
            } else {
                Phase::Idle
            };
            self.probe.phase(phase, now);
            self.watch_the_door(now)?;
            let timeout = self.poll_timeout(now);
            self.poller.wait(Some(timeout), &mut ready)?;
            self.probe.heartbeat(self.probe.now());
            for source in &ready {
                self.handle(*source)?;
            }
            if ready.is_empty() && timeout == HEARTBEAT && self.may_overlook_clients() {
                self.accept_connection(false);
            }
            if self.signals.take().contains(&Signal::Terminate) {
                self.shared.stop();
            }
            self.close_expired();
        }
        Ok(())
    }

    fn has_no_connection(&self) -> bool {
        self.busy_count == 0 && self.idle.is_empty()
    }

    /// True if it may have another connection.
    fn has_room(&self) -> bool {
        let count = self.busy_count + self.idle.len();
        count < self.most_connections && !self.shared.is_stopping()
    }

    /// Registers the listener, or removes it: a full worker leaves its clients to others.
    fn watch_the_door(&mut self, now: Stamp) -> sys::Result<()> {
        let wanted = self.has_room() && self.door_closed_until <= now;
        if wanted != self.at_the_door {
            match &self.listener {
                Some(listener) if wanted => listener.watch(&self.poller, LISTENER)?,
                Some(listener) => self.poller.remove(listener)?,
                None => {}
            }
            self.at_the_door = wanted;
        }
        if self.shared.is_stopping() {
            self.listener = None;
        }
        Ok(())
    }

    fn poll_timeout(&self, now: Stamp) -> Elapsed {
        let expires = self.idle.first_key_value().map(|(_, idle)| idle.until);
        let door = Some(self.door_closed_until).filter(|until| *until > now);
        let due = [expires, door].into_iter().flatten();
        due.map(|due| due.since(now)).fold(HEARTBEAT, Elapsed::min)
    }

    fn handle(&mut self, source: Ready) -> sys::Result<()> {
        match source.token {
            SIGNALS => {}
            LISTENER => self.accept_connection(true),
            THREADS => self.take_back()?,
            token => self.has_next_request(token)?,
        }
        Ok(())
    }

    /// True if a client may be at the door of which the poller says nothing.
    fn may_overlook_clients(&self) -> bool {
        let listener = self.listener.as_ref();
        self.at_the_door && listener.is_some_and(Listener::may_be_overlooked)
    }

    /// Accepts a connection, if it has room for one. `woken`: the poller has reported one.
    fn accept_connection(&mut self, woken: bool) {
        let Some(listener) = self.listener.as_ref().filter(|_| self.has_room()) else {
            return;
        };
        match listener.accept() {
            Ok(socket) => {
                let (since, task) = (self.probe.now(), task_number(self.task_count));
                self.probe
                    .accepted(since, task, net::client_number(&socket));
                self.hand_over(socket, since, true);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if woken {
                    self.probe.found_nothing();
                }
            }
            // The client had left before: accept(2), "ERRORS".
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                log(&format!("a connection could not be taken: {error}"));
                self.door_closed_until = self.probe.now() + ACCEPT_PAUSE;
            }
        }
    }

    /// Hands a connection to the next thread that is free.
    fn hand_over(&mut self, socket: TcpStream, since: Stamp, is_new: bool) {
        let task = task_number(self.task_count);
        self.task_count = self.task_count.wrapping_add(1);
        self.busy_count += 1;
        let work = Work {
            socket,
            task,
            since,
            is_new,
        };
        let sent = self.work.send(work);
        debug_assert!(sent.is_ok(), "the threads live as long as this one");
    }

    /// Takes connections that threads have served. Those that stay are idle from now on.
    fn take_back(&mut self) -> sys::Result<()> {
        let mut bytes = [0; 512];
        // The bytes only wake this thread.
        let _ = (&self.wakes).read(&mut bytes);
        while let Ok(served) = self.back.try_recv() {
            self.busy_count -= 1;
            let (Some(socket), Some(keepalive)) = (served, self.shared.keepalive()) else {
                continue;
            };
            let token = self.idle.last_key_value().map_or(0, |(last, _)| last + 1);
            self.poller.add_listener(&socket, token)?;
            let until = self.probe.now() + keepalive;
            self.idle.insert(token, IdleConnection { socket, until });
        }
        Ok(())
    }

    /// Hands an idle connection to a thread: its next request has come. Closes it if its client has left.
    fn has_next_request(&mut self, token: u64) -> sys::Result<()> {
        let Some(IdleConnection { socket, .. }) = self.idle.remove(&token) else {
            return Ok(());
        };
        self.poller.remove(&socket)?;
        if matches!(socket.peek(&mut [0]), Ok(1..)) {
            self.hand_over(socket, self.probe.now(), false);
        }
        Ok(())
    }

    /// Closes the connections that have been idle for too long.
    fn close_expired(&mut self) {
        let now = self.probe.now();
        while let Some(first) = self.idle.first_entry()
            && first.get().until <= now
        {
            first.remove();
        }
    }
}

/// One of the threads that serve.
struct PoolThread<'worker> {
    index: usize,
    probe: Probe,
    date_cache: DateCache,
    application: &'worker Application,
    shared: &'worker Shared,
    taken: &'worker Mutex<Receiver<Work>>,
    given_back: Sender<Option<TcpStream>>,
    wake: &'worker File,
}

impl PoolThread<'_> {
    /// Serves one connection after the other, until the main thread has ended.
    fn serve(self) {
        while let Some(work) = self.next() {
            // A panic closes the connection, and costs no other; the hook has reported it.
            let served = catch_unwind(AssertUnwindSafe(|| self.serve_one(work)));
            // A main thread that has ended needs neither the connection nor the byte, and a full pipe wakes it too.
            let _ = self.given_back.send(served.unwrap_or(None));
            let mut wake = self.wake;
            let _ = wake.write_all(&[0]);
        }
    }

    /// Waits for a connection. `None` once the main thread has ended.
    fn next(&self) -> Option<Work> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.recv().ok()
    }

    /// Serves the requests of a connection that have come. Returns the connection if it stays.
    fn serve_one(&self, work: Work) -> Option<TcpStream> {
        let (probe, began) = (&self.probe, self.probe.now());
        probe.runs_since(began);
        let accounting = if work.is_new {
            RequestAccounting::accepted(work.task, work.since)
        } else {
            RequestAccounting::of_kept_connection(probe, work.task, began)
        };
        let thread = ThreadContext {
            index: self.index,
            probe,
            date_cache: &self.date_cache,
            shared: self.shared,
        };
        let waits = Blocking::handed_over(&thread, accounting, work.since);
        let mut transport = Transport::new(work.socket, began, waits);
        let served = connection::serve(&mut transport, self.application);
        let socket = transport.into_socket();
        probe.end_run(began, probe.now());
        (served == Served::Idle).then_some(socket)
    }
}
