//! Workers with coroutines and with callbacks, and for some tests all kinds, and misbehaving clients: each refuses
//! their requests, and serves all others.

use crate::harness::{BodyPresence, Client, Served};
use crate::http_cases::{self, Case, ConnectionState};

const SCENARIO: &str = r#"
[server]
kind        = "KIND"
connections = 400
keepalive   = "1s"

[requests.hello]
steps = ["write 2B"]

[requests.story]
steps = []

[load]
clients = 1
"#;

/// Starts a server of each kind, one after the other.
fn each_kind() -> impl Iterator<Item = Served> {
    ["coroutine", "callback"]
        .into_iter()
        .map(|kind| Served::start(&SCENARIO.replace("KIND", kind)))
}

/// Returns the worker's line about itself, up to its kind: unique to the process.
fn worker(served: &Served) -> String {
    let story = served.get("/story");
    let (name, _) = story.split_once(": ").expect("a story begins with a name");
    assert!(name.starts_with("worker A (pid "), "{story}");
    name.into()
}

/// Sends all pieces, and returns the statuses until the connection ends.
fn converse<'bytes>(
    client: &mut Client,
    case: &Case,
    pieces: impl Iterator<Item = &'bytes [u8]>,
) -> Vec<u16> {
    for piece in pieces {
        client.send(piece);
    }
    if case.then == ConnectionState::Waits {
        client.hang_up();
    }
    let asked = if case.bytes.starts_with(b"HEAD") {
        BodyPresence::Head
    } else {
        BodyPresence::Get
    };
    std::iter::from_fn(|| client.answer(asked))
        .map(|answer| answer.status)
        .collect()
}

#[test]
fn odd_and_hostile_requests_get_their_status_and_leave_the_worker_unharmed() {
    for served in each_kind() {
        let before = worker(&served);
        let mut wrong = Vec::new();
        for case in http_cases::all() {
            let whole = converse(&mut served.connect(), &case, [&case.bytes[..]].into_iter());
            let halves = case.bytes.split_at(case.bytes.len() / 2);
            let cut = converse(
                &mut served.connect(),
                &case,
                [halves.0, halves.1].into_iter(),
            );
            for statuses in [whole, cut] {
                if statuses != case.answers {
                    wrong.push(format!(
                        "{}: {statuses:?} instead of {:?}",
                        case.name, case.answers
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(worker(&served), before);
    }
}

#[test]
fn slow_and_silent_clients_are_closed_and_delay_no_other() {
    for served in each_kind() {
        let before = worker(&served);
        let mut slow: Vec<Client> = (0..100).map(|_| served.connect()).collect();
        let mut silent: Vec<Client> = (0..100).map(|_| served.connect()).collect();
        for letter in "GET /hello HTTP/1.1\r\nHo".chars() {
            for client in &mut slow {
                client.send(letter.to_string());
            }
            assert_eq!(worker(&served), before);
        }
        for client in &mut slow {
            assert_eq!(
                client.answer(BodyPresence::Get).map(|answer| answer.status),
                Some(408)
            );
            assert!(client.answer(BodyPresence::Get).is_none());
        }
        for client in &mut silent {
            assert!(client.answer(BodyPresence::Get).is_none());
        }
        assert_eq!(worker(&served), before);
    }
}

#[test]
fn clients_that_leave_early_do_no_harm() {
    for served in each_kind() {
        let before = worker(&served);
        let request = b"POST /story HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
        for length in 0..=request.len() {
            served.connect().send(&request[..length]);
            let mut half_closed = served.connect();
            half_closed.send(&request[..length]);
            half_closed.hang_up();
            let status = half_closed
                .answer(BodyPresence::Get)
                .map(|answer| answer.status);
            assert_eq!(
                status,
                (length == request.len()).then_some(200),
                "{length} bytes"
            );
        }
        assert_eq!(worker(&served), before);
    }
}

#[test]
fn a_thousand_silent_connections_and_a_client_that_never_reads_delay_no_other() {
    concsim::sys::processes::allow_all_descriptors();
    for kind in ["sync", "threads", "coroutine", "callback"] {
        // Of two sync workers one is busy with the client that never reads; its answer fills all buffers.
        let scenario = format!(
            "server = {{ kind = '{kind}', workers = 2, connections = 2000, timeout = '60s' }}\nload.clients = 1\n\
             requests.story.steps = []\nrequests.large.steps = ['write 64MiB']"
        );
        let served = Served::start(&scenario);
        let silent: Vec<Client> = (0..1000).map(|_| served.connect()).collect();
        let mut never_reads = served.connect();
        never_reads.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
        for _ in 0..20 {
            let story = served.get("/story");
            assert!(story.starts_with("worker "), "{kind}: {story}");
        }
        drop((silent, never_reads));
        let story = served.get("/story");
        assert!(story.starts_with("worker "), "{kind}: {story}");
    }
}

#[test]
fn noise_is_refused_and_does_no_harm() {
    for served in each_kind() {
        let before = worker(&served);
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for length in (0..2_000).step_by(20) {
            let noise: Vec<u8> = (0..length).map(|_| next_byte(&mut state)).collect();
            let mut client = served.connect();
            client.send(&noise);
            client.hang_up();
            while let Some(answer) = client.answer(BodyPresence::Get) {
                assert!(
                    (400..=505).contains(&answer.status),
                    "{} for {noise:?}",
                    answer.status
                );
            }
        }
        assert_eq!(worker(&served), before);
    }
}

/// xorshift: noise that is the same each time.
fn next_byte(state: &mut u64) -> u8 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 32) as u8
}
