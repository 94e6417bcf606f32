//! User actions during a run: a file that is saved, and a hog that is sent.

#![cfg(target_os = "linux")]

use crate::faults::WorkerState;
use crate::on_screen::TerminalRun;

#[test]
fn a_hog_is_sent_by_hand_whatever_it_is_called() {
    let scenario = WorkerState::Computing.scenario("coroutine", "60s");
    let mut played = TerminalRun::begin(&scenario);
    played.until_it_plays();
    played.types("fh");
    played.until_it_shows("one request `a` was sent");
    played.types("q");
    let (status, text) = played.end("a hog");
    assert_eq!(status.code(), Some(130), "{text}");
}

#[test]
fn a_file_that_is_watched_is_played_again_when_it_is_saved_with_mistakes_shown_in_between() {
    let named = |name: &str| {
        let scenario = WorkerState::Idle.scenario("coroutine", "60s");
        format!("title = '{name}'\n{scenario}")
    };
    let mut played = TerminalRun::begin_with(&named("first"), &["--watch"]);
    played.until_it_plays();
    played.until_it_shows("first");
    played.saves(&named("second"));
    played.until_it_shows("second");
    played.until_it_plays();
    played.saves("title = 5");
    played.until_it_shows("`title` cannot be 5");
    played.until_it_shows("waiting for");
    assert!(!played.is_full_screen());
    played.saves(&named("third"));
    played.until_it_shows("third");
    played.until_it_plays();
    played.types("q");
    let (status, text) = played.end("watched");
    assert_eq!(status.code(), Some(130), "{text}");
}

#[test]
fn watching_a_file_ends_with_q() {
    let mut played = TerminalRun::begin_with("title = 5", &["--watch"]);
    played.until_it_shows("waiting for");
    played.types("q");
    let (status, text) = played.end("left");
    assert_eq!(status.code(), Some(2), "{text}");
}
