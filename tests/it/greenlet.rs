//! The switch law, for this program's coroutines and for real greenlets.
//!
//! The same byte scripts are played to a coroutine worker and to a small server of real greenlets, whose
//! own trace hook counts. A worker is stopped (SIGSTOP) while the client acts, and continued at the
//! script's `settle`: so it finds the same input every time, however busy the machine is.

#![cfg(target_os = "linux")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use concsim::sys::processes::{ProcStat, whereabouts_of};
use concsim::telemetry::Phase;
use nix::sys::signal::Signal;
use serde::Deserialize;

use crate::serving::{Serving, signal};

const HELLO: &str = r#"
[server]
kind = "coroutine"
keepalive = "60s"

[requests.hello]
steps = ["write 2B"]

[load]
clients = 1
"#;

#[derive(Deserialize)]
struct Script {
    name: String,
    moves: Vec<String>,
}

/// Counts that three sources must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Counts {
    /// Hub to task and task to hub.
    switches: u64,
    waits: u64,
    tasks: u64,
}

impl Counts {
    fn of(serving: &Serving) -> Self {
        let read = |word: &AtomicU64| word.load(Ordering::Relaxed);
        let worker = serving.worker();
        Self {
            switches: read(&worker.coroutine_switches),
            waits: read(&worker.waits),
            tasks: read(&worker.tasks),
        }
    }

    fn since(self, before: Self) -> Self {
        Self {
            switches: self.switches - before.switches,
            waits: self.waits - before.waits,
            tasks: self.tasks - before.tasks,
        }
    }

    fn obeys_switch_law(self) -> bool {
        self.switches == 2 * (self.waits + self.tasks)
    }
}

fn peer(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("benches/peers")
        .join(file)
}

fn scripts() -> Vec<Script> {
    let text = std::fs::read_to_string(peer("byte_scripts.json")).expect("the scripts are there");
    serde_json::from_str(&text).expect("the scripts are JSON")
}

/// Client of one script, and its worker.
struct Stage<'a> {
    serving: &'a Serving,
    client: Option<TcpStream>,
    /// Number of switches when the worker was stopped; `None` while it may run.
    stopped_at: Option<u64>,
}

impl Stage<'_> {
    fn play(&mut self, step: &str) {
        if step == "settle" {
            return self.settle();
        }
        self.hold_the_worker();
        match step.split_once(':') {
            Some(("send", bytes)) => {
                let client = self.client.as_mut().expect("it is connected");
                client
                    .write_all(bytes.as_bytes())
                    .expect("the kernel takes it");
            }
            _ if step == "connect" => {
                self.client = TcpStream::connect(self.serving.address).ok();
            }
            _ if step == "close" => read_what_is_there(self.client.take()),
            _ => panic!("no such move: {step}"),
        }
    }

    fn hold_the_worker(&mut self) {
        if self.stopped_at.is_none() {
            signal(self.pid(), Signal::SIGSTOP);
            wait_until("the worker is stopped", || self.proc_stat().stopped);
            self.stopped_at = Some(Counts::of(self.serving).switches);
        }
    }

    /// Lets the worker run until it has run a task, and sleeps in its poller.
    fn settle(&mut self) {
        let before = self.stopped_at.take().expect("something happened before");
        signal(self.pid(), Signal::SIGCONT);
        wait_until("the worker has settled", || {
            let place = self.proc_stat();
            let asleep = !place.stopped && !place.runnable;
            let idle = self.serving.worker().phase() == Some(Phase::Idle);
            asleep && idle && Counts::of(self.serving).switches > before
        });
    }

    fn proc_stat(&self) -> ProcStat {
        whereabouts_of(self.pid()).expect("the worker lives")
    }

    fn pid(&self) -> u32 {
        let pid = self.serving.worker().pid.load(Ordering::Relaxed);
        u32::try_from(pid).expect("a process id")
    }
}

/// Drains a socket: closed with unread answers, it would reset its connection.
fn read_what_is_there(client: Option<TcpStream>) {
    let mut client = client.expect("it is connected");
    client.set_nonblocking(true).expect("it is a socket");
    match client.read_to_end(&mut Vec::new()) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
        other => panic!("the connection was open: {other:?}"),
    }
}

/// Waits for a condition without a time limit.
#[expect(
    clippy::disallowed_methods,
    reason = "a test waits for other processes"
)]
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    const LOOKS: u32 = 30_000;
    for _ in 0..LOOKS {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("gave up waiting until {what}");
}

/// Plays every script to one coroutine worker, and returns the counts of each.
fn our_counts() -> Vec<(String, Counts)> {
    let mut serving = Serving::start(HELLO);
    let mut counts = Vec::new();
    for script in scripts() {
        let before = Counts::of(&serving);
        let mut stage = Stage {
            serving: &serving,
            client: None,
            stopped_at: None,
        };
        for step in &script.moves {
            stage.play(step);
        }
        counts.push((script.name, Counts::of(&serving).since(before)));
    }
    serving.stop();
    let life = Counts::of(&serving);
    assert!(
        life.obeys_switch_law(),
        "over the worker's whole life: {life:?}"
    );
    counts
}

#[test]
fn a_coroutine_worker_switches_as_often_as_real_greenlets() {
    let ours = our_counts();
    for (name, counts) in &ours {
        assert!(counts.obeys_switch_law(), "{name}: {counts:?}");
    }
    let python = std::env::var("CONCSIM_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_greenlet = Command::new(&python)
        .args(["-c", "import greenlet"])
        .output();
    if !has_greenlet.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED: {python} has no greenlet; the law was held, no real greenlet was asked"
        );
        return;
    }
    let output = Command::new(&python)
        .arg(peer("greenlet_switches.py"))
        .arg(peer("byte_scripts.json"))
        .output()
        .expect("python ran a moment ago");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let theirs: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    for (name, counts) in ours {
        let traced = Counts::deserialize(&theirs[name.as_str()]).expect("three counts a script");
        assert_eq!(counts, traced, "{name}: ours, and greenlet's own");
    }
}
