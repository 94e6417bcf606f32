//! Compared servers: start, one request, and stop of each.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use concsim::http::{Framing, response};
use concsim::sys::processes::cpu_of;
use concsim::units::CpuTime;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");
/// Folder of the application that gunicorn serves.
const APP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/peers");
/// Number of tries, 50 ms apart, after which a server counts as not started.
const TRIES: u32 = 200;

/// A server that runs until this is dropped.
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// Its answer, head and body.
    pub(crate) answer: String,
    address: String,
    process: Process,
}

/// A process that is terminated, and waited for, when this is dropped.
struct Process {
    child: Child,
    /// Folder of its files; removed after it has ended.
    _scratch: Option<TempDir>,
}

impl Server {
    pub(crate) fn concsim() -> Result<Self, String> {
        Self::ours("concsim", "coroutine", &[])
    }

    /// Starts the same server without events from its worker.
    pub(crate) fn silent() -> Result<Self, String> {
        Self::ours("silent", "coroutine", &["--no-telemetry"])
    }

    pub(crate) fn callback() -> Result<Self, String> {
        Self::ours("callback", "callback", &[])
    }

    fn ours(name: &'static str, kind: &str, flags: &[&str]) -> Result<Self, String> {
        let address = free_address()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
        command.args(["serve", "hello", "--bind", &address]);
        command.args(["--set", "server.workers=1", "--variant", kind]);
        command.args(["--set", "server.kind=[coroutine, sync, callback]"]);
        command.args(flags);
        Self::start(name, address, command, None)
    }

    pub(crate) fn floor(answer: &str) -> Result<Self, String> {
        let address = free_address()?;
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(this);
        command.args(["--floor", &address, "--answer", answer]);
        Self::start("floor", address, command, None)
    }

    pub(crate) fn nginx() -> Result<Self, String> {
        let address = free_address()?;
        let scratch = TempDir::new().map_err(|error| error.to_string())?;
        let conf = std::fs::read_to_string(format!("{PEERS}/nginx.conf"))
            .map_err(|error| error.to_string())?;
        let path = scratch.path().join("nginx.conf");
        std::fs::write(&path, conf.replace("127.0.0.1:PORT", &address))
            .map_err(|error| error.to_string())?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(scratch.path()).arg("-c").arg(path);
        Self::start("nginx", address, command, Some(scratch))
    }

    pub(crate) fn gunicorn() -> Result<Self, String> {
        let address = free_address()?;
        // The path in the README of the peers; else `gunicorn` in the search path.
        let installed = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/bin/gunicorn");
        let program = if Path::new(installed).exists() {
            installed
        } else {
            "gunicorn"
        };
        let mut command = Command::new(program);
        command.args(["--workers", "2", "--worker-class", "gevent"]);
        command.args(["--no-control-socket", "--chdir", APP]);
        command.env("CONCSIM_REQUESTS", r#"{"hello": [["write", 2]]}"#);
        command.args(["--bind", &address, "app:application"]);
        Self::start("gunicorn", address, command, None)
    }

    fn start(
        name: &'static str,
        address: String,
        mut command: Command,
        scratch: Option<TempDir>,
    ) -> Result<Self, String> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command.spawn().map_err(|error| error.to_string())?;
        let mut process = Process {
            child,
            _scratch: scratch,
        };
        let answer = process.first_answer(&address)?;
        Ok(Self {
            name,
            answer,
            address,
            process,
        })
    }

    /// Returns the core time of its processes so far, in seconds: of all together, and of the one that used
    /// most, which after some load is the worker (if there is one).
    pub(crate) fn cpu_s(&self) -> (f64, f64) {
        let processes = with_children(self.process.child.id());
        let each = processes.into_iter().filter_map(cpu_of);
        each.map(CpuTime::as_secs_f64)
            .fold((0.0, 0.0), |(all, most), one| (all + one, one.max(most)))
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hello", self.address)
    }
}

impl Process {
    #[expect(clippy::disallowed_methods, reason = "a bench may sleep")]
    fn first_answer(&mut self, address: &str) -> Result<String, String> {
        for _ in 0..TRIES {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("it ended with {status}"));
            }
            if let Ok(stream) = TcpStream::connect(address) {
                return ask(stream).map_err(|error| error.to_string());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("it does not listen".into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have ended by itself; then there is none to signal.
        let _ = kill(
            Pid::from_raw(self.child.id().cast_signed()),
            Signal::SIGTERM,
        );
        let _ = self.child.wait();
    }
}

/// Returns a process and all its descendants: proc(5), `/proc/pid/task/tid/children`.
fn with_children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    let children = children.split_ascii_whitespace().flat_map(str::parse);
    std::iter::once(pid)
        .chain(children.flat_map(with_children))
        .collect()
}

/// Returns an address of this machine without a listener.
fn free_address() -> Result<String, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.to_string())
        .map_err(|error| error.to_string())
}

fn ask(mut stream: TcpStream) -> Result<String, Box<dyn std::error::Error>> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")?;
    let (mut answer, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut bytes)?;
        answer.extend_from_slice(&bytes[..count]);
        let whole = match response::parse(&answer)? {
            Some(head) => match head.framing {
                Framing::Length(length) => answer.len() as u64 >= head.end as u64 + length,
                _ => return Err("an answer without Content-Length".into()),
            },
            None => false,
        };
        if whole {
            return Ok(String::from_utf8(answer)?);
        }
        if count == 0 {
            return Err("it closed the connection".into());
        }
    }
}
