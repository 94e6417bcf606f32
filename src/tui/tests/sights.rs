//! Which sentence is said about which picture.

use super::staging::{Cue, Scene, call, compute, plan, request, scenario};
use crate::scenario::{Manner, Scenario, Step, WorkerKind};
use crate::telemetry::Phase;
use crate::tui::State;

/// The caption of `scene`, on two cores.
fn said(scenario: Scenario, scene: &Scene) -> String {
    let mut state = State::new(&plan("a claim", vec![("only", scenario)]), 2);
    scene.play(&mut state);
    state.caption().join(" ")
}

fn computing(kind: WorkerKind, workers: usize) -> Scenario {
    let mut computing = scenario(kind);
    computing.server.workers = workers;
    computing.requests = vec![request("sum", &[compute(20)])];
    computing
}

fn busy(wants_a_core: bool) -> Cue {
    Cue {
        wants_a_core,
        cpu: 0.95,
        run: Some(20),
        ..Cue::new(Phase::Running, 1)
    }
}

#[test]
fn sleeping_sync_workers_leave_cores_free_and_people_outside() {
    let said = said(scenario(WorkerKind::Sync), &Scene::sync());
    assert_eq!(
        said,
        "A wait blocks the whole process. Both cores are free; 58 stand outside."
    );
}

#[test]
fn one_worker_that_computes_all_the_time_leaves_a_core_free() {
    let scene = Scene {
        workers: vec![busy(false)],
        door: 7,
        ..Scene::sync()
    };
    let said = said(computing(WorkerKind::Sync, 1), &scene);
    assert_eq!(
        said,
        "The worker computes all the time; a process computes on one core at a time. \
         The cores are 48 % busy with our work; 7 stand outside."
    );
}

#[test]
fn full_cores_are_the_ceiling_for_coroutines_too() {
    let worker = Cue {
        begun: 20,
        ready: 19,
        ..busy(false)
    };
    let scene = Scene {
        workers: vec![worker.clone(), worker],
        ..Scene::coroutine()
    };
    let said = said(computing(WorkerKind::Coroutine, 2), &scene);
    assert_eq!(
        said,
        "Both cores are busy. 40 begun, 1.90 computing: to have more begun does not make it faster."
    );
}

#[test]
fn more_processes_than_cores_take_turns() {
    let worker = |wants| Cue {
        cpu: 0.48,
        ..busy(wants)
    };
    let workers = [false, false, true, true].map(worker).to_vec();
    let said = said(
        computing(WorkerKind::Sync, 4),
        &Scene {
            workers,
            ..Scene::sync()
        },
    );
    assert_eq!(
        said,
        "Both cores are busy. 4 processes take turns on 2 cores: more of them would not be faster."
    );
}

#[test]
fn other_programs_on_the_cores_are_not_taken_for_ours() {
    let worker = Cue {
        wants_a_core: true,
        cpu: 0.1,
        ..Cue::new(Phase::Running, 1)
    };
    let scene = Scene {
        workers: vec![worker],
        others: 1.8,
        ..Scene::sync()
    };
    let said = said(computing(WorkerKind::Sync, 1), &scene);
    assert_eq!(
        said,
        "Workers want a core, and must wait for one. Other programs keep 1.80 of 2 cores busy; \
         58 stand outside."
    );
}

#[test]
fn a_full_house_of_coroutines_says_so() {
    let mut small = scenario(WorkerKind::Coroutine);
    small.server.connections = 10;
    let worker = Cue::new(Phase::Idle, 10);
    let scene = Scene {
        workers: vec![worker.clone(), worker],
        door: 40,
        ..Scene::coroutine()
    };
    let said = said(small, &scene);
    assert!(
        said.starts_with("Every worker holds as many connections as it may."),
        "{said}"
    );
}

#[test]
fn lost_updates_are_counted_over_all_processes() {
    let mut counting = scenario(WorkerKind::Coroutine);
    counting.counters = vec!["visits".into()];
    counting.requests = vec![request(
        "visit",
        &[Step::Count {
            counter: 0,
            with_yield: true,
        }],
    )];
    let worker = |counters| Cue {
        counters,
        ..Cue::new(Phase::Idle, 3)
    };
    let workers = vec![worker(vec![(500, 40)]), worker(vec![(700, 60)])];
    let said = said(
        counting,
        &Scene {
            workers,
            ..Scene::coroutine()
        },
    );
    assert!(
        said.starts_with("visits: 1 200 times added, the counters say 100. 1 100 lost."),
        "{said}"
    );
}

#[test]
fn a_worker_that_died_is_what_is_seen_first() {
    let workers = vec![Cue::new(Phase::Gone, 0), Cue::new(Phase::Blocked, 1)];
    let said = said(
        scenario(WorkerKind::Sync),
        &Scene {
            workers,
            ..Scene::sync()
        },
    );
    assert!(said.starts_with("Worker A's process has ended"), "{said}");
}

#[test]
fn a_caption_stays_until_it_could_be_read() {
    let mut state = State::new(
        &plan("a claim", vec![("only", scenario(WorkerKind::Coroutine))]),
        2,
    );
    let long_run = Cue {
        ready: 9,
        run: Some(180),
        cpu: 0.2,
        ..Cue::new(Phase::Running, 10)
    };
    Scene {
        at: 4_000,
        workers: vec![long_run],
        ..Scene::coroutine()
    }
    .play(&mut state);
    let hog = state.caption().to_vec();
    assert_eq!(hog[0], "One request has had worker A for 180 ms.");
    let calm = Scene {
        at: 4_100,
        workers: vec![Cue::new(Phase::Idle, 10)],
        ..Scene::coroutine()
    };
    calm.play_now(&mut state);
    assert_eq!(state.caption(), hog, "0.1 s later");
    Scene { at: 5_600, ..calm }.play_now(&mut state);
    assert_ne!(state.caption(), hog, "1.6 s later");
}

#[test]
fn a_wait_that_sync_workers_block_in_is_no_hog() {
    let mut waiting = scenario(WorkerKind::Sync);
    waiting.requests = vec![request("nap", &[call(1_000)])];
    if let Step::Call { manner, .. } = &mut waiting.requests[0].script[0] {
        *manner = Manner::Unpatched;
    }
    let worker = Cue {
        run: Some(900),
        ..Cue::new(Phase::Blocked, 1)
    };
    let said = said(
        waiting,
        &Scene {
            workers: vec![worker],
            ..Scene::sync()
        },
    );
    assert!(said.starts_with("A wait blocks"), "{said}");
}
