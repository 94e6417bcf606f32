//! Accuracy of what is seen of a foreign server, against one that logs its own truth. A measurement, for an idle machine:
//! `cargo test --release --test it honest -- --ignored --nocapture`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a log without its fields fails the measurement, which prints its result"
)]
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use concsim::recording::{Recording, Sample, storage};
use concsim::telemetry::Phase;

const SECONDS: u64 = 90;
/// The observer looks every ten milliseconds; a sample may be as old, and a little older on a busy machine.
const AGE_NS: u64 = 15_000_000;

/// Server, killed with its workers when it goes out of scope.
struct HonestServer(Child);

impl HonestServer {
    fn start(folder: &Path) -> Self {
        use std::os::unix::process::CommandExt as _;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/honest_server.py");
        let mut process = Command::new("python3")
            .arg(script)
            .args([folder, Path::new("1")])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("python3 starts");
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready");
        Self(process)
    }
}

impl Drop for HonestServer {
    fn drop(&mut self) {
        let group = nix::unistd::Pid::from_raw(-self.0.id().cast_signed());
        let _ = nix::sys::signal::kill(group, nix::sys::signal::Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// Number that changes by one at instants that are known up to an interval.
struct TrueCount {
    /// Instants at which it may have risen (`+1`) or fallen, in order; each change has its interval.
    changes: Vec<(u64, u64, i64)>,
}

impl TrueCount {
    fn of(mut changes: Vec<(u64, u64, i64)>) -> Self {
        changes.sort_unstable();
        Self { changes }
    }

    /// Returns the least and the largest value that it may have had in an interval.
    fn range(&self, from: u64, to: u64) -> (i64, i64) {
        let before: i64 = self
            .changes
            .iter()
            .filter(|it| it.1 < from)
            .map(|it| it.2)
            .sum();
        let open = self.changes.iter().filter(|it| it.1 >= from && it.0 <= to);
        let (mut least, mut most, mut sure) = (before, before, before);
        for (_, _, step) in open {
            sure += step;
            least = least.min(sure);
            most = most.max(sure);
        }
        (least, most)
    }
}

/// Returns the words of all logs, with their intervals.
fn logged(folder: &Path) -> Vec<(String, u64, u64)> {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    let texts = files.map(|file| std::fs::read_to_string(file.path()).unwrap());
    let texts: Vec<String> = texts.collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    let words = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let word = words.next()?.to_owned();
        Some((
            word,
            words.next()?.parse().ok()?,
            words.next()?.parse().ok()?,
        ))
    });
    words.collect()
}

fn watched(folder: &Path, server: &HonestServer) -> Recording {
    let out = folder.join("seen");
    let status = Command::new(env!("CARGO_BIN_EXE_concsim"))
        .args(["watch", &server.0.id().to_string(), "--headless"])
        .args(["--seconds", &SECONDS.to_string(), "--out"])
        .arg(&out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    storage::open(&out)
        .expect("a recording")
        .recordings
        .remove(0)
}

/// Prints how far the samples are from the truth.
fn report(
    name: &str,
    samples: &[&Sample],
    truth: &TrueCount,
    origin: u64,
    seen: fn(&Sample) -> i64,
) {
    let distance = |sample: &&&Sample| {
        let at = origin + sample.at.0;
        let (least, most) = truth.range(at.saturating_sub(AGE_NS), at);
        let seen = seen(sample);
        (least - seen).max(seen - most).max(0)
    };
    let distances: Vec<i64> = samples.iter().map(|it| distance(&it)).collect();
    let share = |most: i64| {
        let near = distances.iter().filter(|it| **it <= most).count();
        100.0 * near as f64 / distances.len() as f64
    };
    let mean = samples.iter().map(|it| seen(it) as f64).sum::<f64>() / samples.len() as f64;
    eprintln!(
        "{name}: {} samples, mean {mean:.3}; exact {:.2} %, within one {:.2} %, largest distance {}",
        distances.len(),
        share(0),
        share(1),
        distances.iter().max().unwrap()
    );
}

#[test]
#[ignore = "a measurement of a minute and a half; see the head of this file"]
fn the_door_and_the_busy_workers_are_those_that_the_server_logs() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let server = HonestServer::start(&logs);
    let recording = watched(folder.path(), &server);
    drop(server);
    let words = logged(&logs);
    let of = |wanted: &'static str, step: i64| {
        let found = words.iter().filter(move |it| it.0 == wanted);
        found.map(move |(_, begin, end)| (*begin, *end, step))
    };
    let door = TrueCount::of(of("connect", 1).chain(of("accept", -1)).collect());
    let begins = of("busy", 1).map(|(begin, _, step)| (begin, begin, step));
    let ends = of("busy", -1).map(|(_, end, step)| (end, end, step));
    let busy = TrueCount::of(begins.chain(ends).collect());
    let origin = recording.header.started_ns.unwrap();
    let window = recording.header.window.unwrap();
    let samples = recording.samples.iter().filter(|it| window.contains(it.at));
    let samples: Vec<&Sample> = samples.collect();
    assert!(samples.len() > 1_000, "{}", samples.len());
    report("at the door", &samples, &door, origin, |sample| {
        sample.queued.unwrap().count.cast_signed()
    });
    report("busy workers", &samples, &busy, origin, |sample| {
        let phases = sample.workers.iter().map(|it| it.phase);
        let running = phases.filter(|it| *it == Phase::Running).count();
        i64::try_from(running).unwrap()
    });
    let [first, last] = [samples[0], samples[samples.len() - 1]];
    let used = (last.arbiter_cpu - first.arbiter_cpu).as_secs_f64();
    let length = last.at.since(first.at).as_secs_f64();
    eprintln!("the observer used {:.2} % of a core", 100.0 * used / length);
}
