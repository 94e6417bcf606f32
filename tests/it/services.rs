//! Conformance of both engines for calls of services with limits: see `conformance.rs`. And services that do
//! not answer as they should, played by the test.

#![expect(clippy::unwrap_used, reason = "a run without its files fails the test")]
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use concsim::recording::Recording;
use concsim::telemetry::{Event, WaitParts, WaitPurpose};
use concsim::units::{Elapsed, Stamp};

use crate::conformance::{both, failures, served};
use crate::serve_process::{Answer, answer, until};
use crate::serving::Serving;

const KINDS: [&str; 4] = ["sync", "coroutine", "threads", "callback"];
/// Kinds whose workers have several calls at once.
const WITH_POOLS: [&str; 3] = ["coroutine", "threads", "callback"];

/// An answered call: its request, and when it was asked, due and answered.
#[derive(Clone, Copy, Debug)]
struct AnsweredCall {
    request: u32,
    asked: Stamp,
    due: Stamp,
    written: Stamp,
}

/// Returns the answered calls, in the order in which the service read them.
fn calls(recording: &Recording) -> Vec<AnsweredCall> {
    let mut calls: Vec<_> = recording
        .answers
        .iter()
        .filter_map(|event| match *event {
            Event::Answered {
                request,
                asked,
                due,
                written,
                ..
            } => Some(AnsweredCall {
                request,
                asked,
                due,
                written,
            }),
            _ => None,
        })
        .collect();
    calls.sort_by_key(|call| call.asked);
    calls
}

/// Returns the highest number of intervals that contain one instant, at the beginning of one of them.
fn at_once(intervals: &[(Stamp, Stamp)]) -> usize {
    let at = |instant: Stamp| {
        let contains = |(from, to): &&(Stamp, Stamp)| *from <= instant && instant < *to;
        intervals.iter().filter(contains).count()
    };
    intervals.iter().map(|(from, _)| at(*from)).max().unwrap()
}

/// Returns the parts of the waits of each request.
fn parts(recording: &Recording) -> BTreeMap<u32, WaitParts> {
    let events = recording.events.iter();
    events
        .filter_map(|(_, event)| match event {
            Event::Waited(parts) => Some((parts.request, *parts)),
            _ => None,
        })
        .collect()
}

/// Returns the requests that waited for `purpose`, in the order in which they began to.
fn queued_for(recording: &Recording, purpose: WaitPurpose) -> Vec<u32> {
    let mut queued: Vec<_> = recording
        .switches
        .iter()
        .filter_map(|(_, event)| match *event {
            Event::Awaits {
                at, request, part, ..
            } => (part == purpose).then_some((at, request)),
            _ => None,
        })
        .collect();
    queued.sort();
    queued.into_iter().map(|(_, request)| request).collect()
}

#[test]
fn a_worker_has_no_more_calls_than_connections_and_the_longest_waiter_gets_the_next_one() {
    for kind in WITH_POOLS {
        let scenario = format!(
            "server = {{ kind = '{kind}', threads = 8 }}\nservices.db.pool = 2\n\
             requests.it.steps = ['call db 100ms']\nload = {{ clients = 8, requests = 8, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            let calls = calls(recording);
            let intervals: Vec<_> = calls.iter().map(|it| (it.asked, it.written)).collect();
            assert_eq!((calls.len(), at_once(&intervals)), (8, 2), "{kind}");
            let queued = queued_for(recording, WaitPurpose::Connection);
            let called: Vec<u32> = calls.iter().map(|call| call.request).collect();
            let place = |request: &u32| called.iter().position(|it| it == request).unwrap();
            assert!(
                queued.len() >= 6,
                "{kind}: all but the first two: {queued:?}"
            );
            // Threads that come at the same instant may queue in another order than they say.
            assert!(
                kind == "threads" || queued.is_sorted_by_key(place),
                "{kind}: {queued:?}, {called:?}"
            );
            let parts = parts(recording);
            assert!(
                queued.iter().all(|it| parts[it].connection > Elapsed::ZERO),
                "{kind}"
            );
            check_parts(recording);
        });
    }
}

#[test]
fn a_service_serves_as_many_calls_as_its_capacity_and_the_others_queue_there() {
    for kind in KINDS {
        let scenario = format!(
            "server = {{ kind = '{kind}', threads = 3, workers = 2 }}\nservices.db.capacity = 1\n\
             requests.it.steps = ['call db 40ms']\nload = {{ clients = 6, requests = 12, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            let calls = calls(recording);
            let length = Elapsed::from_millis(40);
            let served_in = |it: &AnsweredCall| (Stamp(it.due.0 - length.0), it.due);
            let intervals: Vec<_> = calls.iter().map(served_in).collect();
            assert_eq!((calls.len(), at_once(&intervals)), (12, 1), "{kind}");
            assert!(
                calls.is_sorted_by_key(|it| it.due),
                "{kind}: the first to come first"
            );
            for parts in parts(recording).values() {
                assert!(parts.call > Elapsed::ZERO, "{kind}: {parts:?}");
            }
            let queues = parts(recording).into_values().map(|it| it.queue);
            assert!(queues.max() > Some(Elapsed::ZERO), "{kind}");
            check_parts(recording);
        });
    }
}

#[test]
fn the_set_up_of_a_connection_is_waited_for_once() {
    for kind in KINDS {
        let scenario = format!(
            "server = {{ kind = '{kind}' }}\nservices.db.connect = '50ms'\n\
             requests.it.steps = ['call db 5ms', 'call db 5ms']\n\
             load = {{ clients = 1, requests = 3, ramp = '0s' }}"
        );
        both(&scenario, |recording| {
            let parts = parts(recording);
            assert!(parts[&0].connection > Elapsed::ZERO, "{kind}");
            for later in [1, 2] {
                assert_eq!(parts[&later].connection, Elapsed::ZERO, "{kind}");
            }
            assert_eq!(calls(recording).len(), 6, "{kind}: a set-up is no call");
            check_parts(recording);
        });
    }
}

#[test]
fn an_unpatched_call_waits_for_its_connection_by_the_hub() {
    for kind in ["coroutine", "callback"] {
        // The patched calls have both connections while the others wait; blocked, the worker could not give
        // them back.
        let scenario = format!(
            "server = {{ kind = '{kind}' }}\nservices.db.pool = 2\n\
             requests.long.steps = ['call db 100ms']\nrequests.blunt.steps = ['call db 20ms unpatched']\n\
             [[jobs]]\nat = '0ms'\nclass = 'long'\ncount = 2\n[[jobs]]\nat = '30ms'\nclass = 'blunt'\ncount = 2"
        );
        both(&scenario, |recording| {
            assert_eq!(served(recording).len(), 4, "{kind}");
            assert!(failures(recording).values().all(Option::is_none), "{kind}");
            assert_eq!(crate::conformance::blocked(recording).len(), 2, "{kind}");
            check_parts(recording);
        });
    }
}

/// Checks that the parts of each request's waits add up to its waits.
fn check_parts(recording: &Recording) {
    let parts = parts(recording);
    for (_, served) in served(recording) {
        let total = parts.get(&served.request).map(WaitParts::total);
        assert_eq!(total.unwrap_or_default(), served.waited, "{served:?}");
    }
}

/// Behaviour of a service that the test plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    /// Answers at once, as it should.
    Right,
    /// Closes each connection when a call comes.
    HangsUp,
    /// Answers a call that was not made.
    Garbage,
    /// Sends half an answer and closes.
    Half,
    /// Sends a byte of the answer each 5 ms.
    Slow,
    /// Never answers.
    Silent,
    /// Has ended: closes each connection, and takes no other.
    Gone,
}

/// A service that the test plays. Its threads end with the test's process, or with their connections.
struct OddService {
    address: SocketAddr,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl OddService {
    fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let behaviour = Arc::new(Mutex::new(Behaviour::Right));
        let shared = Arc::clone(&behaviour);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if *shared.lock().unwrap() == Behaviour::Gone {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, behaviour }
    }

    /// Ends the service: nothing listens at its address, and its connections close at their next call.
    fn goes_away(&self) {
        self.becomes(Behaviour::Gone);
        until("nothing listens", || {
            TcpStream::connect(self.address).is_err()
        });
    }

    fn becomes(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }
}

/// Answers the calls of one connection. A call is 24 bytes: its number, its length and its request; an answer
/// is 32: the number, the instants at which it was due and written, and a zero.
fn serve(mut stream: TcpStream, behaviour: &Mutex<Behaviour>) {
    let mut call = [0; 24];
    while stream.read_exact(&mut call).is_ok() {
        let behaviour = *behaviour.lock().unwrap();
        let mut answer = [0; 32];
        answer[..8].copy_from_slice(&call[..8]);
        let sent = match behaviour {
            Behaviour::Right => stream.write_all(&answer),
            Behaviour::HangsUp | Behaviour::Gone => return,
            Behaviour::Silent => Ok(()),
            Behaviour::Garbage => stream.write_all(&[0xff; 32]),
            Behaviour::Half => {
                // What follows is the end of the connection.
                let _ = stream.write_all(&answer[..16]);
                return;
            }
            Behaviour::Slow => answer.iter().try_for_each(|byte| {
                #[expect(clippy::disallowed_methods, reason = "a slow service")]
                thread::sleep(Duration::from_millis(5));
                stream.write_all(&[*byte])
            }),
        };
        if sent.is_err() {
            return;
        }
    }
}

/// A server of one worker with one connection to a service, which the test plays.
fn serving(kind: &str, mode: &str, service: &OddService) -> Serving {
    let scenario = format!(
        "server = {{ kind = '{kind}', threads = 4, timeout = '2s', graceful_timeout = '1s' }}\n\
         services.db.pool = 1\nload.clients = 1\nrequests.it.steps = ['call db 1ms{mode}']\n\
         requests.other.steps = ['write 2B']"
    );
    let (serving, text) = Serving::try_start(&scenario, vec![service.address]);
    text.unwrap_or_else(|reason| panic!("the server failed to {reason}"));
    serving
}

/// Every kind of workers, and every way in which one calls.
const WAYS: [(&str, &str); 6] = [
    ("sync", ""),
    ("threads", ""),
    ("coroutine", ""),
    ("coroutine", " unpatched"),
    ("callback", ""),
    ("callback", " unpatched"),
];

#[test]
fn a_service_that_answers_wrongly_costs_its_request_a_502_and_one_that_is_back_is_asked_again() {
    for (kind, mode) in WAYS {
        let service = OddService::start();
        let serving = serving(kind, mode, &service);
        let cases = [
            (Behaviour::Right, 200),
            (Behaviour::HangsUp, 502),
            (Behaviour::Right, 200),
            (Behaviour::Garbage, 502),
            (Behaviour::Right, 200),
            (Behaviour::Half, 502),
            (Behaviour::Slow, 200),
        ];
        for (behaviour, expected) in cases {
            service.becomes(behaviour);
            let found = status(&serving, "/it");
            assert_eq!(found, Some(expected), "{kind}{mode}: {behaviour:?}");
        }
        service.goes_away();
        for connection in ["kept", "refused"] {
            let found = status(&serving, "/it");
            assert_eq!(found, Some(502), "{kind}{mode}: {connection}");
        }
        let _back = OddService::start_at(service.address);
        assert_eq!(
            status(&serving, "/it"),
            Some(200),
            "{kind}{mode}: it is back"
        );
    }
}

#[test]
fn waiters_for_the_connection_of_a_call_that_failed_get_its_place() {
    for kind in WITH_POOLS {
        let service = OddService::start();
        let serving = serving(kind, "", &service);
        service.becomes(Behaviour::HangsUp);
        // One has the place at a time; each of them finds the service gone, and none waits for ever.
        let found = thread::scope(|scope| {
            let clients = [(); 4].map(|()| scope.spawn(|| status(&serving, "/it")));
            clients.map(|client| client.join().unwrap())
        });
        assert_eq!(found, [Some(502); 4], "{kind}");
        service.becomes(Behaviour::Right);
        assert_eq!(status(&serving, "/it"), Some(200), "{kind}");
    }
}

#[test]
fn a_service_that_never_answers_holds_one_request_or_ends_its_worker_by_the_heartbeat() {
    crate::faults::at_once(WAYS, |(kind, mode)| {
        let service = OddService::start();
        let mut serving = serving(kind, mode, &service);
        service.becomes(Behaviour::Silent);
        let mut stuck = begin(&serving, "/it");
        let blocks = kind == "sync" || mode == " unpatched";
        if blocks {
            assert_eq!(
                answer(&mut stuck),
                None,
                "{kind}{mode}: the worker is killed"
            );
        }
        assert_eq!(status(&serving, "/other"), Some(200), "{kind}{mode}");
        serving.stop();
        assert_eq!(answer(&mut stuck), None, "{kind}{mode}");
    });
}

/// Sends a GET, and does not wait for the answer.
fn begin(serving: &Serving, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(serving.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Sends a GET and returns the status of its answer.
fn status(serving: &Serving, path: &str) -> Option<u16> {
    answer(&mut begin(serving, path)).map(|Answer { status, .. }| status)
}
