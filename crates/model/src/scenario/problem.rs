//! Mistakes in a scenario: each with its place, the legal values, and a hint.
//!
//! A scenario has several sources, the file and each `--set` on the command line. A [`Place`] names the source
//! and the bytes; [`Problems`] draws the mistake under its line. This module renders mistakes and detects none.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A text that a scenario was read from.
#[derive(Clone, Debug)]
pub struct Source {
    /// A path, or the option of the command line.
    pub name: String,
    /// As it was written.
    pub text: String,
}

/// Place in a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the source: 0 is the file.
    pub(super) source: usize,
    /// First byte.
    pub start: usize,
    pub(super) end: usize,
}

impl Place {
    /// Returns the bytes of `range` in a source: 0 is the file.
    pub fn new(source: usize, range: Range<usize>) -> Self {
        Self {
            source,
            start: range.start,
            end: range.end,
        }
    }

    /// True if `other` lies within this place.
    pub(super) fn holds(&self, other: &Self) -> bool {
        self.source == other.source && self.start <= other.start && other.end <= self.end
    }
}

/// A mistake in a short text, such as a step, with its place in that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Byte range of the mistake in the text.
    pub range: Range<usize>,
    /// The mistake, as a lowercase fragment.
    pub message: String,
    /// A legal alternative.
    pub hint: Option<String>,
}

/// Scope of a mistake. A mistake that only shows in the whole, such as a missing key, may be a consequence of a
/// line that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The text cannot be read.
    Syntax,
    /// One value is wrong.
    Value,
    /// Values that are right by themselves contradict each other.
    Whole,
}

/// One mistake in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Place in its source.
    pub place: Place,
    /// The mistake, as a lowercase fragment.
    pub(super) message: String,
    /// Legal values, shown beside the place.
    pub(super) legal: Option<String>,
    /// Probable intention of the author.
    pub(super) hint: Option<String>,
    pub(super) scope: Scope,
}

impl Problem {
    /// Returns a mistake in one value; `message` is a lowercase fragment.
    pub fn new(place: &Place, message: impl Into<String>) -> Self {
        Self {
            place: place.clone(),
            message: message.into(),
            legal: None,
            hint: None,
            scope: Scope::Value,
        }
    }

    /// Adds the legal values.
    #[must_use]
    pub fn legal(mut self, legal: impl Into<String>) -> Self {
        self.legal = Some(legal.into());
        self
    }

    /// Adds the probable intention of the author.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    #[must_use]
    pub(super) fn of_the_whole(mut self) -> Self {
        self.scope = Scope::Whole;
        self
    }
}

/// All mistakes of a scenario; at least one, in the order of the text.
#[derive(Clone, Debug)]
pub struct Problems {
    sources: Vec<Source>,
    problems: Vec<Problem>,
}

impl Problems {
    /// Sorts the mistakes and drops duplicates: variants repeat the mistakes of their common part.
    pub fn new(sources: Vec<Source>, mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|one, other| {
            (&one.place, &one.message, &one.hint).cmp(&(&other.place, &other.message, &other.hint))
        });
        problems.dedup();
        Self { sources, problems }
    }

    /// Returns the number of mistakes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// Returns the line of each, counted from 1, in the file; `None` for those of the command line.
    pub fn lines(&self) -> impl Iterator<Item = Option<usize>> {
        let file = self.sources.first().map(|source| Lines::of(&source.text));
        self.problems.iter().map(move |problem| {
            let lines = file.as_ref().filter(|_| problem.place.source == 0)?;
            Some(lines.number(problem.place.start))
        })
    }

    /// Returns every mistake under its line, and their number.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let lines: Vec<Lines<'_>> = self.sources.iter().map(|it| Lines::of(&it.text)).collect();
        let mut drawn: Vec<String> = self
            .problems
            .iter()
            .map(|problem| renderer.render(&[self.draw(problem, &lines)]))
            .collect();
        drawn.push(match self.count() {
            1 => "1 mistake".into(),
            count => format!("{count} mistakes"),
        });
        drawn.join("\n\n")
    }

    /// Draws the lines of a mistake alone: with the whole text, many mistakes would take quadratic time.
    fn draw<'a>(&'a self, problem: &'a Problem, lines: &[Lines<'a>]) -> Group<'a> {
        let source = &self.sources[problem.place.source];
        let range = within(&source.text, problem.place.start..problem.place.end);
        let (first, begin, text) = lines[problem.place.source].around(&range);
        let range = range.start - begin..range.end - begin;
        let mark = AnnotationKind::Primary
            .span(range)
            .label(problem.legal.as_deref().map(shown));
        let snippet = Snippet::source(text)
            .line_start(first)
            .path(source.name.as_str())
            .annotation(mark);
        let group = Level::ERROR
            .primary_title(shown(&problem.message))
            .element(snippet);
        match &problem.hint {
            None => group,
            Some(hint) => group.element(Level::HELP.message(shown(hint))),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

/// Index of the lines of a text: finds the line of a byte without counting from the beginning.
pub struct Lines<'a> {
    text: &'a str,
    /// First byte of each line.
    begins: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Indexes the lines of a text.
    pub fn of(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        let begins = std::iter::once(0).chain(ends).collect();
        Self { text, begins }
    }

    /// Returns the number of the line that has this byte, counted from 1.
    pub fn number(&self, byte: usize) -> usize {
        self.begins.partition_point(|begin| *begin <= byte)
    }

    /// Returns the lines that a range touches: the number of the first, counted from 1, the byte at which it
    /// begins, and their text.
    fn around(&self, range: &Range<usize>) -> (usize, usize, &'a str) {
        let (first, next) = (self.number(range.start), self.number(range.end));
        let begin = self.begins[first - 1];
        let end = self.begins.get(next).copied().unwrap_or(self.text.len());
        (first, begin, &self.text[begin..end])
    }
}

/// Removes characters that could confuse a terminal: a message may quote the file.
fn shown(text: &str) -> String {
    annotate_snippets::normalize_untrusted_str(text)
}

/// Returns `range`, moved to the beginnings of characters in `text`.
fn within(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(range.start);
    start..text.ceil_char_boundary(range.end.max(start))
}

/// Returns "did you mean `coroutine`?", if a member of `known` is near enough to `written`.
pub fn did_you_mean<'k>(written: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let written = written.to_lowercase();
    let farthest = (written.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, word), word))
        .filter(|(distance, word)| *distance <= farthest && *distance < word.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| format!("did you mean `{word}`?"))
}

/// Returns "`a`, `b` or `c`".
pub(super) fn one_of<'k>(words: impl IntoIterator<Item = &'k str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_that_a_range_touches() {
        let text = "one\n\nthree\nfour";
        let lines = Lines::of(text);
        let around = |range: Range<usize>| lines.around(&range);
        assert_eq!(around(0..3), (1, 0, "one\n"));
        assert_eq!(around(4..4), (2, 4, "\n"));
        assert_eq!(around(2..6), (1, 0, "one\n\nthree\n"));
        assert_eq!(around(12..15), (4, 11, "four"));
        assert_eq!(around(15..15), (4, 11, "four"));
        assert_eq!(Lines::of("").around(&(0..0)), (1, 0, ""));
    }

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let kinds = ["sync", "coroutine"];
        for (written, suggested) in [
            ("corutine", Some("did you mean `coroutine`?")),
            ("Sync", Some("did you mean `sync`?")),
            ("snyc", Some("did you mean `sync`?")),
            ("gevent", None),
            ("", None),
        ] {
            assert_eq!(
                did_you_mean(written, kinds).as_deref(),
                suggested,
                "{written}"
            );
        }
    }

    #[test]
    fn a_place_off_the_text_is_moved_into_it() {
        let source = |text: &str| {
            vec![Source {
                name: "x.toml".into(),
                text: text.into(),
            }]
        };
        for (text, range) in [
            ("", 0..9),
            ("é", 1..1),
            ("a\n", 2..2),
            ("\u{1b}[2J\0", 0..3),
        ] {
            let problem = Problem::new(&Place::new(0, range), "wrong");
            let drawn = Problems::new(source(text), vec![problem]).render(false);
            assert!(
                drawn.contains("wrong") && !drawn.contains('\u{1b}'),
                "{drawn}"
            );
        }
    }
}
