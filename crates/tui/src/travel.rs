//! Moves of the screen through a run: along with it, at some speed, or in one leap.

use super::cursor::{Cursor, CursorMotion, Motion, slowest};
use super::lanes;
use super::pane::Pane;
use super::row::Row;
use super::show::Screen;
use super::spectrum::Spectrum;
use super::state::{State, Verdict};
use super::view_model::Frame;
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::{grouped, number_of};
use concsim_record::feed::Feed;
use concsim_record::lanes::Index;
use concsim_record::remark::{self, Context};
use concsim_record::trust;
use concsim_record::{Past, Recording};

/// Least time for which an intervention is reported …
const DEED_STAYS: Elapsed = Elapsed::from_secs(4);
/// … and the time for each character of a longer report.
const READING: Elapsed = Elapsed::from_millis(75);

/// Number of samples between bookmarks, from which the screen is rebuilt to go back in time.
const BOOKMARK_EVERY: usize = 24;

/// Result of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// Nothing has changed.
    Same,
    /// Something may have changed.
    Another,
}

/// Longest step forward that is not a leap.
const STEP: Elapsed = Elapsed::from_millis(500);

impl Turned {
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
        self.ask_nothing();
        self.show.screen = Screen::Play;
    }

    /// Lets time pass, makes the pending move of the cursor, and shows the result. Returns whether the
    /// screen may have changed: if nothing moves, nothing is computed.
    pub fn turn(&mut self, feed: &Feed<'_>, passed: Elapsed) -> Turned {
        let touched = std::mem::take(&mut self.touched);
        if feed.count() == 0 {
            return Turned::of(touched);
        }
        if !feed.is_live() {
            self.leaf_through(feed);
        }
        let before = (self.cursor.variant, self.cursor.at);
        let wish = self.wish.take();
        let asked = touched || wish.is_some();
        match wish {
            Some(wish) => {
                self.cursor.grant(feed, &mut self.indexes, wish);
                self.leapt_to = Some((self.cursor.variant, self.cursor.at));
                if wish == CursorMotion::Slowest {
                    self.name_the_slowest(feed);
                }
            }
            None if matches!(self.show.screen, Screen::Card(_)) => return Turned::of(touched),
            None => self.cursor.pass(feed, passed),
        }
        if !asked && before == (self.cursor.variant, self.cursor.at) {
            return Turned::Same;
        }
        if self.cursor.variant != self.show.variant {
            self.enter(self.cursor.variant);
        }
        let recording = feed.recording(self.cursor.variant);
        if let Some(past) = recording.and_then(|recording| recording.past_at(self.cursor.at)) {
            self.show.screen = Screen::Play;
            self.show(&past);
            self.indexes.read(feed);
            self.count_one_by_one(feed, &past);
            self.show_the_instant(feed, &past);
            self.show_rows(feed);
            let before = 0..self.cursor.variant;
            let rate = |variant| {
                let (over, index) = (feed.recording(variant)?, self.indexes.of(variant)?);
                rate_then(over, index, &past)
            };
            self.show.rates_then = before.map(rate).collect();
            if self.pane == Pane::Remarks {
                self.look_for_remarks(&past);
            }
            if self.pane == Pane::Theory {
                self.look_up_theory(&past);
            }
            self.look_closer(feed);
        }
        Turned::Another
    }

    /// Counts requests at the door and answers exactly, if all of them are known: now, and in the last
    /// second.
    fn count_one_by_one(&mut self, feed: &Feed<'_>, past: &Past<'_>) {
        let variant = self.cursor.variant;
        let Some(index) = self.indexes.of(variant) else {
            return;
        };
        let picture = &mut self.show.picture;
        picture.mean = past.last_second().means_by(index);
        let recording = feed.recording(variant);
        let door = recording.and_then(|it| index.at_the_door(it, past.sample().at));
        picture.door = door.unwrap_or(picture.door);
        self.watch.sees_at_the_door(picture.door);
        picture.most = self.watch.most();
    }

    /// Puts the state at the cursor's instant into the picture of the last sample. At the newest sample the
    /// picture is that state.
    fn show_the_instant(&mut self, feed: &Feed<'_>, past: &Past<'_>) {
        let (variant, at) = (self.cursor.variant, self.cursor.at);
        let newest = feed.recording(variant).and_then(|it| it.samples.last());
        if newest.is_none_or(|newest| at >= newest.at) {
            return;
        }
        let later = past.reported_by(at).get(past.outcomes().len()..);
        let later = later.unwrap_or_default().iter();
        let ended = later.filter(|outcome| outcome.done <= at);
        self.show.picture.latencies = self.watch.latencies_with(ended);
        let kind = past.header().scenario.server.kind;
        if let Some(now) = self.indexes.instant(feed, variant, at) {
            let picture = &mut self.show.picture;
            // The cursor may have been elsewhere since the same sample.
            picture.lasted = self.watch.lasted(past.sample());
            picture.most = self.watch.most();
            picture.at = past.sample().at;
            picture.show_instant(&now, past.sample(), kind);
            let same_processes = self.has_the_same_processes();
            self.show.say_of_the_instant(*past, same_processes);
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
    fn look_for_remarks(&mut self, past: &Past<'_>) {
        let at = self.when_it_was_said(past);
        let span = at.last_second();
        let index = self.indexes.of(self.cursor.variant);
        let means = index.map_or_else(|| span.means(), |index| span.means_by(index));
        let doubts = &self.show.picture.doubts;
        let scene = Context::of_the_last_second(at, means, doubts).with_index(index);
        self.remarks = remark::all(&scene);
        self.remarks_at = at.sample().at;
    }

    /// Returns the frame at `past` with its trust. Judging trust takes longer than everything else, and it
    /// changes no oftener than it can be read.
    fn judged<'a>(&mut self, past: &Past<'a>) -> Frame<'a> {
        let at = self.when_it_was_said(past);
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
        let moment = Frame {
            past: *past,
            trust: verdict.trust,
            doubts: verdict.doubts.clone(),
        };
        self.verdict = Some(verdict);
        moment
    }

    /// Returns the instant whose texts a screen drawn at `past` shows: while time goes on it advances twice
    /// a second, so that the texts can be read. After a leap, and while time stands still, it is `past`
    /// itself.
    fn when_it_was_said<'a>(&self, past: &Past<'a>) -> Past<'a> {
        if self.is_paused() {
            return *past;
        }
        let now = past.sample().at;
        let said = Stamp(now.0 - now.0 % trust::POINTS.0);
        let leapt_to = self.leapt_to.filter(|(variant, at)| {
            *variant == self.show.variant && *at <= now.max(self.cursor.at)
        });
        let said = leapt_to.map_or(said, |(_, at)| said.max(at));
        let samples = past.samples().partition_point(|sample| sample.at <= said);
        samples
            .checked_sub(1)
            .map_or(*past, |newest| past.earlier(newest))
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
            self.lanes.look(feed, &self.indexes, &self.cursor, rows);
            return;
        }
        let (variant, at) = (self.cursor.variant, self.cursor.at);
        let Some(seen) = self.indexes.seen(feed, variant, at) else {
            return;
        };
        let counted = self.watch.counted_window();
        match self.pane {
            Pane::Latency => self.spectrum = Some(Spectrum::of(&seen, counted)),
            Pane::Theory => self.theory.look(&seen, counted),
            _ => self.requests.look(&seen),
        }
    }

    /// Shows the results known at the cursor: of the variants before, and of its own at its end.
    fn show_rows(&mut self, feed: &Feed<'_>) {
        let variant = self.cursor.variant;
        let goes_on = feed.is_live() && variant + 1 == feed.count();
        let samples = feed
            .recording(variant)
            .map(|recording| recording.samples.len());
        let is_at_end = samples == Some(self.taken_in);
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
            self.leapt_to = Some((variant, at));
        }
        (self.cursor.variant, self.cursor.at) = (variant, at);
        self.touched = true;
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
            let place = (self.watch.clone(), self.show.clone(), self.taken_in);
            let scrolled = self.scrolled;
            self.enter(variant);
            if let Some(end) = recording.present() {
                self.show(&end);
            }
            (self.watch, self.show, self.taken_in) = place;
            self.scrolled = scrolled;
        }
    }

    /// Shows the current variant at `past`. Every sample since the last one shown is taken in, so that the
    /// screen does not depend on the number of frames drawn; a leap, back or forth, begins at the nearest
    /// bookmark before.
    pub fn show(&mut self, past: &Past<'_>) {
        let newest = past.newest();
        if newest + 1 == self.taken_in {
            return;
        }
        let laid = self.bookmarks[self.show.variant].len();
        let nearest = (newest / BOOKMARK_EVERY).min(laid.saturating_sub(1));
        if newest < self.taken_in || nearest * BOOKMARK_EVERY > self.taken_in {
            self.open(nearest);
        }
        for on_the_way in self.taken_in..newest {
            self.lay_a_bookmark(on_the_way);
            self.take_in(&Frame::of(past.earlier(on_the_way)));
        }
        self.lay_a_bookmark(newest);
        let moment = self.judged(past);
        self.observe(&moment);
        self.taken_in = newest + 1;
        let header = past.header();
        (self.show.began, self.show.origin) = (header.began, header.origin);
        let said = past
            .markers()
            .last()
            .map(|last| (last.at, header.caption_of(last)));
        let is_read = |(at, said): &(Stamp, String)| past.sample().at.since(*at) < time_for(said);
        self.show.intervention_caption = said.filter(is_read).map(|(_, said)| said);
    }

    /// Stores a bookmark before the sample at this position, if one is due there.
    fn lay_a_bookmark(&mut self, sample: usize) {
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
        self.taken_in = bookmark * BOOKMARK_EVERY;
    }
}

/// Returns the answers per second of a finished variant, as long after its counting began as `past` is in
/// another.
fn rate_then(over: &Recording, index: &Index, past: &Past<'_>) -> Option<f64> {
    let (begin, window) = (past.window_so_far()?.begin, over.header.window?);
    let now = past.sample().at;
    let then = window.begin + now.since(begin);
    let then = over.past_at(then).filter(|_| then <= window.end)?;
    (now >= begin).then(|| then.last_second().means_by(index).throughput)
}

/// Returns the time for which a report stays.
pub(super) fn time_for(said: &str) -> Elapsed {
    Elapsed(READING.0 * said.chars().count() as u64).max(DEED_STAYS)
}
