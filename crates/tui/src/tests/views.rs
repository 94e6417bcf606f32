//! Views of synthetic recordings.

use insta::assert_snapshot;

use super::staging::{Context, io_bound, io_bound_plan, plan, sync_row, text};
use crate::number::Number;
use crate::view::compare::compared;
use crate::{Key, Row, State};
use concsim_model::palette::{Glyphs, Room};
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::summary::summarise;
use concsim_record::synthetic::Synthetic;

const MS: u64 = 1_000_000;

fn recordings(play: fn(WorkerKind) -> Synthetic) -> Vec<Recording> {
    [Sync, Coroutine].map(|kind| play(kind).recording()).into()
}

/// Returns a run of one worker and three requests.
pub(super) fn three_requests() -> (Vec<Recording>, State) {
    let recordings = recordings(Synthetic::three_requests);
    let scenarios = recordings.iter().map(|it| it.header.scenario.clone());
    let variants = ["sync", "coroutine"].into_iter().zip(scenarios);
    let title = "One worker that parks its waits answers three in 1.8 s, not in 4.2 s";
    let state = State::new(&plan(title, variants.collect()), 2);
    (recordings, state)
}

/// Returns both variants of it, the second at an instant in milliseconds.
pub(super) fn three_requests_at(milliseconds: u64) -> State {
    let (recordings, mut state) = three_requests();
    at(&recordings, &mut state, 1, milliseconds * MS);
    state
}

/// Moves the screen with its lanes to an instant of a variant.
pub(super) fn at(recordings: &[Recording], state: &mut State, variant: usize, at: u64) {
    let feed = Feed {
        over: recordings,
        now: None,
    };
    if !state.is_paused() {
        state.replay(Vec::new());
        state.key(Key::Char(' '));
        state.key(Key::Char('2'));
    }
    state.look_at(variant, Stamp(at));
    state.turn(&feed, Elapsed::ZERO);
}

fn snapshot(name: &str, state: &State) {
    snapshot_of("lanes", name, state);
}

fn snapshot_of(view: &str, name: &str, state: &State) {
    for (width, height) in [(80, 24), (160, 48), (40, 12)] {
        let name = format!("{view}_{name}_{width}x{height}");
        assert_snapshot!(name, text(state, width, height));
    }
}

#[test]
fn three_requests_tell_the_whole_story_on_one_axis() {
    let (recordings, mut state) = three_requests();
    at(&recordings, &mut state, 1, 1_900 * MS);
    snapshot("three_requests", &state);
}

#[test]
fn the_first_variant_is_alone_and_what_comes_after_the_cursor_is_unknown() {
    let (recordings, mut state) = three_requests();
    at(&recordings, &mut state, 0, 1_700 * MS);
    snapshot("three_requests_first", &state);
}

#[test]
fn sixty_at_the_door_and_two_at_work() {
    let recordings = recordings(Synthetic::io_bound);
    let mut state = io_bound();
    at(&recordings, &mut state, 0, 4_003 * MS);
    snapshot("io_bound_sync", &state);
    at(&recordings, &mut state, 1, 4_003 * MS);
    snapshot("io_bound_coroutine", &state);
}

/// Returns `io_bound`, a variant of it at 4 s, after these keys.
pub(super) fn looking(keys: &[Key], variant: usize) -> State {
    let recordings = recordings(Synthetic::io_bound);
    let mut state = io_bound();
    at(&recordings, &mut state, variant, 4_003 * MS);
    for key in keys {
        state.key(*key);
        at(&recordings, &mut state, variant, 4_003 * MS);
    }
    state
}

#[test]
fn latencies_are_shown_over_time_with_where_the_time_went() {
    snapshot_of("latency", "sync", &looking(&[Key::Char('3')], 0));
    snapshot_of("latency", "coroutine", &looking(&[Key::Char('3')], 1));
}

#[test]
fn requests_are_listed_sorted_and_chosen() {
    let list = Key::Char('5');
    snapshot_of("requests", "sync", &looking(&[list], 0));
    let slowest_first = [list, Key::Char('o'), Key::Down, Key::Down];
    snapshot_of("requests", "coroutine", &looking(&slowest_first, 1));
    let failed = [list, Key::Char('/'), Key::Char('/')];
    assert!(text(&looking(&failed, 1), 80, 24).contains("failed: 0"));
}

#[test]
fn the_way_of_one_request_is_reported_step_by_step() {
    let open = [Key::Char('5'), Key::Char('o'), Key::Enter];
    snapshot_of("way", "sync", &looking(&open, 0));
    snapshot_of("way", "coroutine", &looking(&open, 1));
    let mut state = looking(&open, 1);
    state.key(Key::Escape);
    assert_eq!(state.key(Key::Escape), None, "the list, then the overview");
}

#[test]
fn remarks_are_listed_with_their_evidence() {
    let list = [Key::Char('r')];
    snapshot_of("remarks", "sync", &looking(&list, 0));
    snapshot_of("remarks", "coroutine", &looking(&list, 1));
}

/// Returns the view of theory at the end of a variant, with its result.
pub(super) fn theory_at_the_end(variant: usize) -> State {
    let recordings = recordings(Synthetic::io_bound);
    let rows = recordings
        .iter()
        .map(|recording| Row::of(&summarise(recording), None));
    let mut state = io_bound();
    state.replay(rows.collect());
    state.key(Key::Char(' '));
    state.key(Key::Char('8'));
    let end = recordings[variant].samples.last().expect("a run").at;
    state.look_at(variant, end);
    let feed = Feed {
        over: &recordings,
        now: None,
    };
    state.turn(&feed, Elapsed::ZERO);
    state
}

#[test]
fn computed_numbers_are_beside_measured_ones() {
    snapshot_of("theory", "sync", &theory_at_the_end(0));
    snapshot_of("theory", "coroutine", &theory_at_the_end(1));
    let goes_on = looking(&[Key::Char('8')], 1);
    assert_snapshot!("theory_so_far_80x24", text(&goes_on, 80, 24));
}

#[test]
fn a_computed_number_says_by_which_model_and_what_that_assumes() {
    let mut state = theory_at_the_end(1);
    state.explained = Some(Number::Computed);
    assert_snapshot!("theory_explained_80x24", text(&state, 80, 24));
}

#[test]
fn where_no_closed_form_applies_the_view_says_why() {
    let (recordings, mut state) = three_requests();
    at(&recordings, &mut state, 1, 1_900 * MS);
    state.key(Key::Char('8'));
    at(&recordings, &mut state, 1, 1_900 * MS);
    let text = text(&state, 80, 24);
    assert!(text.contains("No closed form applies: "), "{text}");
}

#[test]
fn every_view_grows_before_a_hall() {
    let views = [
        ("latency", '3'),
        ("compare", '4'),
        ("requests", '5'),
        ("workers", '6'),
        ("remarks", '7'),
        ("theory", '8'),
    ];
    for (view, key) in views {
        let mut state = looking(&[Key::Char(key)], 1);
        state.look.room = Room::Projector;
        assert_snapshot!(format!("hall_{view}_80x24"), text(&state, 80, 24));
        let desk = text(&looking(&[Key::Char(key)], 1), 160, 48);
        assert_ne!(text(&state, 160, 48), desk, "{view}");
        // A small projector has the view of a desk, and nothing is drawn outside of the screen.
        for (width, height) in [(60, 16), (61, 17), (300, 100)] {
            let _ = text(&state, width, height);
        }
    }
}

/// Returns the comparison of the variants in which the clients of the first have lost their patience.
fn out_of_patience() -> State {
    let mut plan = io_bound_plan();
    plan.variants[0].scenario.load.patience = Elapsed::from_secs(3);
    let mut state = State::new(&plan, 2);
    let slow = Row {
        p50: Some(Elapsed::from_secs(2)),
        p99: Some(Elapsed::from_secs(3)),
        ..sync_row()
    };
    state.finish_variant(slow);
    state.begin_variant(1);
    Context::coroutine().play(&mut state);
    state.key(Key::Char('4'));
    state
}

#[test]
fn a_percentile_that_is_the_clients_patience_is_marked_beside_others_and_no_ratio_is_made_of_it() {
    for room in [Room::Desk, Room::Projector] {
        let mut state = out_of_patience();
        state.look.room = room;
        let measures = compared(&state);
        let of = |number: Number| measures.iter().find(|it| it.number == number).unwrap();
        let p99 = of(Number::P99);
        assert_eq!(p99.values[0].text, "≥ 3 s");
        assert!(p99.values.iter().all(|it| it.ratio.is_none()));
        assert_eq!(of(Number::P50).values[0].text, "2.00 s");
        let screen = text(&state, 120, 60);
        assert!(screen.contains('≥'), "{room:?}\n{screen}");
    }
}

#[test]
fn ascii_marks_of_a_hall_are_blocks_of_the_glyph_in_the_legend() {
    let mut state = three_requests_at(500);
    state.key(Key::Char('1'));
    let (recordings, _) = three_requests();
    at(&recordings, &mut state, 1, 500 * MS);
    state.look.room = Room::Projector;
    state.look.glyphs = Glyphs::Ascii;
    let screen = text(&state, 120, 30);
    let blocks = |glyph: char| {
        let lines = screen.lines().map(str::trim_end);
        let blocks = lines.flat_map(|line| line.split(' ').collect::<Vec<_>>());
        let block = glyph.to_string().repeat(6);
        blocks.filter(|words| *words == block).count()
    };
    // By arithmetic: request 3 computes from 0.4 s to 0.6 s; 1 and 2 wait for their service until 1.2 s and
    // 1.4 s. A request is one block of four lines.
    let drawn = ['#', '.', '=', 'o'].map(blocks);
    assert_eq!(drawn, [4, 8, 0, 0], "{screen}");
}
