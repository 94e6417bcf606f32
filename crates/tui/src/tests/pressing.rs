//! Keys from a file, the help and its search, the mouse.

use super::staging::{Context, call, io_bound, plan, request, scenario, text};
use crate::pointer::Gesture;
use crate::{Action, Key, Keymap, Mouse, Pointer, State};
use concsim_model::scenario::{Intervention, Scenario, Steer, WorkerKind};

fn playing() -> State {
    let mut state = io_bound();
    Context::sync().play(&mut state);
    state
}

fn shows(state: &State, words: &str) -> bool {
    text(state, 80, 24).contains(words)
}

fn press(state: &mut State, keys: &str) {
    keys.chars().for_each(|key| {
        state.key(Key::Char(key));
    });
}

fn bottom(state: &State) -> String {
    let text = text(state, 80, 24);
    text.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_key_that_was_rebound_shows_as_rebound_and_does_what_it_shows() {
    let mut state = playing();
    let file = "[keys]\npause = 'p'\nmore-workers = 'f6'\nnext-view = []\nstep-back = ['h', 'left']\nscrub-back = 'H'\n";
    state.keymap = Keymap::read(file, "keys.toml").unwrap();
    assert_eq!(
        bottom(&state),
        "│ p pause   h . step   H → scrub   ? help   q quit"
    );
    assert_eq!(state.key(Key::Char(' ')), None);
    assert!(!state.is_paused());
    assert_eq!(
        state.key(Key::Function(6)),
        Some(Action::Steer(Steer::Intervene(Intervention::AddWorker)))
    );
    press(&mut state, "p");
    assert!(state.is_paused());
    press(&mut state, "?");
    press(&mut state, "/worker more");
    assert!(shows(&state, "F6              one worker more"));
}

#[test]
fn faults_are_offered_before_one_is_chosen() {
    let mut state = playing();
    press(&mut state, "f");
    assert_eq!(
        bottom(&state),
        "│ k kill   s stop   c continue   h hog   r replace all"
    );
    assert_eq!(
        state.key(Key::Char('k')),
        Some(Action::Steer(Steer::Intervene(Intervention::KillWorker)))
    );
    press(&mut state, "fx");
    assert!(
        bottom(&state).contains("pause"),
        "any other key is no fault"
    );
}

#[test]
fn a_hog_is_offered_by_name_and_refused_where_nothing_computes() {
    let mut state = playing();
    press(&mut state, "f");
    assert!(shows(
        &state,
        "No kind is called hog: a hog is one profile that computes for 500 ms."
    ));
    press(&mut state, "x");
    assert!(!shows(&state, "No kind is called hog"));
    let variants = vec![("sync", scenario_that_waits())];
    let mut state = State::new(&plan("a claim", variants), 2);
    Context::sync().play(&mut state);
    press(&mut state, "f");
    assert_eq!(state.key(Key::Char('h')), None);
    assert!(shows(&state, "so no hog can be sent."));
}

fn scenario_that_waits() -> Scenario {
    let mut scenario = scenario(WorkerKind::Sync);
    scenario.requests = vec![request("page", &[call(99)])];
    scenario
}

#[test]
fn the_help_begins_with_the_eight_keys_that_matter() {
    let mut state = playing();
    press(&mut state, "?");
    let help = text(&state, 80, 24);
    let lines = help.lines().skip_while(|line| !line.contains("FIRST"));
    let lines = lines.take_while(|line| !line.contains("KEYS OF THIS VIEW"));
    // A key begins in the fourth column behind the frame, the rest of a text further in.
    let keys = lines.skip(1).filter_map(|line| {
        let key: String = line.chars().skip(5).take(15).collect();
        (!key.trim().is_empty()).then(|| key.trim().to_owned())
    });
    let keys: Vec<String> = keys.collect();
    assert_eq!(keys, ["space", "← →", "1 … 8", "s", "Enter", "i", "?", "q"]);
}

#[test]
fn the_help_scrolls_is_searched_and_closes() {
    let mut state = playing();
    press(&mut state, "?");
    assert!(shows(&state, "KEYS OF THIS VIEW") && !shows(&state, "STEERING"));
    state.key(Key::PageDown);
    state.key(Key::PageDown);
    state.key(Key::PageDown);
    assert!(!shows(&state, "KEYS OF THIS VIEW"));
    state.key(Key::PageDown);
    assert!(shows(&state, "STEERING") && !shows(&state, "KEYS OF THIS VIEW"));
    press(&mut state, "/q");
    assert!(
        shows(&state, "search: q_"),
        "a letter is a letter, not a key"
    );
    state.key(Key::Backspace);
    press(&mut state, "BEGUN");
    assert!(shows(&state, "requests begun and not finished"));
    assert!(!shows(&state, "STEERING"));
    press(&mut state, "zzz");
    assert!(shows(&state, "No line has these letters."));
    for open in [true, false] {
        state.key(Key::Escape);
        assert_eq!(shows(&state, "─ help ─"), open);
    }
}

#[test]
fn a_search_that_was_ended_stays_until_escape() {
    let mut state = playing();
    press(&mut state, "?/marker");
    state.key(Key::Enter);
    assert!(shows(&state, "to the next intervention") && !shows(&state, "KEYS OF THIS VIEW"));
    state.key(Key::Escape);
    assert!(shows(&state, "KEYS OF THIS VIEW"));
    assert_eq!(state.key(Key::Char('q')), Some(Action::Quit));
}

#[test]
fn the_help_ends_with_its_last_line_and_begins_with_its_first() {
    let mut state = playing();
    press(&mut state, "?");
    for _ in 0..100 {
        state.key(Key::PageDown);
    }
    assert!(!shows(&state, "more below"));
    state.key(Key::Up);
    assert!(shows(&state, " 1 more below"), "one line up is one line up");
}

fn point(state: &mut State, gesture: Gesture, at: (u16, u16)) -> Option<Action> {
    state.point(Pointer { at, gesture })
}

/// Returns the position of these words on the screen.
fn place(state: &State, words: &str) -> (u16, u16) {
    let text = text(state, 80, 24);
    let lines = text.lines().zip(0..);
    let found = lines.filter_map(|(line, y)| Some((line.find(words)?, y, line)));
    let (byte, y, line) = found.last().unwrap();
    // One bar is the edge of the screen.
    (line[..byte].chars().count() as u16 - 1, y)
}

#[test]
fn a_click_on_a_key_of_the_bottom_line_is_that_key() {
    let mut state = playing();
    let at = place(&state, "Tab views");
    point(&mut state, Gesture::Click, at);
    assert!(shows(&state, "Nothing has been sent"), "the lanes");
    let at = place(&state, "q quit");
    assert_eq!(point(&mut state, Gesture::Click, at), Some(Action::Quit));
}

#[test]
fn a_click_on_a_number_explains_it() {
    let mut state = playing();
    let at = place(&state, "4243");
    point(&mut state, Gesture::Click, at);
    assert!(shows(&state, "─ pid: 4243 ─"), "the one that was clicked");
    let at = place(&state, "Tab next");
    point(&mut state, Gesture::Click, at);
    assert!(!shows(&state, "─ pid"));
}

#[test]
fn the_wheel_scrolls_what_scrolls() {
    let mut state = playing();
    press(&mut state, "?");
    let before = text(&state, 80, 24);
    point(&mut state, Gesture::WheelDown, (40, 12));
    assert_ne!(text(&state, 80, 24), before);
    point(&mut state, Gesture::WheelUp, (40, 12));
    assert_eq!(text(&state, 80, 24), before);
}

#[test]
fn the_mouse_belongs_to_the_terminal_until_the_user_takes_it() {
    let mut state = playing();
    assert_eq!(state.mouse, Mouse::Terminals);
    press(&mut state, "u");
    assert_eq!(state.mouse, Mouse::Ours);
    press(&mut state, "u");
    assert_eq!(state.mouse, Mouse::Terminals);
}
