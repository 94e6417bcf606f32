//! Keys in sequence, and their effects.

use super::staging::{Context, drawn, io_bound, text};
use crate::{Action, Key, State};
use concsim_engine::telemetry::Stage;
use concsim_model::palette::{Colours, Glyphs, Look, Meaning};
use ratatui_core::style::{Color, Modifier};

fn playing() -> State {
    let mut state = io_bound();
    Context::sync().play(&mut state);
    state
}

fn shows(state: &State, words: &str) -> bool {
    text(state, 80, 24).contains(words)
}

#[test]
fn any_key_but_help_and_quit_begins_at_the_title_card() {
    for key in [Key::Enter, Key::Char(' '), Key::Char('x'), Key::Escape] {
        assert_eq!(io_bound().key(key), Some(Action::Begin));
    }
    assert_eq!(io_bound().key(Key::Char('q')), Some(Action::Quit));
    let mut state = io_bound();
    assert_eq!(state.key(Key::Char('?')), None);
    assert_eq!(
        state.key(Key::Enter),
        None,
        "the first key takes the help away"
    );
    assert_eq!(state.key(Key::Enter), Some(Action::Begin));
}

#[test]
fn interrupt_leaves_from_everywhere() {
    let mut helped = playing();
    helped.key(Key::Char('?'));
    let mut card = playing();
    card.show_card(vec!["done".into()]);
    for mut state in [io_bound(), playing(), helped, card] {
        assert_eq!(state.key(Key::Interrupt), Some(Action::Interrupt));
    }
}

#[test]
fn tab_goes_around_the_panes_and_escape_goes_home() {
    let mut state = playing();
    let overview = text(&state, 80, 24);
    for heading in [
        "Nothing has been sent",
        "LATENCY",
        "COMPARE",
        "REQUESTS",
        "longest",
        "REMARKS",
        "THEORY",
    ] {
        state.key(Key::Tab);
        assert!(shows(&state, heading), "{heading}");
    }
    state.key(Key::Tab);
    assert_eq!(text(&state, 80, 24), overview);
    state.key(Key::BackTab);
    assert!(shows(&state, "THEORY"));
    state.key(Key::Char('4'));
    assert!(shows(&state, "COMPARE"));
    state.key(Key::Escape);
    assert_eq!(text(&state, 80, 24), overview);
}

#[test]
fn a_long_card_can_be_read_to_its_end() {
    let mut state = playing();
    state.show_card((0..60).map(|line| format!("line {line}.")).collect());
    assert!(shows(&state, "line 0.") && !shows(&state, "line 59."));
    assert!((0..9).all(|_| state.key(Key::PageDown).is_none()));
    assert!(shows(&state, "line 59.") && !shows(&state, "line 0."));
    assert!((0..9).all(|_| state.key(Key::PageUp).is_none()));
    assert!(shows(&state, "line 0."));
}

#[test]
fn a_key_turns_from_the_short_card_to_the_full_one_and_back() {
    let mut state = playing();
    let lines = |words: &str| vec![words.to_owned()];
    state.show_cards(lines("six lines"), lines("and why"));
    assert!(shows(&state, "six lines") && shows(&state, "Tab all or less"));
    state.key(Key::Tab);
    assert!(shows(&state, "and why") && !shows(&state, "six lines"));
    // After a look back the last view is there again.
    state.key(Key::Char('1'));
    state.key(Key::Escape);
    assert!(shows(&state, "and why"));
    state.key(Key::Tab);
    assert!(shows(&state, "six lines"));
}

#[test]
fn each_glyph_has_the_colour_of_its_meaning_on_the_terminals_own_background() {
    let state = playing();
    let buffer = drawn(&state, 80, 24);
    let mut seen = 0;
    for cell in &buffer.content {
        let meaning = Meaning::ALL
            .into_iter()
            .find(|meaning| cell.symbol().chars().eq([meaning.glyph(Glyphs::Unicode)]));
        if let Some(meaning) = meaning.filter(|_| cell.fg != Color::Reset) {
            let colour = meaning.colour(state.look.ground());
            assert_eq!(
                cell.fg,
                Color::Rgb(colour.0, colour.1, colour.2),
                "{meaning:?}"
            );
            seen += 1;
        }
        assert_eq!(cell.bg, Color::Reset);
    }
    assert!(
        seen > 100,
        "door, workers, script and legend are there: {seen}"
    );
}

#[test]
fn without_colours_no_cell_has_one() {
    let mut state = playing();
    state.look = Look {
        colours: Colours::None,
        ..Look::default()
    };
    let buffer = drawn(&state, 160, 48);
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset));
}

#[test]
fn figures_outside_the_window_are_dim() {
    let figures = |stage| {
        let mut state = io_bound();
        Context {
            stage,
            ..Context::sync()
        }
        .play(&mut state);
        let buffer = drawn(&state, 80, 24);
        // A figure of the current variant.
        let row = (0..24).find(|y| buffer[(1, *y)].symbol() == "▸").unwrap();
        let figure = (0..80)
            .rfind(|x| buffer[(*x, row)].symbol() == "0")
            .unwrap();
        buffer[(figure, row)].modifier.contains(Modifier::DIM)
    };
    assert!(figures(Stage::WarmUp));
    assert!(!figures(Stage::Counting));
}
