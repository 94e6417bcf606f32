//! Questions before a variant, and their votes.

use super::staging::{io_bound_plan, text};
use crate::{Action, Key, State};
use concsim_model::scenario::{Choice, Question};

pub(super) fn asking() -> State {
    let mut plan = io_bound_plan();
    let choice = |label: &str| Choice {
        label: label.into(),
        from: None,
        to: None,
    };
    plan.questions = vec![Question {
        before: "coroutine".into(),
        question: "How many times as many answers do the same two processes give now?".into(),
        measure: "coroutine.throughput / sync.throughput".into(),
        choices: ["about as many", "ten times as many", "thirty times as many"]
            .map(choice)
            .into(),
        why: None,
        misconception: None,
        change: Vec::new(),
    }];
    State::new(&plan, 2)
}

#[test]
fn a_question_is_asked_before_its_variant_and_gives_nothing_away() {
    let mut state = asking();
    let title_card = text(&state, 80, 24);
    assert!(!title_card.contains("Waiting is free"), "{title_card}");
    assert!(!title_card.contains("Sixty clients ask"), "{title_card}");
    assert_eq!(state.questions_before(0), Vec::<usize>::new());
    assert_eq!(state.questions_before(1), [0]);
    state.ask(0);
    insta::assert_snapshot!(text(&state, 80, 24));
    assert_eq!(state.key(Key::Enter), Some(Action::Begin));
    state.begin_variant(1);
    assert!(text(&state, 80, 24).contains("Waiting is free"));
}

#[test]
fn every_hand_is_a_key_and_a_mistake_can_be_taken_back() {
    let mut state = asking();
    state.ask(0);
    for key in ['1', '3', '3', '4', 'x'] {
        assert_eq!(state.key(Key::Char(key)), None);
    }
    assert_eq!(state.votes(), [[1, 0, 2]]);
    insta::assert_snapshot!(text(&state, 40, 12));
    state.key(Key::Backspace);
    assert_eq!(state.votes(), [[0, 0, 0]]);
    assert_eq!(state.key(Key::Char('q')), Some(Action::Quit));
}

#[test]
fn who_does_not_want_to_be_asked_is_not() {
    let mut state = asking();
    state.drop_questions();
    assert_eq!(state.questions_before(1), Vec::<usize>::new());
    assert!(text(&state, 80, 24).contains("Waiting is free"));
}
