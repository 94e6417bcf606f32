//! Projector mode: few things, large, nothing dim, and no variant begins unannounced.

use insta::assert_snapshot;
use ratatui_core::style::{Color, Modifier};

use super::staging::{
    Context, WorkerSpec, call, compute, drawn, io_bound, plan, request, scenario, sync_row, text,
};
use super::views::{at, looking, three_requests};
use crate::setting::announcement;
use crate::{Action, Key, State};
use concsim_engine::telemetry::Phase;
use concsim_model::palette::{Background, Colours, Glyphs, Look, Rgb, Room, Theme};
use concsim_model::scenario::{Arrivals, Scenario, WorkerKind};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::feed::Feed;
use concsim_record::synthetic::Synthetic;

const SIZES: [(u16, u16); 3] = [(80, 24), (160, 48), (40, 12)];

fn snapshot(name: &str, state: &State) {
    for (width, height) in SIZES {
        let name = format!("{name}_{width}x{height}");
        assert_snapshot!(name, text(state, width, height));
    }
}

fn projected(mut state: State) -> State {
    state.look.room = Room::Projector;
    state
}

/// Returns the title card of the second variant.
fn held() -> State {
    let mut state = projected(io_bound());
    state.finish_variant(sync_row());
    state.begin_variant(1);
    state.show.rates_then = vec![Some(20.0)];
    state
}

#[test]
fn a_hall_sees_two_numbers_the_door_the_workers_and_the_answers() {
    let mut state = projected(io_bound());
    Context::sync().play(&mut state);
    snapshot("sync", &state);
    let mut state = held();
    Context::coroutine().play(&mut state);
    snapshot("coroutine", &state);
}

#[test]
fn a_hall_sees_sixty_workers_as_a_strip() {
    let mut crowd = scenario(WorkerKind::Sync);
    crowd.server.workers = 60;
    let mut state = projected(State::new(&plan("Sixty", vec![("processes", crowd)]), 2));
    let worker = |index: usize| match index {
        7 => WorkerSpec::new(Phase::Running, 1),
        _ => WorkerSpec::new(Phase::Blocked, 1),
    };
    let workers = (0..60).map(worker).collect();
    Context {
        workers,
        door: 0,
        ..Context::sync()
    }
    .play(&mut state);
    assert_snapshot!("sixty_workers_80x24", text(&state, 80, 24));
}

#[test]
fn lanes_before_a_hall_are_thick() {
    let (recordings, state) = three_requests();
    let mut state = projected(state);
    at(&recordings, &mut state, 1, 1_900_000_000);
    snapshot("lanes_three_requests", &state);
    let state = projected(looking(&[], 1));
    snapshot("lanes_io_bound", &state);
}

#[test]
fn nothing_is_faint_before_a_hall_and_little_is_made_of_dots() {
    let faint = |state: &State, width, height| {
        let buffer = drawn(state, width, height);
        let is_faint = |symbol: &str| {
            symbol == "·" || ('\u{2800}'..='\u{28FF}').any(|dots| symbol.contains(dots))
        };
        let mut cells = buffer.content.iter();
        cells.any(|cell| cell.modifier.contains(Modifier::DIM) || is_faint(cell.symbol()))
    };
    for (width, height) in SIZES {
        let mut state = held();
        assert!(!faint(&state, width, height));
        Context::coroutine().play(&mut state);
        for key in ['1', '2', '3', '4', '5', '6', '8', '?'] {
            state.key(Key::Char(key));
            assert!(!faint(&state, width, height), "{key} {width}x{height}");
        }
    }
    let mut desk = held();
    desk.key(Key::Char('P'));
    assert!(faint(&desk, 80, 24), "what is faint at a desk is found");
}

#[test]
fn a_key_turns_from_the_desk_to_the_hall_and_back() {
    let mut state = io_bound();
    Context::sync().play(&mut state);
    let desk = text(&state, 80, 24);
    state.key(Key::Char('P'));
    assert_ne!(text(&state, 80, 24), desk);
    state.key(Key::Char('P'));
    assert_eq!(text(&state, 80, 24), desk);
}

#[test]
fn a_theme_paints_every_cell_and_no_theme_none() {
    for (colours, light) in [
        (Colours::All, Color::Rgb(0xFF, 0xFF, 0xFF)),
        (
            Colours::Many,
            Color::Indexed(Rgb(0xFF, 0xFF, 0xFF).xterm256()),
        ),
        (Colours::Sixteen, Color::Indexed(15)),
        (Colours::None, Color::Reset),
    ] {
        let mut state = held();
        state.look.colours = colours;
        Context::coroutine().play(&mut state);
        let cells = |state: &State| drawn(state, 80, 24).content;
        assert!(cells(&state).iter().all(|cell| cell.bg == Color::Reset));
        state.key(Key::Char('t'));
        let painted = cells(&state);
        let has_text = |fg: Color| (fg == Color::Reset) == (colours == Colours::None);
        assert!(painted.iter().all(|cell| cell.bg == light), "{colours:?}");
        let mut inked = painted.iter().filter(|cell| cell.symbol() != " ");
        assert!(colours == Colours::None || inked.all(|cell| has_text(cell.fg)));
        state.key(Key::Char('t'));
        assert_eq!(state.look.theme, Theme::Dark);
        state.key(Key::Char('t'));
        assert!(cells(&state).iter().all(|cell| cell.bg == Color::Reset));
    }
}

#[test]
fn glyphs_have_the_shade_that_suits_their_ground() {
    let mut state = held();
    Context::coroutine().play(&mut state);
    for (theme, ground) in [
        (Theme::Light, Background::Light),
        (Theme::Dark, Background::Dark),
    ] {
        state.look.theme = theme;
        let cells = drawn(&state, 80, 24).content;
        let parked = cells.iter().find(|cell| cell.symbol() == "•").unwrap();
        let Rgb(red, green, blue) = concsim_model::palette::Meaning::Parked.colour(ground);
        assert_eq!(parked.fg, Color::Rgb(red, green, blue));
    }
}

#[test]
fn the_hold_says_what_is_different_now() {
    snapshot("hold", &held());
    snapshot("title", &projected(io_bound()));
}

#[test]
fn a_variant_that_is_held_begins_with_space_and_not_by_chance() {
    let mut state = held();
    assert!(state.holds());
    for key in [Key::Char('x'), Key::Escape, Key::Up, Key::Tab] {
        assert_eq!(state.key(key), None);
    }
    for key in [Key::Char(' '), Key::Enter, Key::PageDown, Key::Right] {
        assert_eq!(state.key(key), Some(Action::Begin));
    }
    assert_eq!(state.key(Key::Char('q')), Some(Action::Quit));
    state.key(Key::Char('P'));
    assert!(!state.holds(), "at a desk nothing is held");
    assert_eq!(state.key(Key::Char('x')), Some(Action::Begin));
    assert!(!projected(io_bound()).holds(), "nor is the first variant");
}

#[test]
fn who_looks_back_while_a_variant_ends_is_with_the_run_again_at_that_end() {
    let over = vec![Synthetic::io_bound(WorkerKind::Sync).recording()];
    let feed = Feed {
        over: &over,
        now: None,
    };
    let mut state = projected(io_bound());
    state.turn(
        &Feed {
            over: &[],
            now: over.first(),
        },
        Elapsed::ZERO,
    );
    state.key(Key::Char(' '));
    state.look_at(0, Stamp(2_000_000_000));
    state.turn(&feed, Elapsed::ZERO);
    assert!(!state.has_caught_up(&feed));
    state.key(Key::End);
    state.turn(&feed, Elapsed::ZERO);
    assert!(state.has_caught_up(&feed) && state.is_live());
    state.begin_variant(1);
    assert!(state.holds());
}

#[test]
fn the_announcement_is_made_of_what_changes() {
    let sync = || scenario(WorkerKind::Sync);
    let with_workers = |kind, workers| {
        let mut scenario = scenario(kind);
        scenario.server.workers = workers;
        scenario
    };
    let with_clients = |clients| {
        let mut scenario = sync();
        if let Arrivals::Closed { clients: those, .. } = &mut scenario.load.arrivals {
            *those = clients;
        }
        scenario
    };
    let mut slower = sync();
    slower.requests = vec![request("profile", &[compute(5), call(99)])];
    let mut other = with_clients(80);
    other.server.workers = 3;
    other.server.backlog = 9;
    let text = |before: &Scenario, now: &Scenario| announcement(before, now);
    for (before, now, words) in [
        (
            sync(),
            scenario(WorkerKind::Coroutine),
            "now the same 2 processes, as coroutines",
        ),
        (
            scenario(WorkerKind::Coroutine),
            sync(),
            "now the same 2 processes, as sync workers",
        ),
        (
            with_workers(WorkerKind::Sync, 1),
            with_workers(WorkerKind::Coroutine, 1),
            "now the same process, as coroutines",
        ),
        (
            sync(),
            with_workers(WorkerKind::Sync, 4),
            "now 4 workers instead of 2",
        ),
        (
            sync(),
            with_workers(WorkerKind::Coroutine, 1),
            "now 1 worker instead of 2, as coroutines",
        ),
        (
            sync(),
            with_clients(80),
            "now 80 clients instead of 60 clients",
        ),
        (
            sync(),
            slower,
            "now profile: compute 5 ms, call billing 99 ms, \
             instead of compute 1 ms, call billing 99 ms",
        ),
        (sync(), other, "now workers, load and backlog are different"),
        (sync(), sync(), "now the same once more"),
    ] {
        assert_eq!(text(&before, &now), words);
    }
}

#[test]
fn ascii_is_enough_for_a_hall() {
    let mut state = held();
    state.look = Look {
        glyphs: Glyphs::Ascii,
        ..state.look
    };
    Context::coroutine().play(&mut state);
    let text = text(&state, 80, 24).replace('│', "");
    assert!(text.is_ascii());
    assert_snapshot!("ascii_80x24", text);
}
