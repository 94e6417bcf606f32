//! A recording in memory, and on disk if it is stored: written record by record while either engine plays.

use std::fs::File;
use std::io::{self, Write};

use super::storage::RecordingWriter;
use super::{Header, RecordSource, Recording, Sample};
use concsim_engine::telemetry::Record;

/// A recording that grows.
#[derive(Debug)]
pub struct Recorder<W: Write = File> {
    recording: Recording,
    writer: Option<RecordingWriter<W>>,
}

impl<W: Write> Recorder<W> {
    /// Returns an empty recorder, which also writes to disk if there is a writer.
    pub fn new(header: Header, writer: Option<RecordingWriter<W>>) -> Self {
        Self {
            recording: Recording::empty(header),
            writer,
        }
    }

    /// Returns the recording so far.
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Returns the header, to change what becomes known during the run.
    pub fn header_mut(&mut self) -> &mut Header {
        &mut self.recording.header
    }

    /// Writes the present header to disk.
    pub fn keep_the_header(&mut self) {
        if let Some(writer) = &mut self.writer {
            writer.header(&self.recording.header);
        }
    }

    /// Adds a record of a ring, or of the simulation in its place.
    pub fn note(&mut self, source: RecordSource, record: &Record) {
        let kept = self.recording.note(source, record);
        if let Some(writer) = self.writer.as_mut().filter(|_| kept) {
            writer.record(source, record);
        }
    }

    /// Adds a sample, with the present lengths of the lists.
    ///
    /// # Panics
    /// Never: there is a last sample once one was added.
    pub fn add(&mut self, mut sample: Sample) -> &Sample {
        sample.seen = self.recording.seen();
        if let Some(writer) = &mut self.writer {
            writer.sample(&sample);
        }
        self.recording.samples.push(sample);
        self.recording.samples.last().expect("just pushed")
    }

    /// Sets the numbers of events and outcomes lost because a ring was full.
    pub fn has_lost(&mut self, events: u64, outcomes: u64) {
        self.recording.dropped_events = events;
        self.recording.dropped_outcomes = outcomes;
    }

    /// Adds to the number of slots or gauges that could not be read consistently.
    pub fn could_not_read(&mut self, count: u64) {
        self.recording.unreadable += count;
    }

    /// Ends the recording; returns it, and the error if not all of it could be written.
    pub fn close(self) -> (Recording, Option<io::Error>) {
        let Self { recording, writer } = self;
        let failed = writer.and_then(|mut writer| {
            writer.header(&recording.header);
            writer.end(&recording.seen()).err()
        });
        (recording, failed)
    }
}
