//! A `concsim run` of the built program with all its processes: these are found by a mark in their
//! environment, which children inherit, so that the set is complete and exact.

#![expect(
    clippy::unwrap_used,
    reason = "a harness that cannot go on fails its test"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::serve_process::until;

const MARK: &str = "CONCSIM_TEST_MARK";

/// Role of a process in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Driver,
    Arbiter,
    Observer,
    Worker,
    Load,
    Services,
    RecordingWriter,
}

/// All processes that carry one mark.
#[derive(Clone, Debug)]
pub(crate) struct MarkedProcesses(String);

impl MarkedProcesses {
    /// Returns a mark that no other process carries.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{}-{count}", std::process::id()))
    }

    /// Marks a command: its process and their children carry the mark.
    pub(crate) fn put_on(&self, command: &mut Command) {
        command.env(MARK, &self.0);
    }

    /// Returns the live processes, without zombies.
    pub(crate) fn all(&self) -> Vec<(Pid, Role)> {
        let pids = self.of_any_program().into_iter();
        pids.filter_map(|pid| Some((pid, role_of(pid)?))).collect()
    }

    /// Returns the live processes, those of other programs too.
    pub(crate) fn of_any_program(&self) -> Vec<Pid> {
        let entries = std::fs::read_dir("/proc").unwrap().map_while(Result::ok);
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let pids = numbers.map(Pid::from_raw);
        pids.filter(|pid| self.is_on(*pid)).collect()
    }

    fn is_on(&self, pid: Pid) -> bool {
        let mark = format!("{MARK}={}", self.0);
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
    }

    /// Returns the processes of one role.
    pub(crate) fn of(&self, role: Role) -> Vec<Pid> {
        let all = self.all().into_iter();
        all.filter(|(_, its)| *its == role)
            .map(|(pid, _)| pid)
            .collect()
    }

    /// Waits until there is a process of this role, and returns it.
    pub(crate) fn one(&self, role: Role) -> Pid {
        let mut found = Vec::new();
        until(&format!("there is a {role:?}"), || {
            found = self.of(role);
            !found.is_empty()
        });
        found[0]
    }

    /// Waits until no process is left.
    pub(crate) fn until_all_are_gone(&self) {
        let mut left = Vec::new();
        until(&format!("{self:?} are all gone"), || {
            left = self.all();
            left.is_empty()
        });
    }
}

/// Returns the role; `None` if the process has just ended.
fn role_of(pid: Pid) -> Option<Role> {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = String::from_utf8_lossy(&line);
    let mut words = line.split('\0');
    words.next().filter(|program| program.contains("concsim"))?;
    Some(match words.next()? {
        "__load" => Role::Load,
        "__services" => Role::Services,
        "__observer" => Role::Observer,
        "__keeper" => Role::RecordingWriter,
        "__arbiter" if is_arbiter(parent_of(pid)?) => Role::Worker,
        "__arbiter" => Role::Arbiter,
        _ => Role::Driver,
    })
}

fn is_arbiter(pid: Pid) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0)
        .any(|word| word == b"__arbiter")
}

fn parent_of(pid: Pid) -> Option<Pid> {
    stat(pid, 1)?.parse().ok().map(Pid::from_raw)
}

/// Returns the state `R`, `S`, `T`, …: `proc_pid_stat(5)`.
pub(crate) fn state_of(pid: Pid) -> Option<char> {
    stat(pid, 0)?.chars().next()
}

/// True if a thread of the process has a core or wants one.
pub(crate) fn computes(pid: Pid) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().filter_map(Result::ok);
    let mut states = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.path().join("stat")).ok()?;
        stat.rsplit_once(')')?.1.trim_start().chars().next()
    });
    states.any(|state| state == 'R')
}

/// Returns a field of `/proc/PID/stat`, counted from the one after the name.
fn stat(pid: Pid, field: usize) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(field).map(str::to_owned)
}

/// Returns the port of a run's server: that of the one listening socket of its arbiter.
pub(crate) fn port_of(arbiter: Pid) -> u16 {
    let links = std::fs::read_dir(format!("/proc/{arbiter}/fd")).expect("the arbiter is there");
    let links = links.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let sockets: Vec<String> = links
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_owned())
        })
        .collect();
    let table = std::fs::read_to_string("/proc/net/tcp").expect("the table of sockets");
    // proc_net_tcp(5): local address, remote address, state (0A: listening), …, inode.
    let port = table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let is_its = fields.get(3) == Some(&"0A") && sockets.iter().any(|it| it == fields[9]);
        let (_, port) = fields.get(1)?.rsplit_once(':')?;
        is_its.then(|| u16::from_str_radix(port, 16).expect("a port in hexadecimal digits"))
    });
    port.expect("the arbiter listens")
}

/// Returns the number of open sockets of a process, each counted once.
pub(crate) fn sockets_of(pid: Pid) -> usize {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return 0;
    };
    let links = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let sockets: BTreeSet<_> = links
        .filter(|link| link.to_string_lossy().starts_with("socket:"))
        .collect();
    sockets.len()
}

/// A run in progress.
pub(crate) struct Played {
    pub(crate) processes: MarkedProcesses,
    driver: Child,
    messages: Receiver<String>,
    _scratch: tempfile::TempDir,
}

/// Result of a run.
#[derive(Debug)]
pub(crate) struct RunResult {
    pub(crate) status: ExitStatus,
    /// The summary; null if there is none.
    pub(crate) summary: Value,
    pub(crate) messages: String,
}

impl RunResult {
    /// Returns the only run of the summary.
    pub(crate) fn run(&self) -> &Value {
        assert_eq!(
            self.summary["runs"].as_array().map(Vec::len),
            Some(1),
            "{self:#?}"
        );
        &self.summary["runs"][0]
    }

    /// Returns the codes of the reasons not to trust the run.
    pub(crate) fn doubts(&self) -> Vec<&str> {
        let because = self.run()["because"].as_array().unwrap();
        let codes = because.iter().map(|reason| reason["code"].as_str());
        codes.map(Option::unwrap).collect()
    }

    /// Returns the number of failed requests, of any kind.
    pub(crate) fn failed(&self) -> u64 {
        let failed = &self.run()["failed"];
        let kinds = ["refused", "reset", "timeout", "status"];
        kinds
            .map(|kind| failed[kind].as_u64().unwrap())
            .iter()
            .sum()
    }
}

impl Played {
    /// Plays this scenario without a screen.
    pub(crate) fn begin(scenario: &str) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("scenario.toml");
        std::fs::write(&path, scenario).unwrap();
        let processes = MarkedProcesses::new();
        let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
        processes.put_on(&mut command);
        command.env("XDG_STATE_HOME", scratch.path());
        let mut driver = command
            .arg("run")
            .arg(path)
            .arg("--json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(driver.stderr.take().unwrap());
        let (report, text) = channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                // A failed test has dropped the receiver.
                let _ = report.send(line);
            }
        });
        Self {
            processes,
            driver,
            messages: text,
            _scratch: scratch,
        }
    }

    /// Sends a signal to the driver.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.driver.id().cast_signed()), signal).unwrap();
    }

    /// Waits for the end of the driver, and of all other processes.
    pub(crate) fn end(mut self) -> RunResult {
        let mut text = String::new();
        let output = self.driver.stdout.as_mut().unwrap();
        output.read_to_string(&mut text).unwrap();
        let status = self.driver.wait().unwrap();
        self.processes.until_all_are_gone();
        let line: Vec<String> = self.messages.iter().collect();
        RunResult {
            status,
            summary: serde_json::from_str(&text).unwrap_or_default(),
            messages: line.join("\n"),
        }
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        // A failed test leaves no process behind.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
