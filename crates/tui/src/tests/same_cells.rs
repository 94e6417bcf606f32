//! A run is drawn the same while it goes on and afterwards, cell by cell, except open cells: the state of
//! workers at the newest sample is reported later.
//!
//! A live run is a recording that grows between any two frames, and the screen has shown its beginning
//! frame by frame. Afterwards the screen leaps to the instant, and has the whole recording.

use proptest::prelude::*;
use ratatui_core::buffer::{Buffer, Cell};

use super::staging::{drawn, plan};
use crate::{Key, State};
use concsim_model::scenario::WorkerKind::{self, Coroutine, Sync};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::feed::Feed;
use concsim_record::synthetic::Synthetic;
use concsim_record::{ListLengths, Recording};

const FRAME: Elapsed = Elapsed::from_millis(83);

/// Returns the recording with ten samples a second, as close as those of a real run.
pub(super) fn sampled_more_often(run: &Synthetic) -> Recording {
    let mut recording = run.recording();
    let end = recording.samples[recording.samples.len() - 1].at;
    let regular = (0..end.0 / 100_000_000).map(|tenth| Stamp(tenth * 100_000_000));
    let samples = regular.map(|at| run.sample_at(at)).collect();
    recording.samples = samples;
    concsim_record::synthetic::read_sample_by_sample(&mut recording);
    recording
}

/// Returns the part of a recording that the recorder had after this number of samples. It reads its rings
/// more often than it takes samples, so some events between this one and the next are included.
pub(super) fn so_far(whole: &Recording, samples: usize) -> Recording {
    let next = whole
        .samples
        .get(samples)
        .unwrap_or(&whole.samples[samples - 1]);
    let ListLengths {
        outcomes,
        sent,
        events,
        switches,
        answers,
        ..
    } = next.seen;
    let mut so_far = whole.clone();
    so_far.samples.truncate(samples);
    so_far.outcomes.truncate(outcomes);
    so_far.sent.truncate(sent);
    so_far.events.truncate(events);
    so_far.switches.truncate(switches);
    so_far.answers.truncate(answers);
    so_far
}

/// Returns all cells except the lines that show the state of the cursor and the keys.
fn in_the_middle(buffer: &Buffer) -> &[Cell] {
    let width = usize::from(buffer.area.width);
    &buffer.content[width * 2..buffer.content.len() - width]
}

fn runs() -> impl Strategy<Value = fn(WorkerKind) -> Synthetic> {
    let all: Vec<fn(WorkerKind) -> Synthetic> =
        vec![Synthetic::io_bound, Synthetic::three_requests];
    prop::sample::select(all)
}

/// Returns keys that lead to a view, and zoom in.
fn views() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["1", "2", "2z", "2x", "3", "4", "5", "5o", "6", "8"])
}

/// Returns the lines of both screens that differ, as text.
fn differences(seen: &Buffer, again: &Buffer) -> String {
    let width = usize::from(seen.area.width);
    let line = |cells: &[Cell]| cells.iter().map(Cell::symbol).collect::<String>();
    let lines = in_the_middle(seen).chunks(width);
    let lines = lines.zip(in_the_middle(again).chunks(width));
    let different = lines.filter(|(seen, again)| seen != again);
    let different = different.map(|(seen, again)| format!("{}\n{}\n", line(seen), line(again)));
    different.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_leap_into_a_kept_run_shows_what_was_shown_a_moment_later_while_it_went_on(
        play in runs(),
        keys in views(),
        steps in prop::collection::vec(1_usize..9, 1..8),
        back in 0_u64..99,
        (width, height) in prop::sample::select(vec![(80_u16, 24_u16), (160, 48), (50, 14)]),
    ) {
        let whole = [Sync, Coroutine].map(|kind| sampled_more_often(&play(kind)));
        let variant = whole.iter().map(|it| (it.header.variant.as_str(), it.header.scenario.clone()));
        let plan = plan("a claim", variant.collect());
        let mut live = State::new(&plan, 2);
        let mut later = State::new(&plan, 2);
        later.replay(Vec::new());
        for variant in 0..whole.len() {
            live.begin_variant(variant);
            let mut samples = 1;
            for step in &steps {
                samples += step;
                // At the end the result is there, which a live run does not have.
                if samples >= whole[variant].samples.len() {
                    break;
                }
                // The instant is between the two samples before the last one.
                let now = so_far(&whole[variant], samples);
                let known = now.samples[samples - 2].at.0;
                let at = Stamp(known.saturating_sub(back * 1_000_000));
                let feed = Feed { over: &whole[..variant], now: Some(&now) };
                live.turn(&feed, FRAME);
                let kept = Feed { over: &whole, now: None };
                later.look_at(variant, now.samples[samples - 1].at);
                later.turn(&kept, Elapsed::ZERO);
                if variant == 0 && samples == step + 1 {
                    for key in keys.chars() {
                        live.key(Key::Char(key));
                        later.key(Key::Char(key));
                    }
                    live.turn(&feed, Elapsed::ZERO);
                }
                let mut paused = live.clone();
                paused.key(Key::Char(' '));
                paused.look_at(variant, at);
                paused.turn(&feed, Elapsed::ZERO);
                later.look_at(variant, at);
                later.turn(&kept, Elapsed::ZERO);
                let (seen, again) = (drawn(&paused, width, height), drawn(&later, width, height));
                prop_assert_eq!(differences(&seen, &again), "", "at {}", at);
            }
        }
    }
}
