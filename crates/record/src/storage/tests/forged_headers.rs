//! Samples, headers and plans with values that no run has.

use super::bytes::{LATE, UNREACHED_NUMBER, file, header, number};
use super::*;
use crate::Header;
use concsim_model::scenario::{Arrivals, Draw, Job, Request, Step, WaitMode};

/// Corruption reported for a file whose first sample has been changed, as JSON, and the number of samples
/// read.
fn with_a_sample(change: impl FnOnce(&mut serde_json::Value)) -> (usize, String) {
    let recording = Synthetic::io_bound(Coroutine).recording();
    let mut sample = serde_json::to_value(without_seen(&recording.samples[2])).unwrap();
    change(&mut sample);
    let json = serde_json::to_vec(&sample).unwrap();
    let payload = [&number(0)[..], &number(json.len() as u64), &json].concat();
    let (bytes, payload_at) = file(&recording.header, &payload);
    let (recording, corruption) = read(&bytes[..]);
    let text = corruption.unwrap().to_string();
    let place = format!(" at byte {payload_at}");
    let line = text.strip_suffix(&place).map_or(text.clone(), Into::into);
    (recording.unwrap().samples.len(), line)
}

#[test]
fn a_sample_that_names_what_no_run_has_is_refused_with_its_place() {
    const MOST: u64 = 1 << 60;
    for (place, value, words) in [
        (
            "/workers/0/index",
            MOST,
            "it holds worker 1152921504606846976, not below 272,",
        ),
        (
            "/workers/0/core",
            MOST,
            "it holds core 1152921504606846976, not below 8192,",
        ),
        (
            "/workers/0/phase_since",
            MOST,
            "it holds an instant of 1152921504606846976 ns, not below 259200000000001 ns,",
        ),
        (
            "/workers/0/longest_run",
            MOST,
            "it holds a length of time of 1152921504606846976 ns, not below 259200000000001 ns,",
        ),
        (
            "/workers/0/running_since",
            MOST,
            "it holds an instant of 1152921504606846976 ns, not below 259200000000001 ns,",
        ),
        (
            "/workers/0/running_request",
            UNREACHED_NUMBER.into(),
            "it holds request 33554433, not below 33554433,",
        ),
        (
            "/cores/0/core",
            MOST,
            "it holds core 1152921504606846976, not below 8192,",
        ),
        (
            "/at",
            MOST,
            "it holds an instant of 1152921504606846976 ns, not below 259200000000001 ns,",
        ),
    ] {
        let (count, text) = with_a_sample(|sample| {
            *sample.pointer_mut(place).expect(place) = value.into();
        });
        assert_eq!((count, text.as_str()), (0, words), "{place}");
    }
    let (count, line) = with_a_sample(|sample| {
        let workers = sample["workers"].as_array_mut().unwrap();
        *workers = vec![workers[0].clone(); 257];
    });
    let words = "it holds a worker count of 257, not below 257,";
    assert_eq!((count, line.as_str()), (0, words));
}

/// Changes to headers that make them invalid, and their descriptions.
type ForgedHeader = (fn(&mut Header), &'static str);

#[test]
fn a_header_of_no_run_is_refused() {
    let headers: [ForgedHeader; 9] = [
        (
            |it| it.machine.cores = 1 << 60,
            "a core count of 1152921504606846976",
        ),
        (|it| it.began = LATE, "an instant of 259200000000001 ns"),
        (
            |it| it.log_full = Some(LATE),
            "an instant of 259200000000001 ns",
        ),
        (
            |it| it.scenario.server.workers = 257,
            "a worker count of 257",
        ),
        (
            |it| it.scenario.machine.cores = 1 << 60,
            "a core count of 1152921504606846976",
        ),
        (
            |it| {
                let (think, ramp) = (Draw::Fixed(0), Elapsed(0));
                let clients = 1 << 60;
                it.scenario.load.arrivals = Arrivals::Closed {
                    clients,
                    think,
                    ramp,
                };
            },
            "a client count of 1152921504606846976",
        ),
        (
            |it| {
                it.scenario.requests[0].script.push(Step::Call {
                    service: 1,
                    wait: Draw::Fixed(1),
                    mode: WaitMode::Patched,
                });
            },
            "service 1, not below 1,",
        ),
        (
            |it| {
                let (at, class) = (Elapsed(0), Some(9));
                it.scenario.load.jobs.push(Job { at, class });
            },
            "request kind 9, not below 1,",
        ),
        (
            |it| {
                it.scenario.requests[0].script.push(Step::Count {
                    counter: 0,
                    with_yield: false,
                });
            },
            "counter 0, not below 0,",
        ),
    ];
    for (change, words) in headers {
        let mut header = header();
        change(&mut header);
        let (bytes, _) = file(&header, &[]);
        let (recording, corruption) = read(&bytes[..]);
        assert!(recording.is_none(), "{words}");
        let text = corruption.unwrap().to_string();
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_later_header_with_another_scenario_is_refused() {
    let first = header();
    let mut second = first.clone();
    let another = Request {
        name: "b".into(),
        weight: 1.0,
        script: Vec::new(),
    };
    second.scenario.requests.push(another);
    let (mut bytes, _) = file(&first, &[]);
    let begin = bytes.len() + 9;
    bytes.extend(&file(&second, &[]).0[FIRST_LINE.len()..]);
    let (recording, corruption) = read(&bytes[..]);
    assert_eq!(recording.unwrap().header.scenario, first.scenario);
    let text = corruption.unwrap().to_string();
    assert_eq!(text, format!("it holds a second scenario at byte {begin}"));
}

#[test]
fn a_plan_of_no_run_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("run");
    let run = Synthetic::io_bound(Sync);
    let mut plan = crate::synthetic::plan("a claim", &[&run], &[]);
    plan.variants[0].scenario.server.workers = 1 << 60;
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join(PLAN), plan_file(&plan)).unwrap();
    let text = open(&path).unwrap_err().to_string();
    assert!(
        text.contains("a worker count of 1152921504606846976"),
        "{text}"
    );
}
