//! The folder of a run: a file for the plan, one for each variant, one for the summary.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use concsim_model::scenario::Plan;
use concsim_record::storage::{self, EXTENSION, PLAN, RecordingWriter, SUMMARY};
use concsim_record::{Header, Recording};

use crate::sys::files;

/// Part of the folder's room, in bytes, that is kept free for the summary, which comes last.
const FOR_THE_SUMMARY: u64 = 256 << 10;

/// Folder in which a run is stored.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// True if it did not exist before.
    is_new: bool,
    /// Names of the plan's variants, in its order; [`None`] for one whose file has been begun.
    variants: Vec<Option<String>>,
    /// Most bytes that it may take.
    free_bytes: u64,
}

impl Folder {
    /// Creates the folder, which must not exist or must be empty, and writes the plan.
    ///
    /// # Errors
    /// Fails if the folder is not empty, or cannot be written to.
    pub fn create(path: &Path, plan: &Plan) -> io::Result<Self> {
        let is_new = !path.exists();
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            let error = "the folder is not empty";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, error));
        }
        files::write_whole(&path.join(PLAN), &storage::plan_file(plan))
            .inspect_err(|_| files::remove_if(is_new, path))?;
        Ok(Self {
            path: path.to_owned(),
            is_new,
            variants: plan
                .variants
                .iter()
                .map(|it| Some(it.name.clone()))
                .collect(),
            free_bytes: u64::MAX,
        })
    }

    /// Limits the folder to `room` bytes. A recording that runs out of room is cut off, and reports it.
    #[must_use]
    pub fn with_room(self, room: u64) -> Self {
        Self {
            free_bytes: room,
            ..self
        }
    }

    /// Number of bytes that it takes so far.
    fn size(&self) -> io::Result<u64> {
        let sizes = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.metadata()?.len()));
        sizes.sum()
    }

    /// Removes the folder with all its files.
    ///
    /// # Errors
    /// Fails if the system refuses.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(self.path)
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins the file of a variant of the plan. Its number is the variant's place in the plan, in whatever order they
    /// are played.
    ///
    /// # Errors
    /// Fails if it cannot be written.
    pub fn begin_variant(&mut self, header: &Header) -> io::Result<RecordingWriter> {
        let is_it = |it: &Option<String>| it.as_ref() == Some(&header.variant);
        let place = self.variants.iter().position(is_it);
        let unknown = || io::Error::other(format!("the plan lacks {}", header.variant));
        let place = place.ok_or_else(unknown)?;
        self.variants[place] = None;
        let number = place + 1;
        let name = format!("{number}-{}.{EXTENSION}", file_name(&header.variant));
        let room = self
            .free_bytes
            .saturating_sub(self.size()? + FOR_THE_SUMMARY);
        let file = File::create_new(self.path.join(name))?;
        Ok(RecordingWriter::begin(file, header)?.with_room(room))
    }

    /// Removes the files of a run that failed before its first sample, so that its folder can be used
    /// again. Files that cannot be removed stay.
    pub fn remove_unplayed(self) {
        let has_samples = |recording: &Recording| !recording.samples.is_empty();
        let stored = storage::open(&self.path);
        if stored.is_ok_and(|stored| stored.recordings.iter().any(has_samples)) {
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
    /// Fails if it cannot be written.
    pub fn summarise(&self, json: &str) -> io::Result<()> {
        files::write_whole(&self.path.join(SUMMARY), json.as_bytes())
    }
}

/// Returns a variant's name as part of a file name: letters, digits, `_` and `-`.
fn file_name(variant: &str) -> String {
    let letter = |letter: char| match letter {
        letter if letter.is_ascii_alphanumeric() || "_-".contains(letter) => letter,
        _ => '_',
    };
    variant.chars().take(60).map(letter).collect()
}

/// True for a file of a stored run, or one that was being written.
#[must_use]
pub fn is_of_a_run(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let is_named = [PLAN, SUMMARY].contains(&name.as_ref());
    let is_recording = file.extension().is_some_and(|it| it == EXTENSION);
    is_named || is_recording || name.starts_with(files::NEW_BEGINS)
}
