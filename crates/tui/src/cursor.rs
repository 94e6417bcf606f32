//! Position of the screen in a run, and its motion: along with a live run, through the recording at some
//! speed, or paused.

use super::indexes::Indexes;
use concsim_engine::telemetry::Outcome;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::Recording;
use concsim_record::feed::Feed;

/// Speeds of replay, slowest first: numerator and denominator.
const SPEEDS: [(u64, u64); 10] = [
    (1, 10_000),
    (1, 3_000),
    (1, 1_000),
    (1, 300),
    (1, 100),
    (1, 30),
    (1, 10),
    (1, 3),
    (1, 1),
    (4, 1),
];
/// Index in [`SPEEDS`] of the clock's own speed.
const REAL_SPEED: usize = 8;

/// Motion of the cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Motion {
    /// Follows the newest instant of the run.
    #[default]
    Live,
    /// Moves through the recording.
    Playing,
    /// Stays.
    Paused,
}

/// Move of the cursor by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CursorMotion {
    /// Next event, and pause there.
    StepForward,
    /// Last event before, and pause there.
    StepBack,
    /// Forward by this length.
    Forward(Elapsed),
    /// Back by this length.
    Back(Elapsed),
    /// Beginning of the variant.
    Begin,
    /// End of the run; of a live run, its newest instant, which is then followed.
    End,
    /// Beginning of the next variant.
    NextVariant,
    /// Beginning of this variant, or of the one before.
    LastVariant,
    /// Middle of the request that took longest.
    Slowest,
    /// This instant of the variant.
    To(Stamp),
    /// Next intervention, or edge of the window.
    NextMarker,
    /// Last intervention before, or edge of the window.
    LastMarker,
}

/// Position in a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    /// Variant, by position.
    pub(super) variant: usize,
    /// Instant in the variant.
    pub(super) at: Stamp,
    pub(super) motion: Motion,
    speed: usize,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            variant: 0,
            at: Stamp::ZERO,
            motion: Motion::Live,
            speed: REAL_SPEED,
        }
    }
}

impl Cursor {
    /// Creates a cursor that plays a finished run from its beginning.
    pub(super) fn replaying() -> Self {
        Self {
            motion: Motion::Playing,
            ..Self::default()
        }
    }

    /// Pauses, or goes on from its position.
    pub(super) fn toggle_pause(&mut self) {
        self.motion = match self.motion {
            Motion::Live | Motion::Playing => Motion::Paused,
            Motion::Paused => Motion::Playing,
        };
    }

    /// Slows down by one step.
    pub(super) fn slower(&mut self) {
        self.speed = self.speed.saturating_sub(1);
        self.leave_the_present();
    }

    /// Speeds up by one step.
    pub(super) fn faster(&mut self) {
        self.speed = (self.speed + 1).min(SPEEDS.len() - 1);
    }

    /// Returns the speed, `1/1 000`; `None` at the clock's own speed.
    pub(super) fn speed(&self) -> Option<(u64, u64)> {
        (self.speed != REAL_SPEED).then_some(SPEEDS[self.speed])
    }

    fn leave_the_present(&mut self) {
        if self.motion == Motion::Live {
            self.motion = Motion::Playing;
        }
    }

    /// Lets `passed` go by.
    pub(super) fn pass(&mut self, feed: &Feed<'_>, passed: Elapsed) {
        match self.motion {
            Motion::Paused => {}
            Motion::Live => self.go_to_the_end(feed),
            Motion::Playing => {
                let (times, parts) = SPEEDS[self.speed];
                self.at = self.at + Elapsed(passed.0 * times / parts);
                self.turn_the_page(feed);
            }
        }
    }

    /// Makes the move of a key.
    pub(super) fn move_by_key(
        &mut self,
        feed: &Feed<'_>,
        indexes: &mut Indexes,
        motion: CursorMotion,
    ) {
        let Some(recording) = feed.recording(self.variant) else {
            return;
        };
        let Some((begin, end)) = span(feed, self.variant) else {
            return;
        };
        self.at = self.at.max(begin).min(end);
        match motion {
            CursorMotion::StepForward => {
                let instants = indexes.instants(feed, self.variant);
                self.step(instants.next_after(recording, self.at));
            }
            CursorMotion::StepBack => {
                let instants = indexes.instants(feed, self.variant);
                self.step(instants.last_before(recording, self.at));
            }
            CursorMotion::Forward(by) => {
                self.at = self.at + by;
                self.leave_the_present();
                self.turn_the_page(feed);
            }
            CursorMotion::Back(by) => {
                self.leave_the_present();
                self.at = Stamp(self.at.0.saturating_sub(by.0)).max(begin);
            }
            CursorMotion::To(at) => {
                self.leave_the_present();
                self.at = at.max(begin).min(end);
            }
            CursorMotion::Begin => self.begin(feed, self.variant),
            CursorMotion::End => self.go_to_the_end(feed),
            CursorMotion::NextVariant => {
                if self.variant + 1 < feed.count() {
                    self.begin(feed, self.variant + 1);
                }
            }
            CursorMotion::LastVariant => {
                let is_at_begin = self.at.since(begin) < Elapsed::from_secs(1);
                let before = self.variant.saturating_sub(usize::from(is_at_begin));
                self.begin(feed, before);
            }
            CursorMotion::NextMarker => {
                // The end of the window is known before it comes.
                let later = marks(recording).filter(|at| *at > self.at && *at <= end);
                self.step(later.min());
            }
            CursorMotion::LastMarker => {
                self.step(marks(recording).filter(|at| *at < self.at).max());
            }
            CursorMotion::Slowest => {
                self.step(slowest(recording).map(|it| Stamp(it.due.0.midpoint(it.done.0))));
            }
        }
    }

    fn step(&mut self, to: Option<Stamp>) {
        self.motion = Motion::Paused;
        self.at = to.unwrap_or(self.at);
    }

    fn begin(&mut self, feed: &Feed<'_>, variant: usize) {
        self.leave_the_present();
        self.variant = variant;
        self.at = span(feed, variant).map_or(Stamp::ZERO, |(begin, _)| begin);
    }

    /// True if nothing lies behind it.
    pub(super) fn is_at_the_end(&self, feed: &Feed<'_>) -> bool {
        let last = feed.count().checked_sub(1);
        let end = last.and_then(|last| span(feed, last));
        Some(self.variant) == last && end.is_none_or(|(_, end)| self.at >= end)
    }

    /// Follows the live run again.
    pub(super) fn catch_up(&mut self) {
        self.motion = Motion::Live;
    }

    fn go_to_the_end(&mut self, feed: &Feed<'_>) {
        self.variant = feed.count().saturating_sub(1);
        self.at = span(feed, self.variant).map_or(Stamp::ZERO, |(_, end)| end);
        self.motion = if feed.is_live() {
            Motion::Live
        } else {
            Motion::Paused
        };
    }

    /// Passes the end of a variant: the next variant begins, or a live run is followed again.
    fn turn_the_page(&mut self, feed: &Feed<'_>) {
        let Some((_, end)) = span(feed, self.variant) else {
            return;
        };
        if self.at < end {
            return;
        }
        if self.variant + 1 < feed.count() {
            let motion = self.motion;
            self.begin(feed, self.variant + 1);
            self.motion = motion;
        } else {
            self.go_to_the_end(feed);
        }
    }
}

/// Returns the ended request that took longest.
pub(super) fn slowest(recording: &Recording) -> Option<&Outcome> {
    let outcomes = recording.outcomes.iter();
    outcomes.max_by_key(|outcome| outcome.done.since(outcome.due))
}

/// Returns the times of a variant's first and last sample.
fn span(feed: &Feed<'_>, variant: usize) -> Option<(Stamp, Stamp)> {
    let samples = &feed.recording(variant)?.samples;
    Some((samples.first()?.at, samples.last()?.at))
}

/// Returns the times of interventions and of the edges of the window.
fn marks(recording: &Recording) -> impl Iterator<Item = Stamp> {
    let window = recording.header.window.into_iter();
    let edges = window.flat_map(|window| [window.begin, window.end]);
    recording
        .markers
        .iter()
        .map(|marker| marker.at)
        .chain(edges)
}
