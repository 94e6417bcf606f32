//! The file of a scenario that is played again whenever it is saved.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use concsim_model::units::{Elapsed, Stamp};
use concsim_os::sys::clock::Clock;

/// Time between two checks of the file.
const LOOK_EVERY: Elapsed = Elapsed::from_millis(200);

/// Metadata that changes with a save; `None` where there is no file just now.
type Fingerprint = Option<(SystemTime, u64)>;

/// A file that may be saved while it is played.
#[derive(Debug)]
pub struct WatchedFile {
    path: PathBuf,
    clock: Clock,
    /// Fingerprint at the beginning of the run.
    at_begin: Cell<Fingerprint>,
    /// Fingerprint at the last check.
    last: Cell<Fingerprint>,
    next_look: Cell<Stamp>,
    saved: Cell<bool>,
}

impl WatchedFile {
    /// The file at `path`, taken as it is now.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let watched = Self {
            path: path.to_owned(),
            clock: Clock::starting_now(),
            at_begin: Cell::default(),
            last: Cell::default(),
            next_look: Cell::new(Stamp::ZERO),
            saved: Cell::default(),
        };
        watched.take();
        watched
    }

    /// Takes the current version of the file as the played one.
    pub fn take(&self) {
        let fingerprint = fingerprint_of(&self.path);
        self.at_begin.set(fingerprint);
        self.last.set(fingerprint);
        self.saved.set(false);
    }

    /// True if the file was saved since the run began. A file that is being written, or is absent for a
    /// moment because an editor replaces it, has not been saved yet: two checks in a row have to agree.
    pub fn was_saved(&self) -> bool {
        let now = self.clock.now();
        if !self.saved.get() && now >= self.next_look.get() {
            self.next_look.set(now + LOOK_EVERY);
            let fingerprint = fingerprint_of(&self.path);
            let is_whole = fingerprint.is_some() && self.last.replace(fingerprint) == fingerprint;
            self.saved
                .set(is_whole && fingerprint != self.at_begin.get());
        }
        self.saved.get()
    }

    /// True if the last look found the file saved.
    #[must_use]
    pub fn is_known_to_be_saved(&self) -> bool {
        self.saved.get()
    }

    /// Path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn fingerprint_of(path: &Path) -> Fingerprint {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the file at once.
    fn has_changed_now(watched: &WatchedFile) -> bool {
        watched.next_look.set(Stamp::ZERO);
        watched.was_saved()
    }

    #[test]
    fn a_file_is_saved_when_it_is_another_and_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        fs::write(&path, "one").unwrap();
        let watched = WatchedFile::new(&path);
        assert!(!has_changed_now(&watched));
        fs::write(&path, "three").unwrap();
        assert!(!has_changed_now(&watched), "it may be half written");
        assert!(has_changed_now(&watched));
        watched.take();
        assert!(!has_changed_now(&watched));
    }

    #[test]
    fn a_file_that_is_gone_for_a_moment_is_not_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.toml");
        fs::write(&path, "one").unwrap();
        let watched = WatchedFile::new(&path);
        fs::remove_file(&path).unwrap();
        assert!(!has_changed_now(&watched) && !has_changed_now(&watched));
        fs::write(&path, "another").unwrap();
        assert!(!has_changed_now(&watched));
        assert!(has_changed_now(&watched));
    }
}
