//! Questions that a class answers before a run: a text, a few choices, and the number that decides. The answer
//! is never written into a file: it is computed from the run.

use serde::{Deserialize, Serialize};

use super::Variant;
use super::expectation::{self, Dimension, Expression, Mistake, Quantity};
use super::fields::{self, Fields};
use super::keys::ASK;
use super::problem::{Problem, did_you_mean, one_of};
use super::tree::Node;

/// Number of choices of a question: a key for each, and few enough to read.
const CHOICES: std::ops::RangeInclusive<usize> = 2..=4;

/// A question, asked before a variant is played and answered when all have been.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The variant before which it is asked.
    pub before: String,
    /// The question in words.
    pub question: String,
    /// The number that answers it: `coroutine.throughput / sync.throughput`.
    pub measure: String,
    /// Choices, two to four.
    pub choices: Vec<Choice>,
    /// Explanation, shown with the answer.
    pub why: Option<String>,
    /// Mistaken belief behind a wrong guess.
    pub misconception: Option<String>,
    /// Settings to try next, as `--set` takes them: `load.clients=2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change: Vec<String>,
}

/// A choice, and the range of numbers that it stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its words.
    pub label: String,
    /// Least number of the range; `None`: no lower limit.
    pub from: Option<f64>,
    /// End of the range, exclusive; `None`: no upper limit. Lengths of time are in seconds.
    pub to: Option<f64>,
}

impl Choice {
    /// True if `answer` lies in the range.
    #[must_use]
    pub fn holds(&self, answer: f64) -> bool {
        self.from.is_none_or(|from| answer >= from) && self.to.is_none_or(|to| answer < to)
    }
}

impl Question {
    /// Parses the expression of its number.
    ///
    /// # Errors
    /// Text that is no expression; that of a valid plan always is.
    pub fn expression(&self) -> Result<Expression, Mistake> {
        expectation::parse_expression(&self.measure)
    }
}

impl Question {
    /// True if all variants that it refers to are played.
    pub(super) fn refers_only_to(&self, played: &[Variant]) -> bool {
        let names: Vec<&str> = played.iter().map(|variant| variant.name.as_str()).collect();
        let of_one = names.len() == 1;
        let expression = self.expression();
        let about = expression
            .as_ref()
            .map_or_else(|_| Vec::new(), Expression::names);
        let is_played = |name: &&expectation::Name| of_one || name.split(&names).0.is_some();
        names.contains(&self.before.as_str()) && about.iter().all(is_played)
    }
}

/// Reads a `[[ask]]`. With `variants`, names in it are checked.
pub(super) fn read(
    node: &Node,
    variants: Option<&[Variant]>,
    problems: &mut Vec<Problem>,
) -> Option<Question> {
    let mut fields = Fields::new(&ASK, "ask", node.table(), problems);
    let question = fields.text("question");
    let before = fields.text("before");
    let why = fields.text("why");
    let misconception = fields.text("misconception");
    let dimension = measure(&mut fields, variants);
    let choices = choices(&mut fields, dimension);
    let change = change(&mut fields);
    for (key, example) in [
        ("question", "question = \"How many times as many?\""),
        (
            "measure",
            "measure = \"coroutine.throughput / sync.throughput\"",
        ),
        (
            "choices",
            "choices = [[\"about the same\", \"..2\"], [\"many times\", \"2..\"]]",
        ),
    ] {
        if fields.given(key).is_none() {
            let problem = Problem::new(&node.place, format!("a question has no `{key}`"));
            fields.note(problem.legal(example));
        }
    }
    let before = before_which(&mut fields, before, variants);
    Some(Question {
        before: before?,
        question: question?,
        measure: fields.text("measure")?,
        choices: choices?,
        why,
        misconception,
        change,
    })
}

/// Reads `["server.kind=threads", "server.gil=false"]`.
fn change(fields: &mut Fields<'_>) -> Vec<String> {
    if fields.given("change").is_none() {
        return Vec::new();
    }
    let mut settings = Vec::new();
    for node in fields.list("change").unwrap_or_default() {
        if let Some(text) = node.text().filter(|text| text.contains('=')) {
            settings.push(text.to_owned());
        } else {
            let problem = Problem::new(&node.place, "a setting is a text `key=value`");
            fields.note(problem.legal("change = [\"load.clients=2\"]"));
        }
    }
    settings
}

fn before_which(
    fields: &mut Fields<'_>,
    before: Option<String>,
    variants: Option<&[Variant]>,
) -> Option<String> {
    let Some(known) = variants else {
        return before;
    };
    let names = || known.iter().map(|variant| variant.name.as_str());
    let Some(before) = before else {
        return names().next().map(str::to_owned);
    };
    if !names().any(|name| name == before)
        && let Some(node) = fields.given("before")
    {
        let problem = Problem::new(&node.place, format!("unknown variant `{before}`"));
        let problem = problem.legal(one_of(names()));
        fields.note(problem.hint(did_you_mean(&before, names())));
    }
    Some(before)
}

/// Reads `measure`, and returns its dimension; `None` if unknown.
fn measure(fields: &mut Fields<'_>, variants: Option<&[Variant]>) -> Option<Dimension> {
    let text = fields.text("measure")?;
    let written = fields.given("measure")?;
    let parsed = expectation::parse_expression(&text);
    let (dimension, mistakes) = match (parsed, variants) {
        (Err(mistake), _) => (None, vec![mistake]),
        (Ok(_), None) => (None, Vec::new()),
        (Ok(expression), Some(known)) => expression.check(known),
    };
    for mistake in mistakes {
        fields.note(fields::at(written, mistake));
    }
    dimension
}

/// Reads `[["about the same", "..2"], ["about 10 times", "2..20"], ["about 30 times", "20.."]]`.
fn choices(fields: &mut Fields<'_>, dimension: Option<Dimension>) -> Option<Vec<Choice>> {
    let written = fields.given("choices")?;
    let Some(pairs) = written.list() else {
        let problem = Problem::new(&written.place, "`choices` is not a list");
        fields.note(problem.legal("[[\"about the same\", \"..2\"], [\"many times\", \"2..\"]]"));
        return None;
    };
    if !CHOICES.contains(&pairs.len()) {
        let message = format!("a question has 2 to 4 choices, not {}", pairs.len());
        fields.note(Problem::new(&written.place, message));
        return None;
    }
    let choices: Vec<Option<Choice>> = pairs
        .iter()
        .map(|pair| choice(fields, pair, dimension))
        .collect();
    let choices: Vec<Choice> = choices.into_iter().collect::<Option<_>>()?;
    for (later, choice) in choices.iter().enumerate() {
        let overlaps = |other: &&Choice| overlap(other, choice);
        if let Some(other) = choices[..later].iter().find(overlaps) {
            let message = format!("“{}” and “{}” can both be right", other.label, choice.label);
            fields.note(Problem::new(&pairs[later].place, message));
        }
    }
    Some(choices)
}

fn overlap(one: &Choice, other: &Choice) -> bool {
    let from = |choice: &Choice| choice.from.unwrap_or(f64::NEG_INFINITY);
    let to = |choice: &Choice| choice.to.unwrap_or(f64::INFINITY);
    from(one).max(from(other)) < to(one).min(to(other))
}

fn choice(fields: &mut Fields<'_>, pair: &Node, dimension: Option<Dimension>) -> Option<Choice> {
    let parts = pair.list().unwrap_or_default();
    let [label, range] = parts else {
        let problem = Problem::new(&pair.place, "a choice is a text and a range");
        fields.note(problem.legal("[\"about 10 times\", \"2..20\"]"));
        return None;
    };
    let (Some(label), Some(text)) = (label.text(), range.text()) else {
        let problem = Problem::new(&pair.place, "a choice has two texts");
        fields.note(problem.legal("[\"about 10 times\", \"2..20\"]"));
        return None;
    };
    match bounds(text, dimension) {
        Ok((from, to)) => Some(Choice {
            label: label.to_owned(),
            from,
            to,
        }),
        Err(message) => {
            let problem = Problem::new(&range.place, message);
            fields.note(
                problem.legal("\"2..20\", \"..2\", \"20..\"; with the unit of the measured number"),
            );
            None
        }
    }
}

fn bounds(text: &str, dimension: Option<Dimension>) -> Result<(Option<f64>, Option<f64>), String> {
    let (from, to) = text
        .split_once("..")
        .ok_or_else(|| format!("`{text}` is not a range"))?;
    let bound = |text: &str| -> Result<Option<f64>, String> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let quantity = expectation::parse_quantity(text).map_err(|mistake| mistake.message)?;
        fits(quantity, dimension)?;
        Ok(Some(quantity.value))
    };
    let (from, to) = (bound(from)?, bound(to)?);
    match (from, to) {
        (None, None) => Err("a range has at least one end".into()),
        (Some(from), Some(to)) if from >= to => Err(format!("the range `{text}` is empty")),
        both => Ok(both),
    }
}

/// Checks the dimension. A bare number may stand for a rate, which has a single unit.
fn fits(quantity: Quantity, dimension: Option<Dimension>) -> Result<(), String> {
    let Some(wanted) = dimension else {
        return Ok(());
    };
    let bare_rate = wanted == Dimension::RATE && quantity.dimension == Dimension::PLAIN;
    if quantity.dimension == wanted || bare_rate {
        return Ok(());
    }
    Err(format!(
        "the measured number is {wanted}, but this is {}",
        quantity.dimension
    ))
}
