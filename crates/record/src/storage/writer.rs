//! The writing side: a file for each variant.

use std::fs::File;
use std::io::{self, Write};

use concsim_engine::telemetry::Record;
use concsim_model::units::{Elapsed, Stamp};
use serde::Serialize;

use super::chunk::{self, FIRST_LINE, Kind};
use super::encoder::ChunkEncoder;
use crate::{Header, Sample, Seen, Who};

/// A chunk is written when it has become so long …
const CHUNK: usize = 256 << 10;
/// … or when so much of the run is in it.
const FLUSH_EVERY: Elapsed = Elapsed::from_millis(500);

/// Keeps one recording while it grows. Errors are kept too: a full disk ends the keeping, not the run.
#[derive(Debug)]
pub struct RecordingWriter<W = File> {
    file: W,
    pieces: ChunkEncoder,
    /// Until when everything is in the file.
    flushed: Stamp,
    /// How many bytes may still be written.
    room: u64,
    failed: Option<io::Error>,
}

impl<W: Write> RecordingWriter<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(mut file: W, header: &Header) -> io::Result<Self> {
        file.write_all(FIRST_LINE)?;
        chunk::write(&mut file, Kind::Header, &json(header))?;
        Ok(Self {
            file,
            pieces: ChunkEncoder::default(),
            flushed: Stamp::ZERO,
            room: u64::MAX,
            failed: None,
        })
    }

    /// The same, with room for so many bytes more.
    #[must_use]
    pub fn with_room(self, room: u64) -> Self {
        Self { room, ..self }
    }

    /// Keeps a record of a ring.
    pub fn record(&mut self, who: Who, record: &Record) {
        if self.failed.is_none() {
            self.pieces.record(who, record);
            if self.pieces.len() >= CHUNK {
                self.flush();
            }
        }
    }

    /// Keeps a sample.
    pub fn sample(&mut self, sample: &Sample) {
        if self.failed.is_none() {
            self.pieces.sample(sample);
            if sample.at.since(self.flushed) >= FLUSH_EVERY {
                self.flushed = sample.at;
                self.flush();
            }
        }
    }

    /// Keeps what has become known of the run as a whole.
    pub fn header(&mut self, header: &Header) {
        self.flush();
        self.write(Kind::Header, &json(header));
    }

    /// Ends the file, after everything else has been kept.
    ///
    /// # Errors
    /// When not everything could be written.
    pub fn end(mut self, seen: &Seen) -> io::Result<()> {
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
        if let Some(left) = self.room.checked_sub(taken) {
            self.room = left;
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
