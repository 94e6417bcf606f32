//! A recording as it was at one instant: what the recorder had seen by then and nothing of what came
//! later. Whoever draws from a [`Past`] draws the same, whether the run is still going on or was kept
//! a year ago.

use super::{Header, Recording, Sample, Seen, Window};
use concsim_engine::telemetry::{Event, Marker, Outcome, Sent};
use concsim_model::scenario::Warmup;
use concsim_model::units::{Elapsed, Stamp};

/// What was known of a run at one of its samples.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    recording: &'a Recording,
    /// The newest sample.
    newest: usize,
}

impl Recording {
    /// What was known when the sample at this place was taken. `None` if there is no such sample.
    #[must_use]
    pub fn past(&self, newest: usize) -> Option<Past<'_>> {
        (newest < self.samples.len()).then_some(Past {
            recording: self,
            newest,
        })
    }

    /// What was known at `at`. `None` before the first sample.
    #[must_use]
    pub fn past_at(&self, at: Stamp) -> Option<Past<'_>> {
        let until = self.samples.partition_point(|sample| sample.at <= at);
        self.past(until.checked_sub(1)?)
    }

    /// What is known now. `None` before the first sample.
    #[must_use]
    pub fn present(&self) -> Option<Past<'_>> {
        self.past(self.samples.len().checked_sub(1)?)
    }
}

impl<'a> Past<'a> {
    /// What is known of the run as a whole. Of it, the window and how the run ended may lie in the
    /// future.
    #[must_use]
    pub fn header(&self) -> &'a Header {
        &self.recording.header
    }

    /// All that the recording holds, also of later instants.
    pub(super) fn recording(&self) -> &'a Recording {
        self.recording
    }

    /// The place of the newest sample.
    #[must_use]
    pub fn newest(&self) -> usize {
        self.newest
    }

    /// What was known at an earlier sample.
    ///
    /// # Panics
    /// If `newest` is later than this.
    #[must_use]
    pub fn earlier(&self, newest: usize) -> Self {
        assert!(newest <= self.newest, "nobody knows the future");
        Self { newest, ..*self }
    }

    /// The newest sample.
    #[must_use]
    pub fn sample(&self) -> &'a Sample {
        &self.recording.samples[self.newest]
    }

    /// All samples so far.
    #[must_use]
    pub fn samples(&self) -> &'a [Sample] {
        &self.recording.samples[..=self.newest]
    }

    /// The counted window, as far as it was known.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        self.sample().window
    }

    /// The counted window, also while its end is not known: that of a run with so many requests ends with
    /// the last of them.
    #[must_use]
    pub fn window_so_far(&self) -> Option<Window> {
        let Header {
            scenario, began, ..
        } = self.header();
        let open = || {
            scenario.load.requests?;
            let warmup = match scenario.warmup {
                Warmup::For(length) => length,
                // All of them are counted.
                Warmup::UntilEveryoneWasAnswered => Elapsed::ZERO,
            };
            Some(Window {
                begin: *began + warmup,
                end: Stamp::NEVER,
            })
        };
        self.window().or_else(open)
    }

    /// The requests that had ended.
    #[must_use]
    pub fn outcomes(&self) -> &'a [Outcome] {
        &self.recording.outcomes[..self.sample().seen.outcomes]
    }

    /// Outcomes among which are those of all requests that had ended by `at`, also if load had no core to
    /// report them by then.
    #[must_use]
    pub fn reported_by(&self, at: Stamp) -> &'a [Outcome] {
        let known = self.seen_soon_after(at, |seen| seen.outcomes);
        &self.recording.outcomes[..known.min(self.recording.outcomes.len())]
    }

    /// Switches among which are all that were over by `at`, also if they were read later.
    pub(super) fn switches_by(&self, at: Stamp) -> &'a [(u16, Event)] {
        let known = self.seen_soon_after(at, |seen| seen.switches);
        &self.recording.switches[..known.min(self.recording.switches.len())]
    }

    /// The requests that had been sent by `at`, also if load had no core to report them by then.
    #[must_use]
    pub fn sent_by(&self, at: Stamp) -> &'a [Sent] {
        let sent = &self.recording.sent;
        &sent[..sent.partition_point(|it| it.sent <= at)]
    }

    /// The length of the log a second after `at`, when all that was over by `at` had been reported.
    fn seen_soon_after(&self, at: Stamp, of: fn(&Seen) -> usize) -> usize {
        const LATE: Elapsed = Elapsed::from_secs(1);
        let samples = &self.recording.samples;
        let later = samples.partition_point(|sample| sample.at < at + LATE);
        samples.get(later).map_or(usize::MAX, |it| of(&it.seen))
    }

    /// Those of them that ended since the sample before the newest.
    #[must_use]
    pub fn new_outcomes(&self) -> &'a [Outcome] {
        let before = self.newest.checked_sub(1);
        let before = before.map_or(0, |before| self.recording.samples[before].seen.outcomes);
        &self.outcomes()[before..]
    }

    /// The requests that had been sent.
    #[must_use]
    pub fn sent(&self) -> &'a [Sent] {
        &self.recording.sent[..self.sample().seen.sent]
    }

    /// What had happened in workers and to them.
    #[must_use]
    pub fn events(&self) -> &'a [(u16, Event)] {
        &self.recording.events[..self.sample().seen.events]
    }

    /// What had been done to the run.
    #[must_use]
    pub fn markers(&self) -> &'a [Marker] {
        &self.recording.markers[..self.sample().seen.markers]
    }

    /// Only requests whose number this divides have their switches in [`Past::switches`], as the
    /// recording is now.
    #[must_use]
    pub fn one_in(&self) -> u32 {
        self.recording.one_in
    }

    /// Who had had which worker.
    #[must_use]
    pub fn switches(&self) -> &'a [(u16, Event)] {
        &self.recording.switches[..self.sample().seen.switches]
    }

    /// Those of them by which a core was lost, without the first `seen_before` of all.
    pub(super) fn preempted_since(
        &self,
        seen_before: usize,
    ) -> impl Iterator<Item = &'a Event> + use<'a> {
        let (places, switches) = (&self.recording.preempted, self.switches());
        let from = places.partition_point(|place| *place < seen_before);
        let places = places[from..].iter();
        places.map_while(|place| switches.get(*place).map(|(_, event)| event))
    }
}
