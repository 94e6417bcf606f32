//! One run of a generator against the server, with its disturbances: they end with it.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

use concsim::scenario::draw;
use concsim::sys::net;
use concsim::sys::poller::Poller;
use concsim::units::Elapsed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::pathology::{Disturbance, Load, Pathology, SECONDS};
use super::{server, truth};

/// Number of busy loops beside the generator.
const BUSY_LOOPS: usize = 8;

/// Report of a generator about its run, beside the truth.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) p99_ms: f64,
    pub(crate) true_p99_ms: f64,
    /// True if the run has no doubts of itself.
    pub(crate) is_ok: bool,
    /// Bounds of the p99.
    pub(crate) bounds_ms: Option<[f64; 2]>,
    /// Codes of its reasons and remarks.
    pub(crate) codes: Vec<String>,
}

/// Plays a pathology once; `None` if the generator prints no result.
pub(crate) fn play(pathology: &Pathology, load: Load, seed: u64) -> Option<Report> {
    let (script, scenario) = (pathology.script(seed), pathology.scenario(load, seed));
    let listener = net::listen(([127, 0, 0, 1], 0).into(), 4096).expect("a free port");
    let target = format!("http://{}", listener.local_addr().expect("an address"));
    let stop = AtomicBool::new(false);
    let (printed, late) = thread::scope(|scope| {
        let server = scope.spawn(|| server::serve(&listener, &script, &stop));
        let printed = generate(pathology, load, seed, &target);
        stop.store(true, Ordering::Relaxed);
        (printed, server.join().expect("the server never fails"))
    });
    let mut report = match load {
        Load::Open | Load::Closed => of_concsim(&printed),
        Load::Wrk | Load::Hey => of_another(&printed),
    }?;
    report.true_p99_ms = truth::p99(&scenario, &script, &late);
    Some(report)
}

/// Returns the core of the generator and of its disturbances: the second one, or the server's if there is no other.
fn core() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    (cores - 1).min(1).to_string()
}

/// Runs a generator on its core to its end, with the disturbance, and returns its output.
fn generate(pathology: &Pathology, load: Load, seed: u64, target: &str) -> String {
    let files = match pathology.disturbance {
        Disturbance::FewFiles => 40,
        Disturbance::None | Disturbance::BusyLoops | Disturbance::Stops => 1024,
    };
    let mut file = tempfile::NamedTempFile::new().expect("room for a file");
    let text = pathology.text(load, seed);
    file.write_all(text.as_bytes()).expect("room for a file");
    let command = match load {
        Load::Open | Load::Closed => {
            let program = env!("CARGO_BIN_EXE_concsim");
            format!("{program} load {} --json --target", file.path().display())
        }
        Load::Wrk => format!("wrk -t1 -c4 -d{SECONDS}s --latency"),
        Load::Hey => format!("hey -c 4 -z {SECONDS}s"),
    };
    let _busy: Vec<Busy> = match pathology.disturbance {
        Disturbance::BusyLoops => (0..BUSY_LOOPS).map(|_| Busy::start()).collect(),
        Disturbance::None | Disturbance::Stops | Disturbance::FewFiles => Vec::new(),
    };
    let core = core();
    let script = format!("ulimit -n {files}; exec taskset -c {core} {command} {target}");
    let child = Command::new("sh")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell starts");
    let (pid, over) = (child.id(), AtomicBool::new(false));
    let output = thread::scope(|scope| {
        if pathology.disturbance == Disturbance::Stops {
            scope.spawn(|| stop_at_times(pid, seed, &over));
        }
        let output = child.wait_with_output();
        over.store(true, Ordering::Relaxed);
        output
    });
    let output = output.expect("a child can be waited for").stdout;
    String::from_utf8_lossy(&output).into_owned()
}

/// A busy loop on the generator's core, until it is dropped or this process ends.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", &core(), "sh", "-c", "while kill -0 $PPID; do :; done"]);
        Self(command.spawn().expect("taskset starts"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Stops the process that sends the requests for 20 to 80 ms, three times a second, until `over`.
fn stop_at_times(pid: u32, seed: u64, over: &AtomicBool) {
    let mut empty = Poller::new().expect("a poller can be made");
    let mut pause = |milliseconds| {
        let waited = empty.wait(Some(Elapsed::from_millis(milliseconds)), &mut Vec::new());
        waited.expect("a poller can wait");
    };
    for n in 0.. {
        pause(200 + draw::jitter(seed, n, 200));
        if over.load(Ordering::Relaxed) {
            return;
        }
        if let Some(sender) = sender_of(pid) {
            // A process that has ended meanwhile needs no signal.
            let _ = kill(sender, Signal::SIGSTOP);
            pause(20 + draw::jitter(seed + 1, n, 60));
            let _ = kill(sender, Signal::SIGCONT);
        }
    }
}

/// Returns the process that sends the requests: a child of concsim's, or another program itself.
fn sender_of(pid: u32) -> Option<Pid> {
    let pid_of = |text: &str| text.parse().ok().map(Pid::from_raw);
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    if ["wrk", "hey"].contains(&name.trim()) {
        return pid_of(&pid.to_string());
    }
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    let is_load = |child: &&str| {
        fs::read_to_string(format!("/proc/{child}/cmdline")).is_ok_and(|it| it.contains("__load"))
    };
    children.split_whitespace().find(is_load).and_then(pid_of)
}

fn of_concsim(printed: &str) -> Option<Report> {
    let summary: Value = serde_json::from_str(printed).ok()?;
    let run = &summary["runs"][0];
    let bounds = &run["bounds"]["latency_ms.p99"];
    let end = |name: &str| bounds[name].as_f64();
    let codes_of = |list: &str, key: &str| {
        let each = run[list].as_array().into_iter().flatten();
        let codes = each.filter_map(|it| it[key].as_str().map(str::to_owned));
        codes.collect::<Vec<_>>()
    };
    Some(Report {
        p99_ms: run["latency_ms"]["p99"].as_f64()?,
        true_p99_ms: 0.0,
        is_ok: run["trust"] == "ok",
        bounds_ms: end("low").zip(end("high")).map(|(low, high)| [low, high]),
        codes: [codes_of("because", "code"), codes_of("remarks", "code")].concat(),
    })
}

/// Reads `99%    5.67ms` of wrk or `99% in 0.0057 secs` of hey.
fn of_another(printed: &str) -> Option<Report> {
    let line = |name: &str| {
        printed
            .lines()
            .find_map(|line| line.trim().strip_prefix(name))
    };
    let p99 = line("99%")?.trim_start_matches(" in").trim();
    let number = p99.trim_end_matches(|it: char| it.is_alphabetic() || it == ' ');
    let unit_ms = match p99[number.len()..].trim() {
        "us" => 1e-3,
        "ms" => 1.0,
        _ => 1e3,
    };
    let errors = ["Socket errors", "Error distribution"]
        .into_iter()
        .find_map(line);
    Some(Report {
        p99_ms: number.parse::<f64>().ok()? * unit_ms,
        true_p99_ms: 0.0,
        is_ok: errors.is_none(),
        bounds_ms: None,
        codes: errors.map(|_| "errors".to_owned()).into_iter().collect(),
    })
}

/// True if the program of a load can be run.
pub(crate) fn is_installed(load: Load) -> bool {
    let program = match load {
        Load::Open | Load::Closed => return true,
        Load::Wrk => "wrk",
        Load::Hey => "hey",
    };
    let mut tried = Command::new(program);
    tried.stdout(Stdio::null()).stderr(Stdio::null());
    tried.status().is_ok()
}
