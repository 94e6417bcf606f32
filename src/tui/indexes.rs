//! What the views ask of recordings: an index for each variant, that grows as its recording does.

use crate::recording::feed::Feed;
use crate::recording::lanes::{Index, Lanes};
use crate::recording::{Past, Recording};
use crate::units::Stamp;

/// One index for each variant, as far as it has been looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Indexes(Vec<Index>);

impl Indexes {
    /// Takes in what is new.
    pub(super) fn read(&mut self, feed: &Feed<'_>) {
        self.0.resize_with(feed.count(), Index::default);
        for (variant, index) in self.0.iter_mut().enumerate() {
            if let Some(recording) = feed.recording(variant) {
                index.extend(recording);
            }
        }
    }

    /// A variant as it was known at `until`, or at its end.
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
        Some(Seen {
            variant,
            past,
            lanes: Lanes::new(&self.0[variant], past),
            until: until.min(past.sample().at),
        })
    }
}

/// One variant as it was known at an instant.
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
