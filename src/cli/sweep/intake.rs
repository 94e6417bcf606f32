//! What takes in the rows of a sweep: each is on disk before the next is looked at, and on the bar.

use super::folder::Folder;
use super::progress::Progress;
use super::row::Row;

/// The folder that is filled, and the bar that shows how far.
#[derive(Debug)]
pub(super) struct Intake<'a> {
    folder: &'a mut Folder,
    progress: Progress,
    taken: usize,
}

impl<'a> Intake<'a> {
    /// `before` of `all` rows need not be played.
    pub(super) fn new(folder: &'a mut Folder, before: usize, all: usize) -> Self {
        Self {
            folder,
            progress: Progress::new(before, all),
            taken: 0,
        }
    }

    /// A row is finished.
    pub(super) fn take(&mut self, row: Row) -> anyhow::Result<()> {
        self.folder.add(row)?;
        self.taken += 1;
        self.progress.one_more();
        Ok(())
    }

    /// How many it has taken in.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// None is, for a while.
    pub(super) fn look(&mut self) {
        self.progress.look();
    }
}

/// The bar goes, whatever ended the sweep: what is said then begins at the left edge.
impl Drop for Intake<'_> {
    fn drop(&mut self) {
        self.progress.clear();
    }
}
