//! Indexes of recordings for the views: one for each variant, which grows with its recording.

use super::instants::Instants;
use concsim_model::units::Stamp;
use concsim_record::feed::Feed;
use concsim_record::lanes::{Index, Instant, Lanes};
use concsim_record::{Recording, Snapshot};

/// Indexes of all variants, as far as they have been read.
#[derive(Clone, Debug, Default)]
pub(super) struct Indexes {
    lanes: Vec<Index>,
    instants: Vec<Instants>,
}

impl Indexes {
    /// Reads new records.
    pub(super) fn read(&mut self, feed: &Feed<'_>) {
        self.lanes.resize_with(feed.count(), Index::default);
        for (variant, index) in self.lanes.iter_mut().enumerate() {
            if let Some(recording) = feed.recording(variant) {
                index.extend(recording);
            }
        }
    }

    /// Returns the index of a variant.
    pub(super) fn of(&self, variant: usize) -> Option<&Index> {
        self.lanes.get(variant)
    }

    /// Returns the instants of a variant's events.
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

    /// Returns the state at an instant of a variant, if its events suffice: see [`Instant::of`].
    pub(super) fn instant(&self, feed: &Feed<'_>, variant: usize, at: Stamp) -> Option<Instant> {
        Instant::of(self.lanes.get(variant)?, feed.recording(variant)?, at)
    }

    /// Returns a variant up to `until`, or to its end.
    pub(super) fn seen<'a>(
        &'a self,
        feed: &Feed<'a>,
        variant: usize,
        until: Stamp,
    ) -> Option<VariantView<'a>> {
        let recording: &'a Recording = feed.recording(variant)?;
        let samples = &recording.samples;
        // Events up to an instant are complete at the first sample that is not before it.
        let newest = samples.partition_point(|sample| sample.at < until);
        let snapshot = recording.snapshot(newest.min(samples.len().checked_sub(1)?))?;
        let until = until.min(snapshot.sample().at);
        Some(VariantView {
            variant,
            snapshot,
            lanes: Lanes::at(&self.lanes[variant], snapshot, until),
            until,
        })
    }
}

/// Variant up to an instant.
pub(super) struct VariantView<'a> {
    pub(super) variant: usize,
    pub(super) snapshot: Snapshot<'a>,
    pub(super) lanes: Lanes<'a>,
    pub(super) until: Stamp,
}

impl VariantView<'_> {
    /// Returns the time at which load began.
    pub(super) fn began(&self) -> Stamp {
        self.snapshot.header().began
    }

    /// Returns the time since load began, in nanoseconds.
    pub(super) fn elapsed(&self) -> u64 {
        self.until.since(self.began()).0
    }
}
