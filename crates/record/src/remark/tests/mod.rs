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
use concsim_model::scenario::Intervention;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::units::Stamp;
use recordings::*;

/// Part of a recording that is checked.
#[derive(Clone, Copy, Debug)]
enum When {
    /// The last second, 4 s after the beginning.
    Now,
    /// The run as a whole.
    AtTheEnd,
}
use When::{AtTheEnd, Now};

/// The instant of [`Now`].
const NOW: Stamp = Stamp(4 * S);

/// A kind, its sentence, and two recordings: one to which it applies, and a similar one to which it does
/// not.
struct Case {
    kind: Kind,
    when: When,
    sentence: &'static str,
    applies: fn() -> Recording,
    does_not: fn() -> Recording,
}

const CASES: [Case; 27] = [
    Case {
        kind: Kind::WorkerGone,
        when: Now,
        sentence: "Worker B's process ended at 3.80 s. It had no request begun, so none is lost. The arbiter forks",
        applies: || with_a_death(-9),
        // It was told to exit.
        does_not: || with_a_death(0),
    },
    Case {
        kind: Kind::WorkerStopped,
        when: Now,
        sentence: "Worker B stands still, with 1 request begun now, and the other worker goes on. Its requests wait",
        applies: || steered(&[(3_000, Intervention::StopWorker, Some(1))]),
        does_not: || {
            steered(&[
                (3_000, Intervention::StopWorker, Some(1)),
                (3_500, Intervention::ContinueWorker, Some(1)),
            ])
        },
    },
    Case {
        kind: Kind::LostUpdates,
        when: Now,
        sentence: "Counter visits got 1 000 additions so far and is at 80, so 920 are lost. Two requests read the same",
        applies: || counting((500, 40)),
        // Each worker was read between its two counters.
        does_not: || counting((500, 499)),
    },
    Case {
        kind: Kind::DeadWork,
        when: Now,
        sentence: "Both workers spent 100 % of their busy and blocked time, taken together, on requests whose clients",
        applies: || abandoned(MS),
        // They leave after their answers have been written.
        does_not: || abandoned(10 * S),
    },
    Case {
        kind: Kind::Crowded,
        when: Now,
        sentence: "On average 0.99 workers wanted a core and had none in the last second. Other programs kept",
        applies: || wanting_a_core(0.4),
        does_not: || wanting_a_core(0.0),
    },
    Case {
        kind: Kind::Hog,
        when: Now,
        sentence: "Request 2 has kept worker A for 180 ms now, and a typical request of this scenario keeps one for",
        applies: || holding(180, 1),
        does_not: || holding(40, 1),
    },
    Case {
        kind: Kind::HoldsAll,
        when: Now,
        sentence: "In 3 of 3 samples in the last second worker J held all requests that were begun, 10 on average, and",
        applies: || tenth_of_ten(Coroutine, |worker, _| take(worker, Phase::Blocked, 10)),
        // It holds all requests, and keeps none waiting.
        does_not: || tenth_of_ten(Coroutine, |worker, _| take(worker, Phase::Idle, 10)),
    },
    Case {
        kind: Kind::Unpatched,
        when: Now,
        sentence: "Both workers were blocked in an unpatched wait in the last second, each for 100 % of the time on",
        applies: || all_in(Phase::Blocked),
        does_not: || all_in(Phase::Idle),
    },
    Case {
        kind: Kind::BlockedWithFreeCores,
        when: Now,
        sentence: "Both workers were blocked in a wait in the last second, each for 99 % of the time on average. A",
        applies: || io_bound(Sync, |_| {}),
        // Load needs both cores for itself.
        does_not: || io_bound(Sync, |run| run.load_cpu = 1.8),
    },
    Case {
        kind: Kind::CoresFull,
        when: Now,
        sentence: "This run kept 2.00 of 2 cores busy on average in the last second. On average 2.0 requests were",
        applies: || computing(Sync, 2, 0),
        does_not: || computing(Sync, 1, 0),
    },
    Case {
        kind: Kind::WorkersFull,
        when: Now,
        sentence: "The worker computed for 100 % of the time in the last second, and a process computes on one core",
        applies: || computing(Sync, 1, 0),
        does_not: || computing(Sync, 2, 0),
    },
    Case {
        kind: Kind::CoroutinesDoNotHelp,
        when: Now,
        sentence: "These requests only compute, so no request waits while another one runs. On average 8.0 were",
        applies: || computing(Coroutine, 2, 0),
        // In a wait of 1 ms another request can run.
        does_not: || computing(Coroutine, 2, 1),
    },
    Case {
        kind: Kind::ConnectionsFull,
        when: Now,
        sentence: "Both workers had 30 requests begun each on average in the last second, and a worker may hold 30",
        applies: || with_room_for(30),
        does_not: || with_room_for(1_000),
    },
    Case {
        kind: Kind::BacklogFull,
        when: Now,
        sentence: "In 3 of 3 samples in the last second more connections waited at the door than the listener's queue",
        applies: || io_bound(Sync, |run| run.scenario.server.backlog = 50),
        does_not: || io_bound(Sync, |run| run.scenario.server.backlog = 64),
    },
    Case {
        kind: Kind::QueueGrows,
        when: Now,
        sentence: "On average 14.2 requests came in a second and 9.50 ended in the last 4 s, so their number grows.",
        applies: || asked(20.0),
        does_not: || asked(5.0),
    },
    Case {
        kind: Kind::Parked,
        when: Now,
        sentence: "A wait parks the coroutine; its process goes on.",
        applies: || io_bound(Coroutine, |_| {}),
        does_not: || io_bound(Sync, |_| {}),
    },
    Case {
        kind: Kind::Idle,
        when: Now,
        sentence: "The workers were idle in 6 of 6 samples of one worker each in the last second, and 0.30 requests were at",
        applies: || asked_once(300),
        does_not: || asked_once(700),
    },
    Case {
        kind: Kind::Failures,
        when: Now,
        sentence: "3 of 20 requests that ended in the last second failed",
        applies: || failing_until(NOW),
        // That was before the last second.
        does_not: || failing_until(Stamp(2 * S)),
    },
    Case {
        kind: Kind::UnevenAccepts,
        when: AtTheEnd,
        sentence: "Since the run began worker A has taken 97 connections and worker B 3.",
        applies: || accepting(97, 3),
        does_not: || accepting(60, 40),
    },
    Case {
        kind: Kind::ClientsLate,
        when: AtTheEnd,
        sentence: "The clients sent requests late, so this run is rough.",
        applies: || with_lives(|life| life.late = 5_400_000),
        does_not: || with_lives(|life| life.late = 2_400_000),
    },
    Case {
        kind: Kind::ClientsStarved,
        when: AtTheEnd,
        sentence: "Answers lay in the sockets until the clients read them, so this run is rough.",
        applies: || with_lives(|life| life.tail = 5_600_000),
        does_not: || with_lives(|life| life.tail = 2_400_000),
    },
    Case {
        kind: Kind::EventsDropped,
        when: Now,
        sentence: "Some records have been lost so far",
        applies: || dropping(3),
        does_not: || dropping(0),
    },
    Case {
        kind: Kind::Steered,
        when: AtTheEnd,
        sentence: "This run was steered by hand, so its claims are not judged: a worker was added at 3.00 s.",
        applies: || steered(&[(3_000, Intervention::AddWorker, None)]),
        does_not: || changed_by_timeline(Some(0)),
    },
    Case {
        kind: Kind::SteeredByTimeline,
        when: AtTheEnd,
        sentence: "The scenario's timeline steered this run: a worker was added at 3.00 s.",
        applies: || changed_by_timeline(Some(0)),
        does_not: || changed_by_timeline(None),
    },
    Case {
        kind: Kind::NotStationary,
        when: AtTheEnd,
        sentence: "The run is not steady in the counted window",
        applies: || asked(40.0),
        does_not: || io_bound(Coroutine, |_| {}),
    },
    Case {
        kind: Kind::ShortWarmup,
        when: AtTheEnd,
        sentence: "The warm-up of 100 ms is short for a 99th percentile of 100 ms.",
        applies: || beginning_at(900),
        does_not: || beginning_at(0),
    },
    Case {
        kind: Kind::Thinned,
        when: Now,
        sentence: "Lanes show one request in 4",
        applies: || one_in(4),
        does_not: || one_in(1),
    },
];

fn remarks(recording: &Recording, when: When) -> Vec<Remark> {
    match when {
        AtTheEnd => summarise(recording).remarks,
        Now => {
            let past = recording.past_at(NOW).unwrap();
            let (means, doubts) = (past.last_second().means(), so_far(&past).1);
            all(&Context::of_the_last_second(past, means, &doubts))
        }
    }
}

fn find(recording: &Recording, when: When, kind: Kind) -> Option<Remark> {
    let all = remarks(recording, when);
    all.into_iter().find(|remark| remark.kind == kind)
}

#[test]
fn each_remark_is_made_of_what_it_is_about_and_of_nothing_close_by() {
    for case in CASES {
        let code = case.kind.code();
        let said = find(&(case.applies)(), case.when, case.kind);
        let said = said.unwrap_or_else(|| panic!("{code} is not said"));
        let sentence = said.sentence();
        assert!(sentence.starts_with(case.sentence), "{code}: {sentence}");
        assert!(
            said.evidence.chars().any(|it| it.is_ascii_digit()),
            "{code} rests on no number: {}",
            said.evidence
        );
        let said = find(&(case.does_not)(), case.when, case.kind);
        assert_eq!(said, None, "{code} is said where it is not so");
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
    let said = find(&found(true), Now, Kind::WorkerStopped).unwrap();
    assert!(said.sentences[0].starts_with("Worker B stands still"));
    assert!(
        said.evidence.contains("finds its process stopped"),
        "{said:?}"
    );
    assert_eq!(find(&found(false), Now, Kind::WorkerStopped), None);
}

#[test]
fn the_evidence_of_a_worker_that_was_killed_for_its_silence_names_the_timeout() {
    let silent = with_a_termination(1, Some(TerminationCause::Silent));
    let said = find(&silent, Now, Kind::WorkerGone).unwrap();
    let named = "(killed: silent for longer than timeout (30 s))";
    assert!(said.evidence.contains(named), "{}", said.evidence);
    assert!(said.sentences[0].contains(named), "{:?}", said.sentences);
}

#[test]
fn a_run_as_a_whole_remembers_the_longest_that_a_request_had_its_worker() {
    let recording = with_samples(holding(40, 1), |sample| {
        if sample.at == NOW {
            sample.workers[0].running_since = Some(Stamp(NOW.0 - 120 * MS));
        }
    });
    let said = find(&recording, AtTheEnd, Kind::Hog).unwrap();
    assert_eq!(
        said.sentences[0],
        "At 4.00 s request 2 had kept worker A for 120 ms, and a typical request of this scenario keeps one for \
         1 ms (computed)."
    );
    assert!(said.evidence.contains("at 4.00 s"), "{}", said.evidence);
}

#[test]
fn a_hog_that_has_let_go_is_spoken_of_for_another_second() {
    let recording = with_samples(holding(40, 1), |sample| {
        if sample.at == Stamp(NOW.0 - 500 * MS) {
            sample.workers[0].running_since = Some(Stamp(sample.at.0 - 120 * MS));
        }
    });
    let said = find(&recording, Now, Kind::Hog).unwrap();
    assert!(
        said.sentences[0].starts_with("At 3.50 s request 2 had kept worker A for 120 ms,"),
        "{said:?}"
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
fn what_would_help_is_computed_and_says_so() {
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
    let said = find(&steered, Now, Kind::BlockedWithFreeCores).unwrap();
    assert_eq!(said.advice, None);
}

#[test]
fn the_last_second_and_the_whole_run_are_remarked_upon_alike() {
    let recording = io_bound(Sync, |_| {});
    let said = |when| find(&recording, when, Kind::BlockedWithFreeCores).unwrap();
    let [now, at_the_end] = [Now, AtTheEnd].map(|when| said(when).sentence());
    assert_eq!(
        now,
        "Both workers were blocked in a wait in the last second, each for 99 % of the time on average. A wait blocks the whole \
         process of a sync worker. Of 2 cores 1.90 were free in the last second, and 58 requests waited at the \
         door on average."
    );
    assert_eq!(now.replace("last second", "counted window"), at_the_end);
    assert_eq!(said(Now).advice, said(AtTheEnd).advice);
}

#[test]
fn programs_get_a_code_a_sentence_and_its_evidence() {
    let said = find(&dropping(3), Now, Kind::EventsDropped).unwrap();
    let said = serde_json::to_value(said).unwrap();
    assert_eq!(said["code"], "events-dropped");
    assert!(said["sentence"].is_string() && said["evidence"].is_string());
}
