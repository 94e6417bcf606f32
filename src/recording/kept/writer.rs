//! The writing side: a folder for a run, a file for each variant.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::chunk::{self, FIRST_LINE, Kind};
use super::pieces::Pieces;
use super::{EXTENSION, PLAN, SUMMARY};
use crate::recording::{Header, Sample, Seen, Who};
use crate::scenario::Plan;
use crate::telemetry::Record;

/// A chunk is written when it has become so long …
const CHUNK: usize = 256 << 10;
/// … or when so many samples are in it: half a second of a run.
const SAMPLES: usize = 10;

/// Where a run is kept.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    variants: usize,
}

impl Folder {
    /// Makes the folder, which must not be there yet or be empty, and writes down what is played.
    ///
    /// # Errors
    /// When the folder holds something, or cannot be written to.
    pub fn create(path: &Path, plan: &Plan) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            let error = "it holds something already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, error));
        }
        let plan = serde_json::to_vec_pretty(plan).expect("a plan is always JSON");
        fs::write(path.join(PLAN), plan)?;
        Ok(Self {
            path: path.to_owned(),
            variants: 0,
        })
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
        Keeper::begin(File::create_new(self.path.join(name))?, header)
    }

    /// Adds the summary of the whole run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn summarise(&self, json: &str) -> io::Result<()> {
        fs::write(self.path.join(SUMMARY), json)
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
    samples: usize,
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
            samples: 0,
            failed: None,
        })
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
            self.samples += 1;
            if self.samples >= SAMPLES {
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
        self.samples = 0;
        let chunk = self.pieces.take();
        if !chunk.is_empty() {
            self.write(Kind::Pieces, &chunk);
        }
    }

    fn write(&mut self, kind: Kind, payload: &[u8]) {
        if self.failed.is_none() {
            self.failed = chunk::write(&mut self.file, kind, payload).err();
        }
    }
}

fn json(piece: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(piece).expect("a recording is always JSON")
}
