//! What there is to look at of a run: what was played, and what is being played now. Whoever looks at a
//! [`Feed`] need not know whether the run goes on or was kept a year ago.

use super::Recording;

/// A run as a row of recordings, one for each variant that was begun.
#[derive(Clone, Copy, Debug)]
pub struct Feed<'a> {
    /// The variants that are over.
    pub over: &'a [Recording],
    /// The one that is on.
    pub now: Option<&'a Recording>,
}

impl<'a> Feed<'a> {
    /// How many variants were begun.
    #[must_use]
    pub fn count(&self) -> usize {
        self.over.len() + usize::from(self.now.is_some())
    }

    /// The recording of a variant, by position; [`None`] if it has not been begun.
    #[must_use]
    pub fn recording(&self, variant: usize) -> Option<&'a Recording> {
        let on = self.now.filter(|_| variant == self.over.len());
        self.over.get(variant).or(on)
    }

    /// Whether the last of them still grows.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.now.is_some()
    }
}
