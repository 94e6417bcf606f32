//! Effects of a scenario's timeline on a run of real processes.

use crate::played::Played;

/// A request each few milliseconds, which computes for one millisecond.
const SCENARIO: &str = "
warmup = '0s'
duration = '2s'
[server]
kind = 'coroutine'
workers = 2
[requests.page]
steps = ['compute 1ms']
[requests.hog]
weight = 0
steps = ['compute 30ms']
[load]
rate = '40/s'
arrivals = 'constant'
[[timeline]]
at = '1500ms'
do = 'send hog'
[[timeline]]
at = '300ms'
do = 'kill a worker'
[[timeline]]
at = '600ms'
do = 'add a worker'
[[timeline]]
at = '1s'
do = 'set rate 200/s'
[[timeline]]
at = '1200ms'
do = 'remove a worker'
[[expect]]
claim = 'it is so'
that = 'throughput > 0'
";

#[test]
fn a_timeline_kills_adds_and_removes_workers_sets_the_rate_and_sends_a_hog() {
    let ended = Played::begin(SCENARIO).end();
    let run = ended.run();
    let workers = run["workers"].as_array().expect("workers are listed");
    let respawns = |worker: usize| workers[worker]["respawns"].as_u64();
    assert_eq!(workers.len(), 3, "one was added: {ended:#?}");
    assert_eq!([0, 1, 2].map(respawns), [Some(1), Some(0), Some(0)]);
    for text in ["was killed by signal 9", "joins: 3 now", "goes: 2 now"] {
        assert!(ended.messages.contains(text), "{ended:#?}");
    }
    // Forty in the first second, two hundred in the second, and the hog.
    assert_eq!(run["due"], 241, "{ended:#?}");
    assert!(run["requests"]["hog"].is_object(), "{ended:#?}");
}

#[test]
fn a_run_that_went_as_its_timeline_says_was_not_steered() {
    let ended = Played::begin(SCENARIO).end();
    let remarks = ended.run()["remarks"].as_array().expect("remarks");
    let codes: Vec<_> = remarks.iter().map(|it| it["code"].as_str()).collect();
    assert!(codes.contains(&Some("timeline")), "{codes:?}");
    assert!(!codes.contains(&Some("steered")), "{codes:?}");
    assert!(!ended.summary["expect"].to_string().contains("steered"));
}

#[test]
fn clients_that_the_timeline_adds_ask_at_once() {
    // No client is answered before the window is over, so that each is due once.
    let scenario = "
warmup = '0s'
duration = '1s'
server.kind = 'coroutine'
requests.slow.steps = ['sleep 1500ms']
[load]
clients = 2
ramp = '0s'
[[timeline]]
at = '500ms'
do = 'set clients 5'
";
    let ended = Played::begin(scenario).end();
    assert_eq!(ended.run()["due"], 5, "{ended:#?}");
}
