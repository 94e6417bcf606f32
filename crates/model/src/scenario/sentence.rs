//! Steps as sentences: `call billing 99ms unpatched` is read into a [`Step`], and written back.
//!
//! Each verb has its own small grammar ([`VERBS`] shows them all); a mistake points at the first word that does
//! not fit. Services and counters are declared by their use in a step, so reading collects their names.

use std::fmt;

use super::problem::{Mistake, did_you_mean, one_of};
use super::quantity::{self, Size, Time};
use super::word_offers::{self, WordPlace};
use super::words::{Cursor, Word};
use super::{Scenario, Step, WaitMode};
use crate::units::CpuTime;

/// A verb: the first word of a sentence.
pub(super) struct Verb {
    /// The word.
    pub(super) word: &'static str,
    /// Examples of its sentences, each in backticks.
    examples: &'static str,
    /// Function that reads the part after the verb.
    read: fn(&mut Cursor<'_>, &mut Names) -> Result<Step, Mistake>,
}

/// Every verb. Reading, the list in messages and the schema use this table.
pub(super) const VERBS: [Verb; 9] = [
    Verb {
        word: "compute",
        examples: "`compute 2ms`, `compute 100ms in slices of 1ms` or `compute 50ms in processes`",
        read: |cursor, _| {
            let cpu = quantity::draw(cursor)?;
            if cursor.rest().is_some_and(|rest| is_in_processes(rest.text)) {
                phrase(cursor, &["in", "processes"])?;
                return Ok(Step::Offload { cpu });
            }
            Ok(Step::Compute {
                cpu,
                slice: slices(cursor)?,
            })
        },
    },
    Verb {
        word: "call",
        examples: "`call billing 99ms` or `call billing 99ms unpatched`",
        read: |cursor, names| {
            Ok(Step::Call {
                service: index_of(cursor, "a service", &mut names.services)?,
                wait: quantity::draw(cursor)?,
                mode: wait_mode(cursor)?,
            })
        },
    },
    Verb {
        word: "sleep",
        examples: "`sleep 50ms` or `sleep 50ms unpatched`",
        read: |cursor, _| {
            Ok(Step::Sleep {
                wait: quantity::draw(cursor)?,
                mode: wait_mode(cursor)?,
            })
        },
    },
    Verb {
        word: "yield",
        examples: "`yield`",
        read: |_, _| Ok(Step::Yield),
    },
    Verb {
        word: "write",
        examples: "`write 16KiB`",
        read: |cursor, _| {
            let bytes = size(cursor)?;
            Ok(Step::Write { bytes })
        },
    },
    Verb {
        word: "touch",
        examples: "`touch 20MB`",
        read: |cursor, _| {
            let bytes = size(cursor)?;
            Ok(Step::Touch { bytes })
        },
    },
    Verb {
        word: "count",
        examples: "`count visits` or `count visits with yield`",
        read: |cursor, names| {
            Ok(Step::Count {
                counter: index_of(cursor, "a counter", &mut names.counters)?,
                with_yield: phrase(cursor, &["with", "yield"])?,
            })
        },
    },
    Verb {
        word: "panic",
        examples: "`panic`",
        read: |_, _| Ok(Step::Panic),
    },
    Verb {
        word: "overflow",
        examples: "`overflow`",
        read: |_, _| Ok(Step::Overflow),
    },
];

/// Shortest slice, in nanoseconds: a shorter one would be mostly switching.
const SHORTEST_SLICE: u64 = 1_000;

/// Maximum length of a name.
const LONGEST_NAME: usize = 32;

/// Services and counters, in the order in which the steps first name them.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) services: Vec<String>,
    pub(super) counters: Vec<String>,
}

/// Reads one sentence.
pub(super) fn read(text: &str, names: &mut Names) -> Result<Step, Mistake> {
    let mut cursor = Cursor::new(text);
    let Some(verb) = cursor.word() else {
        return Err(cursor.missing("a verb").hint(verbs()));
    };
    let Some(known) = VERBS.iter().find(|known| known.word == verb.text) else {
        let known = VERBS.iter().map(|known| known.word);
        let meant = did_you_mean(verb.text, known);
        let meant = meant.or_else(|| word_offers::hint(verb.text, WordPlace::Step));
        return Err(verb
            .mistake(format!("`{}` is not a verb", verb.text))
            .hint(meant.or(Some(verbs()))));
    };
    let mut read = || {
        let step = (known.read)(&mut cursor, names)?;
        cursor.end()?;
        Ok(step)
    };
    read().map_err(|mistake: Mistake| match mistake.hint {
        Some(_) => mistake,
        None => mistake.hint(known.examples.to_owned()),
    })
}

fn verbs() -> String {
    format!(
        "a step begins with {}",
        one_of(VERBS.iter().map(|verb| verb.word))
    )
}

/// True for `in processes`, the place of a computation.
fn is_in_processes(text: &str) -> bool {
    text.split_whitespace().take(2).eq(["in", "processes"])
}

/// Reads a size, which must come next.
fn size(cursor: &mut Cursor<'_>) -> Result<u64, Mistake> {
    let word = cursor.word();
    let word = word.ok_or_else(|| cursor.missing("a size"))?;
    quantity::size(&word)
}

/// Reads `in slices of 1ms`, if it comes next.
fn slices(cursor: &mut Cursor<'_>) -> Result<Option<CpuTime>, Mistake> {
    if !phrase(cursor, &["in", "slices", "of"])? {
        return Ok(None);
    }
    let word = cursor.word();
    let word = word.ok_or_else(|| cursor.missing("the length of a slice"))?;
    let length = quantity::step_length(&word)?;
    if length >= SHORTEST_SLICE {
        return Ok(Some(CpuTime(length)));
    }
    Err(word
        .mistake(format!("a slice of `{}` is too short", word.text))
        .hint("a slice must be `1us` or longer".to_owned()))
}

/// Reads `unpatched`, if it comes next.
fn wait_mode(cursor: &mut Cursor<'_>) -> Result<WaitMode, Mistake> {
    let Some(rest) = cursor.rest() else {
        return Ok(WaitMode::Patched);
    };
    let words: Vec<&str> = rest.text.split_whitespace().collect();
    match words[..] {
        ["unpatched"] => {
            cursor.word();
            Ok(WaitMode::Unpatched)
        }
        ["in", "threads"] => {
            cursor.word();
            cursor.word();
            Ok(WaitMode::InThreads)
        }
        [word, ..] => Err(rest
            .mistake(format!("unexpected `{}`", rest.text))
            .hint(did_you_mean(word, ["unpatched", "in threads"]))),
        [] => Ok(WaitMode::Patched),
    }
}

/// Skips `words` if they come next, and returns true then; after the first, the others are required.
fn phrase(cursor: &mut Cursor<'_>, words: &[&str]) -> Result<bool, Mistake> {
    if cursor.rest().is_none() {
        return Ok(false);
    }
    for expected in words {
        let Some(word) = cursor.word() else {
            return Err(cursor.missing(&format!("`{expected}`")));
        };
        if word.text != *expected {
            let phrase = words.join(" ");
            return Err(word.mistake(format!(
                "unexpected `{}`: the phrase is `{phrase}`",
                word.text
            )));
        }
    }
    Ok(true)
}

/// Returns the index of the name that comes next; adds it if it is new.
fn index_of(
    cursor: &mut Cursor<'_>,
    what: &str,
    names: &mut Vec<String>,
) -> Result<usize, Mistake> {
    let word = cursor.word();
    let word = word.ok_or_else(|| cursor.missing(&format!("the name of {what}")))?;
    name(&word)?;
    if let Some(index) = names.iter().position(|known| known == word.text) {
        return Ok(index);
    }
    names.push(word.text.to_owned());
    Ok(names.len() - 1)
}

/// Fails unless `word` may be a name.
pub(super) fn name(word: &Word<'_>) -> Result<(), Mistake> {
    let mut characters = word.text.chars();
    let begins_well = characters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic());
    let goes_on_well = characters.all(|one| one.is_ascii_alphanumeric() || one == '_');
    if begins_well && goes_on_well && word.text.len() <= LONGEST_NAME {
        return Ok(());
    }
    let rule = "letters, digits and `_`, beginning with a letter, at most 32";
    Err(word.mistake(format!("`{}` is not a name ({rule})", word.text)))
}

/// A step as its sentence.
#[derive(Clone, Copy, Debug)]
pub struct Sentence<'a> {
    step: &'a Step,
    scenario: &'a Scenario,
}

impl Scenario {
    /// Returns `step`, a step of this scenario, as a sentence that reads back as the same step.
    #[must_use]
    pub fn sentence<'a>(&'a self, step: &'a Step) -> Sentence<'a> {
        Sentence {
            step,
            scenario: self,
        }
    }
}

impl fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Step::Compute { cpu, slice } => {
                write!(f, "compute {cpu}")?;
                slice.map_or(Ok(()), |slice| write!(f, " in slices of {}", Time(slice.0)))
            }
            Step::Offload { cpu } => write!(f, "compute {cpu} in processes"),
            Step::Call {
                service,
                wait,
                mode,
            } => {
                let service = &self.scenario.services[*service].name;
                write!(f, "call {service} {wait}{}", ending(*mode))
            }
            Step::Sleep { wait, mode } => write!(f, "sleep {wait}{}", ending(*mode)),
            Step::Yield => f.write_str("yield"),
            Step::Write { bytes } => write!(f, "write {}", Size(*bytes)),
            Step::Touch { bytes } => write!(f, "touch {}", Size(*bytes)),
            Step::Count {
                counter,
                with_yield,
            } => {
                let counter = &self.scenario.counters[*counter];
                let ending = if *with_yield { " with yield" } else { "" };
                write!(f, "count {counter}{ending}")
            }
            Step::Panic => f.write_str("panic"),
            Step::Overflow => f.write_str("overflow"),
        }
    }
}

fn ending(mode: WaitMode) -> &'static str {
    match mode {
        WaitMode::Patched => "",
        WaitMode::Unpatched => " unpatched",
        WaitMode::InThreads => " in threads",
    }
}

/// Cuts `text` into sentences at its commas, except those within parentheses.
pub(super) fn cut(text: &str) -> Vec<Word<'_>> {
    let mut depth = 0_usize;
    let mut begin = 0;
    let mut sentences = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                sentences.push(Word::of(text, begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    if !text[begin..].trim().is_empty() || begin > 0 {
        sentences.push(Word::of(text, begin..text.len()));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Draw, Overrides};

    #[test]
    fn a_mistake_in_a_step_points_at_its_word() {
        for (text, pointed, message) in [
            ("", "", "a verb is missing at the end"),
            ("compte 1ms", "compte", "`compte` is not a verb"),
            (
                "compute",
                "compute",
                "a length of time is missing at the end",
            ),
            (
                "compute 1ms in slice of 1ms",
                "slice",
                "unexpected `slice`: the phrase is `in slices of`",
            ),
            (
                "compute 1ms in slices of",
                "of",
                "the length of a slice is missing at the end",
            ),
            (
                "compute 1ms in slices of 1ns",
                "1ns",
                "a slice of `1ns` is too short",
            ),
            (
                "compute 1ms unpatched",
                "unpatched",
                "unexpected `unpatched`: the phrase is `in slices of`",
            ),
            (
                "call 99ms",
                "99ms",
                "`99ms` is not a name (letters, digits and `_`, beginning with a letter, at most 32)",
            ),
            (
                "call billing",
                "billing",
                "a length of time is missing at the end",
            ),
            (
                "call billing 9ms in thread",
                "in thread",
                "unexpected `in thread`",
            ),
            ("sleep 9ms unpached", "unpached", "unexpected `unpached`"),
            ("sleep 9ms, yield", ", yield", "unexpected `, yield`"),
            ("yield 3ms", "3ms", "unexpected `3ms`"),
            ("write 16kb", "kb", "`kb` is not a unit of size"),
            ("write", "write", "a size is missing at the end"),
            ("touch", "touch", "a size is missing at the end"),
            ("count visits with", "with", "`yield` is missing at the end"),
            (
                "count",
                "count",
                "the name of a counter is missing at the end",
            ),
        ] {
            let mistake = read(text, &mut Names::default()).expect_err(text);
            assert_eq!(
                (&text[mistake.range], mistake.message.as_str()),
                (pointed, message)
            );
            assert!(mistake.hint.is_some(), "no hint for {text}");
        }
    }

    #[test]
    fn every_example_of_a_verb_is_read_and_written_back_as_it_stands() {
        for verb in &VERBS {
            // Between backticks: every second part.
            let examples: Vec<&str> = verb.examples.split('`').skip(1).step_by(2).collect();
            assert!(!examples.is_empty(), "{} has no example", verb.word);
            for example in examples {
                let text = format!("requests.a.steps = [\"{example}\"]\nload.clients = 1\n");
                let plan = crate::scenario::read(&text, "a.toml", &Overrides::default());
                let scenario = &plan.expect(example).variants[0].scenario;
                let step = &scenario.requests[0].script[0];
                assert_eq!(scenario.sentence(step).to_string(), example);
                assert_eq!(example.split(' ').next(), Some(verb.word));
            }
        }
    }

    #[test]
    fn services_and_counters_are_numbered_as_they_are_first_named() {
        let mut names = Names::default();
        let services: Vec<usize> = ["call b 1ms", "call a 1ms", "call b 2ms"]
            .iter()
            .map(|text| match read(text, &mut names) {
                Ok(Step::Call { service, .. }) => service,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            (services, names.services.join(" ")),
            (vec![0, 1, 0], "b a".into())
        );
    }

    #[test]
    fn a_call_may_be_drawn_and_unpatched() {
        let step = read(
            "call db lognormal(50ms, p99 400ms) unpatched",
            &mut Names::default(),
        );
        let wait = Draw::Lognormal {
            median: 50_000_000,
            p99: 400_000_000,
        };
        let mode = WaitMode::Unpatched;
        assert_eq!(
            step,
            Ok(Step::Call {
                service: 0,
                wait,
                mode
            })
        );
    }

    #[test]
    fn commas_within_parentheses_do_not_cut() {
        let text = "compute 20ms, call db lognormal(5ms, p99 9ms) , yield";
        let cut: Vec<&str> = cut(text).iter().map(|word| word.text).collect();
        assert_eq!(
            cut,
            ["compute 20ms", "call db lognormal(5ms, p99 9ms)", "yield"]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_sentence_panics(text in "(compute|call|sleep|write|count|yield| |[0-9]ms|~|\\(|,|in|of|é|\\PC){0,9}") {
            if let Err(mistake) = read(&text, &mut Names::default()) {
                proptest::prop_assert!(text.get(mistake.range).is_some());
            }
            cut(&text);
        }
    }
}
