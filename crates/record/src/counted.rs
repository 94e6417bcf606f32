//! Counts that the application in a worker of a foreign server reports about itself.

use serde::{Deserialize, Serialize};

/// Numbers of a worker of a foreign server that its application counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// It counts nothing.
    #[default]
    Nothing,
    /// It counts its answers.
    Answers,
    /// It counts its answers, and the switches of its coroutines.
    Switches,
}

impl Counted {
    /// Returns what a word of shared memory says; an unknown word says nothing.
    #[must_use]
    pub fn from_raw(word: u64) -> Self {
        match word {
            1 => Self::Answers,
            2 => Self::Switches,
            _ => Self::Nothing,
        }
    }

    /// True if nothing is counted.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }

    /// True if answers are counted.
    #[must_use]
    pub fn has_answers(self) -> bool {
        !self.is_nothing()
    }

    /// True if switches are counted.
    #[must_use]
    pub fn has_switches(self) -> bool {
        self == Self::Switches
    }
}
