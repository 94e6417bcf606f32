//! Jobs of a scenario, played by real processes.

use crate::played::Played;

/// 30 + 20 + 50 ms of computing on one worker, and a last job after a pause.
const SCENARIO: &str = "
server.kind = 'coroutine'
[requests]
p1.steps = ['compute 30ms in slices of 20ms']
p2.steps = ['compute 20ms in slices of 20ms']
p3.steps = ['compute 50ms in slices of 20ms']
last.steps = ['compute 1ms']
never.steps = ['compute 1h']
[[jobs]]
at = '400ms'
class = 'last'
count = 2
[[jobs]]
at = '0s'
class = 'p1'
[[jobs]]
at = '0s'
class = 'p2'
[[jobs]]
at = '0s'
class = 'p3'
";

#[test]
fn real_processes_play_each_job_once_at_its_instant_and_no_other_request() {
    let ended = Played::begin(SCENARIO).end();
    let run = ended.run();
    assert_eq!(run["due"], 5, "{ended:#?}");
    let completed = |class: &str| run["requests"][class]["completed"].as_u64();
    let counts = ["p1", "p2", "p3", "last", "never"].map(completed);
    assert_eq!(
        counts,
        [Some(1), Some(1), Some(1), Some(2), None],
        "{ended:#?}"
    );
    // One worker has computed for 100 ms when the last of the first three ends.
    let latest = ["p1", "p2", "p3"]
        .map(|class| {
            run["requests"][class]["latency_ms"]["max"]
                .as_f64()
                .expect("answered")
        })
        .into_iter()
        .fold(0.0, f64::max);
    assert!(latest >= 100.0, "{latest}");
    // The window lasts from the first instant to the end of the last job.
    let window = run["window_s"].as_f64().expect("a window");
    assert!(window >= 0.4, "{window}");
    assert!(ended.status.success(), "{ended:#?}");
}
