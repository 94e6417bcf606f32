//! Content of the screen at one instant: a card, or a picture with its caption.

use super::caption::{self, Caption, Now};
use super::row::Row;
use super::view_model::ViewModel;
use concsim_engine::telemetry::Stage;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::{Origin, Snapshot};

/// Least time for which a caption stays.
const READING_TIME: Elapsed = Elapsed::from_millis(1_500);

/// Kind of screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// Question of the plan, by position.
    Question(usize),
    /// Title card, before a variant is played.
    Title,
    /// Variant being played.
    Play,
    /// Result of all variants, in the lines that are also printed.
    Card(Vec<String>),
}

/// Everything that a frame is drawn from.
#[derive(Clone, Debug)]
pub(super) struct FrameState {
    pub(super) screen: Screen,
    /// Variant shown, by position.
    pub(super) variant: usize,
    pub(super) picture: ViewModel,
    /// Engine of the recording.
    pub(super) origin: Origin,
    /// Time at which load began: zero on the screen's clock.
    pub(super) began: Stamp,
    /// Topic of the caption …
    pub(super) topic: Caption,
    /// … the time since which it is shown …
    pub(super) caption_since: Stamp,
    /// … and its sentences.
    pub(super) caption: Vec<String>,
    /// Latest intervention, in words.
    pub(super) intervention_caption: Option<String>,
    /// Rows of the variants that have been played, by position.
    pub(super) rows: Vec<Option<Row>>,
    /// Answers per second of each variant before, in the second that ended as long after the beginning of
    /// its window as the last second here: for comparison with the mean of a run that goes on.
    pub(super) rates_then: Vec<Option<f64>>,
}

impl FrameState {
    /// Updates the caption: it stays as long as it is true and has not been read.
    pub(super) fn update_caption(
        &mut self,
        snapshot: Snapshot<'_>,
        same_processes: bool,
        stage_before: Stage,
    ) {
        let is_same_stage = self.picture.stage == stage_before;
        let (seen, sentences) = self.seen(snapshot, same_processes, is_same_stage);
        if seen != self.topic {
            self.caption_since = self.picture.at;
        }
        self.topic = seen;
        self.caption = sentences;
    }

    /// Shows the caption at the cursor's instant: that of the last sample if it is true then, or another
    /// one. The next sample starts from the caption of the last sample, not from this one.
    pub(super) fn set_caption_of_instant(&mut self, snapshot: Snapshot<'_>, same_processes: bool) {
        self.caption = self.seen(snapshot, same_processes, true).1;
    }

    fn seen(
        &self,
        snapshot: Snapshot<'_>,
        same_processes: bool,
        can_stay: bool,
    ) -> (Caption, Vec<String>) {
        let was_read = self.picture.at.since(self.caption_since) >= READING_TIME;
        let before = (can_stay && !was_read).then_some(self.topic);
        caption::caption(&Now::new(snapshot, &self.picture, same_processes), before)
    }
}
