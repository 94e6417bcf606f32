//! Moves of the screen through a run: along with it, at some speed, or in one leap.

use super::cursor::{Cursor, CursorMotion, Motion, slowest};
use super::frame_state::Screen;
use super::lanes;
use super::pane::Pane;
use super::row::Row;
use super::spectrum::Spectrum;
use super::state::{State, Verdict};
use super::view_model::Frame;
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::{grouped, number_of};
use concsim_record::feed::Feed;
use concsim_record::lanes::Index;
use concsim_record::remark::{self, Context};
use concsim_record::trust;
use concsim_record::{Recording, Snapshot};

/// Least time for which an intervention is reported …
const INTERVENTION_SHOWN: Elapsed = Elapsed::from_secs(4);
/// … and the time for each character of a longer report.
const READING: Elapsed = Elapsed::from_millis(75);

/// Number of samples between bookmarks, from which the screen is rebuilt to go back in time.
const BOOKMARK_EVERY: usize = 24;

/// Result of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnResult {
    /// Nothing has changed.
    Same,
    /// Something may have changed.
    Another,
}

/// Longest step forward that is not a leap.
const STEP: Elapsed = Elapsed::from_millis(500);

impl TurnResult {
    fn of(touched: bool) -> Self {
        if touched { Self::Another } else { Self::Same }
    }
}

impl State {
    /// Switches to replay of a stored run with these results. Nothing is asked in it, so its claim is
    /// shown.
    pub fn replay(&mut self, rows: Vec<Row>) {
        for (place, row) in self.rows.iter_mut().zip(rows) {
            *place = Some(row);
        }
        self.cursor = Cursor::replaying();
        self.is_kept = true;
        self.drop_questions();
        self.show.screen = Screen::Play;
    }

    /// Lets time pass, makes the pending move of the cursor, and shows the result. Returns whether the
    /// screen may have changed: if nothing moves, nothing is computed.
    pub fn turn(&mut self, feed: &Feed<'_>, passed: Elapsed) -> TurnResult {
        let touched = std::mem::take(&mut self.has_changed);
        if feed.count() == 0 {
            return TurnResult::of(touched);
        }
        if !feed.is_live() {
            self.leaf_through(feed);
        }
        let before = (self.cursor.variant, self.cursor.at);
        let motion = self.pending_move.take();
        let asked = touched || motion.is_some();
        match motion {
            Some(request_of_key) => {
                self.cursor
                    .move_by_key(feed, &mut self.indexes, request_of_key);
                self.jumped_to = Some((self.cursor.variant, self.cursor.at));
                if request_of_key == CursorMotion::Slowest {
                    self.name_the_slowest(feed);
                }
            }
            None if matches!(self.show.screen, Screen::Card(_)) => return TurnResult::of(touched),
            None => self.cursor.pass(feed, passed),
        }
        if !asked && before == (self.cursor.variant, self.cursor.at) {
            return TurnResult::Same;
        }
        if self.cursor.variant != self.show.variant {
            self.enter(self.cursor.variant);
        }
        let recording = feed.recording(self.cursor.variant);
        if let Some(snapshot) =
            recording.and_then(|recording| recording.snapshot_at(self.cursor.at))
        {
            self.show.screen = Screen::Play;
            self.show(&snapshot);
            self.indexes.read(feed);
            self.count_one_by_one(feed, &snapshot);
            self.show_the_instant(feed, &snapshot);
            self.show_rows(feed);
            let before = 0..self.cursor.variant;
            let rate = |variant| {
                let (over, index) = (feed.recording(variant)?, self.indexes.of(variant)?);
                rate_then(over, index, &snapshot)
            };
            self.show.rates_then = before.map(rate).collect();
            if self.pane == Pane::Remarks {
                self.look_for_remarks(&snapshot);
            }
            if self.pane == Pane::Theory {
                self.look_up_theory(&snapshot);
            }
            self.look_closer(feed);
        }
        TurnResult::Another
    }

    /// Counts requests at the door and answers exactly, if all of them are known: now, and in the last
    /// second.
    fn count_one_by_one(&mut self, feed: &Feed<'_>, snapshot: &Snapshot<'_>) {
        let variant = self.cursor.variant;
        let Some(index) = self.indexes.of(variant) else {
            return;
        };
        let picture = &mut self.show.picture;
        picture.mean = snapshot.last_second().means_by(index);
        let recording = feed.recording(variant);
        let door = recording.and_then(|it| index.at_the_door(it, snapshot.sample().at));
        picture.door = door.unwrap_or(picture.door);
        self.watch.sees_at_the_door(picture.door);
        picture.most = self.watch.most();
    }

    /// Puts the state at the cursor's instant into the picture of the last sample. At the newest sample the
    /// picture is that state.
    fn show_the_instant(&mut self, feed: &Feed<'_>, snapshot: &Snapshot<'_>) {
        let (variant, at) = (self.cursor.variant, self.cursor.at);
        let newest = feed.recording(variant).and_then(|it| it.samples.last());
        if newest.is_none_or(|newest| at >= newest.at) {
            return;
        }
        let later = snapshot.reported_by(at).get(snapshot.outcomes().len()..);
        let later = later.unwrap_or_default().iter();
        let ended = later.filter(|outcome| outcome.done <= at);
        self.show.picture.latencies = self.watch.latencies_with(ended);
        let kind = snapshot.header().scenario.server.kind;
        if let Some(now) = self.indexes.instant(feed, variant, at) {
            let picture = &mut self.show.picture;
            // The cursor may have been elsewhere since the same sample.
            picture.stage_age = self.watch.lasted(snapshot.sample());
            picture.most = self.watch.most();
            picture.at = snapshot.sample().at;
            picture.show_instant(&now, snapshot.sample(), kind);
            let same_processes = self.has_the_same_processes();
            self.show.set_caption_of_instant(*snapshot, same_processes);
        }
    }

    /// Selects the request that took longest, and reports its number.
    fn name_the_slowest(&mut self, feed: &Feed<'_>) {
        let Some(recording) = feed.recording(self.cursor.variant) else {
            return;
        };
        let Some(outcome) = slowest(recording) else {
            self.reply = Some("No request has ended yet.".into());
            return;
        };
        self.requests.pick(outcome.request);
        let kinds = &recording.header.scenario.requests;
        let kind = kinds.get(usize::from(outcome.class));
        let kind = kind.map_or(String::new(), |kind| format!(" ({})", kind.name));
        self.reply = Some(format!(
            "Request {}{kind} took {}, longer than any other{}.",
            grouped(number_of(outcome.request)),
            outcome.done.since(outcome.due),
            outcome.failure.map_or("", |_| ", and failed")
        ));
    }

    /// Updates the remarks; while time goes on, no oftener than they can be read.
    fn look_for_remarks(&mut self, snapshot: &Snapshot<'_>) {
        let at = self.text_instant(snapshot);
        let span = at.last_second();
        let index = self.indexes.of(self.cursor.variant);
        let means = index.map_or_else(|| span.means(), |index| span.means_by(index));
        let doubts = &self.show.picture.doubts;
        let context = Context::of_the_last_second(at, means, doubts).with_index(index);
        self.remarks = remark::all(&context);
        self.remarks_at = at.sample().at;
    }

    /// Returns the frame at `past` with its trust. Judging trust takes longer than everything else, and it
    /// changes no oftener than it can be read.
    fn judged<'a>(&mut self, snapshot: &Snapshot<'a>) -> Frame<'a> {
        let at = self.text_instant(snapshot);
        let place = (self.show.variant, at.newest());
        let kept = self.verdict.take().filter(|kept| kept.place == place);
        let verdict = kept.unwrap_or_else(|| {
            let (trust, doubts) = self.judge.judge(self.show.variant, &at);
            Verdict {
                place,
                trust,
                doubts,
            }
        });
        let frame = Frame {
            snapshot: *snapshot,
            trust: verdict.trust,
            doubts: verdict.doubts.clone(),
        };
        self.verdict = Some(verdict);
        frame
    }

    /// Returns the instant whose texts a screen drawn at `past` shows: while time goes on it advances twice
    /// a second, so that the texts can be read. After a leap, and while time stands still, it is `past`
    /// itself.
    fn text_instant<'a>(&self, snapshot: &Snapshot<'a>) -> Snapshot<'a> {
        if self.is_paused() {
            return *snapshot;
        }
        let now = snapshot.sample().at;
        let text = Stamp(now.0 - now.0 % trust::POINTS.0);
        let leapt_to = self.jumped_to.filter(|(variant, at)| {
            *variant == self.show.variant && *at <= now.max(self.cursor.at)
        });
        let line = leapt_to.map_or(text, |(_, at)| text.max(at));
        let samples = snapshot
            .samples()
            .partition_point(|sample| sample.at <= line);
        samples
            .checked_sub(1)
            .map_or(*snapshot, |newest| snapshot.earlier(newest))
    }

    /// Updates the data of the current view besides the picture.
    fn look_closer(&mut self, feed: &Feed<'_>) {
        // The overview has lanes too if there is room.
        let has_lanes = matches!(self.pane, Pane::Lanes | Pane::Overview);
        let has_answers = matches!(self.pane, Pane::Latency | Pane::Requests | Pane::Theory);
        let needs_it = has_lanes || has_answers;
        // A stored run is read completely before its first picture, so that no later one is slow.
        if needs_it || !feed.is_live() {
            self.indexes.read(feed);
        }
        if !needs_it {
            return;
        }
        if has_lanes {
            let rows = match self.pane {
                Pane::Overview => lanes::FEW_ROWS,
                _ => lanes::MOST_ROWS,
            };
            self.lanes
                .layout_at(feed, &self.indexes, &self.cursor, rows);
            return;
        }
        let (variant, at) = (self.cursor.variant, self.cursor.at);
        let Some(seen) = self.indexes.seen(feed, variant, at) else {
            return;
        };
        let counted = self.watch.counted_window();
        match self.pane {
            Pane::Latency => self.spectrum = Some(Spectrum::of(&seen, counted)),
            Pane::Theory => self.theory.update(&seen, counted),
            _ => self.requests.update(&seen),
        }
    }

    /// Shows the results known at the cursor: of the variants before, and of its own at its end.
    fn show_rows(&mut self, feed: &Feed<'_>) {
        let variant = self.cursor.variant;
        let goes_on = feed.is_live() && variant + 1 == feed.count();
        let samples = feed
            .recording(variant)
            .map(|recording| recording.samples.len());
        let is_at_end = samples == Some(self.known_samples);
        let shown = variant + usize::from(is_at_end && !goes_on);
        for (position, (shows, known)) in self.show.rows.iter_mut().zip(&self.rows).enumerate() {
            *shows = known.filter(|_| position < shown);
        }
    }

    /// Moves the cursor to an instant of a variant.
    pub fn look_at(&mut self, variant: usize, at: Stamp) {
        let before = self.cursor;
        let goes_on = before.variant == variant && before.at <= at && at <= before.at + STEP;
        if !goes_on {
            self.jumped_to = Some((variant, at));
        }
        (self.cursor.variant, self.cursor.at) = (variant, at);
        self.has_changed = true;
    }

    /// True if the screen stays at its instant.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.cursor.motion == Motion::Paused
    }

    /// True if the screen follows the newest instant of a live run.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.cursor.motion == Motion::Live
    }

    /// Returns the position in the run, and the motion.
    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Creates the bookmarks of stored variants, so that every leap into them is short.
    fn leaf_through(&mut self, feed: &Feed<'_>) {
        for (variant, recording) in feed.over.iter().enumerate() {
            let bookmarks = recording.samples.len().div_ceil(BOOKMARK_EVERY);
            if self.bookmarks[variant].len() >= bookmarks {
                continue;
            }
            let place = (self.watch.clone(), self.show.clone(), self.known_samples);
            let scrolled = self.scrolled;
            self.enter(variant);
            if let Some(end) = recording.present() {
                self.show(&end);
            }
            (self.watch, self.show, self.known_samples) = place;
            self.scrolled = scrolled;
        }
    }

    /// Shows the current variant at `past`. Every sample since the last one shown is taken in, so that the
    /// screen does not depend on the number of frames drawn; a leap, back or forth, begins at the nearest
    /// bookmark before.
    pub fn show(&mut self, snapshot: &Snapshot<'_>) {
        let newest = snapshot.newest();
        if newest + 1 == self.known_samples {
            return;
        }
        let laid = self.bookmarks[self.show.variant].len();
        let nearest = (newest / BOOKMARK_EVERY).min(laid.saturating_sub(1));
        if newest < self.known_samples || nearest * BOOKMARK_EVERY > self.known_samples {
            self.open(nearest);
        }
        for on_the_way in self.known_samples..newest {
            self.add_bookmark(on_the_way);
            self.add_changes(&Frame::of(snapshot.earlier(on_the_way)));
        }
        self.add_bookmark(newest);
        let frame = self.judged(snapshot);
        self.observe(&frame);
        self.known_samples = newest + 1;
        let header = snapshot.header();
        (self.show.began, self.show.origin) = (header.began, header.origin);
        let text = snapshot
            .markers()
            .last()
            .map(|last| (last.at, header.caption_of(last)));
        let is_read =
            |(at, line): &(Stamp, String)| snapshot.sample().at.since(*at) < time_for(line);
        self.show.intervention_caption = text.filter(is_read).map(|(_, sentence)| sentence);
    }

    /// Stores a bookmark before the sample at this position, if one is due there.
    fn add_bookmark(&mut self, sample: usize) {
        let bookmarks = &mut self.bookmarks[self.show.variant];
        if sample == bookmarks.len() * BOOKMARK_EVERY {
            bookmarks.push((self.watch.clone(), self.show.clone()));
        }
    }

    /// Restores a bookmark.
    fn open(&mut self, bookmark: usize) {
        let (watch, show) = self.bookmarks[self.show.variant][bookmark].clone();
        let rows = std::mem::take(&mut self.show.rows);
        (self.watch, self.show) = (watch, show);
        self.show.rows = rows;
        self.known_samples = bookmark * BOOKMARK_EVERY;
    }
}

/// Returns the answers per second of a finished variant, as long after its counting began as `past` is in
/// another.
fn rate_then(over: &Recording, index: &Index, snapshot: &Snapshot<'_>) -> Option<f64> {
    let (begin, window) = (snapshot.window_so_far()?.begin, over.header.window?);
    let now = snapshot.sample().at;
    let then = window.begin + now.since(begin);
    let then = over.snapshot_at(then).filter(|_| then <= window.end)?;
    (now >= begin).then(|| then.last_second().means_by(index).throughput)
}

/// Returns the time for which a report stays.
pub(super) fn time_for(text: &str) -> Elapsed {
    Elapsed(READING.0 * text.chars().count() as u64).max(INTERVENTION_SHOWN)
}
