//! Clients that leave before their answers come, and workers that answer all the same; and a worker that
//! accepts all requests in one turn. The right values come from an event loop of a few lines.

use std::collections::VecDeque;

use super::*;
use concsim_model::units::Stamp;
use concsim_record::lanes::Index;
use concsim_record::remark::{self, Context, Kind};

/// One worker that takes a second for each request, first come, first served, and clients that give up
/// after `patience` tenths of a second and send again at once. All times are in tenths of a second.
struct EventLoop {
    clients: usize,
    service: u64,
    patience: u64,
}

/// Result of the event loop.
#[derive(Debug, Default, PartialEq)]
struct Outcome10 {
    /// Times of good answers.
    good: Vec<u64>,
    /// Number of requests in the queue at the end, and of those whose client had left.
    queued: (u64, u64),
    /// Share of the worker's time from `from` on in which the client had left.
    dead: f64,
}

impl EventLoop {
    fn play(&self, from: u64, until: u64) -> Outcome10 {
        // For each request: its client, the time at which it was sent, and the time at which its client
        // left.
        let mut requests: Vec<(usize, u64, Option<u64>)> = Vec::new();
        let mut queue: VecDeque<usize> = VecDeque::new();
        let mut asks: Vec<usize> = (0..self.clients).collect();
        let mut served: Option<(usize, u64)> = None;
        let (mut came_of, mut busy, mut dead) = (Outcome10::default(), 0, 0);
        for now in 0..=until {
            if let Some((request, _)) = served.filter(|(_, end)| *end == now) {
                let (client, _, left) = requests[request];
                if left.is_none() {
                    came_of.good.push(now);
                    asks.push(client);
                }
                served = None;
            }
            for request in queue
                .iter()
                .copied()
                .chain(served.map(|(request, _)| request))
            {
                let (client, sent, left) = &mut requests[request];
                if left.is_none() && *sent + self.patience == now {
                    *left = Some(now);
                    asks.push(*client);
                }
            }
            for client in asks.drain(..) {
                queue.push_back(requests.len());
                requests.push((client, now, None));
            }
            if served.is_none() {
                served = queue
                    .pop_front()
                    .map(|request| (request, now + self.service));
            }
            if let Some((request, _)) = served.filter(|_| now >= from && now < until) {
                busy += 1;
                dead += u64::from(requests[request].2.is_some());
            }
        }
        let gone = queue
            .iter()
            .filter(|request| requests[**request].2.is_some());
        came_of.queued = (queue.len() as u64, gone.count() as u64);
        came_of.dead = dead as f64 / f64::from(busy.max(1));
        came_of
    }
}

/// Five clients that wait for a second and a half, and a worker that takes a second for each.
const DEAD_WORK: &str = r#"
    duration = "60s"
    server = { kind = "sync", workers = 1 }
    requests.slow.steps = ["sleep 1s"]
    load = { clients = 5, ramp = "0s", patience = "1500ms" }
"#;

#[test]
fn a_worker_that_answers_clients_that_have_left_works_for_none() {
    let of_five = EventLoop {
        clients: 5,
        service: 10,
        patience: 15,
    };
    // The counted window is from 10 s to 70 s.
    let right = of_five.play(100, 699);
    assert_eq!((right.good.as_slice(), right.dead), (&[10][..], 1.0));
    let run = runs_of(DEAD_WORK, &[]).remove(0);
    let found = run.dead_work.expect("workers tell of their requests");
    assert_eq!((run.completed, found.share), (0, Some(right.dead)));
    // Several events happen at the instant at which the window ends.
    let at_the_end = of_five.play(100, 700).queued.1;
    assert!(
        [right.queued.1, at_the_end].contains(&found.in_queue),
        "{found:?} instead of {right:?} or {at_the_end}"
    );
    let first = &run.remarks[0];
    assert_eq!(first.kind, Kind::DeadWork);
    assert!(
        first.sentence().starts_with(
            "The worker spent 100 % of its busy and blocked time on requests whose clients had already left, in \
             the counted window."
        ),
        "{first:?}"
    );
}

/// Thirty clients come at once and find thirteen places. Of the other seventeen, which give up and send
/// again at once, thirteen find a place, and four later. The worker accepts all that are in its queue at
/// each turn, so that at the end none is in it.
#[test]
fn a_client_that_found_no_place_in_the_queue_and_left_is_not_in_it() {
    let text = r#"
        warmup = "500ms"
        duration = "1s"
        server = { kind = "coroutine", workers = 1, backlog = 12 }
        requests.page.steps = ["sleep 50ms"]
        load = { clients = 30, ramp = "0s", patience = "300ms", connection = "keep-alive" }
    "#;
    let run = runs_of(text, &[]).remove(0);
    let recording = recording_of(&plan(text, &[]), 0);
    let outcomes = recording.outcomes.iter();
    let untaken = outcomes.filter(|it| it.failure.is_some() && it.opened);
    assert_eq!(untaken.count(), 17 + 4);
    assert_eq!(run.dead_work.expect("workers tell").in_queue, 0);
    let is_said = run
        .remarks
        .iter()
        .any(|it| it.sentence().contains("queue held"));
    assert!(!is_said, "{:?}", run.remarks);
}

#[test]
fn the_advised_change_ends_dead_work_and_a_little_less_does_not() {
    let good = |set: &[&str]| {
        let run = runs_of(DEAD_WORK, set).remove(0);
        (
            run.completed as f64 / run.due as f64,
            run.dead_work.unwrap().share.unwrap(),
        )
    };
    let run = runs_of(DEAD_WORK, &[]).remove(0);
    assert_eq!(
        run.remarks[0].advice.as_deref(),
        Some(
            "The cure is a patience of 6.3 s or more, or 5 workers (computed, with a fifth of the \
             limit left free)."
        )
    );
    assert_eq!(good(&["load.patience=5100ms"]), (1.0, 0.0));
    // No request is answered well.
    assert!(good(&["load.patience=4900ms"]).0 < 1e-9);
    assert_eq!(good(&["server.workers=5"]), (1.0, 0.0));
    assert!(good(&["server.workers=4"]).0 < 1.0);
    // Coroutine workers are promised 5 answers a second, and give them.
    let blocked = run
        .remarks
        .iter()
        .find(|it| it.kind == Kind::BlockedWithFreeCores);
    assert_eq!(
        blocked.unwrap().advice.as_deref(),
        Some(
            "Coroutine workers would help: 5.00 answers/s at most, instead of 1.00 at most (computed)."
        )
    );
    let coroutine = runs_of(DEAD_WORK, &["server.kind=coroutine"]).remove(0);
    assert_eq!(coroutine.throughput_per_s, Some(5.0));
    // With a patience shorter than the sleep no number of workers helps, and none is promised.
    let hopeless = runs_of(DEAD_WORK, &["load.patience=900ms"]).remove(0);
    let advice = hopeless
        .remarks
        .iter()
        .filter_map(|it| it.advice.as_deref());
    assert_eq!(advice.collect::<Vec<_>>(), [] as [&str; 0]);
    let coroutine = runs_of(DEAD_WORK, &["load.patience=900ms", "server.kind=coroutine"]).remove(0);
    assert_eq!(coroutine.completed, 0);
}

#[test]
fn a_short_queue_is_a_cure_where_its_last_place_is_served_in_time() {
    let text = r#"
        duration = "20s"
        server = { kind = "sync", workers = 1 }
        requests.slow.steps = ["sleep 100ms"]
        load = { rate = "20/s", patience = "1500ms" }
    "#;
    let run = |set: &[&str]| runs_of(text, set).remove(0);
    let long = run(&[]);
    let dead = long
        .remarks
        .iter()
        .find(|it| it.kind == Kind::DeadWork)
        .unwrap();
    let advice = dead.advice.as_deref().unwrap();
    // A client that finds no place retries after 1 s, and has half a second left: five answers. With a
    // fifth of it left free, and the time of the request itself, there is room for three.
    assert!(
        advice.contains("a `server.backlog` of 2 or less"),
        "{advice}"
    );
    assert!(long.dead_work.unwrap().share.unwrap() > 0.5);
    assert_eq!(
        run(&["server.backlog=3"]).dead_work.unwrap().share,
        Some(0.0)
    );
    assert!(
        run(&["server.backlog=20"])
            .dead_work
            .unwrap()
            .share
            .unwrap()
            > 0.0
    );
}

/// The settings that a remark proposes against dead work.
fn remedies_of(run: &Run) -> Vec<String> {
    let text = run.remarks.iter().find(|it| it.kind == Kind::DeadWork);
    let advice = text.and_then(|it| it.advice.as_deref()).unwrap_or_default();
    let number = |words: &str, after: &str| {
        let rest = &words[words.find(after)? + after.len()..];
        Some(rest.split([' ', ',']).next()?.to_owned())
    };
    let list = advice.split(" (computed").next().unwrap_or_default();
    let each = list.trim_start_matches("The cure is ").split(", or ");
    each.filter_map(|cure| {
        if let Some(places) = number(cure, "`server.backlog` of ") {
            return Some(format!("server.backlog={places}"));
        }
        if let Some(long) = cure.strip_prefix("a patience of ") {
            let long = long.trim_end_matches(" or more").replace(' ', "");
            return Some(format!("load.patience={long}"));
        }
        let workers = cure.strip_suffix(" workers")?;
        Some(format!("server.workers={workers}"))
    })
    .collect()
}

#[test]
fn every_named_cure_of_dead_work_cures_it_in_a_simulation() {
    let loads = [
        r#"load = { clients = 60, ramp = "0s", patience = "2s" }"#,
        r#"load = { clients = 60, connection = "keep-alive", patience = "2s" }"#,
        r#"load = { clients = 12, think = "~300ms", patience = "700ms" }"#,
        r#"load = { rate = "22/s", patience = "1500ms" }"#,
        r#"load = { rate = "14/s", arrivals = "constant", patience = "900ms" }"#,
    ];
    let steps = [
        r#"["compute 100ms"]"#,
        r#"["compute ~60ms", "sleep 40ms"]"#,
        r#"["sleep ~100ms"]"#,
    ];
    let servers = [
        r#"{ kind = "sync", workers = 1 }"#,
        r#"{ kind = "sync", workers = 2 }"#,
        r#"{ kind = "sync", workers = 1, backlog = 5 }"#,
        r#"{ kind = "sync", workers = 2, accept = "reuseport" }"#,
        r#"{ kind = "threads", workers = 1, threads = 2 }"#,
        r#"{ kind = "coroutine", workers = 1 }"#,
    ];
    let (mut proved, mut plain) = (0, 0);
    for load in loads {
        for steps in steps {
            for server in servers {
                let text = format!(
                    "duration = '20s'\nmachine.cores = 8\nserver = {server}\nrequests.page.steps = {steps}\n\
                     {load}\n"
                );
                let run = runs_of(&text, &[]).remove(0);
                let line = run.remarks.iter().any(|it| it.kind == Kind::DeadWork);
                let cures = remedies_of(&run);
                plain += usize::from(line && cures.is_empty());
                for cure in cures {
                    let after = runs_of(&text, &[&cure]).remove(0);
                    let dead = after.dead_work.and_then(|it| it.share).unwrap_or(0.0);
                    assert!(
                        dead < 0.02,
                        "{cure}: {dead} of the time is for clients who left, in\n{text}"
                    );
                    // A short queue keeps clients out; the others let each be answered.
                    let answered = after.completed as f64 / after.due as f64;
                    let least = if cure.contains("backlog") {
                        run.completed
                    } else {
                        0
                    };
                    assert!(
                        after.completed >= least && (cure.contains("backlog") || answered > 0.98),
                        "{cure}: {answered} answered in\n{text}"
                    );
                    proved += 1;
                }
            }
        }
    }
    assert!(
        proved >= 20 && plain >= 5,
        "{proved} cures, {plain} facts without one"
    );
}

/// Ten processes, a blocking sleep of 5 s in each request, and twenty clients at once: the worker that is
/// free first accepts the remaining ten.
#[test]
fn one_of_ten_workers_that_holds_all_requests_is_remarked_upon() {
    let text = r#"
        server = { kind = "coroutine", workers = 10 }
        requests.delayed.steps = ["sleep 5s unpatched"]
        load = { clients = 20, requests = 20, ramp = "200ms", patience = "120s" }
    "#;
    let recording = recording_of(&plan(text, &[]), 0);
    for (second, begun) in [(12, 9), (30, 6)] {
        let snapshot = recording
            .snapshot_at(Stamp(second * 1_000_000_000))
            .unwrap();
        // By arithmetic: ten at 5 s, one answered every 5 s.
        let held = snapshot
            .sample()
            .workers
            .iter()
            .map(|worker| worker.begun.count);
        let held: Vec<u64> = held.filter(|count| *count > 0).collect();
        assert_eq!(held, [begun], "at {second} s");
        let context = Context::of_the_last_second(snapshot, snapshot.last_second().means(), &[]);
        let line: Vec<String> = remark::all(&context)
            .iter()
            .map(remark::Remark::sentence)
            .collect();
        let holds = line
            .iter()
            .find(|label| label.contains("held all requests"));
        let holds = holds.unwrap_or_else(|| panic!("at {second} s: {line:?}"));
        assert!(
            holds.contains("the other 9 workers were idle")
                && holds.contains("It took 10 connections in one turn"),
            "{holds}"
        );
    }
    let run = summarise(&recording);
    let at_once = run.workers_at_once;
    assert_eq!((at_once.least, at_once.most), (10, 10), "none came or went");
    let whole = run
        .remarks
        .iter()
        .find(|it| it.kind == Kind::HoldsAll)
        .unwrap();
    // All ten have ended by the end of the run.
    assert!(
        whole.sentence().contains("the other 9 workers were idle"),
        "{whole:?}"
    );
}

/// Five clients that leave after 1.5 s and send again at once, and a worker that does one request a second.
/// Once the queue is as long as patience, the worker's request always belongs to a client that has left: by
/// arithmetic all five are at the door all the time. Every display of the number agrees.
#[test]
fn a_repeated_request_is_at_the_door_while_a_worker_computes_for_the_first() {
    let text = r#"
        duration = "20s"
        warmup = "10s"
        server = { kind = "sync", workers = 1 }
        requests.slow.steps = ["sleep 1s"]
        load = { clients = 5, ramp = "0s", patience = "1500ms" }
    "#;
    let recording = recording_of(&plan(text, &[]), 0);
    let mut index = Index::default();
    index.extend(&recording);
    for second in 15..25 {
        let snapshot = recording
            .snapshot_at(Stamp(second * 1_000_000_000))
            .unwrap();
        let span = snapshot.last_second();
        assert_eq!(
            snapshot.sample().begun(),
            1,
            "it has a client that has left"
        );
        assert!((span.means_by(&index).at_the_door - 5.0).abs() < 1e-9);
        let now = index.at_the_door(&recording, snapshot.sample().at);
        assert_eq!(now, Some(5), "at {second} s");
        // Gauges do not know the client of a worker's request.
        assert!((span.means().at_the_door - 4.0).abs() < 1e-9);
    }
    let run = summarise(&recording);
    assert!((run.at_the_door.unwrap() - 5.0).abs() < 1e-3, "{run:?}");
}

/// Five clients that always have a request in flight: all are at the door except the client whose request
/// the only worker has, if it has not left.
#[test]
fn a_hog_delays_the_requests_at_the_door_even_after_its_own_client_has_left() {
    let text = r#"
        duration = "20s"
        warmup = "1s"
        server = { kind = "sync", workers = 1 }
        requests.short = { weight = 9, steps = ["compute 1ms"] }
        requests.hog = { weight = 1, steps = ["compute 1s"] }
        load = { clients = 5, ramp = "0s", patience = "600ms" }
    "#;
    let recording = recording_of(&plan(text, &[]), 0);
    let mut index = Index::default();
    index.extend(&recording);
    let mut alone = 0;
    for tenth in 20..200 {
        let snapshot = recording.snapshot_at(Stamp(tenth * 100_000_000)).unwrap();
        let sample = snapshot.sample();
        let means = snapshot.last_second().means_by(&index);
        let context = Context::of_the_last_second(snapshot, means, &[]).with_index(Some(&index));
        let hog = remark::remark_of_kind(Kind::Hog, &context).map(|it| it.sentence());
        let Some(hog) = hog.filter(|line| line.contains(" has kept ")) else {
            continue;
        };
        let request = sample.workers[0].running_request.unwrap();
        let outcome = recording.outcomes.iter().find(|it| it.request == request);
        let is_there = outcome.is_none_or(|it| it.done > sample.at);
        let right = if is_there { "4 requests" } else { "5 requests" };
        alone += usize::from(!is_there);
        assert!(hog.contains(&format!("{right} are at the door")), "{hog}");
    }
    assert!(alone > 0, "a worker goes on for a client that has left");
}
