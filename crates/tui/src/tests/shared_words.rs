//! A paused screen has the same words, the claim included, in a live run and in its replay; neither gives
//! away the answer to a question.

use ratatui_core::buffer::Cell;

use super::same_cells::{sampled_more_often, so_far};
use super::staging::{drawn, plan, text};
use crate::{Key, State};
use concsim_model::palette::Room;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::scenario::{Plan, Question};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::feed::Feed;
use concsim_record::synthetic::{S, Synthetic};
use concsim_record::{Origin, Recording};

const CLAIM: &str = "Waiting is free, if you let go";

fn recordings() -> [Recording; 2] {
    [Sync, Coroutine].map(|kind| sampled_more_often(&Synthetic::io_bound(kind)))
}

/// Returns a plan of both variants, with a question before the second.
fn asking(recordings: &[Recording]) -> Plan {
    let variants = recordings.iter().map(|it| {
        let name = it.header.variant.as_str();
        (name, it.header.scenario.clone())
    });
    let mut plan = plan(CLAIM, variants.collect());
    plan.questions = vec![Question {
        before: "coroutine".into(),
        question: "How many?".into(),
        measure: "coroutine.throughput".into(),
        choices: Vec::new(),
        why: None,
        misconception: None,
        change: Vec::new(),
    }];
    plan
}

/// Pauses at an instant of a variant, in a view.
fn halted(state: &mut State, feed: &Feed<'_>, (variant, at): (usize, Stamp), view: char) {
    state.turn(feed, Elapsed::ZERO);
    state.key(Key::Char(' '));
    state.key(Key::Char(view));
    state.look_at(variant, at);
    state.turn(feed, Elapsed::ZERO);
}

/// Returns the screen while the second variant goes on, after the question before it.
fn while_it_goes_on(recordings: &[Recording; 2], place: (usize, Stamp), view: char) -> State {
    let now = so_far(&recordings[1], 50);
    let mut state = State::new(&asking(recordings), 2);
    state.begin_variant(0);
    state.begin_variant(1);
    let feed = Feed {
        over: &recordings[..1],
        now: Some(&now),
    };
    halted(&mut state, &feed, place, view);
    state
}

fn in_a_replay(recordings: &[Recording; 2], place: (usize, Stamp), view: char) -> State {
    let mut state = State::new(&asking(recordings), 2);
    state.replay(Vec::new());
    let feed = Feed {
        over: recordings,
        now: None,
    };
    halted(&mut state, &feed, place, view);
    state
}

/// Returns each line but the last one, which has the keys.
fn words(state: &State, (width, height): (u16, u16)) -> Vec<String> {
    let buffer = drawn(state, width, height);
    let lines = buffer.content.chunks(usize::from(width));
    let lines = lines.map(|line| line.iter().map(Cell::symbol).collect());
    let mut lines: Vec<String> = lines.collect();
    lines.pop();
    lines
}

#[test]
fn a_screen_that_stands_still_has_the_same_words_while_a_run_goes_on_and_in_its_replay() {
    let recordings = recordings();
    // A sample, and an instant between two samples; a finished variant, and a live one.
    for at in [4_000, 4_033].map(|milliseconds| Stamp(milliseconds * S / 1_000)) {
        for place in [(0, at), (1, at)] {
            for view in '1'..='8' {
                let mut live = while_it_goes_on(&recordings, place, view);
                let mut replay = in_a_replay(&recordings, place, view);
                for size in [(80, 24), (160, 48), (40, 12)] {
                    for room in [Room::Desk, Room::Projector] {
                        (live.look.room, replay.look.room) = (room, room);
                        let seen = words(&live, size);
                        assert_eq!(
                            seen,
                            words(&replay, size),
                            "view {view}, {size:?}, {room:?}"
                        );
                        let instant = format!("PAUSED 4.{:03} 000 s", at.0 / (S / 1_000) - 4_000);
                        assert!(seen.concat().contains(&instant), "{seen:#?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_small_screen_has_its_instant_and_the_cores_of_workers_in_full_whatever_the_name_of_the_variant()
 {
    let mut recordings = recordings();
    for recording in &mut recordings {
        recording.header.origin = Origin::Simulated;
    }
    let place = (1, Stamp(4 * S));
    for view in '1'..='8' {
        let screen = words(&in_a_replay(&recordings, place, view), (40, 12));
        assert!(screen[1].starts_with(" sim coroutine, "), "{}", screen[1]);
        assert!(
            screen[1].trim_end().ends_with("PAUSED 4.000 000 s"),
            "{}",
            screen[1]
        );
    }
    let workers = words(&in_a_replay(&recordings, place, '6'), (40, 12));
    for worker in &workers[3..5] {
        assert!(worker.trim_end().ends_with(" cores 1 s"), "{worker}");
    }
}

#[test]
fn a_small_screen_names_the_help_and_the_way_out_in_every_view() {
    let recordings = recordings();
    for view in '1'..='8' {
        let screen = text(&in_a_replay(&recordings, (0, Stamp(4 * S)), view), 40, 12);
        assert!(screen.contains("? help   q quit"), "{view}: {screen}");
    }
}

#[test]
fn a_list_on_a_small_screen_leaves_room_for_the_first_sentence_of_the_caption() {
    let recordings = recordings();
    for view in ['1', '3', '4', '5', '6', '8'] {
        // The sentence takes three lines.
        let screen = words(&in_a_replay(&recordings, (0, Stamp(4 * S)), view), (34, 12));
        let text: Vec<&str> = screen.iter().map(|line| line.trim()).collect();
        let sentence = "Both workers are blocked in a wait; 58 requests are at the door.";
        assert!(text.join(" ").contains(sentence), "{view}: {screen:#?}");
    }
}

#[test]
fn workers_show_the_last_instant_of_counts_on_every_screen_that_stands_still() {
    let recordings = recordings();
    for at in [4_000, 4_033].map(|milliseconds| Stamp(milliseconds * S / 1_000)) {
        for state in [
            while_it_goes_on(&recordings, (1, at), '6'),
            in_a_replay(&recordings, (1, at), '6'),
        ] {
            let screen = text(&state, 80, 24);
            assert!(screen.contains("all but `now`: up to 4.00 s"), "{screen}");
        }
    }
}

#[test]
fn a_claim_and_advice_wait_until_the_question_is_asked_and_a_replay_asks_nothing() {
    let recordings = recordings();
    let says = |state: &State| {
        let screen = text(state, 80, 24);
        assert!(screen.contains("blocked-with-free-cores"), "{screen}");
        [CLAIM, "would help"].map(|words| screen.contains(words))
    };
    let place = (0, Stamp(4 * S));
    let now = so_far(&recordings[0], 50);
    let mut before = State::new(&asking(&recordings), 2);
    before.begin_variant(0);
    let feed = Feed {
        over: &[],
        now: Some(&now),
    };
    halted(&mut before, &feed, place, '7');
    assert_eq!(says(&before), [false; 2]);
    // Looking back at the first variant, while the second goes on.
    assert_eq!(says(&while_it_goes_on(&recordings, place, '7')), [true; 2]);
    assert_eq!(says(&in_a_replay(&recordings, place, '7')), [true; 2]);
}
