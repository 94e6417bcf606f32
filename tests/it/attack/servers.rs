//! Hostile servers: `concsim load` against servers that break every rule of the wire.
//!
//! ```text
//!   cargo test --test it attack::servers::table -- --ignored --nocapture
//! ```
//!
//! The command ends within the window, patience and five seconds, with the exit status of its contract: 0
//! if a request was answered, 1 otherwise. It neither panics nor takes more memory than 1.5 GiB of
//! addresses, 1 GiB of which is that of the scoreboard. The tests play the same servers for a shorter time,
//! without the time limit.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a command prints its table, and a server may be slow"
)]
#![cfg(target_os = "linux")]

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

/// Number of servers under test at once.
const AT_ONCE: usize = 8;
/// Time limit beyond window and patience.
const AT_MOST: Duration = Duration::from_secs(5);
/// Address space of each process of the program, in KiB.
const MEMORY_KIB: u32 = 1536 << 10;

/// Actions of a server on a connection, in order.
#[derive(Clone, Copy)]
enum Act {
    /// Reads a request: a connection that is closed with unread bytes is reset.
    Hear,
    Say(&'static [u8]),
    /// Sends a whole answer, one byte at a time.
    SayByBytes(&'static [u8]),
    /// Sends the same bytes until the client hangs up.
    Repeat(&'static [u8]),
    /// Sends one byte each 20 ms until the client hangs up.
    Drip(&'static [u8]),
    /// Sends no more, and reads on.
    HalfClose,
    /// Closes, with a reset.
    Reset,
    /// Waits for the client's end.
    Stay,
}

use Act::{Drip, HalfClose, Hear, Repeat, Reset, Say, SayByBytes, Stay};

struct Server {
    name: &'static str,
    /// True if it sends a complete answer.
    is_complete: bool,
    acts: &'static [Act],
}

const fn broken(name: &'static str, acts: &'static [Act]) -> Server {
    Server {
        name,
        is_complete: false,
        acts,
    }
}

const fn odd(name: &'static str, acts: &'static [Act]) -> Server {
    Server {
        name,
        is_complete: true,
        acts,
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
const TWO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const TEN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";

const SERVERS: [Server; 44] = [
    broken("closes at once", &[]),
    broken("resets at once", &[Reset]),
    broken("says nothing", &[Stay]),
    broken("sends no more at once", &[HalfClose, Stay]),
    broken("closes after the request", &[Hear]),
    broken("resets after the request", &[Hear, Reset]),
    broken("closes in the status line", &[Hear, Say(b"HTTP/1.1 2")]),
    broken("closes in the head", &[Hear, Say(OK)]),
    broken("resets in the head", &[Hear, Say(OK), Reset]),
    broken("closes in the body", &[Hear, Say(TEN), Say(b"12345")]),
    broken("resets in the body", &[Hear, Say(TEN), Say(b"1"), Reset]),
    broken("stays in the body", &[Hear, Say(TEN), Say(b"1"), Stay]),
    broken("closes in a chunk", &[Hear, Say(CHUNKED), Say(b"5\r\nab")]),
    broken("closes before the last chunk", &[Hear, Say(CHUNKED), Say(b"1\r\na\r\n")]),
    broken("a status line without end", &[Hear, Say(b"HTTP/1.1 200 "), Repeat(b"O")]),
    broken("fields without end", &[Hear, Say(OK), Repeat(b"X: y\r\n")]),
    broken("a field without end", &[Hear, Say(OK), Say(b"X: "), Repeat(b"y")]),
    broken("empty lines without end", &[Hear, Repeat(b"\r\n")]),
    broken("interim answers without end", &[Hear, Repeat(b"HTTP/1.1 100 Continue\r\n\r\n")]),
    broken("a body without end", &[Hear, Say(OK), Say(b"\r\n"), Repeat(b"z")]),
    broken("chunks of one byte without end", &[Hear, Say(CHUNKED), Repeat(b"1\r\nz\r\n")]),
    broken("a chunk of 2^64 bytes", &[Hear, Say(CHUNKED), Say(b"ffffffffffffffff\r\n"), Repeat(b"z")]),
    broken("a chunk size without end", &[Hear, Say(CHUNKED), Repeat(b"0")]),
    broken("a chunk extension without end", &[Hear, Say(CHUNKED), Say(b"1;a="), Repeat(b"b")]),
    broken("trailers without end", &[Hear, Say(CHUNKED), Say(b"0\r\n"), Repeat(b"X: y\r\n")]),
    broken("a chunk size that is none", &[Hear, Say(CHUNKED), Say(b"-1\r\n"), Stay]),
    broken("noise", &[Hear, Repeat(b"\0\x01\x02\xff")]),
    broken("noise before the request", &[Repeat(b"\0\x01\x02\xff")]),
    broken("a huge status", &[Hear, Say(b"HTTP/1.1 99999999999999999999 OK\r\nContent-Length: 0\r\n\r\n"), Stay]),
    broken("a status of one digit", &[Hear, Say(b"HTTP/1.1 2 OK\r\nContent-Length: 0\r\n\r\n"), Stay]),
    broken("a length below zero", &[Hear, Say(OK), Say(b"Content-Length: -1\r\n\r\n"), Stay]),
    broken("two lengths", &[Hear, Say(OK), Say(b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok"), Stay]),
    broken("a length of 2^64", &[Hear, Say(OK), Say(b"Content-Length: 18446744073709551616\r\n\r\n"), Repeat(b"z")]),
    broken("another protocol", &[Hear, Say(b"SSH-2.0-OpenSSH_9.9\r\n"), Stay]),
    broken("frames of HTTP/2", &[Hear, Say(b"\0\0\0\x04\0\0\0\0\0"), Stay]),
    broken("a head of one byte each 20 ms", &[Hear, Drip(OK)]),
    odd("an answer in writes of one byte", &[Hear, SayByBytes(TWO)]),
    odd("an answer before the request", &[Say(TWO), Stay]),
    odd("two answers at once", &[Hear, Say(TWO), Say(TWO), Stay]),
    odd("more than its length says", &[Hear, Say(TWO), Repeat(b"z")]),
    odd("a body that says it is compressed", &[
        Hear,
        Say(OK),
        Say(b"Content-Encoding: gzip\r\nContent-Length: 19\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\xed\xc1\x01\x0d\0\0\0\xc2\xa0"),
        Stay,
    ]),
    odd("an answer and an end", &[Hear, Say(TWO)]),
    odd("a redirection to itself", &[Hear, Say(b"HTTP/1.1 301 Moved\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n"), Stay]),
    odd("nothing but 500", &[Hear, Say(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), Stay]),
];

fn play(acts: &[Act], mut stream: &TcpStream) -> io::Result<()> {
    for act in acts {
        match act {
            Hear => {
                let mut tail = [0; 4];
                while tail != *b"\r\n\r\n" {
                    tail.rotate_left(1);
                    stream.read_exact(&mut tail[3..])?;
                }
            }
            Say(bytes) => stream.write_all(bytes)?,
            SayByBytes(bytes) => {
                for byte in *bytes {
                    stream.write_all(&[*byte])?;
                }
            }
            Repeat(bytes) => {
                let many = bytes.repeat(10_000);
                loop {
                    stream.write_all(&many)?;
                }
            }
            Drip(bytes) => {
                for byte in bytes.iter().cycle() {
                    stream.write_all(&[*byte])?;
                    thread::sleep(Duration::from_millis(20));
                }
            }
            HalfClose => stream.shutdown(Shutdown::Write)?,
            Reset => return Ok(set_socket_linger(stream, Some(Duration::ZERO))?),
            Stay => return io::copy(&mut stream, &mut io::sink()).map(drop),
        }
    }
    Ok(())
}

/// Serves for as long as the test's process lives.
fn serve(acts: &'static [Act]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            // Load may hang up at any time, which is an error there.
            thread::spawn(move || play(acts, &stream.unwrap()));
        }
    });
    target
}

fn attack(server: &Server, file: &Path) -> Output {
    let load = format!(
        "ulimit -v {MEMORY_KIB} && ulimit -c 0 && exec {} load \"$FILE\" --target {} --json",
        env!("CARGO_BIN_EXE_concsim"),
        serve(server.acts)
    );
    Command::new("sh")
        .args(["-c", &load])
        .env("FILE", file)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Returns an error if a load against this server ended wrongly.
fn judge(server: &Server, output: &Output) -> Result<(), String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let is = |right: bool, words: &str| {
        let wrong = || format!("{words}: {}, {text}", output.status);
        right.then_some(()).ok_or_else(wrong)
    };
    let expected = i32::from(!server.is_complete);
    is(output.status.code() == Some(expected), "its exit status")?;
    is(!text.contains("panicked"), "it panicked")?;
    is(!text.contains("unexpectedly"), "load ended before its time")?;
    if !server.is_complete && text.contains("no server answers at") {
        // The server was gone before load began.
        return Ok(());
    }
    let summary: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("no summary: {error}"))?;
    let run = &summary["runs"][0];
    let count = |value: &serde_json::Value| value.as_u64().unwrap();
    let answered = count(&run["completed"]) + count(&run["failed"]["status"]);
    is(count(&run["due"]) > 0, "nothing was due")?;
    is((answered > 0) == server.is_complete, "answers")
}

/// Plays all servers, several at once, for a window each. Fails with the wrong ones, including those that
/// took longer than `at_most`.
fn play_all(window_ms: u64, clients: u32, at_most: Option<Duration>) {
    let scratch = tempfile::tempdir().unwrap();
    let scenario = |name: &str, patience: &str| {
        let file = scratch.path().join(name);
        let text = format!(
            "warmup = '0s'\nduration = '{window_ms}ms'\n[requests.hello]\nsteps = ['write 2B']\n\
             [load]\nclients = {clients}\npatience = '{patience}'\n"
        );
        std::fs::write(&file, text).unwrap();
        file
    };
    // A complete answer comes at once, except on a busy machine.
    let (impatient, patient) = (scenario("a.toml", "100ms"), scenario("b.toml", "20s"));
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(server) = SERVERS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let file = if server.is_complete {
                        &patient
                    } else {
                        &impatient
                    };
                    let output = attack(server, file);
                    let took = began.elapsed();
                    let mut result = judge(server, &output);
                    if at_most.is_some_and(|limit| took > limit) {
                        result = Err("it ended too late".into());
                    }
                    let words = result.as_ref().err().map_or("", |words| words);
                    println!("{:>6} ms  {:<36} {words}", took.as_millis(), server.name);
                    if let Err(words) = result {
                        let words = format!("{}: {words}", server.name);
                        wrong.lock().unwrap().push(words);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    println!("{} servers, {} wrong", SERVERS.len(), wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_load_against_hostile_servers_keeps_its_window_its_patience_and_its_exit_status() {
    play_all(150, 1, None);
}

#[test]
#[ignore = "a command that prints its table, and looks at the clock"]
fn table() {
    let window = 1_000;
    let at_most = Duration::from_millis(window + 100) + AT_MOST;
    play_all(window, 10, Some(at_most));
}
