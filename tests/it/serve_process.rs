//! A server of the built program for a test: on a port of its own, requested with plain sockets, and killed
//! at the end of the test in every case.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a harness that cannot go on fails its test, and one that waits ends one day"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Time limit above that of any of these tests on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `concsim serve`.
pub(crate) struct ServeProcess {
    process: Child,
    address: SocketAddr,
    lines: Receiver<String>,
    /// Its messages so far.
    messages: Vec<String>,
    _scratch: tempfile::TempDir,
}

/// An answer: its status and its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl ServeProcess {
    /// Serves `server` (the keys of `[server]`) and `requests` (lines `name = [steps]`).
    pub(crate) fn open(server: &str, requests: &[(&str, &str)]) -> Self {
        Self::open_with(server, requests, &[])
    }

    /// Serves with more arguments.
    pub(crate) fn open_with(server: &str, requests: &[(&str, &str)], more: &[&str]) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("scenario.toml");
        std::fs::write(&path, scenario(server, requests)).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_concsim"))
            .args(["serve", path.to_str().unwrap(), "--bind", "127.0.0.1:0"])
            .args(["--allow-host", "test", "--allow-host", "a"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(process.stderr.take().unwrap());
        let (report, lines) = channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = report.send(line);
            }
        });
        let mut serve_process = Self {
            process,
            address: ([127, 0, 0, 1], 0).into(),
            lines,
            messages: Vec::new(),
            _scratch: scratch,
        };
        let line = serve_process.wait_for_line("is served by");
        let address = line
            .split_whitespace()
            .find_map(|word| word.strip_prefix("http://"));
        serve_process.address = address.unwrap().parse().unwrap();
        serve_process
    }

    /// Returns the first line with `words` in it, past or future.
    pub(crate) fn wait_for_line(&mut self, words: &str) -> String {
        if let Some(line) = self.messages.iter().find(|line| line.contains(words)) {
            return line.clone();
        }
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self
            .lines
            .recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            self.messages.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
        panic!("no message has `{words}`, only: {:#?}", self.messages);
    }

    /// Returns the address that it listens at.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Opens a connection and sends nothing.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a GET, and does not wait for the answer.
    pub(crate) fn begin(&self, path: &str) -> TcpStream {
        let mut stream = self.connect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// Sends a GET for a script that writes a first byte and has more to do, and waits until it has begun.
    pub(crate) fn begun(&self, path: &str) -> TcpStream {
        let mut stream = self.begin(path);
        stream.read_exact(&mut [0]).unwrap();
        stream
    }

    /// Returns the answer to a GET.
    pub(crate) fn get(&self, path: &str) -> Answer {
        answer(&mut self.begin(path)).expect("a whole answer")
    }

    /// Returns a worker's process id, from its own answer.
    pub(crate) fn a_worker(&self) -> Pid {
        let body = self.get("/").body;
        let digits = body
            .split("(pid ")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap();
        Pid::from_raw(digits.parse().unwrap())
    }

    /// Returns the master, which is every worker's parent.
    pub(crate) fn master(&self) -> Pid {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.a_worker())).unwrap();
        let fields = stat.rsplit_once(')').unwrap().1;
        Pid::from_raw(fields.split_whitespace().nth(1).unwrap().parse().unwrap())
    }

    /// Returns the process that was started.
    pub(crate) fn driver(&self) -> Pid {
        Pid::from_raw(self.process.id().cast_signed())
    }

    /// True if it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.try_wait().unwrap().is_some()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        kill(
            Pid::from_raw(self.process.id().cast_signed()),
            Signal::SIGINT,
        )
        .unwrap();
        self.process.wait().unwrap()
    }
}

impl Drop for ServeProcess {
    fn drop(&mut self) {
        // Its children die with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads the rest of a connection as an answer; `None` if it ended before there was a whole one.
pub(crate) fn answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    // A reset ends the reading like an end; the bytes before it count.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = body.to_owned();
    Some(Answer { status, body })
}

fn scenario(server: &str, requests: &[(&str, &str)]) -> String {
    use std::fmt::Write;
    let mut text = format!("[server]\n{server}\n[load]\nclients = 1\n");
    for (name, steps) in requests {
        writeln!(text, "[requests.{name}]\nsteps = [{steps}]").unwrap();
    }
    text
}

/// Waits until `is_so`, and panics with `what` at the time limit.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "it never was so that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
