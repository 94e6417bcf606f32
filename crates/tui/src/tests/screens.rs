//! Snapshots of whole screens: 80 × 24 is a projector, 160 × 48 a desk, 40 × 12 a small window.
//!
//! A bar at the left marks the edge of the screen; it is not drawn.

use insta::assert_snapshot;

use super::staging::{
    Context, WorkerSpec, call, compute, io_bound, plan, request, scenario, sync_row, text,
};
use crate::{Key, Row, State};
use concsim_engine::telemetry::{Phase, Stage};
use concsim_model::scenario::{Draw, Scenario, Step, WaitMode, WorkerKind};
use concsim_model::units::CpuTime;
use concsim_record::trust::{Reason, Trust};

const SIZES: [(u16, u16); 3] = [(80, 24), (160, 48), (40, 12)];

fn snapshot(name: &str, state: &State) {
    for (width, height) in SIZES {
        assert_snapshot!(
            format!("{name}_{width}x{height}"),
            text(state, width, height)
        );
    }
}

/// Returns the second variant, with the first one in the table.
pub(super) fn second_variant() -> State {
    let mut state = io_bound();
    state.finish_variant(sync_row());
    state.begin_variant(1);
    state.show.rates_then = vec![Some(20.0)];
    state
}

#[test]
fn the_title_card_says_what_comes_and_where_to_look() {
    snapshot("title_first", &io_bound());
    snapshot("title_second", &second_variant());
}

#[test]
fn sync_workers_leave_people_at_the_door() {
    let mut state = io_bound();
    Context::sync().play(&mut state);
    snapshot("sync", &state);
}

#[test]
fn coroutine_workers_take_them_all_in() {
    let mut state = second_variant();
    Context::coroutine().play(&mut state);
    snapshot("coroutine", &state);
}

#[test]
fn warming_up_is_distinguished_from_counting() {
    let mut state = second_variant();
    Context {
        at: 1_200,
        stage: Stage::WarmUp,
        ..Context::coroutine()
    }
    .play(&mut state);
    snapshot("warm_up", &state);
}

#[test]
fn draining_is_distinguished_from_counting() {
    let mut state = io_bound();
    let worker = WorkerSpec::new(Phase::Blocked, 1);
    let context = Context {
        at: 6_800,
        stage: Stage::Draining,
        door: 7,
        workers: vec![worker.clone(), worker],
        ..Context::sync()
    };
    context.play(&mut state);
    snapshot("draining", &state);
}

#[test]
fn a_run_that_cannot_be_believed_says_so_and_makes_no_claim() {
    let mut state = second_variant();
    let reason = Reason {
        code: "generator-busy",
        sentence: "load used 81.0 % of a core".into(),
        remedy: "lower the load",
        trust: Trust::ProvesNothing,
    };
    let trust = (Trust::ProvesNothing, Some(reason));
    Context {
        trust,
        ..Context::coroutine()
    }
    .play(&mut state);
    assert_snapshot!("proves_nothing_80x24", text(&state, 80, 24));
    state.finish_variant(Row {
        trust: Trust::ProvesNothing,
        ..sync_row()
    });
    let table = text(&state, 80, 24);
    let row = table
        .lines()
        .find(|line| line.contains("▸coroutine"))
        .unwrap();
    assert!(row.ends_with("proves nothing"), "{row}");
}

/// Returns short requests and a few long computations, on one coroutine worker.
fn hog() -> Scenario {
    let mut hog = scenario(WorkerKind::Coroutine);
    hog.server.workers = 1;
    let mut long = request("hog", &[compute(200)]);
    long.weight = 0.05;
    let mut short = request("short", &[compute(1), call(20)]);
    short.weight = 0.95;
    hog.requests = vec![short, long];
    hog
}

#[test]
fn a_hog_has_its_worker_while_others_are_kept_waiting() {
    let mut state = State::new(
        &plan("Coroutines are not preempted", vec![("coroutine", hog())]),
        2,
    );
    let worker = WorkerSpec {
        ready: 14,
        cpu: 0.6,
        run: Some(180),
        ..WorkerSpec::new(Phase::Running, 21)
    };
    let context = Context {
        workers: vec![worker],
        rate: 60,
        latency: 90,
        ..Context::coroutine()
    };
    context.play(&mut state);
    snapshot("hog", &state);
}

/// Returns eight processes that only compute, on two cores.
fn eight_workers() -> State {
    let mut crowd = scenario(WorkerKind::Sync);
    crowd.server.workers = 8;
    crowd.requests = vec![request("sum", &[compute(20)])];
    let mut state = State::new(&plan("Cores are the ceiling", vec![("sync", crowd)]), 2);
    let worker = |index: usize| WorkerSpec {
        wants_a_core: index >= 2,
        core: index % 2,
        cpu: 0.24,
        ..WorkerSpec::new(Phase::Running, 1)
    };
    let workers = (0..8).map(worker).collect();
    Context {
        workers,
        door: 52,
        rate: 96,
        latency: 620,
        ..Context::sync()
    }
    .play(&mut state);
    state
}

#[test]
fn eight_workers_want_two_cores() {
    snapshot("eight_workers", &eight_workers());
}

#[test]
fn an_unpatched_wait_blocks_every_coroutine_of_its_worker() {
    let mut unpatched = scenario(WorkerKind::Coroutine);
    let mut blocking = call(50);
    if let Step::Call { mode, .. } = &mut blocking {
        *mode = WaitMode::Unpatched;
    }
    unpatched.requests = vec![request("profile", &[compute(1), blocking])];
    let mut state = State::new(
        &plan(
            "A wait that does not let go",
            vec![("coroutine", unpatched)],
        ),
        2,
    );
    let worker = WorkerSpec {
        ready: 29,
        ..WorkerSpec::new(Phase::Blocked, 30)
    };
    let workers = vec![worker.clone(), worker];
    Context {
        workers,
        rate: 40,
        latency: 1_500,
        ..Context::coroutine()
    }
    .play(&mut state);
    assert_snapshot!("unpatched_80x24", text(&state, 80, 24));
}

/// Returns one worker with nearly ten thousand begun requests.
pub(super) fn ten_thousand() -> State {
    let mut sleepers = scenario(WorkerKind::Coroutine);
    sleepers.server.workers = 1;
    sleepers.server.connections = 10_000;
    sleepers.requests = vec![request("nap", &[call(1_000)])];
    let mut state = State::new(
        &plan("Ten thousand at once", vec![("coroutine", sleepers)]),
        2,
    );
    let worker = WorkerSpec {
        ready: 40,
        cpu: 0.9,
        coroutine_switches: 40_000,
        ..WorkerSpec::new(Phase::Running, 9_987)
    };
    Context {
        workers: vec![worker],
        rate: 9_900,
        latency: 1_000,
        ..Context::coroutine()
    }
    .play(&mut state);
    state
}

#[test]
fn ten_thousand_parked_requests_are_drawn_by_the_hundred() {
    assert_snapshot!("ten_thousand_80x24", text(&ten_thousand(), 80, 24));
}

/// Returns sixty blocked processes.
pub(super) fn sixty_workers() -> State {
    let mut crowd = scenario(WorkerKind::Sync);
    crowd.server.workers = 60;
    let variants = vec![
        ("sync", scenario(WorkerKind::Sync)),
        ("many_processes", crowd),
    ];
    let mut state = State::new(&plan("Processes instead of coroutines", variants), 2);
    state.finish_variant(sync_row());
    state.begin_variant(1);
    let worker = |index: usize| match index {
        7 => WorkerSpec {
            core: 1,
            ..WorkerSpec::new(Phase::Running, 1)
        },
        _ => WorkerSpec::new(Phase::Blocked, 1),
    };
    let workers = (0..60).map(worker).collect();
    Context {
        workers,
        door: 0,
        rate: 590,
        latency: 101,
        ..Context::sync()
    }
    .play(&mut state);
    state
}

#[test]
fn sixty_workers_have_a_glyph_each() {
    assert_snapshot!("sixty_workers_80x24", text(&sixty_workers(), 80, 24));
}

#[test]
fn steps_that_take_no_time_are_reported_beside_the_drawing() {
    let mut counting = scenario(WorkerKind::Coroutine);
    counting.counters = vec!["visits".into()];
    let count = Step::Count {
        counter: 0,
        with_yield: true,
    };
    let sliced = Step::Compute {
        cpu: Draw::Fixed(100_000_000),
        slice: Some(CpuTime(1_000_000)),
    };
    let visit = request("visit", &[compute(2), count]);
    counting.requests = vec![visit, request("report", &[sliced])];
    let variants = vec![("with_yield", counting)];
    let mut state = State::new(&plan("Coroutines share data safely", variants), 2);
    let worker = WorkerSpec {
        counters: vec![(1_200, 80)],
        ..WorkerSpec::new(Phase::Idle, 20)
    };
    Context {
        workers: vec![worker],
        ..Context::coroutine()
    }
    .play(&mut state);
    assert_snapshot!("lost_updates_80x24", text(&state, 80, 24));
}

#[test]
fn the_panes_fill_a_small_screen_one_at_a_time() {
    let mut state = second_variant();
    Context::coroutine().play(&mut state);
    for (key, name) in [('6', "workers"), ('3', "latency"), ('4', "compare")] {
        state.key(Key::Char(key));
        assert_snapshot!(format!("pane_{name}_80x24"), text(&state, 80, 24));
    }
}

#[test]
fn the_help_names_keys_words_and_glyphs() {
    let mut state = second_variant();
    Context::coroutine().play(&mut state);
    state.key(Key::Char('?'));
    snapshot("help", &state);
}

#[test]
fn without_unicode_and_colours_the_screen_says_the_same() {
    let mut state = second_variant();
    state.look = concsim_model::palette::Look {
        glyphs: concsim_model::palette::Glyphs::Ascii,
        colours: concsim_model::palette::Colours::None,
        ..concsim_model::palette::Look::default()
    };
    Context::coroutine().play(&mut state);
    let text = text(&state, 80, 24).replace('│', "");
    assert!(text.is_ascii());
    assert_snapshot!("ascii_80x24", text);
}

#[test]
fn the_smallest_screens_say_what_matters_and_what_the_picture_needs() {
    let mut state = second_variant();
    Context::coroutine().play(&mut state);
    for (width, height) in [(60, 16), (30, 8), (20, 5), (300, 1)] {
        assert_snapshot!(
            format!("coroutine_{width}x{height}"),
            text(&state, width, height)
        );
    }
}

/// Returns the card of both variants.
pub(super) fn card() -> State {
    let mut state = second_variant();
    Context::coroutine().play(&mut state);
    let card = "Waiting is free, if you let go\n\
        60 clients, 2 workers; each request: compute 1 ms, call billing 99 ms\n\
        \n\
        \u{20}           door   concurrency   parallelism   answers/s     p50      p99\n\
        sync          58     2.0 of 2     0.02 of 2          20   3.00 s        –\n\
        coroutine      0   60 of 2000     0.60 of 2         598   100 ms   104 ms\n\
        \n\
        trust        ok: clients at most 1.20 ms late (p99), counts agree within 0.1 %";
    state.show_card(card.lines().map(str::to_owned).collect());
    state
}

#[test]
fn the_card_at_the_end_is_what_is_printed_too() {
    snapshot("card", &card());
}
