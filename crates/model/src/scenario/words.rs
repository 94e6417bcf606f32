//! Short texts, such as a step, read word by word, so that a mistake points at its word.

use std::ops::Range;

use super::problem::Mistake;

/// A word of a short text, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'t> {
    pub(super) text: &'t str,
    pub(super) range: Range<usize>,
}

impl<'t> Word<'t> {
    /// Returns the whole of `text` as one word, trimmed.
    pub(super) fn only(text: &'t str) -> Self {
        Self::of(text, 0..text.len())
    }

    /// Returns this part of `text` as one word, trimmed.
    pub(super) fn of(text: &'t str, part: Range<usize>) -> Self {
        let within = &text[part.clone()];
        let start = part.start + within.len() - within.trim_start().len();
        Self {
            text: within.trim(),
            range: start..start + within.trim().len(),
        }
    }

    pub(super) fn mistake(&self, message: impl Into<String>) -> Mistake {
        Mistake {
            range: self.range.clone(),
            message: message.into(),
            hint: None,
        }
    }

    /// Returns the part of this word from byte `start` to byte `end`.
    pub(super) fn part(&self, start: usize, end: usize) -> Self {
        Self {
            text: &self.text[start..end],
            range: self.range.start + start..self.range.start + end,
        }
    }
}

impl Mistake {
    /// Adds a hint.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into().or(self.hint);
        self
    }
}

/// Reads a short text word by word.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the next word: up to space, comma or parenthesis. `None` at the end, or before a comma or
    /// parenthesis.
    pub(super) fn word(&mut self) -> Option<Word<'t>> {
        let start = self.skip_space();
        let rest = &self.text[start..];
        let stops = |character: char| character.is_whitespace() || "(),".contains(character);
        let length = rest.find(stops).unwrap_or(rest.len());
        self.at = start + length;
        (length > 0).then(|| Word {
            text: &rest[..length],
            range: start..start + length,
        })
    }

    /// Skips `sign` if it comes next, and returns true then.
    pub(super) fn eat(&mut self, sign: char) -> bool {
        let start = self.skip_space();
        let found = self.text[start..].starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    /// Returns the unread rest, trimmed; `None` if it is empty.
    pub(super) fn rest(&mut self) -> Option<Word<'t>> {
        let start = self.skip_space();
        let rest = self.text[start..].trim_end();
        (!rest.is_empty()).then(|| Word {
            text: rest,
            range: start..start + rest.len(),
        })
    }

    /// Reports that `what` is missing here; points at the next word, or at the last one at the end.
    pub(super) fn missing(&mut self, what: &str) -> Mistake {
        if let Some(rest) = self.rest() {
            return rest.mistake(format!("{what} is missing before `{}`", rest.text));
        }
        let read = self.text.trim_end();
        let begin = read.rfind(char::is_whitespace).map_or(0, |at| {
            at + read[at..].chars().next().map_or(0, char::len_utf8)
        });
        Mistake {
            range: begin..read.len(),
            message: format!("{what} is missing at the end"),
            hint: None,
        }
    }

    /// Fails unless all has been read.
    pub(super) fn end(&mut self) -> Result<(), Mistake> {
        match self.rest() {
            None => Ok(()),
            Some(rest) => Err(rest.mistake(format!("unexpected `{}`", rest.text))),
        }
    }

    fn skip_space(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }
}
