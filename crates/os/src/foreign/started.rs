//! A foreign server that the observer starts, and ends with everything that it has started.

use std::io::{self, Read as _, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::app::AppFolder;
use super::control::{Control, Stop};
use super::orders::{Failure, Orders};
use super::sight::{LOOK_EVERY, Sight};
use crate::sys::foreign::{ForeignProgram, signal_group};
use crate::sys::signals::{self, Signal};
use crate::sys::{ErrorContext as _, fork, processes};
use crate::telemetry::{ChildMessage, Scoreboard};
use concsim_model::scenario::command::Places;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::describe_termination;

/// Time limit for the server's answer to a first request.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
/// Time limit for the end of killed processes.
const KILL_PATIENCE: Elapsed = Elapsed::from_secs(1);

/// The started server, and its observation.
pub(super) struct Started<'a> {
    orders: Orders,
    scoreboard: &'a Scoreboard,
    control: Control<'a>,
    address: SocketAddr,
    command: String,
    program: ForeignProgram,
    /// End of the started process, if it has ended.
    ended: Option<i32>,
    sight: Sight<'a>,
    /// Removed with the observer.
    _folder: AppFolder,
}

impl<'a> Started<'a> {
    /// Starts the server.
    pub(super) fn start(
        orders: Orders,
        scoreboard: &'a Scoreboard,
        control: Control<'a>,
    ) -> Result<Self, Failure> {
        let address = free_address()?;
        let server = &orders.scenario.server;
        let folder = AppFolder::make(server)?;
        let host = address.ip().to_string();
        let places = Places {
            host: &host,
            port: address.port(),
            app: folder.path(),
        };
        let arguments = server.arguments(places).unwrap_or_default();
        let environment = folder.environment(&orders.scenario, &orders.services);
        let program = ForeignProgram::start(&arguments, &environment, server.nice)?;
        let group = &scoreboard.run().foreign.group;
        group.store(u64::from(program.pid()), Ordering::Release);
        let place = (program.pid(), address.port());
        let counts = Some(folder.counts());
        Ok(Self {
            scoreboard,
            control,
            address,
            command: arguments.join(" "),
            sight: Sight::of(place, counts, (orders.clock, scoreboard)),
            program,
            ended: None,
            _folder: folder,
            orders,
        })
    }

    fn now(&self) -> Stamp {
        self.orders.clock.now()
    }

    /// Observes until there is a reason to stop.
    pub(super) fn observe(&mut self, output: &mut dyn Write) -> Result<Stop, Failure> {
        let mut is_up = false;
        loop {
            if let Some(stop) = self.wait(LOOK_EVERY) {
                return Ok(stop);
            }
            self.reap();
            if let Some(status) = self.ended {
                return Err(self.failure(status));
            }
            if is_up {
                self.sight.look();
            } else if answers(self.address) {
                is_up = true;
                self.sight.look();
                let addresses = vec![self.address];
                // If the driver no longer reads, the lifeline says so too.
                let _ = ChildMessage::Ready { addresses }.write_line(&mut &mut *output);
            }
        }
    }

    /// Waits for `length`, or until a signal or output comes. Returns the reason to stop, if there is one.
    fn wait(&mut self, length: Elapsed) -> Option<Stop> {
        let stop = self.control.wait(length);
        self.program.read_output();
        stop
    }

    /// Reaps all processes that have ended: the server, and those whose parents have ended.
    fn reap(&mut self) {
        while let Some(death) = fork::reap() {
            if death.pid == self.program.pid() {
                self.ended = Some(death.status);
            }
        }
    }

    fn failure(&mut self, status: i32) -> Failure {
        self.program.read_output();
        let mut output = String::new();
        for line in self.program.newest_lines() {
            output.push_str("\n  ");
            output.push_str(line);
        }
        Failure::Ended {
            command: self.command.clone(),
            how: describe_termination(status, None, None),
            output,
        }
    }

    /// Ends the server and everything that it has started; first asks it, if there is time.
    pub(super) fn end(&mut self, is_graceful: bool) {
        let group = self.program.pid();
        if is_graceful && self.ended.is_none() {
            signals::send(group, Signal::Terminate);
            let limit = self.now() + self.orders.scenario.server.graceful_timeout;
            while self.ended.is_none() && self.now() < limit {
                if self.wait(LOOK_EVERY) == Some(Stop::Quick) {
                    break;
                }
                self.sight.look_at_workers();
                self.reap();
            }
        }
        let limit = self.now() + KILL_PATIENCE;
        loop {
            signal_group(group, Signal::Kill);
            self.reap();
            let left = processes::children_of(std::process::id());
            if left.is_empty() || self.now() >= limit {
                break;
            }
            for pid in left {
                signals::send(pid, Signal::Kill);
            }
            self.wait(Elapsed::from_millis(1));
        }
        self.sight.look_at_workers();
        self.scoreboard
            .run()
            .foreign
            .group
            .store(0, Ordering::Release);
    }
}

/// Returns an address at which nothing listens now.
fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).doing("find a free port")?;
    Ok(listener.local_addr().doing("find a free port")?)
}

/// True if a server at this address answers a request, with whatever status.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> io::Result<bool> {
        let mut server = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
        server.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        write!(
            server,
            "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut first = [0; 5];
        server.read_exact(&mut first)?;
        Ok(first == *b"HTTP/")
    };
    ask().unwrap_or(false)
}
