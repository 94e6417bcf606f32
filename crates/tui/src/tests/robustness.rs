//! The screen is drawn at any terminal size and for any state of the workers.

use std::sync::OnceLock;

use proptest::prelude::*;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;

use super::questions::asking;
use super::staging::{Context, WorkerSpec, drawn, io_bound, plan, scenario, sync_row};
use crate::pointer::Gesture;
use crate::view::draw_on;
use crate::{Key, Pointer, State};
use concsim_engine::telemetry::{Phase, Stage};
use concsim_model::palette::{Background, Colours, Glyphs, Look, Room, Theme};
use concsim_model::scenario::WorkerKind;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::synthetic::Synthetic;
use concsim_record::trust::Trust;

fn phase() -> impl Strategy<Value = Phase> {
    (0_u64..6).prop_map(|word| Phase::from_raw(word).unwrap_or_default())
}

fn stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(vec![
        Stage::Preparing,
        Stage::WarmUp,
        Stage::Counting,
        Stage::Draining,
        Stage::Done,
    ])
}

prop_compose! {
    fn any_worker()(
        phase in phase(),
        wants_a_core: bool,
        begun in 0_u64..20_000,
        ready in 0_u64..30_000,
        cpu in 0.0..1.0,
        core in 0_usize..4,
        run in prop::option::of(0_u64..9_000),
        coroutine_switches in 0_u64..1 << 30,
        process_switches in 0_u64..1 << 30,
        respawns in 0_u64..3,
        counters in prop::collection::vec((0_u64..1_000, 0_u64..1_000), 0..3),
    ) -> WorkerSpec {
        WorkerSpec {
            phase, wants_a_core, begun, ready, cpu, core, run, coroutine_switches,
            process_switches, respawns, counters,
        }
    }
}

prop_compose! {
    fn look()(
        glyphs in prop::sample::select(vec![Glyphs::Unicode, Glyphs::Ascii]),
        colours in prop::sample::select(vec![
            Colours::None, Colours::Sixteen, Colours::Many, Colours::All,
        ]),
        theme in prop::sample::select(vec![Theme::Auto, Theme::Light, Theme::Dark]),
        own_ground in prop::sample::select(vec![Background::Dark, Background::Light]),
        room in prop::sample::select(vec![Room::Desk, Room::Projector]),
    ) -> Look {
        Look { glyphs, colours, theme, own_ground, room }
    }
}

prop_compose! {
    fn size()(
        size in prop_oneof![
            (0_u16..200, 0_u16..60),
            (0_u16..70, 0_u16..20),
            Just((0, 0)),
            Just((1, 1)),
            Just((300, 1)),
            Just((1, 100)),
        ],
    ) -> (u16, u16) {
        size
    }
}

prop_compose! {
    fn scene()(
        at in 0_u64..90_000,
        stage in stage(),
        door in 0_u64..1 << 40,
        rate in 0_u64..2_000,
        workers in prop::collection::vec(any_worker(), 0..90),
        cores in 0_usize..70,
        latency in 0_u64..100_000,
    ) -> Context {
        let (others, trust) = (0.0, (Trust::Ok, None));
        Context { at, stage, door, rate, workers, cores, latency, others, trust }
    }
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select(vec![
        Key::Char(' '),
        Key::Char('?'),
        Key::Char('P'),
        Key::Char('t'),
        Key::Char('1'),
        Key::Char('2'),
        Key::Char('3'),
        Key::Char('4'),
        Key::Char('5'),
        Key::Char('6'),
        Key::Char('8'),
        Key::Char('o'),
        Key::Char('x'),
        Key::Char('z'),
        Key::Char('j'),
        Key::Char('/'),
        Key::Char('i'),
        Key::Char('f'),
        Key::Char('3'),
        Key::Char('5'),
        Key::Right,
        Key::Backspace,
        Key::Tab,
        Key::BackTab,
        Key::Escape,
        Key::Enter,
        Key::PageDown,
        Key::Up,
    ])
}

fn pointer() -> impl Strategy<Value = Pointer> {
    let gesture = prop::sample::select(vec![Gesture::Click, Gesture::WheelUp, Gesture::WheelDown]);
    ((0_u16..310, 0_u16..110), gesture).prop_map(|(at, gesture)| Pointer { at, gesture })
}

fn many_variants() -> State {
    let names: Vec<String> = (0..12)
        .map(|n| format!("variant_with_quite_a_long_name_{n}"))
        .collect();
    let variant = |name| {
        let mut scenario = scenario(WorkerKind::Coroutine);
        scenario.counters = vec!["visits".into(), "sum".into()];
        (name, scenario)
    };
    let title = "長い題名 that says more than fits on any screen \u{1b}[31m".repeat(3);
    State::new(
        &plan(
            &title,
            names.iter().map(|name| variant(name.as_str())).collect(),
        ),
        64,
    )
}

/// Draws on a screen whose corner is not at the origin, as a part of a larger one.
fn draw(state: &State, (width, height): (u16, u16)) -> Buffer {
    let area = Rect::new(3, 7, width, height);
    let mut buffer = Buffer::empty(area);
    draw_on(&mut buffer, state);
    assert_eq!(buffer.area, area);
    let here = drawn(state, width, height);
    assert!(here.content == buffer.content, "wherever its corner is");
    buffer
}

/// Returns recordings that are made once for all cases.
fn recordings() -> &'static [Recording] {
    static RECORDINGS: OnceLock<Vec<Recording>> = OnceLock::new();
    RECORDINGS.get_or_init(|| {
        let kinds = [WorkerKind::Sync, WorkerKind::Coroutine];
        kinds
            .map(|kind| Synthetic::io_bound(kind).recording())
            .into()
    })
}

proptest! {
    #[test]
    fn no_size_and_no_moment_makes_drawing_panic(
        size in size(),
        context in scene(),
        keys in prop::collection::vec(key(), 0..9),
        pointers in prop::collection::vec(pointer(), 0..3),
        look in look(),
        many: bool,
    ) {
        let mut state = if many { many_variants() } else { io_bound() };
        state.look = look;
        state.size = size;
        draw(&state, size);
        context.play(&mut state);
        for key in &keys {
            state.key(*key);
            draw(&state, size);
        }
        for pointer in pointers {
            state.point(pointer);
            draw(&state, size);
        }
        state.finish_variant(sync_row());
        state.begin_variant(1);
        draw(&state, size);
        state.show_card(vec!["a line".repeat(40); 70]);
        for key in keys {
            state.key(key);
            draw(&state, size);
        }
        let buffer = draw(&state, size);
        if look.glyphs == Glyphs::Ascii {
            prop_assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        }
    }

    #[test]
    fn no_size_and_no_pane_makes_drawing_a_recording_panic(
        size in size(),
        keys in prop::collection::vec(key(), 1..6),
        look in look(),
        variant in 0_usize..2,
        at in 0_u64..7_000_000_000,
    ) {
        let feed = Feed { over: recordings(), now: None };
        let mut state = io_bound();
        state.look = look;
        state.replay(Vec::new());
        for key in keys {
            state.key(key);
            state.look_at(variant, Stamp(at));
            state.turn(&feed, Elapsed::ZERO);
            draw(&state, size);
        }
    }
}

#[test]
fn a_question_is_drawn_on_any_screen() {
    for room in [Room::Desk, Room::Projector] {
        let mut state = asking();
        state.look.room = room;
        state.ask(0);
        for size in [
            (0, 0),
            (1, 1),
            (300, 1),
            (1, 100),
            (20, 5),
            (40, 12),
            (200, 60),
        ] {
            draw(&state, size);
        }
    }
}
