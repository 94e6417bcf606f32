//! Repeats that are stored in a folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Partial, Repeats, Replication, Rule};
use crate::storage::{self, StoredRun};

/// The part of a stored summary that the recordings do not have.
#[derive(Debug, Default, Deserialize)]
struct StoredSummary {
    #[serde(default)]
    repeats: Ending,
}

/// End of the repeats.
#[derive(Debug, Default, Deserialize)]
struct Ending {
    until: Option<Rule>,
    partial: Option<Partial>,
}

impl Repeats {
    /// Reads the repeats stored in a folder, whose first is `first`; [`None`] if there are no others. Also returns the
    /// folders of those that cannot be read, which are left out.
    #[must_use]
    pub fn stored(folder: &Path, first: &StoredRun) -> Option<(Self, Vec<PathBuf>)> {
        let count = storage::repeat_count(folder);
        if count < 2 {
            return None;
        }
        let mut repeats = Self::default();
        let mut unreadable = Vec::new();
        repeats.add(first.recordings.iter().map(Replication::of).collect());
        for repeat in 2..=count {
            let own = storage::repeat_folder(folder, repeat);
            match storage::open(&own).map(|stored| variants_of(&stored)) {
                Ok(variants) if variants.len() == first.recordings.len() => repeats.add(variants),
                _ => unreadable.push(own),
            }
        }
        if repeats.count() < 2 {
            return None;
        }
        let summary = std::fs::read(folder.join(storage::SUMMARY)).unwrap_or_default();
        let described: StoredSummary = serde_json::from_slice(&summary).unwrap_or_default();
        if let Some(rule) = described.repeats.until {
            repeats.ended_by(rule);
        }
        repeats.partial = described.repeats.partial;
        Some((repeats, unreadable))
    }
}

/// Returns the variants of a stored repeat, if all of it can be read.
fn variants_of(stored: &StoredRun) -> Vec<Replication> {
    let is_whole = stored.torn.is_empty() && stored.missing.is_empty();
    let recordings = stored.recordings.iter().filter(|_| is_whole);
    recordings.map(Replication::of).collect()
}
