//! Answers of a lesson, and the file that they are appended to: a line of JSON for each, so that an interrupted
//! lesson loses none, and several lessons may share a file.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use concsim_model::scenario::{Plan, Question};
use concsim_os::sys::clock;
use concsim_record::evaluate::Answer;

/// Time of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Round {
    /// The prediction.
    Before,
    /// The answer after the run, and before the verdict.
    After,
    /// The right choice, by the run.
    Result,
}

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Name of the scenario.
    pub(super) lesson: String,
    /// Question in words.
    pub(super) question: String,
    /// Mistaken belief behind wrong choices.
    pub(super) misconception: Option<String>,
    /// Choice, from 1; null in a result that is none of them.
    pub(super) choice: Option<usize>,
    /// Its words.
    pub(super) label: Option<String>,
    /// Reason that the student gave.
    pub(super) why: Option<String>,
    /// Round.
    pub(super) round: Round,
    /// Number that the run gave; only of a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) measured: Option<String>,
    /// Instant, in seconds since 1970.
    pub(super) unix_s: u64,
}

/// Answers of this lesson.
pub(super) struct AnswerLog {
    lesson: String,
    questions: Vec<Question>,
    file: Option<File>,
    /// Predictions, as a number for each choice of each question.
    given: Vec<Vec<u64>>,
}

impl AnswerLog {
    /// Opens the file, if there is one; what it holds stays.
    pub(super) fn open(path: Option<&Path>, plan: &Plan) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.with_context(|| format!("failed to open {}", path.display()))
        };
        let questions = plan.questions.iter();
        Ok(Self {
            lesson: plan.name().to_owned(),
            questions: plan.questions.clone(),
            file: path.map(open).transpose()?,
            given: questions.map(|it| vec![0; it.choices.len()]).collect(),
        })
    }

    /// Adds an answer.
    pub(super) fn add(
        &mut self,
        question: usize,
        choice: usize,
        why: Option<&str>,
        round: Round,
    ) -> anyhow::Result<()> {
        if round == Round::Before {
            self.given[question][choice] += 1;
        }
        let entry = self.entry(question, Some(choice), round);
        self.append(&Entry {
            why: why.map(str::to_owned),
            ..entry
        })
    }

    /// Adds predictions of a class: a number for each choice.
    pub(super) fn add_votes(&mut self, question: usize, votes: &[u64]) -> anyhow::Result<()> {
        for (choice, count) in votes.iter().enumerate() {
            for _ in 0..*count {
                self.add(question, choice, None, Round::Before)?;
            }
        }
        Ok(())
    }

    /// Adds the result, after which a report knows the right choice.
    pub(super) fn note_result(&mut self, question: usize, answer: &Answer) -> anyhow::Result<()> {
        let entry = self.entry(question, answer.right, Round::Result);
        self.append(&Entry {
            measured: answer.measured.clone(),
            ..entry
        })
    }

    /// Returns the number of predictions for each choice.
    pub(super) fn given(&self, question: usize) -> &[u64] {
        &self.given[question]
    }

    fn entry(&self, question: usize, choice: Option<usize>, round: Round) -> Entry {
        let asked = &self.questions[question];
        let since = clock::date().0.duration_since(UNIX_EPOCH);
        Entry {
            lesson: self.lesson.clone(),
            question: asked.question.clone(),
            misconception: asked.misconception.clone(),
            choice: choice.map(|choice| choice + 1),
            label: choice.map(|choice| asked.choices[choice].label.clone()),
            why: None,
            round,
            measured: None,
            unix_s: since.map_or(0, |since| since.as_secs()),
        }
    }

    /// Appends a line by one write, so that lessons that share the file do not mix their lines.
    fn append(&mut self, entry: &Entry) -> anyhow::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let line = serde_json::to_string(entry)? + "\n";
        let written = file.write_all(line.as_bytes());
        written.context("failed to append an answer")
    }
}
