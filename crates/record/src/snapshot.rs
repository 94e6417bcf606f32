//! A recording as it was at one instant: everything that the recorder had read by then, and nothing later.
//! A picture drawn from a [`Snapshot`] is the same for a live run and for a stored one.

use super::{Header, ListLengths, Recording, Sample, Window};
use concsim_engine::telemetry::{Event, Marker, Outcome, SentRequest};
use concsim_model::scenario::Warmup;
use concsim_model::units::{Elapsed, Stamp};

/// The part of a recording known at one of its samples.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    recording: &'a Recording,
    /// The newest sample.
    newest: usize,
}

impl Recording {
    /// Returns what was known at the sample with this index; `None` if there is no such sample.
    #[must_use]
    pub fn snapshot(&self, newest: usize) -> Option<Snapshot<'_>> {
        (newest < self.samples.len()).then_some(Snapshot {
            recording: self,
            newest,
        })
    }

    /// Returns what was known at `at`; `None` before the first sample.
    #[must_use]
    pub fn snapshot_at(&self, at: Stamp) -> Option<Snapshot<'_>> {
        let until = self.samples.partition_point(|sample| sample.at <= at);
        self.snapshot(until.checked_sub(1)?)
    }

    /// Returns what is known now; `None` before the first sample.
    #[must_use]
    pub fn present(&self) -> Option<Snapshot<'_>> {
        self.snapshot(self.samples.len().checked_sub(1)?)
    }
}

impl<'a> Snapshot<'a> {
    /// Returns the header of the whole run. Its window and the end of the run may lie in the future.
    #[must_use]
    pub fn header(&self) -> &'a Header {
        &self.recording.header
    }

    /// Returns the whole recording, including later entries.
    pub(super) fn recording(&self) -> &'a Recording {
        self.recording
    }

    /// Returns the index of the newest sample.
    #[must_use]
    pub fn newest(&self) -> usize {
        self.newest
    }

    /// Returns what was known at an earlier sample.
    ///
    /// # Panics
    /// If `newest` is later than this.
    #[must_use]
    pub fn earlier(&self, newest: usize) -> Self {
        assert!(newest <= self.newest, "a snapshot has no later samples");
        Self { newest, ..*self }
    }

    /// Returns the newest sample.
    #[must_use]
    pub fn sample(&self) -> &'a Sample {
        &self.recording.samples[self.newest]
    }

    /// Returns all samples so far.
    #[must_use]
    pub fn samples(&self) -> &'a [Sample] {
        &self.recording.samples[..=self.newest]
    }

    /// Returns the counted window, as far as known.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        self.sample().window
    }

    /// Returns the counted window so far, even while its end is not known: the window of a run with a fixed
    /// number of requests ends with the last of them.
    #[must_use]
    pub fn window_so_far(&self) -> Option<Window> {
        let Header {
            scenario, began, ..
        } = self.header();
        let open = || {
            scenario.load.requests?;
            let warmup = match scenario.warmup {
                Warmup::For(length) => length,
                // All requests count.
                Warmup::UntilEveryoneWasAnswered => Elapsed::ZERO,
            };
            Some(Window {
                begin: *began + warmup,
                end: Stamp::NEVER,
            })
        };
        self.window().or_else(open)
    }

    /// Returns the outcomes of requests that had ended.
    #[must_use]
    pub fn outcomes(&self) -> &'a [Outcome] {
        &self.recording.outcomes[..self.sample().seen.outcomes]
    }

    /// Returns outcomes that include those of all requests ended by `at`, even if load had no core to
    /// report them by then.
    #[must_use]
    pub fn reported_by(&self, at: Stamp) -> &'a [Outcome] {
        let known = self.seen_soon_after(at, |seen| seen.outcomes);
        &self.recording.outcomes[..known.min(self.recording.outcomes.len())]
    }

    /// Returns switches that include all that were over by `at`, even if read later.
    pub(super) fn switches_by(&self, at: Stamp) -> &'a [(u16, Event)] {
        let known = self.seen_soon_after(at, |seen| seen.switches);
        &self.recording.switches[..known.min(self.recording.switches.len())]
    }

    /// Returns the requests sent by `at`, even if load had no core to report them by then.
    #[must_use]
    pub fn sent_by(&self, at: Stamp) -> &'a [SentRequest] {
        let sent = &self.recording.sent;
        &sent[..sent.partition_point(|it| it.sent <= at)]
    }

    /// Length of a list a second after `at`, when everything that was over by `at` had been reported.
    fn seen_soon_after(&self, at: Stamp, of: fn(&ListLengths) -> usize) -> usize {
        const LATE: Elapsed = Elapsed::from_secs(1);
        let samples = &self.recording.samples;
        let later = samples.partition_point(|sample| sample.at < at + LATE);
        samples.get(later).map_or(usize::MAX, |it| of(&it.seen))
    }

    /// Returns the outcomes of requests that ended since the sample before the newest.
    #[must_use]
    pub fn new_outcomes(&self) -> &'a [Outcome] {
        let before = self.newest.checked_sub(1);
        let before = before.map_or(0, |before| self.recording.samples[before].seen.outcomes);
        &self.outcomes()[before..]
    }

    /// Returns the requests that had been sent.
    #[must_use]
    pub fn sent(&self) -> &'a [SentRequest] {
        &self.recording.sent[..self.sample().seen.sent]
    }

    /// Returns the events of workers.
    #[must_use]
    pub fn events(&self) -> &'a [(u16, Event)] {
        &self.recording.events[..self.sample().seen.events]
    }

    /// Returns the interventions.
    #[must_use]
    pub fn markers(&self) -> &'a [Marker] {
        &self.recording.markers[..self.sample().seen.markers]
    }

    /// Returns n such that only requests whose number is divisible by n have their switches in
    /// [`Snapshot::switches`], as the recording is now.
    #[must_use]
    pub fn one_in(&self) -> u32 {
        self.recording.one_in
    }

    /// Returns the switches of workers.
    #[must_use]
    pub fn switches(&self) -> &'a [(u16, Event)] {
        &self.recording.switches[..self.sample().seen.switches]
    }

    /// Returns the preemptions, without the first `seen_before` of all switches.
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
