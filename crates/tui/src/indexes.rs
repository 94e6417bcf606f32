//! What the views ask of recordings: an index for each variant, that grows as its recording does.

use super::instants::Instants;
use concsim_model::units::Stamp;
use concsim_record::feed::Feed;
use concsim_record::lanes::{Index, Instant, Lanes};
use concsim_record::{Past, Recording};

/// What is known of each variant, as far as it has been looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Indexes {
    lanes: Vec<Index>,
    instants: Vec<Instants>,
}

impl Indexes {
    /// Takes in what is new.
    pub(super) fn read(&mut self, feed: &Feed<'_>) {
        self.lanes.resize_with(feed.count(), Index::default);
        for (variant, index) in self.lanes.iter_mut().enumerate() {
            if let Some(recording) = feed.recording(variant) {
                index.extend(recording);
            }
        }
    }

    /// What has been read of a variant.
    pub(super) fn of(&self, variant: usize) -> Option<&Index> {
        self.lanes.get(variant)
    }

    /// When something happened in a variant.
    pub(super) fn instants(&mut self, feed: &Feed<'_>, variant: usize) -> &Instants {
        if self.instants.len() <= variant {
            self.instants.resize_with(variant + 1, Instants::default);
        }
        let instants = &mut self.instants[variant];
        if let Some(recording) = feed.recording(variant) {
            instants.read(recording);
        }
        instants
    }

    /// What is at an instant of a variant, if its events tell: see [`Instant::of`].
    pub(super) fn instant(&self, feed: &Feed<'_>, variant: usize, at: Stamp) -> Option<Instant> {
        Instant::of(self.lanes.get(variant)?, feed.recording(variant)?, at)
    }

    /// A variant up to `until`, or to its end.
    pub(super) fn seen<'a>(
        &'a self,
        feed: &Feed<'a>,
        variant: usize,
        until: Stamp,
    ) -> Option<Seen<'a>> {
        let recording: &'a Recording = feed.recording(variant)?;
        let samples = &recording.samples;
        // What happened up to an instant is known at the first sample that is not before it.
        let newest = samples.partition_point(|sample| sample.at < until);
        let past = recording.past(newest.min(samples.len().checked_sub(1)?))?;
        let until = until.min(past.sample().at);
        Some(Seen {
            variant,
            past,
            lanes: Lanes::at(&self.lanes[variant], past, until),
            until,
        })
    }
}

/// One variant up to an instant.
pub(super) struct Seen<'a> {
    pub(super) variant: usize,
    pub(super) past: Past<'a>,
    pub(super) lanes: Lanes<'a>,
    pub(super) until: Stamp,
}

impl Seen<'_> {
    /// When load began.
    pub(super) fn began(&self) -> Stamp {
        self.past.header().began
    }

    /// How long load has lasted, in nanoseconds.
    pub(super) fn elapsed(&self) -> u64 {
        self.until.since(self.began()).0
    }
}
