//! Hostile clients: `concsim serve` under polite clients, with and without hostile ones beside them.
//!
//! ```text
//!   cargo test --release --test it attack::clients::table -- --ignored --nocapture
//!   CONCSIM_SECONDS=60 CONCSIM_KIND=coroutine cargo test --release --test it attack::clients::table -- --ignored --nocapture
//! ```
//!
//! Each kind of hostile client, and all together, is played in rounds: polite clients alone, then with the
//! hostile ones. A polite request computes for 1 ms and sleeps for 5 ms; its latency counts from the
//! instant at which it is due. A line has the 99th percentile of both sides over all rounds, the share of
//! time for which workers wanted a core and had none beside hostile clients (on a busy machine it is large,
//! and the ratio is meaningless), and memory (PSS) and descriptors of the workers after the first round and
//! after the last. The seconds are those of one kind of worker. Coroutine workers come first; sync workers
//! are there to compare: a slow head occupies one. Assertions hold on a busy machine: the same workers
//! live, and have no more descriptors once the hostile clients have left.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a command prints its table, and clients wait"
)]
#![cfg(target_os = "linux")]

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use concsim::sys::memory::memory_of as memory_of_process;
use nix::unistd::Pid;

use crate::serve_process::{ServeProcess, answer, until};

const ROUNDS: u32 = 3;
const SECONDS: u64 = 300;
/// Ratio of the 99th percentile with hostile clients to that without, above which they hurt.
const AT_MOST: f64 = 3.0;
/// Permitted growth of memory from the first round to the last.
const GROWTH: f64 = 1.1;

const POLITE_CLIENTS: u32 = 8;
const POLITE_EVERY: Duration = Duration::from_millis(40);
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hostile {
    /// Endless requests on one connection; answers are read.
    Pipelining,
    /// Bodies of chunks of one byte.
    OneByteChunks,
    /// Connections on which nothing is sent.
    Silent,
    /// Endless requests for 64 kB; no answer is read.
    NeverReads,
    /// Heads of one byte each 50 ms.
    SlowHeads,
}

use Hostile::{NeverReads, OneByteChunks, Pipelining, Silent, SlowHeads};

const ATTACKS: [(&str, &[Hostile]); 6] = [
    ("pipelining", &[Pipelining]),
    ("one-byte chunks", &[OneByteChunks]),
    ("silent", &[Silent]),
    ("never reads", &[NeverReads]),
    ("slow heads", &[SlowHeads]),
    (
        "all together",
        &[Pipelining, OneByteChunks, Silent, NeverReads, SlowHeads],
    ),
];

impl Hostile {
    fn connections(self) -> usize {
        match self {
            Pipelining | OneByteChunks | NeverReads => 4,
            Silent | SlowHeads => 40,
        }
    }

    /// Returns the bytes that it repeats without end; empty if it sends slowly or nothing.
    fn sends(self) -> Vec<u8> {
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        let text = match self {
            Pipelining => get("/story").repeat(1_000),
            OneByteChunks => {
                let head = "POST /story HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
                let chunks = "1\r\nz\r\n".repeat(100_000);
                format!("{head}{chunks}0\r\n\r\n")
            }
            NeverReads => get("/big").repeat(100),
            Silent | SlowHeads => String::new(),
        };
        text.into_bytes()
    }

    /// Attacks until `is_over`.
    fn attack(self, server: SocketAddr, is_over: &AtomicBool) {
        if self.sends().is_empty() {
            return self.stay(server, is_over);
        }
        thread::scope(|scope| {
            for _ in 0..self.connections() {
                scope.spawn(|| self.send_without_end(server, is_over));
            }
        });
    }

    fn send_without_end(self, server: SocketAddr, is_over: &AtomicBool) {
        let bytes = self.sends();
        let mut room = vec![0; 64 << 10];
        while !is_over.load(Ordering::Relaxed) {
            let Some(mut stream) = connect(server) else {
                continue;
            };
            let mut offset = 0;
            while !is_over.load(Ordering::Relaxed) {
                let written = stream.write(&bytes[offset..]);
                let read = match self {
                    NeverReads => Err(ErrorKind::WouldBlock.into()),
                    _ => stream.read(&mut room),
                };
                match (written, read) {
                    (Ok(count), _) => offset = (offset + count) % bytes.len(),
                    (Err(error), _) if !is_full(&error) => break,
                    (Err(_), Err(error)) if is_full(&error) => {
                        thread::sleep(Duration::from_millis(1));
                    }
                    (Err(_), Ok(1..)) => {}
                    (Err(_), _) => break,
                }
            }
        }
    }

    /// Holds connections, and opens another in place of each that the server closes.
    fn stay(self, server: SocketAddr, is_over: &AtomicBool) {
        let head = b"GET /story HTTP/1.1\r\nHost: a\r\nX: ";
        let mut streams: Vec<_> = (0..self.connections())
            .map(|_| (connect(server), 0))
            .collect();
        while !is_over.load(Ordering::Relaxed) {
            for place in &mut streams {
                let (Some(stream), sent) = place else {
                    *place = (connect(server), 0);
                    continue;
                };
                let byte = head.get(*sent).unwrap_or(&b'x');
                let is_closed = self == SlowHeads && stream.write(&[*byte]).is_err();
                *sent += 1;
                let read = stream.read(&mut [0; 512]);
                if is_closed || !read.is_err_and(|error| is_full(&error)) {
                    place.0 = None;
                }
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn connect(server: SocketAddr) -> Option<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, Duration::from_millis(200)).ok()?;
    stream.set_nonblocking(true).unwrap();
    Some(stream)
}

/// True if there is nothing to read, or no room to write.
fn is_full(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock
}

/// Returns the status of a polite request, if there is an answer.
fn asked(server: SocketAddr) -> io::Result<Option<u16>> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /it HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    Ok(answer(&mut stream).map(|answer| answer.status))
}

/// Sends polite requests for `length`, and returns their latencies in milliseconds, and the number of
/// requests without an answer.
fn be_polite(server: SocketAddr, length: Duration) -> (Vec<f64>, usize) {
    let ask = |latencies: &mut Vec<f64>, due: Instant| {
        let is_answered = asked(server).is_ok_and(|status| status == Some(200));
        if is_answered {
            latencies.push(due.elapsed().as_secs_f64() * 1e3);
        }
        usize::from(!is_answered)
    };
    let begin = Instant::now();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..POLITE_CLIENTS)
            .map(|client| {
                scope.spawn(move || {
                    let (mut latencies, mut failed) = (Vec::new(), 0);
                    let mut due = begin + POLITE_EVERY * client / POLITE_CLIENTS;
                    while due < begin + length && begin.elapsed() < length * 2 {
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                        failed += ask(&mut latencies, due);
                        due += POLITE_EVERY;
                    }
                    (latencies, failed)
                })
            })
            .collect();
        let mut all = (Vec::new(), 0);
        for client in clients {
            let (latencies, failed) = client.join().unwrap();
            all.0.extend(latencies);
            all.1 += failed;
        }
        all
    })
}

/// Returns the 99th percentile, by the nearest rank.
fn p99(latencies: &mut [f64]) -> f64 {
    latencies.sort_by(f64::total_cmp);
    let rank = (latencies.len() * 99).div_ceil(100);
    *latencies.get(rank.saturating_sub(1)).unwrap_or(&f64::NAN)
}

fn workers_of(master: Pid) -> Vec<Pid> {
    let text = std::fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap();
    let pids = text.split_whitespace();
    pids.map(|pid| Pid::from_raw(pid.parse().unwrap()))
        .collect()
}

fn descriptors_of(workers: &[Pid]) -> usize {
    let count = |pid: &Pid| std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    workers.iter().map(count).sum()
}

fn memory_of(workers: &[Pid]) -> f64 {
    let pss = |pid: &Pid| Some(memory_of_process(pid.as_raw().cast_unsigned())?.pss_kib);
    let kib: u64 = workers.iter().filter_map(pss).sum();
    kib as f64 / 1024.0
}

/// Returns the time for which workers wanted a core and had none, in nanoseconds: the second word of
/// `/proc/PID/schedstat`.
fn waited_for_cores(workers: &[Pid]) -> f64 {
    let wait = |pid: &Pid| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    workers.iter().filter_map(wait).sum::<f64>() / 1e9
}

/// Plays rounds of one attack, each side for `length`, and prints the line.
fn play(
    serve_process: &ServeProcess,
    workers: &[Pid],
    name: &str,
    hostile: &[Hostile],
    length: Duration,
) {
    let server = serve_process.connect().peer_addr().unwrap();
    let at_rest = descriptors_of(workers);
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut failed = [0, 0];
    let mut memory = Vec::new();
    let mut without_core = 0.0;
    for _ in 0..ROUNDS {
        let (latencies, without_answer) = be_polite(server, length);
        alone.extend(latencies);
        failed[0] += without_answer;
        let is_over = AtomicBool::new(false);
        let (began, waited) = (Instant::now(), waited_for_cores(workers));
        let (latencies, without_answer) = thread::scope(|scope| {
            for one in hostile {
                scope.spawn(|| one.attack(server, &is_over));
            }
            let polite = be_polite(server, length);
            is_over.store(true, Ordering::Relaxed);
            polite
        });
        beside.extend(latencies);
        let waited = (waited_for_cores(workers) - waited) / workers.len() as f64;
        without_core += waited / began.elapsed().as_secs_f64() / f64::from(ROUNDS);
        failed[1] += without_answer;
        // Answers in flight may keep some open for a moment.
        until("the connections of hostile clients are closed", || {
            descriptors_of(workers) <= at_rest
        });
        memory.push(memory_of(workers));
    }
    let (count, before, with) = (beside.len(), p99(&mut alone), p99(&mut beside));
    let ratio = with / before;
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    println!(
        "{name:<16} {before:>8.1} ms {with:>8.1} ms {ratio:>6.1}{} {:>6.0}% {count:>7} {:>4}+{:<4} {first:>6.1} MB {last:>6.1} MB{} \
         {at_rest:>4} {:>4}",
        if ratio <= AT_MOST { " " } else { "!" },
        without_core * 100.0,
        failed[0],
        failed[1],
        if last <= first * GROWTH { " " } else { "!" },
        descriptors_of(workers),
    );
}

fn play_all(kind: &str, seconds: u64) {
    let server = format!("kind = \"{kind}\"\nworkers = 2");
    let requests = [
        ("it", "\"compute 1ms\", \"sleep 5ms\""),
        ("story", ""),
        ("big", "\"write 64kB\""),
    ];
    let serve_process = ServeProcess::open(&server, &requests);
    let workers = workers_of(serve_process.master());
    let sides = 2 * ROUNDS as usize * ATTACKS.len();
    let length = Duration::from_secs(seconds) / u32::try_from(sides).unwrap();
    println!(
        "{kind}, sides of {} ms\n{:<16} {:>11} {:>11} {:>7} {:>7} {:>7} {:>9} {:>9} {:>9} {:>10}",
        length.as_millis(),
        "hostile",
        "p99 alone",
        "p99 beside",
        "ratio",
        "no core",
        "count",
        "failed",
        "memory",
        "in the end",
        "descriptors"
    );
    for (name, hostile) in ATTACKS {
        play(&serve_process, &workers, name, hostile, length);
        assert_eq!(
            workers_of(serve_process.master()),
            workers,
            "a worker has died"
        );
    }
}

#[test]
#[ignore = "ten minutes: a command that prints its table"]
fn table() {
    let given = std::env::var("CONCSIM_SECONDS").ok();
    let seconds = given.map_or(SECONDS, |text| text.parse().expect("a number"));
    let only = std::env::var("CONCSIM_KIND").ok();
    for kind in ["coroutine", "callback", "threads", "sync"] {
        if only.as_ref().is_none_or(|only| only == kind) {
            play_all(kind, seconds);
        }
    }
}
