//! Demonstrations of coroutines by the built program: their text, and their JSON.

#![expect(
    clippy::unwrap_used,
    reason = "a demonstration without output fails the test"
)]

use std::process::Command;

use serde_json::Value;

fn demo(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_concsim"));
    let output = command.arg("demo").args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_slice(demo(&[arguments, &["--json"]].concat()).as_bytes()).unwrap()
}

#[test]
fn ping_pong_hands_over_with_one_switch_directly_and_with_two_through_the_hub() {
    let found = json(&["ping-pong", "--lines", "2"]);
    for (story, switches) in [("direct", 3), ("through_the_hub", 6)] {
        let story = &found[story];
        let lines = ["a: line 1", "b: line 1", "a: line 2", "b: line 2"];
        assert_eq!(
            story["lines"],
            Value::from(lines.map(|it| format!("worker_{it}")).to_vec())
        );
        assert_eq!(story["hand_overs"], 3);
        assert_eq!(story["switches_between"], switches);
    }
}

#[test]
fn ping_pong_measures_four_ways_with_their_spread() {
    let found = json(&["ping-pong"]);
    let costs = found["costs"].as_array().unwrap();
    let ways: Vec<&str> = costs.iter().map(|it| it["way"].as_str().unwrap()).collect();
    assert_eq!(ways, ["direct", "hub", "threads", "processes"]);
    for cost in costs {
        let [low, high] = [0, 1].map(|end| cost["quartiles_ns"][end].as_f64().unwrap());
        let median = cost["median_ns"].as_f64().unwrap();
        assert!(0.0 < low && low <= median && median <= high, "{cost}");
    }
}

#[test]
fn a_resume_across_threads_is_refused_with_the_message_of_greenlet() {
    let text = demo(&["thread-isolation"]);
    let refusal =
        "  cannot switch to a different thread\n    Current:  thread 2\n    Expected: thread 1\n";
    assert!(text.contains(refusal), "{text}");
    let found = json(&["thread-isolation"]);
    assert_eq!(found["threads"][0]["lines"].as_array().unwrap().len(), 4);
}

#[test]
fn a_hub_whose_coroutines_wait_for_each_other_ends_with_their_names() {
    let text = demo(&["hub-rules"]);
    for line in [
        "target: sleep(1 h) fails: killed",
        "worker: sleep(1 h) fails: timed out",
        "This operation would block forever: parked without a timer: worker_a, worker_b",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
