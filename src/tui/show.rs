//! What is shown of one instant: a card, or a picture with its caption.

use super::picture::Picture;
use super::row::Row;
use super::sight::Sight;
use crate::recording::Origin;
use crate::recording::remark::Kind;
use crate::telemetry::Stage;
use crate::units::{Elapsed, Stamp};

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
    pub(super) picture: Picture,
    /// Where it comes from.
    pub(super) origin: Origin,
    /// When load began: zero on the screen's clock.
    pub(super) began: Stamp,
    /// What the caption is about …
    pub(super) sight: Sight,
    /// … since when …
    pub(super) sight_since: Stamp,
    /// … and what it says.
    pub(super) caption: Vec<String>,
    /// What somebody has just done to the run.
    pub(super) deed: Option<String>,
    /// One for each variant that has been played, by position.
    pub(super) rows: Vec<Option<Row>>,
}

impl Show {
    /// Puts `sentences` about what is `seen` under the picture, unless others are still being read.
    pub(super) fn say(&mut self, seen: Sight, sentences: Vec<String>, stage_before: Stage) {
        let said_little = matches!(self.sight, Sight::Preparing | Sight::Quiet);
        let was_read = self.picture.at.since(self.sight_since) >= READING_TIME;
        let is_new = seen != self.sight;
        // A death is over before anything else has been read.
        let can_wait = seen != Sight::Remark(Kind::WorkerGone);
        let is_same_stage = self.picture.stage == stage_before;
        if is_new && can_wait && !said_little && !was_read && is_same_stage {
            return;
        }
        if is_new {
            self.sight_since = self.picture.at;
        }
        self.sight = seen;
        self.caption = sentences;
    }
}
