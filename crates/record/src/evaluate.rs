//! Evaluates a file's claims about its runs by the runs' numbers.

mod bounded;
mod margins;

use serde_json::Value;

use super::comparable::ExclusionReason;
use super::estimates::{Estimate, RepeatNumbers, ratio, times, with_error};
use super::lookup::{find, look_up};
pub use super::schema::claims::{Answer, Judgement, Verdict};
use super::schema::repeats::Partial;
use super::schema::{Run, Summary};
use super::trust::{self, Reason, Trust, millis};
use concsim_model::scenario::expectation::{
    self, Comparison, Dimension, Expression, Name, Quantity,
};
use concsim_model::scenario::{Expectation, Plan, Question};
use concsim_model::units::three_digits;
use concsim_model::words::counted;
use concsim_stats::Interval;

/// Answers every question of a plan by its runs; there are no votes yet.
pub(super) fn answer(plan: &Plan, cores: usize, runs: &[Run]) -> Vec<Answer> {
    let evaluator = Evaluator::new(plan, cores, runs);
    let questions = plan.questions.iter();
    questions
        .map(|question| evaluator.answer(question))
        .collect()
}

/// Evaluates every claim of a plan by its runs.
pub(super) fn judge(plan: &Plan, cores: usize, runs: &[Run]) -> Vec<Judgement> {
    let evaluator = Evaluator::new(plan, cores, runs);
    let expectations = plan.expectations.iter();
    expectations.map(|claim| evaluator.judge(claim)).collect()
}

impl Summary {
    /// Exit status of a program that played this: the first that applies of 130 (interrupted), 1 (failed
    /// while playing), 3 (an expectation failed), 4 (the runs do not decide an expectation), 0.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        let crashed = |because: &[Reason]| because.iter().any(|reason| reason.code == "crashed");
        let is_judged = |verdict| self.expect.iter().any(|it| it.verdict == verdict);
        let partial = self.repeats.as_ref().and_then(|repeats| repeats.partial);
        let doubted = self.repeats.iter().flat_map(|repeats| &repeats.doubted);
        let is_interrupted = partial == Some(Partial::Interrupted);
        if is_interrupted || self.runs.iter().any(|run| run.interrupted) {
            130
        } else if partial == Some(Partial::Failed)
            || self.runs.iter().any(|run| crashed(&run.because))
            || doubted.into_iter().any(|it| crashed(&it.because))
        {
            1
        } else if is_judged(Verdict::Fails) {
            3
        } else if is_judged(Verdict::Undecided) {
            4
        } else {
            0
        }
    }
}

/// A verdict with its grounds.
struct ReasonedVerdict {
    measured: Option<String>,
    verdict: Verdict,
    because: Option<String>,
    /// Number of repeats that would decide.
    more: Option<usize>,
}

/// Value that answers a question.
struct Measured {
    interval: Interval,
    dimension: Dimension,
    /// Reason if its interval does not decide.
    open: String,
}

impl Measured {
    fn quantity(&self) -> Quantity {
        Quantity {
            value: self.interval.estimate,
            dimension: self.dimension,
        }
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.interval.n > 1 {
            return f.write_str(&with_error(&self.interval, self.dimension));
        }
        self.quantity().fmt(f)
    }
}

/// Data on which verdicts are based.
struct Evaluator<'a> {
    plan: &'a Plan,
    /// Cores of the machine.
    cores: usize,
    variants: Vec<&'a str>,
    runs: Vec<(&'a Run, Value)>,
}

impl<'a> Evaluator<'a> {
    fn new(plan: &'a Plan, cores: usize, runs: &'a [Run]) -> Self {
        let numbers = |run: &Run| match &run.repeated {
            Some(repeated) => repeated.numbers().clone(),
            None => serde_json::to_value(run).expect("a run is always JSON"),
        };
        Self {
            plan,
            cores,
            variants: plan.variants.iter().map(|v| v.name.as_str()).collect(),
            runs: runs.iter().map(|run| (run, numbers(run))).collect(),
        }
    }

    fn judge(&self, expectation: &Expectation) -> Judgement {
        let judged = expectation::parse(&expectation.that)
            .map_err(|mistake| mistake.message)
            .and_then(|comparison| self.decide(&comparison));
        let unjudged = |because| ReasonedVerdict {
            measured: None,
            verdict: Verdict::NotJudged,
            because: Some(because),
            more: None,
        };
        let judged = judged.unwrap_or_else(unjudged);
        Judgement {
            claim: expectation.claim.clone(),
            that: expectation.that.clone(),
            measured: judged.measured,
            verdict: judged.verdict,
            because: judged.because,
            more_repeats: judged.more,
        }
    }

    fn answer(&self, question: &Question) -> Answer {
        let measured = question
            .expression()
            .map_err(|mistake| mistake.message)
            .and_then(|expression| self.measure(&expression));
        let (measured, mut because) = match measured {
            Ok((measured, reserve)) => (Some(measured), reserve),
            Err(because) => (None, Some(because)),
        };
        let choice = |value: f64| {
            let mut choices = question.choices.iter();
            choices.position(|choice| choice.holds(value))
        };
        let right = measured
            .as_ref()
            .and_then(|it| choice(it.interval.estimate));
        // Each choice is a range, so an interval whose ends lie in it lies in it.
        let is_decided = |it: &Measured| {
            [it.interval.low, it.interval.high]
                .into_iter()
                .all(|end| choice(end) == right)
        };
        let right = match &measured {
            Some(it) if !is_decided(it) => {
                let open = it.open.clone();
                because = Some(match because {
                    Some(reserve) => format!("{open}; {reserve}"),
                    None => open,
                });
                None
            }
            _ => right,
        };
        Answer {
            question: question.question.clone(),
            choices: question.choices.iter().map(|it| it.label.clone()).collect(),
            votes: vec![0; question.choices.len()],
            value: measured.as_ref().map(Measured::quantity),
            measured: measured.map(|it| it.to_string()),
            right,
            because,
            why: question.why.clone(),
            misconception: question.misconception.clone(),
        }
    }

    /// Value of an expression, with a reservation if there is one.
    fn measure(&self, expression: &Expression) -> Result<(Measured, Option<String>), String> {
        let names = expression.names();
        let reserve = self.reserve(&names)?;
        let mut repeats = None;
        for name in &names {
            repeats = repeats.or(self.run_of(name)?.0.repeated.as_deref());
        }
        let quantity = expression.evaluate(&mut |name: &Name| self.number(name))?;
        if !quantity.value.is_finite() {
            return Err("what is measured is no number".into());
        }
        let (interval, open) = if let Some(repeats) = repeats {
            let look_up = |name: &Name| self.estimate(name);
            let count = repeats.count();
            let interval = margins::measure(expression, count, repeats.stop(), &look_up)?;
            (interval, format!("{count} repeats do not decide it"))
        } else {
            let mut interval = Interval::exact(quantity.value);
            for corner in self.corners(&names)? {
                let there = expression.evaluate(&mut |name: &Name| corner.number(name))?;
                interval.low = interval.low.min(there.value);
                interval.high = interval.high.max(there.value);
            }
            (interval, self.undecided_by(&names))
        };
        let measured = Measured {
            interval,
            dimension: quantity.dimension,
            open,
        };
        Ok((measured, reserve))
    }

    /// Result of a comparison, with a reservation if there is one.
    fn decide(&self, comparison: &Comparison) -> Result<ReasonedVerdict, String> {
        let names = comparison.names();
        let reserve = self.reserve(&names)?;
        let mut repeats = None;
        for name in &names {
            repeats = repeats.or(self.run_of(name)?.0.repeated.as_deref());
        }
        let mut look_up = |name: &Name| self.number(name);
        let undefined = || "a side of it is no number".to_owned();
        let judged = comparison.judge(&mut look_up, undefined)?;
        let judged = match repeats {
            Some(repeats) => self.by_repeats(comparison, &judged, repeats, reserve)?,
            None => self.by_bounds(comparison, &judged, reserve)?,
        };
        if judged.verdict != Verdict::Holds {
            self.enough_cores(&names)?;
        }
        Ok(judged)
    }

    /// Returns the reservation with which the runs of these numbers decide, if there is one.
    fn reserve(&self, names: &[&Name]) -> Result<Option<String>, String> {
        let mut reserve = None;
        for name in names {
            let (run, _) = self.run_of(name)?;
            let has_bounds = self.bounds(name)?.is_some();
            reserve = reserve.or(reserve_of(run, has_bounds)?);
        }
        Ok(reserve)
    }

    /// Result of a comparison by the intervals of repeats.
    fn by_repeats(
        &self,
        comparison: &Comparison,
        middle: &expectation::ComparisonResult,
        repeats: &RepeatNumbers,
        reserve: Option<String>,
    ) -> Result<ReasonedVerdict, String> {
        let look_up = |name: &Name| self.estimate(name);
        let count = repeats.count();
        let decision = margins::decide(comparison, count, repeats.stop(), &look_up)?;
        let undecided = decision.verdict == Verdict::Undecided;
        let more = decision.more.filter(|_| undecided);
        let because = undecided.then(|| {
            let more = match more {
                Some(more) => format!("about {} would decide", counted(more as u64, "more repeat")),
                None => "more repeats would not decide".to_owned(),
            };
            format!("{count} repeats do not decide it; {more}")
        });
        let because: Vec<String> = because.into_iter().chain(reserve).collect();
        Ok(ReasonedVerdict {
            measured: Some(self.with_errors(comparison, middle, repeats)),
            verdict: decision.verdict,
            because: (!because.is_empty()).then(|| because.join("; ")),
            more,
        })
    }

    /// The numbers that decided, with the errors of repeats.
    fn with_errors(
        &self,
        comparison: &Comparison,
        middle: &expectation::ComparisonResult,
        repeats: &RepeatNumbers,
    ) -> String {
        let estimates = comparison.names().into_iter();
        let estimates: Vec<(Estimate, Quantity)> = estimates
            .filter_map(|name| self.estimate(name).ok())
            .collect();
        let text = |(estimate, quantity): &(Estimate, Quantity)| {
            with_error(&estimate.interval, quantity.dimension)
        };
        match estimates.as_slice() {
            [one] => text(one),
            [one, other] if one.1.dimension == other.1.dimension => {
                let ratio = ratio(&one.0, &other.0, repeats.stop());
                let ratio = ratio.map(|ratio| format!(" ({} times)", times(&ratio)));
                format!(
                    "{} against {}{}",
                    text(one),
                    text(other),
                    ratio.unwrap_or_default()
                )
            }
            _ => describe(middle),
        }
    }

    /// The estimate of a number; in the quantity, its value and its dimension.
    fn estimate(&self, name: &Name) -> Result<(Estimate, Quantity), String> {
        let quantity = self.number(name)?;
        let (_, numbers) = self.run_of(name)?;
        let path = name.split(&self.variants).1;
        let found = find(numbers, path);
        let estimate = found.and_then(|found| Estimate::from_json(found.leaf, found.scale));
        let estimate = estimate.ok_or_else(|| format!("{} has no interval", name.text))?;
        Ok((estimate, quantity))
    }

    fn run_of(&self, name: &Name) -> Result<&(&'a Run, Value), String> {
        let variant = match name.split(&self.variants).0 {
            Some(variant) => variant,
            None => self.variants.first().copied().unwrap_or_default(),
        };
        let found = self.runs.iter().find(|(run, _)| run.variant == variant);
        found.ok_or_else(|| format!("{variant} was not played"))
    }

    fn number(&self, name: &Name) -> Result<Quantity, String> {
        let (run, numbers) = self.run_of(name)?;
        let path = name.split(&self.variants).1;
        if run.at_patience.is_of(path) {
            return Err(format!(
                "{path} of {} is the clients' patience, {} or more: it was not measured",
                run.variant,
                millis(run.at_patience.patience_ms)
            ));
        }
        look_up(numbers, path).ok_or_else(|| match path.split_once('.') {
            // The file was checked, so this names a variant that was left out.
            Some((variant, rest)) if !expectation::is_path(path) && expectation::is_path(rest) => {
                format!("{variant} was not played")
            }
            _ => format!(
                "{} has no {path}: too few requests, or not measured",
                run.variant
            ),
        })
    }

    /// A single core cannot show the effect of more processes, so a claim about it that would fail is not
    /// judged.
    fn enough_cores(&self, names: &[&Name]) -> Result<(), String> {
        let variants = self.plan.variants.iter();
        let mut played = variants.filter(|variant| {
            let is_its = |name: &&Name| {
                self.run_of(name)
                    .is_ok_and(|(run, _)| run.variant == variant.name)
            };
            names.iter().any(is_its)
        });
        if self.cores == 1 && played.any(|variant| variant.scenario.server.workers > 1) {
            return Err("too few cores: on one, processes cannot compute at once".into());
        }
        Ok(())
    }
}

/// Returns the reservation with which a run decides about a number, if there is one; an error if it cannot
/// decide anything. If the number has bounds, these say what disturbances leave of it.
fn reserve_of(run: &Run, has_bounds: bool) -> Result<Option<String>, String> {
    let variant = &run.variant;
    let is_by_bounds = |reason: &&Reason| has_bounds && trust::has_bounds(reason.code);
    let first = run.because.iter().find(|reason| !is_by_bounds(reason));
    let grade = first.map_or(Trust::Ok, |reason| reason.trust);
    let unfit = ExclusionReason::of(run)
        .filter(|unfit| *unfit != ExclusionReason::ProvesNothing || grade == Trust::ProvesNothing);
    if let Some(unfit) = unfit {
        let reason = first.filter(|_| unfit == ExclusionReason::ProvesNothing);
        let reason = reason.map_or_else(String::new, |it| format!(": {}", it.sentence));
        return Err(format!("{variant} {}{reason}", unfit.words()));
    }
    let rough = first.filter(|_| grade == Trust::Rough);
    Ok(rough.map(|reason| format!("{variant} is rough: {}", reason.sentence)))
}

/// The numbers that decided: one beside its limit, two with their ratio, otherwise both sides.
fn describe(judged: &expectation::ComparisonResult) -> String {
    match judged.measured.as_slice() {
        [one] => one.to_string(),
        [one, other] if one.dimension == other.dimension && other.value > 0.0 => {
            let times = three_digits(one.value / other.value);
            format!("{one} against {other} ({times} times)")
        }
        _ => format!("{} against {}", judged.left, judged.right),
    }
}
