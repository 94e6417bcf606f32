//! What is shown of one instant: a card, or a picture with its caption.

use super::caption::{self, Caption, Now};
use super::row::Row;
use super::view_model::ViewModel;
use concsim_engine::telemetry::Stage;
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::{Origin, Past};

/// A caption stays at least this long, so that it can be read.
const READING_TIME: Elapsed = Elapsed::from_millis(1_500);

/// What the screen is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// A question of the plan, by position: what will be seen?
    Question(usize),
    /// What comes next, before a variant is played.
    Title,
    /// A variant being played.
    Play,
    /// The result of all, in lines as they are printed too.
    Card(Vec<String>),
}

/// All that a picture is drawn from.
#[derive(Clone, Debug)]
pub(super) struct Show {
    pub(super) screen: Screen,
    /// Which variant is on, by position.
    pub(super) variant: usize,
    pub(super) picture: ViewModel,
    /// Where it comes from.
    pub(super) origin: Origin,
    /// When load began: zero on the screen's clock.
    pub(super) began: Stamp,
    /// What the caption is about …
    pub(super) sight: Caption,
    /// … since when …
    pub(super) sight_since: Stamp,
    /// … and what it says.
    pub(super) caption: Vec<String>,
    /// What somebody has just done to the run.
    pub(super) deed: Option<String>,
    /// One for each variant that has been played, by position.
    pub(super) rows: Vec<Option<Row>>,
    /// Answers per second of each variant before, in the second that ended as long after counting began
    /// there as the last second here: what the mean of a run that goes on can be compared with.
    pub(super) rates_then: Vec<Option<f64>>,
}

impl Show {
    /// Puts a caption under the picture: the same as before as long as it is true and has not been read.
    pub(super) fn say(&mut self, past: Past<'_>, same_processes: bool, stage_before: Stage) {
        let is_same_stage = self.picture.stage == stage_before;
        let (seen, sentences) = self.seen(past, same_processes, is_same_stage);
        if seen != self.sight {
            self.sight_since = self.picture.at;
        }
        self.sight = seen;
        self.caption = sentences;
    }

    /// Says of the cursor's instant what the caption of the last sample says of that sample, if it is true
    /// then, or another caption. The next sample follows the last one, not this.
    pub(super) fn say_of_the_instant(&mut self, past: Past<'_>, same_processes: bool) {
        self.caption = self.seen(past, same_processes, true).1;
    }

    fn seen(&self, past: Past<'_>, same_processes: bool, can_stay: bool) -> (Caption, Vec<String>) {
        let was_read = self.picture.at.since(self.sight_since) >= READING_TIME;
        let before = (can_stay && !was_read).then_some(self.sight);
        caption::caption(&Now::new(past, &self.picture, same_processes), before)
    }
}
