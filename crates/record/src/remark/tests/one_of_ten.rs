//! One stuck worker of ten raises a remark like all ten: a mean over all workers would hide it.

use super::recordings::*;
use super::{CheckedPart, Kind, Now, find};
use crate::Recording;
use crate::synthetic::{MS, RequestLife, S};
use concsim_engine::telemetry::Phase;
use concsim_model::scenario::Intervention;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};

/// Relation of a remark to a single worker of ten.
enum OneOfTen {
    /// Raised by one worker, the tenth: worker J.
    Raised(fn() -> Recording),
    /// About the whole, for this reason.
    Whole(&'static str),
}
use OneOfTen::{Raised, Whole};

const ALL: [(Kind, OneOfTen); 29] = [
    (
        Kind::WorkerGone,
        Raised(|| with_a_death_of(idle_ten(Sync).recording(), 9, (-9, None))),
    ),
    (
        Kind::WorkerStopped,
        Raised(|| {
            let ten = idle_ten(Sync).recording();
            marked(ten, &[(3_000, Intervention::StopWorker, Some(9))])
        }),
    ),
    (
        Kind::LostUpdates,
        Raised(|| {
            let mut run = idle_ten(Coroutine);
            run.scenario.counters = vec!["visits".into()];
            // Twenty of ten thousand.
            with_workers(run.recording(), |worker, _| {
                let lost = if worker.index == 9 { 5 } else { 0 };
                worker.counters = vec![(1_000, 1_000 - lost)];
            })
        }),
    ),
    (
        Kind::DeadWork,
        Raised(|| {
            // Each of the ten serves a request of a second; only the tenth one's clients leave.
            let mut run = idle_ten(Sync);
            run.lives = lives(|_| S - 100 * MS);
            let mut recording = run.recording();
            give_up(&mut recording, MS, |request| request % 10 == 9);
            recording
        }),
    ),
    (
        Kind::Crowded,
        Raised(|| {
            let mut run = idle_ten(Sync);
            run.others = 0.4;
            run.lives = lives(|worker| if worker == 9 { 100 * MS } else { S - 100 * MS });
            for life in run.lives.iter_mut().filter(|life| life.worker == 9) {
                life.core_wait = 800 * MS;
            }
            run.recording()
        }),
    ),
    (
        Kind::Hog,
        Raised(|| {
            let mut run = idle_ten(Coroutine);
            run.scenario = hog_scenario(10);
            with_workers(run.recording(), |worker, at| {
                if worker.index == 9 {
                    take(worker, Phase::Running, 3);
                    worker.running_since =
                        Some(concsim_model::units::Stamp(at.0.saturating_sub(90 * MS)));
                }
            })
        }),
    ),
    (
        Kind::HoldsAll,
        Raised(|| tenth_of_ten(Coroutine, |worker, _| take(worker, Phase::Blocked, 10))),
    ),
    (
        Kind::Unpatched,
        Raised(|| tenth_of_ten(Coroutine, |worker, _| take(worker, Phase::Blocked, 10))),
    ),
    (
        Kind::BlockedWithFreeCores,
        Raised(|| {
            let blocked = tenth_of_ten(Sync, |worker, _| take(worker, Phase::Blocked, 1));
            with_a_door(blocked, 5)
        }),
    ),
    (
        Kind::CoresFull,
        Whole("all cores of the machine are busy, whichever workers run on them"),
    ),
    (
        Kind::WorkersFull,
        Whole(
            "it says that every worker computes; one that does, with requests in it, is a hog or holds all",
        ),
    ),
    (
        Kind::CoroutinesDoNotHelp,
        Whole("it is about the kinds of request of the scenario, and needs full cores or workers"),
    ),
    (
        Kind::ConnectionsFull,
        Raised(|| {
            let mut run = idle_ten(Coroutine);
            run.scenario.server.connections = 30;
            let full = with_workers(run.recording(), |worker, _| {
                if worker.index == 9 {
                    take(worker, Phase::Idle, 30);
                }
            });
            with_a_door(full, 5)
        }),
    ),
    (
        Kind::BacklogFull,
        Whole("the listener's queue belongs to no worker"),
    ),
    (
        Kind::QueueGrows,
        Whole("it compares what came with what ended, over all workers"),
    ),
    (
        Kind::Parked,
        Raised(|| {
            let mut run = idle_ten(Coroutine);
            run.scenario = parking_scenario(10);
            let parked = with_workers(run.recording(), |worker, at| {
                if worker.index == 9 {
                    take(worker, Phase::Idle, 2);
                    (worker.ready, worker.parked) = (0, 2);
                    worker.begun.changed_at = at;
                    worker.begun.integral = at.0.wrapping_mul(2);
                }
            });
            with_a_door(parked, 0)
        }),
    ),
    (
        Kind::Idle,
        Whole("it says that all workers have nothing to do; one that has is no remark"),
    ),
    (
        Kind::HubBlocked,
        Whole("each long run counts, whichever worker had it"),
    ),
    (
        Kind::Failures,
        Whole("each failed request counts, whichever worker had it"),
    ),
    (
        Kind::UnevenAccepts,
        Raised(|| {
            let ten = idle_ten(Coroutine).recording();
            with_workers(ten, |worker, _| {
                worker.accepted = if worker.index == 9 { 5 } else { 100 };
            })
        }),
    ),
    (Kind::LockReturned, Whole("all workers have the same build")),
    (Kind::ClientsLate, Whole("it is about the load process")),
    (Kind::ClientsStarved, Whole("it is about the load process")),
    (
        Kind::EventsDropped,
        Whole("each lost record counts, whichever worker wrote it"),
    ),
    (Kind::Steered, Whole("it is about what was done to the run")),
    (
        Kind::SteeredByTimeline,
        Whole("it is about what was done to the run"),
    ),
    (
        Kind::NotStationary,
        Whole("it is about the requests in the system"),
    ),
    (
        Kind::ShortWarmup,
        Whole("it is about the window and latencies"),
    ),
    (Kind::Thinned, Whole("it is about the recording")),
];

/// One request of a second for each of ten workers every second, blocked for `waited` in the middle.
fn lives(waited: impl Fn(usize) -> u64) -> Vec<RequestLife> {
    let of_second = |second: u64| {
        let waited = &waited;
        (0..10).map(move |worker| RequestLife {
            due: second * S,
            cpu: 100 * MS,
            waited: waited(worker),
            worker,
            ..RequestLife::default()
        })
    };
    (0..6).flat_map(of_second).collect()
}

#[test]
fn each_remark_about_workers_is_raised_by_one_of_ten() {
    let now: CheckedPart = Now;
    for (kind, one) in &ALL {
        match one {
            Raised(recording) => {
                let text = find(&recording(), now, *kind);
                assert!(text.is_some(), "{} is not said of one of ten", kind.code());
            }
            Whole(reason) => assert!(!reason.is_empty(), "{}", kind.code()),
        }
    }
}

#[test]
fn of_every_kind_of_remark_it_is_known_whether_one_worker_raises_it() {
    let all: Vec<Kind> = Kind::SEEN.iter().chain(Kind::KNOWN).copied().collect();
    let known: Vec<Kind> = ALL.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(known, all);
}

#[test]
fn the_worker_that_is_stuck_is_named() {
    let text = |kind: Kind| {
        let (_, one) = ALL.iter().find(|(it, _)| *it == kind).unwrap();
        let Raised(recording) = one else {
            panic!("one worker raises it");
        };
        find(&recording(), Now, kind).unwrap().sentences[0].clone()
    };
    for kind in [
        Kind::WorkerGone,
        Kind::WorkerStopped,
        Kind::DeadWork,
        Kind::Hog,
        Kind::HoldsAll,
        Kind::Unpatched,
        Kind::BlockedWithFreeCores,
        Kind::ConnectionsFull,
        Kind::UnevenAccepts,
    ] {
        let line = text(kind);
        let names_it = line.contains("orker J");
        assert!(names_it, "{}: {line}", kind.code());
    }
}
