//! The folder of a run: a file for what is played, one for each variant, one for the result.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use concsim_model::scenario::Plan;
use concsim_record::storage::{self, EXTENSION, PLAN, RecordingWriter, SUMMARY};
use concsim_record::{Header, Recording};

use crate::sys::files;

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
        files::write_whole(&path.join(PLAN), &storage::plan_file(plan))
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
    pub fn keep(&mut self, header: &Header) -> io::Result<RecordingWriter> {
        self.variants += 1;
        let name = format!(
            "{}-{}.{EXTENSION}",
            self.variants,
            file_name(&header.variant)
        );
        let room = self.room.saturating_sub(self.size()? + FOR_THE_SUMMARY);
        let file = File::create_new(self.path.join(name))?;
        Ok(RecordingWriter::begin(file, header)?.with_room(room))
    }

    /// Removes what was written of a run that failed before anything was seen of it, so that its folder can be
    /// used again. What cannot be removed stays.
    pub fn remove_unplayed(self) {
        let has_samples = |recording: &Recording| !recording.samples.is_empty();
        let kept = storage::open(&self.path);
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

/// True for a file of a kept run, or one that was being written.
#[must_use]
pub fn is_of_a_run(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_named = [PLAN, SUMMARY].contains(&name.as_ref());
    let is_recording = file.extension().is_some_and(|it| it == EXTENSION);
    is_named || is_recording || name.starts_with(files::NEW_BEGINS)
}
