//! Cost of a coroutine: a switch there and back, a lifetime from start to end, memory while parked.
//!
//! The floor is the bare crate, used as in its own examples. A fresh stack for each lifetime is timed as
//! well: the difference is the gain by the pool.

#![expect(clippy::print_stdout, reason = "a bench tells its result")]

mod support;

use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

use concsim::coroutine::{Resumed, Stacks, Task};
use concsim::sys::clock::Clock;
use concsim::sys::memory::memory_of;
use concsim::sys::processes::own_core;
use concsim::telemetry::{
    Event, Probe, RINGS_BY_DEFAULT, Reader, RunSlice, Scoreboard, SwitchReason, Telemetry,
};
use criterion::{Criterion, criterion_group, criterion_main};
use generator::{Gn, LocalGenerator};

const PARKED_TASKS: usize = 10_000;
const LIVES: u32 = 1_000_000;
const SMALL_STACK_WORDS: usize = 0x1000;

fn bare_coroutine() -> LocalGenerator<'static, (), u64> {
    Gn::<()>::new_scoped_opt_local(SMALL_STACK_WORDS, |mut scope| {
        for number in 0.. {
            scope.yield_with(number);
        }
        0
    })
}

fn endless_task(stacks: &Stacks<u64>) -> Task<u64> {
    stacks.start(|parker| {
        for number in 0.. {
            parker.park(number);
        }
    })
}

/// Runs a whole lifetime on a pooled stack; the closure captures as much as a connection's.
fn live(stacks: &Stacks<u64>, counter: &Rc<Cell<u64>>) {
    let counter = Rc::clone(counter);
    let mut task = stacks.start(move |_| counter.set(counter.get() + 1));
    black_box(task.resume());
}

fn switch_pair(criterion: &mut Criterion) {
    let mut bare = bare_coroutine();
    let mut task = endless_task(&Stacks::new());
    let mut group = criterion.benchmark_group("switch pair");
    group.bench_function("bare crate", |bencher| bencher.iter(|| bare.resume()));
    group.bench_function("task", |bencher| bencher.iter(|| task.resume()));
    group.finish();
    let mut resume_bare = |times| {
        for _ in 0..times {
            black_box(bare.resume());
        }
    };
    let mut resume_task = |times| {
        for _ in 0..times {
            black_box(task.resume());
        }
    };
    support::beside(
        "switch pair",
        ("bare crate", &mut resume_bare),
        ("task", &mut resume_task),
    );
}

/// Measures a switch pair with the hub's telemetry: the running task with its start, two switches, and one
/// event, which a reader consumes.
fn watched_switch_pair(_: &mut Criterion) {
    let scoreboard: &'static Scoreboard = Box::leak(Box::new(
        Scoreboard::new(RINGS_BY_DEFAULT).expect("a board can be made"),
    ));
    let probe = Probe::new(scoreboard, 0, Clock::starting_now(), Telemetry::On);
    let mut reader = Reader::new(scoreboard.worker_ring(0));
    let (mut bare, mut task) = (bare_coroutine(), endless_task(&Stacks::new()));
    let mut resume_bare = |times| {
        for _ in 0..times {
            black_box(bare.resume());
        }
    };
    let (mut from, mut unread) = (probe.now(), 0);
    let mut resume_watched = |times| {
        for _ in 0..times {
            probe.runs_since(from);
            probe.coroutine_switch();
            black_box(task.resume());
            probe.coroutine_switch();
            let to = probe.now();
            probe.end_run(from, to);
            probe.event(&Event::RunSlice(RunSlice {
                ready: from,
                from,
                to,
                task: 0,
                request: 0,
                then: SwitchReason::Yielded,
                due: None,
                core: own_core(),
            }));
            from = to;
            unread += 1;
            if unread == RINGS_BY_DEFAULT / 2 {
                reader.drain(|record| {
                    black_box(record);
                });
                unread = 0;
            }
        }
    };
    support::beside(
        "switch pair, watched",
        ("bare crate", &mut resume_bare),
        ("task and telemetry", &mut resume_watched),
    );
    assert_eq!(reader.dropped(), 0, "every event was read");
}

fn life(criterion: &mut Criterion) {
    let stacks = Stacks::new();
    let counter: Rc<Cell<u64>> = Rc::default();
    let mut group = criterion.benchmark_group("start, run, end");
    group.bench_function("pooled stack", |bencher| {
        bencher.iter(|| live(&stacks, &counter));
    });
    group.bench_function("fresh stack", |bencher| {
        bencher.iter(|| live(&Stacks::new(), &counter));
    });
    group.finish();
    let (mut bare, bare_counter) = (bare_coroutine(), Rc::clone(&counter));
    let mut by_hand = |times| {
        for _ in 0..times {
            let counter = Rc::clone(&bare_counter);
            bare.scoped_init(move |_| {
                counter.set(counter.get() + 1);
                0
            });
            black_box(bare.resume());
        }
    };
    let mut pooled = |times| {
        for _ in 0..times {
            live(&stacks, &counter);
        }
    };
    support::beside(
        "start, run, end",
        ("bare crate", &mut by_hand),
        ("task", &mut pooled),
    );
}

/// Memory is measured for the whole process, which does nothing else meanwhile.
fn memory(_: &mut Criterion) {
    let (true, Some(before)) = (support::is_measuring(), own_kib()) else {
        return;
    };
    let stacks = Stacks::new();
    let counter = Rc::default();
    for _ in 0..LIVES {
        live(&stacks, &counter);
    }
    let after_lives = own_kib().unwrap_or(before);
    println!("{LIVES} lives on one stack: memory {before} KiB before, {after_lives} KiB after");
    let mut tasks: Vec<_> = (0..PARKED_TASKS).map(|_| endless_task(&stacks)).collect();
    for task in &mut tasks {
        assert!(matches!(task.resume(), Resumed::Parked(0)));
    }
    let grown = own_kib().unwrap_or(after_lives) - after_lives;
    println!(
        "{PARKED_TASKS} parked tasks: {:.2} KiB each",
        grown as f64 / PARKED_TASKS as f64
    );
}

fn own_kib() -> Option<u64> {
    memory_of(std::process::id()).map(|memory| memory.pss_kib)
}

criterion_group!(benches, switch_pair, watched_switch_pair, life, memory);
criterion_main!(benches);
