//! Evaluation by the bounds of disturbed numbers: what holds at each combination of their ends is decided.

use super::margins::decide_by_corners;
use super::{Evaluator, ReasonedVerdict, describe};
use crate::disturbance::Bounds;
use crate::lookup::find;
use crate::schema::claims::Verdict;
use concsim_model::scenario::expectation::{self, Comparison, Name, Quantity};

/// Numbers of a comparison: some of them at an end of their bounds.
pub(super) struct Corner(Vec<(String, Quantity)>);

impl Corner {
    pub(super) fn number(&self, name: &Name) -> Result<Quantity, String> {
        let found = self.0.iter().find(|(text, _)| *text == name.text);
        let found = found.map(|(_, quantity)| *quantity);
        found.ok_or_else(|| format!("{} was not looked up", name.text))
    }
}

impl Evaluator<'_> {
    /// Result of a comparison in one run of each variant, by the bounds of its numbers.
    pub(super) fn by_bounds(
        &self,
        comparison: &Comparison,
        measured: &expectation::ComparisonResult,
        reserve: Option<String>,
    ) -> Result<ReasonedVerdict, String> {
        let names = comparison.names();
        let sides = self
            .corners(&names)?
            .into_iter()
            .map(|corner| comparison.sides(&mut |name: &Name| corner.number(name)));
        let sides = sides.collect::<Result<Vec<_>, String>>()?;
        let as_measured = if measured.holds {
            Verdict::Holds
        } else {
            Verdict::Fails
        };
        let verdict = match sides.as_slice() {
            [] => as_measured,
            sides => decide_by_corners(&comparison.test, sides),
        };
        let undecided = verdict == Verdict::Undecided;
        let undecided = undecided.then(|| self.undecided_by(&names));
        Ok(ReasonedVerdict {
            measured: Some(describe(measured)),
            verdict,
            because: undecided.or(reserve),
            more: None,
        })
    }

    /// Returns the combinations of the ends of some numbers, and the numbers themselves; none if no number
    /// has moved. Beyond a few numbers all are moved to the same side.
    pub(super) fn corners(&self, names: &[&Name]) -> Result<Vec<Corner>, String> {
        /// Number of moved numbers of which all combinations are tried.
        const MOST: usize = 10;
        let mut numbers: Vec<(String, Quantity, Bounds)> = Vec::new();
        for name in names {
            let is_known = numbers.iter().any(|(text, ..)| *text == name.text);
            if let Some(bounds) = self.bounds(name)?.filter(|_| !is_known) {
                numbers.push((name.text.clone(), self.number(name)?, bounds));
            }
        }
        let rest: Vec<(String, Quantity)> = names
            .iter()
            .map(|name| Ok((name.text.clone(), self.number(name)?)))
            .collect::<Result<_, String>>()?;
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let bits = numbers.len().min(MOST);
        let corner = |corner: usize| {
            let ends = numbers
                .iter()
                .enumerate()
                .map(|(place, (text, quantity, bounds))| {
                    let is_high = corner >> place.min(bits - 1) & 1 == 1;
                    let value = if is_high { bounds.high } else { bounds.low };
                    (text.clone(), Quantity { value, ..*quantity })
                });
            Corner(ends.chain(rest.iter().cloned()).collect())
        };
        let corners = (0..1_usize << bits).map(corner);
        Ok(std::iter::once(Corner(rest.clone()))
            .chain(corners)
            .collect())
    }

    /// Bounds of a number, in the unit of claims; `None` if there are none, or for repeats.
    pub(super) fn bounds(&self, name: &Name) -> Result<Option<Bounds>, String> {
        let (run, numbers) = self.run_of(name)?;
        let path = name.split(&self.variants).1;
        let found = find(numbers, path).filter(|_| run.repeated.is_none());
        Ok(found.and_then(|found| {
            let bounds = run.bounds.get(&found.path)?;
            Some(Bounds {
                low: bounds.low * found.scale,
                high: bounds.high * found.scale,
            })
        }))
    }

    /// Explains why bounds do not decide: the runs and their largest disturbances.
    pub(super) fn undecided_by(&self, names: &[&Name]) -> String {
        let mut said: Vec<String> = Vec::new();
        for name in names {
            let Ok((run, numbers)) = self.run_of(name) else {
                continue;
            };
            let path = name.split(&self.variants).1;
            let path = find(numbers, path).map_or_else(String::new, |found| found.path);
            let moved = run.disturbances.iter().filter_map(|it| {
                let moved = it.moves.get(&path)?;
                Some((moved.below.max(moved.above), it))
            });
            let largest = moved.max_by(|one, other| one.0.total_cmp(&other.0));
            if let Some((_, disturbance)) = largest {
                let sentence = format!("{}: {}", run.variant, disturbance.evidence);
                if !said.contains(&sentence) {
                    said.push(sentence);
                }
            }
        }
        format!("disturbances may have decided it ({})", said.join("; "))
    }
}
