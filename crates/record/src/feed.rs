//! The recordings of a run: the variants already played and the one in progress. A reader of a [`Feed`]
//! need not know whether the run is live or was stored a year ago.

use super::Recording;

/// A run as a list of recordings, one for each variant begun.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    /// Finished variants.
    pub over: &'a [Recording],
    /// Variant in progress.
    pub now: Option<&'a Recording>,
}

impl<'a> Feed<'a> {
    /// Number of variants begun.
    #[must_use]
    pub fn count(&self) -> usize {
        self.over.len() + usize::from(self.now.is_some())
    }

    /// Returns the recording of a variant, by position; [`None`] if it has not been begun.
    #[must_use]
    pub fn recording(&self, variant: usize) -> Option<&'a Recording> {
        let on = self.now.filter(|_| variant == self.over.len());
        self.over.get(variant).or(on)
    }

    /// True if the last recording still grows.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.now.is_some()
    }
}
