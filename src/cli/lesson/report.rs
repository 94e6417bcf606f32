//! `concsim lesson report`: what a class believed, before the runs and after.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::answers::{Entry, Round};
use crate::cli::talk;
use concsim_lab::library::known;
use concsim_model::scenario::Question;
use concsim_report::wrap;

/// Counts the answers of a class: before the runs, and after.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// File of answers; repeatable
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Prints the report.
pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut entries = Vec::new();
    for file in &args.files {
        let text = fs::read(file);
        let text = text.with_context(|| format!("failed to read {}", file.display()))?;
        for (number, line) in (1..).zip(String::from_utf8_lossy(&text).lines()) {
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) => entries.push(entry),
                Err(_) if line.trim().is_empty() => {}
                Err(error) => talk::print_message(format_args!(
                    "{}: line {number} is not an answer, and is left out: {error}",
                    file.display()
                )),
            }
        }
    }
    let scenarios = known();
    let all_choices = |lesson: &str, question: &str| {
        let plan = scenarios.iter().find(|it| it.name == lesson)?.plan.as_ref();
        let asked = plan?.questions.iter().find(|it| it.question == question)?;
        Some(labels(asked))
    };
    talk::print(&report(&entries, all_choices))?;
    Ok(ExitCode::SUCCESS)
}

fn labels(asked: &Question) -> Vec<String> {
    asked.choices.iter().map(|it| it.label.clone()).collect()
}

/// Counts for one choice.
#[derive(Clone, Debug, Default)]
struct Count {
    label: String,
    before: u64,
    after: u64,
}

/// Counts for one question.
struct Counted<'a> {
    lesson: &'a str,
    question: &'a str,
    misconception: Option<&'a str>,
    choices: Vec<Count>,
    /// Right choice by the newest result, and its number.
    right: Option<(usize, &'a str)>,
}

/// Returns the report. `all_choices` knows the choices that are not in the answers.
fn report(entries: &[Entry], all_choices: impl Fn(&str, &str) -> Option<Vec<String>>) -> String {
    let counted = count(entries, all_choices);
    if counted.is_empty() {
        return "No answers.\n".to_owned();
    }
    let texts: Vec<String> = counted.iter().map(Counted::text).collect();
    texts.join("\n")
}

fn count(
    entries: &[Entry],
    all_choices: impl Fn(&str, &str) -> Option<Vec<String>>,
) -> Vec<Counted<'_>> {
    let mut all: Vec<Counted<'_>> = Vec::new();
    for entry in entries {
        let is_its =
            |it: &Counted<'_>| (it.lesson, it.question) == (&*entry.lesson, &*entry.question);
        let place = all.iter().position(is_its).unwrap_or_else(|| {
            let labels = all_choices(&entry.lesson, &entry.question).unwrap_or_default();
            let choices = labels.into_iter().map(|label| Count {
                label,
                ..Count::default()
            });
            all.push(Counted {
                lesson: &entry.lesson,
                question: &entry.question,
                misconception: entry.misconception.as_deref(),
                choices: choices.collect(),
                right: None,
            });
            all.len() - 1
        });
        all[place].add(entry);
    }
    all
}

/// Choices of a question; the number of one is no index into a longer list.
const MOST_CHOICES: usize = 4;

impl<'a> Counted<'a> {
    fn add(&mut self, entry: &'a Entry) {
        let Some(choice) = entry.choice.filter(|it| (1..=MOST_CHOICES).contains(it)) else {
            return;
        };
        if self.choices.len() < choice {
            self.choices.resize(choice, Count::default());
        }
        let count = &mut self.choices[choice - 1];
        if let Some(label) = &entry.label {
            count.label.clone_from(label);
        }
        match entry.round {
            Round::Before => count.before += 1,
            Round::After => count.after += 1,
            Round::Result => {
                let measured = entry.measured.as_deref().unwrap_or("not measured");
                self.right = Some((choice - 1, measured));
            }
        }
    }

    fn text(&self) -> String {
        let mut lines = wrap(&format!("{}: {}", self.lesson, self.question), 80, 0);
        lines += "\n  before  after\n";
        for (number, choice) in self.choices.iter().enumerate() {
            let right = match self.right {
                Some((right, measured)) if right == number => format!(" (right: {measured})"),
                _ => String::new(),
            };
            let words = format!("{} {}{right}", number + 1, choice.label);
            let (before, after) = (choice.before, choice.after);
            let line = format!("  {before:>6}  {after:>5}  {}\n", wrap(&words, 63, 19));
            lines.push_str(&line);
        }
        if let (Some(belief), Some((right, _))) = (self.misconception, self.right) {
            let wrong = |of: fn(&Count) -> u64| {
                let all: u64 = self.choices.iter().map(of).sum();
                (all - of(&self.choices[right]), all)
            };
            let ((before, of_before), (after, of_after)) =
                (wrong(|it| it.before), wrong(|it| it.after));
            let text = format!(
                "the belief {belief}: {before} of {of_before} before, {after} of {of_after} after"
            );
            lines = format!("{lines}  {}\n", wrap(&text, 78, 4));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(choice: usize, round: Round) -> Entry {
        Entry {
            lesson: "a".into(),
            question: "How many?".into(),
            misconception: Some("that one is many".into()),
            choice: Some(choice),
            label: Some(["few", "many"][choice - 1].into()),
            why: None,
            round,
            measured: (round == Round::Result).then(|| "29.9".into()),
            unix_s: 0,
        }
    }

    #[test]
    fn a_report_counts_each_choice_before_and_after_and_the_wrong_ones_by_belief() {
        let entries = [
            entry(1, Round::Before),
            entry(1, Round::Before),
            entry(2, Round::Before),
            entry(2, Round::Result),
            entry(2, Round::After),
            entry(1, Round::After),
        ];
        assert_eq!(
            report(&entries, |_, _| Some(vec![
                "few".into(),
                "many".into(),
                "all".into()
            ])),
            "a: How many?\n  before  after\n       2      1  1 few\n       1      1  2 many (right: 29.9)\n       \
             0      0  3 all\n  the belief that one is many: 2 of 3 before, 1 of 2 after\n"
        );
        // An interrupted lesson has no result.
        let before = report(&entries[..3], |_, _| None);
        assert!(before.ends_with("       1      0  2 many\n"), "{before}");
        assert_eq!(report(&[], |_, _| None), "No answers.\n");
    }
}
