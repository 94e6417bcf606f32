//! How the screen gets to another instant of a run: along with it, at some speed, or in one leap.

use super::cursor::{Cursor, CursorMotion, Motion, slowest};
use super::lanes;
use super::pane::Pane;
use super::row::Row;
use super::show::Screen;
use super::spectrum::Spectrum;
use super::state::State;
use super::view_model::Frame;
use concsim_model::units::{Elapsed, Stamp};
use concsim_model::words::{grouped, number_of};
use concsim_record::feed::Feed;
use concsim_record::lanes::Index;
use concsim_record::remark::{self, Context};
use concsim_record::trust::{self, Reason, Trust};
use concsim_record::{Past, Recording};

/// What was done to a run is said for so long …
const DEED_STAYS: Elapsed = Elapsed::from_secs(4);
/// … and longer if it takes longer to read: so long for each character of it.
const READING: Elapsed = Elapsed::from_millis(75);

/// To go back in time, the screen is rebuilt from one in so many samples.
const BOOKMARK_EVERY: usize = 24;

/// Whether there may be something else to be drawn than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// Nothing has changed.
    Same,
    /// Something may have.
    Another,
}

/// A leap is longer, back, or to another variant.
const STEP: Elapsed = Elapsed::from_millis(500);

/// How far a run could be trusted at an instant.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// Which variant, and its newest sample by then.
    place: (usize, usize),
    trust: Trust,
    /// What speaks against it, the worst first.
    doubts: Vec<Reason>,
}

impl Turned {
    fn of(touched: bool) -> Self {
        if touched { Self::Another } else { Self::Same }
    }
}

impl State {
    /// From now on a run is shown that was kept, with these results. Nothing is asked in it, so its claim is shown.
    pub fn replay(&mut self, rows: Vec<Row>) {
        for (place, row) in self.rows.iter_mut().zip(rows) {
            *place = Some(row);
        }
        self.cursor = Cursor::replaying();
        self.is_kept = true;
        self.ask_nothing();
        self.show.screen = Screen::Play;
    }

    /// Lets time pass, goes where a key asked to, and shows what there is. Says whether the screen may
    /// be another one now: where nothing moves, nothing is worked out.
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

    /// Counts those at the door and those answered one by one, where all is known of them: now, and in the
    /// last second.
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

    /// Puts what is at the cursor's instant into the picture of the last sample. At the newest sample that
    /// is what it says itself.
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

    /// Picks the request that took longest, and says which one it is.
    fn name_the_slowest(&mut self, feed: &Feed<'_>) {
        let Some(recording) = feed.recording(self.cursor.variant) else {
            return;
        };
        let Some(outcome) = slowest(recording) else {
            self.told = Some("No request has ended yet.".into());
            return;
        };
        self.requests.pick(outcome.request);
        let kinds = &recording.header.scenario.requests;
        let kind = kinds.get(usize::from(outcome.class));
        let kind = kind.map_or(String::new(), |kind| format!(" ({})", kind.name));
        self.told = Some(format!(
            "Request {}{kind} took {}, longer than any other{}.",
            grouped(number_of(outcome.request)),
            outcome.done.since(outcome.due),
            outcome.failure.map_or("", |_| ", and failed")
        ));
    }

    /// While time goes on, the list changes no oftener than it can be read.
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

    /// What is shown at `past`, with how far it can be trusted: to judge that takes longer than all the
    /// rest, and it changes no oftener than it can be read.
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

    /// The last instant at which something new was said, by which a screen that is drawn at `past` goes:
    /// while time goes on, twice a second, so that it can be read. After a leap, and while time stands still,
    /// it is the instant itself.
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

    /// What a view needs besides the picture.
    fn look_closer(&mut self, feed: &Feed<'_>) {
        // The overview has lanes too where there is room.
        let has_lanes = matches!(self.pane, Pane::Lanes | Pane::Overview);
        let has_answers = matches!(self.pane, Pane::Latency | Pane::Requests | Pane::Theory);
        let needs_it = has_lanes || has_answers;
        // All of a kept run is read before its first picture, so that none comes late afterwards.
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

    /// The results that were there at the cursor: of the variants before, and of its own at its end.
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

    /// Puts the cursor at an instant of a variant.
    pub fn look_at(&mut self, variant: usize, at: Stamp) {
        let before = self.cursor;
        let goes_on = before.variant == variant && before.at <= at && at <= before.at + STEP;
        if !goes_on {
            self.leapt_to = Some((variant, at));
        }
        (self.cursor.variant, self.cursor.at) = (variant, at);
        self.touched = true;
    }

    /// Whether the screen stays where it is while the run goes on.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.cursor.motion == Motion::Paused
    }

    /// Whether it shows the newest there is of a run that goes on.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.cursor.motion == Motion::Live
    }

    /// Where it is in the run, and how it moves.
    pub(super) fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Lays the bookmarks of variants that were kept, so that no leap into them has a long way to go.
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

    /// Shows the variant that is on as it was at `past`. Every sample since the one that was shown last
    /// is taken in, so that the screen is the same however often it was drawn; a leap, back or forth,
    /// begins at the nearest bookmark before.
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
        self.show.deed = said.filter(is_read).map(|(_, said)| said);
    }

    /// Remembers how everything is before the sample at this place, if it is one of those.
    fn lay_a_bookmark(&mut self, sample: usize) {
        let bookmarks = &mut self.bookmarks[self.show.variant];
        if sample == bookmarks.len() * BOOKMARK_EVERY {
            bookmarks.push((self.watch.clone(), self.show.clone()));
        }
    }

    /// Begins anew from a bookmark.
    fn open(&mut self, bookmark: usize) {
        let (watch, show) = self.bookmarks[self.show.variant][bookmark].clone();
        let rows = std::mem::take(&mut self.show.rows);
        (self.watch, self.show) = (watch, show);
        self.show.rows = rows;
        self.taken_in = bookmark * BOOKMARK_EVERY;
    }
}

/// Answers per second of a variant that is over, as long after counting began there as at `past` in another.
fn rate_then(over: &Recording, index: &Index, past: &Past<'_>) -> Option<f64> {
    let (begin, window) = (past.window_so_far()?.begin, over.header.window?);
    let now = past.sample().at;
    let then = window.begin + now.since(begin);
    let then = over.past_at(then).filter(|_| then <= window.end)?;
    (now >= begin).then(|| then.last_second().means_by(index).throughput)
}

/// How long a caption stays.
pub(super) fn time_for(said: &str) -> Elapsed {
    Elapsed(READING.0 * said.chars().count() as u64).max(DEED_STAYS)
}
