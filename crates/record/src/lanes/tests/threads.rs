//! Lanes of workers with threads: several requests of one worker at once.

use super::*;
use crate::lanes::instant::Instant;

/// Recording of one worker with threads that reports these switches by 100.
fn of_threads(gil: bool, switches: Vec<Event>) -> Recording {
    let sample = Sample {
        at: Stamp(100),
        ..Sample::default()
    };
    let switches = switches.into_iter().map(|switch| (0, switch)).collect();
    let mut recording = recording(switches, sample);
    let server = &mut recording.header.scenario.server;
    (server.kind, server.threads, server.gil) = (WorkerKind::Threads, 4, gil);
    recording
}

fn taken_off(request: u32, from: u64, to: u64, core: Option<u32>) -> Event {
    Event::Preempted {
        from: Stamp(from),
        to: Stamp(to),
        task: request,
        request,
        core,
    }
}

/// Returns the numbers of running and ready requests, and the state of the worker, at `at`.
fn at(recording: &Recording, at: u64) -> (u64, u64, Option<RequestState>) {
    let mut index = Index::default();
    index.extend(recording);
    let instant = Instant::of(&index, recording, Stamp(at)).unwrap();
    let worker = &instant.workers[0];
    (worker.running, worker.ready, worker.doing)
}

#[test]
fn free_threads_run_at_once_and_each_loses_its_own_core() {
    use RequestState::{AtTheDoor, Running, WantsACore};
    // A slice is reported at its end.
    let recording = of_threads(
        false,
        vec![
            taken_off(0, 50, 60, Some(0)),
            ran(1, 20, 90, Some(1)),
            ran(0, 10, 99, Some(0)),
        ],
    );
    let lives = lives(&recording, Stamp(100));
    let one = [
        (AtTheDoor, 0, 10),
        (Running, 10, 50),
        (WantsACore, 50, 60),
        (Running, 60, 99),
    ];
    assert_eq!(lives[0], one);
    assert_eq!(lives[1], [(AtTheDoor, 0, 20), (Running, 20, 90)]);
    assert_eq!(at(&recording, 40), (2, 0, Some(Running)));
    assert_eq!(at(&recording, 55), (1, 1, Some(Running)));
    let mut index = Index::default();
    index.extend(&recording);
    let lanes = Lanes::new(&index, recording.present().unwrap());
    let cores = lanes.cores(up_to(Stamp(100)));
    let held = |lane: &CoreLane| -> Vec<(u64, u64)> {
        lane.held.iter().map(|it| (it.from.0, it.to.0)).collect()
    };
    assert_eq!(held(&cores[0]), [(10, 50), (60, 99)]);
    assert_eq!(held(&cores[1]), [(20, 90)]);
    assert_eq!(lanes.ran(up_to(Stamp(100))), 40 + 39 + 70);
}

#[test]
fn of_threads_with_one_lock_one_runs_and_the_others_are_ready() {
    use RequestState::{AtTheDoor, Ready, Running};
    let slice = |request, (ready, from, to): (u64, u64, u64), then| {
        Event::RunSlice(RunSlice {
            ready: Stamp(ready),
            from: Stamp(from),
            to: Stamp(to),
            task: request,
            request,
            then,
            due: None,
            core: Some(0),
        })
    };
    let recording = of_threads(
        true,
        vec![
            slice(0, (10, 10, 40), SwitchReason::Yielded),
            slice(1, (20, 40, 70), SwitchReason::Ended),
            slice(0, (40, 70, 99), SwitchReason::Ended),
        ],
    );
    let lives = lives(&recording, Stamp(100));
    let one = [
        (AtTheDoor, 0, 10),
        (Running, 10, 40),
        (Ready, 40, 70),
        (Running, 70, 99),
    ];
    assert_eq!(lives[0], one);
    assert_eq!(
        lives[1],
        [(AtTheDoor, 0, 20), (Ready, 20, 40), (Running, 40, 70)]
    );
    for (instant, ready) in [(15, 0), (30, 1), (50, 1), (80, 0)] {
        assert_eq!(
            at(&recording, instant),
            (1, ready, Some(Running)),
            "{instant}"
        );
    }
}
