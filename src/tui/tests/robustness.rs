//! Whatever the terminal's size and whatever the workers say, the screen is drawn.

use proptest::prelude::*;

use super::staging::{Cue, Scene, drawn, io_bound, plan, scenario, sync_row};
use crate::palette::{Colours, Glyphs, Look};
use crate::recording::trust::Trust;
use crate::scenario::WorkerKind;
use crate::telemetry::{Phase, Stage};
use crate::tui::pointer::Deed;
use crate::tui::{Key, Pointer, State};

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
    fn cue()(
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
    ) -> Cue {
        Cue {
            phase, wants_a_core, begun, ready, cpu, core, run, coroutine_switches,
            process_switches, respawns, counters,
        }
    }
}

prop_compose! {
    fn scene()(
        at in 0_u64..90_000,
        stage in stage(),
        door in 0_u64..1 << 40,
        rate in 0_u64..2_000,
        workers in prop::collection::vec(cue(), 0..90),
        cores in 0_usize..70,
        latency in 0_u64..100_000,
    ) -> Scene {
        let (others, trust) = (0.0, (Trust::Ok, None));
        Scene { at, stage, door, rate, workers, cores, latency, others, trust }
    }
}

fn key() -> impl Strategy<Value = Key> {
    prop::sample::select(vec![
        Key::Char(' '),
        Key::Char('?'),
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
    let deed = prop::sample::select(vec![Deed::Click, Deed::WheelUp, Deed::WheelDown]);
    ((0_u16..310, 0_u16..110), deed).prop_map(|(at, deed)| Pointer { at, deed })
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

proptest! {
    #[test]
    fn no_size_and_no_moment_makes_drawing_panic(
        (width, height) in (0_u16..300, 0_u16..100),
        scene in scene(),
        keys in prop::collection::vec(key(), 0..9),
        pointers in prop::collection::vec(pointer(), 0..3),
        ascii: bool,
        many: bool,
    ) {
        let mut state = if many { many_variants() } else { io_bound() };
        if ascii {
            state.look = Look { glyphs: Glyphs::Ascii, colours: Colours::Sixteen };
        }
        state.size = (width, height);
        drawn(&state, width, height);
        scene.play(&mut state);
        for key in &keys {
            state.key(*key);
            drawn(&state, width, height);
        }
        for pointer in pointers {
            state.point(pointer);
            drawn(&state, width, height);
        }
        state.finish_variant(sync_row());
        state.begin_variant(1);
        drawn(&state, width, height);
        state.show_card(vec!["a line".repeat(40); 70]);
        for key in keys {
            state.key(key);
            drawn(&state, width, height);
        }
        let buffer = drawn(&state, width, height);
        if ascii {
            prop_assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
        }
    }
}
