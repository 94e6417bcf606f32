//! Screens of a stored run, for pages and for players of terminal recordings.
//!
//! Screens are drawn from cells of any source. Each file names its run, as far as the format has room.

mod asciicast;
mod captions;
mod drawing;
mod film;

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;

pub use self::captions::captions;

use self::asciicast::Asciicast;
use self::film::Film;
use crate::{Key, Row, State, view};
use concsim_model::palette::{Look, Theme};
use concsim_model::units::{Elapsed, Stamp};
use concsim_record::feed::Feed;
use concsim_record::storage::StoredRun;
use concsim_record::summary::summarise;

/// Time between frames of a cast.
const FRAME: Elapsed = Elapsed::from_millis(83);
/// Maximum number of frames of a variant: those of 83 minutes.
const MOST_FRAMES: u64 = 60_000;
/// Maximum number of frames of a variant in a film.
const MOST_FRAMES_OF_A_FILM: u64 = 300;
/// Seconds that the last frame stays.
const LAST_STAYS: f64 = 3.0;

/// A screen that shows a stored run.
#[derive(Debug)]
pub struct ScreenRenderer {
    /// The run.
    pub kept: StoredRun,
    state: State,
    /// The screen as it was drawn last.
    pub screen: Buffer,
}

impl ScreenRenderer {
    /// A screen of this size and look, after some keys.
    ///
    /// # Panics
    /// Without recordings.
    #[must_use]
    pub fn open(kept: StoredRun, size: (u16, u16), keys: &str, look: Look) -> Self {
        let cores = kept.recordings[0].header.machine.cores;
        let mut state = State::new(&kept.plan, cores);
        state.look = look;
        let rows = kept
            .recordings
            .iter()
            .map(|it| Row::of(&summarise(it), state.subject()));
        let rows = rows.collect();
        state.replay(rows);
        state.size = size;
        let mut opened = Self {
            kept,
            state,
            screen: Buffer::empty(Rect::new(0, 0, size.0, size.1)),
        };
        opened.press(keys);
        opened
    }

    /// Presses keys, one after the other.
    pub fn press(&mut self, keys: &str) {
        for key in keys.chars() {
            self.state.key(Key::Char(key));
        }
    }

    fn feed(&self) -> Feed<'_> {
        Feed {
            over: &self.kept.recordings,
            now: None,
        }
    }

    /// Draws the state at an instant of a variant.
    pub fn draw(&mut self, variant: usize, at: Stamp) {
        let feed = Feed {
            over: &self.kept.recordings,
            now: None,
        };
        self.state.look_at(variant, at);
        self.state.turn(&feed, Elapsed::ZERO);
        self.screen.reset();
        view::draw_on(&mut self.screen, &self.state);
    }

    /// Returns the index of the variant of this name, or of the first one.
    ///
    /// # Errors
    /// A sentence with the names that there are.
    pub fn variant(&self, wanted: Option<&str>) -> Result<usize, String> {
        let Some(wanted) = wanted else { return Ok(0) };
        let recordings = self.kept.recordings.iter();
        let names: Vec<&str> = recordings.map(|it| it.header.variant.as_str()).collect();
        let found = names.iter().position(|name| *name == wanted);
        found.ok_or_else(|| format!("unknown variant {wanted}; the run has {}", names.join(", ")))
    }

    /// Returns the length `after`, and the instant at that distance from a variant's first request.
    ///
    /// # Errors
    /// A sentence: no length of time, or an instant after the end.
    pub fn instant(&self, variant: usize, after: &str) -> Result<(Elapsed, Stamp), String> {
        let after = concsim_model::scenario::length(after)
            .ok_or_else(|| format!("--at {after}: a length of time such as 3.2s"))?;
        let header = &self.kept.recordings[variant].header;
        let at = header.began + after;
        let Some((_, end)) = self.span(variant) else {
            return Err(format!("{} has no recording", header.variant));
        };
        if at > end {
            let length = end.since(header.began);
            return Err(format!("{} ended after {length}", header.variant));
        }
        Ok((after, at))
    }

    /// Returns the current screen as SVG.
    #[must_use]
    pub fn drawing(&self, variant: usize, after: Elapsed, theme: Theme) -> String {
        let plan = &self.kept.plan;
        let description = format!(
            "The screen of concsim playing {}, variant {}, {after} after its first request was due. \
             Seed {}, scenario {}.",
            plan.name(),
            self.kept.recordings[variant].header.variant,
            plan.variants[variant].scenario.seed,
            plan.sha256.get(..8).unwrap_or_default(),
        );
        drawing::draw(&self.screen, &plan.title, &description, theme)
    }

    /// Returns the instants of a variant's first and last sample.
    fn span(&self, variant: usize) -> Option<(Stamp, Stamp)> {
        let samples = &self.feed().recording(variant)?.samples;
        Some((samples.first()?.at, samples.last()?.at))
    }
}

/// Returns the characters of a screen, one line each, without trailing blanks.
#[must_use]
pub fn text(screen: &Buffer) -> String {
    let area = screen.area;
    let line = |y: u16| {
        let cells = (0..area.width).map(|x| screen[(area.x + x, area.y + y)].symbol());
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    (0..area.height).map(line).collect()
}

/// Time between two frames of a variant: `every`, or longer so that there are at most `most` of them.
fn frame_of(length: Elapsed, every: Elapsed, most: u64) -> Elapsed {
    Elapsed((length.0 / most).max(every.0))
}

impl ScreenRenderer {
    /// Draws all frames of all variants, one after the other. `show` gets the variant, and the seconds since the
    /// beginning of the first. Returns the seconds of all.
    fn play(
        &mut self,
        (every, most): (Elapsed, u64),
        mut show: impl FnMut(usize, f64, &Self),
    ) -> f64 {
        let mut passed = 0.0;
        for variant in 0..self.kept.recordings.len() {
            let Some((begin, end)) = self.span(variant) else {
                continue;
            };
            let mut at = begin;
            while at < end {
                self.draw(variant, at);
                show(variant, passed + at.since(begin).as_secs_f64(), self);
                at = at + frame_of(end.since(begin), every, most);
            }
            self.draw(variant, end);
            passed += end.since(begin).as_secs_f64();
            show(variant, passed, self);
        }
        passed
    }
}

/// Returns all screens of a run for players of terminal recordings (asciicast).
#[must_use]
pub fn cast(mut stage: ScreenRenderer) -> String {
    let area = stage.screen.area;
    let (width, height) = (area.width, area.height);
    let mut cast = Asciicast::new(width, height, &stage.kept.plan.title);
    let mut last = None;
    let passed = stage.play((FRAME, MOST_FRAMES), |variant, at, stage| {
        if last.replace(variant) != Some(variant) {
            cast.mark(at, &stage.kept.recordings[variant].header.variant);
        }
        cast.show(at, &stage.screen);
    });
    cast.mark(passed + LAST_STAYS, "the end");
    cast.finish()
}

/// Returns all screens of a run as one SVG that moves; `every` is the time between two of them.
#[must_use]
pub fn film(mut stage: ScreenRenderer, every: Elapsed, theme: Theme) -> String {
    let mut film = Film::default();
    let passed = stage.play((every, MOST_FRAMES_OF_A_FILM), |_, at, stage| {
        film.show(at, &stage.screen);
    });
    let plan = &stage.kept.plan;
    let description = format!(
        "The screen of concsim playing {}, from its first request to its last. Seed {}, scenario {}.",
        plan.name(),
        plan.variants[0].scenario.seed,
        plan.sha256.get(..8).unwrap_or_default(),
    );
    film.finish(passed + LAST_STAYS, &plan.title, &description, theme)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_has_sixty_thousand_frames_and_a_short_one_twelve_a_second() {
        for (seconds, most) in [(1, 12), (60, 723), (4_980, 60_000), (72 * 3_600, 60_000)] {
            let length = Elapsed::from_secs(seconds);
            let frames = length.0.div_ceil(frame_of(length, FRAME, MOST_FRAMES).0);
            assert!(frames.abs_diff(most) <= 1, "{seconds} s: {frames}");
        }
    }
}
