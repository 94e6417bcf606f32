//! Moves back and forth in a run, live or stored.

use super::same_cells::sampled_more_often;
use super::staging::{drawn, io_bound, text};
use ratatui_core::buffer::{Buffer, Cell};

use crate::{Key, Row, State};
use concsim_engine::telemetry::Marker;
use concsim_model::scenario::WorkerKind::{Coroutine, Sync};
use concsim_model::scenario::{Intervention, TimelineEvent};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::summary::summarise;
use concsim_record::synthetic::Synthetic;

const FRAME: Elapsed = Elapsed::from_millis(83);

fn recordings() -> Vec<Recording> {
    [Sync, Coroutine]
        .map(|kind| with_seen(Synthetic::io_bound(kind).recording()))
        .into()
}

/// Returns the recording as if it had been read sample by sample.
fn with_seen(mut recording: Recording) -> Recording {
    let (all, window) = (recording.seen(), recording.header.window);
    for sample in &mut recording.samples {
        let outcomes = recording
            .outcomes
            .partition_point(|it| it.done <= sample.at);
        sample.seen = concsim_record::ListLengths { outcomes, ..all };
        sample.window = window;
    }
    recording
}

/// Returns the part of a recording up to its first samples.
fn beginning(recording: &Recording, samples: usize) -> Recording {
    let mut beginning = recording.clone();
    beginning.samples.truncate(samples);
    let seen = beginning.samples[samples - 1].seen;
    beginning.outcomes.truncate(seen.outcomes);
    beginning
}

fn rows(recordings: &[Recording]) -> Vec<Row> {
    recordings
        .iter()
        .map(|it| Row::of(&summarise(it), None))
        .collect()
}

fn replaying(recordings: &[Recording]) -> State {
    let mut state = io_bound();
    state.replay(rows(recordings));
    state
}

fn kept(recordings: &[Recording]) -> Feed<'_> {
    Feed {
        over: recordings,
        now: None,
    }
}

#[test]
fn the_frames_of_a_replay_are_those_that_the_run_had_a_sample_later() {
    let recordings = recordings();
    let mut live = io_bound();
    let mut replay = replaying(&recordings);
    replay.key(Key::Char(' '));
    let mut frames = 0;
    for (variant, recording) in recordings.iter().enumerate() {
        live.begin_variant(variant);
        for samples in 2..=recording.samples.len() {
            let now = beginning(recording, samples);
            let at = now.samples[samples - 2].at;
            let feed = Feed {
                over: &recordings[..variant],
                now: Some(&now),
            };
            live.turn(&feed, FRAME);
            let mut paused = live.clone();
            paused.key(Key::Char(' '));
            paused.look_at(variant, at);
            paused.turn(&feed, Elapsed::ZERO);
            replay.look_at(variant, at);
            replay.turn(&kept(&recordings), Elapsed::ZERO);
            let is_last = samples == recording.samples.len();
            if !is_last {
                for (width, height) in [(80, 24), (160, 48)] {
                    let (seen, again) =
                        (drawn(&paused, width, height), drawn(&replay, width, height));
                    assert_eq!(
                        between_header_and_keys(&seen),
                        between_header_and_keys(&again)
                    );
                    frames += 1;
                }
            }
        }
        live.finish_variant(rows(&recordings)[variant]);
    }
    assert!(frames > 20);
}

/// Returns all cells except the line with the state of the cursor, and that of the keys.
fn between_header_and_keys(buffer: &Buffer) -> &[Cell] {
    let width = usize::from(buffer.area.width);
    &buffer.content[width * 2..buffer.content.len() - width]
}

#[test]
fn a_paused_screen_stays_while_the_run_goes_on_behind_it() {
    let recordings = recordings();
    let mut state = io_bound();
    state.begin_variant(0);
    let now = beginning(&recordings[0], 6);
    let feed = Feed {
        over: &[],
        now: Some(&now),
    };
    state.turn(&feed, FRAME);
    state.key(Key::Char(' '));
    let paused = text(&state, 80, 24);
    assert!(paused.contains("PAUSED"), "{paused}");
    let later = beginning(&recordings[0], 9);
    state.turn(
        &Feed {
            over: &[],
            now: Some(&later),
        },
        FRAME,
    );
    assert_eq!(text(&state, 80, 24), paused);
    state.finish_variant(rows(&recordings)[0]);
    state.begin_variant(1);
    let next = beginning(&recordings[1], 4);
    let feed = Feed {
        over: &recordings[..1],
        now: Some(&next),
    };
    state.turn(&feed, FRAME);
    assert_eq!(text(&state, 80, 24), paused);
    state.key(Key::End);
    state.turn(&feed, FRAME);
    assert!(text(&state, 80, 24).contains("coroutine, 2 of 2"));
}

#[test]
fn going_back_shows_what_going_forth_has_shown() {
    let recordings = recordings();
    let feed = kept(&recordings);
    let mut state = replaying(&recordings);
    state.key(Key::Char(' '));
    let mut seen = Vec::new();
    for _ in 0..30 {
        seen.push(text(&state, 80, 24));
        state.key(Key::Right);
        state.turn(&feed, FRAME);
    }
    for before in seen.iter().skip(1).rev() {
        state.key(Key::Left);
        state.turn(&feed, FRAME);
        assert_eq!(&text(&state, 80, 24), before);
    }
}

#[test]
fn a_replay_goes_through_all_variants_and_stops_at_the_end() {
    let recordings = recordings();
    let feed = kept(&recordings);
    let mut state = replaying(&recordings);
    let mut places = Vec::new();
    for _ in 0..600 {
        state.turn(&feed, FRAME);
        places.push(text(&state, 80, 24).contains("coroutine, 2 of 2"));
    }
    assert!(places.contains(&false) && places.contains(&true));
    let end = text(&state, 80, 24);
    assert!(end.contains("PAUSED") && end.contains("× 30"), "{end}");
}

#[test]
fn the_slowest_request_is_gone_to_and_picked_and_named() {
    let recordings = recordings();
    let feed = kept(&recordings);
    let mut state = replaying(&recordings);
    state.key(Key::Char('s'));
    state.turn(&feed, FRAME);
    let took = |it: &concsim_engine::telemetry::Outcome| it.done.since(it.due);
    let outcomes = &recordings[0].outcomes;
    let longest = outcomes.iter().map(took).max().unwrap();
    let named = outcomes.iter().filter(|it| took(it) == longest).map(|it| {
        let number = it.request + 1;
        format!("Request {number} (profile) took {longest}, longer than any other.")
    });
    let screen = text(&state, 80, 24);
    assert!(
        named.into_iter().any(|text| screen.contains(&text)),
        "{screen}"
    );
    state.key(Key::Char('5'));
    state.turn(&feed, FRAME);
    let list = text(&state, 80, 24);
    let picked = list.lines().find(|line| line.starts_with("│▸"));
    let number = screen
        .split("Request ")
        .nth(1)
        .and_then(|it| it.split(' ').next());
    assert_eq!(
        picked.and_then(|it| it.split_whitespace().nth(1)),
        number,
        "{list}"
    );
    assert!(
        !list.contains("longer than any"),
        "named until the next key"
    );
}

#[test]
fn a_step_goes_to_the_next_thing_that_happened_and_back() {
    let recordings = recordings();
    let feed = kept(&recordings);
    let mut state = replaying(&recordings);
    state.key(Key::Char('s'));
    state.turn(&feed, FRAME);
    let here = text(&state, 80, 24);
    state.key(Key::Char('.'));
    state.turn(&feed, FRAME);
    let there = text(&state, 80, 24);
    assert_ne!(there.lines().nth(1), here.lines().nth(1));
    state.key(Key::Char(','));
    state.key(Key::Char('.'));
    state.turn(&feed, FRAME);
    state.key(Key::Char(','));
    state.turn(&feed, FRAME);
    assert!(text(&state, 80, 24).contains("PAUSED"));
}

#[test]
fn the_caption_of_a_timeline_event_is_shown_when_it_is_played_and_while_it_is_read_and_not_before()
{
    let mut recordings = recordings();
    let caption = "A worker was killed, and nobody at the door has noticed anything of it.";
    let recording = &mut recordings[0];
    let began = recording.header.began;
    recording.header.scenario.timeline = vec![TimelineEvent {
        at: Elapsed::from_secs(2),
        intervention: Intervention::KillWorker,
        caption: Some(caption.into()),
    }];
    let at = began + Elapsed::from_secs(2);
    recording.markers.push(Marker {
        at,
        intervention: Intervention::KillWorker,
        worker: Some(0),
        timeline_event: Some(0),
    });
    for sample in &mut recording.samples {
        sample.seen.markers = usize::from(at <= sample.at);
    }
    let mut state = replaying(&recordings);
    state.key(Key::Char(' '));
    // 71 characters take 5.3 s to read.
    for (tenths, is_shown) in [(15, false), (25, true), (65, true)] {
        state.look_at(0, began + Elapsed::from_millis(100 * tenths));
        state.turn(&kept(&recordings), Elapsed::ZERO);
        let text = text(&state, 100, 24);
        assert_eq!(
            text.contains("nobody at the door"),
            is_shown,
            "{tenths}: {text}"
        );
    }
    assert_eq!(
        super::super::travel::time_for(caption),
        Elapsed::from_millis(75 * 71)
    );
}

/// Samples are 0.1 s apart; while time goes on the list changes twice a second.
#[test]
fn after_a_leap_remarks_are_of_the_instant_and_while_time_goes_on_of_each_half_second() {
    let recordings = vec![sampled_more_often(&Synthetic::io_bound(Sync))];
    let feed = kept(&recordings);
    let mut state = replaying(&recordings);
    state.key(Key::Char('7'));
    let tenths = |state: &State| state.remarks_at.0 / 100_000_000;
    // From 2.3 s on, in steps of 100 ms.
    state.look_at(0, Stamp(2_300_000_000));
    state.turn(&feed, Elapsed::ZERO);
    let mut seen = vec![tenths(&state)];
    for _ in 0..8 {
        state.turn(&feed, Elapsed::from_millis(100));
        seen.push(tenths(&state));
    }
    assert_eq!(seen, [23, 23, 25, 25, 25, 25, 25, 30, 30]);
    // Keys leap by a second from 3.1 s to 4.1 s and back, while time goes on.
    for (key, leapt_to) in [(Key::FarRight, 41), (Key::FarLeft, 31)] {
        state.key(key);
        state.turn(&feed, Elapsed::ZERO);
        assert_eq!(tenths(&state), leapt_to, "{key:?}");
        assert!(text(&state, 160, 48).contains("REMARKS  on the last second"));
    }
    // Pictures of single instants are leaps, also forward.
    for tenth in [12, 34, 57] {
        state.look_at(0, Stamp(tenth * 100_000_000));
        state.turn(&feed, Elapsed::ZERO);
        assert_eq!(tenths(&state), tenth);
    }
}
