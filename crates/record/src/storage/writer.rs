//! Writer of stored runs: a file for each variant.

use std::fs::File;
use std::io::{self, Write};

use concsim_engine::telemetry::Record;
use concsim_model::units::{Elapsed, Stamp};
use serde::Serialize;

use super::chunk::{self, FIRST_LINE, Kind};
use super::encoder::ChunkEncoder;
use crate::{Header, ListLengths, RecordSource, Sample};

/// Length from which on a chunk is written, in bytes …
const CHUNK: usize = 256 << 10;
/// … or time of the run after which it is written.
const FLUSH_EVERY: Elapsed = Elapsed::from_millis(500);

/// Writes one recording during the run. An error is kept, too: a full disk ends the writing, not the run.
#[derive(Debug)]
pub struct RecordingWriter<W = File> {
    file: W,
    pieces: ChunkEncoder,
    /// Time up to which everything is in the file.
    flushed: Stamp,
    /// Number of bytes that may still be written.
    free_bytes: u64,
    failed: Option<io::Error>,
}

impl<W: Write> RecordingWriter<W> {
    /// Begins the file with its first line and header.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn begin(mut file: W, header: &Header) -> io::Result<Self> {
        file.write_all(FIRST_LINE)?;
        chunk::write(&mut file, Kind::Header, &json(header))?;
        Ok(Self {
            file,
            pieces: ChunkEncoder::default(),
            flushed: Stamp::ZERO,
            free_bytes: u64::MAX,
            failed: None,
        })
    }

    /// Limits the writer to `room` further bytes.
    #[must_use]
    pub fn with_room(self, room: u64) -> Self {
        Self {
            free_bytes: room,
            ..self
        }
    }

    /// Writes a record of a ring.
    pub fn record(&mut self, source: RecordSource, record: &Record) {
        if self.failed.is_none() {
            self.pieces.record(source, record);
            if self.pieces.len() >= CHUNK {
                self.flush();
            }
        }
    }

    /// Writes a sample.
    pub fn sample(&mut self, sample: &Sample) {
        if self.failed.is_none() {
            self.pieces.sample(sample);
            if sample.at.since(self.flushed) >= FLUSH_EVERY {
                self.flushed = sample.at;
                self.flush();
            }
        }
    }

    /// Writes the header again, with what has become known meanwhile.
    pub fn header(&mut self, header: &Header) {
        self.flush();
        self.write(Kind::Header, &json(header));
    }

    /// Ends the file, after all other writes.
    ///
    /// # Errors
    /// If not everything could be written.
    pub fn end(mut self, seen: &ListLengths) -> io::Result<()> {
        self.flush();
        self.write(Kind::End, &json(seen));
        self.failed.map_or(Ok(()), Err)
    }

    fn flush(&mut self) {
        let chunk = self.pieces.take();
        if !chunk.is_empty() {
            self.write(Kind::ChunkEncoder, &chunk);
        }
    }

    fn write(&mut self, kind: Kind, payload: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let taken = payload.len() as u64 + chunk::HEAD as u64;
        if let Some(left) = self.free_bytes.checked_sub(taken) {
            self.free_bytes = left;
            self.failed = chunk::write(&mut self.file, kind, payload).err();
        } else {
            let written = chunk::write(&mut self.file, Kind::NoRoom, &[]);
            let error = "there is no room for more of it on the shelf (--out DIR has no limit)";
            let full = io::Error::new(io::ErrorKind::StorageFull, error);
            self.failed = Some(written.err().unwrap_or(full));
        }
    }
}

fn json(piece: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(piece).expect("a recording is always JSON")
}
