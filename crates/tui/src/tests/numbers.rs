//! Every number on every view has an explanation.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use ratatui_core::buffer::Cell;
use ratatui_core::style::Modifier;

use super::screens::{card, second_variant, sixty_workers, ten_thousand};
use super::staging::{Context, drawn, io_bound, text};
use super::views::{looking, theory_at_the_end, three_requests_at};
use crate::number::Number;
use crate::view::marks;
use crate::{Key, State};
use concsim_model::scenario::expectation::{Dimension, Quantity};
use concsim_record::latency::{Breakdown, Waits};

fn playing() -> State {
    let mut state = second_variant();
    Context::coroutine().play(&mut state);
    state
}

/// Returns a state with latencies of which each part is large enough to be named.
fn spending_on_everything() -> State {
    let mut state = looking(&[Key::Char('3')], 1);
    let breakdown = Breakdown {
        generator: 1.0,
        door: 1.0,
        ready: 1.0,
        core_wait: 1.0,
        cpu: 1.0,
        parked_or_blocked: 4.0,
        other: 1.0,
        waits: Some(Waits {
            thread_wait: 1.0,
            pool_wait: 1.0,
            service_queue: 1.0,
            call: 1.0,
            ..Waits::default()
        }),
    };
    let spectrum = state.spectrum.iter_mut();
    spectrum.for_each(|spectrum| spectrum.spent = Some((breakdown, 7)));
    state
}

/// Returns a state whose scenario has another subject than the usual numbers.
fn with_other_subject() -> State {
    let mut state = looking(&[Key::Char('4')], 1);
    state.subject = Some("requests.profile.latency.mean".into());
    for row in state.show.rows.iter_mut().flatten() {
        row.subject = Some(Quantity {
            value: 0.1,
            dimension: Dimension::TIME,
        });
    }
    state
}

/// Returns a state whose scenario states memory.
fn with_memory() -> State {
    let mut state = looking(&[Key::Char('1')], 1);
    state.variants[1].scenario.server.app = 1_000_000;
    state
}

/// Returns screens that together have every view with everything that it may show.
fn screens() -> Vec<State> {
    let view = |key| looking(&[Key::Char(key)], 1);
    let mut all: Vec<State> = ['1', '2', '3', '4', '5', '6', '8'].map(view).into();
    all.push(looking(&[Key::Char('3')], 0));
    all.push(looking(&[Key::Char('5'), Key::Enter], 1));
    all.extend([three_requests_at(1_900), playing(), card()]);
    all.extend([ten_thousand(), sixty_workers(), spending_on_everything()]);
    all.push(with_other_subject());
    all.push(with_memory());
    all.push(theory_at_the_end(1));
    let mut side_by_side = theory_at_the_end(1);
    side_by_side.key(Key::Char('4'));
    all.push(side_by_side);
    all
}

#[test]
fn each_number_that_is_explained_is_on_some_screen() {
    let mut seen = Vec::new();
    for mut state in screens() {
        for size in [(80, 24), (160, 48), (40, 12)] {
            state.size = size;
            seen.extend(marks::numbers(&state));
        }
    }
    let unseen: Vec<Number> = Number::ALL
        .into_iter()
        .filter(|it| !seen.contains(it))
        .collect();
    assert_eq!(unseen, []);
}

/// Returns the lines of a screen that have a digit without a mark.
fn unmarked_lines(state: &mut State, (width, height): (u16, u16)) -> Vec<String> {
    state.size = (width, height);
    let buffer = drawn(state, width, height);
    let marks = marks::all(state);
    let mut unreported = Vec::new();
    for y in 0..height {
        let is_digit = |x: u16| {
            buffer[(x, y)]
                .symbol()
                .chars()
                .all(|it| it.is_ascii_digit())
        };
        let is_told = |x: u16| marks.iter().any(|mark| mark.has((x, y)));
        // The header has the variant and its state.
        if y != 1 && (0..width).any(|x| is_digit(x) && !is_told(x)) {
            let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
            unreported.push(line.trim_end().to_owned());
        }
    }
    unreported
}

#[test]
fn a_digit_without_explanation_stands_in_a_sentence_or_a_name() {
    let mut screens = screens();
    let unreported = screens
        .iter_mut()
        .flat_map(|state| unmarked_lines(state, (80, 24)));
    let unmarked: BTreeSet<String> = unreported.collect();
    assert_snapshot!(Vec::from_iter(unmarked).join("\n"));
}

#[test]
fn the_marker_goes_from_number_to_number_and_around_the_end() {
    let mut state = playing();
    let numbers = marks::numbers(&state);
    state.key(Key::Char('i'));
    for number in numbers.iter().chain(&numbers[..1]) {
        assert_eq!(state.explained, Some(*number));
        assert!(
            text(&state, 80, 24).contains(number.texts().name),
            "{number:?}"
        );
        state.key(Key::Tab);
    }
    state.key(Key::Left);
    state.key(Key::Up);
    assert_eq!(state.explained, numbers.last().copied());
    state.key(Key::Escape);
    assert_eq!(state.explained, None);
    assert!(numbers.len() > 15);
}

#[test]
fn the_box_does_not_hide_the_number_that_it_is_about() {
    for size in [(80, 24), (160, 48), (60, 16)] {
        let mut state = playing();
        state.size = size;
        for number in marks::numbers(&state) {
            state.explained = None;
            let plain = drawn(&state, size.0, size.1);
            state.explained = Some(number);
            let explained = drawn(&state, size.0, size.1);
            let cells = plain.content.iter().zip(&explained.content);
            let is_marked = |cell: &Cell| cell.modifier.contains(Modifier::REVERSED);
            let marked = cells.filter(|(before, now)| is_marked(now) && !is_marked(before));
            let marked: Vec<_> = marked.collect();
            assert!(!marked.is_empty(), "{number:?}");
            for (before, now) in marked {
                assert_eq!(before.symbol(), now.symbol(), "{number:?}");
            }
        }
    }
}

#[test]
fn each_number_has_its_explanation_beside_it() {
    let mut state = playing();
    state.explained = Some(Number::Concurrency);
    assert_snapshot!("explain_concurrency_80x24", text(&state, 80, 24));
    state.explained = Some(Number::P99);
    assert_snapshot!("explain_p99_160x48", text(&state, 160, 48));
    assert_snapshot!("explain_p99_80x24", text(&state, 80, 24));
    state.explained = Some(Number::Parallelism);
    assert_snapshot!("explain_parallelism_40x12", text(&state, 40, 12));
}

#[test]
fn a_question_mark_at_a_marked_number_opens_all_about_it() {
    let mut state = playing();
    state.explained = Some(Number::P99);
    state.key(Key::Char('?'));
    assert_snapshot!("help_p99_80x24", text(&state, 80, 24));
    state.key(Key::Escape);
    assert!(text(&state, 80, 24).contains("KEYS OF THIS VIEW"));
    state.key(Key::Escape);
    assert_eq!(state.explained, Some(Number::P99), "back at the number");
}

#[test]
fn where_there_is_no_number_nothing_is_explained() {
    let mut state = io_bound();
    state.key(Key::Char('i'));
    assert_eq!(state.explained, None);
}
