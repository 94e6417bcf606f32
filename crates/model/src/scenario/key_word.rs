//! Words that may be the value of a key, and tables of values by their words.

/// A word that may be the value of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyWord {
    pub(super) word: &'static str,
    /// Description that follows the word; empty if there is none.
    pub(super) description: &'static str,
}

impl KeyWord {
    /// Returns a word that explains itself.
    pub(super) const fn of_both(word: &'static str) -> Self {
        Self {
            word,
            description: "",
        }
    }

    /// Returns a word with its description.
    pub(super) const fn described(word: &'static str, description: &'static str) -> Self {
        Self { word, description }
    }
}

/// Returns the words of a table of values.
pub(super) const fn words<T, const N: usize>(table: &[(T, KeyWord); N]) -> [KeyWord; N] {
    let mut words = [KeyWord::of_both(""); N];
    let mut at = 0;
    while at < N {
        words[at] = table[at].1;
        at += 1;
    }
    words
}
