//! Sink of a sweep's rows: writes each row to disk before the next is taken, and advances the bar.

use super::folder::Folder;
use super::row::Row;
use crate::progress::Progress;

/// The sweep's folder, and its progress bar.
#[derive(Debug)]
pub(super) struct RowSink<'a> {
    folder: &'a mut Folder,
    progress: Progress,
    taken: usize,
}

impl<'a> RowSink<'a> {
    /// Returns a sink for `all` rows, `before` of which exist already.
    pub(super) fn new(folder: &'a mut Folder, before: usize, all: usize) -> Self {
        Self {
            folder,
            progress: Progress::new(before, all, "rows"),
            taken: 0,
        }
    }

    /// Takes a finished row.
    pub(super) fn take(&mut self, row: Row) -> anyhow::Result<()> {
        self.folder.add(row)?;
        self.taken += 1;
        self.progress.one_more();
        Ok(())
    }

    /// Returns the number of rows taken.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Redraws the bar while no row finishes.
    pub(super) fn look(&mut self) {
        self.progress.look();
    }
}

/// Erases the bar, however the sweep ends: the next message then begins at the left edge.
impl Drop for RowSink<'_> {
    fn drop(&mut self) {
        self.progress.clear();
    }
}
