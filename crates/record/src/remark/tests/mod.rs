//! Each kind of remark, raised by a synthetic recording, and not raised by a similar one.

mod by_the_log;
mod one_of_ten;
mod recordings;

use super::{Context, Kind, Remark, all};
use crate::Recording;
use crate::summary::summarise;
use crate::synthetic::{MS, S};
use crate::trust::so_far;
use concsim_engine::telemetry::{Phase, TerminationCause};
use concsim_model::scenario::WorkerKind::{Coroutine, Sync, Threads};
use concsim_model::scenario::{Accept, Intervention};
use concsim_model::units::Stamp;
use recordings::*;

/// Part of a recording that is checked.
#[derive(Clone, Copy, Debug)]
enum CheckedPart {
    /// The last second, 4 s after the beginning.
    Now,
    /// The run as a whole.
    AtTheEnd,
}
use CheckedPart::{AtTheEnd, Now};

/// The instant of [`Now`].
const NOW: Stamp = Stamp(4 * S);

/// A kind, its sentence, and two recordings: one to which it applies, and a similar one to which it does
/// not.
struct Case {
    kind: Kind,
    part: CheckedPart,
    sentence: &'static str,
    applies: fn() -> Recording,
    without: fn() -> Recording,
}

const CASES: [Case; 29] = [
    Case {
        kind: Kind::WorkerGone,
        part: Now,
        sentence: "Worker B's process ended at 3.80 s. It had no request begun, so none is lost. The arbiter forks",
        applies: || with_a_death(-9),
        // It was told to exit.
        without: || with_a_death(0),
    },
    Case {
        kind: Kind::WorkerStopped,
        part: Now,
        sentence: "Worker B stands still, with 1 request begun now, and the other worker goes on. Its requests wait",
        applies: || steered(&[(3_000, Intervention::StopWorker, Some(1))]),
        without: || {
            steered(&[
                (3_000, Intervention::StopWorker, Some(1)),
                (3_500, Intervention::ContinueWorker, Some(1)),
            ])
        },
    },
    Case {
        kind: Kind::LostUpdates,
        part: Now,
        sentence: "Counter visits got 1 000 additions so far and is at 80, so 920 are lost. Two requests read the same",
        applies: || counting((500, 40)),
        // Each worker was read between its two counters.
        without: || counting((500, 499)),
    },
    Case {
        kind: Kind::DeadWork,
        part: Now,
        sentence: "Both workers spent 100 % of their busy and blocked time, taken together, on requests whose clients",
        applies: || abandoned(MS),
        // They leave after their answers have been written.
        without: || abandoned(10 * S),
    },
    Case {
        kind: Kind::Crowded,
        part: Now,
        sentence: "On average 0.99 workers wanted a core and had none in the last second. Other programs kept",
        applies: || wanting_a_core(0.4),
        without: || wanting_a_core(0.0),
    },
    Case {
        kind: Kind::Hog,
        part: Now,
        sentence: "Request 2 has kept worker A for 180 ms now, and a typical request of this scenario keeps one for",
        applies: || holding(180, 1),
        without: || holding(40, 1),
    },
    Case {
        kind: Kind::HoldsAll,
        part: Now,
        sentence: "In 3 of 3 samples in the last second worker J held all requests that were begun, 10 on average, and",
        applies: || tenth_of_ten(Coroutine, |worker, _| take(worker, Phase::Blocked, 10)),
        // It holds all requests, and keeps none waiting.
        without: || tenth_of_ten(Coroutine, |worker, _| take(worker, Phase::Idle, 10)),
    },
    Case {
        kind: Kind::Unpatched,
        part: Now,
        sentence: "Both workers were blocked in an unpatched wait in the last second, each for 100 % of the time on",
        applies: || all_in(Phase::Blocked),
        without: || all_in(Phase::Idle),
    },
    Case {
        kind: Kind::BlockedWithFreeCores,
        part: Now,
        sentence: "Both workers were blocked in a wait in the last second, each for 99 % of the time on average. A",
        applies: || io_bound(Sync, |_| {}),
        // Load needs both cores for itself.
        without: || io_bound(Sync, |run| run.load_cpu = 1.8),
    },
    Case {
        kind: Kind::CoresFull,
        part: Now,
        sentence: "This run kept 2.00 of 2 cores busy on average in the last second. On average 2.0 requests were",
        applies: || computing(Sync, 2, 0),
        without: || computing(Sync, 1, 0),
    },
    Case {
        kind: Kind::WorkersFull,
        part: Now,
        sentence: "The worker computed for 100 % of the time in the last second, and a process computes on one core",
        applies: || computing(Sync, 1, 0),
        without: || computing(Sync, 2, 0),
    },
    Case {
        kind: Kind::CoroutinesDoNotHelp,
        part: Now,
        sentence: "These requests only compute, so no request waits while another one runs. On average 8.0 were",
        applies: || computing(Coroutine, 2, 0),
        // In a wait of 1 ms another request can run.
        without: || computing(Coroutine, 2, 1),
    },
    Case {
        kind: Kind::ConnectionsFull,
        part: Now,
        sentence: "Both workers had 30 requests begun each on average in the last second, and a worker may hold 30",
        applies: || with_room_for(30),
        without: || with_room_for(1_000),
    },
    Case {
        kind: Kind::BacklogFull,
        part: Now,
        sentence: "In 3 of 3 samples in the last second more connections waited at the door than the listener's queue",
        applies: || io_bound(Sync, |run| run.scenario.server.backlog = 50),
        without: || io_bound(Sync, |run| run.scenario.server.backlog = 64),
    },
    Case {
        kind: Kind::QueueGrows,
        part: Now,
        sentence: "On average 14.2 requests came in a second and 9.50 ended in the last 4 s, so their number grows.",
        applies: || asked(20.0),
        without: || asked(5.0),
    },
    Case {
        kind: Kind::Parked,
        part: Now,
        sentence: "A wait parks the coroutine; its process goes on.",
        applies: || io_bound(Coroutine, |_| {}),
        without: || io_bound(Sync, |_| {}),
    },
    Case {
        kind: Kind::Idle,
        part: Now,
        sentence: "The workers were idle in 6 of 6 samples of one worker each in the last second, and 0.30 requests were at",
        applies: || asked_once(300),
        without: || asked_once(700),
    },
    Case {
        kind: Kind::HubBlocked,
        part: Now,
        sentence: "The loop of worker A was blocked once in the last second, by a `profile` for 300 ms.",
        applies: || computing_at_once(300),
        without: || computing_at_once(90),
    },
    Case {
        kind: Kind::Failures,
        part: Now,
        sentence: "3 of 20 requests that ended in the last second failed",
        applies: || failing_until(NOW),
        // That was before the last second.
        without: || failing_until(Stamp(2 * S)),
    },
    Case {
        kind: Kind::UnevenAccepts,
        part: AtTheEnd,
        sentence: "Since the run began worker A has taken 97 connections and worker B 3.",
        applies: || accepting(97, 3),
        without: || accepting(60, 40),
    },
    Case {
        kind: Kind::LockReturned,
        part: Now,
        sentence: "The workers' build has no lock around computing, but an extension has turned it on again.",
        applies: || behind_a_lock(true),
        without: || behind_a_lock(false),
    },
    Case {
        kind: Kind::ClientsLate,
        part: AtTheEnd,
        sentence: "The clients sent requests late, so this run is rough.",
        applies: || with_lives(|life| life.late = 5_400_000),
        without: || with_lives(|life| life.late = 2_400_000),
    },
    Case {
        kind: Kind::ClientsStarved,
        part: AtTheEnd,
        sentence: "Answers lay in the sockets until the clients read them, so this run is rough.",
        applies: || with_lives(|life| life.tail = 5_600_000),
        without: || with_lives(|life| life.tail = 2_400_000),
    },
    Case {
        kind: Kind::EventsDropped,
        part: Now,
        sentence: "Some records have been lost so far",
        applies: || dropping(3),
        without: || dropping(0),
    },
    Case {
        kind: Kind::Steered,
        part: AtTheEnd,
        sentence: "This run was steered by hand, so its claims are not judged: a worker was added at 3.00 s.",
        applies: || steered(&[(3_000, Intervention::AddWorker, None)]),
        without: || changed_by_timeline(Some(0)),
    },
    Case {
        kind: Kind::SteeredByTimeline,
        part: AtTheEnd,
        sentence: "The scenario's timeline steered this run: a worker was added at 3.00 s.",
        applies: || changed_by_timeline(Some(0)),
        without: || changed_by_timeline(None),
    },
    Case {
        kind: Kind::NotStationary,
        part: AtTheEnd,
        sentence: "The run is not steady in the counted window",
        applies: || asked(40.0),
        without: || io_bound(Coroutine, |_| {}),
    },
    Case {
        kind: Kind::ShortWarmup,
        part: AtTheEnd,
        sentence: "The warm-up of 100 ms is short for a 99th percentile of 100 ms.",
        applies: || beginning_at(900),
        without: || beginning_at(0),
    },
    Case {
        kind: Kind::Thinned,
        part: Now,
        sentence: "Lanes show one request in 4",
        applies: || one_in(4),
        without: || one_in(1),
    },
];

/// A run of workers with four threads behind a lock, which has `returned` or was there from the beginning.
fn behind_a_lock(returned: bool) -> Recording {
    let mut recording = io_bound(Coroutine, |_| {});
    let server = &mut recording.header.scenario.server;
    (server.kind, server.threads) = (Threads, 4);
    (server.gil, server.gil_returns) = (true, returned);
    recording
}

fn remarks(recording: &Recording, when: CheckedPart) -> Vec<Remark> {
    match when {
        AtTheEnd => summarise(recording).remarks,
        Now => {
            let snapshot = recording.snapshot_at(NOW).unwrap();
            let (means, doubts) = (snapshot.last_second().means(), so_far(&snapshot).1);
            all(&Context::of_the_last_second(snapshot, means, &doubts))
        }
    }
}

fn find(recording: &Recording, when: CheckedPart, kind: Kind) -> Option<Remark> {
    let all = remarks(recording, when);
    all.into_iter().find(|remark| remark.kind == kind)
}

#[test]
fn each_remark_is_made_of_what_it_is_about_and_of_nothing_close_by() {
    for case in CASES {
        let code = case.kind.code();
        let text = find(&(case.applies)(), case.part, case.kind);
        let line = text.unwrap_or_else(|| panic!("{code} is not said"));
        let sentence = line.sentence();
        assert!(sentence.starts_with(case.sentence), "{code}: {sentence}");
        assert!(
            line.evidence.chars().any(|it| it.is_ascii_digit()),
            "{code} rests on no number: {}",
            line.evidence
        );
        let label = find(&(case.without)(), case.part, case.kind);
        assert_eq!(label, None, "{code} is said where it is not so");
    }
}

#[test]
fn every_kind_has_its_case_and_its_own_code() {
    let all: Vec<Kind> = Kind::SEEN.iter().chain(Kind::KNOWN).copied().collect();
    let cases: Vec<Kind> = CASES.iter().map(|case| case.kind).collect();
    assert_eq!(cases, all);
    let mut codes: Vec<&str> = all.iter().map(|kind| kind.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), all.len());
}

#[test]
fn a_worker_that_the_system_finds_stopped_stands_still() {
    let found = |is_stopped: bool| {
        let recording = io_bound(Sync, |_| {});
        with_workers(recording, |worker, _| {
            // A long computation that has no core uses no CPU time either, and is not stopped.
            worker.phase = Phase::Running;
            worker.phase_since = Stamp(2 * S);
            worker.cpu.0 = 0;
            worker.is_stopped = is_stopped && worker.index == 1;
        })
    };
    let text = find(&found(true), Now, Kind::WorkerStopped).unwrap();
    assert!(text.sentences[0].starts_with("Worker B stands still"));
    assert!(
        text.evidence.contains("finds its process stopped"),
        "{text:?}"
    );
    assert_eq!(find(&found(false), Now, Kind::WorkerStopped), None);
}

#[test]
fn the_evidence_of_a_worker_that_was_killed_for_its_silence_names_the_timeout() {
    let silent = with_a_termination(1, Some(TerminationCause::Silent));
    let text = find(&silent, Now, Kind::WorkerGone).unwrap();
    let named = "(killed: silent for longer than timeout (30 s))";
    assert!(text.evidence.contains(named), "{}", text.evidence);
    assert!(text.sentences[0].contains(named), "{:?}", text.sentences);
}

#[test]
fn a_worker_with_a_queue_of_its_own_is_gone_with_the_connections_in_it() {
    let mut recording = with_a_termination(-9, None);
    let shared = find(&recording, Now, Kind::WorkerGone).unwrap();
    assert!(!shared.sentences[0].contains("queue"), "{shared:?}");
    recording.header.scenario.server.accept = Accept::Reuseport;
    let own = find(&recording, Now, Kind::WorkerGone).unwrap();
    let named = "Connections in its own queue are reset.";
    assert!(own.sentences[0].ends_with(named), "{own:?}");
    assert!(!own.sentences[0].contains("none is lost"), "{own:?}");
}

#[test]
fn a_run_as_a_whole_remembers_the_longest_that_a_request_had_its_worker() {
    let recording = with_samples(holding(40, 1), |sample| {
        if sample.at == NOW {
            sample.workers[0].running_since = Some(Stamp(NOW.0 - 120 * MS));
        }
    });
    let text = find(&recording, AtTheEnd, Kind::Hog).unwrap();
    assert_eq!(
        text.sentences[0],
        "At 4.00 s request 2 had kept worker A for 120 ms, and a typical request of this scenario keeps one for \
         1 ms (computed)."
    );
    assert!(text.evidence.contains("at 4.00 s"), "{}", text.evidence);
}

#[test]
fn a_hog_that_has_let_go_is_spoken_of_for_another_second() {
    let recording = with_samples(holding(40, 1), |sample| {
        if sample.at == Stamp(NOW.0 - 500 * MS) {
            sample.workers[0].running_since = Some(Stamp(sample.at.0 - 120 * MS));
        }
    });
    let text = find(&recording, Now, Kind::Hog).unwrap();
    assert!(
        text.sentences[0].starts_with("At 3.50 s request 2 had kept worker A for 120 ms,"),
        "{text:?}"
    );
}

#[test]
fn a_request_that_computes_as_long_as_all_others_is_no_hog() {
    // A short one of this scenario, kept off its core by the system; and a scenario of long ones alone.
    assert_eq!(find(&holding(180, 0), Now, Kind::Hog), None);
    let alike = computing(Coroutine, 2, 0);
    let alike = with_workers(alike, |worker, at| {
        worker.running_since = Some(Stamp(at.0.saturating_sub(200 * MS)));
        worker.running_request = Some(1);
    });
    assert_eq!(find(&alike, Now, Kind::Hog), None);
}

#[test]
fn no_warm_up_is_a_short_one_unless_the_file_asks_for_so_many_requests() {
    let cold = beginning_at(1_000);
    let remark = find(&cold, AtTheEnd, Kind::ShortWarmup).expect("a remark");
    assert_eq!(
        remark.sentences,
        ["There was no warm-up, so requests that found an empty server are counted."]
    );
    assert_eq!(find(&counted_out(cold), AtTheEnd, Kind::ShortWarmup), None);
}

#[test]
fn advice_is_computed_and_is_called_computed() {
    let advice = |recording: &Recording, kind| find(recording, Now, kind).unwrap().advice;
    let blocked = io_bound(Sync, |_| {});
    assert_eq!(
        advice(&blocked, Kind::BlockedWithFreeCores).unwrap(),
        "Coroutine workers would help: 600 answers/s at most, instead of 20.0 at most (computed)."
    );
    let one_worker = computing(Sync, 1, 0);
    assert_eq!(
        advice(&one_worker, Kind::WorkersFull).unwrap(),
        "2 workers would help: 100 answers/s at most, instead of 50.0 at most (computed)."
    );
    // Two clients of two workers never wait for each other.
    let two_clients = io_bound(Sync, |run| {
        if let concsim_model::scenario::Arrivals::Closed { clients, .. } =
            &mut run.scenario.load.arrivals
        {
            *clients = 2;
        }
    });
    assert_eq!(advice(&two_clients, Kind::BlockedWithFreeCores), None);
    // Other programs use the cores, so the free capacity is not known.
    let crowded = io_bound(Sync, |run| run.others = 0.95);
    assert_eq!(advice(&crowded, Kind::BlockedWithFreeCores), None);
}

#[test]
fn of_a_run_that_was_steered_nothing_is_promised() {
    let steered = steered(&[(2_000, Intervention::SetLoad(2_000), None)]);
    let text = find(&steered, Now, Kind::BlockedWithFreeCores).unwrap();
    assert_eq!(text.advice, None);
}

#[test]
fn the_last_second_and_the_whole_run_are_remarked_upon_alike() {
    let recording = io_bound(Sync, |_| {});
    let text = |when| find(&recording, when, Kind::BlockedWithFreeCores).unwrap();
    let [now, at_the_end] = [Now, AtTheEnd].map(|when| text(when).sentence());
    assert_eq!(
        now,
        "Both workers were blocked in a wait in the last second, each for 99 % of the time on average. A wait blocks the whole \
         process of a sync worker. Of 2 cores 1.90 were free in the last second, and 58 requests waited at the \
         door on average."
    );
    assert_eq!(now.replace("last second", "counted window"), at_the_end);
    assert_eq!(text(Now).advice, text(AtTheEnd).advice);
}

#[test]
fn programs_get_a_code_a_sentence_and_its_evidence() {
    let text = find(&dropping(3), Now, Kind::EventsDropped).unwrap();
    let line = serde_json::to_value(text).unwrap();
    assert_eq!(line["code"], "events-dropped");
    assert!(line["sentence"].is_string() && line["evidence"].is_string());
}
