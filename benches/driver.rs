//! Cost of observation: the driver while it draws and records 2 000 requests a second, and the workers of a
//! busy `hello` while their run is recorded.
//!
//! ```text
//!   cargo bench --bench driver -- --pairs 20
//! ```
//!
//! The driver has a terminal of its own, which a thread reads; its core time is taken from the operating
//! system before and after some seconds. The workers' core time per request is their own count, in recorded
//! and unrecorded runs in turn: disturbances affect both equally. (For the cost of telemetry in a worker, see
//! `hello` with its silent server.)

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

#[path = "support/figures.rs"]
mod figures;
#[path = "support/limits.rs"]
mod limits;

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use concsim::sys::processes::cpu_of;
use limits::{Limits, quantile};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{Winsize, openpty};
use serde_json::Value;

/// Limit of the driver's use of a core, in per cent.
const DRIVER_SHARE: f64 = 4.0;
/// Limit of the growth of a worker's core time per request, in per cent.
const KEEPING_SHARE: f64 = 3.0;
const SECONDS: u64 = 5;

const SCENARIO: &str = "warmup = '0s'\nduration = '60s'\n[server]\nkind = 'coroutine'\nworkers = 2\n\
                        [requests.a]\nsteps = ['compute 50us', 'call billing 5ms']\n\
                        [load]\nrate = '2000/s'\n";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let is_measuring = arguments.iter().any(|argument| argument == "--bench");
    let place = arguments.iter().position(|argument| argument == "--pairs");
    let pairs = place.and_then(|place| arguments.get(place + 1)?.parse().ok());
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let mut limits = Limits::default();
    if !is_measuring {
        figures::holds_on_known_numbers();
        assert!(us_per_request(scratch.path(), true, "300ms") > 0.0);
        return ExitCode::SUCCESS;
    }
    for (view, name) in [
        ("1", "overview"),
        ("2", "lanes"),
        ("3", "latencies"),
        ("5", "requests"),
    ] {
        let mut shares: Vec<f64> = (0..3).map(|_| driver_share(scratch.path(), view)).collect();
        let what = format!("the driver, 2 000 requests a second, 160x48, {name}");
        limits.at_most(
            &what,
            quantile(&mut shares, 0.5),
            DRIVER_SHARE,
            "% of a core",
        );
    }
    keeping(scratch.path(), pairs.unwrap_or(20), &mut limits);
    limits.exit_status()
}

/// Returns the driver's use of a core during a run, in per cent.
fn driver_share(scratch: &Path, view: &str) -> f64 {
    let file = scratch.join("scenario.toml");
    std::fs::write(&file, SCENARIO).expect("the scenario can be written");
    let size = Winsize {
        ws_row: 48,
        ws_col: 160,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pair = openpty(Some(&size), None).expect("a terminal");
    // The driver must not hold its own terminal open: it ends with this process.
    fcntl(&pair.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("a descriptor");
    let mut command = Command::new("setsid");
    command.args(["--ctty", env!("CARGO_BIN_EXE_concsim"), "run"]);
    command.arg(&file);
    command.env("XDG_STATE_HOME", scratch);
    command.env("TERM", "xterm-256color");
    let slave = || Stdio::from(pair.slave.try_clone().expect("a descriptor"));
    command.stdin(slave()).stdout(slave()).stderr(slave());
    let driver = Driver(command.spawn().expect("the program starts"));
    let mut keyboard = File::from(pair.master);
    let mut output = keyboard.try_clone().expect("a descriptor");
    std::thread::spawn(move || {
        let mut bytes = [0; 4_096];
        while let Ok(1..) = output.read(&mut bytes) {}
    });
    sleep(1);
    // Leaves the title card.
    keyboard.write_all(b"\r").expect("the terminal is there");
    sleep(3);
    keyboard
        .write_all(view.as_bytes())
        .expect("the terminal is there");
    sleep(1);
    let cpu = || {
        cpu_of(driver.0.id())
            .expect("the driver is there")
            .as_secs_f64()
    };
    let before = cpu();
    sleep(SECONDS);
    (cpu() - before) / SECONDS as f64 * 100.0
}

#[expect(clippy::disallowed_methods, reason = "a bench may sleep")]
fn sleep(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

/// A driver process, killed when this is dropped, with its own processes.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Compares recorded and unrecorded runs, in turn.
fn keeping(scratch: &Path, pairs: usize, limits: &mut Limits) {
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        // Every other pair is in reverse order, so that a slow drift of the machine cancels out.
        let first = us_per_request(scratch, pair % 2 == 0, "2s");
        let second = us_per_request(scratch, pair % 2 == 1, "2s");
        ratios.push(if pair % 2 == 0 {
            first / second
        } else {
            second / first
        });
    }
    println!(
        "core time of a worker per request, kept ÷ not kept: {:.3} ({})",
        figures::median(&ratios),
        figures::interval_of_median(&ratios)
    );
    let more = (figures::median(&ratios) - 1.0) * 100.0;
    limits.at_most("keeping a busy hello", more, KEEPING_SHARE, "% more");
}

/// Returns the workers' core time per request of a busy `hello`, in microseconds.
fn us_per_request(scratch: &Path, is_kept: bool, duration: &str) -> f64 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
    command.args([
        "run",
        "hello",
        "--headless",
        "--json",
        "--variant",
        "coroutine",
        "--set",
        "load.rate=8000/s",
    ]);
    command.args(["--warmup", "200ms", "--duration", duration]);
    command.env("XDG_STATE_HOME", scratch);
    if !is_kept {
        command.arg("--no-keep");
    }
    let output = command.stderr(Stdio::null()).output().expect("it plays");
    let summary: Value = serde_json::from_slice(&output.stdout).expect("a summary");
    let workers = summary["runs"][0]["workers"].as_array().expect("workers");
    let sum = |name: &str| -> f64 {
        let numbers = workers.iter().filter_map(|worker| worker[name].as_f64());
        numbers.sum()
    };
    sum("cpu_s") * 1e6 / sum("requests")
}
