//! How the screen gets to another instant of a run: along with it, at some speed, or in one leap.

use super::cursor::{Cursor, Motion, Wish};
use super::keys::Key;
use super::pane::Pane;
use super::picture::Moment;
use super::row::Row;
use super::show::Screen;
use super::spectrum::Spectrum;
use super::state::State;
use crate::recording::Past;
use crate::recording::feed::Feed;
use crate::units::{Elapsed, Stamp};

/// How far an arrow key goes, and with Shift.
const SCRUB: Elapsed = Elapsed::from_millis(100);
const SCRUB_FAR: Elapsed = Elapsed::from_secs(1);

/// What was done to a run is said for so long …
const DEED_STAYS: Elapsed = Elapsed::from_secs(4);
/// … and longer if it takes longer to read: so long for each character of it.
const READING: Elapsed = Elapsed::from_millis(75);

/// To go back in time, the screen is rebuilt from one in so many samples.
const BOOKMARK_EVERY: usize = 64;

/// How long a caption stays.
pub(super) fn time_for(said: &str) -> Elapsed {
    Elapsed(READING.0 * said.chars().count() as u64).max(DEED_STAYS)
}

impl State {
    /// The place that a key asks for, on a screen that has a place.
    pub(super) fn wish_of(&self, key: Key) -> Option<Wish> {
        let is_card = matches!(self.show.screen, Screen::Card(_));
        Some(match (key, &self.show.screen) {
            (_, Screen::Question(_) | Screen::Title) => return None,
            (Key::Char('.'), _) => Wish::StepForward,
            (Key::Char(','), _) => Wish::StepBack,
            (Key::Right, _) => Wish::Forward(SCRUB),
            (Key::Left, _) => Wish::Back(SCRUB),
            (Key::FarRight, _) => Wish::Forward(SCRUB_FAR),
            (Key::FarLeft, _) => Wish::Back(SCRUB_FAR),
            (Key::Home, _) => Wish::Begin,
            (Key::End, _) if !is_card => Wish::End,
            (Key::Char('n'), _) => Wish::NextVariant,
            (Key::Char('b'), _) => Wish::LastVariant,
            (Key::Char('s'), _) => Wish::Slowest,
            (Key::Char('m'), _) => Wish::NextMarker,
            (Key::Char('M'), _) => Wish::LastMarker,
            _ => return None,
        })
    }

    /// From now on a run is shown that was kept, with these results.
    pub fn replay(&mut self, rows: Vec<Row>) {
        for (place, row) in self.rows.iter_mut().zip(rows) {
            *place = Some(row);
        }
        self.cursor = Cursor::replaying();
        self.show.screen = Screen::Play;
    }

    /// Lets time pass, goes where a key asked to, and shows what there is.
    pub fn turn(&mut self, feed: &Feed<'_>, passed: Elapsed) {
        if feed.count() == 0 {
            return;
        }
        match self.wish.take() {
            Some(wish) => self.cursor.grant(feed, wish),
            None if matches!(self.show.screen, Screen::Card(_)) => return,
            None => self.cursor.pass(feed, passed),
        }
        if self.cursor.variant != self.show.variant {
            self.enter(self.cursor.variant);
        }
        let recording = feed.recording(self.cursor.variant);
        if let Some(past) = recording.and_then(|recording| recording.past_at(self.cursor.at)) {
            self.show.screen = Screen::Play;
            self.show(&past);
            self.show_rows(feed);
            self.look_closer(feed);
        }
    }

    /// What a view needs besides the picture.
    fn look_closer(&mut self, feed: &Feed<'_>) {
        if !matches!(self.pane, Pane::Lanes | Pane::Latency | Pane::Requests) {
            return;
        }
        self.indexes.read(feed);
        if self.pane == Pane::Lanes {
            self.lanes.look(feed, &self.indexes, &self.cursor);
            return;
        }
        let (variant, at) = (self.cursor.variant, self.cursor.at);
        let Some(seen) = self.indexes.seen(feed, variant, at) else {
            return;
        };
        if self.pane == Pane::Latency {
            self.spectrum = Some(Spectrum::of(&seen));
        } else {
            self.requests.look(&seen);
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
        (self.cursor.variant, self.cursor.at) = (variant, at);
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

    /// Shows the variant that is on as it was at `past`. Every sample since the one that was shown last
    /// is taken in, so that the screen is the same however often it was drawn; to go back is to begin
    /// anew from a bookmark.
    pub fn show(&mut self, past: &Past<'_>) {
        if past.newest() + 1 == self.taken_in {
            return;
        }
        if past.newest() < self.taken_in {
            self.go_back_to(past.newest());
        }
        for newest in self.taken_in..=past.newest() {
            let then = past.earlier(newest);
            if newest.is_multiple_of(BOOKMARK_EVERY) {
                self.bookmarks.truncate(newest / BOOKMARK_EVERY);
                self.bookmarks.push((self.watch.clone(), self.show.clone()));
            }
            self.observe(&if newest == past.newest() {
                Moment::judged(&then)
            } else {
                Moment::of(&then)
            });
        }
        self.taken_in = past.newest() + 1;
        let header = past.header();
        let said = past
            .markers()
            .last()
            .map(|last| (last.at, header.caption_of(last)));
        let is_read = |(at, said): &(Stamp, String)| past.sample().at.since(*at) < time_for(said);
        self.show.deed = said.filter(is_read).map(|(_, said)| said);
    }

    /// To the last bookmark before the sample at this place.
    fn go_back_to(&mut self, newest: usize) {
        let bookmark = newest / BOOKMARK_EVERY;
        let (watch, show) = self.bookmarks[bookmark].clone();
        let rows = std::mem::take(&mut self.show.rows);
        (self.watch, self.show) = (watch, show);
        self.show.rows = rows;
        self.taken_in = bookmark * BOOKMARK_EVERY;
    }
}
