//! The file's claims with their verdicts, and its questions with their answers.

use concsim_model::scenario::expectation::Quantity;
use serde::Serialize;

/// A claim and its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The claim in words.
    pub claim: String,
    /// The claim as a comparison.
    pub that: String,
    /// The numbers that decided: `597/s against 20.0/s (29.9 times)`.
    pub measured: Option<String>,
    /// Verdict.
    pub verdict: Verdict,
    /// Reason why it was not judged or decided, or a reservation.
    pub because: Option<String>,
    /// Number of further repeats after which an undecided claim is expected to be decided. Omitted if no
    /// number is expected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_repeats: Option<usize>,
}

/// Result of evaluating a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The numbers bear it out.
    Holds,
    /// The numbers speak against it.
    Fails,
    /// Some values of the interval of all repeats meet it, and some do not; or some of those that the number of
    /// one run would have without its disturbances.
    Undecided,
    /// The runs cannot decide it.
    #[serde(rename = "not judged")]
    NotJudged,
}

/// A question, the votes before the run, and the result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// The question in words.
    pub question: String,
    /// Choices, in words.
    pub choices: Vec<String>,
    /// Number of votes for each choice.
    pub votes: Vec<u64>,
    /// The number that answers it: `29.9`. Null if the runs cannot decide.
    pub measured: Option<String>,
    /// The same number, unrounded.
    #[serde(skip)]
    pub value: Option<Quantity>,
    /// Position of the right choice. Null if none is right, or if the runs cannot decide.
    pub right: Option<usize>,
    /// Reason why the runs cannot decide, or a reservation.
    pub because: Option<String>,
    /// Explanation of the right choice.
    pub why: Option<String>,
    /// Misconception behind the wrong choices.
    pub misconception: Option<String>,
}
