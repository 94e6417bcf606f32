//! The writing side: a folder for a run, a file for each variant.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::chunk::{self, FIRST_LINE, Kind};
use super::pieces::Pieces;
use super::{EXTENSION, FORMAT, PLAN, SUMMARY, Written};
use crate::recording::{Header, Recording, Sample, Seen, Who};
use crate::scenario::Plan;
use crate::sys::files;
use crate::telemetry::Record;
use crate::units::{Elapsed, Stamp};

/// A chunk is written when it has become so long …
const CHUNK: usize = 256 << 10;
/// … or when so much of the run is in it.
const FLUSH_EVERY: Elapsed = Elapsed::from_millis(500);
/// Of the room for a folder so much is for the summary, which comes last.
const FOR_THE_SUMMARY: u64 = 256 << 10;

/// Where a run is kept.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// It was not there before.
    is_new: bool,
    variants: usize,
    /// So many bytes it may take.
    room: u64,
}

impl Folder {
    /// Makes the folder, which must not be there yet or be empty, and writes down what is played.
    ///
    /// # Errors
    /// When the folder holds something, or cannot be written to.
    pub fn create(path: &Path, plan: &Plan) -> io::Result<Self> {
        let is_new = !path.exists();
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            let error = "it holds something already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, error));
        }
        let written = Written {
            format: FORMAT,
            concsim: env!("CARGO_PKG_VERSION").into(),
            plan,
        };
        let plan = serde_json::to_vec_pretty(&written).expect("a plan is always JSON");
        files::write_whole(&path.join(PLAN), &plan)
            .inspect_err(|_| files::remove_if(is_new, path))?;
        Ok(Self {
            path: path.to_owned(),
            is_new,
            variants: 0,
            room: u64::MAX,
        })
    }

    /// The same, but it may not take more than so many bytes. A recording that has no room left breaks
    /// off, and says so.
    #[must_use]
    pub fn with_room(self, room: u64) -> Self {
        Self { room, ..self }
    }

    /// How many bytes it takes so far.
    fn size(&self) -> io::Result<u64> {
        let sizes = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.metadata()?.len()));
        sizes.sum()
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the file of the next variant.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&mut self, header: &Header) -> io::Result<Keeper> {
        self.variants += 1;
        let name = format!(
            "{}-{}.{EXTENSION}",
            self.variants,
            file_name(&header.variant)
        );
        let room = self.room.saturating_sub(self.size()? + FOR_THE_SUMMARY);
        let file = File::create_new(self.path.join(name))?;
        Ok(Keeper::begin(file, header)?.with_room(room))
    }

    /// Removes what was written of a run that failed before anything was seen of it, so that its folder can be
    /// used again. What cannot be removed stays.
    pub fn remove_unplayed(self) {
        let has_samples = |recording: &Recording| !recording.samples.is_empty();
        let kept = super::open(&self.path);
        if kept.is_ok_and(|kept| kept.recordings.iter().any(has_samples)) {
            return;
        }
        let entries = fs::read_dir(&self.path).into_iter().flatten();
        for entry in entries.map_while(Result::ok) {
            let _ = fs::remove_file(entry.path());
        }
        files::remove_if(self.is_new, &self.path);
    }

    /// Adds the summary of the whole run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn summarise(&self, json: &str) -> io::Result<()> {
        files::write_whole(&self.path.join(SUMMARY), json.as_bytes())
    }
}

/// A variant's name as part of a file's: letters, digits, `_` and `-`.
fn file_name(variant: &str) -> String {
    let letter = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "_-".contains(letter) => letter,
        _ => '_',
    };
    variant.chars().take(60).map(letter).collect()
}

/// Keeps one recording while it grows. Errors are kept too: a full disk ends the keeping, not the run.
#[derive(Debug)]
pub struct Keeper<W = File> {
    file: W,
    pieces: Pieces,
    /// Until when everything is in the file.
    flushed: Stamp,
    /// How many bytes may still be written.
    room: u64,
    failed: Option<io::Error>,
}

impl<W: Write> Keeper<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(mut file: W, header: &Header) -> io::Result<Self> {
        file.write_all(FIRST_LINE)?;
        chunk::write(&mut file, Kind::Header, &json(header))?;
        Ok(Self {
            file,
            pieces: Pieces::default(),
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
            self.write(Kind::Pieces, &chunk);
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
