//! Sink of a sweep's rows: writes each row to disk before the next is taken, and advances the bar.

use super::folder::Folder;
use super::row::Row;
use crate::progress::Progress;

/// The sweep's folder, and its progress bar.
#[derive(Debug)]
pub(super) struct RowSink<'a> {
    folder: &'a mut Folder,
    progress: Progress,
    row_count: usize,
}

impl<'a> RowSink<'a> {
    /// Returns a sink for `all` rows, `before` of which exist already.
    pub(super) fn new(folder: &'a mut Folder, before: usize, all: usize) -> Self {
        Self {
            folder,
            progress: Progress::new(before, all, "rows"),
            row_count: 0,
        }
    }

    /// Takes a finished row.
    pub(super) fn take(&mut self, row: Row) -> anyhow::Result<()> {
        self.folder.add(row)?;
        self.row_count += 1;
        self.progress.one_more();
        Ok(())
    }

    /// Returns the number of rows taken.
    pub(super) fn taken(&self) -> usize {
        self.row_count
    }

    /// Redraws the bar while no row finishes.
    pub(super) fn redraw(&mut self) {
        self.progress.update();
    }
}

/// Erases the bar, however the sweep ends: the next message then begins at the left edge.
impl Drop for RowSink<'_> {
    fn drop(&mut self) {
        self.progress.clear();
    }
}
