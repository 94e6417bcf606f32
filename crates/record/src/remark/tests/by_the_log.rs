//! Amounts in sentences come from the log: hand-made recordings whose right amounts follow from a line of
//! arithmetic.

use super::recordings::*;
use super::{AtTheEnd, CheckedPart, Kind, NOW, Now, find};
use crate::Recording;
use crate::synthetic::{MS, RequestLife, S, Synthetic, read_sample_by_sample};
use concsim_engine::telemetry::{Event, Failure, Phase, RunSlice, SwitchReason};
use concsim_model::scenario::ConnectionMode;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::length;

/// Two sync workers and five requests at the door; worker n is blocked in its interval of every 100 ms.
/// Samples are at multiples of 500 ms.
fn blocked_in_each_tenth(stretches: [Option<(u64, u64)>; 2]) -> Recording {
    let mut recording = Synthetic::idle(Sync, 2).recording();
    for tenth in 0..60 {
        for (worker, stretch) in (0_u16..).zip(stretches) {
            let Some((from, to)) = stretch else { continue };
            let at = |ms: u64| Stamp((tenth * 100 + ms) * MS);
            let blocked = Event::BlockedIn {
                from: at(from),
                to: at(to),
                task: 0,
                request: 0,
            };
            recording.switches.push((worker, blocked));
        }
    }
    recording.switches.sort_by_key(|(_, event)| match event {
        Event::BlockedIn { to, .. } => *to,
        _ => Stamp::ZERO,
    });
    recording.event_count = recording.switches.len() as u64;
    read_sample_by_sample(&mut recording);
    with_a_door(recording, 5)
}

fn first_sentence(recording: &Recording, when: CheckedPart, kind: Kind) -> String {
    let text = find(recording, when, kind).unwrap_or_else(|| panic!("{kind:?} is not said"));
    text.sentences[0].clone()
}

#[test]
fn a_share_of_time_is_of_the_log_where_samples_never_meet_it() {
    // 45 and 57 of every 100 ms, and no sample lies in them. A remark needs half of the time.
    let recording = blocked_in_each_tenth([Some((20, 65)), Some((20, 77))]);
    let looks = recording.present().unwrap().last_second();
    assert_eq!(
        looks
            .count_samples(|worker| worker.phase == Phase::Blocked)
            .0,
        0
    );
    for (when, time) in [(Now, "last second"), (AtTheEnd, "counted window")] {
        assert_eq!(
            first_sentence(&recording, when, Kind::BlockedWithFreeCores),
            format!("Worker B was blocked in a wait for 57 % of the time in the {time}.")
        );
    }
}

#[test]
fn a_share_of_several_workers_is_called_a_mean() {
    let recording = blocked_in_each_tenth([Some((0, 60)), Some((10, 100))]);
    // (60 + 90) ÷ 2.
    assert_eq!(
        first_sentence(&recording, Now, Kind::BlockedWithFreeCores),
        "Both workers were blocked in a wait in the last second, each for 75 % of the time on average."
    );
}

#[test]
fn where_records_are_missing_samples_are_counted_and_called_so() {
    let mut recording = blocked_in_each_tenth([None, Some((20, 77))]);
    recording.one_in = 2;
    let half = with_workers(recording, |worker, at| {
        // The last second has three samples, the first of them at 3 s.
        let is_blocked = worker.index == 1 && at >= Stamp(3_500 * MS);
        worker.phase = if is_blocked {
            Phase::Blocked
        } else {
            Phase::Idle
        };
    });
    assert_eq!(
        first_sentence(&half, Now, Kind::BlockedWithFreeCores),
        "Worker B was found blocked in a wait in 2 of 3 samples in the last second."
    );
}

#[test]
fn samples_of_several_workers_are_not_called_samples_of_each() {
    // Three samples in the last second; each of two workers is in all of them, or worker B in the last two.
    let sentence = |blocked: [bool; 2], came: u64| {
        let mut recording = blocked_in_each_tenth([None, None]);
        recording.one_in = 2;
        let found = with_workers(recording, |worker, at| {
            worker.phase = match (worker.index, blocked[worker.index]) {
                (1, _) if at < Stamp(came * MS) => Phase::Gone,
                (_, true) => Phase::Blocked,
                (_, false) => Phase::Idle,
            };
        });
        first_sentence(&found, Now, Kind::BlockedWithFreeCores)
    };
    let both = "Both workers were found blocked in a wait in";
    let one = "Worker B was found blocked in a wait in";
    let each = "of one worker each in the last second.";
    assert_eq!(
        sentence([true; 2], 0),
        format!("{both} 6 of 6 samples {each}")
    );
    assert_eq!(
        sentence([true; 2], 3_500),
        format!("{both} 5 of 5 samples {each}")
    );
    assert_eq!(
        sentence([false, true], 3_500),
        format!("{one} 2 of its own 2 samples in the last second.")
    );
}

#[test]
fn a_worker_of_the_newest_sample_alone_hides_no_log_of_others() {
    let recording = blocked_in_each_tenth([Some((20, 80)), Some((0, 100))]);
    let late = with_workers(recording, |worker, at| {
        worker.phase = match worker.index {
            1 if at < NOW => Phase::Gone,
            1 => Phase::Blocked,
            _ => worker.phase,
        };
    });
    assert_eq!(
        first_sentence(&late, Now, Kind::BlockedWithFreeCores),
        "Worker A was blocked in a wait for 60 % of the time in the last second."
    );
}

#[test]
fn a_process_that_wants_a_core_after_its_wait_is_blocked_no_longer() {
    // Of each 100 ms, 80 are in the call; in the last 20 of these the answer is there and no core is free.
    let mut recording = blocked_in_each_tenth([None, Some((10, 90))]);
    let runs: Vec<(u16, Event)> = (0..60)
        .map(|tenth| {
            let at = |ms: u64| Stamp((tenth * 100 + ms) * MS);
            let ran = RunSlice {
                ready: at(70),
                from: at(90),
                to: at(91),
                task: 0,
                request: 0,
                then: SwitchReason::Ended,
                due: None,
                core: Some(0),
            };
            (1, Event::RunSlice(ran))
        })
        .collect();
    recording.switches.extend(runs);
    recording.switches.sort_by_key(|(_, event)| match event {
        Event::BlockedIn { to, .. } => *to,
        Event::RunSlice(ran) => ran.to,
        _ => Stamp::ZERO,
    });
    read_sample_by_sample(&mut recording);
    assert_eq!(
        first_sentence(&recording, Now, Kind::BlockedWithFreeCores),
        "Worker B was blocked in a wait for 60 % of the time in the last second."
    );
}

#[test]
fn a_wait_that_ended_with_its_process_counts_until_then() {
    // The last second is from 3 s to 4 s. Worker B begins a wait at 3.2 s, is killed in it at 3.9 s, and
    // the next process has its slot at 4 s: the wait was not reported.
    let mut recording = blocked_in_each_tenth([None, Some((20, 77))]);
    recording.switches.retain(|(_, event)| match event {
        Event::BlockedIn { to, .. } => *to <= Stamp(3 * S) || *to > Stamp(5 * S),
        _ => true,
    });
    read_sample_by_sample(&mut recording);
    let mut killed = with_workers(recording, |worker, at| {
        if worker.index == 1 && at == Stamp(3_500 * MS) {
            worker.phase = Phase::Blocked;
            worker.phase_since = Stamp(3_200 * MS);
        } else if worker.index == 1 && at > Stamp(3_500 * MS) {
            worker.pid += 100;
        }
    });
    let died = Event::Died {
        at: Stamp(3_900 * MS),
        worker: 1,
        pid: killed.samples[0].workers[1].pid,
        status: -9,
        cause: None,
    };
    killed.events.push((1, died));
    read_sample_by_sample(&mut killed);
    assert_eq!(
        first_sentence(&killed, Now, Kind::BlockedWithFreeCores),
        "Worker B was blocked in a wait for 70 % of the time in the last second."
    );
}

#[test]
fn a_worker_that_came_late_is_measured_by_its_own_time() {
    // The window is from 1 s to 6 s; the worker is there from 2.5 s on, and blocked all the time.
    let recording = blocked_in_each_tenth([Some((20, 65)), Some((0, 100))]);
    let late = with_workers(recording, |worker, at| {
        if worker.index == 1 && at < Stamp(2_500 * MS) {
            worker.phase = Phase::Gone;
        }
    });
    let end = late.header.window.unwrap().end;
    assert_eq!(end, Stamp(6 * S));
    assert_eq!(
        first_sentence(&late, AtTheEnd, Kind::BlockedWithFreeCores),
        "Worker B was blocked in a wait for 100 % of its 3.50 s in the counted window."
    );
}

#[test]
fn a_dead_worker_loses_requests_only_if_it_had_begun_any() {
    let lost = |requests: u64| {
        let recording = with_workers(with_a_death(-9), |worker, at| {
            if worker.index == 1 && at >= NOW {
                worker.lost_tasks = requests;
            }
        });
        first_sentence(&recording, Now, Kind::WorkerGone)
    };
    let begins = "Worker B's process ended at 3.80 s";
    assert_eq!(
        [0, 1, 3].map(lost),
        [
            format!("{begins}. It had no request begun, so none is lost."),
            format!("{begins}, and the request that it had begun is lost."),
            format!("{begins}, and the 3 requests that it had begun are lost."),
        ]
    );
}

/// Sixty requests that wait at the door for 200 ms around 3.5 s, where the queue has 51 places. On average
/// over the last second that is 12.
fn a_burst() -> Synthetic {
    let mut run = Synthetic::idle(Sync, 2);
    run.scenario.server.backlog = 50;
    run.lives = vec![
        RequestLife {
            due: 3_400 * MS,
            door: 200 * MS,
            cpu: MS,
            ..RequestLife::default()
        };
        60
    ];
    run
}

#[test]
fn a_full_queue_is_reported_by_the_instants_at_which_it_was_full() {
    assert_eq!(
        first_sentence(&a_burst().recording(), Now, Kind::BacklogFull),
        "In 1 of 3 samples in the last second more connections waited at the door than the listener's queue \
         has places (51)."
    );
    // As many as there are places found room.
    let mut fits = a_burst();
    fits.lives.truncate(51);
    assert_eq!(find(&fits.recording(), Now, Kind::BacklogFull), None);
}

#[test]
fn requests_on_kept_connections_fill_no_queue() {
    let mut recording = a_burst().recording();
    recording.header.scenario.load.connection = ConnectionMode::KeepAlive;
    recording
        .sent
        .iter_mut()
        .for_each(|sent| sent.opened = false);
    let outcomes = recording.outcomes.iter_mut();
    outcomes.for_each(|outcome| outcome.opened = false);
    assert_eq!(find(&recording, Now, Kind::BacklogFull), None);
}

/// Each request has its worker for 1 ms and waits for 99 ms; no sample finds a running one.
#[test]
fn parked_requests_are_those_begun_that_neither_run_nor_could_run() {
    let recording = io_bound(Coroutine, |_| {});
    let text = find(&recording, Now, Kind::Parked).unwrap();
    assert_eq!(
        text.sentences[1],
        "On average 59 of 60 requests begun were parked in the last second."
    );
    // 59.9 begun × 0.99.
    assert!(text.evidence.contains("59.3 parked"), "{}", text.evidence);
}

#[test]
fn a_request_whose_client_left_before_the_interval_is_parked_in_it() {
    let mut recording = io_bound(Coroutine, |_| {});
    for outcome in &mut recording.outcomes {
        outcome.failure = Some(Failure::Timeout);
        outcome.done = outcome.sent + Elapsed::from_millis(2);
    }
    let text = find(&recording, Now, Kind::Parked).unwrap();
    assert!(text.evidence.contains("59.3 parked"), "{}", text.evidence);
}

/// Two clients run out of patience, and three are waiting when the run is ended.
#[test]
fn requests_cut_off_by_the_end_of_a_run_have_not_failed() {
    let mut recording = io_bound(Sync, |_| {});
    let window = recording.header.window.unwrap();
    let patience = recording.header.scenario.load.patience;
    let due = recording.outcomes.iter_mut();
    let due: Vec<_> = due.filter(|it| window.contains(it.due)).collect();
    let all = due.len();
    for (place, outcome) in due.into_iter().enumerate().take(5) {
        outcome.failure = Some(Failure::Timeout);
        let waited = if place < 2 {
            patience
        } else {
            Elapsed::from_secs(1)
        };
        outcome.done = outcome.due + waited;
    }
    let text = find(&recording, AtTheEnd, Kind::Failures).unwrap();
    let patience = length(patience);
    assert_eq!(
        text.sentences,
        [
            format!(
                "2 of {all} requests due in the counted window failed. In latencies each counts as its \
                 client's whole patience, {patience}, or more."
            ),
            format!(
                "3 of {all} requests due in the counted window had no answer when the run was ended."
            ),
        ]
    );
}

#[test]
fn samples_of_workers_are_distinguished_from_samples_of_the_run() {
    // Three samples in the last second, with two workers in each, or with one.
    let evidence = |recording: &Recording| find(recording, Now, Kind::Idle).unwrap().evidence;
    let mut recording = asked_once(300);
    assert!(evidence(&recording).starts_with(
        "workers found idle in 6 of 6 samples of one worker each (3 samples in 1.00 s)"
    ));
    for sample in &mut recording.samples {
        sample.workers.truncate(1);
    }
    assert!(
        evidence(&recording)
            .starts_with("workers found idle in 3 of 3 samples (3 samples in 1.00 s)")
    );
}
