//! Machines with many cores and many workers: folded, with a note.

use insta::assert_snapshot;
use ratatui_core::style::Color;

use super::staging::{Context, WorkerSpec, drawn, plan, scenario, text};
use super::views::at;
use crate::{Key, State};
use concsim_engine::telemetry::Phase;
use concsim_model::palette::{Background, Meaning, Rgb, Room};
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_record::Recording;
use concsim_record::synthetic::Synthetic;

const S: u64 = 1_000_000_000;

/// Returns a run with as many workers as cores; each waits a third of the time.
fn crowd(cores: usize, kind: WorkerKind) -> (Vec<Recording>, State) {
    let run = Synthetic::many_cores(cores, kind);
    let variant = (kind.word(), run.scenario.clone());
    let state = State::new(&plan("Cores are the ceiling", vec![variant]), cores);
    (vec![run.recording()], state)
}

#[test]
fn eight_to_a_hundred_and_twenty_eight_cores_are_folded_into_what_fits() {
    for (cores, kind) in [(8, Sync), (32, Coroutine), (128, Sync)] {
        let (recordings, mut state) = crowd(cores, kind);
        for (pane, key) in [("overview", '1'), ("lanes", '2')] {
            at(&recordings, &mut state, 0, 2 * S);
            state.key(Key::Char(key));
            at(&recordings, &mut state, 0, 2 * S);
            for (width, height) in [(80, 24), (160, 48)] {
                let name = format!("{pane}_{cores}_cores_{width}x{height}");
                assert_snapshot!(name, text(&state, width, height));
            }
        }
        state.look.room = Room::Projector;
        assert_snapshot!(format!("hall_{cores}_cores_80x24"), text(&state, 80, 24));
    }
}

#[test]
fn in_no_column_of_the_lanes_do_more_requests_run_than_there_are_cores() {
    for cores in [8, 32] {
        let (recordings, mut state) = crowd(cores, Coroutine);
        at(&recordings, &mut state, 0, 2 * S);
        let Rgb(red, green, blue) = Meaning::Running.colour(Background::Dark);
        let buffer = drawn(&state, 160, 120);
        for x in 12..160 {
            // Rows of requests begin with their worker and their number.
            let is_request = |y: &u16| buffer[(10, *y)].symbol().chars().all(char::is_numeric);
            let runs = |y: &u16| {
                let cell = &buffer[(x, *y)];
                cell.symbol() == "█" && cell.fg == Color::Rgb(red, green, blue)
            };
            let running = (3..116).filter(is_request).filter(runs).count();
            assert!(running <= cores, "{running} in column {x}");
        }
    }
}

#[test]
fn two_hundred_and_fifty_six_workers_are_all_there() {
    let mut many = scenario(Sync);
    many.server.workers = 256;
    let mut state = State::new(&plan("A crowd", vec![("sync", many)]), 64);
    let worker = |index: usize| WorkerSpec {
        core: index,
        ..WorkerSpec::new(
            if index < 64 {
                Phase::Running
            } else {
                Phase::Idle
            },
            u64::from(index < 64),
        )
    };
    let context = Context {
        workers: (0..256).map(worker).collect(),
        cores: 64,
        ..Context::sync()
    };
    context.play(&mut state);
    assert_snapshot!("workers_256_80x24", text(&state, 80, 24));
    let overview = drawn(&state, 80, 24);
    let rows = (0..24_u16).map(|y| (22..80_u16).map(move |x| (x, y)));
    let processes = rows.skip(5).take(5).flatten();
    let shown = processes.filter(|cell| matches!(overview[*cell].symbol(), "█" | "_"));
    assert_eq!(shown.count(), 256);
    state.key(Key::Char('6'));
    for _ in 0..30 {
        state.key(Key::PageDown);
    }
    assert!(
        text(&state, 80, 24).contains("IV idle"),
        "{}",
        text(&state, 80, 24)
    );
}
