//! The peer: `SimPy`, in a process that plays a queue on command.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{ARRIVALS, Played, SERVICES};

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../benches/peers/simpy_mm4.py"
);
/// Path of Python in the README of the peers.
const INSTALLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/bin/python");

/// A Python process with `SimPy` that waits for commands; it ends when this is dropped.
pub(crate) struct SimPy {
    /// Its name, with versions.
    pub(crate) name: String,
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl SimPy {
    /// Starts the process; [`None`] if no Python has `SimPy`.
    pub(crate) fn start() -> Option<Self> {
        let named = std::env::var("CONCSIM_PYTHON").ok();
        let pythons = match &named {
            Some(named) => vec![named.as_str()],
            None => vec![INSTALLED, "python3"],
        };
        pythons.into_iter().find_map(Self::of)
    }

    fn of(python: &str) -> Option<Self> {
        let mut command = Command::new(python);
        command.arg(SCRIPT).stderr(Stdio::null());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let (orders, answers) = (child.stdin.take(), child.stdout.take()?);
        let mut simpy = Self {
            name: String::new(),
            child,
            orders,
            answers: BufReader::new(answers),
        };
        simpy.name = simpy.line()?;
        Some(simpy)
    }

    /// Plays a queue of `customers` customers.
    pub(crate) fn play(&mut self, seed: u64, customers: u64) -> Option<Played> {
        let orders = self.orders.as_mut()?;
        writeln!(orders, "{seed} {customers} {ARRIVALS} {SERVICES}").ok()?;
        let line = self.line()?;
        let (seconds, mean) = line.split_once(' ')?;
        Some(Played {
            seconds: seconds.parse().ok()?,
            mean: mean.parse().ok()?,
        })
    }

    /// Returns its next line; [`None`] if the process has ended.
    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        let line = line.trim_end();
        (!line.is_empty()).then(|| line.to_owned())
    }
}

impl Drop for SimPy {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.child.wait();
    }
}
