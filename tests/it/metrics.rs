//! The counters of a running server, read over HTTP, and parsed by Prometheus' own parser where there is
//! one (see `exports.rs`).

#![expect(
    clippy::unwrap_used,
    reason = "a server without its counters fails the test"
)]
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::exports::{concsim, python_with};
use crate::serve_process::{ServeProcess, answer};

/// Starts a server with counters, and returns their address.
fn house_with_metrics() -> (ServeProcess, String) {
    let hello = ("hello", "'compute 1ms', 'write 2B'");
    let more = ["--metrics", "127.0.0.1:0"];
    let mut server = ServeProcess::open_with("kind = 'coroutine'\nworkers = 2", &[hello], &more);
    let text = server.wait_for_line("has the counters");
    let address = text.split("http://").nth(1).unwrap();
    let address = address.split('/').next().unwrap().to_owned();
    (server, address)
}

/// Returns the response to these bytes.
fn ask(address: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // A server that has refused the beginning need not read the rest.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

const GET: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: text/plain\r\n\r\n";

fn scrape(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(GET).unwrap();
    let answer = answer(&mut stream).expect("a whole answer");
    assert_eq!(answer.status, 200);
    answer.body
}

/// Returns the sum of a metric over all workers.
fn sum(page: &str, metric: &str) -> f64 {
    let lines = page
        .lines()
        .filter(|line| line.starts_with(&format!("{metric}{{")));
    let values = lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
    values.sum()
}

/// Returns the sum of an integer metric over all workers.
fn count_of(page: &str, metric: &str) -> u64 {
    sum(page, metric) as u64
}

#[test]
fn a_running_server_counts_what_was_asked_of_it() {
    let (mut server, address) = house_with_metrics();
    for _ in 0..7 {
        assert_eq!(server.get("/hello").status, 200);
    }
    let page = scrape(&address);
    assert_eq!(count_of(&page, "concsim_requests_total"), 7);
    assert_eq!(count_of(&page, "concsim_coroutines_total"), 7);
    assert_eq!(count_of(&page, "concsim_worker_alive"), 2);
    assert_eq!(count_of(&page, "concsim_requests_begun"), 0);
    // Seven times one millisecond of core time.
    assert!(sum(&page, "concsim_worker_busy_seconds_total") >= 0.007);
    if let Some(python) = python_with(&["prometheus_client"]) {
        let samples = parsed_by_prometheus(&python, &page);
        let mine = samples
            .iter()
            .filter(|it| it["name"] == "concsim_requests_total");
        let values = mine.map(|it| it["value"].as_u64().unwrap());
        assert_eq!(values.sum::<u64>(), 7);
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(samples.len(), lines.count());
        assert!(
            samples
                .iter()
                .all(|it| it["type"] == "counter" || it["type"] == "gauge")
        );
    }
    assert!(server.stop().success());
    let gone = TcpStream::connect(&address).map(drop);
    assert!(gone.is_err(), "nobody listens any more");
}

fn parsed_by_prometheus(python: &str, page: &str) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/read_metrics.py");
    let mut parser = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    parser
        .stdin
        .take()
        .unwrap()
        .write_all(page.as_bytes())
        .unwrap();
    let output = parser.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_strange_request_for_counters_harms_no_other() {
    let (mut server, address) = house_with_metrics();
    let silent: Vec<TcpStream> = (0..8)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    let long = [b"GET /".as_slice(), &b"a".repeat(20_000)].concat();
    for (bytes, status) in [
        (b"\0\x01\x02\r\n\r\n".as_slice(), "400"),
        (b"GET /metrics HTTP/1.1\r\n\r\n", "400"),
        (b"GET /metrics HTTP/9.9\r\nHost: a\r\n\r\n", "505"),
        (b"DELETE /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "405"),
        (b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n", "404"),
        (&long, "414"),
    ] {
        let line = ask(&address, bytes);
        let is_refused = line.starts_with(&format!("HTTP/1.1 {status} "));
        assert!(is_refused, "{status}: {line}");
    }
    let expecting =
        b"POST /metrics HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab";
    let sentence = ask(&address, expecting);
    let after = sentence.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n");
    assert!(
        after.is_some_and(|it| it.starts_with("HTTP/1.1 405 ")),
        "{sentence}"
    );
    let head = ask(&address, b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        head.starts_with("HTTP/1.1 200 ") && head.ends_with("\r\n\r\n"),
        "{head}"
    );
    assert!(
        head.contains("Content-Type: text/plain; version=0.0.4"),
        "{head}"
    );
    assert_eq!(server.get("/hello").status, 200);
    assert_eq!(count_of(&scrape(&address), "concsim_requests_total"), 1);
    drop(silent);
    assert!(server.stop().success());
}

#[test]
fn an_address_that_is_taken_is_reported_before_anything_is_started() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = concsim(&[
        "serve",
        "hello",
        "--bind",
        "127.0.0.1:0",
        "--metrics",
        &address,
    ]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(
        text.contains("failed to listen at") && !text.contains("is served by"),
        "{text}"
    );
}
