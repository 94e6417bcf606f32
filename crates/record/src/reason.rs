//! A reason to doubt a run, and the grade that it gives.

use serde::{Deserialize, Serialize};

/// Grade of a run's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// No doubt.
    #[default]
    Ok,
    /// Good for orders of magnitude.
    Rough,
    /// The numbers prove nothing.
    ProvesNothing,
}

impl Trust {
    /// Returns the word for it in the summary.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rough => "rough",
            Self::ProvesNothing => "proves-nothing",
        }
    }

    /// Returns the words for it on the screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Rough => "rough",
            Self::ProvesNothing => "proves nothing",
        }
    }
}

/// Reason for doubting a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable, for programs: `generator-late`.
    pub code: &'static str,
    /// Sentence for the reader, without a final period.
    pub sentence: String,
    /// Remedy.
    pub remedy: &'static str,
    /// Grade that this reason alone gives the run.
    #[serde(skip)]
    pub trust: Trust,
}
