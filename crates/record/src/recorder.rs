//! A recording in memory, and on disk if it is kept: written record by record while something is played,
//! by whichever engine.

use std::fs::File;
use std::io::{self, Write};

use super::storage::RecordingWriter;
use super::{Header, Recording, Sample, Who};
use concsim_engine::telemetry::Record;

/// A recording that grows.
#[derive(Debug)]
pub struct Recorder<W: Write = File> {
    recording: Recording,
    keeper: Option<RecordingWriter<W>>,
}

impl<W: Write> Recorder<W> {
    /// An empty one, kept if there is a keeper.
    pub fn new(header: Header, keeper: Option<RecordingWriter<W>>) -> Self {
        Self {
            recording: Recording::empty(header),
            keeper,
        }
    }

    /// What has been recorded so far.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// The header, for what becomes known while the run goes on.
    pub fn header_mut(&mut self) -> &mut Header {
        &mut self.recording.header
    }

    /// Keeps the header as it is now.
    pub fn keep_the_header(&mut self) {
        if let Some(keeper) = &mut self.keeper {
            keeper.header(&self.recording.header);
        }
    }

    /// Adds what somebody has written into a ring, or would have.
    pub fn note(&mut self, who: Who, record: &Record) {
        let kept = self.recording.note(who, record);
        if let Some(keeper) = self.keeper.as_mut().filter(|_| kept) {
            keeper.record(who, record);
        }
    }

    /// Adds a sample, which has seen what has been noted by now.
    ///
    /// # Panics
    /// Never: there is a last sample once one was added.
    pub fn add(&mut self, mut sample: Sample) -> &Sample {
        sample.seen = self.recording.seen();
        if let Some(keeper) = &mut self.keeper {
            keeper.sample(&sample);
        }
        self.recording.samples.push(sample);
        self.recording.samples.last().expect("just pushed")
    }

    /// So many events and outcomes found no place in a ring.
    pub fn has_lost(&mut self, events: u64, outcomes: u64) {
        self.recording.dropped_events = events;
        self.recording.dropped_outcomes = outcomes;
    }

    /// So much could not be read consistently.
    pub fn could_not_read(&mut self, count: u64) {
        self.recording.unreadable += count;
    }

    /// Ends the recording; with it, why not all of it could be kept.
    pub fn close(self) -> (Recording, Option<io::Error>) {
        let Self { recording, keeper } = self;
        let failed = keeper.and_then(|mut keeper| {
            keeper.header(&recording.header);
            keeper.end(&recording.seen()).err()
        });
        (recording, failed)
    }
}
