//! Captions of pictures: in the present tense, with the numbers that are drawn.

use super::staging::{Context, WorkerSpec, call, compute, plan, request, scenario, text};
use crate::State;
use concsim_engine::telemetry::Phase;
use concsim_model::scenario::{Scenario, Step, WaitMode, WorkerKind};

/// Returns the caption of `scene`, on two cores.
fn caption_text(scenario: Scenario, context: &Context) -> String {
    let mut state = State::new(&plan("a claim", vec![("only", scenario)]), 2);
    context.play(&mut state);
    state.caption().join(" ")
}

fn computing(kind: WorkerKind, workers: usize) -> Scenario {
    let mut computing = scenario(kind);
    computing.server.workers = workers;
    computing.requests = vec![request("sum", &[compute(20)])];
    computing
}

fn busy(wants_a_core: bool) -> WorkerSpec {
    WorkerSpec {
        wants_a_core,
        cpu: 0.95,
        run: Some(20),
        ..WorkerSpec::new(Phase::Running, 1)
    }
}

#[test]
fn sleeping_sync_workers_leave_cores_free_and_requests_at_the_door() {
    let text = caption_text(scenario(WorkerKind::Sync), &Context::sync());
    assert_eq!(
        text,
        "Both workers are blocked in a wait; 58 requests are at the door. A wait blocks the whole process; none of \
         2 cores runs a worker."
    );
}

#[test]
fn one_worker_that_computes_all_the_time_leaves_a_core_free() {
    let context = Context {
        workers: vec![busy(false)],
        door: 7,
        ..Context::sync()
    };
    let text = caption_text(computing(WorkerKind::Sync, 1), &context);
    assert_eq!(
        text,
        "Worker A computes; 7 requests are at the door. A process computes on one core at a time; 1 of 2 cores \
         runs a worker."
    );
}

#[test]
fn threads_are_the_limit_of_parallelism_unless_they_share_a_lock() {
    let screen = |gil: bool| {
        let mut threads = computing(WorkerKind::Threads, 1);
        (threads.server.threads, threads.server.gil) = (4, gil);
        let mut state = State::new(&plan("a claim", vec![("only", threads)]), 2);
        let context = Context {
            workers: vec![busy(false)],
            ..Context::sync()
        };
        context.play(&mut state);
        state.size = (160, 48);
        text(&state, 160, 48)
    };
    assert!(
        screen(false).contains("of 2: 4 threads, 2 cores"),
        "{}",
        screen(false)
    );
    assert!(
        screen(true).contains("of 1: 1 worker, 2 cores"),
        "{}",
        screen(true)
    );
}

#[test]
fn a_thread_that_needs_no_lock_has_a_core_of_its_own() {
    let mut threads = computing(WorkerKind::Threads, 1);
    (threads.server.threads, threads.server.gil) = (4, false);
    let context = Context {
        workers: vec![busy(false)],
        door: 7,
        ..Context::sync()
    };
    let text = caption_text(threads, &context);
    assert!(
        text.contains("A thread computes on one core at a time"),
        "{text}"
    );
}

#[test]
fn full_cores_are_the_ceiling_for_coroutines_too() {
    let worker = WorkerSpec {
        begun: 20,
        ready: 19,
        ..busy(false)
    };
    let context = Context {
        workers: vec![worker.clone(), WorkerSpec { core: 1, ..worker }],
        ..Context::coroutine()
    };
    let text = caption_text(computing(WorkerKind::Coroutine, 2), &context);
    assert_eq!(
        text,
        "Both workers compute; 38 requests wait in their queues. Both cores run a worker, so more requests \
         begun would not be faster. These requests only compute, and no wait lets another one run."
    );
}

#[test]
fn more_processes_than_cores_take_turns() {
    let worker = |(wants, core)| WorkerSpec {
        cpu: 0.48,
        core,
        ..busy(wants)
    };
    let workers = [(false, 0), (false, 1), (true, 0), (true, 1)]
        .map(worker)
        .to_vec();
    let text = caption_text(
        computing(WorkerKind::Sync, 4),
        &Context {
            workers,
            ..Context::sync()
        },
    );
    assert_eq!(
        text,
        "2 of 4 workers compute; 2 requests wait in their queues, 58 at the door. 2 of 4 \
         workers want a core, so more processes would not be faster."
    );
}

#[test]
fn other_programs_on_the_cores_are_not_taken_for_ours() {
    let worker = WorkerSpec {
        wants_a_core: true,
        cpu: 0.1,
        ..WorkerSpec::new(Phase::Running, 1)
    };
    let context = Context {
        workers: vec![worker],
        others: 1.8,
        ..Context::sync()
    };
    let text = caption_text(computing(WorkerKind::Sync, 1), &context);
    assert_eq!(
        text,
        "Worker A wants a core and has none; 58 requests are at the door. Other programs kept 1.80 of 2 cores \
         busy in the last second."
    );
}

#[test]
fn full_coroutine_workers_say_so() {
    let mut small = scenario(WorkerKind::Coroutine);
    small.server.connections = 10;
    let worker = WorkerSpec::new(Phase::Idle, 10);
    let context = Context {
        workers: vec![worker.clone(), worker],
        door: 40,
        ..Context::coroutine()
    };
    let text = caption_text(small, &context);
    assert!(
        text.starts_with(
            "Both workers hold as many connections as a worker may, 10. 40 requests are at"
        ),
        "{text}"
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
    let worker = |counters| WorkerSpec {
        counters,
        ..WorkerSpec::new(Phase::Idle, 3)
    };
    let workers = vec![worker(vec![(500, 40)]), worker(vec![(700, 60)])];
    let text = caption_text(
        counting,
        &Context {
            workers,
            ..Context::coroutine()
        },
    );
    assert!(
        text.starts_with(
            "Counter visits got 1 200 additions so far and is at 100, so 1 100 are lost."
        ),
        "{text}"
    );
}

#[test]
fn a_worker_that_died_is_what_is_seen_first() {
    let workers = vec![
        WorkerSpec::new(Phase::Gone, 0),
        WorkerSpec::new(Phase::Blocked, 1),
    ];
    let text = caption_text(
        scenario(WorkerKind::Sync),
        &Context {
            workers,
            ..Context::sync()
        },
    );
    assert!(
        text.starts_with("Worker A's process ended at 4.60 s"),
        "{text}"
    );
}

/// Returns a scenario in which most requests compute for half a millisecond, one in twenty for a tenth of a
/// second.
fn with_hogs() -> Scenario {
    let mut hogs = scenario(WorkerKind::Coroutine);
    hogs.requests = vec![
        concsim_model::scenario::Request {
            weight: 19.0,
            ..request("short", &[compute(1)])
        },
        request("hog", &[compute(100), call(100), compute(100)]),
    ];
    hogs
}

fn hogging(run: u64) -> Context {
    let long_run = WorkerSpec {
        ready: 7,
        run: Some(run),
        cpu: 0.2,
        ..WorkerSpec::new(Phase::Running, 10)
    };
    Context {
        at: 4_000,
        workers: vec![long_run],
        ..Context::coroutine()
    }
}

#[test]
fn a_hog_is_named_with_the_requests_that_wait_behind_it() {
    assert_eq!(
        caption_text(with_hogs(), &hogging(62)),
        "One request has kept worker A for 62 ms; 7 requests wait in its queue. A coroutine is not \
         interrupted; most requests here let go after 1 ms."
    );
}

#[test]
fn where_all_requests_compute_equally_long_none_is_a_hog() {
    let text = caption_text(computing(WorkerKind::Coroutine, 1), &hogging(200));
    assert!(!text.contains("has kept"), "{text}");
}

#[test]
fn a_caption_that_has_become_false_goes_at_once() {
    let mut state = State::new(&plan("a claim", vec![("only", with_hogs())]), 2);
    hogging(180).play(&mut state);
    let hog = state.caption().to_vec();
    assert!(hog[0].starts_with("One request has kept worker A for 180 ms"));
    let calm = Context {
        at: 4_100,
        workers: vec![WorkerSpec::new(Phase::Idle, 10)],
        ..Context::coroutine()
    };
    calm.play_now(&mut state);
    assert_eq!(
        state.caption()[0],
        "All 10 begun requests are parked: their waits need no process.",
        "0.1 s later"
    );
}

#[test]
fn a_caption_that_is_still_true_stays_until_it_could_be_read_with_new_numbers() {
    let parked = |at, parked, running: bool| {
        let mut workers = vec![WorkerSpec::new(Phase::Idle, parked)];
        let busy = WorkerSpec {
            cpu: 0.9,
            ready: 9,
            ..WorkerSpec::new(Phase::Running, 10)
        };
        workers.extend(running.then_some(busy));
        Context {
            at,
            workers,
            ..Context::coroutine()
        }
    };
    let mut state = State::new(
        &plan(
            "a claim",
            vec![("only", computing(WorkerKind::Coroutine, 2))],
        ),
        2,
    );
    parked(4_000, 10, false).play(&mut state);
    assert!(state.caption()[0].starts_with("All 10 begun requests are parked"));
    // Fewer than half are parked now, which alone would not suffice for this caption.
    parked(4_100, 3, true).play_now(&mut state);
    assert!(
        state.caption()[0].starts_with("3 of 13 begun requests are parked"),
        "{:?}",
        state.caption()
    );
    parked(5_600, 3, true).play_now(&mut state);
    assert!(
        !state.caption()[0].contains("parked:"),
        "{:?}",
        state.caption()
    );
}

#[test]
fn one_blocked_worker_of_ten_is_named_with_what_is_in_it() {
    let mut workers = vec![WorkerSpec::new(Phase::Idle, 0); 9];
    workers.push(WorkerSpec {
        ready: 8,
        ..WorkerSpec::new(Phase::Blocked, 9)
    });
    let context = Context {
        workers,
        ..Context::coroutine()
    };
    assert_eq!(
        caption_text(scenario(WorkerKind::Coroutine), &context),
        "Worker J is blocked in an unpatched wait, with 9 requests in it; 9 workers are idle. An unpatched wait \
         blocks the whole process, with every coroutine in it."
    );
}

#[test]
fn a_little_of_everything_is_counted() {
    let context = Context {
        workers: vec![
            WorkerSpec::new(Phase::Idle, 0),
            WorkerSpec::new(Phase::Running, 1),
        ],
        ..Context::coroutine()
    };
    assert_eq!(
        caption_text(scenario(WorkerKind::Coroutine), &context),
        "1 of 2 workers computes; no request is at the door."
    );
}

#[test]
fn a_wait_that_sync_workers_block_in_is_no_hog() {
    let mut waiting = scenario(WorkerKind::Sync);
    waiting.requests = vec![request("nap", &[call(1_000)])];
    if let Step::Call { mode, .. } = &mut waiting.requests[0].script[0] {
        *mode = WaitMode::Unpatched;
    }
    let worker = WorkerSpec {
        run: Some(900),
        ..WorkerSpec::new(Phase::Blocked, 1)
    };
    let text = caption_text(
        waiting,
        &Context {
            workers: vec![worker],
            ..Context::sync()
        },
    );
    assert!(
        text.starts_with("Worker A is blocked in a wait; 58"),
        "{text}"
    );
}
