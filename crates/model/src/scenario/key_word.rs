//! Words that may be the value of a key, and tables of values by their words.

/// A word that may be the value of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyWord {
    pub(super) word: &'static str,
    /// True if real processes play it; the simulation plays every word.
    pub(super) is_real: bool,
    /// Description that follows the word; empty if there is none.
    pub(super) description: &'static str,
}

impl KeyWord {
    /// Returns a word that both engines play.
    pub(super) const fn of_both(word: &'static str) -> Self {
        Self {
            word,
            is_real: true,
            description: "",
        }
    }

    /// Returns a word that so far only the simulation plays.
    pub(super) const fn simulated(word: &'static str) -> Self {
        Self {
            is_real: false,
            ..Self::of_both(word)
        }
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
