//! Tests of the summary on runs whose true values are known.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use crate::lookup::look_up;
use crate::remark::Kind;
use crate::summary::{Run, Summary, summarise};
use crate::synthetic::{Demand, MS, RequestLife, S, Synthetic, machine, plan, seen_from_outside};
use crate::usage::Worker;
use crate::{Recording, Window};
use concsim_engine::telemetry::{Event, Failure};
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::scenario::expectation::{Dimension, PATHS};
use concsim_model::units::{CpuTime, Elapsed, Stamp};

fn close(value: Option<f64>, expected: f64, tolerance: f64) -> bool {
    value.is_some_and(|value| (value - expected).abs() <= tolerance)
}

fn io_bound(kind: WorkerKind) -> Run {
    summarise(&Synthetic::io_bound(kind).recording())
}

#[test]
fn two_sync_workers_leave_58_of_60_at_the_door() {
    let run = io_bound(Sync);
    assert!(close(run.throughput_per_s, 20.0, 0.2), "{run:#?}");
    assert!(close(run.concurrency, 2.0, 0.02), "{run:#?}");
    assert!(close(run.at_the_door, 58.0, 0.1), "{run:#?}");
    assert!(close(run.in_system, 60.0, 0.1), "{run:#?}");
    assert!(close(run.parallelism, 0.02, 0.001), "{run:#?}");
    assert_eq!((run.concurrency_limit, run.parallelism_limit), (2, 2));
}

#[test]
fn the_same_two_as_coroutine_workers_take_them_all() {
    let run = io_bound(Coroutine);
    assert!(close(run.throughput_per_s, 599.0, 3.0), "{run:#?}");
    assert!(close(run.concurrency, 60.0, 0.2), "{run:#?}");
    assert!(close(run.at_the_door, 0.03, 0.01), "{run:#?}");
    assert!(close(run.parallelism, 0.6, 0.01), "{run:#?}");
    assert_eq!((run.concurrency_limit, run.parallelism_limit), (2_000, 2));
    assert!(run.workers.iter().all(Worker::law_holds));
}

#[test]
fn all_due_have_completed_or_failed() {
    let mut synthetic = Synthetic::io_bound(Coroutine);
    let failures = [
        Failure::Refused,
        Failure::Reset,
        Failure::Timeout,
        Failure::Status,
    ];
    for (life, failure) in synthetic.lives.iter_mut().rev().zip(failures) {
        life.failure = Some(failure);
    }
    let run = summarise(&synthetic.recording());
    assert_eq!(run.failed.all(), 4);
    assert_eq!((run.failed.reset, run.failed.status), (1, 1));
    assert_eq!(run.due, run.completed + run.failed.all());
    // The request whose patience was not over was given up because the run ended.
    assert_eq!(run.unfinished, 1);
}

#[test]
fn a_failed_request_counts_with_at_least_the_patience() {
    let mut synthetic = Synthetic::io_bound(Coroutine);
    synthetic.lives.last_mut().unwrap().failure = Some(Failure::Reset);
    let run = summarise(&synthetic.recording());
    assert!(close(run.latency_ms.max, 30_000.0, 0.001));
    assert!(close(run.from_send_ms.max, 30_000.0, 0.001));
    assert!(
        run.latency_ms.mean.unwrap() < 110.0,
        "the mean is of completed ones"
    );
}

#[test]
fn a_run_of_three_requests_ends_with_the_last_answer() {
    let run = summarise(&Synthetic::three_requests(Sync).recording());
    assert_eq!((run.due, run.completed), (3, 3));
    assert!(close(Some(run.window_s), 4.2, 0.001));
    assert!(close(run.throughput_per_s, 3.0 / 4.2, 0.001));
    assert_eq!((run.latency_ms.p50, run.latency_ms.p99), (None, None));
    assert!(close(run.latency_ms.max, 4_200.0, 0.2));
    let run = summarise(&Synthetic::three_requests(Coroutine).recording());
    assert!(close(Some(run.window_s), 1.8, 0.001));
}

#[test]
fn latency_counts_from_due_and_not_from_the_late_sending() {
    let mut synthetic = Synthetic::io_bound(Coroutine);
    for life in &mut synthetic.lives {
        life.late += 5 * MS;
    }
    let run = summarise(&synthetic.recording());
    let from_due = run.latency_ms.mean.unwrap();
    assert!(
        close(run.from_send_ms.mean, from_due - 5.02, 0.001),
        "{run:#?}"
    );
    assert!(close(
        Some(run.breakdown_ms.unwrap().generator),
        5.02,
        0.001
    ));
}

#[test]
fn the_time_in_a_foreign_server_is_other() {
    let mut recording = Synthetic::io_bound(Sync).recording();
    recording.events.clear();
    recording.event_count = 0;
    for sample in &mut recording.samples {
        sample.workers.clear();
    }
    let run = summarise(&recording);
    let breakdown = run.breakdown_ms.unwrap();
    let mean = run.latency_ms.mean.unwrap();
    assert!((breakdown.other + breakdown.generator - mean).abs() < 1e-6);
    assert_eq!(
        (run.concurrency, run.parallelism, run.at_the_door),
        (None, None, None)
    );
    assert_eq!((run.accept_jain, run.little.workers), (None, None));
    assert!(close(run.in_system, 60.0, 0.1));
}

#[test]
fn of_a_foreign_server_the_accept_queue_is_seen_and_what_workers_report_is_not() {
    let run = summarise(&seen_from_outside(
        Synthetic::io_bound(Sync).recording(),
        58,
    ));
    // Sixty clients have no think time: 58 requests are in the queue, 2 in workers.
    assert!(close(run.in_system, 60.0, 0.1), "{run:#?}");
    assert!(close(run.at_the_door, 58.0, 0.001), "{run:#?}");
    assert!(close(run.concurrency, 2.0, 0.1), "{run:#?}");
    assert!(close(run.parallelism, 0.02, 0.001), "{run:#?}");
    assert_eq!((run.accept_jain, run.little.workers), (None, None));
    assert_eq!((run.breakdown_ms, run.waits_ms), (None, None));
    let numbers = serde_json::to_value(&run).unwrap();
    let worker = &numbers["workers"][0];
    for unknown in ["requests", "accepted", "tasks", "peak_concurrency"] {
        assert_eq!(worker.get(unknown), Some(&Value::Null), "{worker}");
    }
    assert!(worker["cpu_s"].as_f64() > Some(0.0), "{worker}");
    let reports = [Kind::BlockedWithFreeCores, Kind::Idle, Kind::UnevenAccepts];
    let remarks: Vec<Kind> = run.remarks.iter().map(|it| it.kind).collect();
    assert!(
        !remarks.iter().any(|it| reports.contains(it)),
        "{remarks:?}"
    );
}

#[test]
fn a_run_that_ended_before_its_window_has_no_numbers_and_says_so() {
    let mut synthetic = Synthetic::io_bound(Sync);
    synthetic.window = None;
    synthetic.lives.truncate(10);
    let run = summarise(&synthetic.recording());
    assert_eq!(
        (run.due, run.throughput_per_s, run.concurrency),
        (0, None, None)
    );
    assert_eq!(run.because[0].code, "no-window");
    let mut nothing = Synthetic::io_bound(Sync).recording();
    nothing.samples.clear();
    nothing.outcomes.clear();
    nothing.events.clear();
    assert_eq!(summarise(&nothing).because[0].code, "no-window");
}

#[test]
fn requests_of_a_killed_worker_count_until_its_death() {
    let mut synthetic = Synthetic::idle(Sync, 1);
    synthetic.lives.push(RequestLife {
        due: 2 * S,
        waited: 3 * S,
        ..RequestLife::default()
    });
    let mut recording = synthetic.recording();
    let whole = summarise(&recording);
    assert_eq!(whole.little.workers, Some(0.0));
    recording
        .events
        .retain(|(_, event)| !matches!(event, Event::Served(_)));
    assert!(summarise(&recording).little.workers.unwrap() > 0.99);
    let died = Event::Died {
        at: Stamp(5 * S),
        worker: 0,
        pid: 4242,
        status: -9,
        cause: None,
    };
    recording.events.push((0, died));
    assert_eq!(summarise(&recording).little.workers, Some(0.0));
}

#[test]
fn lost_updates_are_additions_that_the_counters_do_not_show() {
    let mut synthetic = Synthetic::idle(Coroutine, 2);
    synthetic.scenario.counters = vec!["visits".into()];
    let mut recording = synthetic.recording();
    let last = recording.samples.last_mut().unwrap();
    last.workers[0].counters = vec![(100, 40)];
    last.workers[1].counters = vec![(50, 50)];
    let visits = *summarise(&recording).counters.get("visits").unwrap();
    assert_eq!((visits.additions, visits.value, visits.lost), (150, 90, 60));
}

#[test]
fn the_share_of_a_bound_that_few_answers_reach_has_four_digits() {
    // One after the other: 3 answers in the window. Of a bound n ÷ t they reach 3 ÷ window × t ÷ n.
    let run = summarise(&Synthetic::three_requests(Sync).recording());
    let exact = 3.0 / run.window_s;
    assert!(close(run.throughput_per_s, exact, 1e-6));
    assert_eq!(run.theory.bounds.len(), 3);
    for bound in &run.theory.bounds {
        let each = bound.each_ms.expect("no bound is of arrivals") / 1e3;
        assert!(close(bound.reached, exact * each / bound.count, 0.51e-4));
    }
}

#[test]
fn a_queue_that_grows_is_not_stationary() {
    let mut growing = Synthetic::idle(Sync, 1);
    growing.lives = (0..240)
        .map(|number| RequestLife {
            due: number * 25 * MS,
            door: 20 * S,
            failure: Some(Failure::Timeout),
            ..RequestLife::default()
        })
        .collect();
    let run = summarise(&growing.recording());
    assert_eq!(run.stationary, Some(false));
    assert!(run.drift.unwrap() > 1.5, "{:?}", run.drift);
    assert!(
        run.remarks
            .iter()
            .any(|remark| remark.kind == Kind::NotStationary)
    );
    let steady = io_bound(Coroutine);
    assert_eq!(steady.stationary, Some(true));
    assert!(close(steady.drift, 1.0, 0.01));
}

#[test]
fn a_server_that_gets_slower_under_a_closed_load_is_not_stationary() {
    let steady = Synthetic::io_bound(Coroutine);
    let window = steady.window.expect("the run has a window");
    let middle = window.begin.0.midpoint(window.end.0);
    // All latencies are alike, so the ratio of their means is 1 plus the share by which the later ones are longer.
    let all_alike = steady.lives[0].tail + steady.lives[0].waited;
    let slower = |share: f64| {
        let mut slower = steady.clone();
        for life in &mut slower.lives {
            (life.late, life.door, life.ready, life.core_wait, life.cpu) = (0, 0, 0, 0, 0);
            (life.waited, life.tail) = (all_alike, 0);
            if life.due >= middle {
                life.waited += (share * all_alike as f64) as u64;
            }
        }
        summarise(&slower.recording())
    };
    let [same, slow] = [slower(0.2), slower(0.5)];
    assert!(close(same.latency_drift, 1.2, 1e-3), "{same:#?}");
    assert!(close(slow.latency_drift, 1.5, 1e-3), "{slow:#?}");
    assert_eq!([same.stationary, slow.stationary], [true, false].map(Some));
    let is_drift = |kind: Kind| kind == Kind::NotStationary;
    assert!(slow.remarks.iter().any(|remark| is_drift(remark.kind)));
    // In an open load the number in the system tells the same.
    let open = summarise(&Synthetic::hog(Sync).recording());
    assert_eq!(open.latency_drift, None);
}

#[test]
fn the_cores_are_shared_out_and_the_rest_is_others() {
    let mut synthetic = Synthetic::io_bound(Coroutine);
    synthetic.others = 0.125;
    let run = summarise(&synthetic.recording());
    let booked: f64 = run.cores.iter().map(|core| core.workers).sum();
    assert!(close(run.parallelism, booked, 0.001));
    for core in &run.cores {
        assert!((core.other - 0.125).abs() < 0.001, "{core:?}");
        let parts = core.workers + core.load + core.services + core.other;
        assert!((core.busy - parts).abs() < 0.001, "{core:?}");
    }
}

/// Every path of the summary that leads to a number or to nothing, without units and with stars
/// where the scenario gives the names.
fn paths(here: &Value, path: &str, found: &mut BTreeSet<String>) {
    let below = |name: &str| match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    match here {
        Value::Object(entries) => {
            let named = ["requests", "counters", "services"].contains(&path);
            for (name, value) in entries {
                let bare = ["_per_s", "_ms", "_s", "_kib"]
                    .iter()
                    .find_map(|unit| name.strip_suffix(unit));
                let name = if named { "*" } else { bare.unwrap_or(name) };
                paths(value, &below(name), found);
            }
        }
        Value::Array(entries) if !["because", "remarks"].contains(&path) => {
            for entry in entries {
                paths(entry, &below("*"), found);
            }
        }
        Value::Number(_) | Value::Null => {
            found.insert(path.to_owned());
        }
        Value::Array(_) | Value::Bool(_) | Value::String(_) => {}
    }
}

#[test]
fn claims_can_name_exactly_the_numbers_of_the_summary() {
    let mut synthetic = Synthetic::io_bound(Coroutine);
    synthetic.scenario.counters = vec!["visits".into()];
    // A disturbance that moves numbers: else there are no bounds to leave out.
    synthetic.service_late = Elapsed::from_millis(5);
    let mut run = serde_json::to_value(summarise(&synthetic.recording())).unwrap();
    // A claim is about the results, and not about the values beside them.
    for beside in ["theory", "balance", "bounds", "disturbances"] {
        run.as_object_mut().unwrap().remove(beside).unwrap();
    }
    let mut found = BTreeSet::new();
    paths(&run, "", &mut found);
    for identity in ["cores.*.core", "workers.*.index", "workers.*.pid"] {
        assert!(found.remove(identity), "{identity}");
    }
    let known: BTreeSet<String> = PATHS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(found, known);
}

#[test]
fn a_number_is_found_by_its_path_with_its_unit() {
    let run = serde_json::to_value(io_bound(Coroutine)).unwrap();
    for (path, dimension) in PATHS {
        let filled = path
            .replace("requests.*", "requests.profile")
            .replace("services.*", "services.billing")
            .replace('*', "1");
        if let Some(quantity) = look_up(&run, &filled) {
            assert_eq!(quantity.dimension, *dimension, "{path}");
        }
    }
    let mean = look_up(&run, "requests.profile.latency.mean").unwrap();
    assert_eq!(mean.dimension, Dimension::TIME);
    assert!((0.1..0.102).contains(&mean.value), "{mean:?}");
    assert_eq!(look_up(&run, "workers.7.requests"), None);
    assert_eq!(look_up(&run, "latency"), None);
}

/// Each of these begins after the one before.
const FIELDS: &str = "
    schema scenario title file sha256 seed machine cores kernel cpu runs variant origin kind
    trust because disturbances bounds interrupted warmup_s window_s drain_s due completed unfinished failed
    refused reset timeout status throughput_per_s latency_ms mean p50 p90 p95 p99 p999 max
    from_send_ms breakdown_ms generator door ready core_wait cpu parked_or_blocked other
    concurrency concurrency_limit at_the_door in_system parallelism parallelism_limit cores
    workers index pid requests counters generator late_p99_ms little telemetry expect
";

#[test]
fn the_fields_come_in_the_order_of_the_schema() {
    let (sync, coroutine) = (Synthetic::io_bound(Sync), Synthetic::io_bound(Coroutine));
    let plan = plan("Waiting is free", &[&sync, &coroutine], &[]);
    let summary = Summary::of(&plan, machine(2), vec![io_bound(Sync)]);
    let text = serde_json::to_string(&summary).unwrap();
    let fields = FIELDS.split_whitespace();
    let mut from = 0;
    for field in fields {
        let name = format!("\"{field}\":");
        let place = text[from..].find(&name);
        from += place.unwrap_or_else(|| panic!("{field} comes later than expected"));
    }
}

fn any_lives() -> impl Strategy<Value = Vec<RequestLife>> {
    let lengths = prop::array::uniform7(0_u64..400 * MS);
    let life = (0..8 * S, lengths, 0..2_usize, 0..20_u8);
    prop::collection::vec(life, 120..200).prop_map(|lives| {
        lives
            .into_iter()
            .map(|(due, lengths, worker, failed)| {
                let [late, door, ready, core_wait, cpu, waited, tail] = lengths;
                RequestLife {
                    due,
                    late,
                    door,
                    ready,
                    core_wait,
                    cpu,
                    waited,
                    tail,
                    worker,
                    class: 0,
                    failure: (failed == 0).then_some(Failure::Timeout),
                }
            })
            .collect()
    })
}

fn with(lives: Vec<RequestLife>) -> Synthetic {
    let mut synthetic = Synthetic::idle(Coroutine, 2);
    synthetic.lives = lives;
    synthetic
}

/// The request with the longest part inside the window.
fn longest_in(window: Window, recording: &Recording) -> usize {
    let inside = |outcome: &concsim_engine::telemetry::Outcome| {
        outcome
            .done
            .min(window.end)
            .since(outcome.due.max(window.begin))
    };
    let outcomes = recording.outcomes.iter().enumerate();
    outcomes
        .max_by_key(|(_, outcome)| inside(outcome))
        .unwrap()
        .0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_accounts_of_a_consistent_recording_agree(lives in any_lives()) {
        let run = summarise(&with(lives).recording());
        prop_assert!(run.little.system.unwrap() < 1e-6);
        prop_assert!(run.little.workers.unwrap() < 1e-6);
        prop_assert_eq!(run.due, run.completed + run.failed.all());
    }

    #[test]
    fn a_missing_record_is_missed_by_the_accounts(lives in any_lives()) {
        let whole = with(lives).recording();
        let mut without_outcome = whole.clone();
        let longest = longest_in(whole.header.window.unwrap(), &whole);
        let number = without_outcome.outcomes.remove(longest).request;
        prop_assert!(summarise(&without_outcome).little.system.unwrap() >= 0.005);

        let mut without_event = whole;
        let served = |event: &Event| matches!(event, Event::Served(served) if served.request == number);
        let before = without_event.events.len();
        without_event.events.retain(|(_, event)| !served(event));
        if without_event.events.len() < before {
            let missed = summarise(&without_event).little.workers.unwrap();
            prop_assert!(missed > 0.0);
        }
    }

    #[test]
    fn the_json_adds_up_to_the_last_digit(lives in any_lives()) {
        let run = serde_json::to_value(summarise(&with(lives).recording())).unwrap();
        let nanoseconds = |value: &Value| (value.as_f64().unwrap() * 1e6).round() as u64;
        let parts = run["breakdown_ms"].as_object().unwrap().values();
        let sum: u64 = parts.map(nanoseconds).sum();
        prop_assert_eq!(sum, nanoseconds(&run["latency_ms"]["mean"]));
    }
}

#[test]
fn cpu_time_of_a_worker_that_came_during_the_window_counts_from_nothing() {
    let mut synthetic = Synthetic::idle(Sync, 2);
    let demand = Demand {
        cpu: 100 * MS,
        waited: 0,
    };
    synthetic.play_closed(2, 0, demand);
    let mut recording = synthetic.recording();
    for sample in recording
        .samples
        .iter_mut()
        .filter(|sample| sample.at < Stamp(2 * S))
    {
        sample.workers.truncate(1);
    }
    for sample in &mut recording.samples {
        if let Some(late) = sample.workers.get_mut(1) {
            late.cpu = CpuTime(sample.at.since(Stamp(2 * S)).0);
        }
    }
    let run = summarise(&recording);
    assert!(
        close(run.parallelism, 1.0 + 4.0 / 5.0, 0.01),
        "{:?}",
        run.parallelism
    );
}

#[test]
fn drain_is_from_the_end_of_the_window_to_the_last_answer() {
    let run = io_bound(Sync);
    assert!((run.warmup_s - 1.0).abs() < 1e-9);
    assert!((run.window_s - 5.0).abs() < 1e-9);
    assert!((2.8..3.1).contains(&run.drain_s), "{}", run.drain_s);
    let window = Elapsed::from_secs(5);
    assert_eq!(Synthetic::io_bound(Sync).scenario.duration, window);
}

#[test]
fn a_request_without_answer_was_at_the_door_only_until_a_worker_had_it() {
    // The end of the run cut it off, or its worker died with it.
    for (kind, failure) in [Sync, Coroutine]
        .into_iter()
        .flat_map(|kind| [Failure::Timeout, Failure::Reset].map(|failure| (kind, failure)))
    {
        let whole = Synthetic::three_requests(kind).recording();
        let mut cut = whole.clone();
        let last = cut.outcomes.last_mut().expect("there are three");
        last.failure = Some(failure);
        let number = last.request;
        cut.events.retain(|(_, event)| match event {
            Event::Served(served) => served.request != number,
            Event::Waited(parts) => parts.request != number,
            _ => true,
        });
        // Two wait for the first sync worker's 1.4 s and 2.8 s, and none for a coroutine worker.
        let is_cut_off = failure == Failure::Timeout;
        assert_eq!(summarise(&cut).unfinished, usize::from(is_cut_off));
        assert_eq!(summarise(&cut).at_the_door, summarise(&whole).at_the_door);
    }
}
