//! Tests of waits with queues: the length of each part, and the agreement of events and sums.

use std::collections::BTreeMap;

use super::*;
use concsim_engine::telemetry::{WaitParts, WaitPurpose};
use concsim_model::units::Elapsed;
use concsim_record::latency::Waits;

/// A hundred clients and one coroutine worker, on a machine without costs.
fn waits_of(lines: &str) -> (Waits, f64) {
    let text = format!(
        "warmup = '10s'\nduration = '20s'\nserver.kind = 'coroutine'\nload.clients = 100\n\
         load.ramp = '0s'\n{lines}"
    );
    let run = runs_of(&text, &[]).remove(0);
    check_the_books(&run);
    let throughput = run.throughput_per_s.expect("a window");
    (run.waits_ms.expect("workers tell"), throughput)
}

/// Compares a part with a time in seconds, within 1 %.
#[track_caller]
fn expect(part: f64, seconds: f64) {
    assert!(
        (part / 1e3 - seconds).abs() <= 0.01 * seconds.max(0.1),
        "{part} ms, not {seconds} s"
    );
}

/// Ten connections of 0.2 s are 50 calls a second; a hundred clients are answered in 100 ÷ 50 s = 2 s.
#[test]
fn of_two_seconds_at_a_pool_of_ten_connections_one_point_eight_are_for_a_connection() {
    let (waits, throughput) =
        waits_of("services.db.pool = 10\nrequests.work.steps = ['call db 200ms']");
    assert!((throughput - 50.0).abs() < 0.6, "{throughput}");
    expect(waits.pool_wait, 1.8);
    expect(waits.call, 0.2);
    expect(
        waits.service_queue + waits.thread_wait + waits.sleep + waits.client,
        0.0,
    );
}

#[test]
fn of_two_seconds_at_a_service_that_serves_ten_one_point_eight_are_in_its_queue() {
    let (waits, throughput) =
        waits_of("services.db.capacity = 10\nrequests.work.steps = ['call db 200ms']");
    assert!((throughput - 50.0).abs() < 0.6, "{throughput}");
    expect(waits.service_queue, 1.8);
    expect(waits.call, 0.2);
    expect(waits.pool_wait + waits.thread_wait + waits.sleep, 0.0);
}

#[test]
fn of_two_seconds_at_a_pool_of_ten_threads_one_point_eight_are_for_a_thread() {
    let (waits, throughput) = waits_of("requests.work.steps = ['sleep 200ms in threads']");
    assert!((throughput - 50.0).abs() < 0.6, "{throughput}");
    expect(waits.thread_wait, 1.8);
    expect(waits.sleep, 0.2);
    expect(waits.pool_wait + waits.service_queue + waits.call, 0.0);
}

/// n threads of 0.2 s are 5 n calls a second; a hundred clients are answered in 100 ÷ 5 n s.
#[test]
fn pools_of_four_ten_and_forty_threads_give_twenty_fifty_and_two_hundred_answers_a_second() {
    for (threads, rate) in [(4, 20.0), (10, 50.0), (40, 200.0)] {
        let (waits, throughput) = waits_of(&format!(
            "server.threadpool = {threads}\nrequests.work.steps = ['sleep 200ms in threads']"
        ));
        assert!(
            (throughput / rate - 1.0).abs() < 0.012,
            "{threads}: {throughput}"
        );
        expect(waits.thread_wait, 100.0 / rate - 0.2);
        expect(waits.sleep, 0.2);
    }
}

/// Five served at once are 25 a second: 100 ÷ 25 s = 4 s. Of ten with a connection five are served, so a
/// call takes 0.4 s, half of it in the queue.
#[test]
fn a_pool_before_a_smaller_capacity_is_distinguished_from_it() {
    let (waits, throughput) = waits_of(
        "services.db.pool = 10\nservices.db.capacity = 5\nrequests.work.steps = ['call db 200ms']",
    );
    assert!((throughput - 25.0).abs() < 0.6, "{throughput}");
    expect(waits.pool_wait, 3.6);
    expect(waits.service_queue, 0.2);
    expect(waits.call, 0.2);
}

#[test]
fn a_call_on_a_thread_of_the_pool_waits_for_the_thread_first() {
    let (waits, _) =
        waits_of("services.db.pool = 5\nrequests.work.steps = ['call db 200ms in threads']");
    // Five calls at once: 100 ÷ 25 s = 4 s. Ten have a thread, and five of them a connection.
    expect(waits.thread_wait, 3.6);
    expect(waits.pool_wait, 0.2);
    expect(waits.call, 0.2);
}

/// The pool passes a connection on when the request that had it runs again, and another one computes for
/// 20 ms before that: each of four calls of 10 ms keeps the only connection for up to 30 ms.
#[test]
fn a_connection_is_free_when_its_request_runs_again() {
    let text = "server.kind = 'coroutine'\nservices.db.pool = 1\nmachine.wake_up = '0us'\n\
                requests.asks.steps = ['call db 10ms']\nrequests.busy.steps = ['compute 50ms']\n\
                [[jobs]]\nat = '0ms'\nclass = 'asks'\ncount = 2\n\
                [[jobs]]\nat = '5ms'\nclass = 'busy'";
    let recording = recording_of(&plan(text, &[]), 0);
    let parts = recording
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Waited(parts) => Some(parts.connection),
            _ => None,
        });
    // The answer is there at 10 ms, and the worker computes until 55 ms.
    let longest = parts.max().expect("both have waited");
    assert!(longest >= Elapsed::from_millis(54), "{longest:?}");
}

#[test]
fn the_set_up_of_a_connection_is_a_wait_for_a_connection() {
    let text = "server.kind = 'coroutine'\nservices.db.connect = '30ms'\nload.ramp = '0s'\n\
                requests.it.steps = ['call db 10ms', 'call db 10ms']\nload.clients = 4\nload.requests = 8";
    let recording = recording_of(&plan(text, &[]), 0);
    check_the_waits(&recording);
    let mut connections = Vec::new();
    for (_, event) in &recording.events {
        if let Event::Waited(parts) = event {
            connections.push(parts.connection.0 / 1_000_000);
        }
    }
    connections.sort_unstable();
    assert_eq!(
        connections,
        [0, 0, 0, 0, 30, 30, 30, 30],
        "four connections, and each is kept"
    );
}

#[test]
fn a_wait_that_queues_for_nothing_tells_no_parts() {
    let plan = plan(
        "services.db.pool = 10\nrequests.it.steps = ['call db 20ms', 'sleep 1ms']\nload.clients = 10\n\
         load.requests = 100\nserver.kind = 'coroutine'",
        &[],
    );
    let recording = recording_of(&plan, 0);
    let parts = recording.switches.iter();
    assert_eq!(parts.filter(|(_, event)| is_part(event)).count(), 0);
    check_the_waits(&recording);
}

fn is_part(event: &Event) -> bool {
    matches!(event, Event::Awaits { .. })
}

/// Checks that the parts of each request's waits add up to its waits, and that the events report the same
/// parts.
pub(super) fn check_the_waits(recording: &Recording) {
    let mut reported: BTreeMap<u32, WaitParts> = BTreeMap::new();
    for (_, event) in &recording.events {
        match event {
            Event::Waited(parts) => {
                assert_eq!(reported.insert(parts.request, *parts), None, "{parts:?}");
            }
            Event::Served(served) if served.waited > Elapsed::ZERO => {
                let parts = reported.get(&served.request);
                let total = parts.map(WaitParts::total);
                assert_eq!(total, Some(served.waited), "{served:?}");
            }
            _ => {}
        }
    }
    let drawn = queues_by_events(recording);
    for (request, parts) in &reported {
        let drawn = drawn.get(request).copied().unwrap_or_default();
        let queues = [parts.thread, parts.connection, parts.queue];
        assert_eq!(drawn, queues, "request {request}");
    }
}

/// Time that each request waited for a thread, for a connection and in a service, by the events: from one
/// part to the next.
fn queues_by_events(recording: &Recording) -> BTreeMap<u32, [Elapsed; 3]> {
    let mut last: BTreeMap<u32, (Stamp, WaitPurpose)> = BTreeMap::new();
    let mut sums: BTreeMap<u32, [Elapsed; 3]> = BTreeMap::new();
    for (_, event) in &recording.switches {
        let &Event::Awaits {
            at, request, part, ..
        } = event
        else {
            continue;
        };
        if let Some((since, before)) = last.insert(request, (at, part)) {
            let place = match before {
                WaitPurpose::Thread => 0,
                WaitPurpose::Connection => 1,
                WaitPurpose::Queue => 2,
                WaitPurpose::Answer | WaitPurpose::Timer => continue,
            };
            sums.entry(request).or_default()[place] += at.since(since);
        }
    }
    sums
}
