//! Captions of a variant as text: for readers of lines, who see no screen.

use crate::{Row, State};
use concsim_model::scenario::Plan;
use concsim_model::units::Elapsed;
use concsim_record::Recording;
use concsim_record::feed::Feed;
use concsim_record::summary::summarise;

/// Time between two instants that are looked at.
const EVERY: Elapsed = Elapsed::from_millis(500);

/// Returns captions of the last of these recordings, each with its time since the beginning of load: those that
/// differ from the one before in more than their numbers, at most `most` of them.
#[must_use]
pub fn captions(plan: &Plan, recordings: &[Recording], most: usize) -> Vec<(Elapsed, String)> {
    let Some(recording) = recordings.last() else {
        return Vec::new();
    };
    let Some(end) = recording.samples.last().map(|sample| sample.at) else {
        return Vec::new();
    };
    let mut state = State::new(plan, recording.header.machine.cores);
    let rows = recordings.iter().map(summarise);
    let rows = rows.map(|run| Row::of(&run, state.subject())).collect();
    state.replay(rows);
    let feed = Feed {
        over: recordings,
        now: None,
    };
    let mut captions: Vec<(Elapsed, String)> = Vec::new();
    let mut after = EVERY;
    let began = recording.header.began;
    while began + after < end && captions.len() < most {
        state.look_at(recordings.len() - 1, began + after);
        state.turn(&feed, Elapsed::ZERO);
        let text = state.caption().join(" ");
        let is_new = captions.iter().all(|(_, it)| words(it) != words(&text));
        if is_new && !text.is_empty() {
            captions.push((after, text));
        }
        after += EVERY;
    }
    captions
}

/// Returns a caption without its numbers.
fn words(caption: &str) -> String {
    caption.chars().filter(|it| it.is_alphabetic()).collect()
}
