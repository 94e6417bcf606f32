//! Numbers whose intervals decide when there are enough repeats.

use super::{Repeats, Rule};
use crate::estimates::with_error;
use crate::lookup;
use crate::schema::{Run, Summary};
use concsim_model::scenario::Plan;
use concsim_model::scenario::expectation::{self, Name};
use concsim_stats::Interval;
use concsim_stats::until::{StoppingDecision, StoppingRule};

/// Numbers that are narrowed if neither the command nor a claim about these variants names any, of each variant.
const USUAL: [&str; 2] = ["throughput", "latency.mean"];

/// Returns the numbers to be narrowed, each with its variant: the wanted ones, else those that the claims name,
/// else throughput and mean latency. A wanted number without a variant is one of each variant.
///
/// # Errors
/// A wanted name that no summary has.
pub fn numbers_to_narrow(plan: &Plan, wanted: &[String]) -> Result<Vec<String>, String> {
    let variants: Vec<&str> = plan.variants.iter().map(|it| it.name.as_str()).collect();
    let mut numbers: Vec<String> = Vec::new();
    let add = |numbers: &mut Vec<String>, variant: Option<&str>, path: &str| {
        let all = variants
            .iter()
            .filter(|name| variant.is_none_or(|it| it == **name));
        for name in all {
            let number = format!("{name}.{path}");
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    };
    for text in wanted {
        let name = Name {
            text: text.clone(),
            range: 0..text.len(),
        };
        let (variant, path) = name.split(&variants);
        if !expectation::is_path(path) {
            return Err(unknown(text));
        }
        add(&mut numbers, variant, path);
    }
    if wanted.is_empty() {
        let claims = plan.expectations.iter();
        for claim in claims.filter_map(|claim| expectation::parse(&claim.that).ok()) {
            for name in claim.names() {
                let (variant, path) = name.split(&variants);
                // A claim without a variant is about the first; a name with a variant that is left out is none.
                if expectation::is_path(path) {
                    add(&mut numbers, variant.or(variants.first().copied()), path);
                }
            }
        }
    }
    if numbers.is_empty() {
        for path in USUAL {
            add(&mut numbers, None, path);
        }
    }
    Ok(numbers)
}

/// Checks that a summary can have a number of this name, which has no variant.
///
/// # Errors
/// A name that no summary has.
pub fn check_number(path: &str) -> Result<(), String> {
    let is_known = expectation::is_path(path);
    is_known.then_some(()).ok_or_else(|| unknown(path))
}

fn unknown(number: &str) -> String {
    format!("unknown number `{number}`; for example latency.p99")
}

impl Rule {
    /// Returns the rule that narrowed these numbers; `met` is false if its cap ended the repeats.
    #[must_use]
    pub fn of(until: &StoppingRule, numbers: &[String], met: bool) -> Self {
        Self {
            relative: until.relative,
            cap: until.cap,
            numbers: numbers.to_vec(),
            met,
        }
    }
}

/// Progress of repeats towards a demanded width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width {
    /// True if the intervals of all numbers are narrow enough.
    pub is_met: bool,
    /// Number of repeats after which they are expected to be.
    pub expected: usize,
}

impl Repeats {
    /// Compares the widths of intervals with the demanded one; `summary` is that of all repeats so far. A number
    /// without interval is not narrow. The expected number counts the repeats that are set aside, too.
    #[must_use]
    pub fn width(&self, summary: &Summary, numbers: &[String], until: &StoppingRule) -> Width {
        let count = self.used().len();
        let mut width = Width {
            is_met: true,
            expected: self.count(),
        };
        for number in numbers {
            let Some(interval) = interval_of(summary, number, count) else {
                width = Width {
                    is_met: false,
                    expected: until.cap,
                };
                continue;
            };
            width.is_met &= until.decide(&interval) == StoppingDecision::Done;
            let ratio = interval.relative_half_width() / until.relative;
            let expected = (self.count() as f64 * ratio * ratio).ceil();
            width.expected = width.expected.max(expected.min(until.cap as f64) as usize);
        }
        width
    }
}

fn interval_of(summary: &Summary, number: &str, count: usize) -> Option<Interval> {
    let (run, path) = summary.run_of(number)?;
    let estimate = lookup::estimate(run, path)?;
    Some(Interval {
        n: count,
        ..estimate.interval
    })
}

impl Summary {
    /// Returns the run and the path of a number with its variant: `sync.latency.p99`.
    fn run_of<'a>(&self, number: &'a str) -> Option<(&Run, &'a str)> {
        let run = |run: &'_ Run| number.strip_prefix(&run.variant)?.strip_prefix('.');
        let mut runs = self.runs.iter();
        runs.find_map(|it| Some((it, run(it)?)))
    }

    /// Returns the estimate of a number of repeats with its error: `10.1 ± 0.9 ms`.
    #[must_use]
    pub fn estimate_in_words(&self, number: &str) -> Option<String> {
        let (run, path) = self.run_of(number)?;
        let interval = lookup::estimate(run, path)?.interval;
        let dimension = run.repeated.as_ref()?.dimension(path)?;
        Some(with_error(&interval, dimension))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{Synthetic, plan};
    use concsim_model::scenario::WorkerKind;

    #[test]
    fn claims_about_other_variants_leave_the_usual_numbers() {
        let run = Synthetic::io_bound(WorkerKind::Coroutine);
        let numbers = |that| {
            let plan = plan("Waiting is free", &[&run], &[("so", that)]);
            numbers_to_narrow(&plan, &[]).unwrap()
        };
        assert_eq!(
            numbers("coroutine.latency.p99 < sync.latency.p99"),
            ["coroutine.latency.p99"]
        );
        let usual = ["coroutine.throughput", "coroutine.latency.mean"];
        assert_eq!(numbers("sync.latency.p99 < 10ms"), usual);
    }
}
