//! Cards before anything is played: nothing on them is cut, on 80 × 24 and on 40 × 12.

use insta::assert_snapshot;

use super::staging::text;
use crate::{Choice, Entry, Key, Menu, State, view};
use concsim_model::palette::{Look, Room};
use concsim_model::scenario::{Overrides, Plan, builtin, read};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;

const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];

fn plans() -> impl Iterator<Item = Plan> {
    builtin::all()
        .iter()
        .map(|it| read(it.text, it.name, &Overrides::default()).expect("it is valid"))
}

/// Returns the words of a screen, without line breaks.
fn words(screen: &str) -> String {
    let words = screen.split_whitespace().filter(|word| *word != "│");
    words.collect::<Vec<_>>().join(" ")
}

/// True if a screen has all words of a text, in order.
fn contains_words(screen: &str, text: &str) -> bool {
    words(screen).contains(&words(text))
}

#[test]
fn the_purpose_on_a_title_card_is_never_cut() {
    for plan in plans() {
        for room in [Room::Desk, Room::Projector] {
            let mut state = State::new(&plan, 2);
            state.drop_questions();
            state.look.room = room;
            for variant in 0..plan.variants.len() {
                state.begin_variant(variant);
                for (width, height) in SIZES {
                    let screen = text(&state, width, height);
                    let watch = format!("Watch {}.", state.watch_hint());
                    assert!(contains_words(&screen, &watch), "{screen}");
                    let text = match room {
                        Room::Desk => Some(plan.title.clone()),
                        Room::Projector => state.announcement(),
                    };
                    assert!(
                        contains_words(&screen, &text.unwrap_or_default()),
                        "{screen}"
                    );
                    assert!(!screen.contains('…'), "{screen}");
                }
            }
        }
    }
}

#[test]
fn a_question_and_its_choices_are_never_cut() {
    for plan in plans() {
        for asked in 0..plan.questions.len() {
            let mut state = State::new(&plan, 2);
            state.ask(asked);
            let question = plan.questions[asked].clone();
            for (width, height) in SIZES {
                let screen = text(&state, width, height);
                assert!(contains_words(&screen, &question.question), "{screen}");
                for choice in &question.choices {
                    assert!(contains_words(&screen, &choice.label), "{screen}");
                }
            }
        }
    }
}

fn menu() -> Menu {
    let entry = |plan: Plan| Entry {
        name: plan.name().to_owned(),
        length: "12 s".into(),
        title: plan.title.clone(),
        about: plan.about.clone().unwrap_or_default(),
    };
    Menu::of(plans().map(entry).collect(), Look::default())
}

fn drawn(menu: &Menu, width: u16, height: u16) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    view::draw_menu(&mut buffer, menu);
    let lines = buffer.content.chunks(usize::from(width.max(1)));
    let line = |cells: &[ratatui_core::buffer::Cell]| {
        let cells: String = cells
            .iter()
            .map(ratatui_core::buffer::Cell::symbol)
            .collect();
        format!("│{}", cells.trim_end())
    };
    lines.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_menu_has_a_cursor_and_the_text_of_the_scenario_that_it_is_on() {
    let mut menu = menu();
    assert_snapshot!("menu_80x24", drawn(&menu, 80, 24));
    assert_snapshot!("menu_40x12", drawn(&menu, 40, 12));
    for _ in 0..4 {
        menu.key(Key::Down);
    }
    assert_snapshot!("menu_hog_80x24", drawn(&menu, 80, 24));
    menu.key(Key::End);
    assert_snapshot!("menu_end_40x12", drawn(&menu, 40, 12));
}

#[test]
fn on_80_by_24_the_menu_has_the_selected_scenario_and_its_whole_text() {
    let mut menu = menu();
    for plan in plans() {
        let screen = drawn(&menu, 80, 24);
        assert!(
            contains_words(&screen, plan.about.as_deref().unwrap_or_default()),
            "{screen}"
        );
        assert!(contains_words(&screen, &plan.title), "{screen}");
        assert!(screen.contains(plan.name()), "{screen}");
        let large = drawn(&menu, 80, 60);
        assert!(plans().all(|plan| large.contains(plan.name())), "{large}");
        menu.key(Key::Char('j'));
    }
}

#[test]
fn a_key_of_the_menu_plays_simulates_or_leaves() {
    let mut menu = menu();
    assert_eq!(menu.key(Key::Enter), Some(Choice::Play(0)));
    assert_eq!(menu.key(Key::Down), None);
    assert_eq!(menu.key(Key::Enter), Some(Choice::Play(1)));
    assert_eq!(menu.key(Key::Char('s')), Some(Choice::Simulate(1)));
    assert_eq!(menu.key(Key::Char('k')), None);
    assert_eq!(menu.key(Key::Up), None);
    assert_eq!(menu.key(Key::Char('3')), Some(Choice::Play(2)));
    assert_eq!(menu.key(Key::Char('s')), Some(Choice::Simulate(0)));
    assert_eq!(menu.key(Key::Char('q')), Some(Choice::Leave));
    assert_eq!(Menu::of(Vec::new(), Look::default()).key(Key::Enter), None);
}

#[test]
fn the_menu_is_drawn_on_any_screen() {
    let mut menu = menu();
    for width in [1, 5, 20, 300] {
        for height in [1, 2, 7, 100] {
            drawn(&menu, width, height);
        }
        menu.key(Key::PageDown);
    }
}
