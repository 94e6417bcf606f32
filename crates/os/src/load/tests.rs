//! Small loads against servers that are scripted by each test, in threads of this process.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use super::{Orders, Target, play};
use crate::sys::clock::Clock;
use crate::telemetry::{Event, Failure, Outcome, Reader, Reading, RunWords, Scoreboard, Stage};
use concsim_engine::timetable::small::{closed, open};
use concsim_model::scenario::{Arrivals, ConnectionMode, Draw, Scenario, Warmup};
use concsim_model::units::{Elapsed, Stamp};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Server that passes each connection to `script`, one after the other, with its number.
struct Scripted {
    target: Target,
    /// Request lines that were read, in order.
    asked: Arc<Mutex<Vec<String>>>,
}

/// Connection to a scripted server.
struct Served {
    stream: TcpStream,
    number: usize,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    fn new(mut script: impl FnMut(Served) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = Target::at(listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let last_seen = Arc::clone(&asked);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let asked = Arc::clone(&last_seen);
                let stream = stream.unwrap();
                script(Served {
                    stream,
                    number,
                    asked,
                });
            }
        });
        Self { target, asked }
    }

    /// Serves each connection in a thread of its own.
    fn at_once(script: impl Fn(Served) + Send + Sync + 'static) -> Self {
        let script = Arc::new(script);
        Self::new(move |served| {
            let script = Arc::clone(&script);
            thread::spawn(move || script(served));
        })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Served {
    /// Reads one request's head. Returns false at the end of the connection.
    fn read_head(&mut self) -> bool {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            match self.stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return false,
            }
        }
        let text = String::from_utf8(head).unwrap();
        let line = text.lines().next().unwrap().to_owned();
        self.asked.lock().unwrap().push(line);
        true
    }

    /// Sends bytes; the client may be gone.
    fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }
}

struct Played {
    outcomes: Vec<Outcome>,
    scoreboard: Scoreboard,
}

impl Played {
    fn of(scenario: Scenario, target: &Target) -> Self {
        Self::steered(scenario, target, |_| ())
    }

    /// Plays a load while `steer` uses the scoreboard in another thread.
    fn steered(
        scenario: Scenario,
        target: &Target,
        steer: impl FnOnce(&Scoreboard) + Send,
    ) -> Self {
        let scoreboard = Scoreboard::new(1 << 13).unwrap();
        let orders = Orders {
            clock: Clock::starting_now(),
            scenario,
            target: target.clone(),
            stamps_arrivals: true,
        };
        scoreboard
            .run()
            .go
            .store(1, std::sync::atomic::Ordering::Release);
        thread::scope(|scope| {
            scope.spawn(|| steer(&scoreboard));
            play(&orders, &scoreboard, &mut std::io::sink()).unwrap();
        });
        assert_eq!(scoreboard.run().load.stage(), Stage::Done);
        let mut outcomes = Vec::new();
        Reader::new(scoreboard.load_ring()).drain(|record| {
            if let Event::Ended(outcome) = Event::from_record(record).unwrap() {
                outcomes.push(outcome);
            }
        });
        Self {
            outcomes,
            scoreboard,
        }
    }

    fn in_system(&self) -> Reading {
        self.scoreboard.run().load.in_system.read().unwrap()
    }

    fn window(&self) -> (Stamp, Stamp) {
        let load = &self.scoreboard.run().load;
        let read = |word: &std::sync::atomic::AtomicU64| {
            Stamp(word.load(std::sync::atomic::Ordering::Acquire))
        };
        (read(&load.window_begin), read(&load.window_end))
    }

    fn by_number(&self) -> Vec<Outcome> {
        let mut outcomes = self.outcomes.clone();
        outcomes.sort_by_key(|outcome| outcome.request);
        outcomes
    }
}

fn requests(mut scenario: Scenario, count: u64) -> Scenario {
    scenario.load.requests = Some(count);
    scenario
}

fn keeping(mut scenario: Scenario) -> Scenario {
    scenario.load.connection = ConnectionMode::KeepAlive;
    scenario
}

fn one_client() -> Scenario {
    closed(1, Elapsed::ZERO)
}

#[test]
fn a_client_asks_again_when_it_was_answered() {
    let server = Scripted::new(|mut served| {
        served.read_head();
        served.send(OK);
    });
    let played = Played::of(requests(one_client(), 20), &server.target);
    let outcomes = played.by_number();
    assert!(outcomes.iter().map(|outcome| outcome.request).eq(0..20));
    for pair in outcomes.windows(2) {
        assert_eq!(pair[1].due, pair[0].done);
    }
    for outcome in &outcomes {
        assert_eq!((outcome.failure, outcome.status), (None, 200));
        assert!(outcome.opened, "each has a connection of its own");
        assert!(outcome.due <= outcome.sent && outcome.sent < outcome.first_byte);
        assert!(outcome.first_byte <= outcome.done);
    }
    let asked: Vec<_> = (0..20)
        .map(|n| format!("GET /hello?n={n} HTTP/1.1"))
        .collect();
    assert_eq!(server.asked(), asked);
}

#[test]
fn the_gauge_and_the_log_agree_to_the_nanosecond() {
    let server = Scripted::at_once(|mut served| {
        served.read_head();
        served.send(OK);
    });
    let scenario = requests(closed(5, Elapsed::from_millis(20)), 200);
    let played = Played::of(scenario, &server.target);
    let stays = played
        .outcomes
        .iter()
        .map(|outcome| outcome.done.since(outcome.due).0);
    let reading = played.in_system();
    assert_eq!(reading.count, 0);
    assert_eq!(reading.integral, stays.sum::<u64>());
}

#[test]
fn so_many_requests_fill_the_window() {
    let server = Scripted::new(|mut served| {
        served.read_head();
        served.send(OK);
    });
    let played = Played::of(requests(one_client(), 10), &server.target);
    let (begin, end) = played.window();
    let outcomes = played.by_number();
    assert_eq!(outcomes[0].due, begin);
    assert_eq!(outcomes[9].done + Elapsed(1), end);
}

#[test]
fn a_kept_connection_is_used_until_the_server_closes_it() {
    let server = Scripted::new(|mut served| {
        for _ in 0..5 {
            if !served.read_head() {
                return;
            }
            served.send(OK);
        }
        served.read_head();
        served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    let played = Played::of(requests(keeping(one_client()), 12), &server.target);
    let opened: Vec<_> = played.by_number().iter().map(|o| o.opened).collect();
    let expected: Vec<_> = (0..12).map(|number| number % 6 == 0).collect();
    assert_eq!(opened, expected);
    assert!(
        played
            .outcomes
            .iter()
            .all(|outcome| outcome.failure.is_none())
    );
}

#[test]
fn a_kept_connection_outlives_answers_that_are_read_in_several_turns() {
    // A turn reads 256 KiB, and more bytes come meanwhile.
    const LENGTH: usize = 4 << 20;
    let server = Scripted::at_once(|mut served| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
        let answer = [head.as_bytes(), &vec![b'a'; LENGTH]].concat();
        while served.read_head() {
            served.send(&answer);
        }
    });
    let mut scenario = requests(keeping(one_client()), 20);
    if let Arrivals::Closed { think, .. } = &mut scenario.load.arrivals {
        *think = Draw::Fixed(1_000_000);
    }
    let played = Played::of(scenario, &server.target);
    let outcomes = played.by_number();
    assert_eq!(outcomes.len(), 20);
    assert!(outcomes.iter().all(|it| it.failure.is_none()));
    let opened = outcomes.iter().filter(|it| it.opened).count();
    assert_eq!(opened, 1);
}

#[test]
fn no_request_is_sent_twice_when_the_server_closes_without_a_word() {
    let server = Scripted::at_once(|mut served| {
        served.read_head();
        served.send(OK);
    });
    let played = Played::of(
        requests(keeping(closed(3, Elapsed::ZERO)), 60),
        &server.target,
    );
    assert_eq!(played.outcomes.len(), 60);
    let mut asked = server.asked();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), server.asked().len());
    for outcome in &played.outcomes {
        assert!(matches!(outcome.failure, None | Some(Failure::Reset)));
        assert!(
            outcome.failure.is_none() || !outcome.opened,
            "a race on a kept connection"
        );
    }
}

#[test]
fn answers_may_be_chunked_or_end_with_the_connection() {
    let server = Scripted::new(|mut served| {
        served.read_head();
        if served.number.is_multiple_of(2) {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            served.send(&[head, &b"3\r\nabc\r\n"[..]].concat());
            served.send(b"0\r\n\r\n");
        } else {
            served.send(b"HTTP/1.1 200 OK\r\n\r\nabc");
            served.send(&vec![b'x'; 200_000]);
        }
    });
    let played = Played::of(requests(one_client(), 6), &server.target);
    assert!(
        played
            .outcomes
            .iter()
            .all(|outcome| outcome.failure.is_none())
    );
}

#[test]
fn half_an_answer_is_a_reset_and_a_bad_status_is_an_answer() {
    let server = Scripted::new(|mut served| {
        served.read_head();
        match served.number {
            0 => served.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
            1 => served.send(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"),
            2 => served.send(b"this is no HTTP\r\n\r\n"),
            3 => served.stream.shutdown(Shutdown::Both).unwrap(),
            _ => served.send(OK),
        }
    });
    let played = Played::of(requests(one_client(), 5), &server.target);
    let outcomes = played.by_number();
    let failures: Vec<_> = outcomes.iter().map(|o| (o.failure, o.status)).collect();
    let reset = (Some(Failure::Reset), 0);
    let status = (Some(Failure::Status), 500);
    assert_eq!(failures, [reset, status, reset, reset, (None, 200)]);
    assert!(outcomes[0].first_byte > Stamp::ZERO, "something came");
    assert_eq!(outcomes[3].first_byte, Stamp::ZERO, "nothing came");
    assert!(outcomes[1].due >= outcomes[0].done + Elapsed::from_millis(100));
    assert_eq!(
        outcomes[2].due, outcomes[1].done,
        "a bad status is no reason to wait"
    );
}

#[test]
fn clients_that_are_refused_wait_a_little_before_they_ask_again() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut scenario = closed(2, Elapsed::ZERO);
    scenario.warmup = Warmup::For(Elapsed::ZERO);
    scenario.duration = Elapsed::from_millis(350);
    let played = Played::of(scenario, &Target::at(nobody));
    assert!((2..=8).contains(&played.outcomes.len()));
    for outcome in &played.outcomes {
        assert_eq!(outcome.failure, Some(Failure::Refused));
        assert!(outcome.sent >= outcome.due);
    }
}

#[test]
fn a_request_without_an_answer_fails_when_patience_is_over() {
    let (keep, _kept) = mpsc::channel();
    let server = Scripted::new(move |served| keep.send(served.stream).unwrap());
    let mut scenario = closed(2, Elapsed::ZERO);
    scenario.warmup = Warmup::For(Elapsed::ZERO);
    scenario.duration = Elapsed::from_millis(100);
    scenario.load.patience = Elapsed::from_millis(150);
    let played = Played::of(scenario, &server.target);
    assert_eq!(played.outcomes.len(), 2, "after it the window was over");
    for outcome in &played.outcomes {
        assert_eq!(outcome.failure, Some(Failure::Timeout));
        assert!(outcome.done >= outcome.due + Elapsed::from_millis(150));
    }
}

#[test]
fn stopping_ends_the_window_and_gives_up_on_stragglers_after_a_second() {
    let (keep, _kept) = mpsc::channel();
    let server = Scripted::new(move |served| keep.send(served.stream).unwrap());
    let mut scenario = closed(2, Elapsed::ZERO);
    scenario.warmup = Warmup::For(Elapsed::ZERO);
    scenario.duration = Elapsed::from_secs(3_600);
    let played = Played::steered(scenario, &server.target, |scoreboard| {
        let run = scoreboard.run();
        while run.load.sent.load(std::sync::atomic::Ordering::Acquire) < 2 {
            thread::yield_now();
        }
        run.stop.store(1, std::sync::atomic::Ordering::Release);
    });
    let (begin, end) = played.window();
    assert!(begin < end && end.since(begin) < Elapsed::from_secs(3_600));
    assert_eq!(played.outcomes.len(), 2);
    for outcome in &played.outcomes {
        assert_eq!(outcome.failure, Some(Failure::Timeout));
        assert!(outcome.done >= end + Elapsed::from_secs(1));
    }
}

#[test]
fn a_window_that_the_recorder_ends_is_waited_for_to_its_last_answer() {
    let server = Scripted::new(|mut served| {
        served.read_head();
        #[expect(clippy::disallowed_methods, reason = "longer than a person would wait")]
        thread::sleep(std::time::Duration::from_millis(1_500));
        served.send(OK);
    });
    let mut scenario = closed(2, Elapsed::ZERO);
    scenario.warmup = Warmup::For(Elapsed::ZERO);
    scenario.duration = Elapsed::from_secs(3_600);
    let played = Played::steered(scenario, &server.target, |scoreboard| {
        let run = scoreboard.run();
        while run.load.sent.load(std::sync::atomic::Ordering::Acquire) < 2 {
            thread::yield_now();
        }
        let word = RunWords::END_THE_WINDOW;
        run.stop.store(word, std::sync::atomic::Ordering::Release);
    });
    let (begin, end) = played.window();
    assert!(begin < end && end.since(begin) < Elapsed::from_secs(3_600));
    assert_eq!(played.outcomes.len(), 2);
    for outcome in &played.outcomes {
        assert_eq!(outcome.failure, None);
    }
}

/// Effect that coordinated omission would hide: while a server pauses, requests go on being due, and each
/// waits for the rest of the pause.
#[test]
fn a_pause_of_the_server_delays_every_request_due_meanwhile() {
    const RATE: f64 = 400.0;
    const PAUSE: Elapsed = Elapsed::from_millis(600);
    let server = Scripted::new(|mut served| {
        served.read_head();
        if served.number == 100 {
            #[expect(clippy::disallowed_methods, reason = "the scripted server pauses")]
            thread::sleep(std::time::Duration::from_nanos(PAUSE.0));
        }
        served.send(OK);
    });
    let mut scenario = open(RATE);
    scenario.warmup = Warmup::For(Elapsed::ZERO);
    scenario.duration = Elapsed::from_millis(1_500);
    let played = Played::of(scenario, &server.target);

    let waited = |outcome: &&Outcome| outcome.done.since(outcome.due) > Elapsed::from_millis(100);
    let delayed: Vec<_> = played.outcomes.iter().filter(waited).collect();
    // Due in the first 500 ms of the pause: 200 on average, with a standard deviation of 14.
    assert!(delayed.len() >= 140, "only {} felt it", delayed.len());
    let latencies = delayed
        .iter()
        .map(|outcome| outcome.done.since(outcome.due));
    let mean = latencies.map(|latency| latency.0).sum::<u64>() / delayed.len() as u64;
    assert!(
        mean >= Elapsed::from_millis(250).0,
        "evenly between 100 and 600 ms"
    );
    assert!(
        played
            .outcomes
            .iter()
            .all(|outcome| outcome.failure.is_none())
    );
}

#[test]
fn an_open_load_keeps_to_its_timetable_whatever_the_server_does() {
    let (keep, _kept) = mpsc::channel();
    let server = Scripted::new(move |served| keep.send(served.stream).unwrap());
    let mut scenario = open(200.0);
    scenario.warmup = Warmup::For(Elapsed::ZERO);
    scenario.duration = Elapsed::from_millis(500);
    scenario.load.patience = Elapsed::from_millis(100);
    let arrivals = concsim_model::scenario::draw::arrivals(&scenario);
    let expected: Vec<_> = arrivals
        .take_while(|after| *after < scenario.duration)
        .collect();
    let played = Played::of(scenario, &server.target);
    let (begin, _) = played.window();
    let dues: Vec<_> = played
        .by_number()
        .iter()
        .map(|o| o.due.since(begin))
        .collect();
    assert_eq!(dues, expected);
}

#[test]
fn an_open_load_with_kept_connections_opens_as_many_as_are_needed_at_once() {
    let server = Scripted::at_once(|mut served| {
        while served.read_head() {
            served.send(OK);
        }
    });
    let mut scenario = keeping(open(300.0));
    scenario.warmup = Warmup::For(Elapsed::ZERO);
    scenario.duration = Elapsed::from_millis(500);
    let played = Played::of(scenario, &server.target);
    let opened = played.outcomes.iter().filter(|o| o.opened).count();
    assert!(played.outcomes.len() > 80);
    assert!(opened < played.outcomes.len() / 2, "{opened} were opened");
    assert!(
        played
            .outcomes
            .iter()
            .all(|outcome| outcome.failure.is_none())
    );
}
