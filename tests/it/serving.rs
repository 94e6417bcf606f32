//! A server started as the driver starts it, with its scoreboard in the test's hands.
//!
//! The arbiter and its workers are the built program's; the test reads them as the recorder does, through
//! shared memory, and as a client does, through sockets.

use std::io::{BufRead, BufReader, PipeWriter, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::process::{Child, Command, Stdio};

use concsim::handler::Access;
use concsim::scenario::{self, Overrides};
use concsim::server::arbiter::Orders;
use concsim::sys::clock::Clock;
use concsim::telemetry::{ChildMessage, RINGS_BY_DEFAULT, Scoreboard, Slot, Telemetry};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::io::{FdFlags, fcntl_setfd};

/// A running server; killed on drop.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) scoreboard: Scoreboard,
    arbiter: Child,
    /// Held, never written to: the server ends with the test.
    _lifeline: PipeWriter,
}

impl Serving {
    /// Serves the first variant of a scenario without services, and waits until it is ready.
    pub(crate) fn start(scenario: &str) -> Self {
        let (serving, text) = Self::try_start(scenario, Vec::new());
        text.unwrap_or_else(|reason| panic!("the server failed to {reason}"));
        serving
    }

    /// Serves the first variant of a scenario whose services are at these addresses, and waits until it is
    /// ready or reports that it cannot be.
    pub(crate) fn try_start(
        scenario: &str,
        services: Vec<SocketAddr>,
    ) -> (Self, Result<(), String>) {
        let board = Scoreboard::new(RINGS_BY_DEFAULT).expect("shared memory can be made");
        let (lifeline, kept_end) = std::io::pipe().expect("a pipe can be made");
        let inherited = [board.descriptor(), lifeline.as_fd()];
        let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
        command
            .arg("__arbiter")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for descriptor in inherited {
            fcntl_setfd(descriptor, FdFlags::empty()).expect("it may be inherited");
            command.arg(descriptor.as_raw_fd().to_string());
        }
        let mut arbiter = command.spawn().expect("the built program starts");
        let mut input = arbiter.stdin.take().expect("its input is a pipe");
        input
            .write_all(&orders(scenario, services))
            .expect("it reads its orders");
        drop(input);
        let ready = address_when_ready(&mut arbiter);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let serving = Self {
            address: *ready.as_ref().unwrap_or(&nowhere),
            scoreboard: board,
            arbiter,
            _lifeline: kept_end,
        };
        (serving, ready.map(drop))
    }

    /// Returns the slot of worker 0.
    pub(crate) fn worker(&self) -> &Slot {
        self.scoreboard.slot(0)
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) fn stop(&mut self) {
        signal(self.arbiter.id(), Signal::SIGTERM);
        let status = self.arbiter.wait().expect("it is our child");
        assert!(
            status.success(),
            "a server that was asked to stop ended with {status}"
        );
    }
}

fn orders(scenario: &str, services: Vec<SocketAddr>) -> Vec<u8> {
    let plan = scenario::read(scenario, "a test", &Overrides::default())
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let orders = Orders {
        clock: Clock::starting_now(),
        scenario: plan.variants[0].scenario.clone(),
        services,
        bind: "127.0.0.1:0".parse().expect("an address"),
        telemetry: Telemetry::On,
        access: Access::default(),
    };
    serde_json::to_vec(&orders).expect("orders are always JSON")
}

fn address_when_ready(arbiter: &mut Child) -> Result<SocketAddr, String> {
    let output = arbiter.stdout.take().expect("its output is a pipe");
    for line in BufReader::new(output).lines() {
        match ChildMessage::from_line(&line.expect("it says text")) {
            ChildMessage::Ready { addresses } => return Ok(addresses[0]),
            ChildMessage::Failed { reason } => return Err(reason),
            ChildMessage::Note { .. } | ChildMessage::Redirected { .. } => {}
        }
    }
    panic!("the server ended before it was ready");
}

/// Sends a signal to a process of the server's.
pub(crate) fn signal(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).expect("the process is there");
}

impl Drop for Serving {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.arbiter.kill();
        let _ = self.arbiter.wait();
    }
}
